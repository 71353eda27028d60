"""F31: an upstream source is switched off: what is expected no longer includes it; nothing waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time

import pytest

from flow.upstream import DAY, practice_house
from tipoff.clock import local_instant
from tipoff.flow.day_story import day_story
from tipoff.flow.expected import expected_outputs, reconcile
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import asks_on_record, scrape_now
from tipoff.flow.worker import working

ODDS = {"events", "lines", "props"}


@dataclass
class Day:
    """A day without the odds source."""

    asked: set[str] = field(default_factory=set)
    phases: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    repaired: set[str] = field(default_factory=set)
    planned: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    found = Day()
    sources = ("nba_cdn", "nba_injuries")
    folder = tmp_path_factory.mktemp("off")
    with practice_house(folder, local_instant(DAY, time(9, 5)), sources=sources, rosters=False, play_by_play=False) as (house, clock):
        with working(house, scheduled=False) as engine:
            scrape_now(engine, DAY, ("schedule",))
            for at in (time(10, 0), time(18, 55), time(19, 25)):
                clock.set(local_instant(DAY, at))
                capture_tick(engine)
                reconcile(engine, DAY)
        rows = [row for row in asks_on_record(house.state, DAY) if row["state"] != "missed"]
        found.asked = {row["feed"] for row in rows}
        cells = expected_outputs(house.state, DAY)
        found.phases = {cell.phase for cell in cells}
        found.failed = {cell.phase for cell in cells if cell.standing == "FAILED"}
        found.repaired = {cell.phase for cell in cells if cell.repairs}
        found.planned = {moment.name for moment in day_story(house.state, house.settings, clock.now(), DAY).moments if moment.kind == "ask"}
    return found


def test_f31_what_it_would_tell_is_not_expected(day: Day) -> None:
    assert not day.phases & ODDS
    assert day.phases >= {"injuries", "box", "predict"}


def test_f31_it_is_not_planned_and_not_asked(day: Day) -> None:
    assert not day.asked & ODDS
    assert not day.planned & ODDS


def test_f31_nothing_that_it_would_tell_has_failed_or_is_repaired(day: Day) -> None:
    assert not (day.failed | day.repaired) & ODDS
