"""Values worked out by hand for players of BOS on the night of 6 December 2025, at CHI. The arithmetic stands beside each.

HERO's games before it, newest first (minutes, points); 1 December counts as corrected, 31 October he sat:
    4 Dec 24, 12 · 3 Dec 36, 32 · 1 Dec 38, 34 · 14 Nov 32, 20 · 12 Nov 30, 28 · 8 Nov 35, 16 · 7 Nov 31, 26 · 5 Nov 33, 18
    1 Nov 36, 22 · 28 Oct 34, 30 · 25 Oct 28, 10 · 24 Oct 32, 24 · 22 Oct 30, 20 · and last season's
"""

from __future__ import annotations

import math

import pytest

from features.built_rows import Rows
from features.small_league import HERO

GAME = "20251206_BOS_CHI"

FORM = {
    "points_avg_last_3": 26.0,  # (12 + 32 + 34) / 3
    "points_avg_last_5": 25.2,  # (12 + 32 + 34 + 20 + 28) / 5 = 126 / 5
    "points_avg_last_10": 23.8,  # (126 + 16 + 26 + 18 + 22 + 30) / 10
    "points_avg_season": 292 / 13,  # (238 + 10 + 24 + 20) / 13
    "points_std_last_10": math.sqrt(483.6 / 9),  # squares about 23.8: 139.24 67.24 104.04 14.44 17.64 60.84 4.84 33.64 3.24 38.44
    "games_in_last_7_days": 3.0,  # 1, 3 and 4 December; 29 November on
    "minutes_load_last_7d": 98.0,  # 38 + 36 + 24
    "days_rest": 1.0,  # the sixth less the fourth, less one
    "fatigue_score": 95.0,  # 100 - 5 for one back-to-back (3 and 4 December); 98 / 3 minutes a game are below 35
    "recent_trend": (22 - 82 / 3) / math.sqrt(483.6 / 9),  # (12 + 32) / 2 against (34 + 20 + 28) / 3
    "minutes_avg_last_10": 32.9,  # (24 + 36 + 38 + 32 + 30 + 35 + 31 + 33 + 36 + 34) / 10
    "minutes_change": 0.0,  # 160 / 5 = 32 against 32.9: -2.7 %
    "ppm_avg_last_10": 238 / 329,
    "minutes_volatility_last_10": math.sqrt(142.9 / 9),  # squares about 32.9: 79.21 9.61 26.01 .81 8.41 4.41 3.61 .01 9.61 1.21
    "pct_three": 5 / 16,  # every game 5 of 16
    "pct_free_throw": 40 / 238,  # four a game
    "pts_slope_10g": -9 / 82.5,  # sum of (x - 4.5) y over 30 22 18 26 16 28 20 34 32 12, by sum of (x - 4.5)^2
    "scoring_trend_slope": -4 / 28,  # sum of (x - 3) y over 26 16 28 20 34 32 12, by 28
    "pts_vs_season_zscore": (25.2 - 292 / 13) / math.sqrt((7224 - 292**2 / 13) / 12),  # 7224: the squares of all thirteen
    "breakout_flag": 0.0,  # 25.2 is below 22.46 + 1.5 x 7.45
    "deviation_from_avg_last3": (26 - 292 / 13) / math.sqrt((7224 - 292**2 / 13) / 12),  # 60 days reach back to 7 October: all thirteen
    "consecutive_games_below_avg": 1.0,  # 12 is below, the 32 before it is not
    "games_since_structural_change": 3.0,  # since the 17 days between 14 November and 1 December
    "dnp_rate": 0.1,  # of BOS's last ten, the tenth is 31 October
}
SURROUNDINGS = {
    "home_away": 0.0,
    "back_to_back": 0.0,
    "rest_advantage": 0.0,  # both played on the fourth; CHI's game of the fifth had moved to January
    "playoff_game": 0.0,
    "injury_risk": 1.0,  # probable an hour before the tip; the OUT of a minute after it is not known
}
MARKET = {
    "vegas_points_line": 19.5,  # 19 (betmgm, fanduel), 19.5 (draftkings), 21 (ballybet), 22.5 (espnbet); bovada was silent since -6 h,
    # fliff's became known after the tip, ballybet's 23 stood at its document's tip, and a consensus counts only without books
    "vegas_opening_line": 19.5,  # 19, 19.5, 19.5, 19.5 (bovada's too), 21, 22.5
    "vegas_line_move": 0.0,  # of the five: 0, -0.5 (betmgm), 0, 0, 0
    "has_vegas_line": 1.0,
    "multi_book_line_std": math.sqrt(9.3 / 4),  # squares about 20.2: 1.44 1.44 .49 .64 5.29
    "line_vs_season_avg": 19.5 - 292 / 13,
    "game_total_line": 216.5,  # 215.5, 216.5, 218.5
    "spread_magnitude": 2.0,  # CHI +1.5, +2, +2
    "implied_team_total": 109.25,  # away: (216.5 + 2) / 2
}


@pytest.mark.parametrize(("name", "expected"), [*FORM.items(), *SURROUNDINGS.items(), *MARKET.items()])
def test_the_heros_features_are_what_they_are_by_hand(whole_rows: Rows, name: str, expected: float) -> None:
    assert whole_rows[GAME, HERO][name] == pytest.approx(expected, rel=0, abs=1e-6)


def test_a_players_line_is_of_the_consensus_where_no_sportsbook_has_him(whole_rows: Rows) -> None:
    """Of two consensus sources the one that is asked first, 14.5 and then 15.5; no pick'em's 40.5, no unknown book's 41.5."""
    row = whole_rows[GAME, "bosd"]
    assert [row[name] for name in ("vegas_points_line", "vegas_opening_line", "vegas_line_move")] == [15.5, 14.5, 1.0]
    assert (row["vegas_points_line_source"], row["vegas_points_line_quality"]) == ("consensus", 87)


def test_alternates_make_no_line_beside_a_main_line_and_one_where_there_is_none(whole_rows: Rows) -> None:
    """draftkings 17.5 then 18.5; fanduel has alternates alone, of which 19.5 is the main line."""
    row = whole_rows[GAME, "bose"]
    assert [row[name] for name in ("vegas_points_line", "vegas_opening_line", "vegas_line_move")] == [19.0, 18.5, 0.5]
    assert row["multi_book_line_std"] == pytest.approx(math.sqrt(0.5), abs=1e-6)


def test_a_player_whom_all_books_pulled_has_no_line(whole_rows: Rows) -> None:
    row = whole_rows[GAME, "bosc"]
    assert row["has_vegas_line"] == 0.0
    assert row["vegas_points_line"] is None
    assert row["vegas_points_line_source"] == "missing: no_line"


def test_a_book_that_pulled_a_player_no_longer_counts_for_him(whole_rows: Rows) -> None:
    """draftkings' 15.5 is gone with its newer document; betmgm and fanduel are at 15.5."""
    assert whole_rows[GAME, "bosb"]["multi_book_line_std"] == 0.0


def test_the_newest_status_before_the_tip_counts(whole_rows: Rows) -> None:
    """bosb: out, then available; bosc: questionable, then out; bosf is not mentioned in a report that covers his game."""
    risks = [whole_rows[GAME, name]["injury_risk"] for name in ("bosb", "bosc", "bosf")]
    assert risks == [0.0, 3.0, 0.0]


def test_a_day_whose_report_comes_after_the_tips_has_no_status(whole_rows: Rows) -> None:
    row = whole_rows["20251204_NYK_BOS", HERO]
    assert row["injury_risk"] is None
    assert row["star_teammates_out"] is None
    assert row["injury_risk_source"] == "missing: no_report_covers_the_game"
    assert "injury_risk=no_report_covers_the_game" in row["missing"]


def test_before_reports_are_switched_on_they_are_waived(whole_rows: Rows) -> None:
    row = next(row for (game, player), row in whole_rows.items() if game.startswith("20251028") and player == HERO)
    assert "injury_risk" in row["waived"].split(", ")
    assert "injury_risk" not in row["missing"]


def test_the_first_game_of_a_season_has_no_season_average_and_is_excused(whole_rows: Rows) -> None:
    row = next(row for (game, player), row in whole_rows.items() if game.startswith("20251022") and player == HERO)
    assert row["points_avg_season"] is None
    assert row["points_avg_season_source"] == "missing: warm_up"
    assert row["points_avg_last_5"] is not None  # "last N games" run across seasons
    assert row["games_since_structural_change"] == 0.0  # the summer was a gap
    assert row["warm_up"]
    assert "points_avg_season" not in row["missing"]


def test_a_quoted_player_without_a_box_score_is_there_and_says_what_is_missing(whole_rows: Rows) -> None:
    row = whole_rows[GAME, "prospect"]
    assert row["vegas_points_line"] == 6.5
    assert row["team"] is None
    assert row["star_teammates_out"] is None
    assert row["games_in_last_7_days"] == 0.0  # zero is a value
    assert row["points_avg_last_5_source"] == "missing: no_games"
    assert not row["quality_ready"]
