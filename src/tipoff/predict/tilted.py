"""The tilted voice: points as they fell at such lines, leant to one side until P(over | no push) at the line is the estimate.

The base is the kernel voice with the line itself for an estimate. It hangs on no model, so it is learnt on all past rows with a line rather
than on held-out ones alone. The lean moves the odds of P(points <= k) by one factor for every k, so that the middle shifts with the chance,
and far tails hardly do. In: estimates, which are chances, and the features that hold the line. It must never know how a chance was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tipoff.predict.distribution import MOST_POINTS, Distribution, Grid, Vector
from tipoff.predict.families.sample import HasColumns, Sample
from tipoff.predict.kernel import Kernel

LINE = "vegas_points_line"
LEAST = 1e-9
"""Chances of the base nearer to 0 or 1 than this count as this far."""
_STEPS = 60
_FARTHEST = 30.0


@dataclass(frozen=True)
class Tilted:
    """`base` speaks of a line; `distribution` leans it."""

    kind: ClassVar[str] = "tilted"
    of_the_line: ClassVar[bool] = True

    base: Kernel

    @classmethod
    def fit(cls, estimates: Vector, held: Sample) -> Tilted:  # noqa: ARG003 - all voices' signature
        """From the rows with a line and what was scored; what a model said of them is not looked at."""
        lined = held.take(np.isfinite(held[LINE]))
        return cls(Kernel.fit(lined[LINE], lined))

    def as_dict(self) -> dict[str, Any]:
        return {"base": self.base.as_dict()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Tilted:
        return cls(Kernel.from_dict(document["base"]))

    def distribution(self, estimates: Vector, features: HasColumns) -> Distribution:
        line = features[LINE]
        spoken = np.isfinite(estimates) & np.isfinite(line)
        cumulative = np.array(self.base.distribution(np.where(spoken, line, np.nan), features).cumulative)
        if spoken.any():
            cumulative[spoken] = leant(cumulative[spoken], line[spoken], estimates[spoken])
        return Distribution(cumulative)


def leant(cumulative: Grid, line: Vector, chance: Vector) -> Grid:
    """The distributions with the odds of every P(points <= k) times one factor a row, such that P(over | no push) at the line is `chance`.

    On half lines the factor is known at once; where a push is possible it is found by bisection, as the chance falls with it throughout.
    Source: P. McCullagh, "Regression models for ordinal data", JRSS B 42, 1980 (proportional odds).
    """
    logits = _logit(np.clip(cumulative, LEAST, 1.0 - LEAST))
    rows = np.arange(len(line))
    at = np.clip(np.floor(line), 0, MOST_POINTS - 1).astype(np.int64)
    wanted = np.clip(chance, LEAST, 1.0 - LEAST)
    moved = -_logit(wanted) - logits[rows, at]
    whole = np.flatnonzero((line == at) & (at > 0))
    if len(whole):
        moved[whole] = _bisected(logits[whole, at[whole]], logits[whole, at[whole] - 1], wanted[whole])
    found = _expit(logits + moved[:, None])
    found[:, -1] = 1.0
    return np.asarray(found)


def _bisected(at_most: Vector, less: Vector, wanted: Vector) -> Vector:
    """What to add to both logits, of P(points <= line) and of P(points < line), so that P(over | no push) is as wanted."""
    low, high = np.full(len(wanted), -_FARTHEST), np.full(len(wanted), _FARTHEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        over, under = _expit(-(at_most + middle)), _expit(less + middle)
        too_likely = over > wanted * (over + under)
        low, high = np.where(too_likely, middle, low), np.where(too_likely, high, middle)
    return np.asarray((low + high) / 2.0)


def _logit(chance: Grid | Vector) -> Any:
    return np.log(chance) - np.log1p(-chance)


def _expit(logit: Grid | Vector) -> Any:
    return 1.0 / (1.0 + np.exp(-logit))
