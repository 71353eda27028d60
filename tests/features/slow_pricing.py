"""The slow reference of probabilities: margin taken out by a power, and a line moved by how far points stray. Plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

FEWEST_GAMES, FEWEST_PLAYERS = 5, 20


def power_over(over_price: float, under_price: float) -> float:
    """P(over): a^k where a^k + b^k = 1, a and b one over the prices; k by bisection."""
    a, b = 1 / over_price, 1 / under_price
    low, high = 0.0, 1000.0
    for _ in range(200):
        k = (low + high) / 2
        low, high = (k, high) if a**k + b**k > 1 else (low, k)
    return float(a**low)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def inverse_logit(value: float) -> float:
    return 1 / (1 + math.exp(-value))


@dataclass(frozen=True)
class Spread:
    """The variance of points is a + b x mean, and never below 1."""

    a: float
    b: float

    def logit_per_point(self, line: float) -> float:
        """By how much the logit of P(over) rises where the line falls by a point: that of a normal at its centre, 4 x phi(0) / sd."""
        return 4 / math.sqrt(2 * math.pi) / math.sqrt(max(self.a + self.b * line, 1.0))


def spread_of_points(players: Sequence[Sequence[float]]) -> Spread | None:
    """Least squares of each player's sample variance on his mean, weighted by games less one; None with fewer than 20 such players."""
    enough = [points for points in players if len(points) >= FEWEST_GAMES]
    if len(enough) < FEWEST_PLAYERS:
        return None
    weights = [len(points) - 1 for points in enough]
    means, variances = [fmean(points) for points in enough], [variance(points) for points in enough]
    middle, level = fmean(means, weights), fmean(variances, weights)
    rise = math.fsum(w * (x - middle) * (y - level) for w, x, y in zip(weights, means, variances, strict=True))
    run = math.fsum(w * (x - middle) ** 2 for w, x in zip(weights, means, strict=True))
    return Spread(level - rise / run * middle, rise / run)
