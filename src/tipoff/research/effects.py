"""How much one thing differs with another, with an interval and a p-value; and the correction for asking more than once.

In: arrays of one element a row; NaN is missing and leaves the N. Out: `Paired` figures of `tipoff.rates`, clustered by game date. Knows
arrays. It must never know what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.market.prices import FloatArray
from tipoff.rates import Paired, clustered_mean

LEAST_ROWS, LEAST_DATES = 30, 10
"""Fewer rows or game dates are shown and not tested: so few clusters make an interval too narrow (Cameron and Miller 2015, section VI)."""


def effect(values: ArrayLike, on: ArrayLike, days: ArrayLike, strata: ArrayLike | None = None) -> Paired:
    """The change of `values` for one unit of `on`, among rows of equal `strata`: with `on` 0 and 1, the difference of two means.

    Least squares with a constant for each stratum, and the variance clustered by `days`, as `clustered_mean` has it of a mean: the slope is
    sum x y / sum x^2 of deviations from the stratum's means, and each row's pull on it x (y - slope x) / sum x^2. `n` counts the rows of
    strata in which `on` differs; others tell nothing. Where `on` is 0 and 1, and either has fewer than `LEAST_ROWS` rows or `LEAST_DATES`
    dates, there is no interval: rows that barely vary within few clusters would seem certain.

    Sources: R. Frisch, F. Waugh, Econometrica 1, 1933, for the deviations; C. Cameron, D. Miller, "A practitioner's guide to cluster-robust
    inference", Journal of Human Resources 50, 2015, for the variance.
    """
    value, unit = np.asarray(values, dtype=np.float64), np.asarray(on, dtype=np.float64)
    stratum = np.zeros(value.size, dtype=np.int64) if strata is None else np.asarray(strata, dtype=np.int64)
    known = np.isfinite(value) & np.isfinite(unit)
    value, unit, day = value[known], unit[known], np.asarray(days)[known]
    _, stratum = np.unique(stratum[known], return_inverse=True)
    x, y = unit - _mean_of(stratum, unit), value - _mean_of(stratum, value)
    spread = np.zeros(int(stratum.max(initial=-1)) + 1)
    np.maximum.at(spread, stratum, np.abs(x))
    telling = spread[stratum] > 1e-9
    x, y, day, unit = x[telling], y[telling], day[telling], unit[telling]
    if x.size == 0:
        return Paired(0, None, None, None, 0)
    total = float(x @ x)
    slope = float(x @ y) / total
    found = clustered_mean(slope + x.size * x * (y - slope * x) / total, day)
    return found if _enough(unit, day) else Paired(found.n, found.mean, None, None, found.clusters)


def _enough(unit: FloatArray, day: NDArray[Any]) -> bool:
    """Whether either side of a difference has rows and dates to tell its spread; a slope on more than two values has no sides."""
    sides = [day[unit == 1.0], day[unit == 0.0]]
    if sides[0].size + sides[1].size < unit.size:
        return True
    return all(side.size >= LEAST_ROWS and np.unique(side).size >= LEAST_DATES for side in sides)


def _mean_of(group: NDArray[np.intp], values: FloatArray) -> FloatArray:
    """Each row's mean of its group."""
    count = np.bincount(group)
    return np.asarray((np.bincount(group, weights=values) / np.maximum(count, 1))[group])


def p_value(found: Paired) -> float | None:
    """Two-sided: how often a mean of 0 would stray so far, by Student's t at one degree of freedom fewer than clusters.

    None without an interval, and below `LEAST_ROWS` rows or `LEAST_DATES` clusters.
    """
    if found.mean is None or found.low is None or found.high is None or found.n < LEAST_ROWS or found.clusters < LEAST_DATES:
        return None
    from scipy.special import stdtr, stdtrit  # a third of a second to import

    half = (found.high - found.low) / 2
    if half == 0.0:
        return 1.0 if found.mean == 0.0 else 0.0
    freedom = found.clusters - 1
    return float(2.0 * stdtr(freedom, -abs(found.mean) / half * float(stdtrit(freedom, 0.975))))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values corrected for their number: below .05, one holds at a 5 % chance that any of those without an effect does.

    What was not tested (None) stays so, and does not count. Source: S. Holm, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6, 1979: in ascending order, the running maximum of (m - rank) x p, at most 1.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    tested = [(value, place) for place, value in enumerate(p_values) if value is not None]
    found: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (value, place) in enumerate(sorted(tested)):
        largest = max(largest, min(1.0, (len(tested) - rank) * value))
        found[place] = largest
    return found
