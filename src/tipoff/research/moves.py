"""Who moves first: moves away from books that stood still, and whether those came after.

Knows sportsbooks' main quotes before the tip, in time order. It must never know a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.analyze.slate import games_as_of, games_between
from tipoff.market.board import pre_tip_quotes
from tipoff.market.books import books_of_kind
from tipoff.market.grouped import Codes, encode, floats, micros
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work


@dataclass(frozen=True)
class Moves:
    """One row a first move: `book` (a number into `books`), `day` (days since 1970), `pair` (player-game), `size` (points, signed).

    `followed` is how far, in points, the mean of those that stood still had come the same way by their last quotes before the tip; it is
    negative where they went the other way. `kept` is how far the book's own line was from where it began by then, in the same direction.
    """

    books: list[str]
    book: Codes
    day: Codes
    pair: Codes
    size: FloatArray
    followed: FloatArray
    kept: FloatArray

    @classmethod
    def read(cls, work: Work, start: date, end: date) -> Moves:
        """Those of the games from `start` to `end`, both included."""
        games = games_as_of(work, games_between(work, start, end), None)
        return cls.of(work.fetch(_quotes(work, games)))

    @classmethod
    def of(cls, quotes: pa.Table) -> Moves:
        """From main quotes (game_id, player_lookup, bookmaker, game_date, snapshot_at, point), in whatever order.

        First moves are those of a snapshot at which one book or more move, all the same way, while others that are seen stand still; and
        which lead away from the middle of these: who catches up is not first. Of books that move together each counts.
        """
        if quotes.num_rows == 0:
            none, nothing = np.empty(0, np.int64), np.empty(0)
            return cls([], none, none, none, nothing, nothing, nothing)
        (game, _), (player, players), (book, books) = (encode(quotes.column(name)) for name in ("game_id", "player_lookup", "bookmaker"))
        pair, at, point = game * len(players) + player, micros(quotes.column("snapshot_at")), floats(quotes.column("point"))
        day = np.asarray(quotes.column("game_date").cast(pa.int32()).to_numpy(), dtype=np.int64)
        order = np.lexsort((point, book, at, pair))
        pair, at, book, point, day = pair[order], at[order], book[order], point[order], day[order]
        starts = np.append(True, (np.diff(pair) != 0) | (np.diff(at) != 0))
        row = np.cumsum(starts) - 1
        seen = np.full((int(row[-1]) + 1, len(books)), np.nan)
        seen[row, book] = point
        of_row = pair[starts]
        return cls._found(books.to_pylist(), seen, of_row, day[starts])

    @classmethod
    def _found(cls, books: list[str], seen: FloatArray, pair: Codes, day: Codes) -> Moves:
        """`seen` has a row for each moment of each pair, in order, and a column a book: its line where it was seen."""
        first_row = np.append(True, np.diff(pair) != 0)
        held = _carried(seen, first_row)
        before = np.vstack([np.full((1, seen.shape[1]), np.nan), held[:-1]])
        before[first_row] = np.nan
        last_row = np.flatnonzero(np.append(first_row[1:], True))
        at_end = held[last_row[np.cumsum(first_row) - 1]]
        both = ~np.isnan(seen) & ~np.isnan(before)
        still, moved = both & (seen == before), both & (seen != before)
        way = np.where(moved, np.sign(np.where(moved, seen - before, 0.0)), 0.0)
        together = (np.abs(way.sum(axis=1)) == moved.sum(axis=1)) & (still.sum(axis=1) >= 1)
        row, book = np.nonzero(moved & together[:, None])
        others = still[row]
        middle = np.nanmedian(np.where(others, before[row], np.nan), axis=1) if row.size else np.empty(0)
        came_from, went_to = before[row, book], seen[row, book]
        away = np.abs(went_to - middle) > np.abs(came_from - middle) + 1e-9
        row, book, others, came_from, went_to = (part[away] for part in (row, book, others, came_from, went_to))
        sign = way[row, book]
        drift = np.where(others, at_end[row] - before[row], 0.0).sum(axis=1) / np.maximum(others.sum(axis=1), 1)
        return cls(books, book, day[row], pair[row], went_to - came_from, sign * drift, sign * (at_end[row, book] - came_from))


def _quotes(work: Work, games: ir.Table) -> ir.Table:
    quotes = pre_tip_quotes(work, games, "raw.odds_player_points")
    quotes = quotes.filter(quotes.bookmaker.isin(books_of_kind("sportsbook")), quotes.is_main, ~quotes.known_at_assumed)
    return quotes.select("game_id", "player_lookup", "bookmaker", "game_date", "snapshot_at", "point")


def _carried(seen: FloatArray, first_row: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> FloatArray:
    """Each book's newest line at each moment of its pair; NaN before it was seen."""
    rows = np.arange(seen.shape[0])[:, None]
    start = np.maximum.accumulate(np.where(first_row, np.arange(seen.shape[0]), 0))[:, None]
    newest = np.maximum.accumulate(np.where(np.isnan(seen), -1, rows), axis=0)
    return np.where(newest >= start, np.take_along_axis(seen, np.maximum(newest, 0), axis=0), np.nan)
