"""The slow reference of form: what hangs on a player's own past games alone. Plain Python; it must never import anything from `tipoff`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from statistics import fmean, stdev

from features.raw_rows import Row
from features.slow_kinds import Found, Past


def form(played: Sequence[Past], game: Row, born: date | None) -> dict[str, Found]:
    """What hangs on the player's own games alone, newest first in `played`."""
    points = [past.points for past in played]
    season = [past.points for past in played if past.season == game["season"]]
    days = [(game["game_date"] - past.day).days for past in played]
    week = [past for past, ago in zip(played, days, strict=True) if ago <= 7]
    two_months = [past.points for past, ago in zip(played, days, strict=True) if ago <= 60]
    ten = played[:10]
    season_mean, season_sd = mean(season), stdev(season) if len(season) >= 2 else None
    sd_ten = stdev(points[:10]) if len(ten) >= 3 else None
    bar = season_mean + 1.5 * season_sd if season_mean is not None and season_sd is not None else None
    tries, scored = sum(past.line["fga"] for past in ten), sum(past.points for past in ten)
    above = None if season_mean is None or not points else fmean(points[:5]) - season_mean
    return {
        "points_avg_last_3": Found(mean(points[:3])),
        "points_avg_last_5": Found(mean(points[:5])),
        "points_avg_last_10": Found(mean(points[:10])),
        "points_avg_season": Found(season_mean, "calculated" if season or not played else "warm_up"),
        "points_std_last_10": Found(sd_ten),
        "games_in_last_7_days": Found(float(len(week))),
        "fatigue_score": Found(
            _fatigue(played, week, days, None if born is None else age_on(game["game_date"], born)),
            "calculated_partial" if born is None else "calculated",
        ),
        "recent_trend": Found(_trend(points, sd_ten)),
        "minutes_change": Found(_minutes_change([past.minutes for past in ten]), "minutes"),
        "pct_three": Found(sum(past.line["fg3a"] for past in ten) / tries if tries else None),
        "pct_free_throw": Found(sum(past.line["ftm"] for past in ten) / scored if scored else None),
        "minutes_avg_last_10": Found(mean([past.minutes for past in ten]), "minutes"),
        "ppm_avg_last_10": Found(scored / math.fsum(past.minutes for past in ten) if ten else None, "minutes"),
        "pts_slope_10g": Found(slope(points[:10])),
        "pts_vs_season_zscore": Found(_in_units(above, season_sd, 3)),
        "breakout_flag": Found(None if bar is None else float(fmean(points[:5]) > bar)),
        "days_rest": Found(float(days[0] - 1) if days else None),
        "minutes_load_last_7d": Found(math.fsum(past.minutes for past in week), "minutes"),
        "scoring_trend_slope": Found(slope(points[:7]) if len(points) >= 4 else None),
        "deviation_from_avg_last3": Found(_deviation(points[:3], two_months)),
        "consecutive_games_below_avg": Found(_below_average(points)),
        "usage_rate_last_5": Found(mean([past.usage for past in played[:5] if past.usage is not None])),
        "games_since_structural_change": Found(_since_change(played, game)),
        "minutes_volatility_last_10": Found(stdev(past.minutes for past in ten) if len(ten) >= 2 else None, "minutes"),
    }


def age_on(day: date, born: date) -> int:
    """Completed years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _fatigue(played: Sequence[Past], week: Sequence[Past], days: Sequence[int], age: int | None) -> float | None:
    """The player's own days count, not his team's; minutes per game are those of the week; a back-to-back belongs to the fortnight by its
    second game, tonight's not counted (it has a term of its own). Without a date of birth there is no age term."""
    if not played:
        return None
    minutes = math.fsum(past.minutes for past in week)
    pairs = sum(1 for newer, older, ago in zip(played, played[1:], days, strict=False) if ago <= 14 and (newer.day - older.day).days == 1)
    tired = 15.0 * (days[0] == 1) + 10.0 * (len(week) >= 4) + 10.0 * (minutes > 240)
    tired += 8.0 * (bool(week) and minutes / len(week) > 35) + (12.0 if pairs >= 2 else 5.0 * pairs)
    if age is not None:
        tired += 10.0 if age >= 35 else 5.0 if age >= 30 else 0.0
    return clamp(100.0 - tired + 5.0 * (days[0] - 1 >= 3), 0.0, 100.0)


def _trend(points: Sequence[float], sd: float | None) -> float | None:
    """Five games are needed; where all ten last games are alike in points, any rise is as large as can be."""
    if len(points) < 5:
        return None
    return _in_units(fmean(points[:2]) - fmean(points[2:5]), sd, 2)


def _in_units(rise: float | None, sd: float | None, most: float) -> float | None:
    if rise is None or sd is None:
        return None
    if sd == 0:
        return 0.0 if rise == 0 else math.copysign(most, rise)
    return clamp(rise / sd, -most, most)


def _minutes_change(minutes: Sequence[float]) -> float | None:
    if not minutes:
        return None
    change = round(fmean(minutes[:5]) / fmean(minutes) - 1, 9)  # a tenth is not beyond a tenth, whatever floats make of it
    return math.copysign(2.0 if abs(change) > 0.20 else 1.0 if abs(change) > 0.10 else 0.0, change)


def _deviation(three: Sequence[float], two_months: Sequence[float]) -> float | None:
    """(mean of the last three - mean of 60 days) in standard deviations of those 60 days."""
    if len(two_months) < 2 or stdev(two_months) == 0:
        return None
    return clamp((fmean(three) - fmean(two_months)) / stdev(two_months), -5, 5)


def _below_average(points: Sequence[float]) -> float | None:
    """Newest first; a game with none before it ends the row of games."""
    if not points:
        return None
    streak = 0
    for place, scored in enumerate(points):
        before = points[place + 1 :]
        if not before or scored >= fmean(before):
            break
        streak += 1
    return float(min(streak, 30))


def _since_change(played: Sequence[Past], game: Row) -> float | None:
    """Games since another team or more than 14 days without a game; the gap before tonight counts as any other."""
    if not played:
        return None
    if (game["game_date"] - played[0].day).days > 14:
        return 0.0
    since = 1
    for newer, older in pairwise(played):
        if newer.team != older.team or (newer.day - older.day).days > 14:
            break
        since += 1
    return float(min(since, 30))


def usage_spike(played: Sequence[Past], lift: float) -> float | None:
    """Projected usage is read as that of the last 5 games, baseline usage as that of the last 20."""
    last, base = (mean([past.usage for past in played[:size] if past.usage is not None]) for size in (5, 20))
    return None if last is None or base is None else clamp(0.3 * (last - base) * lift, -3, 3)


def slope(newest_first: Sequence[float]) -> float | None:
    """Least squares over equal steps of time, rising form positive."""
    if len(newest_first) < 2:
        return None
    values = list(reversed(newest_first))
    middle, mean = (len(values) - 1) / 2, fmean(values)
    covariance = math.fsum((place - middle) * (value - mean) for place, value in enumerate(values))
    return covariance / math.fsum((place - middle) ** 2 for place in range(len(values)))


def mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
