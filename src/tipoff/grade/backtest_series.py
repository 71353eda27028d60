"""A backtest in order of time: errors by week, and units won by game date.

In: what a system said, in order of date. Out: columns of plain numbers of equal length. It must never know a chart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.grade.backtest_rows import Bet, Days, Said
from tipoff.grade.metrics import shifted_line
from tipoff.market.prices import FloatArray


@dataclass(frozen=True)
class Weeks:
    """By week, named by its Monday: n lined rows, MAE, and the shifted line's on the same rows."""

    week: tuple[str, ...]
    n: tuple[int, ...]
    mae: tuple[float, ...]
    shifted_line_mae: tuple[float, ...]


@dataclass(frozen=True)
class Units:
    """By game date, on decided recommendations: how many had a price, and the units that they won; the same of always-UNDER."""

    day: tuple[str, ...]
    bets: tuple[int, ...]
    units: tuple[float, ...]
    under_bets: tuple[int, ...]
    under_units: tuple[float, ...]


@dataclass(frozen=True)
class Series:
    """One system's figures in order of time."""

    weeks: Weeks
    units: Units


def series_of(said: Said) -> Series:
    """Weeks with a lined row, and dates with a bet whose units are known."""
    return Series(_weeks(said), _units(said.picks))


def _weeks(said: Said) -> Weeks:
    facts = said.facts
    miss = np.abs(said.predicted_whole - facts.actual_points)
    shifted = np.abs(shifted_line(facts.line) - facts.actual_points)
    known = np.isfinite(miss) & np.isfinite(shifted)
    week, member, n = np.unique(monday(facts.days[known]), return_inverse=True, return_counts=True)
    return Weeks(
        week=tuple(str(day) for day in week),
        n=tuple(n.tolist()),
        mae=_sums(miss[known] / n[member], member, n.size),
        shifted_line_mae=_sums(shifted[known] / n[member], member, n.size),
    )


def monday(days: Days) -> Days:
    """The Monday of each date's week. The epoch was a Thursday."""
    since_a_monday = (days.astype(np.int64) + 3) % 7
    return np.asarray(days - since_a_monday.astype("timedelta64[D]"))


def _units(picks: Bet) -> Units:
    """Pushes and voids, which return the stake, move no sum and are not counted."""
    decided = np.isfinite(picks.units) & (picks.units != 0.0)
    under = np.isfinite(picks.under_units) & (picks.under_units != 0.0)
    day, member = np.unique(picks.days[decided | under], return_inverse=True)
    counted = decided[decided | under], under[decided | under]
    won, under_won = picks.units[decided | under], picks.under_units[decided | under]
    return Units(
        day=tuple(str(date) for date in day),
        bets=tuple(np.bincount(member, weights=counted[0], minlength=day.size).astype(int).tolist()),
        units=_sums(np.where(counted[0], won, 0.0), member, day.size),
        under_bets=tuple(np.bincount(member, weights=counted[1], minlength=day.size).astype(int).tolist()),
        under_units=_sums(np.where(counted[1], under_won, 0.0), member, day.size),
    )


def _sums(values: FloatArray, member: np.ndarray[tuple[int], np.dtype[np.int64]], size: int) -> tuple[float, ...]:
    return tuple(np.bincount(member, weights=values, minlength=size).tolist())
