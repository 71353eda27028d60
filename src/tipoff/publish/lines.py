"""The document of a date's lines: what every book says of every quoted player, first and now, how it moved, and what happened meanwhile.

In: a slate, its night's document, rows of its quotes, reports and the leader's words. Out: the document. It must never know a table, nor by
which rules a quote lapses or a book is an outlier.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from tipoff.market.board import Board, board
from tipoff.market.books import BookKind, find_book
from tipoff.market.grouped import Codes, Grouped, micros
from tipoff.market.lines import BookGroups, player_lines
from tipoff.market.movement import steps
from tipoff.market.prices import FloatArray, hold
from tipoff.market.summary import best_prices, outliers
from tipoff.publish.documents import Document, Figure, Game, GameStatus, LineKind, Price, Shape, Tonight
from tipoff.publish.happened import News, Said, news_of, said_of
from tipoff.publish.line_reads import LineRows
from tipoff.publish.reads import Row, Slate
from tipoff.store.tables import table_named

Key = tuple[str, str]


class Step(Shape):
    """A change of point or price: when it was seen first, and the quote from then on."""

    at: datetime
    point: Figure
    over_price: Figure | None
    under_price: Figure | None


class Quoted(Step):
    """One quote of a book, with the share of balanced stakes that it keeps; `at` is when it was seen."""

    hold: Figure | None


class BookLine(Shape):
    """One book on one player. `opening` is its first quote, `newest` its last one with when it was last seen; `current` whether that one
    still stands, `pulled` whether the book took the player off; `in_line` whether it is one of those that make the consensus, `is_outlier`
    whether it is, and stands 1.5 points or more away from it. `steps` are the changes since the opening, the last 60 at most."""

    bookmaker: str
    kind: BookKind
    opening: Quoted
    newest: Quoted
    current: bool
    pulled: bool
    in_line: bool
    is_outlier: bool
    steps: list[Step]


class PlayerLines(Shape):
    """The market on one player: `line` and `opening_line` are medians over books; `hold` is the middle one of the books in the line.
    `said` is what the headline system said of him, and when: its first word, and each that said something else."""

    player_lookup: str
    name: str
    team: str | None
    line: Figure | None
    line_kind: LineKind | None
    opening_line: Figure | None
    movement: Figure | None
    line_range: Figure | None
    book_count: int | None
    hold: Figure | None
    best_over: Price | None
    best_under: Price | None
    books: list[BookLine]
    said: list[Said]


class GameLines(Shape):
    """One game as of its own moment, never later than its tip; players from the highest line down, `news` of both teams in order."""

    game_id: str
    home_team: str
    away_team: str
    tip_at: datetime
    game_status: GameStatus
    as_of: datetime
    players: list[PlayerLines]
    news: list[News]


class Lines(Document):
    """A date's lines. `bookmakers` has every book that quotes somebody, with its name for people; `system_id` is whose words stand in
    `said`, withheld while the slate is halted."""

    game_date: date
    system_id: str | None
    total_players: int
    total_books: int
    bookmakers: dict[str, str]
    games: list[GameLines]


def lines_of(slate: Slate, night: Tonight, rows: LineRows | None, leader: str | None) -> Lines:
    """The document. `rows` are None where the date has no games."""
    envelope = {name: getattr(night, name) for name in Document.model_fields}
    if rows is None:
        return Lines(**envelope, game_date=night.game_date, system_id=leader, total_players=0, total_books=0, bookmakers={}, games=[])
    table, market, books = _seen(rows.quotes)
    names = {(game.game_id, player.player_lookup): (player.name, player.team) for game in night.games for player in game.players}
    said = {} if night.halt.active else said_of(rows.said)
    news = news_of(rows, night, slate.names)
    on: dict[str, list[str]] = defaultdict(list)
    for game_id, lookup in books:
        on[game_id].append(lookup)

    def player(key: Key) -> PlayerLines:
        name, team = names.get(key, (slate.names.get(key[1], key[1]), None))
        about = {"player_lookup": key[1], "name": name, "team": team, "books": books[key], "said": said.get(key, [])}
        return PlayerLines(**_NO_LINE | market.get(key, {}) | about)

    def of_game(game: Game) -> GameLines:
        found = [player((game.game_id, lookup)) for lookup in on.get(game.game_id, [])]
        found.sort(key=lambda one: (one.line is None, -(one.line or 0.0), one.player_lookup))
        same: dict[str, Any] = {name: getattr(game, name) for name in ("game_id", "home_team", "away_team", "tip_at", "game_status")}
        return GameLines(**same, as_of=rows.moments[game.game_id], players=found, news=news.get(game.game_id, []))

    games = [of_game(game) for game in night.games]
    titles = {key: find_book(key).title for key in table.books.to_pylist()}
    return Lines(
        **envelope,
        game_date=night.game_date,
        system_id=leader,
        total_players=sum(len(game.players) for game in games),
        total_books=len(titles),
        bookmakers=titles,
        games=games,
    )


Told = tuple[Board, dict[Key, Row], dict[Key, list[BookLine]]]
"""A board, and by (game, player) the market and every book."""
_newest: dict[str, tuple[pa.Table, Told]] = {}


def _seen(quotes: pa.Table) -> Told:
    """What is told of these quotes; the same, where they are the very ones that were told of last: once games have tipped, a date is
    published with each box score, and its quotes stand."""
    before = _newest.get("quotes")
    if before is not None and before[0].equals(quotes):
        return before[1]
    table = board(quotes)
    told = (table, _market(table), _books(table, quotes))
    _newest["quotes"] = quotes, told
    return told


_NO_GROUPS = BookGroups(table_named("ref.book_groups").empty())
"""Which books are sharp is not told here."""
_NO_LINE: Row = dict.fromkeys(
    ("line", "line_kind", "opening_line", "movement", "line_range", "book_count", "hold", "best_over", "best_under"), None
)


def _market(table: Board) -> dict[Key, Row]:
    """The line of each player that has one: as `market.lines` has it, with the best prices and the middle hold beside it."""
    making = np.flatnonzero(table.makes_line(table.current))
    kept = hold(table.over_price, table.under_price)[making]
    priced = making[~np.isnan(kept)]
    holds = Grouped(table.pair[priced], table.pairs).median(kept[~np.isnan(kept)])
    lined = np.flatnonzero(Grouped(table.pair[making], table.pairs).count)
    lines = player_lines(table, None, _NO_GROUPS).to_pylist()
    found: dict[Key, Row] = {}
    for line, best, share in zip(lines, best_prices(table).to_pylist(), _listed(holds[lined]), strict=True):
        prices = {
            f"best_{side}": Price(bookmaker=best[f"best_{side}_book"], point=best[f"best_{side}_point"], price=best[f"best_{side}_price"])
            if best[f"best_{side}_book"]
            else None
            for side in ("over", "under")
        }
        same = {name: line[name] for name in ("line_kind", "opening_line", "line_range", "book_count")}
        moved = {"line": line["consensus_line"], "movement": line["line_movement"], "hold": share}
        found[line["game_id"], line["player_lookup"]] = same | moved | prices
    return found


def _books(table: Board, quotes: pa.Table) -> dict[Key, list[BookLine]]:
    """Every book on every player, by (game, player), the books in the order of their keys."""
    changes: dict[int, list[Row]] = defaultdict(list)
    moved = steps(quotes)
    names = ("point", "over_price", "under_price")
    columns = (moved.column("place").to_pylist(), _moments(micros(moved.column("at"))), *(moved.column(name).to_pylist() for name in names))
    for place, at, *quote in zip(*columns, strict=True):
        changes[place].append({"at": at, **dict(zip(names, quote, strict=True))})
    games, players, books = table.games.to_pylist(), table.players.to_pylist(), table.books.to_pylist()
    seen, making, apart = _moments(table.snapshot_at), table.makes_line(table.current).tolist(), outliers(table).tolist()
    current, pulled = table.current.tolist(), table.pulled.tolist()
    point, over, under = table.point.tolist(), _listed(table.over_price), _listed(table.under_price)
    now = _listed(hold(table.over_price, table.under_price))
    firsts = [changes[place][0] for place in range(table.pair.size)]
    first = {side: np.array([row[side] for row in firsts], dtype=np.float64) for side in ("over_price", "under_price")}
    then = _listed(hold(first["over_price"], first["under_price"]))
    kinds = [find_book(book).kind for book in books]
    newest = zip(seen, point, over, under, now, strict=True)
    told = [
        {
            "bookmaker": books[book],
            "kind": kinds[book],
            "opening": changes[place][0] | {"hold": then[place]},
            "newest": dict(zip(Quoted.model_fields, quoted, strict=True)),
            "current": current[place],
            "pulled": pulled[place],
            "in_line": making[place],
            "is_outlier": apart[place],
            "steps": changes[place][1:],
        }
        for place, (book, quoted) in enumerate(zip(table.book.tolist(), newest, strict=True))
    ]
    found: dict[Key, list[BookLine]] = defaultdict(list)
    for game, player, line in zip(table.game.tolist(), table.player.tolist(), _BOOK_LINES.validate_python(told), strict=True):
        found[games[game], players[player]].append(line)
    return found


_BOOK_LINES = TypeAdapter(list[BookLine])
"""All of a day are checked in one pass."""


def _moments(values: Codes) -> list[datetime]:
    """Microseconds since 1970 as instants: Arrow's own list of them takes ten times as long."""
    return [moment.replace(tzinfo=UTC) for moment in values.astype("datetime64[us]").tolist()]


def _listed(values: FloatArray) -> list[float | None]:
    """Numbers as a document has them: None where one is missing."""
    return [None if value != value else value for value in values.tolist()]
