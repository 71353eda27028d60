"""Figures of graded predictions, each with its N, and with its interval where it is a rate or a difference.

In: arrays of one value per prediction, shape (rows,); None and NaN are missing and leave the N. Out: small frozen
dataclasses of plain Python numbers; where there is nothing to count a figure is None, never 0. Intervals are at 95 %.
It must never know how a pick was made or settled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInput
from tipoff.market.prices import FloatArray
from tipoff.rates import Paired, Rate, clustered_mean, wilson

Words = ArrayLike | Sequence[object]

EDGE_STARTS = (0.0, 1.0, 3.0, 5.0, 7.0)
EDGE_BUCKETS = ("[0,1)", "[1,3)", "[3,5)", "[5,7)", "[7,)")
_LEAST_LIKELY = 1e-15


@dataclass(frozen=True)
class Score:
    """A figure over `n` rows; None at n = 0."""

    n: int
    value: float | None


@dataclass(frozen=True)
class Errors:
    """Mean absolute, root mean square and mean signed error (predicted - actual), in points; None at n = 0."""

    n: int
    mae: float | None
    rmse: float | None
    bias: float | None


def hit_rate(result: Words) -> Rate:
    """W / (W + L) of results as `settle` gives them; PUSH, VOID and None are in no denominator."""
    outcome = np.asarray(result, dtype=np.object_)
    wins, losses = int(np.count_nonzero(outcome == "WIN")), int(np.count_nonzero(outcome == "LOSS"))
    return wilson(wins, wins + losses)


def edge_bucket(edge: ArrayLike) -> NDArray[np.int64]:
    """The index into `EDGE_BUCKETS` of each absolute edge, so that UNDER picks count; -1 where it is missing."""
    size = np.abs(np.asarray(edge, dtype=np.float64))
    return np.where(np.isnan(size), -1, np.searchsorted(EDGE_STARTS, size, side="right") - 1).astype(np.int64)


def hit_rate_by_edge(result: Words, edge: ArrayLike) -> dict[str, Rate]:
    """The hit rate in every edge bucket, empty ones with n = 0; `edge` in points, signed or absolute."""
    outcome, bucket = np.asarray(result, dtype=np.object_), edge_bucket(edge)
    return {name: hit_rate(outcome[bucket == index]) for index, name in enumerate(EDGE_BUCKETS)}


def point_errors(predicted: ArrayLike, actual: ArrayLike) -> Errors:
    """MAE, RMSE and bias of predictions in points, over the rows where both are known."""
    error = _known(np.asarray(predicted, dtype=np.float64) - np.asarray(actual, dtype=np.float64))
    if error.size == 0:
        return Errors(0, None, None, None)
    root_mean_square = math.sqrt(float(np.mean(error * error)))
    return Errors(error.size, float(np.mean(np.abs(error))), root_mean_square, float(np.mean(error)))


def shifted_line(line: ArrayLike) -> FloatArray:
    """The line as a whole number: its floor on half lines, the line itself on whole ones.

    Outcomes are whole, and a little more often below the line than above: so this, with no model, beats the line by .01
    to .02 in MAE. A model that only beats the line has beaten rounding.
    """
    return np.asarray(np.floor(np.asarray(line, dtype=np.float64)))


def paired_difference(ours: ArrayLike, reference: ArrayLike, clusters: Words) -> Paired:
    """The mean of ours - reference on the same rows (losses: absolute errors, Brier, log loss), clustered by game date.

    Rows that lack either are left out of both; below 0 with `high` below 0: ours errs less.
    """
    return clustered_mean(np.asarray(ours, dtype=np.float64) - np.asarray(reference, dtype=np.float64), clusters)


def brier_losses(probability: ArrayLike, happened: Words) -> FloatArray:
    """(probability - happened)^2 of each row; `happened` is 1, 0 or missing (a push). Source: G. Brier, 1950."""
    chance, outcome = _forecasts(probability, happened)
    return np.asarray((chance - outcome) ** 2)


def log_losses(probability: ArrayLike, happened: Words) -> FloatArray:
    """-ln of the probability given to what happened, of each row, in nats.

    Probabilities of 0 and 1 count as 1e-15 and 1 - 1e-15: a certainty that failed costs 34.5 rather than infinity, so
    that one row cannot hide all others.
    """
    chance, outcome = _forecasts(probability, happened)
    chance = np.clip(chance, _LEAST_LIKELY, 1.0 - _LEAST_LIKELY)
    return np.asarray(-np.where(outcome == 1.0, np.log(chance), np.log1p(-chance)) + 0.0 * outcome)


def brier(probability: ArrayLike, happened: Words) -> Score:
    """Mean Brier loss: 0 is perfect, .25 is what an even chance costs."""
    return _mean(brier_losses(probability, happened))


def log_loss(probability: ArrayLike, happened: Words) -> Score:
    """Mean log loss in nats: ln 2 = .693 is what an even chance costs."""
    return _mean(log_losses(probability, happened))


def calibration_error(probability: ArrayLike, happened: Words, bins: int = 10) -> Score:
    """ECE: mean over equal-count bins of |mean probability - share that happened|, weighted by their rows.

    Bins hold equal counts to within one row, in order of probability. Rows of equal probability count as their common
    share, so that the order in which they came cannot matter where a bin's edge runs through them. With fewer rows than
    bins each row is a bin.

    Source: M. Pakdaman Naeini, G. Cooper, M. Hauskrecht, AAAI 2015, with the equal-count bins of Nguyen and O'Connor,
    EMNLP 2015.
    """
    if bins < 1:
        raise BadInput(f"{bins} bins cannot hold anything.", hint="Give at least one.")
    chance, outcome = _forecasts(probability, happened)
    known = ~(np.isnan(chance) | np.isnan(outcome))
    chance, outcome = chance[known], outcome[known]
    n = int(chance.size)
    if n == 0:
        return Score(0, None)
    distinct, member = np.unique(chance, return_inverse=True)
    member = member.ravel()
    share = np.bincount(member, weights=outcome) / np.bincount(member)
    order = np.argsort(member, kind="stable")
    gap = (distinct - share)[member[order]]
    edges = (np.arange(min(bins, n)) * n) // min(bins, n)
    return Score(n, float(np.sum(np.abs(np.add.reduceat(gap, edges)))) / n)


def roi(result: Words, units: ArrayLike) -> Score:
    """Units won per unit staked, over decided bets with a price: pushes and voids return the stake and are left out.

    `units` as `settle` gives them. Its interval: `clustered_mean` of the same units by game date.
    """
    outcome, profit = np.asarray(result, dtype=np.object_), np.asarray(units, dtype=np.float64)
    return _mean(profit[(outcome == "WIN") | (outcome == "LOSS")])


def _mean(values: FloatArray) -> Score:
    known = _known(values)
    return Score(known.size, float(np.mean(known)) if known.size else None)


def _known(values: FloatArray) -> FloatArray:
    return values[~np.isnan(values)]


def _forecasts(probability: ArrayLike, happened: Words) -> tuple[FloatArray, FloatArray]:
    """Both as float64 of one shape. Raises BadInput where one is no probability, or the other neither 0 nor 1."""
    chance, outcome = np.asarray(probability, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    chance, outcome = np.broadcast_arrays(chance, outcome)
    if bool(np.any((chance < 0.0) | (chance > 1.0))):
        raise BadInput("A probability lies outside 0 to 1.", hint="Percentages are to be divided by 100.")
    if bool(np.any((outcome != 0.0) & (outcome != 1.0) & ~np.isnan(outcome))):
        raise BadInput("An outcome is neither 0 nor 1.", hint="1 where it happened, 0 where not, missing for a push.")
    return chance, outcome
