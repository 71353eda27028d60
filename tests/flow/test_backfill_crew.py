"""A backfill whose days are taken by three workers, one of them killed while it holds one: all complete, with the rows of one worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.crew import wait_until
from faults.upstreams import BACKFILLED, history, rows_of
from flow.test_backtest import Processes, Run, lives
from flow.test_backtest import processes as processes
from postgres import Postgres
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.flow.backfill import QUEUE, Wanted, days_of, start, wait
from tipoff.flow.engine import Desk, open_desk
from tipoff.flow.house import open_house
from tipoff.flow.living import living

FIRST = date(2025, 11, 3)
DAYS = [FIRST + timedelta(days=number) for number in range(4)]


@pytest.fixture(scope="module")
def upstream() -> Iterator[dict[str, str]]:
    """The settings by which a season that is over is asked of a practice upstream."""
    with history() as environment:
        named = {name.removeprefix("TIPOFF_").lower(): value for name, value in environment.items()}
        yield {name: value for name, value in named.items() if name not in ("league", "sources")}


class Site:
    """A data directory in which workers do what is asked for from here."""

    def __init__(self, folder: Path, processes: Processes, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.processes = processes
        self.settings = {**settings, "sources": ["odds_api", "nba_cdn", "espn"]}
        self.crew: list[Run] = []
        folder.mkdir()

    def work(self) -> Run:
        answer = self.folder / f"worker-{len(self.crew)}.json"
        order = {"folder": str(self.folder), "answer": str(answer), "until": str(self.folder / "go-home"), "meet": 0, **self.settings}
        self.crew.append(run := Run(self.processes.start(order), answer))
        return run

    def backfill(self, workers: int, *, kill: bool = False) -> set[str]:
        """The schedule, then the days' box scores; which processes held a day at some moment."""
        held: set[str] = set()
        settings = load_settings(data_dir=self.folder, league="practice", **self.settings)
        with open_house(settings, SystemClock()) as house, open_desk(house) as desk:
            crew = [self.work() for _ in range(workers)]
            wait_until(lambda: len(living(house.state, house.clock)) == workers)
            wait(desk, start(desk, Wanted("schedule"), DAYS[:1], None))
            backfill_id = start(desk, Wanted("box"), DAYS, None)
            if kill:
                wait_until(lambda: self._look(desk, held) and _holding(desk, crew))[0].kill()
            wait_until(lambda: self._look(desk, held) == 0)
            assert {day.state for day in days_of(house.state, backfill_id)} == {"complete"}
        return held

    @staticmethod
    def _look(desk: Desk, held: set[str]) -> int:
        """How many days are not over; who holds one is noted."""
        unfinished = desk.unfinished(QUEUE.name)
        held |= {holder for holder in unfinished.values() if holder is not None}
        return len(unfinished)

    def go_home(self) -> None:
        (self.folder / "go-home").touch()
        wait_until(lambda: not any(lives(run.pid) for run in self.crew))


def _holding(desk: Desk, crew: list[Run]) -> list[Run]:
    """Who holds a day."""
    holders = [holder for holder in desk.unfinished(QUEUE.name).values() if holder is not None]
    return [run for run in crew if any(f"-{run.pid}-" in holder for holder in holders)]


@pytest.fixture(scope="module")
def alone(processes: Processes, upstream: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """What one worker made of it."""
    site = Site(tmp_path_factory.mktemp("alone") / "data", processes, upstream)
    site.backfill(1)
    site.go_home()
    return site


@pytest.mark.parametrize("state", ["sqlite", "postgres"])
def test_days_are_shared_out_and_a_killed_worker_s_day_is_taken_over(
    alone: Site, processes: Processes, upstream: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest, state: str
) -> None:
    settings = dict(upstream)
    if state == "postgres":
        server: Postgres = request.getfixturevalue("postgres_server")
        settings["database"] = server.fresh()
    site = Site(tmp_path / "data", processes, settings)
    held = site.backfill(3, kill=True)
    site.go_home()
    assert len(held) >= 2
    assert rows_of(site.folder, *BACKFILLED) == rows_of(alone.folder, *BACKFILLED)
