"""F59: the same cause alerts once, and again when it has recovered: through a worker's own rounds, on every channel, over restarts."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from faults.mischievous import BRISK
from flow.sinks import Mail, Web, mail, web
from flow.upstream import AFTERNOON, DAY, practice_settings, season
from tipoff.clock import ManualClock
from tipoff.flow.alerts import alerts
from tipoff.flow.engine import Engine
from tipoff.flow.expected import write_expected
from tipoff.flow.house import open_house
from tipoff.flow.scraping import scrape_now
from tipoff.flow.ticks import part
from tipoff.flow.worker import working
from tipoff.practice.mischief import Mischief
from tipoff.practice.server import running

KEY = f"gap {DAY} lines"
ROUND = timedelta(minutes=5)


class World:
    """A practice upstream, the channels of an operator, a folder, and a clock: what outlasts every process of the pipeline."""

    def __init__(self, base: str, folder: Path, clock: ManualClock, mischief: Mischief, hook: Web, chat: Web, post: Mail) -> None:
        self.clock, self.mischief = clock, mischief
        self.hook, self.chat, self.post = hook, chat, post
        self.settings = practice_settings(
            base,
            folder,
            alert_webhook_url=SecretStr(hook.url),
            alert_chat_url=SecretStr(chat.url),
            alert_email_to="me@example.org",
            smtp_url=SecretStr(f"smtp://127.0.0.1:{post.port}"),
        )

    @contextmanager
    def worker(self) -> Iterator[Engine]:
        """A process's life: the house is opened, and closed again."""
        with open_house(self.settings, self.clock) as house, working(house, scheduled=False) as engine:
            yield engine

    def scrape(self, engine: Engine, *feeds: str) -> None:
        scrape_now(engine, DAY, feeds, BRISK)
        write_expected(engine.house, DAY)

    def rounds(self, number: int) -> None:
        """So many rounds of the watch, five minutes apart, as a worker's ticks make them."""
        for _ in range(number):
            assert part("watch") is None
            self.clock.advance(ROUND)

    def told(self) -> dict[str, list[str]]:
        """What each channel was told of the cause, in order."""
        posts = [json.loads(post.body) for post in self.hook.posts]
        words = {
            "chat": [json.loads(post.body)["content"] for post in self.chat.posts],
            "mail": [str(message["Subject"]) for message in self.post.messages],
        }
        ours = {name: [line for line in found if "lines of 8 of 8 games" in line] for name, found in words.items()}
        return {"hook": [post["event"] for post in posts if post["key"] == KEY]} | {
            name: ["recovered" if "Recovered: " in line else "began" for line in found] for name, found in ours.items()
        }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock, mischief = ManualClock(AFTERNOON), Mischief()
    with running(season(), clock, mischief=mischief) as base, web() as hook, web() as chat, mail() as post:
        yield World(base, tmp_path, clock, mischief, hook, chat, post)


def everywhere(*what: str) -> dict[str, list[str]]:
    return {name: list(what) for name in ("hook", "chat", "mail")}


def test_f59_a_source_that_is_down_alerts_once_on_every_channel_and_again_when_it_has_recovered(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.mischief.script("lines", "404", forever=True)
    with world.worker() as engine:
        world.scrape(engine, "schedule", "events", "lines")
        world.rounds(3)
        world.scrape(engine, "lines")
        world.rounds(2)
        assert world.told() == everywhere("began")
    with world.worker() as engine:  # after a restart it is still the same cause
        world.rounds(2)
        world.scrape(engine, "lines")
        world.rounds(1)
        assert world.told() == everywhere("began")
        world.mischief.calm()
        world.scrape(engine, "lines")
        world.rounds(3)
        assert world.told() == everywhere("began", "recovered")
        [alert] = [alert for alert in alerts(engine.house.state) if alert.key == KEY]
        assert alert.recovered_at is not None
    lines = (record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    logged = [line for line in lines if "lines of 8 of 8 games" in line]
    assert ["Recovered: " in line for line in logged] == [False, True]


def test_f59_a_channel_that_was_down_meanwhile_is_told_the_same_later_and_nobody_twice(world: World) -> None:
    world.mischief.script("lines", "404", forever=True)
    world.chat.status = 503
    with world.worker() as engine:
        world.scrape(engine, "schedule", "events", "lines")
        world.rounds(3)
        assert (world.told()["hook"], world.told()["mail"]) == (["began"], ["began"])
    tried = len(world.chat.posts)
    assert tried > 0
    world.chat.posts.clear()
    world.chat.status = 204
    world.clock.advance(timedelta(hours=1))
    with world.worker() as engine:
        world.mischief.calm()
        world.scrape(engine, "lines")
        world.rounds(2)
    assert world.told() == everywhere("began", "recovered")
    down = [(json.loads(post.body)["event"], json.loads(post.body)["key"]) for post in world.hook.posts]
    assert [what for what, key in down if key == "channel chat"] == ["began", "recovered"]
