"""Are probabilities what they say? The bins of a reliability diagram, and how far a perfect model would stray from the diagonal.

In: probabilities and outcomes, shape (rows,), missing ones left out. Out: dataclasses of plain numbers, each with its n. It must never know
where a probability came from. The calibration error itself is `metrics.calibration_error`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tipoff.errors import BadInput
from tipoff.grade.metrics import calibration_error
from tipoff.market.prices import FloatArray
from tipoff.rates import Rate, wilson

BINS = 10
DRAWS = 10_000
"""A limit then lies within 1 % of the one that a simulation row by row comes to, and takes milliseconds at any number of rows."""


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability diagram: the mean probability, and the share that happened with its Wilson interval."""

    mean_probability: float
    happened: Rate


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error over `n` rows, beside what a perfect model with the same probabilities would show by chance: its
    mean, and its 95 % quantile, within which an error tells nothing against a model. None at n = 0."""

    n: int
    error: float | None
    perfect_mean: float | None
    perfect_95: float | None
    bins: tuple[Bin, ...]


def calibration(probability: FloatArray, happened: FloatArray) -> Calibration:
    """How well probabilities are calibrated; `happened` is 1, 0 or NaN (a push)."""
    known = np.isfinite(probability) & np.isfinite(happened)
    chance, outcome = probability[known], happened[known]
    error = calibration_error(chance, outcome, BINS)
    mean, limit = perfect_calibration_error(chance, BINS)
    return Calibration(error.n, error.value, mean, limit, reliability(chance, outcome, BINS))


def reliability(probability: FloatArray, happened: FloatArray, bins: int = BINS) -> tuple[Bin, ...]:
    """At most `bins` bins of about equal count, in order of probability. Equal probabilities share a bin, so that the order of rows
    cannot matter."""
    if probability.size == 0:
        return ()
    order = np.argsort(probability, kind="stable")
    chance, outcome = probability[order], happened[order]
    targets = (np.arange(1, bins + 1) * chance.size) // bins
    ends = np.unique(np.searchsorted(chance, chance[targets[targets > 0] - 1], side="right"))
    starts = np.concatenate([[0], ends[:-1]])
    return tuple(
        Bin(float(np.mean(chance[start:end])), wilson(int(np.sum(outcome[start:end])), int(end - start)))
        for start, end in zip(starts, ends, strict=True)
    )


def perfect_calibration_error(
    probability: ArrayLike, bins: int = BINS, *, draws: int = DRAWS, seed: int = 0
) -> tuple[float | None, float | None]:
    """The mean and the 95 % quantile of `calibration_error` where every probability is right, simulated; None without rows.

    Outcomes are drawn by bin and not by row: the sum of a bin's gaps is normal with variance sum p (1 - p), which holds from some thirty
    rows a bin on. Equal probabilities that lie on both sides of a bin's edge share their outcomes, as in `calibration_error`. The same
    probabilities and seed give the same answer.
    """
    chance = np.sort(np.asarray(probability, dtype=np.float64).ravel())
    if bins < 1 or bool(np.any(~((chance >= 0.0) & (chance <= 1.0)))):
        raise BadInput("A perfect model needs probabilities from 0 to 1, and at least one bin.", hint="Leave missing ones out.")
    n = int(chance.size)
    if n == 0:
        return None, None
    edges = (np.arange(min(bins, n)) * n) // min(bins, n)
    ends = np.append(edges[1:], n)
    distinct, first, count = np.unique(chance, return_index=True, return_counts=True)
    into = np.searchsorted(edges, first, side="right") - 1
    across = first + count > ends[into]  # of those, there are fewer than bins
    variance = np.bincount(into[~across], weights=(count * distinct * (1 - distinct))[~across], minlength=edges.size)
    noise = np.random.default_rng(seed).standard_normal((draws, edges.size + int(across.sum())))
    gaps = noise[:, : edges.size] * np.sqrt(variance)
    for draw, value in enumerate(np.flatnonzero(across), edges.size):
        begin, end = first[value], first[value] + count[value]
        share = np.maximum(np.minimum(ends, end) - np.maximum(edges, begin), 0) / count[value]
        gaps += np.outer(noise[:, draw] * np.sqrt(count[value] * distinct[value] * (1 - distinct[value])), share)
    errors = np.sum(np.abs(gaps), axis=1) / n
    return float(np.mean(errors)), float(np.quantile(errors, 0.95))
