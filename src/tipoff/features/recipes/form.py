"""Recipes of a player's own form: points, minutes, load, streaks."""

from __future__ import annotations

import numpy as np

from tipoff.features.recipes.arithmetic import BOX, choose, clamp, ratio, zero_if_missing
from tipoff.features.registry import EXCUSED, Ingredients, Value, recipe


@recipe("points_avg_last_5", *BOX)
def _(i: Ingredients) -> Value:
    """Fewer than five games played: the mean of those there are."""
    return Value(i["points_last_5"], "calculated")


@recipe("points_avg_last_10", *BOX)
def _(i: Ingredients) -> Value:
    """Fewer than ten games played: the mean of those there are."""
    return Value(i["points_last_10"], "calculated")


@recipe("points_avg_season", *BOX)
def _(i: Ingredients) -> Value:
    """Over the games played this season; without one it is missing, `warm_up`."""
    return Value(i["points_season"], "calculated", choose(i["games"] > 0, EXCUSED, "no_games"))


@recipe("points_std_last_10", *BOX)
def _(i: Ingredients) -> Value:
    """Sample standard deviation over the last ten games played, from three on."""
    return Value(np.where(i["n_last_10"] >= 3, i["points_sd_last_10"], np.nan), "calculated", "fewer_than_3_games")


@recipe("games_in_last_7_days", *BOX)
def _(i: Ingredients) -> Value:
    """Games that he played himself, on the seven days before the game day."""
    return Value(i["games_last_week"], "calculated")


@recipe("fatigue_score", *BOX, "ref.players")
def _(i: Ingredients) -> Value:
    """Games, minutes and back-to-backs are his own; a back-to-back tonight is a game of his yesterday. Age is in completed years on the
    game day; without a birth date its term is left out, and the source is `calculated_partial`."""
    games, minutes, pairs = i["games_last_week"], i["minutes_last_week"], i["back_to_backs_fortnight"]
    days_rest, age = i["last_game_days"] - 1, i["age"]
    tired = 15.0 * (days_rest == 0) + 10.0 * (games >= 4) + 10.0 * (minutes > 240)
    tired += 8.0 * (zero_if_missing(ratio(minutes, games)) > 35) + np.where(pairs >= 2, 12.0, np.where(pairs == 1, 5.0, 0.0))
    tired += np.where(age >= 35, 10.0, np.where(age >= 30, 5.0, 0.0))
    score = clamp(100.0 - tired + 5.0 * (days_rest >= 3), 0.0, 100.0)
    return Value(np.where(np.isnan(days_rest), np.nan, score), choose(np.isnan(age), "calculated_partial", "calculated"))


@recipe("recent_trend", *BOX)
def _(i: Ingredients) -> Value:
    """Needs five games played. Where all of the last ten were equal in points there is no unit: a rise counts +2, a fall -2."""
    rise = i["points_last_2"] - i["points_games_3_to_5"]
    flat = i["points_sd_last_10"] == 0
    trend = np.where(flat, np.sign(rise) * 2.0, ratio(rise, i["points_sd_last_10"]))
    return Value(clamp(np.where(i["games"] >= 5, trend, np.nan), -2, 2), "calculated", "fewer_than_5_games")


@recipe("minutes_change", *BOX)
def _(i: Ingredients) -> Value:
    """Means over the last five and the last ten games played; exactly 10 % or 20 % is not beyond."""
    change = np.round(ratio(i["minutes_last_5"], i["minutes_last_10"]) - 1, 9)  # in floats 33 / 30 - 1 is more than a tenth
    step = np.where(np.abs(change) > 0.20, 2.0, np.where(np.abs(change) > 0.10, 1.0, 0.0)) * np.sign(change)
    return Value(np.where(np.isnan(change), np.nan, step), "minutes")


@recipe("pct_three", *BOX)
def _(i: Ingredients) -> Value:
    """Sums over the last ten games played: three-point attempts / attempts."""
    return Value(ratio(i["fg3a_last_10"], i["fga_last_10"]), "calculated", choose(i["games"] > 0, "no_attempts", "no_games"))


@recipe("pct_free_throw", *BOX)
def _(i: Ingredients) -> Value:
    """Sums over the last ten games played: free throws made / points."""
    return Value(ratio(i["ftm_last_10"], i["points_sum_last_10"]), "calculated", choose(i["games"] > 0, "no_points", "no_games"))


@recipe("avg_points_vs_opponent", *BOX)
def _(i: Ingredients) -> Value:
    """Games of the last 365 days against tonight's opponent; without one the season's mean, before the season's first game the mean of the
    last ten (`fallback`, quality 40)."""
    met = np.isfinite(i["points_vs_opponent"])
    values = np.where(met, i["points_vs_opponent"], np.where(np.isfinite(i["points_season"]), i["points_season"], i["points_last_10"]))
    return Value(values, choose(met, "opponent_history", "fallback"))


@recipe("games_vs_opponent", *BOX)
def _(i: Ingredients) -> Value:
    """Games that he played against tonight's opponent in the last 365 days; whose team is unknown has no opponent."""
    return Value(np.where(np.isnan(i["is_home"]), np.nan, i["games_vs_opponent"]), "opponent_history", "team_unknown")


@recipe("minutes_avg_last_10", *BOX)
def _(i: Ingredients) -> Value:
    """Fewer than ten games played: the mean of those there are."""
    return Value(i["minutes_last_10"], "minutes")


@recipe("ppm_avg_last_10", *BOX)
def _(i: Ingredients) -> Value:
    """Sums over the last ten games played: points / minutes."""
    return Value(ratio(i["points_sum_last_10"], i["minutes_sum_last_10"]), "minutes")


@recipe("pts_slope_10g", *BOX)
def _(i: Ingredients) -> Value:
    """Points on the number of the game, over the last ten games played, from two on."""
    return Value(i["slope_last_10"], "calculated", "fewer_than_2_games")


@recipe("pts_vs_season_zscore", *BOX)
def _(i: Ingredients) -> Value:
    """(Mean of the last five - season mean) / season standard deviation. Where that is 0: +3 above, -3 below, 0 at the mean."""
    above = i["points_last_5"] - i["points_season"]
    flat = (i["points_sd_season"] == 0) & np.isfinite(above)
    return Value(clamp(np.where(flat, np.sign(above) * 3.0, ratio(above, i["points_sd_season"])), -3, 3), "calculated", "season_too_young")


@recipe("breakout_flag", *BOX)
def _(i: Ingredients) -> Value:
    """Needs two games played this season, for its standard deviation."""
    bar = i["points_season"] + 1.5 * i["points_sd_season"]
    return Value(np.where(np.isnan(bar), np.nan, (i["points_last_5"] > bar) * 1.0), "calculated", "season_too_young")


@recipe("days_rest", *BOX)
def _(i: Ingredients) -> Value:
    """Since the last game that he played himself: 0 the day after."""
    return Value(i["last_game_days"] - 1, "calculated")


@recipe("minutes_load_last_7d", *BOX)
def _(i: Ingredients) -> Value:
    """Minutes played on the seven days before the game day."""
    return Value(i["minutes_last_week"], "minutes")


@recipe("points_avg_last_3", *BOX)
def _(i: Ingredients) -> Value:
    """Mean points of the last three games played, or of those there are."""
    return Value(i["points_last_3"], "calculated")


@recipe("scoring_trend_slope", *BOX)
def _(i: Ingredients) -> Value:
    """Least-squares slope of points on the number of the game, over the last seven games played, from four on."""
    return Value(np.where(i["n_last_7"] >= 4, i["slope_last_7"], np.nan), "calculated", "fewer_than_4_games")


@recipe("deviation_from_avg_last3", *BOX)
def _(i: Ingredients) -> Value:
    """(Mean of the last three - mean of the last 60 days) / standard deviation of these 60 days, clamped to +-5."""
    above = i["points_last_3"] - i["points_60_days"]
    return Value(clamp(ratio(above, i["points_sd_60_days"]), -5, 5), "calculated", "too_few_games_in_60_days")


@recipe("consecutive_games_below_avg", *BOX)
def _(i: Ingredients) -> Value:
    """From the newest game back, games with fewer points than the mean of all games before them on record; capped at 30."""
    streak = np.where(np.isnan(i["first_not_below"]), i["games"], i["first_not_below"])
    return Value(np.where(i["games"] > 0, np.minimum(streak, 30.0), np.nan), "calculated")


@recipe("usage_rate_last_5", *BOX)
def _(i: Ingredients) -> Value:
    """Mean of his usage rates: 100 x (FGA + .44 FTA + TOV) x (team minutes / 5) / (minutes x the team's FGA + .44 FTA + TOV)."""
    return Value(i["usage_last_5"], "calculated")


@recipe("games_since_structural_change", *BOX)
def _(i: Ingredients) -> Value:
    """Games played since, the one after the change being the first; 0 while a gap of more than 14 days lasts."""
    since = np.where(np.isnan(i["first_break"]), i["games"], i["first_break"] + 1)
    since = np.where(i["long_away"] == 1, 0.0, since)
    return Value(np.where(i["games"] > 0, np.minimum(since, 30.0), np.nan), "calculated")


@recipe("minutes_volatility_last_10", *BOX)
def _(i: Ingredients) -> Value:
    """From two games played on."""
    return Value(i["minutes_sd_last_10"], "minutes", "fewer_than_2_games")
