"""How each feature is computed from its ingredients: the catalogue's definitions as arithmetic, a few lines each.

Knows ingredients, one array a column. It must never know tables, rows of other players, or what a model makes of it.
"""

from __future__ import annotations

import numpy as np

from tipoff.features.registry import EXCUSED, NOT_SUPPLIED, Floats, Ingredients, Texts, Value, recipe

_STATUS_RISK = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0}


def ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, missing where the bottom is 0 or missing."""
    good = np.isfinite(bottom) & (bottom != 0)
    return np.where(good, top / np.where(good, bottom, 1.0), np.nan)


def clamp(values: Floats, low: float, high: float) -> Floats:
    """Values held within [low, high]; missing stays missing."""
    return np.clip(values, low, high)


def zero_if_missing(values: Floats) -> Floats:
    """Counts: nothing counted is 0, which is a value."""
    return np.where(np.isnan(values), 0.0, values)


def slope(n: Floats, x: Floats, y: Floats, xx: Floats, xy: Floats) -> Floats:
    """Least-squares slope from sums, rising form positive (x is 0 for the newest game, -1 for the one before …)."""
    return ratio(n * xy - x * y, n * xx - x * x)


def choose(condition: np.ndarray[tuple[int], np.dtype[np.bool_]], yes: str, no: str) -> Texts:
    """A reason or source by row."""
    return np.where(condition, yes, no).astype(object)


def has_team(i: Ingredients, otherwise: str) -> Texts:
    """`team_unknown` where the player's newest game was for neither side, else the reason given."""
    return choose(np.isnan(i["is_home"]), "team_unknown", otherwise)


def _opponent_pace(i: Ingredients) -> Floats:
    """f14: the opponent's pace over its last 15 games, missing below 5."""
    return np.where(i["opponent_team_games"] >= 5, i["opponent_pace_last_15"], np.nan)


@recipe("points_avg_last_5")
def _(i: Ingredients) -> Value:
    return Value(i["points_last_5"], "calculated")


@recipe("points_avg_last_10")
def _(i: Ingredients) -> Value:
    return Value(i["points_last_10"], "calculated")


@recipe("points_avg_season")
def _(i: Ingredients) -> Value:
    return Value(i["points_season"], "calculated", choose(zero_if_missing(i["games"]) > 0, EXCUSED, "no_games"))


@recipe("points_std_last_10")
def _(i: Ingredients) -> Value:
    return Value(np.where(i["n_last_10"] >= 3, i["points_sd_last_10"], np.nan), "calculated", "fewer_than_3_games")


@recipe("games_in_last_7_days")
def _(i: Ingredients) -> Value:
    return Value(zero_if_missing(i["games_last_week"]), "calculated")


@recipe("fatigue_score")
def _(i: Ingredients) -> Value:
    games, minutes = zero_if_missing(i["games_last_week"]), zero_if_missing(i["minutes_last_week"])
    pairs, days_rest = zero_if_missing(i["back_to_backs_fortnight"]), i["last_game_days"] - 1
    tired = 15.0 * (days_rest == 0) + 10.0 * (games >= 4) + 10.0 * (minutes > 240)
    tired = (
        tired + 8.0 * (np.where(games > 0, ratio(minutes, games), 0.0) > 35) + np.where(pairs >= 2, 12.0, np.where(pairs == 1, 5.0, 0.0))
    )
    score = clamp(100.0 - tired + 5.0 * (days_rest >= 3), 0.0, 100.0)
    return Value(np.where(np.isnan(i["last_game_days"]), np.nan, score), "calculated_partial")


@recipe("shot_zone_mismatch_score", needs="shots")
def _(i: Ingredients) -> Value:
    return Value(np.full(i.size, np.nan), "calculated", NOT_SUPPLIED)


@recipe("pace_score")
def _(i: Ingredients) -> Value:
    return Value(clamp((_opponent_pace(i) - i["pace_last_10"]) / 2, -3, 3), "calculated", has_team(i, "opponent_fewer_than_5_games"))


@recipe("usage_spike_score")
def _(i: Ingredients) -> Value:
    stars = zero_if_missing(i["star_teammates_out"])
    lift = np.where(stars >= 2, 1.30, np.where(stars == 1, 1.15, 1.0))
    return Value(clamp(0.3 * (i["usage_last_5"] - i["usage_last_20"]) * lift, -3, 3), "calculated", "no_games")


@recipe("rest_advantage")
def _(i: Ingredients) -> Value:
    return Value(clamp(i["team_rest"] - i["opponent_rest"], -2, 2), "calculated", has_team(i, "no_schedule_before"))


@recipe("injury_risk", needs="injuries")
def _(i: Ingredients) -> Value:
    known = np.array([_STATUS_RISK.get(status, np.nan) for status in i.text("injury_status")], dtype=np.float64)
    return Value(known, "store", "no_report_covers_the_game")


@recipe("recent_trend")
def _(i: Ingredients) -> Value:
    rise = i["points_last_2"] - i["points_games_3_to_5"]
    flat = i["points_sd_last_10"] == 0
    trend = np.where(flat, np.sign(rise) * 2.0, ratio(rise, i["points_sd_last_10"]))
    return Value(clamp(np.where(i["games"] >= 5, trend, np.nan), -2, 2), "calculated", "fewer_than_5_games")


@recipe("minutes_change")
def _(i: Ingredients) -> Value:
    change = ratio(i["minutes_last_5"], i["minutes_last_10"]) - 1
    step = np.where(np.abs(change) > 0.20, 2.0, np.where(np.abs(change) > 0.10, 1.0, 0.0)) * np.sign(change)
    return Value(np.where(np.isnan(change), np.nan, step), "minutes")


@recipe("opponent_def_rating")
def _(i: Ingredients) -> Value:
    enough = i["opponent_team_games"] >= 5
    return Value(np.where(enough, i["opponent_def_rating_last_15"], np.nan), "calculated", has_team(i, "opponent_fewer_than_5_games"))


@recipe("opponent_pace")
def _(i: Ingredients) -> Value:
    return Value(_opponent_pace(i), "calculated", has_team(i, "opponent_fewer_than_5_games"))


@recipe("home_away")
def _(i: Ingredients) -> Value:
    return Value(i["is_home"], "store", "team_unknown")


@recipe("back_to_back")
def _(i: Ingredients) -> Value:
    rested = i["team_rest"]
    return Value(np.where(np.isnan(rested), np.nan, (rested == 0) * 1.0), "calculated", has_team(i, "no_schedule_before"))


@recipe("playoff_game")
def _(i: Ingredients) -> Value:
    kinds = i.text("game_type")
    flags = np.array([np.nan if kind is None else float(kind == "playoff") for kind in kinds], dtype=np.float64)
    return Value(flags, "store", "game_type_unknown")


@recipe("pct_paint", needs="shots")
def _(i: Ingredients) -> Value:
    return Value(np.full(i.size, np.nan), "calculated", NOT_SUPPLIED)


@recipe("pct_mid_range", needs="shots")
def _(i: Ingredients) -> Value:
    return Value(np.full(i.size, np.nan), "calculated", NOT_SUPPLIED)


@recipe("pct_three")
def _(i: Ingredients) -> Value:
    return Value(ratio(i["fg3a_last_10"], i["fga_last_10"]), "calculated", choose(i["games"] > 0, "no_attempts", "no_games"))


@recipe("pct_free_throw")
def _(i: Ingredients) -> Value:
    return Value(ratio(i["ftm_last_10"], i["points_sum_last_10"]), "calculated", choose(i["games"] > 0, "no_points", "no_games"))


@recipe("team_pace")
def _(i: Ingredients) -> Value:
    return Value(i["pace_last_10"], "calculated", has_team(i, "no_team_games"))


@recipe("team_off_rating")
def _(i: Ingredients) -> Value:
    return Value(i["off_rating_last_10"], "calculated", has_team(i, "no_team_games"))


@recipe("team_win_pct")
def _(i: Ingredients) -> Value:
    share = np.where(i["team_season_games"] >= 5, i["win_share"], np.nan)
    return Value(share, "calculated", has_team(i, EXCUSED))


def _odds(i: Ingredients, values: Floats) -> Value:
    """A value of the market: at full quality from sportsbooks, as a fallback from somebody's consensus."""
    return Value(values, choose(i.text("line_kind") == "consensus", "consensus", "odds"), "no_line")


@recipe("vegas_points_line")
def _(i: Ingredients) -> Value:
    return _odds(i, i["consensus_line"])


@recipe("vegas_opening_line")
def _(i: Ingredients) -> Value:
    return _odds(i, i["opening_line"])


@recipe("vegas_line_move")
def _(i: Ingredients) -> Value:
    return _odds(i, i["line_movement"])


@recipe("has_vegas_line")
def _(i: Ingredients) -> Value:
    return Value(np.isfinite(i["consensus_line"]) * 1.0, "odds")


@recipe("avg_points_vs_opponent")
def _(i: Ingredients) -> Value:
    met = np.isfinite(i["points_vs_opponent"])
    values = np.where(met, i["points_vs_opponent"], np.where(np.isfinite(i["points_season"]), i["points_season"], i["points_last_10"]))
    return Value(values, choose(met, "opponent_history", "fallback"))


@recipe("games_vs_opponent")
def _(i: Ingredients) -> Value:
    return Value(zero_if_missing(i["games_vs_opponent"]), "opponent_history")


@recipe("minutes_avg_last_10")
def _(i: Ingredients) -> Value:
    return Value(i["minutes_last_10"], "minutes")


@recipe("ppm_avg_last_10")
def _(i: Ingredients) -> Value:
    return Value(ratio(i["points_sum_last_10"], i["minutes_sum_last_10"]), "minutes")


@recipe("dnp_rate")
def _(i: Ingredients) -> Value:
    return Value(i["dnp_share"], "calculated", has_team(i, "no_team_games"))


@recipe("pts_slope_10g")
def _(i: Ingredients) -> Value:
    value = slope(i["n_last_10"], i["x_sum_10"], i["points_sum_last_10"], i["xx_sum_10"], i["xy_sum_10"])
    return Value(value, "calculated", "fewer_than_2_games")


@recipe("pts_vs_season_zscore")
def _(i: Ingredients) -> Value:
    above = i["points_last_5"] - i["points_season"]
    flat = (i["points_sd_season"] == 0) & np.isfinite(above)
    return Value(clamp(np.where(flat, np.sign(above) * 3.0, ratio(above, i["points_sd_season"])), -3, 3), "calculated", "season_too_young")


@recipe("breakout_flag")
def _(i: Ingredients) -> Value:
    bar = i["points_season"] + 1.5 * i["points_sd_season"]
    return Value(np.where(np.isnan(bar), np.nan, (i["points_last_5"] > bar) * 1.0), "calculated", "season_too_young")


@recipe("star_teammates_out", needs="injuries")
def _(i: Ingredients) -> Value:
    return Value(i["star_teammates_out"], "store", "no_report_covers_the_game")


@recipe("game_total_line")
def _(i: Ingredients) -> Value:
    return Value(i["game_total"], "odds", "no_game_line")


@recipe("days_rest")
def _(i: Ingredients) -> Value:
    return Value(i["last_game_days"] - 1, "calculated")


@recipe("minutes_load_last_7d")
def _(i: Ingredients) -> Value:
    return Value(zero_if_missing(i["minutes_last_week"]), "minutes")


@recipe("spread_magnitude")
def _(i: Ingredients) -> Value:
    return Value(np.abs(i["home_spread"]), "odds", "no_game_line")


@recipe("implied_team_total")
def _(i: Ingredients) -> Value:
    signed = np.where(i["is_home"] == 1, -i["home_spread"], i["home_spread"])
    total = np.where(np.isnan(i["is_home"]), np.nan, (i["game_total"] + signed) / 2)
    return Value(total, "odds", has_team(i, "no_game_line"))


@recipe("points_avg_last_3")
def _(i: Ingredients) -> Value:
    return Value(i["points_last_3"], "calculated")


@recipe("scoring_trend_slope")
def _(i: Ingredients) -> Value:
    value = slope(i["n_last_7"], i["x_sum_7"], i["y_sum_7"], i["xx_sum_7"], i["xy_sum_7"])
    return Value(np.where(i["n_last_7"] >= 4, value, np.nan), "calculated", "fewer_than_4_games")


@recipe("deviation_from_avg_last3")
def _(i: Ingredients) -> Value:
    above = i["points_last_3"] - i["points_60_days"]
    return Value(clamp(ratio(above, i["points_sd_60_days"]), -5, 5), "calculated", "too_few_games_in_60_days")


@recipe("consecutive_games_below_avg")
def _(i: Ingredients) -> Value:
    streak = np.where(np.isnan(i["first_not_below"]), i["games"], i["first_not_below"])
    return Value(np.minimum(streak, 30.0), "calculated")


@recipe("usage_rate_last_5")
def _(i: Ingredients) -> Value:
    return Value(i["usage_last_5"], "calculated")


@recipe("games_since_structural_change")
def _(i: Ingredients) -> Value:
    since = np.where(np.isnan(i["first_break"]), i["games"], i["first_break"] + 1)
    since = np.where(i["long_away"] == 1, 0.0, since)
    return Value(np.minimum(since, 30.0), "calculated")


@recipe("multi_book_line_std")
def _(i: Ingredients) -> Value:
    return Value(i["line_std"], "odds", choose(np.isfinite(i["consensus_line"]), "fewer_than_2_books", "no_line"))


@recipe("line_vs_season_avg")
def _(i: Ingredients) -> Value:
    reason = choose(np.isfinite(i["consensus_line"]), "no_season_average", "no_line")
    return Value(i["consensus_line"] - i["points_season"], choose(i.text("line_kind") == "consensus", "consensus", "odds"), reason)


@recipe("blowout_minutes_risk")
def _(i: Ingredients) -> Value:
    return Value(i["blowout_share"], "calculated", has_team(i, "no_team_games"))


@recipe("minutes_volatility_last_10")
def _(i: Ingredients) -> Value:
    return Value(i["minutes_sd_last_10"], "minutes", "fewer_than_2_games")


@recipe("opponent_pace_mismatch")
def _(i: Ingredients) -> Value:
    return Value(_opponent_pace(i) - i["pace_last_10"], "calculated", has_team(i, "opponent_fewer_than_5_games"))
