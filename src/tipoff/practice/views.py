"""What can be known of one game before its tip, or in mid-game, and by how much each book is mistaken about it.

A view changes only with injury news (or, in play, with the score). It never sees the result, nor the planted signal.
Times before the tip are minutes; points are NBA points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.practice.books import BOOKS, MARKET_ERROR, SHARPEST
from tipoff.practice.boxes import Progress, points_at
from tipoff.practice.expect import Outlook, outlook, rows_of
from tipoff.practice.health import CHANCE_TO_PLAY
from tipoff.practice.odds_of_points import SUPPORT, distribution, survival
from tipoff.practice.rosters import Floats, Ints
from tipoff.practice.season import Game, Season
from tipoff.practice.streams import Stream, stream

STEP_HOURS = 1.5
STEPS = 24
"""Errors are drawn for 24 stretches of an hour and a half before the tip."""
_CANDIDATES = 12
"""Of each team, those with the largest roles can be quoted."""
_LEAST_MINUTES = 12.0
_LEAST_POINTS = 4.0

ERRORS = np.array([book.error for book in BOOKS])
COPIES = np.array([book.copies for book in BOOKS])
BIASES = np.array([book.bias for book in BOOKS])


@dataclass(frozen=True, eq=False)
class View:
    """Twenty-four candidates, twelve a team, home first, as seen after some of the injury reports."""

    outlook: Outlook
    weight: Floats
    """(24,) chance to play."""
    mean: Floats
    """(24,) expected points, given that he plays; -1 for one whom nobody would list."""
    tail: Floats
    """(24, 81) chances of at least k points, given that he plays."""


class GameViews:
    """All views of one game; each is made when first asked for, and kept."""

    def __init__(self, season: Season, game: Game) -> None:
        self.season, self.game = season, game
        pair = slice(2 * game.index, 2 * game.index + 2)
        self.sheets = rows_of(season.sheets, pair)
        self.news = season.news_by_game.get(game.index, ())
        self.heard = np.array([(item.at - game.tip).total_seconds() / 60 for item in self.news])
        self.rows = np.repeat([0, 1], _CANDIDATES)
        self.slots = np.tile(np.arange(_CANDIDATES), 2)
        self.players = tuple(season.players[int(n)] for n in self.sheets.slots[self.rows, self.slots])
        draw = stream(season.seed, Stream.QUOTES, game.index)
        self.common, self.own = _errors(draw, len(self.players))
        self.taste = draw.random((len(BOOKS), len(self.players)))
        self.offset = draw.random(len(BOOKS)) * STEP_HOURS
        self.game_errors = draw.normal(0, 1, (2, len(BOOKS) + 1, STEPS))
        self._views: dict[int, View] = {}

    def reports_heard(self, minutes_before: float, delay: float) -> int:
        """How many of the game's injury reports a book has heard of, by minutes before the tip and its delay."""
        return int(np.searchsorted(self.heard, -minutes_before - delay, side="right"))

    def view(self, count: int) -> View:
        """What was known after the first `count` reports of this game."""
        found = self._views.get(count)
        if found is None:
            found = self._views[count] = self._make(count, None)
        return found

    def in_play(self, at: Progress) -> View:
        """What is known in mid-game: every report, and the score so far."""
        return self._make(len(self.news), at)

    def misjudged(self, numbers: Ints, minutes_before: Floats, mean: Floats) -> Floats:
        """(books, 24) points by which the books numbered are off at their own instants, bias included.

        `mean` is (books, 24): errors grow with its root. The sharpest book's error of a while ago is copied in part.
        """
        hours = minutes_before / 60 + self.offset[numbers]
        step = np.clip(STEPS - 1 - hours // STEP_HOURS, 0, STEPS - 1).astype(int)
        sharp = self.own[np.maximum(step - 1, 0), SHARPEST] * ERRORS[SHARPEST]
        own = self.own[step, numbers] * ERRORS[numbers, None]
        copied = COPIES[numbers, None]
        error = (1 - copied) * own + copied * sharp + MARKET_ERROR * self.common[step]
        return np.asarray(error * np.sqrt(np.maximum(mean, 1.0) / 15.0) + BIASES[numbers, None])

    def _make(self, count: int, at: Progress | None) -> View:
        weights = np.ones(self.sheets.role.shape)
        place = {int(n): (row, slot) for row in (0, 1) for slot, n in enumerate(self.sheets.slots[row])}
        for item in self.news[:count]:
            weights[place[item.player]] = CHANCE_TO_PLAY[item.status]
        seen = outlook(self.season.rules, self.sheets, weights, planted=False)
        weight = weights[self.rows, self.slots]
        played = np.maximum(weight, 1e-3)
        points, minutes = seen.points[self.rows, self.slots] / played, seen.minutes[self.rows, self.slots] / played
        chosen = np.flatnonzero((weight > 0) & (points >= _LEAST_POINTS) & (minutes >= _LEAST_MINUTES))
        left = 1.0 if at is None else at.regulation_left
        chances = distribution(self.sheets, seen, weights, self.rows[chosen], self.slots[chosen], left)
        mean, tail = np.full(len(weight), -1.0), np.zeros((len(weight), SUPPORT + 1))
        if at is not None:
            chances = _moved(chances, points_at(self.season, self.game, at)[self.rows, self.slots][chosen])
        mean[chosen], tail[chosen] = chances @ np.arange(SUPPORT), survival(chances)
        return View(seen, weight, mean, tail)


def _errors(draw: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Errors of mean 0 and spread 1 by stretch of time: (steps, players) shared, (steps, books, players) own.

    They wander (each stretch keeps .9 of the last) and are larger early: lines move, and drift towards the truth.
    """
    shocks = draw.normal(0, 1, (STEPS, 1 + len(BOOKS), count))
    walk = np.empty_like(shocks)
    walk[0] = shocks[0]
    for step in range(1, STEPS):
        walk[step] = 0.9 * walk[step - 1] + np.sqrt(1 - 0.9**2) * shocks[step]
    walk *= np.linspace(1.9, 1.0, STEPS)[:, None, None]
    return walk[:, 0], walk[:, 1:]


def _moved(chances: Floats, scored: Ints) -> Floats:
    """The distributions, each moved up by the points already scored."""
    found = np.zeros_like(chances)
    for row, points in enumerate(np.minimum(scored, SUPPORT - 1).tolist()):
        found[row, points:] = chances[row, : SUPPORT - points]
        found[row, -1] += chances[row, SUPPORT - points :].sum()
    return found
