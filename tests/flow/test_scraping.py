"""Asking and loading, over real HTTP against the practice upstream: the cycle, the worker's ticks, the grid.

One afternoon and one night are lived once, and looked at by several tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flow.upstream import AFTERNOON, DAY, practice_house
from tipoff.flow.expected import expected_outputs, write_expected
from tipoff.flow.house import House
from tipoff.flow.plan import capture_plan
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import Cycle, asks_on_record, planned_games, scrape_now
from tipoff.flow.worker import working

GAMES = 8


def _documents(house: House, feed: str) -> int:
    return len(house.warehouse.read("raw.arrivals", feed=feed).to_pylist())


def _standings(house: House, phase: str) -> set[str]:
    return {cell.standing for cell in write_expected(house, DAY) if cell.phase == phase}


def _games(house: House) -> set[str]:
    return {game.game_id for game in planned_games(house, DAY, DAY)[DAY]}


class TestACycle:
    """Everything of one day, asked now, from an empty house; the injuries' source is not there."""

    @pytest.fixture(scope="class")
    @classmethod
    def lived(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Cycle]]:
        nowhere = "http://127.0.0.1:9"  # the port for discarding: nobody listens
        folder = tmp_path_factory.mktemp("cycle")
        with practice_house(folder, espn_url=nowhere) as (house, _):
            with working(house, scheduled=False) as engine:
                done = scrape_now(engine, DAY)
            yield house, done

    def test_every_game_of_the_day_is_there(self, lived: tuple[House, Cycle]) -> None:
        house, done = lived
        assert {batch.state for batch in done.batches} == {"complete"}
        assert _documents(house, "props") == GAMES
        assert _games(house) <= {row["game_id"] for row in house.warehouse.read("raw.odds_game_lines").to_pylist()}
        assert _standings(house, "lines") == {"COMPLETE"}

    def test_every_ask_leaves_its_row_and_every_answer_its_receipt(self, lived: tuple[House, Cycle]) -> None:
        house, _ = lived
        rows = asks_on_record(house.state, DAY)
        counted = {"schedule": 1, "events": 1, "lines": 1, "injuries": 1, "props": GAMES, "roster": 2 * GAMES}
        assert Counter(row["feed"] for row in rows) == counted
        kept = {payload for feed in ("schedule", "events", "lines", "props") for payload, _ in house.receipts.names(feed, DAY)}
        assert {row["payload_id"] for row in rows if row["state"] == "asked"} == kept

    def test_a_source_that_fails_is_told_with_its_cause(self, lived: tuple[House, Cycle]) -> None:
        _, done = lived
        assert Counter((one.ask.feed, one.source) for one in done.failed) == {("injuries", None): 1, ("roster", None): 2 * GAMES}
        assert all("espn" in str(one.error) for one in done.failed)


def test_a_source_that_is_off_is_not_asked_and_is_not_waited_for(tmp_path: Path) -> None:
    with practice_house(tmp_path, sources=("nba_cdn",)) as (house, _), working(house, scheduled=False) as engine:
        done = scrape_now(engine, DAY, ("schedule", "lines"))
        by_feed = {one.ask.feed: one for one in done.asked}
        assert by_feed["schedule"].state == "asked"
        assert by_feed["lines"].error == "No source for this is switched on."
        documents = {"lines", "props", "injuries", "box"}
        assert {cell.phase for cell in write_expected(house, DAY)} & documents == {"box"}


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
        lived = Night()
        with practice_house(tmp_path_factory.mktemp("night")) as (house, clock), working(house, scheduled=False) as engine:

            def tick(name: str) -> None:
                lived.ticks[name] = capture_tick(engine).as_dict()
                lived.props[name] = _documents(house, "props")
                lived.box[name] = _standings(house, "box")

            scrape_now(engine, DAY, ("schedule",))
            tick("first")
            tick("again")
            rows = asks_on_record(house.state, DAY)
            lived.missed = {(row["feed"], row["game_id"], row["at"]) for row in rows if row["state"] == "missed"}
            plan = capture_plan(DAY, planned_games(house, DAY, DAY)[DAY], house.settings)
            lived.planned_before = {(ask.feed, ask.game_id, ask.at) for ask in plan if ask.at < AFTERNOON and ask.feed != "schedule"}
            clock.advance(timedelta(minutes=30))
            tick("half an hour later")
            clock.set(max(game.tip for game in planned_games(house, DAY, DAY)[DAY]) + timedelta(hours=12))
            lived.late = {cell.detail for cell in write_expected(house, DAY) if cell.phase == "box"}
            tick("after a night away")
            clock.advance(timedelta(minutes=10))
            tick("and again")
        return lived

    def test_it_asks_for_what_is_due_once(self, night: Night) -> None:
        assert night.ticks["first"]["asked"] >= GAMES
        assert night.ticks["again"] == {"asked": 0, "failed": 0, "missed": 0}

    def test_moments_that_nobody_asked_at_are_on_record_as_missed(self, night: Night) -> None:
        assert {one for one in night.missed if one[0] != "schedule"} == night.planned_before

    def test_the_next_moment_is_asked_when_it_comes(self, night: Night) -> None:
        assert night.props["again"] == GAMES
        assert night.props["half an hour later"] == 2 * GAMES

    def test_what_nobody_asked_in_time_stands_on_the_grid_as_failed(self, night: Night) -> None:
        assert night.late == {"Nobody asked in time."}

    def test_a_worker_that_was_away_over_night_still_asks_for_the_box_scores(self, night: Night) -> None:
        assert night.box["after a night away"] == {"COMPLETE"}

    def test_a_box_score_that_is_final_is_not_asked_for_again_before_its_morning(self, night: Night) -> None:
        assert night.ticks["and again"]["asked"] == 0


def test_the_grid_of_a_day_nobody_knows_is_empty(tmp_path: Path) -> None:
    with practice_house(tmp_path) as (house, _):
        assert write_expected(house, DAY) == expected_outputs(house.state, DAY) == []
