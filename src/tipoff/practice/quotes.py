"""Players' points as the books quote them: a pure function of (season, game, instant), made only for games asked for.

A book takes the true distribution of what it has heard of, moves it by its own mistake, and adds its margin.
Prices are decimal, points NBA points, instants UTC. It never sees the result before the tip.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from tipoff.clock import as_utc
from tipoff.practice.books import BOOKS, Book
from tipoff.practice.boxes import progress
from tipoff.practice.odds_of_points import SUPPORT
from tipoff.practice.people import Player
from tipoff.practice.pricing import price_pair
from tipoff.practice.rosters import Flags, Floats, Ints
from tipoff.practice.season import Game, Season
from tipoff.practice.views import GameViews, View

PLAYER_POINTS = "player_points"
PLAYER_POINTS_ALTERNATE = "player_points_alternate"
_KEPT_GAMES = 64
_NEAR_WHOLE = 0.12
"""A book that uses whole points does so where its middle is this near to one."""
_LEAST_CHANCE = 0.015

_FROM = np.array([book.lists_from for book in BOOKS])
_SHARE = np.array([book.lists_share for book in BOOKS])
_PULLS = np.array([book.pulls_doubtful for book in BOOKS])
_WHOLE = np.array([book.whole_points for book in BOOKS])
_MARGIN = np.array([book.margin for book in BOOKS])
_CENTS = np.array([book.cents for book in BOOKS])


@dataclass(frozen=True, slots=True)
class Offers:
    """One market of one book at one instant: players, points and decimal prices side by side.

    `under` is None where only overs are offered; `last_update` is when the book last looked at its prices.
    """

    book: Book
    market: str
    last_update: datetime
    players: tuple[Player, ...]
    points: tuple[float, ...]
    over: tuple[float, ...]
    under: tuple[float, ...] | None


@dataclass(frozen=True, eq=False)
class _Slate:
    """The quoted (book, player) pairs of one game and instant: one row each, books in order."""

    numbers: Ints
    """Of the books."""
    people: Ints
    """Of the candidates."""
    tail: Floats
    shift: Floats
    main: Floats


class QuoteRoom:
    """Quotes of a season on request. Keeps the newest games asked for, nothing else: every answer depends on the
    question alone."""

    def __init__(self, season: Season) -> None:
        self.season = season
        self._games: OrderedDict[tuple[int, datetime], GameViews] = OrderedDict()

    def of(self, game: Game) -> GameViews:
        """The views of one game."""
        found = self._games.get((game.index, game.tip))
        if found is None:
            found = self._games[game.index, game.tip] = GameViews(self.season, game)
            while len(self._games) > _KEPT_GAMES:
                self._games.popitem(last=False)
        return found

    def player_points(
        self, game: Game, instant: datetime, keys: frozenset[str], markets: frozenset[str] = frozenset({PLAYER_POINTS})
    ) -> list[Offers]:
        """The offers of the books named, in the order of `BOOKS`, for `player_points` and `player_points_alternate`.

        None before a book opens, nor after the game, nor after the tip but from those that quote in play.
        """
        instant = as_utc(instant)
        at = progress(game, instant)
        live = at.period > 0
        asked = [n for n, book in enumerate(BOOKS) if book.key in keys and (book.in_play or not live)]
        looks = {n: looked(BOOKS[n], instant) for n in asked}
        open_now = [n for n in asked if looks[n] >= BOOKS[n].opens(game.game_date, game.tip)]
        if at.final or not open_now or game.standing != "on":
            return []
        views = self.of(game)
        before = np.array([(game.tip - looks[n]) / timedelta(minutes=1) for n in open_now])
        if live:
            seen = [views.in_play(at)] * len(open_now)
        else:
            heard = [views.reports_heard(float(m), BOOKS[n].news_delay) for n, m in zip(open_now, before, strict=True)]
            seen = [views.view(count) for count in heard]
        slate = _slate(views, np.array(open_now), before, seen)
        found: list[Offers] = []
        if PLAYER_POINTS in markets:
            found += _market(views, slate, PLAYER_POINTS, looks, lambda book: (0.0, *book.ladder))
        if PLAYER_POINTS_ALTERNATE in markets:
            found += _market(views, slate, PLAYER_POINTS_ALTERNATE, looks, lambda book: book.alternates)
        return found


def looked(book: Book, instant: datetime) -> datetime:
    """When a book last looked at its prices: its quotes at `instant` (UTC) are those of then."""
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % (60 * book.refresh), tz=UTC)


def _slate(views: GameViews, numbers: Ints, before: Floats, seen: list[View]) -> _Slate:
    mean = np.stack([view.mean for view in seen])
    weight = np.stack([view.weight for view in seen])
    shift = views.misjudged(numbers, before, mean)
    books, people = np.nonzero(_listed(views, numbers, mean, weight))
    tails = np.stack([view.tail for view in seen]) if len({id(view) for view in seen}) > 1 else None
    tail = tails[books, people] if tails is not None else seen[0].tail[people]
    moved = shift[books, people]
    main = _main_points(_WHOLE[numbers[books]], _median(tail) + moved)
    return _Slate(numbers[books], people, tail, moved, main)


def _listed(views: GameViews, numbers: Ints, mean: Floats, weight: Floats) -> Flags:
    """(books, 24): regulars always, men on the fringe by taste, doubtful ones by habit."""
    level = _FROM[numbers, None]
    wanted = (mean >= level + 4) | ((mean >= level) & (views.taste[numbers] < _SHARE[numbers, None]))
    pulled = (weight < 0.9) & _PULLS[numbers, None]
    return np.asarray(wanted & ~pulled & (weight > 0.1))


def _median(tail: Floats) -> Floats:
    """The point at which over and under are equally likely, each whole number spread over the half on either side."""
    k = np.maximum((tail >= 0.5).sum(axis=1) - 1, 0)
    rows = np.arange(len(tail))
    above, below = tail[rows, k], tail[rows, np.minimum(k + 1, SUPPORT)]
    return np.asarray(k - 0.5 + (above - 0.5) / np.maximum(above - below, 1e-9))


def _main_points(whole: Flags, middle: Floats) -> Floats:
    """Half points, or a whole one where the book uses them and it is near; never below 0.5."""
    nearest = np.round(middle)
    use = whole & (np.abs(middle - nearest) < _NEAR_WHOLE) & (nearest >= 1)
    return np.where(use, nearest, np.maximum(np.floor(middle) + 0.5, 0.5))


def _above(tail: Floats, rows: Ints, x: Floats) -> Floats:
    """Chance of more than x points, in between whole numbers by a straight line."""
    place = np.clip(x + 0.5, 0.0, SUPPORT - 1e-6)
    k = place.astype(np.int64)
    part = place - k
    return np.asarray(tail[rows, k] * (1 - part) + tail[rows, k + 1] * part)


def _market(
    views: GameViews, slate: _Slate, market: str, looks: dict[int, datetime], offsets_of: Callable[[Book], tuple[float, ...]]
) -> list[Offers]:
    """One market of all books at once, then cut up by book."""
    steps = {n: np.array(offsets_of(BOOKS[n])) for n in sorted(set(slate.numbers.tolist()))}
    counts = np.array([len(steps[n]) for n in slate.numbers.tolist()], dtype=np.int64)
    if not counts.sum():
        return []
    rows = np.repeat(np.arange(len(slate.main)), counts)
    points = slate.main[rows] + np.concatenate([steps[n] for n in slate.numbers.tolist()])
    seen = points - slate.shift[rows]
    whole = (points == np.floor(points)) * 0.5
    over = _above(slate.tail, rows, seen + whole)
    under = 1 - _above(slate.tail, rows, seen - whole)
    both = over + under
    keep = np.flatnonzero((points >= 0.5) & (np.minimum(over, under) > _LEAST_CHANCE * both))
    numbers = slate.numbers[rows[keep]]
    prices = price_pair((over / both)[keep], _MARGIN[numbers], _CENTS[numbers])
    columns = [slate.people[rows[keep]].tolist(), points[keep].tolist(), prices[0].tolist(), prices[1].tolist()]
    found = []
    for number in steps:
        start, stop = (int(n) for n in np.searchsorted(numbers, [number, number + 1]))
        if start == stop:
            continue
        who, at, overs, unders = (tuple(column[start:stop]) for column in columns)
        book = BOOKS[number]
        one_sided = market == PLAYER_POINTS_ALTERNATE and book.alternates_over_only
        people = tuple(views.players[n] for n in who)
        found.append(Offers(book, market, looks[number], people, at, overs, None if one_sided else unders))
    return found
