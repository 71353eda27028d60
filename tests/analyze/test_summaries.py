"""The analytics tables: what was played, for people, and a slate's circumstances; both say what the features say."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import pytest

from features.built_rows import Rows
from features.raw_rows import Raw, Row
from features.slow import Slow, of_best_kind
from features.small_league import CORRECTED, HERO, game_of
from tipoff.analyze.summaries import summarise_games, summarise_slate
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_of

ALL_DAYS = (date(2025, 1, 1), date(2026, 1, 1))
PLAYERS, TEAMS = "analytics.player_game_summary", "analytics.team_game_summary"
CONTEXT, LINES = "analytics.upcoming_player_game_context", "analytics.player_line_summary"


@pytest.fixture(scope="module")
def warehouse(league_warehouse: DuckDBWarehouse, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """The league with everything of this year summed up, and the night's slate."""
    path = tmp_path_factory.mktemp("summaries") / "warehouse.duckdb"
    shutil.copy(league_warehouse.path, path)
    warehouse = DuckDBWarehouse(path)
    with warehouse.writing("summaries") as work:
        summarise_games(work, *ALL_DAYS)
        summarise_slate(work, NIGHT_IDS, None)
    return warehouse


NIGHT_IDS = ["20251206_BOS_CHI", "20251206_MIA_NYK", "20251206_DEN_UTA", "20251206_PHI_TOR"]


@pytest.fixture(scope="module")
def played(warehouse: DuckDBWarehouse) -> dict[tuple[str, str], Row]:
    return {(row["game_id"], row["player_lookup"]): row for row in warehouse.read(PLAYERS).to_pylist()}


def test_every_line_of_every_box_score_is_summed_up_once_by_its_newest_version(played: dict[tuple[str, str], Row], league: Raw) -> None:
    assert set(played) == {(row["game_id"], row["player_lookup"]) for row in league["raw.player_box"]}
    assert played[game_of(league, CORRECTED, "BOS")["game_id"], HERO]["points"] == 34.0


def test_the_closing_line_is_the_consensus_at_the_tip_and_the_result_follows_from_it(
    played: dict[tuple[str, str], Row], league: Raw
) -> None:
    slow, lined = Slow(league), 0
    for (game_id, player), row in played.items():
        game = slow.game(game_id)
        quotes = of_best_kind(slow.current(game, player)) if game else []
        line = median(quote["point"] for quote in quotes) if quotes else None
        assert row["closing_line"] == line
        lined += line is not None
        margin = None if line is None or row["points"] is None else row["points"] - line
        assert row["margin"] == margin
        expected = None if margin is None else "OVER" if margin > 0 else "UNDER" if margin < 0 else "PUSH"
        assert row["over_under_result"] == expected
    assert lined > 50


def test_usage_and_true_shooting_are_what_the_box_score_says(played: dict[tuple[str, str], Row], league: Raw) -> None:
    slow = Slow(league)
    newest = {(row["game_id"], row["player_lookup"]): row for row in sorted(league["raw.player_box"], key=lambda row: row["known_at"])}
    for key, row in played.items():
        line = newest[key]
        shots = 2 * (line["fga"] + 0.44 * line["fta"]) if line["fga"] is not None else 0
        assert row["ts_pct"] == (pytest.approx(line["points"] / shots) if shots > 0 else None)
        usage = slow._usage(line, max(other["known_at"] for other in slow.box[key[0]])) if line["minutes"] else None
        assert row["usage_rate"] == (pytest.approx(usage) if usage is not None else None)


def test_team_summaries_are_the_sums_of_their_players(warehouse: DuckDBWarehouse, played: dict[tuple[str, str], Row]) -> None:
    teams = warehouse.read(TEAMS).to_pylist()
    assert len(teams) == 2 * len({game_id for game_id, _ in played})
    for team in teams:
        mine = [row["points"] or 0 for row in played.values() if row["game_id"] == team["game_id"] and row["team"] == team["team"]]
        assert team["points"] == sum(mine)
        assert team["margin"] == team["points"] - team["opponent_points"]
        assert team["won"] == (team["margin"] > 0)


def test_summing_up_again_finds_nothing_to_do(warehouse: DuckDBWarehouse) -> None:
    with warehouse.writing("again") as work:
        assert summarise_games(work, *ALL_DAYS) == {}


def test_a_box_score_written_since_sums_its_own_game_up_again_and_no_other(warehouse: DuckDBWarehouse, league: Raw, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(warehouse.path, path)
    corrected = DuckDBWarehouse(path)
    game = game_of(league, date(2025, 11, 12), "BOS")
    line = next(row for row in league["raw.player_box"] if row["game_id"] == game["game_id"] and row["player_lookup"] == HERO)
    known = line["known_at"] + timedelta(days=2)
    with corrected.writing("correction") as work:
        work.merge("raw.player_box", table_of("raw.player_box", [{**line, "points": 50, "known_at": known, "fetched_at": known}]))
    with corrected.writing("again") as work:
        done = summarise_games(work, *ALL_DAYS)
    assert done[PLAYERS].offered == sum(row["game_id"] == game["game_id"] for row in league["raw.player_box"])
    assert done[TEAMS].offered == 2
    changed = [row for row in corrected.read(PLAYERS).to_pylist() if row["run_id"] == "again"]
    assert {(row["game_id"]) for row in changed} == {game["game_id"]}
    assert next(row for row in changed if row["player_lookup"] == HERO)["points"] == 50.0


def test_a_slates_context_says_what_its_features_say(warehouse: DuckDBWarehouse, whole_rows: Rows) -> None:
    features = [row for (game_id, _), row in whole_rows.items() if game_id in NIGHT_IDS]
    context = {(row["game_id"], row["player_lookup"]): row for row in warehouse.read(CONTEXT).to_pylist()}
    assert set(context) == {(row["game_id"], row["player_lookup"]) for row in features}
    risk = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0, None: None}
    for row in features:
        mine = context[row["game_id"], row["player_lookup"]]
        assert mine["as_of"] == row["as_of"]
        assert mine["newest_known_at"] == row["newest_known_at"]
        assert (mine["team"], mine["opponent"]) == (row["team"], row["opponent"])
        assert mine["current_line"] == row["vegas_points_line"]
        assert mine["opening_line"] == row["vegas_opening_line"]
        assert mine["game_total"] == row["game_total_line"]
        assert mine["days_rest"] == row["days_rest"]
        assert risk[mine["injury_status"]] == row["injury_risk"]
        assert mine["star_teammates_out"] == row["star_teammates_out"]
        assert mine["home"] == {1.0: True, 0.0: False, None: None}[row["home_away"]]


def test_a_slates_lines_are_those_of_its_context(warehouse: DuckDBWarehouse) -> None:
    context = {(row["game_id"], row["player_lookup"]): row["current_line"] for row in warehouse.read(CONTEXT).to_pylist()}
    lines = {(row["game_id"], row["player_lookup"]): row["consensus_line"] for row in warehouse.read(LINES).to_pylist()}
    assert lines == {key: line for key, line in context.items() if line is not None}


def test_a_slate_of_unknown_games_is_nothing_and_writes_nothing(warehouse: DuckDBWarehouse) -> None:
    with warehouse.writing("none") as work:
        assert summarise_slate(work, ["20251206_AAA_BBB"], None) == {}
