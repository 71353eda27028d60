"""The quote that a prediction takes: one book's real point and prices, nearest to the consensus, best on the predicted side.

Knows quotes and a side. It must never know how the side was found.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.market.board import board_of
from tipoff.market.lines import current_quotes
from tipoff.store.warehouse import Work

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def quotes_to_take(work: Work, games: ir.Table) -> pa.Table:
    """The current main quotes on every player of these games (game_id, as_of, tip), one row a book; sportsbooks, else a consensus."""
    quotes = current_quotes(board_of(work, games))
    return quotes.filter(quotes.column("chosen")).drop_columns(["assumed", "chosen"])


def take(work: Work, quotes: pa.Table, players: pa.Table) -> pa.Table:
    """For each of `players` (game_id, player_lookup, consensus_line, leans_over) the quote taken: of the points nearest to the consensus
    the best price on the side leant to; ties go by the book's key. Columns: game_id, player_lookup, line, line_kind, bookmaker,
    over_price, under_price, quote_at."""
    joined = ibis.memtable(quotes).inner_join(ibis.memtable(players), ["game_id", "player_lookup"])
    price = ibis.ifelse(joined.leans_over, joined.over_price, joined.under_price)
    order = [
        (joined.point - joined.consensus_line).abs(),
        ibis.desc(price.fill_null(0.0)),
        joined.bookmaker,
    ]
    ranked = joined.mutate(place=ibis.row_number().over(ibis.window(group_by=["game_id", "player_lookup"], order_by=order)))
    best = ranked.filter(ranked.place == 0)
    taken = best.select(
        "game_id", "player_lookup", "line_kind", "bookmaker", "over_price", "under_price", line="point", quote_at="snapshot_at"
    )
    return work.fetch(taken.order_by(["game_id", "player_lookup"]))
