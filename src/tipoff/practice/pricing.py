"""Chances into prices: a margin, American cents, two decimals. Arithmetic only; it knows no book and no game."""

from __future__ import annotations

import numpy as np

from tipoff.practice.rosters import Floats, Ints


def price_pair(first: Floats, margin: float | Floats, cents: int | Ints) -> tuple[Floats, Floats]:
    """Decimal prices of two sides whose chances are `first` and 1 - `first`, in proportion, at a margin (.07 = 7 %).

    `margin` and `cents` may stand for all or be given one by one. Prices are rounded to `cents` American cents and then
    to two decimals, as books do; never below 1.01.
    """
    return decimal_price(first * (1 + margin), cents), decimal_price((1 - first) * (1 + margin), cents)


def decimal_price(implied: Floats, cents: int | Ints) -> Floats:
    """The decimal price of implied chances above 0, rounded to American cents and two decimals."""
    fair = 1.0 / np.clip(implied, 0.002, 0.99)
    long = fair >= 2
    american = np.where(long, (fair - 1) * 100, 100 / np.maximum(fair - 1, 1e-9))
    grid = cents * np.where(american > 300, 5, 1)
    american = np.maximum(np.round(american / grid) * grid, 100.0)
    back = np.where(long, 1 + american / 100, 1 + 100 / american)
    return np.asarray(np.maximum(np.round(back, 2), 1.01))


def american_price(decimal: float) -> int:
    """A decimal price as American odds: 1.91 is -110, 2.5 is 150."""
    return round((decimal - 1) * 100) if decimal >= 2 else round(-100 / (decimal - 1))
