"""Values worked out by hand: for players of BOS on the night of 6 December 2025, at CHI, and for those of a league made for it.

The arithmetic stands beside each; the recipes and the slow reference are both held to them.

HERO's games before it, newest first (minutes, points); 1 December counts as corrected, 31 October he sat:
    4 Dec 24, 12 · 3 Dec 36, 32 · 1 Dec 38, 34 · 14 Nov 32, 20 · 12 Nov 30, 28 · 8 Nov 35, 16 · 7 Nov 31, 26 · 5 Nov 33, 18
    1 Nov 36, 22 · 28 Oct 34, 30 · 25 Oct 28, 10 · 24 Oct 32, 24 · 22 Oct 30, 20 · and last season's
"""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from features import golden_league as tiny
from features.built_rows import Rows, rows_by_key, same
from features.raw_rows import Raw, fill
from features.slow import Slow
from features.small_league import HERO, IMPORTED, LAPSED, TRADED
from tipoff.features.build import build
from tipoff.features.reference import feature_called
from tipoff.features.registry import Ingredients

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
    "fatigue_score": 95.0,  # 100 - 5 for one back-to-back (3 and 4 December); 98 / 3 minutes a game are below 35; he is 29
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
ZONES = {
    "pct_paint": 62 / 143,  # 16 tries in each of ten games, 7 from the paint; those of 3 December come too late, as does one of the 4th
    "pct_mid_range": 36 / 143,  # 4 in each of nine
}
AGAINST_LINES = {
    # newest first, points against the closing line: 12 - 24.5, 32 - 23, 34 - 24, 20 - 20, 28 - 21.5, 16 - 21.5, 26 - 20.5, 18 - 18.5;
    # on 1 November there was none
    "prop_over_streak": 0.0,
    "prop_under_streak": 1.0,
    "over_rate_last_10": 4 / 7,  # of eight one is a push
    "margin_vs_line_avg_last_5": 2.6,  # (-12.5 + 9 + 10 + 0 + 6.5) / 5
    "prop_line_delta": -5.5,  # draftkings, betmgm and fanduel: the median of 19.5, 19, 19 less that of 24.5, 25.5, 24.5 on the 4th
}
MARKET = {
    "sharp_soft_delta": -1.25,  # by the groups of 5 December, betmgm's of 8 November: (19 + 19) / 2 - (19.5 + 21) / 2
    "consensus_line_velocity": 0.0,  # of the three that stood there six hours before: 0, -0.5, 0
    "regulars_without_a_line": 2.0,  # bosc was pulled by all, bosd is quoted by no sportsbook
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

HERO_BY_HAND = [*FORM.items(), *ZONES.items(), *AGAINST_LINES.items(), *SURROUNDINGS.items(), *MARKET.items()]


@pytest.mark.parametrize(("name", "expected"), HERO_BY_HAND)
def test_the_heros_features_are_what_they_are_by_hand(whole_rows: Rows, name: str, expected: float) -> None:
    assert whole_rows[GAME, HERO][name] == pytest.approx(expected, rel=0, abs=1e-6)


def test_the_slow_reference_knows_the_hero_as_he_is_by_hand(slow: Slow) -> None:
    found = slow.features(GAME, HERO)
    assert {name: found[name].value for name, _ in HERO_BY_HAND} == pytest.approx(dict(HERO_BY_HAND), rel=0, abs=1e-6)


def test_a_book_at_the_consensus_needs_no_slope_and_logits_are_pooled(whole_rows: Rows) -> None:
    """bosb, 15.5 at both: P(over) is 1/2 at betmgm and 3/5 at fanduel, odds of 1 and 1.5, whose geometric mean is the root of 1.5."""
    assert whole_rows[GAME, "bosb"]["implied_over_probability"] == pytest.approx(math.sqrt(1.5) / (1 + math.sqrt(1.5)), abs=1e-6)


def test_a_streak_runs_over_pushes_and_follows_corrections(whole_rows: Rows) -> None:
    """On 3 December HERO's 24 of the first is a push, and the 28 of 12 November his newest decided game, after an under on the 8th; on
    the 4th the first is corrected to 34, and the 32 of the third stands on top."""
    streaks = [
        (whole_rows[game, HERO]["prop_over_streak"], whole_rows[game, HERO]["prop_under_streak"])
        for game in ("20251203_BOS_MIA", "20251204_NYK_BOS")
    ]
    assert streaks == [(1.0, 0.0), (3.0, 0.0)]


def test_velocity_of_a_line_that_only_a_consensus_gives(whole_rows: Rows) -> None:
    """bosd, by the consensus that is asked first: from 14.5 to 15.5 in six hours."""
    assert whole_rows[GAME, "bosd"]["consensus_line_velocity"] == pytest.approx(1 / 6, abs=1e-6)


def minutes_of_ten_alike() -> float:
    """GSW's ten men have played 24 minutes of each of five games, none of them started, and no report speaks of them: for each of those
    who dress so the chance to play is .98. A game n games ago has weight n ** -.55."""
    ages = math.fsum(math.pow(n, -0.55) for n in range(1, 6))
    usual = (24 * ages + 0.9 * 0.5) / (ages + 0.5)  # .9 minutes of a newcomer weigh .5
    alike = ages * math.exp(-9 * 0.02 * usual / 60)  # nine mates may be missing tonight, and never were
    form = (24 * alike + 0.36 * usual) / (alike + 0.36)
    steadied = alike / (1 + ((24 - form) / 15) ** 2)
    form = (24 * steadied + 0.36 * usual) / (steadied + 0.36)
    ready = form + 0.6 + 0.01 * (form - 22)  # he missed no game
    return ready + 0.6 * (240 - 9.82 * ready) / 9.82  # of what ten of them, nine at .98, lack of 240, six tenths are shared evenly


GSWA_MINUTES = minutes_of_ten_alike()
TINY = {
    ("lala", "fatigue_score"): 95.0,  # 100 - 10, thirty-five today, + 5 for five days of rest
    ("lalb", "fatigue_score"): 100.0,  # 100 - 5, thirty-four until tomorrow, + 5
    ("lalc", "fatigue_score"): 100.0,  # 105, clamped; nobody knows his age
    ("lald", "fatigue_score"): 97.0,  # 100 - 8 for 40 minutes a game, + 5
    ("lala", "pct_paint"): 0.4,  # 20 of 50
    ("lala", "pct_mid_range"): 0.2,  # 10 of 50
    ("gswa", "pct_paint"): 0.6,  # 30 of 50
    ("gswa", "pct_mid_range"): 0.1,  # 5 of 50
    # Points an attempt, paint, mid, three: LAL 48/40, 16/40 of 20, that is .8, 42/40; GSW 40/40, 18/20, 36/40; league 88/80, 34/40, 78/80.
    # GSW allows what LAL makes: 1.2 - 1.1, .8 - .85, 1.05 - .975. Use of a zone is its share by .5.
    ("lala", "shot_zone_mismatch_score"): 5.2,  # 100 x (.4 x .8 x .1 + .2 x .4 x -.05 + .4 x .8 x .075)
    # LAL allows what GSW makes: 1 - 1.1, .9 - .85, .9 - .975
    ("gswa", "shot_zone_mismatch_score"): -7.25,  # 100 x (.6 x 1 x -.1 + .1 x .2 x .05 + .3 x .6 x -.075)
    # lalb's usage since 2 November: 100 x 8 x 48 / (24 x 80) = 20, 20, and 30, 30 with twelve tries; lalc has no more than 10 minutes
    ("lala", "teammate_usage_available"): 25.0,
    ("lalb", "teammate_usage_available"): 0.0,  # himself not counted
    ("gswa", "teammate_usage_available"): 0.0,  # the report says nothing of GSW, and covers it
    ("gswa", "projected_minutes"): GSWA_MINUTES,
    ("lala", "prop_over_streak"): 3.0,  # 26 over 13, 22 over 20.5, 20 over 18.5; 18 at 18 is a push, 14 under 14.5
    ("lala", "prop_under_streak"): 0.0,
    ("lala", "over_rate_last_10"): 0.75,
    ("lala", "margin_vs_line_avg_last_5"): 3.1,  # (13 + 1.5 + 1.5 + 0 - .5) / 5
    ("lalf", "prop_over_streak"): 0.0,
    ("lalf", "prop_under_streak"): 4.0,  # 14 at 14 is a push; 12, 10, 8, 6 under 14.5
    ("lalf", "margin_vs_line_avg_last_5"): -4.4,  # (0 - 2.5 - 4.5 - 6.5 - 8.5) / 5
    ("lali", "over_rate_last_10"): 0.6,  # a consensus closes too: 14, 12, 10 over 9.5, and 8, 6 under
    ("lala", "prop_line_delta"): 2.75,  # draftkings and fanduel: (15.5 + 16) / 2 - (12.5 + 13.5) / 2
    ("gswa", "prop_line_delta"): 0.0,  # 15.5, and (15 + 16) / 2
    # variance is the mean (10 and 20 alike), sd at 16 is 4; lines half a point below, at, and 1.5 above make a third of a point
    ("lala", "implied_over_probability"): 1 / (1 + math.exp(-1 / 3 / math.sqrt(2 * math.pi))),
    ("gswa", "implied_over_probability"): 0.5,
    ("lala", "sharp_soft_delta"): -1.25,  # 15.5 - (16 + 17.5) / 2
    ("gswa", "sharp_soft_delta"): 0.0,
    ("lala", "consensus_line_velocity"): 1 / 12,  # 1, 0 and .5 in six hours
    # without a line tonight: lalb, quoted at three of five tips, and lalf; not lalg, quoted at two, nor lali, by no sportsbook
    ("lala", "regulars_without_a_line"): 2.0,
    ("lalf", "regulars_without_a_line"): 1.0,  # himself not counted
    ("gswa", "regulars_without_a_line"): 0.0,
}
MISSING = {
    ("lalb", "prop_line_delta"): "no_line",
    ("lalb", "projected_minutes"): "out",
    ("lalc", "shot_zone_mismatch_score"): "no_shots",
    ("lalc", "prop_over_streak"): "no_lined_games",
    ("lalb", "implied_over_probability"): "no_line",
    ("lalb", "consensus_line_velocity"): "no_line",
    ("lalb", "sharp_soft_delta"): "no_line",
}
LAST_GAME = {
    # as of 26 November: four games are too few for what the opponent allows, and no game of before November tells how points stray
    ("lala", "implied_over_probability"): 0.5,  # bovada's 13 alone, which is the consensus of 12.5, 13, 13.5
    ("gswa", "implied_over_probability"): "no_slope",  # 15 and 16, none at 15.5
    ("lala", "shot_zone_mismatch_score"): "opponent_fewer_than_5_games",
    ("lala", "sharp_soft_delta"): "groups_not_measured",
    ("lala", "consensus_line_velocity"): "no_line_6h_ago",
}
IN_THE_TINY_LEAGUE = [
    *((tiny.GAME, *key, value) for key, value in TINY.items()),
    *((tiny.GAME, *key, reason) for key, reason in MISSING.items()),
    *((tiny.LAST_GAME, *key, value) for key, value in LAST_GAME.items()),
]


@pytest.fixture(scope="module")
def tiny_league() -> Raw:
    return tiny.golden_league()


@pytest.fixture(scope="module")
def tiny_rows(tiny_league: Raw, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    with fill(tmp_path_factory.mktemp("tiny") / "warehouse.duckdb", tiny_league).reading() as work:
        return rows_by_key(build(work, [tiny.GAME, tiny.LAST_GAME]))


@pytest.fixture(scope="module")
def tiny_slow(tiny_league: Raw) -> Slow:
    return Slow(tiny_league)


@pytest.mark.parametrize(("game", "player", "name", "expected"), IN_THE_TINY_LEAGUE)
def test_features_of_the_tiny_league_are_what_they_are_by_hand(
    tiny_rows: Rows, game: str, player: str, name: str, expected: float | str
) -> None:
    row = tiny_rows[game, player]
    if isinstance(expected, str):
        assert (row[name], row[f"{name}_source"]) == (None, f"missing: {expected}")
    else:
        assert same(row[name], expected), row[name]


@pytest.mark.parametrize(("game", "player", "name", "expected"), IN_THE_TINY_LEAGUE)
def test_the_slow_reference_finds_in_the_tiny_league_what_is_there_by_hand(
    tiny_slow: Slow, game: str, player: str, name: str, expected: float | str
) -> None:
    found = tiny_slow.features(game, player)[name]
    if isinstance(expected, str):
        assert (found.value, found.source) == (None, expected)
    else:
        assert same(found.value, expected), found.value


def test_exactly_ten_or_twenty_per_cent_more_or_less_minutes_is_not_beyond() -> None:
    """In floats 33 / 30 - 1 is more than .1."""
    minutes = pa.table({"minutes_last_5": [33.0, 27.0, 36.0, 24.0, 33.01, 26.99, 36.01, 23.99], "minutes_last_10": [30.0] * 8})
    change = feature_called("minutes_change").recipe(Ingredients(minutes, {}))
    assert change.values.tolist() == [0.0, -0.0, 1.0, -1.0, 1.0, -1.0, 2.0, -2.0]


def test_fatigue_is_partial_where_nobody_knows_his_age(tiny_rows: Rows) -> None:
    sources = [tiny_rows[tiny.GAME, player]["fatigue_score_source"] for player in ("lala", "lalc", "lald")]
    assert sources == ["calculated", "calculated_partial", "calculated_partial"]


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


def test_what_a_report_said_lapses_with_the_next_of_its_source_and_with_no_other(whole_rows: Rows) -> None:
    """bosd was doubtful in the morning; LAPSED out by another source, which then spoke of somebody else alone; and what "hand" says holds
    though that one's newest report is later."""
    risks = [whole_rows[GAME, name]["injury_risk"] for name in ("bosd", LAPSED, "chig", TRADED)]
    assert risks == [0.0, 0.0, 3.0, 3.0]


def test_what_an_archive_says_of_a_player_does_not_lapse(whole_rows: Rows) -> None:
    """Its next row is of somebody else, and all later reports are of others."""
    assert [whole_rows["20251206_MIA_NYK", name]["injury_risk"] for name in (IMPORTED, "miag")] == [3.0, 3.0]


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
