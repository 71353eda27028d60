"""F48 A trade: history follows the player, team context the new team."""

from __future__ import annotations

from datetime import date

import pytest

from features.built_rows import Rows
from features.raw_rows import Raw
from features.small_league import HERO, NIGHT, TRADED, game_of


def test_f48_history_follows_a_traded_player_and_the_team_context_is_the_new_teams(whole_rows: Rows, league: Raw) -> None:
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


def test_f48_a_traded_player_is_his_old_teams_until_a_box_score_lists_him_with_the_new_one(whole_rows: Rows, league: Raw) -> None:
    day = date(2025, 12, 1)
    old, new = game_of(league, day, "MIA")["game_id"], game_of(league, day, "BOS")["game_id"]
    assert whole_rows[old, TRADED]["team"] == "MIA"
    assert (new, TRADED) not in whole_rows


def test_f48_a_former_team_met_again_does_not_count_him_among_its_absent_stars(whole_rows: Rows, league: Raw) -> None:
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
