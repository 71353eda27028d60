"""Winner, spread and total as the books quote them, before the tip and in play.

The same views of a game as players' points; margins are taken as normal. Prices are decimal, points NBA points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from tipoff.clock import as_utc
from tipoff.practice.books import BOOKS, GAME_LINES_OPEN, Book
from tipoff.practice.boxes import points_at, progress
from tipoff.practice.expect import LEAD_SD
from tipoff.practice.pricing import price_pair
from tipoff.practice.quotes import QuoteRoom, looked
from tipoff.practice.season import Game
from tipoff.practice.views import STEP_HOURS, STEPS, GameViews

TOTAL_SD = 17.5
"""Of a game's total points about what is expected of it."""
SPREAD_ERROR = 0.9
"""A book's own error in the spread, in points; that of the total is 1.5 times it."""


@dataclass(frozen=True, slots=True)
class GameLines:
    """One book's game lines at one instant. `spread` is the home team's handicap: -5.5 where it is the favourite."""

    book: Book
    last_update: datetime
    home_price: float
    away_price: float
    spread: float
    home_spread_price: float
    away_spread_price: float
    total: float
    over_price: float
    under_price: float


def game_lines(room: QuoteRoom, game: Game, instant: datetime, keys: frozenset[str]) -> list[GameLines]:
    """The lines of the books named, in the order of `BOOKS`; none before they open, nor after the game, nor after the
    tip but from those that quote in play."""
    instant = as_utc(instant)
    at = progress(game, instant)
    if at.final or game.standing != "on" or instant < game.tip - GAME_LINES_OPEN:
        return []
    views = room.of(game)
    live = at.period > 0
    scored = points_at(room.season, game, at).sum(axis=1) if live else np.zeros(2)
    found = []
    for number, book in enumerate(BOOKS):
        if book.key not in keys or (live and not book.in_play):
            continue
        when = looked(book, instant)
        before = (game.tip - when) / timedelta(minutes=1)
        heard = views.reports_heard(before, book.news_delay)
        left = at.regulation_left if live else 1.0
        home, away = (views.view(heard).outlook.team_points * left + scored).tolist()
        lead_error, total_error = _errors(views, number, before)
        found.append(_lines(book, when, home - away + lead_error * left, home + away + total_error * left, max(left, 0.02)))
    return found


def _errors(views: GameViews, number: int, minutes_before: float) -> tuple[float, float]:
    """Errors of a book in the home lead and in the total, in points; larger early."""
    hours = minutes_before / 60 + views.offset[number]
    step = int(np.clip(STEPS - 1 - hours // (2 * STEP_HOURS), 0, STEPS - 1))
    early = 1 + 0.4 * (STEPS - 1 - step) / STEPS
    size = SPREAD_ERROR * early
    own = views.game_errors[:, number, step]
    shared = views.game_errors[:, -1, step]
    mixed = 0.5 * own + 0.5 * shared
    return float(mixed[0] * size), float(mixed[1] * size * 1.5)


def _lines(book: Book, when: datetime, lead: float, total: float, left: float) -> GameLines:
    width = LEAD_SD * math.sqrt(left)
    spread = -_halves(lead, book)
    points = _halves(total, book)
    chances = np.array([
        _beyond(-lead / width),
        _beyond((-spread - lead) / width),
        _beyond((points - total) / (TOTAL_SD * math.sqrt(left))),
    ])  # fmt: skip
    first, second = price_pair(np.clip(chances, 0.01, 0.99), book.line_margin, book.cents)
    return GameLines(
        book=book,
        last_update=when,
        home_price=float(first[0]),
        away_price=float(second[0]),
        spread=spread,
        home_spread_price=float(first[1]),
        away_spread_price=float(second[1]),
        total=points,
        over_price=float(first[2]),
        under_price=float(second[2]),
    )


def _halves(value: float, book: Book) -> float:
    return round(value * 2) / 2 if book.whole_points else math.floor(value) + 0.5


def _beyond(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))
