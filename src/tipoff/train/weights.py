"""Weights of an ensemble: which mixture of its members would have given the held-out points the most probability.

In: what each member said of rows that it had not seen. Out: weights for rows with a line and without. It must never know how a member was
fitted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tipoff.predict.distribution import Distribution, Vector
from tipoff.predict.speakers import Weights

STEPS = 200
LEAST_CHANCE = 1e-9
MIN_ROWS = 200


def learn_weights(said: Mapping[str, Distribution], points: Vector, lines: Vector) -> Weights:
    """Weights by member, apart for rows with a line and without one, from what was said of held-out rows and what was scored.

    They maximise the mean log of the mixture's probability of the points scored, by expectation and maximisation from equal weights. A
    member that is silent on some row of a kind has no weight there, and nobody has where all are; with fewer than 200 rows of a kind the
    weights of those that speak stay equal.

    Source: A. Dempster, N. Laird, D. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39, 1977, for the
    proportions of a mixture.
    """
    chance = np.column_stack([np.exp(-part.log_score(points)) for part in said.values()])
    lined = np.isfinite(lines)
    return Weights(*(_mixture(list(said), chance[rows]) for rows in (lined, ~lined)))


def _mixture(names: list[str], chance: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> dict[str, float]:
    speaks = ~np.isnan(chance).any(axis=0) if len(chance) else np.ones(len(names), dtype=np.bool_)
    weights = speaks / max(speaks.sum(), 1)
    if len(chance) >= MIN_ROWS and speaks.any():
        given = np.maximum(np.where(speaks, chance, 0.0), LEAST_CHANCE)
        for _ in range(STEPS):
            part = given * weights
            weights = (part / part.sum(axis=1, keepdims=True)).mean(axis=0)
    return {name: float(weight) for name, weight in zip(names, np.clip(weights, 0.0, 1.0), strict=True)}
