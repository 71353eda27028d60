"""Distributions of whole points: what a prediction says beyond its one number.

In: P(points <= k) for k = 0 … 100, one row a prediction, NaN where nothing is said. Out: its mean, medians, intervals, chances at a line,
fair prices, and what it costs once the points are known. It must never know a system, a model, or a table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Grid = np.ndarray[tuple[int, int], np.dtype[np.float64]]

MOST_POINTS = 100
MAX_PREDICTED = 60.0
LEAST_CHANCE = 1e-6
"""What a score of points costs at most to somebody who held it for impossible: 13.8 nats."""


@dataclass(frozen=True)
class Distribution:
    """P(points <= k) for k = 0 … 100, shape (rows, 101)."""

    cumulative: Grid

    @property
    def size(self) -> int:
        return len(self.cumulative)

    @property
    def spoken(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which rows say anything."""
        return ~np.isnan(self.cumulative[:, -1])

    def take(self, rows: np.ndarray[tuple[int], np.dtype[np.int64 | np.bool_]]) -> Distribution:
        """Some of the rows."""
        return Distribution(self.cumulative[rows])

    @property
    def mass(self) -> Grid:
        """P(points = k)."""
        return np.asarray(np.diff(self.cumulative, axis=1, prepend=0.0))

    def mean(self) -> Vector:
        """Expected points: the sum of P(points > k)."""
        return np.asarray(MOST_POINTS - self.cumulative[:, :-1].sum(axis=1))

    def sd(self) -> Vector:
        """Standard deviation of points."""
        values = np.arange(MOST_POINTS + 1.0)
        mass = self.mass
        # Not by a product of matrices, whose last bit of a row depends on how many rows there are.
        variance = (mass * values**2).sum(axis=1) - (mass * values).sum(axis=1) ** 2
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))

    def whole_median(self) -> Vector:
        """The least whole k with P(points <= k) >= 1/2: the number that errs least in the mean of |k - points|."""
        return np.where(self.spoken, (self.cumulative >= 0.5).argmax(axis=1), np.nan)

    def median(self) -> Vector:
        """The interpolated median, each whole k spread over [k - .5, k + .5], held within [0, 60]."""
        whole = np.nan_to_num(self.whole_median()).astype(np.int64)
        rows = np.arange(len(whole))
        above = self.cumulative[rows, whole]
        below = np.where(whole > 0, self.cumulative[rows, np.maximum(whole - 1, 0)], 0.0)
        share = np.divide(0.5 - below, above - below, out=np.full(len(whole), 0.5), where=above > below)
        return np.where(self.spoken, np.clip(whole - 0.5 + share, 0.0, MAX_PREDICTED), np.nan)

    def against(self, line: Vector) -> tuple[Vector, Vector, Vector]:
        """P(over), P(push), P(under) at each row's line; NaN where there is none, or nothing is said."""
        known = np.isfinite(line)
        rows = np.arange(len(line))
        whole = np.clip(np.floor(np.where(known, line, 0.0)), 0, MOST_POINTS).astype(np.int64)
        at_most = self.cumulative[rows, whole]
        less = np.where(whole > 0, self.cumulative[rows, np.maximum(whole - 1, 0)], 0.0)
        on_whole = known & (line == whole)
        under = np.where(on_whole, less, at_most)
        push = np.where(on_whole, at_most - less, np.where(np.isnan(at_most), np.nan, 0.0))
        over = 1.0 - at_most
        return np.where(known, over, np.nan), np.where(known, push, np.nan), np.where(known, under, np.nan)

    def over_decided(self, line: Vector) -> Vector:
        """P(over | no push) at each row's line: what prices speak of. NaN where there is no line, or nothing but a push."""
        over, _, under = self.against(line)
        return _ratio(over, over + under)

    def interval(self, level: float) -> tuple[Vector, Vector, Vector]:
        """The central interval of whole points for a level such as .8: its ends, both included, and its own mass, which is the level or
        more: whole points cannot be cut finer."""
        tail = (1.0 - level) / 2.0
        spoken = self.spoken
        low = (self.cumulative > tail).argmax(axis=1)
        high = (self.cumulative >= 1.0 - tail).argmax(axis=1)
        rows = np.arange(self.size)
        below = np.where(low > 0, self.cumulative[rows, np.maximum(low - 1, 0)], 0.0)
        mass = self.cumulative[rows, high] - below
        return np.where(spoken, low, np.nan), np.where(spoken, high, np.nan), np.where(spoken, mass, np.nan)

    def crps(self, points: Vector) -> Vector:
        """The continuous ranked probability score of each row, in points: the sum over k of (P(points <= k) - [scored <= k])^2.

        Source: J. Matheson, R. Winkler, "Scoring rules for continuous probability distributions", Management Science 22, 1976, for
        whole numbers; for a single number it is the absolute error.
        """
        happened = np.arange(MOST_POINTS + 1.0)[None, :] >= points[:, None]
        score: Vector = ((self.cumulative - happened) ** 2).sum(axis=1)
        return np.where(np.isnan(points), np.nan, score)

    def log_score(self, points: Vector) -> Vector:
        """-ln of the probability given to what was scored, of each row, in nats; never more than that of `LEAST_CHANCE`."""
        known = np.isfinite(points)
        whole = np.clip(np.where(known, points, 0), 0, MOST_POINTS).astype(np.int64)
        rows = np.arange(self.size)
        chance = self.cumulative[rows, whole] - np.where(whole > 0, self.cumulative[rows, np.maximum(whole - 1, 0)], 0.0)
        return np.where(known, -np.log(np.maximum(chance, LEAST_CHANCE)), np.nan)

    def fair_prices(self, line: Vector) -> tuple[Vector, Vector]:
        """Decimal prices of over and under at which a bet gains nothing, a push returning the stake; NaN where there is no line or no
        chance."""
        over, _, under = self.against(line)
        decided = over + under
        return _ratio(decided, over), _ratio(decided, under)


def _ratio(above: Vector, below: Vector) -> Vector:
    return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0))


def pooled(parts: list[Distribution], weights: Grid) -> Distribution:
    """The linear pool of distributions: by row the weighted mean of those that say anything, weights of shape (rows, parts).

    Source: M. Stone, "The opinion pool", Annals of Mathematical Statistics 32, 1961.
    """
    heard = np.stack([part.spoken for part in parts], axis=1)
    weight = np.where(heard, weights, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.full(weight.shape, np.nan), where=total > 0)
    found = np.zeros_like(parts[0].cumulative)
    for place, part in enumerate(parts):
        found += share[:, place, None] * np.where(heard[:, place, None], part.cumulative, 0.0)
    return Distribution(found)
