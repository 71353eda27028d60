"""How far from calibrated a perfect model looks, for no other reason than chance: ECE simulated from the probabilities themselves.

In: probabilities. Out: a quantile of the calibration error that they would have if they were all true. It must never know an outcome.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS, REPLICATES, SEED = 10, 1000, 20251021
_AT_A_TIME = 2_000_000


def perfect_calibration_error(probability: ArrayLike, quantile: float = 0.95, replicates: int = REPLICATES, seed: int = SEED) -> float:
    """The quantile of `grade.metrics.calibration_error` (10 equal-count bins) over simulated outcomes of these probabilities.

    Missing probabilities are left out; NaN where none is left. The same probabilities give the same figure, and are simulated once.
    """
    every = np.asarray(probability, dtype=np.float64).ravel()
    known = np.sort(every[np.isfinite(every)])
    if known.size == 0:
        return float("nan")
    return float(np.quantile(_errors(known.tobytes(), replicates, seed), quantile))


@lru_cache(maxsize=64)
def _errors(ordered: bytes, replicates: int, seed: int) -> NDArray[np.float64]:
    """The calibration error of each replicate, for probabilities in ascending order."""
    chance = np.frombuffer(ordered, dtype=np.float64)
    parts, rng = max(1, _AT_A_TIME // chance.size), np.random.default_rng(seed)
    found = [_calibration_errors(chance, rng.random((rows, chance.size)) < chance) for rows in _portions(replicates, parts)]
    return np.concatenate(found)


def _portions(total: int, most: int) -> list[int]:
    return [min(most, total - start) for start in range(0, total, most)]


def _calibration_errors(chance: NDArray[np.float64], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The error of each row of `happened` (replicates, n), `chance` ascending; rows of equal chance count as their common share."""
    n = chance.size
    starts = np.flatnonzero(np.concatenate(([True], chance[1:] != chance[:-1])))
    gap = chance - happened
    if starts.size < n:
        sizes = np.diff(np.append(starts, n))
        gap = np.repeat(np.add.reduceat(gap, starts, axis=1) / sizes, sizes, axis=1)
    edges = (np.arange(min(BINS, n)) * n) // min(BINS, n)
    return np.asarray(np.abs(np.add.reduceat(gap, edges, axis=1)).sum(axis=1) / n)
