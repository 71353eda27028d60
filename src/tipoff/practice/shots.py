"""Every try of a game in its order: shots with the place they were taken from, and free throws.

How many each player made and missed in each quarter comes from the season; the order and the places are drawn here for the one game
that is asked for, the places by the player's own habits. It knows results, and must never know wire formats. Places are tenths of a foot
from the centre of the basket, `x` to the right of it as it is faced, `y` towards the middle of the court.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tipoff.practice.people import Player
from tipoff.practice.play import FREE_MADE, FREE_TRIED, THREE_MADE, THREE_TRIED, TWO_MADE, TWO_TRIED
from tipoff.practice.rules import QUARTERS
from tipoff.practice.season import Game, Season
from tipoff.practice.streams import Stream, stream

_PAINT_SHARE = {"C": 0.86, "PF": 0.74, "SF": 0.66, "SG": 0.60, "PG": 0.58}
"""Of a position's twos those that come from the paint, on average."""
_AT_THE_RIM = 0.6
_FROM_A_CORNER = 0.24
_KINDS = ((2, TWO_MADE, TWO_TRIED), (3, THREE_MADE, THREE_TRIED), (1, FREE_MADE, FREE_TRIED))


@dataclass(frozen=True, slots=True)
class Try:
    """One try: `worth` is 2, 3, or 1 for a free throw; `part` of its period is played, 0 to 1. A free throw has no area and no place."""

    period: int
    part: float
    player: Player
    team: str
    worth: int
    made: bool
    area: str
    x: int
    y: int

    @property
    def zone(self) -> str:
        """paint, mid or three; empty for a free throw."""
        if self.worth == 1:
            return ""
        return "three" if self.worth == 3 else "mid" if self.area == "Mid-Range" else "paint"


def paint_share(season: Season, player: Player) -> float:
    """Of his two-point tries those that he takes from the paint: by his position, and by himself."""
    own = stream(season.seed, Stream.SHOTS, 1, player.index).normal(0, 0.08)
    return float(np.clip(_PAINT_SHARE[player.position] + own, 0.25, 0.97))


def tries(season: Season, game: Game) -> tuple[Try, ...]:
    """All tries of a finished game, in order; by player and period they are those of the box score."""
    draw = stream(season.seed, Stream.SHOTS, 0, game.index)
    found = []
    for side, team in enumerate((game.home, game.away)):
        row = 2 * game.index + side
        stats = season.played.stats[row].tolist()
        for slot, periods in enumerate(stats):
            player = season.players[int(season.sheets.slots[row, slot])]
            share = paint_share(season, player) if any(period[TWO_TRIED] for period in periods) else 0.0
            for number, period in enumerate(periods[: QUARTERS + game.overtimes], 1):
                for worth, made, tried in _KINDS:
                    for index in range(period[tried]):
                        area, x, y = _place(draw, worth, share)
                        found.append(Try(number, float(draw.random()), player, team, worth, index < period[made], area, x, y))
    return tuple(sorted(found, key=lambda one: (one.period, one.part)))


def _place(draw: np.random.Generator, worth: int, share: float) -> tuple[str, int, int]:
    """Area and place of a try."""
    if worth == 1:
        return "", 0, 0
    luck, along, across = (float(value) for value in draw.random(3))
    if worth == 3 and luck < _FROM_A_CORNER:
        left = across < 0.5
        return f"{'Left' if left else 'Right'} Corner 3", (-1 if left else 1) * round(221 + 9 * along), round(80 * across) - 25
    if worth == 3:
        return "Above the Break 3", *_round_the_basket(242 + 28 * along, 0.45 + (math.pi - 0.9) * across)
    if luck < share * _AT_THE_RIM:
        return "Restricted Area", *_round_the_basket(38 * along, math.pi * across)
    if luck < share:
        return "In The Paint (Non-RA)", round(150 * across) - 75, round(46 + 84 * along)
    return "Mid-Range", *_round_the_basket(166 + 44 * along, math.pi * across)


def _round_the_basket(distance: float, angle: float) -> tuple[int, int]:
    return round(distance * math.cos(angle)), round(distance * math.sin(angle))
