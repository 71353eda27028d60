"""The pages of a day's lines: a table a game with books as columns, and one player's movement, as part of that page or as its own.

In: published documents and the time. Out: text of pages. It must never know HTTP, nor how a line is made.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tipoff.clock import Clock
from tipoff.publish.lines import BookLine, GameLines, Lines, PlayerLines
from tipoff.web import movement, words
from tipoff.web.published import Published
from tipoff.web.rendering import Made, Rendering

Column = tuple[str, str]
"""A book's key and its name for people."""


@dataclass(frozen=True)
class Cell:
    """One book on one player, as the table has it: `moved` is how its point stands to its opening; the marks are told in words too."""

    book: BookLine
    moved: Literal["up", "down", "same"]
    best_over: bool
    best_under: bool
    title: str


class LinePages:
    """The pages of lines."""

    def __init__(self, published: Published, clock: Clock, rendering: Rendering) -> None:
        self._published = published
        self._clock = clock
        self._rendering = rendering
        rendering.add(columns=columns, cells=cells)

    def lines(self, day: date | None) -> Made | str | None:
        """The page of a day, or of the latest night's; None where nothing of that date is published. Raises BadInput for an unreadable
        document."""
        night = self._published.tonight(day)
        if day is None:
            if night is None:
                return self._rendering.page("empty.html", "lines")
            day = night[0].game_date
        found = self._published.lines(day)
        if found is None:
            return self._rendering.page("no_lines.html", "lines", day=day) if night is not None else None
        lines, tag = found
        before, after = self._published.neighbours(day)
        now = self._clock.now()
        age = words.age(lines.data_as_of, now) if lines.data_as_of and lines.data_as_of <= now else None
        said = {"lines": lines, "before": before, "after": after, "age": age}
        version = (tag, before, after, age)
        return self._rendering.kept(("lines", day), version, lambda: self._rendering.page("lines.html", "lines", **said))

    def movement(self, day: date, player_lookup: str, *, part: bool) -> Made | str | None:
        """One player's movement: `part` of the day's page, or a page of its own; None where no book quotes him on that day. Raises as
        `lines` does."""
        found = self._published.lines(day)
        if found is None:
            return None
        lines, tag = found
        his = [(game, player) for game in lines.games for player in game.players if player.player_lookup == player_lookup]
        if not his:
            return None
        template = "movement.html" if part else "movement_page.html"
        night, of = self._published.tonight(day) or (None, None)
        leader = next((one for one in night.systems if one.system_id == lines.system_id), None) if night else None
        place, said = ("movement", day, player_lookup, part), {"lines": lines, "leader": leader}
        return self._rendering.kept(
            place, (tag, of), lambda: self._rendering.page(template, "lines", **said, shown=[_shown(lines, *one) for one in his])
        )


@dataclass(frozen=True)
class Shown:
    """What the movement of one player in one game is made of."""

    game: GameLines
    player: PlayerLines
    cells: list[Cell]
    changes: list[movement.Change]
    happenings: list[movement.Happening]
    chart: dict[str, object]


def _shown(lines: Lines, game: GameLines, player: PlayerLines) -> Shown:
    return Shown(
        game=game,
        player=player,
        cells=sorted((cell for cell in cells(lines, game, player) if cell), key=lambda cell: lines.bookmakers[cell.book.bookmaker]),
        changes=movement.changes(player, lines.bookmakers),
        happenings=movement.happenings(game, player),
        chart=movement.chart(game, player, lines.bookmakers),
    )


def columns(lines: Lines, game: GameLines) -> list[Column]:
    """The books that quote somebody of a game: those that quote most of its players first, then by name."""
    counted = Counter(book.bookmaker for player in game.players for book in player.books)
    makes_line = {book.bookmaker for player in game.players for book in player.books if book.kind == "sportsbook"}
    keys = sorted(counted, key=lambda key: (key not in makes_line, -counted[key], lines.bookmakers[key].casefold()))
    return [(key, lines.bookmakers[key]) for key in keys]


def cells(lines: Lines, game: GameLines, player: PlayerLines) -> list[Cell | None]:
    """A player's row of the table, in the order of its columns; None where a book does not quote him."""
    by_book = {book.bookmaker: book for book in player.books}
    return [_cell(player, by_book[key], title) if key in by_book else None for key, title in columns(lines, game)]


def _cell(player: PlayerLines, book: BookLine, title: str) -> Cell:
    first, now = book.opening, book.newest
    best_over, best_under = (best is not None and best.bookmaker == book.bookmaker for best in (player.best_over, player.best_under))
    told = [
        f"{title}: {words.line(now.point)}, over {words.price(now.over_price)}, under {words.price(now.under_price)}",
        f"hold {words.share(now.hold)}",
        f"opened {words.line(first.point)} at {words.price(first.over_price)} and {words.price(first.under_price)}",
        f"seen {words.eastern(now.at)} New York",
    ]
    moved: Literal["up", "down", "same"] = "up" if now.point > first.point else "down" if now.point < first.point else "same"
    return Cell(book, moved, best_over and book.current, best_under and book.current, "; ".join(told))
