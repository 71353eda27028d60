"""Steam: three sportsbooks or more that move their main line on a player the same way within ten minutes.

In: quotes as rows, with when each book says that it last touched them. Out: one row a player with steam, the newest. Knows quotes. It must
never know why a line moved, nor what became of it.

A move lies between two quotes of a book that stand at different points. When it was is told by the book itself (`last_update`, where that
lies between them), else only where they are ten minutes apart or less, by the later one; any other move is of no known moment and makes no
steam. So an archive with one snapshot a day has none, and a capture every half hour sees it by the books' own times alone.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from tipoff.market.board import rank_of
from tipoff.market.grouped import Codes, encode, flags, floats, instants, micros, paired

BOOKS, WINDOW = 3, timedelta(minutes=10)
COLUMNS = ("game_id", "player_lookup", "bookmaker", "is_main", "point", "snapshot_at", "last_update", "known_at_assumed")
_WINDOW = WINDOW // timedelta(microseconds=1)
_UNTOLD = np.iinfo(np.int64).min


def steam(quotes: pa.Table) -> pa.Table:
    """The newest steam on each player of these pre-tip quotes (`COLUMNS`, in whatever order): game_id, player_lookup, `steam_direction` (1
    up, -1 down), `steam_at` (UTC, when the last of the books moved) and `steam_books` (how many had moved within the ten minutes up to
    then); in order of game and player."""
    (game, games), (player, players), (book, books) = (encode(quotes.column(name)) for name in COLUMNS[:3])
    sportsbook = np.array([rank_of(key) == 0 for key in books.to_pylist()], dtype=np.bool_)
    kept = flags(quotes.column("is_main")) & ~flags(quotes.column("known_at_assumed")) & sportsbook[book]
    pair = paired(game, player)
    series = paired(pair, book)
    at, point = micros(quotes.column("snapshot_at")), floats(quotes.column("point"))
    told = np.asarray(quotes.column("last_update").cast(pa.int64()).fill_null(_UNTOLD).to_numpy(), dtype=np.int64)
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((point[rows], at[rows], series[rows]))]
    at, point, told, pair, series = at[rows], point[rows], told[rows], pair[rows], series[rows]
    now = np.flatnonzero((np.diff(series) == 0) & (np.diff(at) > 0) & (np.diff(point) != 0.0)) + 1
    before = now - 1
    says = (told[now] > at[before]) & (told[now] <= at[now])
    known = says | (at[now] - at[before] <= _WINDOW)
    moment = np.where(says, told[now], at[now])[known]
    now = now[known]
    up = point[now] > point[now - 1]
    return _newest(2 * pair[now] + up, moment, book[rows[now]], rows[now], game, player, games, players)


def _newest(
    stream: Codes, moment: Codes, book: Codes, rows: Codes, game: Codes, player: Codes, games: pa.Array, players: pa.Array
) -> pa.Table:
    """Of moves, by player and direction (`stream`), those at which enough books had moved; of each player the newest, the one of more
    books first, and up before down."""
    order = np.lexsort((book, moment, stream))
    stream, moment, book, rows = (values[order] for values in (stream, moment, book, rows))
    count = _books_within(stream, moment, book)
    found = np.flatnonzero(count >= BOOKS)
    newest = found[np.lexsort((stream[found] % 2, count[found], moment[found], stream[found] // 2))]
    last = np.flatnonzero(np.diff(stream[newest] // 2, append=-1) != 0)
    chosen = newest[last]
    table = pa.table(
        {
            "game_id": games.take(pa.array(game[rows[chosen]])),
            "player_lookup": players.take(pa.array(player[rows[chosen]])),
            "steam_direction": pa.array(np.where(stream[chosen] % 2 == 1, 1, -1).astype(np.int64)),
            "steam_at": instants(moment[chosen]),
            "steam_books": pa.array(count[chosen]),
        }
    )
    return table.sort_by([("game_id", "ascending"), ("player_lookup", "ascending")])


def _books_within(stream: Codes, moment: Codes, book: Codes) -> Codes:
    """For each move, in order of stream and moment, how many books of its stream had moved in the ten minutes up to it: the moves in that
    time whose book has no earlier one in it. One step an offset, and there are as many as the longest ten minutes hold."""
    size = stream.size
    if size == 0:
        return np.empty(0, np.int64)
    start = _first_within(stream, moment)
    end = _last_at_once(stream, moment)
    before = np.full(size, -1, np.int64)
    by_book = np.lexsort((np.arange(size), book, stream))
    same = np.flatnonzero((np.diff(stream[by_book]) == 0) & (np.diff(book[by_book]) == 0))
    before[by_book[same + 1]] = by_book[same]
    count = np.zeros(size, np.int64)
    for offset in range(int((end - start).max()) + 1):
        place = start + offset
        within = place <= end
        count += within & (before[np.minimum(place, size - 1)] < start)
    return count


def _first_within(stream: Codes, moment: Codes) -> Codes:
    """The first move of each one's stream that is at most ten minutes older."""
    floor = int(moment.min())
    width = int(moment.max()) - floor + _WINDOW + 1
    key = stream * width + (moment - floor)
    return np.maximum(np.searchsorted(key, key - _WINDOW, side="left"), np.searchsorted(stream, stream, side="left")).astype(np.int64)


def _last_at_once(stream: Codes, moment: Codes) -> Codes:
    """The last move of each one's stream at the same moment."""
    changes = np.flatnonzero((np.diff(stream, append=-1) != 0) | (np.diff(moment, append=-1) != 0))
    return changes[np.searchsorted(changes, np.arange(stream.size))].astype(np.int64)
