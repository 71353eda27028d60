"""Play-by-play and rosters over real HTTP: what the practice league played, and who was born when, is what the warehouse holds."""

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
from tipoff.flow.backfill import Wanted, backfilling, plan_days, start, wait
from tipoff.flow.house import House
from tipoff.flow.plan import BUZZER
from tipoff.flow.planned import planned_games
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import asks_on_record, scrape_now, teams_without_roster
from tipoff.flow.worker import working
from tipoff.practice.births import birth_dates
from tipoff.practice.shots import tries

OPENING = season().games[0].game_date
"""The first day of the season, before which no game is over that a worker would ask for."""


def _afternoon(day: date) -> datetime:
    return local_instant(day, time(15, 30))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that has backfilled last night, and asked for the rosters of those who played."""
    with practice_house(tmp_path_factory.mktemp("plays"), _afternoon(QUIET + timedelta(days=1))) as (house, _):
        with backfilling(house) as engine:
            for wanted in (Wanted("schedule"), Wanted("box")):
                wait(engine, start(engine, wanted, [QUIET], None))
        with working(house, scheduled=False) as engine:
            scrape_now(engine, QUIET, ("roster",))
        yield house


def _zones(house: House) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = house.warehouse.read("raw.player_box").to_pylist()
    return {(row["game_id"], row["player_lookup"]): (row["paint_fga"], row["mid_fga"], row["three_fga"]) for row in rows if row["minutes"]}


def test_the_shots_on_record_are_those_that_were_played(house: House) -> None:
    played = Counter(
        (game.game_id, one.player.lookup, one.team, one.zone, one.made, one.worth)
        for game in season().games_on(QUIET)
        for one in tries(season(), game)
        if one.worth > 1
    )
    rows = house.warehouse.read("raw.shots").to_pylist()
    names = ("game_id", "player_lookup", "team", "zone", "made", "points")
    assert Counter(tuple(row[name] for name in names) for row in rows) == played
    assert played.total() > 400
    assert house.warehouse.read("raw.quarantine").num_rows == 0


def test_beside_each_box_score_stand_its_attempts_by_zone(house: House) -> None:
    rows = {(row["game_id"], row["player_lookup"]): row for row in house.warehouse.read("raw.player_box").to_pylist()}
    zones = _zones(house)
    assert zones
    for key, (paint, mid, three) in zones.items():
        assert (paint + mid + three, three) == (rows[key]["fga"], rows[key]["fg3a"])


def test_what_was_backfilled_is_there_and_is_not_asked_for_again(house: House) -> None:
    (plan,) = plan_days(house, Wanted("box"), QUIET, QUIET)
    assert Counter(one.what for one in plan.planned) == dict.fromkeys(("box score", "play-by-play"), len(season().games_on(QUIET)))
    assert plan.left == []


def test_the_births_on_record_are_those_of_the_league(house: House) -> None:
    births = birth_dates(season())
    teams = sorted({side for game in season().games_on(QUIET) for side in (game.home, game.away)})
    expected = {player.lookup: births[player.index] for team in teams for player in season().roster(team, QUIET)}
    told = {row["player_lookup"]: row["birth_date"] for row in house.warehouse.read("ref.players").to_pylist() if row["birth_date"]}
    assert told == expected
    assert len(expected) == 15 * len(teams)
    assert teams_without_roster(house, house.clock.now()).isdisjoint(teams)
    assert set(teams) <= teams_without_roster(house, house.clock.now() + timedelta(days=7, minutes=1))


def test_both_are_on_record_as_supplied(house: House) -> None:
    spans = {row["kind"]: (row["source"], row["on_until"]) for row in house.warehouse.read("ref.sources").to_pylist()}
    assert (spans["shots"], spans["births"]) == (("nba_cdn", None), ("espn", None))


@dataclass
class Night:
    """What was asked for until each look, and what the warehouse held then."""

    asked: dict[str, Counter[str]] = field(default_factory=dict)
    shots: dict[str, set[str]] = field(default_factory=dict)
    games: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A worker lives through an evening, from before the first tip to the next morning."""
    lived = Night()
    folder, only = tmp_path_factory.mktemp("night"), ("nba_cdn", "espn")
    with practice_house(folder, _afternoon(OPENING), sources=only) as (house, clock), working(house, scheduled=False) as engine:

        def tick(name: str) -> None:
            capture_tick(engine)
            rows = [row for row in asks_on_record(house.state, OPENING) if row["state"] == "asked"]
            lived.asked[name] = Counter(row["feed"] for row in rows)
            lived.shots[name] = {row["game_id"] for row in house.warehouse.read("raw.shots", game_date=OPENING).to_pylist()}

        scrape_now(engine, OPENING, ("schedule",))
        tick("the afternoon")
        games = planned_games(house, OPENING, OPENING)[OPENING]
        lived.games = sorted(game.game_id for game in games)
        clock.set(games[0].tip + BUZZER - timedelta(minutes=2))
        tick("before the first buzzer")
        clock.set(max(game.tip for game in games) + timedelta(hours=4))
        tick("after the last buzzer")
        clock.advance(timedelta(minutes=5))
        tick("and again")
        clock.advance(timedelta(hours=9))
        tick("the morning")
    return lived


def test_rosters_are_asked_for_once(night: Night) -> None:
    assert {name: asked["roster"] for name, asked in night.asked.items()} == dict.fromkeys(night.asked, 2 * len(night.games))


def test_play_by_play_waits_for_its_box_score_and_is_asked_for_then(night: Night) -> None:
    assert [night.asked[name]["shots"] for name in ("the afternoon", "before the first buzzer")] == [0, 0]
    assert night.asked["after the last buzzer"]["shots"] == night.asked["and again"]["shots"] == len(night.games)
    assert sorted(night.shots["after the last buzzer"]) == night.games


def test_it_is_asked_for_again_in_the_morning(night: Night) -> None:
    assert night.asked["the morning"]["shots"] == 2 * len(night.games)
    assert sorted(night.shots["the morning"]) == night.games


@pytest.mark.parametrize("off", [{"play_by_play": False, "rosters": False}, {"sources": ("odds_api",)}])
def test_what_is_switched_off_is_not_asked_for_and_nothing_of_it_is_supplied(tmp_path: Path, off: dict[str, Any]) -> None:
    with practice_house(tmp_path, _afternoon(QUIET + timedelta(days=1)), **off) as (house, _), working(house, scheduled=False) as engine:
        done = scrape_now(engine, QUIET)
        assert {one.ask.feed for one in done.asked}.isdisjoint({"shots", "roster"})
        assert {row["kind"] for row in house.warehouse.read("ref.sources").to_pylist()}.isdisjoint({"shots", "births"})


def test_a_game_that_is_under_way_has_no_play_by_play_to_backfill(tmp_path: Path) -> None:
    first = min(game.tip for game in season().games_on(QUIET))
    with practice_house(tmp_path, first + timedelta(hours=1)) as (house, _), working(house, scheduled=False) as engine:
        scrape_now(engine, QUIET, ("schedule",))
        (plan,) = plan_days(house, Wanted("box"), QUIET, QUIET)
        assert {one.what for one in plan.planned} == {"box score"}
