"""How far a player's points stray around his mean, learned on the past: from it comes how P(over) changes from one line to the next.

The variance of points grows with their mean in a straight line, variance = a + b x mean, fitted anew at the first instant of every month
(UTC), the *vintage*, on what was known then. Knows box scores. It must never know a line, or a game after its vintage.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.analyze.history import WINDOW
from tipoff.market.grouped import Codes, Mask, encode, floats, micros, paired
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work, day_of, instant

MIN_GAMES, MIN_PLAYERS = 5, 20
_DAY = timedelta(days=1) // timedelta(microseconds=1)


def spread_of_points(work: Work, as_of: Codes) -> tuple[FloatArray, FloatArray]:
    """a and b of variance = a + b x mean for each moment (microseconds since 1970, UTC), both of the moments' shape, in pts^2 and pts.

    Weighted least squares (weights n - 1) of every player's sample variance of points on his mean, over players with five games or more,
    of the games played in the 400 days before the moment's vintage, by the box scores in force then. NaN with fewer than twenty such
    players.

    >>> market_as_of(work, games, partial(spread_of_points, work))  # doctest: +SKIP
    """
    months = as_of.astype("datetime64[us]").astype("datetime64[M]")
    vintages, place = np.unique(months, return_inverse=True)
    if vintages.size == 0:
        return np.empty(0), np.empty(0)
    past = _Past(work, vintages.astype("datetime64[us]"))
    fits = np.array([_fit(*past.seen_at(int(vintage))) for vintage in vintages.astype("datetime64[us]").astype(np.int64)])
    return fits[place, 0], fits[place, 1]


def _boxes(work: Work, known_by: datetime, first: date, until: date) -> ir.Table:
    box = work.table("raw.player_box")
    rows = box.filter(box.known_at <= instant(known_by), box.game_date >= day_of(first), box.game_date < day_of(until))
    return rows.select("game_id", "player_lookup", "game_date", "known_at", "minutes", "points")


class _Past:
    """Box scores in versions, in order of their game day: what was known of whom at any of the vintages."""

    def __init__(self, work: Work, vintages: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> None:
        oldest, newest = (moment.item().replace(tzinfo=UTC) for moment in (vintages.min(), vintages.max()))
        found = work.ask(_boxes, newest, oldest.date() - WINDOW, newest.date())
        game, _ = encode(found.column("game_id"))
        player, _ = encode(found.column("player_lookup"))
        day = np.asarray(found.column("game_date").cast(pa.int32()).to_numpy(), dtype=np.int64) * _DAY
        known = micros(found.column("known_at"))
        until = _until(paired(game, player), known)
        minutes, points = floats(found.column("minutes")), floats(found.column("points").cast(pa.float64()))
        order = np.argsort(day, kind="stable")
        self._player, self._day, self._known, self._until = player[order], day[order], known[order], until[order]
        self._points, self._played = points[order], (np.nan_to_num(minutes) > 0)[order] & ~np.isnan(points[order])

    def seen_at(self, vintage: int) -> tuple[Codes, FloatArray]:
        """Player and points of every game played in the 400 days before, as known then."""
        first = vintage - WINDOW // timedelta(microseconds=1)
        span = slice(*np.searchsorted(self._day, (first, vintage)))
        in_force: Mask = (self._known[span] <= vintage) & (vintage < self._until[span]) & self._played[span]
        return self._player[span][in_force], self._points[span][in_force]


def _until(fact: Codes, known: Codes) -> Codes:
    """When each version was followed by the next one of the same fact; the end of time where none was."""
    order = np.lexsort((known, fact))
    until = np.full(fact.size, np.iinfo(np.int64).max)
    followed = np.flatnonzero(fact[order][1:] == fact[order][:-1])
    until[order[followed]] = known[order[followed + 1]]
    return until


def _fit(player: Codes, points: FloatArray) -> tuple[float, float]:
    games = np.bincount(player).astype(np.float64)
    total, squares = np.bincount(player, weights=points), np.bincount(player, weights=points * points)
    enough = games >= MIN_GAMES
    if np.count_nonzero(enough) < MIN_PLAYERS:
        return np.nan, np.nan
    n = games[enough]
    mean = total[enough] / n
    # Points are whole, so that these sums are exact and no cancellation can hurt.
    variance = (squares[enough] - total[enough] * mean) / (n - 1.0)
    weight = (n - 1.0) / np.sum(n - 1.0)
    centre = np.sum(weight * mean)
    away = mean - centre
    spread = np.sum(weight * away * away)
    if spread == 0.0:
        return np.nan, np.nan
    slope = float(np.sum(weight * away * variance) / spread)
    return float(np.sum(weight * variance) - slope * centre), slope
