"""Odds formats: which one a document is in, and its prices as decimal.

Knows numbers only. The Odds API writes a document in one format, decimal unless American was asked for, and nowhere says which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tipoff.scrape.reading import number

HIGHEST_DECIMAL = 1000.0
HIGHEST_AMERICAN = (HIGHEST_DECIMAL - 1) * 100


def is_american(prices: Iterable[Any]) -> bool:
    """Whether a document with these prices is in American odds.

    Each price votes for what it alone could be: -100 and below is American, between 1 and 100 is decimal, from 100 on it could be
    either. The majority decides, so that one broken price changes nothing but itself. Where none has voted, whole prices are American:
    a decimal document of nothing but prices above 100 is not to be met. A tie is decimal, as that is what we ask for.
    """
    american = decimal = 0
    undecided_whole = undecided_other = 0
    for price in prices:
        value = number(price)
        if value is None:
            continue
        if value <= -100:
            american += 1
        elif 1 < value < 100:
            decimal += 1
        elif 100 <= value < HIGHEST_AMERICAN:
            undecided_whole += value.is_integer()
            undecided_other += not value.is_integer()
    if american == decimal == 0:
        return undecided_whole > undecided_other
    return american > decimal


def fault_of_price(value: Any, american: bool) -> str | None:
    """The rule that a price breaks, or None where `decimal_price` can read it."""
    price = number(value)
    if price is None:
        return "unreadable_price"
    fits = 100 <= abs(price) < HIGHEST_AMERICAN if american else 1 < price < HIGHEST_DECIMAL
    return None if fits else "price_out_of_range"


def decimal_price(price: float, american: bool) -> float:
    """A price as decimal: American -140 is 1 + 100/140, +110 is 2.10.

    >>> decimal_price(110, american=True)
    2.1
    """
    if not american:
        return float(price)
    return 1 + (price / 100 if price > 0 else 100 / -price)
