"""From one estimate to a distribution of whole points: the estimate plus what was missed on held-out games, scaled by its own level.

A miss is (points - estimate) / spread(estimate), where spread is linear in the estimate; the misses' empirical quantiles are kept, so
that skew and tails are the data's own. Knows arrays; it must never know a system's family or a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Grid = np.ndarray[tuple[int, int], np.dtype[np.float64]]

MOST_POINTS = 100
MAX_PREDICTED = 60.0
LEVELS = 199
MIN_ROWS = 100


@dataclass(frozen=True)
class Calibration:
    """Spread of the misses as `floor + slope x estimate` (points), and the quantiles of the scaled misses at (i + .5) / n."""

    floor: float
    slope: float
    quantiles: tuple[float, ...]

    @classmethod
    def fit(cls, estimates: Vector, points: Vector) -> Calibration:
        """From held-out estimates and what was scored: the spread by least squares on absolute misses."""
        misses = points - estimates
        design = np.column_stack([np.ones_like(estimates), estimates])
        floor, slope = np.linalg.lstsq(design, np.abs(misses), rcond=None)[0]
        slope = max(float(slope), 0.0)
        floor = max(float(floor), 0.5)
        scaled = misses / (floor + slope * np.maximum(estimates, 0.0))
        levels = (np.arange(LEVELS) + 0.5) / LEVELS
        return cls(floor, slope, tuple(float(q) for q in np.quantile(scaled, levels)))

    def as_dict(self) -> dict[str, Any]:
        return {"floor": self.floor, "slope": self.slope, "quantiles": list(self.quantiles)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Calibration:
        return cls(document["floor"], document["slope"], tuple(document["quantiles"]))

    def distribution(self, estimates: Vector) -> Distribution:
        """The predictive distribution of each row."""
        spread = self.floor + self.slope * np.maximum(estimates, 0.0)
        edges = np.arange(MOST_POINTS + 1) + 0.5
        scaled = (edges[None, :] - estimates[:, None]) / spread[:, None]
        quantiles = np.asarray(self.quantiles)
        step = np.maximum(quantiles[-1] - quantiles[-2], 1e-6), np.maximum(quantiles[1] - quantiles[0], 1e-6)
        known = np.concatenate([[quantiles[0] - 3 * step[1]], quantiles, [quantiles[-1] + 3 * step[0]]])
        levels = np.concatenate([[0.0], (np.arange(len(quantiles)) + 0.5) / len(quantiles), [1.0]])
        cumulative = np.interp(scaled, known, levels)
        cumulative[:, -1] = 1.0
        return Distribution(cumulative)


@dataclass(frozen=True)
class Distribution:
    """P(points <= k) for k = 0 … 100, one row a prediction."""

    cumulative: Grid

    @property
    def mass(self) -> Grid:
        """P(points = k)."""
        return np.diff(self.cumulative, axis=1, prepend=0.0)

    def mean(self) -> Vector:
        """Expected points."""
        return np.asarray(self.mass @ np.arange(MOST_POINTS + 1.0))

    def sd(self) -> Vector:
        """Standard deviation of points."""
        values = np.arange(MOST_POINTS + 1.0)
        variance = self.mass @ values**2 - (self.mass @ values) ** 2
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))

    def whole_median(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The least whole k with P(points <= k) >= 1/2."""
        return np.asarray((self.cumulative >= 0.5).argmax(axis=1))

    def median(self) -> Vector:
        """The interpolated median, each whole k spread over [k - .5, k + .5], held within [0, 60]."""
        whole = self.whole_median()
        rows = np.arange(len(whole))
        above = self.cumulative[rows, whole]
        below = np.where(whole > 0, self.cumulative[rows, np.maximum(whole - 1, 0)], 0.0)
        share = np.divide(0.5 - below, above - below, out=np.full(len(whole), 0.5), where=above > below)
        return np.asarray(np.clip(whole - 0.5 + share, 0.0, MAX_PREDICTED))

    def against(self, line: Vector) -> tuple[Vector, Vector, Vector]:
        """P(over), P(push), P(under) at each row's line; NaN where there is none."""
        known = np.isfinite(line)
        rows = np.arange(len(line))
        whole = np.clip(np.floor(np.where(known, line, 0.0)), 0, MOST_POINTS).astype(np.int64)
        at_most = self.cumulative[rows, whole]
        less = np.where(whole > 0, self.cumulative[rows, np.maximum(whole - 1, 0)], 0.0)
        on_whole = known & (line == whole)
        under = np.where(on_whole, less, at_most)
        push = np.where(on_whole, at_most - less, 0.0)
        over = 1.0 - at_most
        return np.where(known, over, np.nan), np.where(known, push, np.nan), np.where(known, under, np.nan)
