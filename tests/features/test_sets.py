"""A set of games is built as each of them alone would be; what cannot be read fails the build, and nothing is dropped in silence."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from features import changes as do
from features.built_rows import Rows, differences, games
from features.raw_rows import Raw
from features.small_league import HERO, NIGHT, TRADED, game_of
from tipoff.features.build import Built, build
from tipoff.store.duckdb import DuckDBWarehouse


def test_rows_come_by_game_and_player_and_once_each(whole: Built) -> None:
    keys = list(zip(*(whole.ingredients.column(name).to_pylist() for name in ("game_id", "player_lookup")), strict=True))
    assert keys == sorted(set(keys))


def test_one_bad_game_does_not_drop_the_others(eras: dict[str, Rows], league: Raw) -> None:
    """F47: their rows are there, and as they were; the bad one's are there too, and say what is missing."""
    bad = game_of(league, NIGHT, "UTA")["game_id"]
    good = [key[0] for key in eras["as it was"] if key[0] != bad]
    assert len(set(good)) == 8
    assert differences(games(eras["as it was"], *good), games(eras["one bad game"], *good)) == []
    row = eras["one bad game"][bad, "dena"]
    assert not row["quality_ready"]
    assert row["missing_required"] >= 5


def test_games_called_off_have_no_rows(whole_rows: Rows) -> None:
    assert not [key for key in whole_rows if key[0] in ("20251206_PHI_TOR", "20251110_NYK_BOS")]


def test_games_that_nobody_knows_are_no_rows_of_the_same_shape(whole: Built, league_warehouse: DuckDBWarehouse) -> None:
    with league_warehouse.reading() as work:
        nothing = build(work, ["20251206_AAA_BBB"])
    assert nothing.size == 0
    assert nothing.to_arrow().schema.names == whole.to_arrow().schema.names
    assert nothing.matrix(["home_away", "pace_score"]).shape == (0, 2)


@pytest.mark.parametrize("table", ["raw.schedule", "raw.player_box", "raw.odds_player_points", "raw.injuries"])
def test_a_query_that_fails_fails_the_build(league_warehouse: DuckDBWarehouse, tmp_path: Path, table: str) -> None:
    """F40: never an empty frame."""
    path = tmp_path / "broken.duckdb"
    shutil.copy(league_warehouse.path, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DROP TABLE {table}")
    with DuckDBWarehouse(path).reading() as work, pytest.raises(Exception, match=table.partition(".")[2]):
        build(work, ["20251206_BOS_CHI"])


def test_history_follows_a_traded_player_and_the_team_context_is_the_new_teams(whole_rows: Rows, league: Raw) -> None:
    """F48."""
    game = game_of(league, NIGHT, "BOS")["game_id"]
    traded, mate = whole_rows[game, TRADED], whole_rows[game, HERO]
    assert traded["team"] == "BOS"
    assert [traded[name] for name in ("team_pace", "team_off_rating", "back_to_back", "implied_team_total", "opponent")] == [
        mate[name] for name in ("team_pace", "team_off_rating", "back_to_back", "implied_team_total", "opponent")
    ]
    played = sorted(
        (row for row in league["raw.player_box"] if row["player_lookup"] == TRADED and row["minutes"] > 0 and row["game_date"] < NIGHT),
        key=lambda row: row["game_date"],
    )
    assert {row["team"] for row in played[-5:]} == {"MIA", "BOS"}
    assert traded["points_avg_last_5"] == pytest.approx(sum(row["points"] for row in played[-5:]) / 5)


def test_a_traded_player_is_his_old_teams_until_a_box_score_lists_him_with_the_new_one(whole_rows: Rows, league: Raw) -> None:
    day = date(2025, 12, 1)
    old, new = game_of(league, day, "MIA")["game_id"], game_of(league, day, "BOS")["game_id"]
    assert whole_rows[old, TRADED]["team"] == "MIA"
    assert (new, TRADED) not in whole_rows


def test_a_former_team_met_again_does_not_count_him_among_its_absent_stars(whole_rows: Rows, league: Raw) -> None:
    """He is doubtful for BOS, and was MIA's star: MIA misses nobody by that."""
    game = game_of(league, date(2025, 12, 3), "BOS")
    assert game["home"] == "MIA"
    of_mia = {row["star_teammates_out"] for (found, _), row in whole_rows.items() if found == game["game_id"] and row["team"] == "MIA"}
    reported = {
        row["player_lookup"]
        for row in league["raw.injuries"]
        if row["game_date"] == game["game_date"] and row["team"] == "MIA" and row["status"] in ("out", "doubtful")
    }
    assert max(of_mia) <= len(reported)


def test_as_of_is_the_earlier_of_what_is_asked_and_the_tip(whole: Built) -> None:
    of_night = {row["game_id"]: row["as_of"] for row in whole.ingredients.to_pylist() if row["game_date"] == NIGHT}
    assert of_night == {"20251206_MIA_NYK": do.FIRST_TIP, "20251206_BOS_CHI": do.SECOND_TIP, "20251206_DEN_UTA": do.SECOND_TIP}
