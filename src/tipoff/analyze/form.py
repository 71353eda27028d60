"""A player's form as known at each row's moment: sums and means over the games that he played, newest first.

Games that he did not play are in no average. Knows past box scores and past closing lines; it must never know the game of the row itself.
"""

from __future__ import annotations

import numpy as np

from tipoff.analyze.past import Bools, Floats, Ints, Past, divide
from tipoff.analyze.roster import Rows
from tipoff.analyze.scene import REACH, Scene

STRUCTURAL_GAP_DAYS = 14


def form(scene: Scene, rows: Rows, closing: Floats) -> dict[str, Floats]:
    """One value a row for each name. `closing` is the closing line of each of the scene's played games, NaN where there was none."""
    found: dict[str, list[Floats]] = {}
    for part, past in scene.played.parts(rows.asked, REACH):
        for values in (_scoring(scene, rows, part, past), _load(past), _changes(past), _against_the_line(past, closing)):
            for name, column in values.items():
                found.setdefault(name, []).append(column)
    return {name: np.concatenate(columns) for name, columns in found.items()} if found else _nothing(scene, rows, closing)


def _nothing(scene: Scene, rows: Rows, closing: Floats) -> dict[str, Floats]:
    """The same names without rows."""
    part, past = slice(0, 0), scene.played.known(rows.asked, REACH)
    return _scoring(scene, rows, part, past) | _load(past) | _changes(past) | _against_the_line(past, closing)


def _scoring(scene: Scene, rows: Rows, part: slice, past: Past) -> dict[str, Floats]:
    game = rows.game[part]
    season = past.where(past["season"] == scene.games.season[game][past.row])
    newest = {size: past.newest(size) for size in (3, 5, 10, 20)}
    last = newest[10]
    met = past.where((past["opponent"] == rows.opponent[part][past.row]) & (past.age <= 365))
    two_months = past.where(past.age <= 60)
    return {
        "games": past.count(),
        "points_last_2": past.newest(2).mean("points"),
        "points_games_3_to_5": newest[5].where(newest[5].place >= 2).mean("points"),
        "points_last_3": newest[3].mean("points"),
        "points_last_5": newest[5].mean("points"),
        "points_last_10": last.mean("points"),
        "points_sd_last_10": last.sd("points"),
        "points_season": season.mean("points"),
        "points_sd_season": season.sd("points"),
        "games_season": season.count(),
        "points_sum_last_10": last.total("points"),
        "minutes_sum_last_10": last.total("minutes"),
        "minutes_last_5": newest[5].mean("minutes"),
        "minutes_last_10": last.mean("minutes"),
        "minutes_sd_last_10": last.sd("minutes"),
        "fga_last_10": last.total("fga"),
        "fg3a_last_10": last.total("fg3a"),
        "ftm_last_10": last.total("ftm"),
        "usage_last_5": newest[5].mean("usage_rate"),
        "usage_last_20": newest[20].mean("usage_rate"),
        "n_last_10": last.count(),
        "slope_last_10": _slope(last),
        "slope_last_7": _slope(past.newest(7)),
        "n_last_7": past.newest(7).count(),
        "points_60_days": two_months.mean("points"),
        "points_sd_60_days": two_months.sd("points"),
        "points_vs_opponent": met.mean("points"),
        "games_vs_opponent": met.count(),
        "first_not_below": _first_not_below(past),
    }


def _slope(past: Past) -> Floats:
    """Least-squares slope of points on games, rising form positive: the newest game is at 0, the one before at -1 …"""
    x, y, n = -past.place.astype(np.float64), past["points"], past.count()
    sx, sy = past.total(x), past.total(y)
    return divide(n * past.total(x * y) - sx * sy, n * past.total(x * x) - sx * sx)


def _first_not_below(past: Past) -> Floats:
    """The place of the newest game that did not fall short of the average that stood before it; the first game of all had none."""
    points = np.where(np.isnan(past["points"]), 0.0, past["points"])
    so_far = np.concatenate(([0.0], np.cumsum(points)))
    older_sum = so_far[past.bounds[1:]][past.row] - so_far[1:]
    older_count = (past.counts[past.row] - 1 - past.place).astype(np.float64)
    average = divide(older_sum, older_count)
    return past.place_of_first(~(points < average))


def _load(past: Past) -> dict[str, Floats]:
    week = past.where(past.age <= 7)
    gap, _ = _before(past)
    return {
        "games_last_week": week.count(),
        "minutes_last_week": week.total("minutes"),
        "back_to_backs_fortnight": past.where((past.age <= 14) & (gap == 1)).count(),
        "last_game_days": past.asked.day - past.first("day"),
    }


def _before(past: Past) -> tuple[Ints, Bools]:
    """Of each listed game the days since the one before it (0: none before), and whether that one was for another team."""
    day, team = past["day"], past["team"]
    older = np.zeros(len(day), dtype=np.bool_)
    older[:-1] = past.row[1:] == past.row[:-1]
    gap, moved = np.zeros(len(day), dtype=np.int64), np.zeros(len(day), dtype=np.bool_)
    gap[:-1] = np.where(older[:-1], day[:-1] - day[1:], 0)
    moved[:-1] = older[:-1] & (team[:-1] != team[1:])
    return gap, moved


def _changes(past: Past) -> dict[str, Floats]:
    gap, moved = _before(past)
    return {
        "first_break": past.place_of_first((gap > STRUCTURAL_GAP_DAYS) | moved),
        "long_away": (past.asked.day - past.first("day") > STRUCTURAL_GAP_DAYS).astype(np.float64),
    }


def _against_the_line(past: Past, closing: Floats) -> dict[str, Floats]:
    """How his points stood to the closing lines: a push, or a game without a line, decides nothing."""
    line = closing[past.index]
    margin = past["points"] - line
    lined = past.where(np.isfinite(margin))
    decided = past.where(np.isfinite(margin) & (margin != 0))
    over = decided["points"] > closing[decided.index]
    of_last_10 = decided.newest(10)
    over_10 = (of_last_10["points"] > closing[of_last_10.index]) * 1.0
    five = lined.newest(5)
    return {
        "decided_games": decided.count(),
        "over_streak": decided.run(over),
        "under_streak": decided.run(~over),
        "over_rate_last_10": of_last_10.mean(over_10),
        "margin_last_5": five.mean(five["points"] - closing[five.index]),
    }
