"""What every system is held against, learnt on the same past: the market recalibrated, and the plainest distribution there is.

Knows lines, market probabilities, averages and points of the past. It must never know a system.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.predict.distribution import MOST_POINTS, Distribution, Grid, Vector

BANDWIDTH = 1.5
"""Points: how near in level past rows must be to count, as the standard deviation of a normal kernel."""
_STEPS = 2
_LEVELS = MOST_POINTS * _STEPS + 1
_NEWTON = 25
MIN_ROWS = 200


@dataclass(frozen=True)
class Recalibrated:
    """The market's P(over) seen through what became of it: logit P = constant + slope x logit(market)."""

    constant: float
    slope: float

    @classmethod
    def fit(cls, market: Vector, happened: Vector) -> Recalibrated:
        """By maximum likelihood (Newton's method) on past rows; `happened` is 1 for over, 0 for under. As it is with fewer than 200 rows.

        Source: J. Platt, "Probabilistic outputs for support vector machines", 1999, on the logit of a probability.
        """
        known = np.isfinite(market) & np.isfinite(happened)
        if known.sum() < MIN_ROWS:
            return cls(0.0, 1.0)
        design = np.column_stack([np.ones(int(known.sum())), _logit(market[known])])
        outcome, weights = happened[known], np.array([0.0, 1.0])
        for _ in range(_NEWTON):
            chance = 1.0 / (1.0 + np.exp(-design @ weights))
            curvature = (design * (chance * (1.0 - chance))[:, None]).T @ design
            weights = weights + np.linalg.solve(curvature + 1e-9 * np.eye(2), design.T @ (outcome - chance))
        return cls(float(weights[0]), float(weights[1]))

    def __call__(self, market: Vector) -> Vector:
        """The recalibrated P(over); NaN where the market's is."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.constant + self.slope * _logit(market)))))


@dataclass(frozen=True)
class KernelReference:
    """The distribution of points of past rows near in level (a line, or a mean of past games): the kernel-empirical reference."""

    cumulative: Grid

    @classmethod
    def fit(cls, levels: Vector, points: Vector) -> KernelReference:
        """Past rows are counted by level, to half a point, and smoothed over levels; levels that nothing is near borrow from afar. Where
        there is no past row it says nothing."""
        known = np.isfinite(levels) & np.isfinite(points)
        counts = np.zeros((_LEVELS, MOST_POINTS + 1))
        place = np.clip(np.round(levels[known] * _STEPS), 0, _LEVELS - 1).astype(np.int64)
        np.add.at(counts, (place, np.clip(points[known], 0, MOST_POINTS).astype(np.int64)), 1.0)
        at = np.arange(_LEVELS) / _STEPS
        away = (at[:, None] - at[None, :]) / BANDWIDTH
        kernel = np.exp(-0.5 * away * away) + 1e-12 / (1.0 + away * away)
        smooth = kernel @ counts
        total = smooth.sum(axis=1, keepdims=True)
        return cls(np.cumsum(np.divide(smooth, total, out=np.full(smooth.shape, np.nan), where=total > 0), axis=1))

    def __call__(self, levels: Vector) -> Distribution:
        """The distribution of each row by its level, between levels in proportion; NaN where it has none."""
        at = np.clip(np.nan_to_num(levels) * _STEPS, 0, _LEVELS - 1)
        low = np.minimum(np.floor(at).astype(np.int64), _LEVELS - 2)
        share = (at - low)[:, None]
        found = (1.0 - share) * self.cumulative[low] + share * self.cumulative[low + 1]
        found[np.isnan(levels)] = np.nan
        return Distribution(found)


def _logit(chance: Vector) -> Vector:
    return np.asarray(np.log(chance) - np.log1p(-chance))
