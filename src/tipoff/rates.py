"""A rate or a mean stands with its N and its interval: one small room for both, since many rooms speak of them.

Knows counts and values. It must never know what was counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInput

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """`wins` of `n`, the share, and its Wilson interval; the last three are None at n = 0."""

    n: int
    wins: int
    rate: float | None
    low: float | None
    high: float | None


def wilson(wins: int, n: int, z: float = Z_95) -> Rate:
    """The rate wins / n with its Wilson score interval, which stays in [0, 1] and is honest for small n.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    >>> wilson(81, 263).low  # doctest: +ELLIPSIS
    0.255...
    """
    if not 0 <= wins <= n:
        raise BadInput(f"{wins} wins of {n} is not a count.", hint="Give 0 <= wins <= n.")
    if n == 0:
        return Rate(0, 0, None, None, None)
    share = wins / n
    widened = 1.0 + z * z / n
    centre = (share + z * z / (2.0 * n)) / widened
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / widened
    low = 0.0 if wins == 0 else max(0.0, centre - half)
    high = 1.0 if wins == n else min(1.0, centre + half)
    return Rate(n, wins, share, low, high)


@dataclass(frozen=True)
class Paired:
    """A mean over `n` rows in `clusters` clusters; None at n = 0, and without an interval in a single cluster."""

    n: int
    mean: float | None
    low: float | None
    high: float | None
    clusters: int


def clustered_mean(values: ArrayLike, clusters: ArrayLike | Sequence[object]) -> Paired:
    """The mean of `values` and its interval, with rows of one cluster (one game date) allowed to move together.

    The variance of the mean is G/(G-1) times the sum over clusters of (sum of residuals)^2, over n^2; the interval has
    Student's t at G - 1 degrees of freedom, which matters below some thirty dates. Used for a mean difference, a return
    on stakes with its interval, or a closing line value.

    Source: C. Cameron, D. Miller, "A practitioner's guide to cluster-robust inference", Journal of Human Resources 50,
    2015, for a regression on a constant.
    """
    every, label = np.asarray(values, dtype=np.float64).ravel(), np.asarray(clusters).ravel()
    if every.size != label.size:
        raise BadInput(f"{every.size} values, {label.size} clusters.", hint="Give one game date for every value.")
    known = ~np.isnan(every)
    value = every[known]
    if value.size == 0:
        return Paired(0, None, None, None, 0)
    member, count = _members(label[known])
    mean = float(np.mean(value))
    residual = np.bincount(member, weights=value - mean)
    return _interval(value.size, mean, float(np.sum(residual * residual)), count)


def clustered_means(values: ArrayLike, clusters: ArrayLike | Sequence[object], groups: NDArray[np.int64], count: int) -> tuple[Paired, ...]:
    """`clustered_mean` of each of `count` groups at once: a row's group is its index, and rows with another one are left out.

    One pass over the rows, however many the groups: within a group the residuals of a cluster sum to its values less its rows times the
    group's mean.
    """
    value, label = np.asarray(values, dtype=np.float64).ravel(), np.asarray(clusters).ravel()
    if not value.size == label.size == groups.size:
        raise BadInput(f"{value.size} values, {label.size} clusters, {groups.size} groups.", hint="Give one of each for every row.")
    known = ~np.isnan(value) & (groups >= 0) & (groups < count)
    value, group = value[known], groups[known]
    if value.size == 0:
        return (Paired(0, None, None, None, 0),) * count
    member, _ = _members(label[known])
    width = int(member.max()) + 1
    cell = group * width + member
    rows = np.bincount(cell, minlength=count * width).reshape(count, width)
    sums = np.bincount(cell, weights=value, minlength=count * width).reshape(count, width)
    n = rows.sum(axis=1)
    mean = sums.sum(axis=1) / np.maximum(n, 1)
    squares = np.sum((sums - rows * mean[:, None]) ** 2, axis=1)
    filled = np.count_nonzero(rows, axis=1)
    return tuple(_interval(*each) for each in zip(n.tolist(), mean.tolist(), squares.tolist(), filled.tolist(), strict=True))


def _interval(n: int, mean: float, squares: float, clusters: int) -> Paired:
    """The interval of a mean from the sum over its clusters of their squared sums of residuals."""
    if n == 0:
        return Paired(0, None, None, None, 0)
    if clusters < 2:
        return Paired(n, mean, None, None, clusters)
    from scipy.special import stdtrit  # a third of a second to import, and only intervals of means need it

    half = float(stdtrit(clusters - 1, 0.975)) * math.sqrt(clusters / (clusters - 1) * squares) / n
    return Paired(n, mean, mean - half, mean + half, clusters)


def _members(label: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """A number for each row's cluster, and how many clusters have a row. Dates and whole numbers that lie close together number
    themselves, which spares a sort: a report asks for thousands of intervals; numbers that nobody has sum to nothing."""
    if label.dtype.kind in "iM":
        number = label.astype(np.int64)
        first, last = int(number.min()), int(number.max())
        if last - first < 16 * label.size + 1024:
            return number - first, int(np.count_nonzero(np.bincount(number - first)))
    names, member = np.unique(label, return_inverse=True)
    return member.ravel(), int(names.size)
