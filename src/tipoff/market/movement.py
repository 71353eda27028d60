"""Movement: how each book's main quote on each player came to be what it is, as steps.

In: pre-tip quotes as rows. Out: one row a change. Knows quotes, and by the board which of them count. It must never know why a line moved.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tipoff.market.board import main_quotes
from tipoff.market.grouped import Codes, Mask, floats, instants, micros
from tipoff.market.prices import FloatArray

_FIGURES = ("point", "over_price", "under_price")
MOST_STEPS = 60
"""How many changes of one book on one player are told, the newest ones; the first quote besides."""


def steps(quotes: pa.Table, most: int = MOST_STEPS) -> pa.Table:
    """The first main quote of each book on each player, and its last `most` changes of point or price, in order of `place` and moment.

    `place` is the row of the board that `board` makes of the same quotes; `at` when the changed quote was seen first (UTC), `point`,
    `over_price` and `under_price`, missing where it had none.
    """
    rows, place = main_quotes(quotes)
    figures = [floats(quotes.column(name))[rows] for name in _FIGURES]
    first = np.diff(place, prepend=-1) > 0
    moved = np.flatnonzero(first | _differs(figures))
    kept = moved[first[moved] | (_from_the_end(place[moved]) < most)]
    return pa.table(
        {
            "place": place[kept],
            "at": instants(micros(quotes.column("snapshot_at"))[rows[kept]]),
            **{name: pa.array(values[kept], from_pandas=True) for name, values in zip(_FIGURES, figures, strict=True)},
        }
    )


def _differs(figures: list[FloatArray]) -> Mask:
    """Which rows have another figure than the row before; what is missing in both is the same."""
    found = np.zeros(figures[0].size, np.bool_)
    for values in figures:
        before, now = values[:-1], values[1:]
        found[1:] |= (before != now) & ~(np.isnan(before) & np.isnan(now))
    return found


def _from_the_end(place: Codes) -> Codes:
    """Of each row how many of its own place follow; rows lie in order of their place."""
    ends = np.searchsorted(place, place, side="right")
    return np.asarray(ends - 1 - np.arange(place.size), dtype=np.int64)
