"""What lines say of players over time: closing lines of past games, today's against the last game's, regulars whom nobody quotes.

Knows the market's lines as of moments and the scene. It must never know injury reports, nor the result of the row's own game.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.past import Bools, Floats, Ints, Names, Past, Slices, numbers, summed
from tipoff.analyze.roster import Rows
from tipoff.analyze.scene import REACH, Scene
from tipoff.market.grouped import Grouped, flags

RECENT_DAYS = 14
BOOKS = 1000
"""More than there are books: one number for a game and a book."""
LINED_BOOKS, LEAST_LINED_GAMES = 2, 3
"""Sportsbooks with a line on some player that make a game's lines be out, and the fewest lined games that show who usually has one."""


@dataclass(frozen=True)
class Quotes:
    """Main quotes of books on players, one element each: codes of game (in the scene's names), player, book; point; whether the book is a
    sportsbook; whether the quote is one of those that make the line."""

    game: Ints
    player: Ints
    book: Ints
    point: Floats
    of_sportsbook: Bools
    chosen: Bools

    @classmethod
    def read(cls, scene: Scene, books: Names, table: pa.Table) -> Quotes:
        """From `Market.quotes`; of games and players in the scene."""
        found = cls(
            scene.game_names.codes(table.column("game_id")),
            scene.players.codes(table.column("player_lookup")),
            books.codes(table.column("bookmaker")),
            numbers(table.column("point")),
            flags(pc.equal(table.column("line_kind"), "sportsbook")),
            flags(table.column("chosen")),
        )
        known = (found.game >= 0) & (found.player >= 0)
        return found.where(known)

    def where(self, wanted: Bools) -> Quotes:
        """Only the quotes that are wanted."""
        return Quotes(
            self.game[wanted],
            self.player[wanted],
            self.book[wanted],
            self.point[wanted],
            self.of_sportsbook[wanted],
            self.chosen[wanted],
        )


def closing_of_played(scene: Scene, closing: pa.Table) -> Floats:
    """The closing line of each of the scene's played games, NaN where there was none. `closing`: game_id, player_lookup, consensus_line."""
    game, player = scene.game_names.codes(closing.column("game_id")), scene.players.codes(closing.column("player_lookup"))
    found = np.full(len(scene.played), np.nan)
    if closing.num_rows:
        place = Slices(scene.game_player(game, player)).one(scene.game_player(scene.played.columns["game"], scene.played.key))
        found = np.where(place >= 0, numbers(closing.column("consensus_line"))[place], np.nan)
    return found


def since_last_game(scene: Scene, rows: Rows, now: Quotes, closes: Quotes) -> dict[str, Floats]:
    """By row the consensus now less that at the tip of his last game played, of 14 days back at most, over the books quoted at both; and
    the days since that game."""
    now = now.where(now.chosen)
    last = scene.played.newest(rows.asked, REACH)
    days = np.where(last >= 0, rows.asked.day - scene.played.day[last], -1) if len(scene.played) else np.full(len(rows), -1)
    recent = np.flatnonzero((days >= 0) & (days <= RECENT_DAYS))
    row, place = Slices(scene.game_player(now.game, now.player)).of(
        scene.game_player(scene.games.code[rows.game[recent]], rows.player[recent])
    )
    row = recent[row]
    then = _book_of(scene, closes.game, closes.player, closes.book)
    past_game = scene.played.columns["game"][last[row]]
    before = Slices(then).one(_book_of(scene, past_game, rows.player[row], now.book[place]))
    both = before >= 0
    row, place, before = row[both], place[both], before[both]
    by_row = Grouped(row, len(rows))
    return {
        "line_delta": by_row.median(now.point[place]) - by_row.median(closes.point[before]),
        "days_since_played": np.where(days < 0, np.nan, days),
    }


def _book_of(scene: Scene, game: Ints, player: Ints, book: Ints) -> Ints:
    return scene.game_player(game, player) * BOOKS + book


def regulars(scene: Scene, rows: Rows, window: Past, now: Quotes, closes: Quotes) -> dict[str, Floats]:
    """By row the team-mates who usually have a line and have none now; the lined games that tell who does; the books with lines now.

    Quotes of sportsbooks alone count.
    """
    lined_sides = _lined_games(scene, window, closes)
    team_games = summed(lined_sides[0], np.ones(len(lined_sides[0])), len(scene.sides))
    with_line = _shared(scene, rows, lined_sides, closes)
    needed = np.maximum(LEAST_LINED_GAMES, np.ceil(rows.of_side(team_games) / 2))
    has_now = np.isin(scene.game_player(scene.games.code[rows.game], rows.player), _sportsbook_pairs(scene, now))
    missing = (with_line >= needed) & ~has_now & (rows.side >= 0)
    of_side = rows.of_side(summed(rows.side[missing], np.ones(int(missing.sum())), len(scene.sides)))
    return {
        "regulars_without_a_line": of_side - missing,
        "lined_team_games": rows.of_side(team_games),
        "books_now": _books_a_game(scene, now)[scene.games.code[rows.game]] if len(rows) else np.zeros(0),
    }


def _sportsbook_pairs(scene: Scene, quotes: Quotes) -> Ints:
    return np.unique(scene.game_player(quotes.game, quotes.player)[quotes.of_sportsbook])


def _books_a_game(scene: Scene, quotes: Quotes) -> Floats:
    """By game (the scene's code) the number of sportsbooks that quote somebody."""
    pairs = np.unique((quotes.game * BOOKS + quotes.book)[quotes.of_sportsbook])
    return summed(pairs // BOOKS, np.ones(len(pairs)), len(scene.game_names) + 1)


def _lined_games(scene: Scene, window: Past, closes: Quotes) -> tuple[Ints, Ints]:
    """(side, game) of each side's last ten games at whose tip two sportsbooks or more had lines."""
    ten = window.newest(10)
    lined = _books_a_game(scene, closes)[ten["game"]] >= LINED_BOOKS
    return ten.row[lined], ten["game"][lined]


def _shared(scene: Scene, rows: Rows, lined_sides: tuple[Ints, Ints], closes: Quotes) -> Floats:
    """By row the number of his side's lined games in which he had a closing line from a sportsbook."""
    of_side = np.flatnonzero(rows.side >= 0)
    which, entry = Slices(lined_sides[0]).of(rows.side[of_side])
    row = of_side[which]
    had = np.isin(scene.game_player(lined_sides[1][entry], rows.player[row]), _sportsbook_pairs(scene, closes))
    return summed(row[had], np.ones(int(had.sum())), len(rows))
