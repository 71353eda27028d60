"""The quote that a prediction takes: one book's real point and prices, nearest to the consensus, best on the predicted side.

Knows quotes and a side. It must never know how the side was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.market.board import board_of
from tipoff.market.grouped import Codes, Mask, floats
from tipoff.market.lines import current_quotes
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work


@dataclass(frozen=True)
class Offer:
    """By player the quote taken: `line` and decimal prices (NaN where nobody quotes him), and its line_kind, bookmaker and quote_at (UTC)
    as Arrow columns."""

    line: FloatArray
    over_price: FloatArray
    under_price: FloatArray
    words: dict[str, pa.Array]


@dataclass(frozen=True)
class Offers:
    """By player what may be taken: the quote that is best for an over, and the one that is best for an under."""

    quotes: pa.Table
    for_over: Codes
    for_under: Codes

    def on(self, over: Mask) -> Offer:
        """The quote taken by each player's side."""
        place = np.where(over, self.for_over, self.for_under)
        taken = self.quotes.take(pa.array(place, mask=place < 0))
        line, over_price, under_price = (floats(taken.column(name)) for name in ("point", "over_price", "under_price"))
        words = {"line_kind": taken.column("line_kind"), "bookmaker": taken.column("bookmaker"), "quote_at": taken.column("snapshot_at")}
        return Offer(line, over_price, under_price, words)

    def take(self, players: Codes) -> Offers:
        """The offers of some of the players."""
        return Offers(self.quotes, self.for_over[players], self.for_under[players])


def quotes_to_take(work: Work, games: ir.Table) -> pa.Table:
    """The current main quotes on every player of these games (game_id, as_of, tip), one row a book; sportsbooks, else a consensus."""
    quotes = current_quotes(board_of(work, games))
    return quotes.filter(quotes.column("chosen")).drop_columns(["assumed", "chosen"])


def offers(quotes: pa.Table, players: pa.Table, consensus: FloatArray) -> Offers:
    """What may be taken of each of `players` (game_id, player_lookup; one row each), whose consensus line is given.

    Of the points nearest to the consensus the best price on the side (a quote without it after those with one); ties go by the book's key.
    """
    keys = players.select(["game_id", "player_lookup"]).append_column("player", pa.array(np.arange(players.num_rows)))
    asked = quotes.append_column("place", pa.array(np.arange(quotes.num_rows))).select(["game_id", "player_lookup", "place"])
    joined = asked.join(keys, ["game_id", "player_lookup"], join_type="inner")
    place, player = (np.asarray(joined.column(name).to_numpy(), dtype=np.int64) for name in ("place", "player"))
    book = _alphabetical(quotes.column("bookmaker"))[place]
    distance = np.abs(floats(quotes.column("point"))[place] - consensus[player])
    found = []
    for side in ("over_price", "under_price"):
        price = np.nan_to_num(floats(quotes.column(side))[place], nan=0.0)
        order = np.lexsort((book, -price, distance, player))
        first = order[np.diff(player[order], prepend=-1) != 0]
        best = np.full(players.num_rows, -1, dtype=np.int64)
        best[player[first]] = place[first]
        found.append(best)
    return Offers(quotes, *found)


def _alphabetical(names: pa.ChunkedArray) -> Codes:
    """Each name's place among the distinct ones."""
    distinct = sorted(set(names.to_pylist()))
    places = pc.index_in(names, pa.array(distinct, pa.string()))
    return np.asarray(places.to_numpy(), dtype=np.int64)
