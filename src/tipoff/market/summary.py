"""player_line_summary: what the market says of each player as of a moment, for people and for publishing.

Knows the board. It must never know form, predictions or results.
"""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.market.board import Board, board_of
from tipoff.market.grouped import Codes, Grouped
from tipoff.market.lines import Spread, player_lines, read_groups
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work

OUTLIER_POINTS, AGREEMENT_POINTS = 1.5, 0.5
_MICROS_A_MINUTE = 60e6
_SHARED = (
    *("line_kind", "consensus_line", "line_std", "line_range", "book_count", "sharp_avg", "soft_avg", "sharp_soft_delta"),
    *("implied_over", "opening_line", "line_movement", "velocity"),
)


def line_summary(work: Work, games: ir.Table, spread: Spread | None = None) -> pa.Table:
    """One row a quoted player of these games (game_id, game_date, as_of, tip), in the shape of `analytics.player_line_summary`, in order
    of game and player. `spread` as for `market_as_of`."""
    table = board_of(work, games)
    lines = player_lines(table, spread, read_groups(work))
    days = work.fetch(games.select("game_id", "game_date"))
    day_of = dict(zip(days.column("game_id").to_pylist(), days.column("game_date").to_pylist(), strict=True))
    rows = np.flatnonzero(table.makes_line(table.current))
    by_pair = Grouped(table.pair[rows], table.pairs)
    lined = np.flatnonzero(by_pair.count)
    return pa.table(
        {
            **{name: lines.column(name) for name in ("game_id", "player_lookup", "as_of")},
            "game_date": pa.array([day_of[game] for game in lines.column("game_id").to_pylist()], pa.date32()),
            **{name: lines.column(name) for name in _SHARED},
            "juice_asymmetry": pc.subtract(lines.column("implied_over"), 0.5),
            **_dispersion(table, rows, by_pair, lined),
            **_best(table, rows, "over", lined),
            **_best(table, rows, "under", lined),
            **_closing(table, rows, by_pair, lined),
            "snapshot_count": table.snapshots[lined],
            "newest_known_at": lines.column("newest_quote"),
        }
    )


def _dispersion(table: Board, rows: Codes, by_pair: Grouped, lined: Codes) -> dict[str, pa.Array]:
    distance = np.abs(table.point[rows] - by_pair.median(table.point[rows])[by_pair.group])
    outliers = by_pair.total((distance >= OUTLIER_POINTS).astype(np.float64))
    agreement = by_pair.mean((distance <= AGREEMENT_POINTS).astype(np.float64))
    return {"outlier_count": pa.array(outliers[lined].astype(np.int64)), "agreement_ratio": pa.array(agreement[lined])}


def _best(table: Board, rows: Codes, side: str, lined: Codes) -> dict[str, pa.Array]:
    """The best book for a side: the most favourable point, then the best price, then the book's key; all missing where none has a price."""
    prices: FloatArray = table.over_price if side == "over" else table.under_price
    priced = rows[~np.isnan(prices[rows])]
    point = table.point[priced] if side == "over" else -table.point[priced]
    first = Grouped(table.pair[priced], table.pairs).first(point, -prices[priced], table.book[priced])[lined]
    best = np.append(priced, 0)[first]
    missing = first < 0
    return {
        f"best_{side}_book": table.books.take(pa.array(table.book[best], mask=missing)),
        f"best_{side}_point": pa.array(table.point[best], mask=missing),
        f"best_{side}_price": pa.array(prices[best], mask=missing),
    }


def _closing(table: Board, rows: Codes, by_pair: Grouped, lined: Codes) -> dict[str, pa.Array]:
    """Once the moment is the tip itself, the current quotes are the closing ones. An assumed moment says nothing of minutes."""
    closed = (table.as_of >= table.tip)[table.game[rows[by_pair.start[lined]]]]
    minutes = (table.tip[table.game[rows]] - table.snapshot_at[rows]) / _MICROS_A_MINUTE
    on_record = ~table.assumed[rows]
    nearest = Grouped(table.pair[rows[on_record]], table.pairs).least(minutes[on_record])[lined]
    return {
        "closing_line": pa.array(by_pair.median(table.point[rows])[lined], mask=~closed),
        "close_minutes": pa.array(nearest, mask=~closed | np.isnan(nearest)),
    }
