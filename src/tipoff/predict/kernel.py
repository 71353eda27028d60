"""The kernel voice: what was missed on held-out games whose estimates were near, in units of each row's own spread.

In: estimates of held-out rows, with their features and what was scored. Out: a distribution of whole points for any estimate. Three steps,
each learnt on the same rows: how far a row may miss, the shape of the misses by level, and how much oftener than that shape says each
small number of points is scored (nothing and two are common, one is rare). It must never know a model, a line or a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tipoff.predict.algebra import on_one_thread
from tipoff.predict.distribution import MOST_POINTS, Distribution, Grid, Vector
from tipoff.predict.families.sample import HasColumns, Sample

LEVELS = 99
"""Quantiles of the misses kept at each level."""
KNOTS = 24
"""Levels of the estimate at which a shape is kept, at most; between them shapes are mixed in proportion."""
LIFTED = 25
"""Up to so many points the chance of each whole number is corrected."""
FLOOR, SLOPE = 1.0, 0.2
"""Width of the kernel in points: floor + slope x level, for shapes; and at least so wide that EFFECTIVE rows count."""
LIFT_FLOOR, LIFT_SLOPE = 1.0, 0.3
EFFECTIVE = 150.0
PRIOR_ROWS = 20.0
"""As many rows as confirm a chance before the first held-out row is counted."""
LEAST_SPREAD = 0.3
TAIL_STEPS, TAIL_SHARES = (2.0, 5.0, 15.0), (0.5, 0.9, 1.0)
"""Beyond the last quantile: of the chance that is left such shares lie within so many of the last steps between quantiles. A shorter tail
holds for impossible what happens once in some thousand games."""
PARTS = 5
"""A whole number k stands for the points from k - 1/2 to k + 1/2, taken at so many places."""


@dataclass(frozen=True)
class Kernel:
    """What was learnt. `spread` are the weights of `_causes`, `typical` what stands in where a cause is missing; `shapes` holds the
    quantiles of scaled misses at (i + .5) / 99, and `lifts` the factors on P(points = 0 … 25), both by knot."""

    kind: ClassVar[str] = "kernel"
    of_the_line: ClassVar[bool] = False

    spread: tuple[float, ...]
    typical: tuple[float, float]
    knots: tuple[float, ...]
    shapes: tuple[tuple[float, ...], ...]
    lifts: tuple[tuple[float, ...], ...]

    @classmethod
    def fit(cls, estimates: Vector, held: Sample) -> Kernel:
        """From held-out estimates, none missing, and what was scored. The spread is a least-squares fit to absolute misses with weights
        that are never negative, in which rows count less the higher they stand."""
        from scipy.optimize import nnls  # a third of a second to import, and only fitting needs it

        deviation, swing = _context(held)
        typical = (_median(deviation), _median(swing))
        causes = _causes(estimates, deviation, swing, typical)
        misses = held.points - estimates
        importance = 1.0 / (1.0 + 0.2 * np.maximum(estimates, 0.0))
        with on_one_thread():  # also of what was loaded just now
            spread = nnls(causes * importance[:, None], np.abs(misses) * importance)[0]
        scale = np.maximum(causes @ spread, LEAST_SPREAD)
        knots = np.unique(np.quantile(estimates, np.linspace(0.002, 0.998, KNOTS)))
        shapes = _shapes(knots, estimates, misses, scale)
        plain = cls(_numbers(spread), typical, _numbers(knots), tuple(map(_numbers, shapes)), ((1.0,) * (LIFTED + 1),) * len(knots))
        lifts = _lifts(knots, estimates, held.points, plain.distribution(estimates, held).mass)
        return cls(plain.spread, plain.typical, plain.knots, plain.shapes, tuple(map(_numbers, lifts)))

    def as_dict(self) -> dict[str, Any]:
        return {
            "spread": list(self.spread),
            "typical": list(self.typical),
            "knots": list(self.knots),
            "shapes": [list(shape) for shape in self.shapes],
            "lifts": [list(lift) for lift in self.lifts],
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Kernel:
        deviation, swing = document["typical"]
        shapes, lifts = (tuple(tuple(float(value) for value in row) for row in document[name]) for name in ("shapes", "lifts"))
        spread, knots = (tuple(float(value) for value in document[name]) for name in ("spread", "knots"))
        if not knots or len(knots) != len(shapes) or len(knots) != len(lifts):
            raise ValueError(f"{len(knots)} knots, {len(shapes)} shapes, {len(lifts)} lifts")
        return cls(spread, (float(deviation), float(swing)), knots, shapes, lifts)

    def distribution(self, estimates: Vector, features: HasColumns) -> Distribution:
        cumulative = np.full((len(estimates), MOST_POINTS + 1), np.nan)
        spoken = np.isfinite(estimates)
        if spoken.any():
            deviation, swing = _context(features)
            known = estimates[spoken]
            causes = _causes(known, deviation[spoken], swing[spoken], self.typical)
            # Sums, here and below, and no product of matrices: its last bit hangs on how many rows there are.
            scale = np.maximum((causes * np.array(self.spread)).sum(axis=1), LEAST_SPREAD)
            cumulative[spoken] = self._cumulative(known, scale)
        return Distribution(cumulative)

    def _cumulative(self, estimates: Vector, scale: Vector) -> Grid:
        """Between two knots the shapes at both are mixed: knot by knot, over all rows that it concerns."""
        edges = np.arange(MOST_POINTS + 1) + 0.5
        scaled = (edges[None, :] - estimates[:, None]) / scale[:, None]
        shares = _shares(np.array(self.knots), estimates)
        chances, lifts = np.zeros_like(scaled), np.zeros((len(estimates), LIFTED + 1))
        for share, shape, lift in zip(shares.T, self.shapes, self.lifts, strict=True):
            near = share > 0.0
            if near.any():
                chances[near] += share[near, None] * np.interp(scaled[near], *_curve(shape))
                lifts[near] += share[near, None] * np.array(lift)
        chances[:, -1] = 1.0
        mass = np.diff(chances, axis=1, prepend=0.0)
        mass[:, : LIFTED + 1] *= lifts
        summed = np.cumsum(mass, axis=1)
        cumulative = summed / summed[:, -1:]
        cumulative[:, -1] = 1.0
        return np.asarray(cumulative)


def _context(features: HasColumns) -> tuple[Vector, Vector]:
    """What makes a game harder to tell: how much the player's points varied, and his minutes as a share of themselves."""
    return features["points_std_last_10"], features["minutes_volatility_last_10"] / np.maximum(features["minutes_avg_last_10"], 3.0)


def _causes(estimates: Vector, deviation: Vector, swing: Vector, typical: tuple[float, float]) -> Grid:
    """What the spread is linear in, shape (rows, 5)."""
    level = np.maximum(estimates, 0.0)
    varied = np.where(np.isfinite(deviation), deviation, typical[0])
    moved = np.where(np.isfinite(swing), swing, typical[1])
    return np.column_stack([np.ones_like(level), level, np.sqrt(level), varied, moved * level])


def _median(values: Vector) -> float:
    """Of those there are; 0, which widens nothing, where there are none at all."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0


def _shapes(knots: Vector, estimates: Vector, misses: Vector, scale: Vector) -> Grid:
    """Quantiles of scaled misses near each knot, shape (knots, 99)."""
    places = (np.arange(PARTS) + 0.5) / PARTS - 0.5
    scaled = ((misses[:, None] + places) / scale[:, None]).ravel()
    order = np.argsort(scaled, kind="stable")
    scaled, levels = scaled[order], (np.arange(LEVELS) + 0.5) / LEVELS
    shapes = np.empty((len(knots), LEVELS))
    for number, knot in enumerate(knots):
        weight = np.repeat(_nearness(estimates, float(knot)), PARTS)[order]
        shapes[number] = np.interp(levels, (np.cumsum(weight) - 0.5 * weight) / weight.sum(), scaled)
    return shapes


def _nearness(estimates: Vector, knot: float) -> Vector:
    """A Gaussian kernel about the knot, widened until enough rows count (all but a tenth, where there are few)."""
    enough = min(EFFECTIVE, 0.9 * len(estimates))
    width = FLOOR + SLOPE * max(knot, 0.0)
    while True:
        weight: Vector = np.exp(-0.5 * ((estimates - knot) / width) ** 2)
        if weight.sum() ** 2 >= enough * (weight**2).sum() > 0.0:
            return weight
        width *= 1.3


def _lifts(knots: Vector, estimates: Vector, points: Vector, mass: Grid) -> Grid:
    """How much oftener each whole number of points came than the shapes say, near each knot, shape (knots, 26)."""
    scored = points[:, None] == np.arange(LIFTED + 1)
    width = LIFT_FLOOR + LIFT_SLOPE * np.maximum(knots, 0.0)
    weight = np.exp(-0.5 * ((estimates[None, :] - knots[:, None]) / width[:, None]) ** 2)
    return np.asarray((weight @ scored + PRIOR_ROWS) / (weight @ mass[:, : LIFTED + 1] + PRIOR_ROWS))


def _shares(knots: Vector, estimates: Vector) -> Grid:
    """How much of each knot's shape a row takes, shape (rows, knots): linear between two knots, the end's own beyond the ends."""
    shares = np.empty((len(estimates), len(knots)))
    for number in range(len(knots)):
        shares[:, number] = np.interp(estimates, knots, np.arange(len(knots)) == number)
    return shares


def _curve(shape: tuple[float, ...]) -> tuple[Vector, Vector]:
    """Scaled misses, and the chance of no more, from 0 to 1."""
    quantiles, steps, shares = np.array(shape), np.array(TAIL_STEPS), 0.5 / LEVELS * np.array(TAIL_SHARES)
    below, above = (max(float(step), 1e-6) for step in (quantiles[1] - quantiles[0], quantiles[-1] - quantiles[-2]))
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    known = np.concatenate([(quantiles[0] - steps * below)[::-1], quantiles, quantiles[-1] + steps * above])
    return known, np.concatenate([(levels[0] - shares)[::-1], levels, levels[-1] + shares])


def _numbers(values: Vector) -> tuple[float, ...]:
    """To six decimals: more than they are known to, and half the length in a manifest."""
    return tuple(round(float(value), 6) for value in values)
