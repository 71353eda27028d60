"""The board: where each book stands on each player at a game's moment, where it stood first, and where six hours before.

In: quotes as rows (one pass over them is enough for all three). Out: one row a (game, player, book). Knows quotes and the rules by which
one lapses. It must never know what the books' lines add up to, or a player's form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.market.books import BOOKS
from tipoff.market.grouped import Codes, Grouped, Mask, encode, flags, floats, micros, paired
from tipoff.market.latest import known_by
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work

SILENCE = timedelta(hours=3)
EARLIER = timedelta(hours=6)
MAKES_NO_LINE = 1_000_000
"""The rank of books that are of neither kind that makes a line."""
_NEVER = -(2**62)
COLUMNS = (
    *("game_id", "player_lookup", "bookmaker", "market", "event_id", "source", "as_of", "tip", "snapshot_at", "known_at"),
    *("known_at_assumed", "origin_rank", "is_main", "point", "over_price", "under_price", "last_update"),
)


def pre_tip_quotes(work: Work, games: ir.Table, table: str) -> ir.Table:
    """Quotes of these games (game_id, as_of, tip) that were known at each game's `as_of` and stood before its tip."""
    quotes = work.table(table).inner_join(games.select("game_id", "as_of", "tip"), "game_id")
    before_tip = (quotes.snapshot_at < quotes.tip) & (quotes.snapshot_at < quotes.commence_time)
    return known_by(quotes.filter(before_tip), "as_of")


@dataclass(frozen=True)
class Board:
    """One row a (game, player, book) with a main quote by the game's moment, in order of the three.

    `game`, `player` and `book` are numbers into `games`, `players` and `books`, which are in ascending order; `pair` counts the
    (game, player) pairs, whose rows lie together. Instants are microseconds since 1970 in UTC, `as_of` and `tip` by game. A row has the
    book's newest main quote, whether it is `current` or has lapsed, and whether the book `pulled` it; `first_point` of its first one; and
    `earlier_point`, its line as it was current six hours before the moment, NaN where none was, or where the book was not seen again
    since: a quote is not compared with itself. `snapshots` is of shape (pairs,): how many distinct ones held the player. `rank` is 0 for
    sportsbooks, a consensus source's own, or MAKES_NO_LINE.
    """

    games: pa.Array
    players: pa.Array
    books: pa.Array
    as_of: Codes
    tip: Codes
    game: Codes
    player: Codes
    book: Codes
    pair: Codes
    rank: Codes
    point: FloatArray
    over_price: FloatArray
    under_price: FloatArray
    snapshot_at: Codes
    assumed: Mask
    current: Mask
    pulled: Mask
    first_point: FloatArray
    earlier_point: FloatArray
    snapshots: Codes

    @property
    def pairs(self) -> int:
        return int(self.snapshots.size)

    @property
    def makes_some_line(self) -> Mask:
        """Which rows are of a kind that may make a line."""
        return self.rank < MAKES_NO_LINE

    def makes_line(self, rows: Mask) -> Mask:
        """Of these rows, each pair's sportsbooks; where there are none, those of the consensus source that is asked first."""
        able = np.flatnonzero(rows & self.makes_some_line)
        best = Grouped(self.pair[able], self.pairs).least(self.rank[able].astype(np.float64))
        chosen = np.zeros(rows.size, np.bool_)
        chosen[able] = self.rank[able] == best[self.pair[able]]
        return chosen


def board_of(work: Work, games: ir.Table) -> Board:
    """The board of these games (Ibis: game_id, as_of, tip; one row a game), read in one pass over their quotes."""
    return board(quotes_of(work, games))


def quotes_of(work: Work, games: ir.Table) -> pa.Table:
    """What the board of these games is made of: their quotes on players by each game's moment, those of before its tip."""
    return work.ask(_quotes, games)


def _quotes(work: Work, games: ir.Table) -> ir.Table:
    return pre_tip_quotes(work, games, "raw.odds_player_points").select(*COLUMNS)


def closing_board_of(work: Work, games: ir.Table) -> Board:
    """The board at the tip of each of these games (game_id, tip)."""
    return board(work.ask(_closing_quotes, games))


def _closing_quotes(work: Work, games: ir.Table) -> ir.Table:
    return _quotes(work, games.select("game_id", "tip", as_of="tip"))


def board(quotes: pa.Table) -> Board:
    """The board that pre-tip quotes of players (columns of `raw.odds_player_points`, with `as_of` and `tip`) make, in whatever order.

    Of a book's quotes the newest counts; of several at one moment a payload's before an import's, then the points market's before the
    alternates', then by event. It lapses when a newer document of its game and source holds the book without the player (pulled), or
    when their documents go on for three hours without the book, under whatever event id; a snapshot that is assumed is no document.
    """
    rows = _Rows(quotes)
    main, series = _main_rows(quotes, rows)
    starts = _starts(series[main])
    newest = main[np.append(starts[1:], main.size)[: starts.size] - 1]
    first = main[_last_of_first_moment(series[main], rows.snapshot[main], starts)]
    place = np.where(rows.earlier[main], np.arange(main.size), -1)
    reached = np.maximum.reduceat(place, starts) if starts.size else place
    earlier = main[reached]
    stood = (reached >= 0) & rows.stands(earlier, rows.document & rows.earlier)
    pair_of_row = rows.game * len(rows.players) + rows.player
    pair = np.cumsum(np.diff(pair_of_row[newest], prepend=-1) > 0) - 1
    rank = np.array([rank_of(key) for key in rows.books.to_pylist()], dtype=np.int64)
    return Board(
        games=rows.games,
        players=rows.players,
        books=rows.books,
        as_of=_by_game(rows.as_of, rows.game, len(rows.games)),
        tip=_by_game(rows.tip, rows.game, len(rows.games)),
        game=rows.game[newest],
        player=rows.player[newest],
        book=rows.book[newest],
        pair=pair,
        rank=rank[rows.book[newest]],
        point=rows.point[newest],
        over_price=floats(quotes.column("over_price"))[newest],
        under_price=floats(quotes.column("under_price"))[newest],
        snapshot_at=rows.snapshot[newest],
        assumed=rows.assumed[newest],
        current=rows.stands(newest, rows.document),
        pulled=rows.is_pulled(newest, rows.document),
        first_point=rows.point[first],
        earlier_point=np.where(stood & ~rows.earlier[newest], rows.point[earlier], np.nan),
        snapshots=_distinct_snapshots(pair_of_row, rows.snapshot, pair_of_row[newest]),
    )


def main_quotes(quotes: pa.Table) -> tuple[Codes, Codes]:
    """Each book's main quotes on each player, one a moment, the one that counts: their rows, in order of game, player, book and moment, and
    of each the row of the board that `board` makes of the same quotes."""
    main, series = _main_rows(quotes, rows := _Rows(quotes))
    series, snapshot = series[main], rows.snapshot[main]
    last = np.flatnonzero(np.append((np.diff(series) != 0) | (np.diff(snapshot) != 0), True)) if main.size else main
    return main[last], np.cumsum(np.diff(series[last], prepend=-1) > 0) - 1


def _main_rows(quotes: pa.Table, rows: _Rows) -> tuple[Codes, Codes]:
    """The main quotes' rows, by series (a game, player and book), moment, and what decides between those of one; and every row's series."""
    main = np.flatnonzero(flags(quotes.column("is_main")))
    series = (rows.game * len(rows.players) + rows.player) * len(rows.books) + rows.book
    return main[np.lexsort((rows.tie_rank()[main], rows.snapshot[main], series[main]))], series


class _Rows:
    """Quotes as arrays, and what lapses them."""

    def __init__(self, quotes: pa.Table) -> None:
        self.game, self.games = encode(quotes.column("game_id"))
        self.player, self.players = encode(quotes.column("player_lookup"))
        self.book, self.books = encode(quotes.column("bookmaker"))
        self.event, _ = encode(quotes.column("event_id"))
        self.market, markets = encode(quotes.column("market"))
        source, _ = encode(quotes.column("source"))
        self.origin = np.asarray(quotes.column("origin_rank").to_numpy(), dtype=np.int64)
        self.snapshot, self.as_of, self.tip = (micros(quotes.column(name)) for name in ("snapshot_at", "as_of", "tip"))
        self.assumed = flags(quotes.column("known_at_assumed"))
        self.point = floats(quotes.column("point"))
        then = self.as_of - EARLIER // timedelta(microseconds=1)
        self.earlier = (self.snapshot <= then) & (micros(quotes.column("known_at")) <= then)
        points_market = np.array([name == "player_points" for name in markets.to_pylist()], dtype=np.bool_)
        self.document = points_market[self.market] & ~self.assumed
        self._stream = paired(source, self.game)
        self._books_stream = paired(self._stream, self.book)

    def tie_rank(self) -> Codes:
        """What decides between quotes of one moment: larger wins."""
        markets, events = (int(codes.max(initial=0)) + 1 for codes in (self.market, self.event))
        return (self.origin * markets + (markets - 1 - self.market)) * events + (events - 1 - self.event)

    def stands(self, rows: Codes, documents: Mask) -> Mask:
        """Which of these rows no document has pulled or outlasted."""
        any_newest = self._newest_document(self._stream, documents)[rows]
        silence = SILENCE // timedelta(microseconds=1)
        return np.asarray(~self.is_pulled(rows, documents) & (any_newest - silence <= self.snapshot[rows]))

    def is_pulled(self, rows: Codes, documents: Mask) -> Mask:
        """Of which of these rows a newer document holds the book, and not the player."""
        return np.asarray(self._newest_document(self._books_stream, documents)[rows] > self.snapshot[rows])

    def _newest_document(self, stream: Codes, documents: Mask) -> Codes:
        """Of each row's stream the newest document's moment."""
        newest = np.full(int(stream.max(initial=0)) + 1, _NEVER, np.int64)
        np.maximum.at(newest, stream[documents], self.snapshot[documents])
        return newest[stream]


def rank_of(key: str) -> int:
    """The order in which books are asked for a line: 0 for sportsbooks, then consensus sources; MAKES_NO_LINE for all others."""
    book = BOOKS.get(key)
    return {"sportsbook": 0, "consensus": book.rank}.get(book.kind, MAKES_NO_LINE) if book else MAKES_NO_LINE


def _starts(ordered: Codes) -> Codes:
    """Where runs of equal numbers begin."""
    return np.flatnonzero(np.diff(ordered, prepend=-1))


def _last_of_first_moment(series: Codes, snapshot: Codes, starts: Codes) -> Codes:
    """Of each series, whose rows lie in order of their moment and rank, the place of the best row of its first moment."""
    moments = np.flatnonzero(np.append((np.diff(series) != 0) | (np.diff(snapshot) != 0), True)) if series.size else starts
    return moments[np.searchsorted(moments, starts)]


def _by_game(values: Codes, game: Codes, games: int) -> Codes:
    found = np.zeros(games, np.int64)
    found[game] = values
    return found


def _distinct_snapshots(pair: Codes, snapshot: Codes, listed: Codes) -> Codes:
    """How many moments hold each of the listed pairs; `listed` is in ascending order."""
    moments, _ = encode(pa.chunked_array([pa.array(snapshot)]))
    width = int(moments.max(initial=0)) + 1
    seen = pa.array(pair * width + moments).unique().to_numpy() // width
    there, count = np.unique(seen, return_counts=True)
    return np.asarray(count[np.searchsorted(there, np.unique(listed))], dtype=np.int64)
