"""A rate stands with its N and its interval: one small room for it, since publishing and grading both speak of rates.

Knows counts. It must never know what was counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tipoff.errors import BadInput

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """`wins` of `n`, the share, and its Wilson interval; the last three are None at n = 0."""

    n: int
    wins: int
    rate: float | None
    low: float | None
    high: float | None


def wilson(wins: int, n: int, z: float = Z_95) -> Rate:
    """The rate wins / n with its Wilson score interval, which stays in [0, 1] and is honest for small n.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    >>> wilson(81, 263).low  # doctest: +ELLIPSIS
    0.255...
    """
    if not 0 <= wins <= n:
        raise BadInput(f"{wins} wins of {n} is not a count.", hint="Give 0 <= wins <= n.")
    if n == 0:
        return Rate(0, 0, None, None, None)
    share = wins / n
    widened = 1.0 + z * z / n
    centre = (share + z * z / (2.0 * n)) / widened
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / widened
    low = 0.0 if wins == 0 else max(0.0, centre - half)
    high = 1.0 if wins == n else min(1.0, centre + half)
    return Rate(n, wins, share, low, high)
