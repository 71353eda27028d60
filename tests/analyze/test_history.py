"""Box scores as games that were played, in versions; team games; the schedule in force at a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.compiled import Compiled
from features.raw_rows import Raw, Row, box_row, empty, fill, schedule_row
from features.slow import Slow
from features.small_league import CORRECTED, CORRECTION_KNOWN, HALF_LATE, HERO, game_of
from tipoff.analyze import history
from tipoff.features.build import build
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_named

DAY = date(2025, 11, 5)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
GAME = schedule_row(DAY, "BOS", "NYK", TIP, TIP - timedelta(days=9))
OVER = TIP + timedelta(hours=3)
SCHEDULE = pa.schema([field for field in table_named("raw.schedule").arrow_schema if field.name not in ("written_at", "run_id")])
newest_of = Compiled(SCHEDULE, history.newest_schedule)


def toy() -> Raw:
    """Two sides of three: by sums, BOS 100 points of 80 FGA, 25 FTA, 10 OREB, 11 TOV; NYK 90 of 85, 20, 9, 12; 240 minutes each."""
    raw = empty()
    raw["raw.schedule"] = [GAME]
    raw["raw.player_box"] = [
        box_row(GAME, "bosa", "BOS", OVER, minutes=100.0, points=60, fga=40, fta=15, oreb=4, tov=5),
        box_row(GAME, "bosb", "BOS", OVER, minutes=100.0, points=30, fga=30, fta=10, oreb=4, tov=4),
        box_row(GAME, "bosc", "BOS", OVER, minutes=40.0, points=10, fga=10, fta=0, oreb=2, tov=2),
        box_row(GAME, "bosd", "BOS", OVER, reason="coach's decision"),
        box_row(GAME, "nyka", "NYK", OVER, minutes=120.0, points=50, fga=45, fta=10, oreb=5, tov=6),
        box_row(GAME, "nykb", "NYK", OVER, minutes=120.0, points=40, fga=40, fta=10, oreb=4, tov=6),
    ]
    return raw


@pytest.fixture(scope="module")
def players(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    with fill(tmp_path_factory.mktemp("toy") / "warehouse.duckdb", toy()).reading() as work:
        return {row["player_lookup"]: row for row in history.player_games(work, DAY, DAY).to_pylist()}


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    with fill(tmp_path_factory.mktemp("toy") / "warehouse.duckdb", toy()).reading() as work:
        return {row["team"]: row for row in history.team_games(history.player_games(work, DAY, DAY)).to_pylist()}


@pytest.fixture(scope="module")
def versions(league_warehouse: DuckDBWarehouse) -> list[Row]:
    """Every version of every box score of the small league."""
    with league_warehouse.reading() as work:
        return list(history.player_games(work, date(2025, 1, 1), date(2026, 1, 1)).to_pylist())


def test_usage_is_a_players_share_of_what_his_team_used_while_he_played(players: dict[str, Row]) -> None:
    """BOS used 80 + .44 x 25 + 11 = 102 in 240 minutes; bosa 40 + 6.6 + 5 = 51.6 in 100: 100 x 51.6 x 48 / (100 x 102)."""
    assert players["bosa"]["usage_rate"] == pytest.approx(100 * 51.6 * 48 / (100 * 102))
    assert players["bosc"]["usage_rate"] == pytest.approx(100 * 12 * 48 / (40 * 102))
    assert players["bosd"]["usage_rate"] is None


def test_possessions_are_the_mean_of_both_sides_and_pace_is_per_48_minutes(teams: dict[str, Row]) -> None:
    """BOS 80 + 11 - 10 + 11 = 92; NYK 85 + 8.8 - 9 + 12 = 96.8; their mean is 94.4, in 240 / 5 = 48 minutes."""
    for team in ("BOS", "NYK"):
        assert teams[team]["possessions"] == pytest.approx(94.4)
        assert teams[team]["pace"] == pytest.approx(94.4)


def test_ratings_mirror_each_other_and_the_margin_decides_who_won(teams: dict[str, Row]) -> None:
    assert teams["BOS"]["off_rating"] == teams["NYK"]["def_rating"] == pytest.approx(100 * 100 / 94.4)
    assert teams["NYK"]["off_rating"] == teams["BOS"]["def_rating"] == pytest.approx(100 * 90 / 94.4)
    assert [(teams[team]["won"], teams[team]["margin"]) for team in ("BOS", "NYK")] == [(True, 10), (False, -10)]


def test_pace_in_overtime_is_still_per_48_minutes(tmp_path_factory: pytest.TempPathFactory) -> None:
    raw = toy()
    for row in raw["raw.player_box"]:
        row["minutes"] *= 265 / 240
    with fill(tmp_path_factory.mktemp("overtime") / "warehouse.duckdb", raw).reading() as work:
        found = history.team_games(history.player_games(work, DAY, DAY)).to_pylist()
    assert {round(row["pace"], 9) for row in found} == {round(94.4 * 240 / 265, 9)}


def test_half_a_box_score_is_no_team_game_yet_and_its_players_games_are_there(league: Raw, league_warehouse: DuckDBWarehouse) -> None:
    game = game_of(league, HALF_LATE, "NYK")
    with league_warehouse.reading() as work:
        players = history.player_games(work, HALF_LATE, HALF_LATE)
        lines = [row for row in players.to_pylist() if row["game_id"] == game["game_id"]]
        sides = [row for row in history.team_games(players).to_pylist() if row["game_id"] == game["game_id"]]
    first, second = sorted({row["valid_from"] for row in lines})
    assert {row["team"] for row in lines if row["valid_from"] == first} == {game["away"]}
    assert {row["team"] for row in lines if row["valid_from"] == second} == {"BOS", "NYK", "MIA", "CHI"} & {game["away"], game["home"]}
    assert {row["valid_from"] for row in sides} == {second}


def test_a_version_holds_every_player_by_the_newest_line_known_by_then(versions: list[Row], league: Raw) -> None:
    slow = Slow(league)
    by_version: dict[tuple[str, datetime], dict[str, Any]] = {}
    for row in versions:
        by_version.setdefault((row["game_id"], row["valid_from"]), {})[row["player_lookup"]] = row["points"]
    for (game_id, at), points in by_version.items():
        assert points == {row["player_lookup"]: row["points"] for row in slow.box_of(game_id, at)}
    assert len(by_version) > len({game_id for game_id, _ in by_version})


def test_versions_of_a_game_follow_each_other_without_gap_or_overlap(versions: list[Row]) -> None:
    spans: dict[str, set[tuple[datetime, datetime | None]]] = {}
    for row in versions:
        spans.setdefault(row["game_id"], set()).add((row["valid_from"], row["valid_to"]))
    for found in spans.values():
        ordered = sorted(found)
        assert [end for _, end in ordered] == [start for start, _ in ordered[1:]] + [None]


def test_a_correction_opens_a_version_and_closes_the_one_before(versions: list[Row], league: Raw) -> None:
    game = game_of(league, CORRECTED, "BOS")["game_id"]
    mine = sorted((row for row in versions if row["game_id"] == game and row["player_lookup"] == HERO), key=lambda row: row["valid_from"])
    assert [(row["points"], row["valid_to"]) for row in mine] == [(24, CORRECTION_KNOWN), (34, None)]


def test_the_tip_of_a_past_game_is_the_leagues_and_not_an_odds_sources(versions: list[Row], league: Raw) -> None:
    tips = {row["game_id"]: row["tip"] for row in versions}
    for game_id, tip in tips.items():
        own = [row for row in league["raw.schedule"] if row["game_id"] == game_id and row["league_game_id"]]
        assert tip == max(own, key=lambda row: row["known_at"])["commence_time"]


# --- the schedule in force -------------------------------------------------------------------------------------------


def schedules(draws: list[tuple[str, int, bool, bool, str]]) -> list[Row]:
    """Versions of two games: when known (hours before the tip), by the league or not, assumed or not, with a status."""
    found: dict[tuple[str, int], Row] = {}
    for home, hours, own, assumed, status in draws:
        known = TIP - timedelta(hours=hours)
        more = {"league_game_id": "own" if own else None, "known_at_assumed": assumed, "status": status}
        found[home, hours] = schedule_row(DAY, "BOS", home, TIP, known, **more)
    return list(found.values())


STATUSES = ("scheduled", "postponed")
drawn = st.lists(
    st.tuples(
        st.sampled_from(["NYK", "MIA"]), st.integers(0, 12), st.booleans(), st.booleans(), st.sampled_from(["scheduled", "postponed"])
    ),
    max_size=40,
)


@settings(max_examples=30)
@given(drawn)
def test_the_newest_schedule_is_the_leagues_own_word_then_what_is_on_record_then_the_newest(
    draws: list[tuple[str, int, bool, bool, str]],
) -> None:
    rows = schedules(draws)
    found = {row["game_id"]: row["known_at"] for row in newest_of(rows)}
    for game_id in {row["game_id"] for row in rows}:
        mine = [row for row in rows if row["game_id"] == game_id]
        own = [row for row in mine if row["league_game_id"]] or mine
        on_record = [row for row in own if not row["known_at_assumed"]] or own
        assert found[game_id] == max(row["known_at"] for row in on_record)
    assert set(found) == {row["game_id"] for row in rows}


def test_a_game_of_which_nobody_knew_before_its_tip_is_past_only_from_the_first_word_on(tmp_path: Path) -> None:
    """Else a word of after a row's moment would let a box score into it."""
    raw = toy()
    word = OVER + timedelta(days=3)
    next_game = schedule_row(DAY + timedelta(days=5), "NYK", "BOS", TIP + timedelta(days=5), TIP)
    raw["raw.schedule"] = [{**GAME, "known_at": word}, next_game]
    with fill(tmp_path / "warehouse.duckdb", raw).reading() as work:
        lines = history.player_games(work, DAY, DAY)
        before, after = (
            build(work, [next_game["game_id"]], word + timedelta(seconds=seconds)).values["points_avg_last_5"] for seconds in (-1, 0)
        )
    assert set(lines.column("placed_at").to_pylist()) == {word}
    assert not np.isfinite(before).any()
    assert np.isfinite(after).sum() == 5
