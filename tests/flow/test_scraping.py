"""Asking and loading, over real HTTP against the practice upstream: the cycle, the worker's ticks, the grid.

One afternoon and one night are lived once, and looked at by several tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from flow.upstream import QUIET, practice_house, season
from tipoff.clock import local_instant
from tipoff.flow.expected import expected_outputs, write_expected
from tipoff.flow.house import House
from tipoff.flow.plan import capture_plan
from tipoff.flow.planned import planned_games
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import Cycle, asks_on_record, scrape_now
from tipoff.flow.worker import working

OPENING = season().games[0].game_date
"""The first day of the season, before which no game is over whose box score a worker would ask for."""


def _afternoon(day: date) -> datetime:
    return local_instant(day, time(15, 30))


def _count(day: date) -> int:
    return len(season().games_on(day))


def _documents(house: House, feed: str) -> int:
    return len(house.warehouse.read("raw.arrivals", feed=feed).to_pylist())


def _standings(house: House, day: date, phase: str) -> set[str]:
    return {cell.standing for cell in write_expected(house, day) if cell.phase == phase}


def _games(house: House, day: date) -> set[str]:
    return {game.game_id for game in planned_games(house, day, day)[day]}


class TestACycle:
    """Everything of one day, asked now, from an empty house; the injuries' source is not there."""

    @pytest.fixture(scope="class")
    @classmethod
    def lived(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Cycle]]:
        nowhere = "http://127.0.0.1:9"  # the port for discarding: nobody listens
        folder = tmp_path_factory.mktemp("cycle")
        with practice_house(folder, _afternoon(QUIET), espn_url=nowhere) as (house, _):
            with working(house, scheduled=False) as engine:
                done = scrape_now(engine, QUIET)
            yield house, done

    def test_every_game_of_the_day_is_there(self, lived: tuple[House, Cycle]) -> None:
        house, done = lived
        assert {batch.state for batch in done.batches} == {"complete"}
        assert _documents(house, "props") == _count(QUIET)
        assert _games(house, QUIET) <= {row["game_id"] for row in house.warehouse.read("raw.odds_game_lines").to_pylist()}
        assert _standings(house, QUIET, "lines") == {"COMPLETE"}

    def test_every_ask_leaves_its_row_and_every_answer_its_receipt(self, lived: tuple[House, Cycle]) -> None:
        house, _ = lived
        rows = asks_on_record(house.state, QUIET)
        counted = {"schedule": 1, "events": 1, "lines": 1, "injuries": 1, "props": _count(QUIET), "roster": 2 * _count(QUIET)}
        assert Counter(row["feed"] for row in rows) == counted
        kept = {payload for feed in ("schedule", "events", "lines", "props") for payload, _ in house.receipts.names(feed, QUIET)}
        assert {row["payload_id"] for row in rows if row["state"] == "asked"} == kept

    def test_a_source_that_fails_is_told_with_its_cause(self, lived: tuple[House, Cycle]) -> None:
        _, done = lived
        assert Counter((one.ask.feed, one.source) for one in done.failed) == {("injuries", None): 1, ("roster", None): 2 * _count(QUIET)}
        assert all("espn" in str(one.error) for one in done.failed)


def test_a_source_that_is_off_is_not_asked_and_is_not_waited_for(tmp_path: Path) -> None:
    with practice_house(tmp_path, _afternoon(QUIET), sources=("nba_cdn",)) as (house, _), working(house, scheduled=False) as engine:
        done = scrape_now(engine, QUIET, ("schedule", "lines"))
        by_feed = {one.ask.feed: one for one in done.asked}
        assert by_feed["schedule"].state == "asked"
        assert by_feed["lines"].error == "No source for this is switched on."
        documents = {"lines", "props", "injuries", "box"}
        assert {cell.phase for cell in write_expected(house, QUIET)} & documents == {"box"}


@dataclass
class Night:
    """What the ticks did, in order, and how the house stood after each."""

    ticks: dict[str, dict[str, Any]] = field(default_factory=dict)
    props: dict[str, int] = field(default_factory=dict)
    box: dict[str, set[str]] = field(default_factory=dict)
    missed: set[tuple[str, str, Any]] = field(default_factory=set)
    planned_before: set[tuple[str, str, Any]] = field(default_factory=set)
    late: set[str | None] = field(default_factory=set)


class TestTheWorkersTicks:
    """A worker that begins in the afternoon and goes on into the night."""

    @pytest.fixture(scope="class")
    @classmethod
    def night(cls, tmp_path_factory: pytest.TempPathFactory) -> Night:
        lived, at = Night(), _afternoon(OPENING)
        folder = tmp_path_factory.mktemp("night")
        with (
            practice_house(folder, at, play_by_play=False, rosters=False) as (house, clock),
            working(house, scheduled=False) as engine,
        ):

            def tick(name: str) -> None:
                lived.ticks[name] = capture_tick(engine).as_dict()
                lived.props[name] = _documents(house, "props")
                lived.box[name] = _standings(house, OPENING, "box")

            scrape_now(engine, OPENING, ("schedule",))
            tick("first")
            tick("again")
            rows = asks_on_record(house.state, OPENING)
            lived.missed = {(row["feed"], row["game_id"], row["at"]) for row in rows if row["state"] == "missed"}
            plan = capture_plan(OPENING, planned_games(house, OPENING, OPENING)[OPENING], house.settings)
            lived.planned_before = {(ask.feed, ask.game_id, ask.at) for ask in plan if ask.at < at and ask.feed != "schedule"}
            clock.advance(timedelta(minutes=30))
            tick("half an hour later")
            clock.set(max(game.tip for game in planned_games(house, OPENING, OPENING)[OPENING]) + timedelta(hours=12))
            lived.late = {cell.detail for cell in write_expected(house, OPENING) if cell.phase == "box"}
            tick("after a night away")
            clock.advance(timedelta(minutes=10))
            tick("and again")
        return lived

    def test_it_asks_for_what_is_due_once(self, night: Night) -> None:
        assert night.ticks["first"]["asked"] >= _count(OPENING)
        assert night.ticks["again"] == {"asked": 0, "failed": 0, "missed": 0}

    def test_moments_that_nobody_asked_at_are_on_record_as_missed(self, night: Night) -> None:
        assert night.planned_before
        assert {one for one in night.missed if one[0] != "schedule"} == night.planned_before

    def test_the_next_moment_is_asked_when_it_comes(self, night: Night) -> None:
        assert night.props["again"] == _count(OPENING)
        assert night.props["half an hour later"] == 2 * _count(OPENING)

    def test_what_nobody_asked_in_time_stands_on_the_grid_as_failed(self, night: Night) -> None:
        assert night.late == {"Nobody asked in time."}

    def test_a_worker_that_was_away_over_night_still_asks_for_the_box_scores(self, night: Night) -> None:
        assert night.box["after a night away"] == {"COMPLETE"}

    def test_a_box_score_that_is_final_is_not_asked_for_again_before_its_morning(self, night: Night) -> None:
        assert night.ticks["and again"]["asked"] == 0


def test_the_grid_of_a_day_nobody_knows_is_empty(tmp_path: Path) -> None:
    with practice_house(tmp_path, _afternoon(QUIET)) as (house, _):
        assert write_expected(house, QUIET) == expected_outputs(house.state, QUIET) == []
