"""The webhook: signed, told to nobody, led nowhere else; and what the settings make of targets."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flow.message_house import SECRET, START, Desk, Receiver, desk_in, ids, message, receiver
from tipoff.errors import ConfigError
from tipoff.flow.backfill import backfilling
from tipoff.flow.deliveries import undelivered
from tipoff.flow.messages import read_message
from tipoff.flow.outbox import relay
from tipoff.flow.signing import is_ours
from tipoff.flow.targets import check_targets, configured_targets
from tipoff.flow.webhook import Webhook

DOCS = Path(__file__).parents[2] / "docs" / "messages.md"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as found:
        yield found


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


class TestTheWebhook:
    def test_signs_the_body_and_its_time_as_the_page_says(self, desk: Desk, hook: Receiver) -> None:
        desk.write(message())
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        (posted,) = hook.posted
        assert is_ours(SECRET, int(START.timestamp()), posted.body, posted.headers["x-tipoff-signature"])
        assert (posted.headers["x-tipoff-timestamp"], posted.headers["content-type"]) == (str(int(START.timestamp())), "application/json")
        assert read_message(posted.body) == message()

    def test_passes_the_pages_own_check_which_refuses_another_body_secret_or_time(self, desk: Desk, hook: Receiver) -> None:
        desk.write(message())
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        (posted,) = hook.posted
        example: dict[str, Any] = {}
        exec(re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[0], example)
        headers = {"X-Tipoff-Timestamp": posted.headers["x-tipoff-timestamp"], "X-Tipoff-Signature": posted.headers["x-tipoff-signature"]}
        check, now = example["is_tipoffs"], START.timestamp()
        assert check(SECRET, headers, posted.body, now + 299)
        assert not check(SECRET, headers, posted.body, now + 301)
        assert not check(SECRET, headers, posted.body, now - 301)
        assert not check(SECRET, headers, posted.body + b" ", now)
        assert not check("another", headers, posted.body, now)
        assert not check(SECRET, headers | {"X-Tipoff-Timestamp": str(int(now) + 1)}, posted.body, now)
        assert not check(SECRET, {}, posted.body, now)

    def test_is_not_led_elsewhere(self, desk: Desk, hook: Receiver) -> None:
        with receiver() as elsewhere:
            hook.says = lambda _posted: (307, {"location": elsewhere.url})
            desk.write(message())
            relay(desk, desk.react, [hook.webhook(desk.clock)])
            assert elsewhere.posted == []
        assert "HTTP 307" in str(undelivered(desk.house.state)[0].error)

    @pytest.mark.parametrize("status", [200, 0, 410, 503])
    def test_tells_nobody_its_address_nor_its_secret(
        self, desk: Desk, hook: Receiver, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        hook.says = lambda _posted: (status, {})
        desk.write(message())
        webhook = hook.webhook(desk.clock)
        with caplog.at_level(logging.DEBUG):
            relay(desk, desk.react, [webhook])
        told = f"{caplog.text} {undelivered(desk.house.state)} {webhook}"
        assert "not-to-be-told" not in told
        assert SECRET not in told

    def test_is_asked_for_no_longer_than_it_takes_when_it_never_answers(self, desk: Desk) -> None:
        """Nobody listens on port 1."""
        desk.write(message())
        relay(desk, desk.react, [Webhook(SecretStr("http://127.0.0.1:1/"), SecretStr(SECRET), desk.clock)])
        assert "ConnectError" in str(undelivered(desk.house.state)[0].error)

    def test_is_configured_by_its_address_and_the_topic_by_its_name(self, tmp_path: Path) -> None:
        given = {"webhook_url": SecretStr("https://x/"), "webhook_secret": SecretStr("s"), "pubsub_topic": "projects/p/topics/t"}
        with desk_in(tmp_path, **given) as desk:
            assert [target.name for target in configured_targets(desk.house.settings, desk.clock)] == ["webhook", "pubsub"]
        with desk_in(tmp_path / "plain") as desk:
            assert configured_targets(desk.house.settings, desk.clock) == []

    def test_without_its_secret_is_told_of_when_a_process_asks_at_its_start(self, tmp_path: Path) -> None:
        with (
            desk_in(tmp_path, webhook_url=SecretStr("https://127.0.0.1:1/")) as desk,
            pytest.raises(ConfigError, match="nothing is sent unsigned"),
        ):
            check_targets(desk.house.settings, desk.clock)
        with (
            desk_in(tmp_path, webhook_url=SecretStr("nowhere"), webhook_secret=SecretStr(SECRET)) as desk,
            pytest.raises(ConfigError, match="is no address"),
        ):
            check_targets(desk.house.settings, desk.clock)
        with desk_in(tmp_path, webhook_url=SecretStr("https://127.0.0.1:1/"), webhook_secret=SecretStr(SECRET)) as desk:
            check_targets(desk.house.settings, desk.clock)


def test_messages_go_out_also_where_the_oldest_at_work_only_backfills(tmp_path: Path, hook: Receiver) -> None:
    """Only the oldest living process delivers, and it may have a night of history to ask for."""
    with (
        desk_in(tmp_path, webhook_url=SecretStr(hook.url), webhook_secret=SecretStr(SECRET)) as desk,
        backfilling(desk.house),
    ):
        desk.write(message())
        relay(desk, desk.react, deliver=False)
        until = time.monotonic() + 60
        while not hook.posted and time.monotonic() < until:
            time.sleep(0.05)
    assert ids(hook.posted) == [message().message_id]
