"""player_line_summary: what the market says of each player as of a moment, for people and for publishing.

Knows the board. It must never know form, predictions or results.
"""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.market.board import Board, board, quotes_of
from tipoff.market.grouped import Codes, Grouped, Mask
from tipoff.market.lines import Spread, player_lines, read_groups
from tipoff.market.prices import FloatArray
from tipoff.market.steam import steam
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
    quotes = quotes_of(work, games)
    table = board(quotes)
    lines = player_lines(table, spread, read_groups(work))
    days = work.ask(_days, games)
    day_of = dict(zip(days.column("game_id").to_pylist(), days.column("game_date").to_pylist(), strict=True))
    rows = np.flatnonzero(table.makes_line(table.current))
    by_pair = Grouped(table.pair[rows], table.pairs)
    lined = np.flatnonzero(by_pair.count)
    return _with_steam(
        quotes,
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
            "pulled_books": _pulled(table)[lined],
            "newest_known_at": lines.column("newest_quote"),
        },
    )


def _days(_work: Work, games: ir.Table) -> ir.Table:
    return games.select("game_id", "game_date")


def _with_steam(quotes: pa.Table, columns: dict[str, Any]) -> pa.Table:
    """A table of these columns with the newest steam on each player beside them; missing where there is none."""
    rows = pa.table({**columns, "place": np.arange(len(columns["game_id"]))})
    return rows.join(steam(quotes), ["game_id", "player_lookup"], join_type="left outer").sort_by("place").drop_columns(["place"])


def _pulled(table: Board) -> Codes:
    """Of each pair how many sportsbooks quoted the player and took him off."""
    return np.bincount(table.pair[table.pulled & (table.rank == 0)], minlength=table.pairs).astype(np.int64)


def _dispersion(table: Board, rows: Codes, by_pair: Grouped, lined: Codes) -> dict[str, pa.Array]:
    distance = _distance(table, rows, by_pair)
    outliers = by_pair.total((distance >= OUTLIER_POINTS).astype(np.float64))
    agreement = by_pair.mean((distance <= AGREEMENT_POINTS).astype(np.float64))
    return {"outlier_count": pa.array(outliers[lined].astype(np.int64)), "agreement_ratio": pa.array(agreement[lined])}


def _distance(table: Board, rows: Codes, by_pair: Grouped) -> FloatArray:
    """How far each of these rows stands from the median of its pair's."""
    return np.abs(table.point[rows] - by_pair.median(table.point[rows])[by_pair.group])


def outliers(table: Board) -> Mask:
    """Which rows of the board make the line, and stand OUTLIER_POINTS or more away from it."""
    rows = np.flatnonzero(table.makes_line(table.current))
    found = np.zeros(table.pair.size, np.bool_)
    found[rows] = _distance(table, rows, Grouped(table.pair[rows], table.pairs)) >= OUTLIER_POINTS
    return found


def best_prices(table: Board) -> pa.Table:
    """Of each pair of the board with a current line, in that order, where each side is bet best: `best_over_book`, `_point`, `_price`, and
    the same of under."""
    rows = np.flatnonzero(table.makes_line(table.current))
    lined = np.flatnonzero(Grouped(table.pair[rows], table.pairs).count)
    return pa.table({**_best(table, rows, "over", lined), **_best(table, rows, "under", lined)})


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
