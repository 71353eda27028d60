"""The market as of a moment: the consensus line of each player, how it came there, and what its prices say; the lines of games.

Knows the board, prices and books. It must never know a player's form: how far points stray around a line is given to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.market.board import EARLIER, MAKES_NO_LINE, Board, board_of, closing_board_of, pre_tip_quotes, rank_of
from tipoff.market.devig import devig
from tipoff.market.grouped import Codes, Grouped, Mask, encode, flags, floats, instants, micros
from tipoff.market.latest import newest_of
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work

Spread = Callable[[Codes], tuple[FloatArray, FloatArray]]
"""How far points stray: of moments (microseconds since 1970, UTC) the a and b, NaN where unknown, of variance = a + b x line."""

STEEPEST = 4.0 / np.sqrt(2.0 * np.pi)
"""The slope of the logit of a normal distribution function at its centre, in units of 1 / sd: 4 x phi(0)."""


@dataclass(frozen=True)
class Market:
    """What the books say of the players of some games, as of each game's moment.

    `lines` has one row a (game_id, player_lookup) with a current line, in that order:

        as_of, line_kind                sportsbook, or consensus where no sportsbook quotes
        consensus_line, book_count      median of the current main lines of that kind, and of how many
        line_std, line_range            their sample standard deviation (missing below two), largest - smallest
        newest_quote                    the newest of their snapshots
        opening_line                    median of each book's first main line, the books of one kind
        line_movement                   median over the current books of current - first
        velocity                        points an hour: median over books current six hours ago and quoted since; missing where none was
        implied_over, priced_books      P(over) at the consensus, pooled on the logit scale over books with both prices, and how many have
                                        them; where there are some and no probability, no slope was known for their lines
        sharp_avg, soft_avg,            mean of the current main lines of the sportsbooks of each group, and their difference; missing
        sharp_soft_delta                where a group has no line
        groups_measured                 whether any group had been measured by then

    `quotes` has one row a (game_id, player_lookup, bookmaker), in that order: every current main quote of a kind that may make a line.
    line_kind, point, over_price, under_price, snapshot_at, assumed (whether that moment is), and `chosen`: whether it is in the consensus.
    """

    lines: pa.Table
    quotes: pa.Table


def market_as_of(work: Work, games: ir.Table, spread: Spread | None = None) -> Market:
    """The market on the players of these games (Ibis: game_id, as_of, tip; one row a game), in one pass over their quotes.

    Without `spread` only books that stand at the consensus tell of its probability.
    """
    table = board_of(work, games)
    return Market(player_lines(table, spread, read_groups(work)), current_quotes(table))


def market_at_close(work: Work, games: ir.Table) -> Market:
    """The market at the tip of each of these games (Ibis: game_id, tip; one row a game): the closing quotes and their consensus.

    Only `raw.odds_player_points` and `ref.book_groups` are read: a past game's close never hangs on what was derived before.
    """
    table = closing_board_of(work, games)
    return Market(player_lines(table, None, read_groups(work)), current_quotes(table))


def current_quotes(table: Board) -> pa.Table:
    """Each book's current main quote on each player, in the shape of `Market.quotes`."""
    kept = np.flatnonzero(table.current & table.makes_some_line)
    columns = {
        "line_kind": _kinds(table.rank[kept]),
        "point": table.point[kept],
        **{name: pa.array(getattr(table, name)[kept], from_pandas=True) for name in ("over_price", "under_price")},
        "snapshot_at": instants(table.snapshot_at[kept]),
        "assumed": table.assumed[kept],
        "chosen": table.makes_line(table.current)[kept],
    }
    return pa.table({**_names(table, kept), **columns})


def _names(table: Board, rows: Codes) -> dict[str, pa.Array]:
    return {
        "game_id": table.games.take(pa.array(table.game[rows])),
        "player_lookup": table.players.take(pa.array(table.player[rows])),
        "bookmaker": table.books.take(pa.array(table.book[rows])),
    }


def _kinds(rank: Codes | FloatArray) -> pa.Array:
    return pa.array(["sportsbook", "consensus"]).take(pa.array((rank > 0).astype(np.int64)))


def player_lines(table: Board, spread: Spread | None, groups: BookGroups) -> pa.Table:
    """One row a (game, player) with a current line, in the shape of `Market.lines`."""
    rows = np.flatnonzero(table.makes_line(table.current))
    by_pair = Grouped(table.pair[rows], table.pairs)
    point = table.point[rows]
    consensus = by_pair.median(point)
    opened = np.flatnonzero(table.makes_line(np.ones(table.pair.size, np.bool_)))
    probability, priced = implied_over(table, rows, consensus, spread)
    figures = {
        "consensus_line": consensus,
        "opening_line": Grouped(table.pair[opened], table.pairs).median(table.first_point[opened]),
        "line_movement": by_pair.median(point - table.first_point[rows]),
        "line_std": by_pair.std(point),
        "line_range": by_pair.most(point) - by_pair.least(point),
        "velocity": _velocity(table, rows),
        "implied_over": probability,
        **_sharp_and_soft(table, groups),
    }
    lined = np.flatnonzero(by_pair.count)
    head = rows[by_pair.start[lined]]
    named = _names(table, head)
    return pa.table(
        {
            "game_id": named["game_id"],
            "player_lookup": named["player_lookup"],
            "as_of": instants(table.as_of[table.game[head]]),
            "line_kind": _kinds(table.rank[head]),
            **{name: pa.array(values[lined], from_pandas=True) for name, values in figures.items()},
            "book_count": by_pair.count[lined],
            "priced_books": priced[lined],
            "newest_quote": instants(np.maximum.reduceat(table.snapshot_at[rows], by_pair.start[lined]) if lined.size else lined),
            "groups_measured": groups.measured_by(table.as_of[table.game[head]]),
        }
    )


def _velocity(table: Board, rows: Codes) -> FloatArray:
    """Points an hour since six hours before, the median over the books of these rows that were current then, and seen again since."""
    both = rows[~np.isnan(table.earlier_point[rows])]
    moved = table.point[both] - table.earlier_point[both]
    return np.asarray(Grouped(table.pair[both], table.pairs).median(moved) / (EARLIER / timedelta(hours=1)))


# --- probability -----------------------------------------------------------------------------------------------------


def implied_over(table: Board, rows: Codes, consensus: FloatArray, spread: Spread | None) -> tuple[FloatArray, Codes]:
    """Of each pair P(over) at its consensus by these rows, and how many of them have both prices.

    Devigged (power) book by book, translated from the book's point to the consensus along the logit's slope there, pooled on the logit
    scale. A book that stands elsewhere, and for which no slope is known, is left out.
    """
    chance = devig(table.over_price[rows], table.under_price[rows])
    priced = rows[~np.isnan(chance)]
    away = table.point[priced] - consensus[table.pair[priced]]
    logit = _logit(chance[~np.isnan(chance)])
    off = np.flatnonzero(away != 0.0)
    logit[off] += away[off] * _slopes(table, priced[off], consensus, spread)
    told = ~np.isnan(logit)
    pooled = Grouped(table.pair[priced[told]], table.pairs).mean(logit[told])
    return np.asarray(1.0 / (1.0 + np.exp(-pooled))), Grouped(table.pair[priced], table.pairs).count


def _slopes(table: Board, rows: Codes, consensus: FloatArray, spread: Spread | None) -> FloatArray:
    """The slope of the logit of P(over) per point at each row's consensus; NaN where how far points stray is not known."""
    if spread is None or rows.size == 0:
        return np.full(rows.size, np.nan)
    games, place = np.unique(table.game[rows], return_inverse=True)
    base, per_point = (values[place] for values in spread(table.as_of[games]))
    return np.asarray(STEEPEST / np.sqrt(np.maximum(base + per_point * consensus[table.pair[rows]], 1.0)))


def _logit(chance: FloatArray) -> FloatArray:
    return np.asarray(np.log(chance) - np.log1p(-chance))


# --- sharp and soft --------------------------------------------------------------------------------------------------


class BookGroups:
    """Which group each book was in at a moment, by the newest measurement of it before (`ref.book_groups`)."""

    def __init__(self, rows: pa.Table) -> None:
        measured = micros(rows.column("measured_at"))
        order = np.argsort(measured, kind="stable")
        self._measured = measured[order]
        self._books = np.array(rows.column("bookmaker").to_pylist(), dtype=np.object_)[order]
        self._groups = np.array(rows.column("book_group").to_pylist(), dtype=np.object_)[order]

    def measured_by(self, as_of: Codes) -> Mask:
        """Whether anything had been measured by these moments (microseconds since 1970, UTC)."""
        return np.searchsorted(self._measured, as_of, side="right") > 0

    def group_of(self, book: str, as_of: Codes) -> NDArrayOfNames:
        """A book's group at each of these moments; None before it was measured."""
        own = np.flatnonzero(self._books == book)
        place = np.searchsorted(self._measured[own], as_of, side="right")
        return np.append(np.array([None], np.object_), self._groups[own])[place]


NDArrayOfNames = np.ndarray[tuple[int], np.dtype[np.object_]]


def read_groups(work: Work) -> BookGroups:
    """The groups on record."""
    return BookGroups(work.ask(_groups))


def _groups(work: Work) -> ir.Table:
    return work.table("ref.book_groups").select("bookmaker", "measured_at", "book_group")


def _sharp_and_soft(table: Board, groups: BookGroups) -> dict[str, FloatArray]:
    current = np.flatnonzero(table.current & (table.rank == 0))
    group = np.full(current.size, None, np.object_)
    for number, book in enumerate(table.books.to_pylist()):
        own = np.flatnonzero(table.book[current] == number)
        group[own] = groups.group_of(book, table.as_of[table.game[current[own]]])
    sharp, soft = (_mean_line(table, current[group == name]) for name in ("sharp", "soft"))
    return {"sharp_avg": sharp, "soft_avg": soft, "sharp_soft_delta": sharp - soft}


def _mean_line(table: Board, rows: Codes) -> FloatArray:
    return Grouped(table.pair[rows], table.pairs).mean(table.point[rows])


# --- games -----------------------------------------------------------------------------------------------------------


def game_lines(work: Work, games: ir.Table) -> pa.Table:
    """One row a game with a total or a spread as of its moment, in order: the medians, over books' newest pre-tip quotes, of the total
    and of the HOME side's spread (`game_total`, `home_spread`), whose each is (`total_kind`, `spread_kind`: sportsbook, or consensus where
    no sportsbook quotes), and the newest of these quotes (`newest_game_quote`)."""
    return _game_lines(work.ask(_newest_game_quotes, games))


def _newest_game_quotes(work: Work, games: ir.Table) -> ir.Table:
    quotes = pre_tip_quotes(work, games, "raw.odds_game_lines")
    wanted = quotes.filter(
        ((quotes.market == "totals") & (quotes.outcome == "over")) | ((quotes.market == "spreads") & (quotes.outcome == "home"))
    )
    return newest_of(wanted, by=["game_id", "market", "bookmaker"], apart=["event_id", "point"])


def _game_lines(quotes: pa.Table) -> pa.Table:
    """`quotes` are each book's newest, one a game, market and book."""
    (game, games), (book, books) = (encode(quotes.column(name)) for name in ("game_id", "bookmaker"))
    total = flags(pc.equal(quotes.column("market"), "totals"))
    point, snapshot = floats(quotes.column("point")), micros(quotes.column("snapshot_at"))
    market = 2 * game + total
    order = np.lexsort((book, market))
    rank = np.array([rank_of(key) for key in books.to_pylist()], dtype=np.int64)[book[order]]
    best = Grouped(market[order], 2 * len(games)).least(rank.astype(np.float64))
    kept = order[(rank == best[market[order]]) & (rank < MAKES_NO_LINE)]
    medians = Grouped(market[kept], 2 * len(games)).median(point[kept])
    kinds = _kinds(best)
    by_game = Grouped(game[kept], len(games))
    lined = np.flatnonzero(by_game.count)
    return pa.table(
        {
            "game_id": games.take(pa.array(lined)),
            "game_total": pa.array(medians[1::2][lined], from_pandas=True),
            "home_spread": pa.array(medians[::2][lined], from_pandas=True),
            "total_kind": kinds.take(pa.array(2 * lined + 1)),
            "spread_kind": kinds.take(pa.array(2 * lined)),
            "newest_game_quote": instants(np.maximum.reduceat(snapshot[kept], by_game.start[lined]) if lined.size else lined),
        }
    )
