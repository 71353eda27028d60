"""Box scores source after source, over real HTTP: whoever refuses, is gone, or is silent long after the buzzer, the next one is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flow.upstream import QUIET as DAY
from flow.upstream import practice_house, season
from tipoff.clock import ManualClock
from tipoff.flow.engine import Engine
from tipoff.flow.expected import write_expected
from tipoff.flow.house import House
from tipoff.flow.scraping import Cycle, asks_on_record, scrape_now
from tipoff.flow.worker import working
from tipoff.practice.boxes import box
from tipoff.practice.faults import Fault
from tipoff.practice.mischief import Mischief
from tipoff.practice.server import API_KEY
from tipoff.practice.wire_box import box_score
from tipoff.scrape.box_lines import STATISTICS
from tipoff.scrape.client import Patience

ALL = ("nba_cdn", "nba_stats", "espn", "balldontlie")
ADDRESSES = {
    "nba_cdn": "/nba-cdn/liveData/boxscore",
    "nba_stats": "/nba-stats/stats/boxscore",
    "espn": "/espn/apis/site/v2/sports/basketball/nba/summary",
    "balldontlie": "/balldontlie",
    "scoreboard": "/espn/apis/site/v2/sports/basketball/nba/scoreboard",
}
LATER = date(2026, 3, 5)
"""Four games, in which four teams of the day's play again."""
GAMES = len(season().games_on(DAY))
LAST_TIP = max(game.tip for game in season().games_on(DAY))
OVER = LAST_TIP + timedelta(hours=5)
FIGURES = ("league_player_id", "team", "home", "opponent", "started", "minutes", "did_not_play", *STATISTICS)
Boxes = dict[tuple[str, str], dict[str, Any]]
ONCE = Patience(attempts=1, pace=100.0)


class Doorman(Mischief):
    """An upstream that turns away those who ask some sources for box scores, and knows who came."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.refuse(*refused)

    def refuse(self, *sources: str) -> None:
        """From now on these, and nobody else."""
        self.calm()
        for source in sources:
            self.script(f"{ADDRESSES[source]}*", "403", forever=True)

    def came(self, source: str) -> int:
        return len(self.asked(f"{ADDRESSES[source]}*"))


@contextmanager
def night(
    folder: Path, doorman: Doorman, at: datetime = OVER, sources: tuple[str, ...] = ALL
) -> Iterator[tuple[House, ManualClock, Engine, Cycle]]:
    """The schedule and the box scores of the day, asked for once the games are over."""
    with (
        practice_house(folder, at, mischief=doorman, sources=sources, balldontlie_key=SecretStr(API_KEY)) as (house, clock),
        working(house, scheduled=False) as engine,
    ):
        yield house, clock, engine, scrape_now(engine, DAY, ("schedule", "box"), ONCE)


def boxes(house: House) -> Boxes:
    return {(row["game_id"], row["player_lookup"]): row for row in house.warehouse.read("raw.player_box").to_pylist()}


def people(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.warehouse.read("ref.players").to_pylist()
    return found


def asks(house: House) -> list[dict[str, Any]]:
    return [row for row in asks_on_record(house.state, DAY) if row["feed"] == "box"]


@pytest.fixture(scope="module")
def by_cdn(tmp_path_factory: pytest.TempPathFactory) -> Boxes:
    """What is on record where nothing goes wrong."""
    with night(tmp_path_factory.mktemp("cdn"), Doorman()) as (house, *_):
        assert {(row["source"], row["error"]) for row in asks(house)} == {("nba_cdn", None)}
        return boxes(house)


def test_where_the_cdn_refuses_the_statistics_give_the_same_rows(tmp_path: Path, by_cdn: Boxes) -> None:
    doorman = Doorman("nba_cdn")
    with night(tmp_path, doorman) as (house, *_, done):
        assert not done.failed
        rows = asks(house)
        assert {(row["state"], row["source"]) for row in rows} == {("asked", "nba_stats")}
        assert all("nba_cdn" in row["error"] and "403" in row["error"] for row in rows)
        found = boxes(house)
        dressed = {key for key, row in by_cdn.items() if not (row["reason"] or "").startswith("INACTIVE")}
        assert found.keys() == dressed
        assert [[found[key][name] for name in FIGURES] for key in found] == [[by_cdn[key][name] for name in FIGURES] for key in found]
        assert {cell.standing for cell in write_expected(house, DAY) if cell.phase == "box"} == {"COMPLETE"}
        assert (doorman.came("espn"), doorman.came("balldontlie")) == (0, 0)


def test_espn_is_asked_for_the_day_first_and_then_for_each_game(tmp_path: Path, by_cdn: Boxes) -> None:
    doorman = Doorman("nba_cdn", "nba_stats")
    with night(tmp_path, doorman) as (house, *_, done):
        assert not done.failed
        assert {row["source"] for row in asks(house)} == {"espn"}
        assert all("nba_cdn" in row["error"] and "nba_stats" in row["error"] for row in asks(house))
        assert (doorman.came("scoreboard"), doorman.came("espn")) == (1, GAMES)
        found = boxes(house)
        assert {key for key, row in by_cdn.items() if not row["did_not_play"]} <= found.keys() <= by_cdn.keys()
        assert [[found[key][name] for name in STATISTICS] for key in found] == [[by_cdn[key][name] for name in STATISTICS] for key in found]


def test_balldontlie_comes_last_and_is_asked_once_for_all_games(tmp_path: Path, by_cdn: Boxes) -> None:
    doorman = Doorman("nba_cdn", "nba_stats", "espn")
    with night(tmp_path, doorman) as (house, *_, done):
        assert not done.failed
        assert {row["source"] for row in asks(house)} == {"balldontlie"}
        assert doorman.came("balldontlie") == 1
        found = boxes(house)
        assert {key for key, row in by_cdn.items() if not row["did_not_play"] and row["minutes"] >= 1} <= found.keys() <= by_cdn.keys()
        assert all(found[key]["points"] == row["points"] for key, row in by_cdn.items() if row["points"])


def test_where_every_source_fails_the_ask_tells_what_each_of_them_said(tmp_path: Path) -> None:
    with night(tmp_path, Doorman(*ALL)) as (house, *_, done):
        assert len(done.failed) == GAMES
        for row in asks(house):
            assert (row["state"], row["source"]) == ("failed", None)
            assert all(name in row["error"] for name in ALL)
        assert {cell.standing for cell in write_expected(house, DAY) if cell.phase == "box"} == {"FAILED"}


def test_without_its_key_balldontlie_is_off_and_no_failure(tmp_path: Path) -> None:
    with (
        practice_house(tmp_path, OVER, mischief=Doorman("nba_cdn"), sources=("nba_cdn", "balldontlie")) as (house, _),
        working(house, scheduled=False) as engine,
    ):
        scrape_now(engine, DAY, ("schedule", "box"), ONCE)
        assert all("balldontlie" not in row["error"] for row in asks(house))


class TestASilentSource:
    """The CDN answers every question about one game with the box score of its third quarter."""

    def lived(self, folder: Path, since_tip: timedelta) -> tuple[dict[str, Any], set[str]]:
        game = season().games_on(DAY)[-1]
        doorman = Doorman()
        under_way = json.dumps(box_score(season(), game, game.tip + timedelta(minutes=80))).encode()
        doorman.script(f"{ADDRESSES['nba_cdn']}/boxscore_{game.league_id}.json", Fault(body=under_way), forever=True)
        with night(folder, doorman, game.tip + since_tip) as (house, *_):
            [row] = [row for row in asks(house) if row["game_id"] == game.game_id]
            return row, {row["game_id"] for row in boxes(house).values()} & {game.game_id}

    def test_long_after_the_buzzer_the_next_source_is_asked(self, tmp_path: Path) -> None:
        row, there = self.lived(tmp_path, timedelta(hours=4))
        assert (row["state"], row["source"], len(there)) == ("asked", "nba_stats", 1)
        assert "nba_cdn" in row["error"]
        assert "holds no final box score" in row["error"]

    def test_until_then_it_is_waited_for(self, tmp_path: Path) -> None:
        row, there = self.lived(tmp_path, timedelta(hours=3, minutes=59))
        assert (row["state"], row["source"], row["error"], there) == ("asked", "nba_cdn", None, set())


def test_a_correction_is_asked_of_the_leagues_own_sources_only(tmp_path: Path) -> None:
    """Others round minutes and leave figures out: they would stand as the newer version."""
    doorman = Doorman()
    with night(tmp_path, doorman) as (house, clock, engine, _):
        before = boxes(house)
        doorman.refuse("nba_cdn", "nba_stats")
        clock.advance(timedelta(hours=8))
        scrape_now(engine, DAY, ("box",), ONCE)
        newest = asks(house)[-1]
        assert newest["state"] == "failed"
        assert (doorman.came("espn"), doorman.came("balldontlie")) == (0, 0)
        assert boxes(house) == before


def test_whoever_the_league_knows_is_met_again_under_any_sources_spelling(tmp_path: Path, by_cdn: Boxes) -> None:
    """First by the league's own ids and accents, then by ESPN's and balldontlie's plain names: nobody becomes two."""
    doorman = Doorman()
    with night(tmp_path, doorman) as (house, clock, engine, _):
        known = people(house)
        assert any(not row["name"].isascii() for row in known)
        clock.set(max(game.final_at for game in season().games_on(LATER)) + timedelta(hours=2))
        for refused in (("nba_cdn", "nba_stats"), ("nba_cdn", "nba_stats", "espn")):
            doorman.refuse(*refused)
            scrape_now(engine, LATER, ("schedule", "box"), ONCE)
        lines = [
            line for game in season().games_on(LATER) for side in (box(season(), game).home, box(season(), game).away) for line in side
        ]
        assert {row["player_lookup"] for row in people(house)} - {row["player_lookup"] for row in known} <= {
            line.player.lookup for line in lines
        }
        assert {lookup for game, lookup in boxes(house) if game.startswith(f"{LATER:%Y%m%d}")} <= {line.player.lookup for line in lines}
