"""A practice season's consensus lines ten minutes before each tip, and what became of them: what a planted signal is measured on.

Four books that quote one point a player. Nothing here is a model, nor goes through a warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from tipoff.practice import Season
from tipoff.practice.health import Absence
from tipoff.practice.odds_of_points import distribution, survival
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.rosters import Flags, Floats, Ints
from tipoff.rates import Paired, clustered_mean

FOUR_BOOKS = ("draftkings", "betmgm", "betonlineag", "bovada")
BEFORE_TIP = timedelta(minutes=10)


@dataclass(frozen=True)
class Lined:
    """Quoted players of the games of some days, by row and slot of the season's sheets, with the median of the books' points, and the
    game day."""

    rows: Ints
    slots: Ints
    line: Floats
    days: Ints

    def take(self, chosen: Flags) -> Lined:
        return Lined(self.rows[chosen], self.slots[chosen], self.line[chosen], self.days[chosen])

    def of(self, values: np.ndarray) -> Floats:
        """These players' values out of an array by row and slot."""
        return np.asarray(values[self.rows, self.slots], dtype=np.float64)

    def who_played(self, season: Season) -> Lined:
        """Those who had court time."""
        return self.take(season.played.stats[..., 6].sum(axis=2)[self.rows, self.slots] > 0)


def lined(season: Season, days: range) -> Lined:
    """The lines of these days of the season (0 is the first)."""
    room, found = QuoteRoom(season), []
    for game in season.games:
        if game.day not in days:
            continue
        points: dict[int, list[float]] = {}
        for offers in room.player_points(game, game.tip - BEFORE_TIP, frozenset(FOUR_BOOKS)):
            for player, point in zip(offers.players, offers.points, strict=True):
                points.setdefault(player.index, []).append(point)
        for row in (2 * game.index, 2 * game.index + 1):
            for slot, player_index in enumerate(season.sheets.slots[row].tolist()):
                if player_index in points:
                    found.append((row, slot, float(np.median(points[player_index])), game.day))
    rows, slots, line, on = zip(*found, strict=True)
    return Lined(np.array(rows), np.array(slots), np.array(line), np.array(on))


def planted_size(season: Season, chosen: Lined) -> float:
    """By how much the signal truly parts the expected points of these players: where it applies, less where it does not."""
    gain, on = chosen.of(season.truth.points - season.unplanted.points), chosen.of(season.truth.extra) > 0
    return float(gain[on].mean() - gain[~on].mean())


def true_over(season: Season, chosen: Lined) -> Floats:
    """The true P(over | no push) of these players at their lines, the signal included."""
    able = (season.health.absent == Absence.NONE).astype(np.float64)
    tail = survival(distribution(season.sheets, season.truth, able, chosen.rows, chosen.slots))
    at = np.arange(len(chosen.rows))
    over, under = tail[at, np.floor(chosen.line).astype(int) + 1], 1 - tail[at, np.ceil(chosen.line).astype(int)]
    return np.asarray(over / (over + under))


def difference(values: Floats, on: Flags, days: np.ndarray) -> Paired:
    """The mean of `values` where `on`, less where not, clustered by game day: the mean of its influence on each row."""
    share, high, low = on.mean(), values[on].mean(), values[~on].mean()
    return clustered_mean(np.where(on, (values - high) / share, (low - values) / (1 - share)) + high - low, days)
