"""Prices: decimal and American odds, margin, break-even, fair price, expected value.

In: numbers or array-likes of them (None and NaN are missing), broadcast against each other. Out: float64 arrays of the
broadcast shape. A decimal price that is not finite and above 1, or a probability outside its range, gives NaN and no
warning: missing stays missing. This module must never know a book, a player or a table.

    >>> expected_value(0.55, american_to_decimal(-110)).round(4).item()
    0.05
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

STANDARD_PRICE = 1.0 + 100.0 / 110.0
"""-110 as a decimal price: what a points line costs unless it says otherwise. Its break-even is 52.4 %."""


def american_to_decimal(american: ArrayLike) -> FloatArray:
    """Decimal prices of American ones: +150 is 2.5, -200 is 1.5; NaN between -100 and +100, where there are none.

    Source: the definition. +A returns the stake and A per 100 staked, -A returns the stake and 100 per A staked.
    """
    value = np.asarray(american, dtype=np.float64)
    valid = np.isfinite(value) & (np.abs(value) >= 100.0)
    size = np.where(valid, np.abs(value), 100.0)
    return np.asarray(np.where(valid, 1.0 + np.where(value > 0.0, size / 100.0, 100.0 / size), np.nan))


def decimal_to_american(price: ArrayLike) -> FloatArray:
    """American prices of decimal ones, unrounded: 2.5 is +150, 1.5 is -200, and 2.0 is +100 rather than -100.

    A price too large to be written in hundreds gives NaN.
    """
    profit = valid_price(price) - 1.0
    with np.errstate(over="ignore"):
        american = np.where(profit >= 1.0, 100.0 * profit, -100.0 / profit)
    return np.where(np.isfinite(american), american, np.nan)


def valid_price(price: ArrayLike) -> FloatArray:
    """The decimal prices that can be bet at, finite and above 1; NaN for the rest."""
    value = np.asarray(price, dtype=np.float64)
    return np.where(np.isfinite(value) & (value > 1.0), value, np.nan)


def implied_probability(price: ArrayLike) -> FloatArray:
    """1 / price: the probability that a decimal price pays for, margin included."""
    return np.asarray(1.0 / valid_price(price))


def overround(over_price: ArrayLike, under_price: ArrayLike) -> FloatArray:
    """The margin of a two-way market as sum of implied probabilities - 1: .0476 at -110 both ways.

    Negative where the best prices of several books leave none; NaN where one side is missing.
    """
    return np.asarray(implied_probability(over_price) + implied_probability(under_price) - 1.0)


def hold(over_price: ArrayLike, under_price: ArrayLike) -> FloatArray:
    """The share of balanced stakes that the book keeps, 1 - 1 / sum of implied: .0455 at -110 both ways.

    It orders markets as `overround` does; the two differ only in what they are a share of.
    """
    total = implied_probability(over_price) + implied_probability(under_price)
    return np.asarray(1.0 - 1.0 / total)


def break_even(price: ArrayLike, push: ArrayLike = 0.0) -> FloatArray:
    """The probability of winning at which a bet's expected value is nil: (1 - push) / price; without a push 1 / price.

    `push` is the probability that the stake is returned, in [0, 1).
    """
    returned = np.asarray(push, dtype=np.float64)
    staked = np.where((returned >= 0.0) & (returned < 1.0), 1.0 - returned, np.nan)
    return np.asarray(staked / valid_price(price))


def fair_price(probability: ArrayLike, push: ArrayLike = 0.0) -> FloatArray:
    """The decimal price at which a bet that wins with `probability` has no expected value: (1 - push) / probability.

    NaN unless both a win and a loss are possible: 0 < probability < 1 - push, and 0 <= push.
    """
    win, returned = np.asarray(probability, dtype=np.float64), np.asarray(push, dtype=np.float64)
    possible = (win > 0.0) & (returned >= 0.0) & (win < 1.0 - returned)
    with np.errstate(over="ignore"):
        price = np.where(possible, 1.0 - returned, np.nan) / np.where(possible, win, np.nan)
    return valid_price(price)


def expected_value(probability: ArrayLike, price: ArrayLike, push: ArrayLike = 0.0) -> FloatArray:
    """Expected profit per unit staked: probability x price + push - 1.

    `probability` is that of winning, pushes counted apart; win, push and loss sum to 1. NaN where one of the three is
    negative by more than rounding (1e-9).

    Source: win x (price - 1) - loss, with loss = 1 - win - push.
    """
    win, returned = np.asarray(probability, dtype=np.float64), np.asarray(push, dtype=np.float64)
    possible = (win >= 0.0) & (returned >= 0.0) & (win + returned <= 1.0 + 1e-9)
    return np.asarray(np.where(possible, win, np.nan) * valid_price(price) + returned - 1.0)
