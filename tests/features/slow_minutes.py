"""Projected minutes the slow and obvious way: one side at a time, in lists and loops, from the words of `tipoff.analyze.minutes`.

It shares the learned numbers with the kernel and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tipoff.analyze.minutes import CAPACITY_AT, LEARNED, MISSED_FROM


@dataclass(frozen=True)
class Man:
    """One player of a side; games newest first. `team_minutes` has None for games before he joined."""

    own_minutes: Sequence[float]
    own_season_games: int
    team_minutes: Sequence[float | None]
    team_started: Sequence[bool]
    team_season_games: int
    days_since_last: int | None
    chance: float | None


def slow_minutes(side: Sequence[Man]) -> list[float | None]:
    """Expected minutes of each, None where there is no value."""
    if any(man.chance is None for man in side):
        return [None for _ in side]
    usual = [usual_minutes(man) for man in side]
    ready = [_ready(side, usual, who) for who in range(len(side))]
    return [_of_one(side, ready, who) for who in range(len(side))]


def usual_minutes(man: Man) -> float:
    """The weighted mean of his last games, whatever the line-up, and of what is expected of a newcomer."""
    weights = [_age(man, back, man.own_season_games) for back in range(len(man.own_minutes))]
    return _mean(weights, man.own_minutes, LEARNED.newcomer, LEARNED.newcomer_weight)


def missed_class(man: Man) -> int:
    """The class of the games that he missed in a row up to now, since he joined."""
    missed = 0
    for minutes in man.team_minutes:
        if minutes != 0:
            break
        missed += 1
    return sum(missed >= int(first) for first in MISSED_FROM) - 1


def _of_one(side: Sequence[Man], ready: Sequence[float], who: int) -> float | None:
    man = side[who]
    if man.chance == 0 or not man.own_minutes:
        return None
    chances = [1.0 if other == who else mate.chance or 0.0 for other, mate in enumerate(side)]
    capacity = [_straight(minutes) for minutes in ready]
    lacking = 240 - sum(chance * minutes for chance, minutes in zip(chances, ready, strict=True))
    able = sum(chance * part for chance, part in zip(chances, capacity, strict=True))
    shared = LEARNED.shared if man.team_season_games > 0 else 0.0
    return min(max(ready[who] + shared * lacking * capacity[who] / able, 0.0), 48.0)


def _ready(side: Sequence[Man], usual: Sequence[float], who: int) -> float:
    man, form = side[who], _form(side, usual, who)
    missed = missed_class(man)
    value = form + LEARNED.missed[missed] + LEARNED.missed_slope[missed] * (form - 22)
    if man.days_since_last == 1:
        value += LEARNED.back_to_back * (form - 22)
    return max(value, 1.0)


def _form(side: Sequence[Man], usual: Sequence[float], who: int) -> float:
    man = side[who]
    games = [back for back, minutes in enumerate(man.team_minutes) if minutes]
    weights = [
        _age(man, back, man.team_season_games)
        * (1.0 if man.team_started[back] == man.team_started[games[0]] else LEARNED.other_role)
        * math.exp(-_changed_hands(side, usual, who, back) / LEARNED.likeness)
        for back in games
    ]
    minutes = [man.team_minutes[back] or 0.0 for back in games]
    first = _mean(weights, minutes, usual[who], LEARNED.usual_weight)
    steadied = [weight / (1 + ((played - first) / LEARNED.outlier) ** 2) for weight, played in zip(weights, minutes, strict=True)]
    return _mean(steadied, minutes, usual[who], LEARNED.usual_weight)


def _changed_hands(side: Sequence[Man], usual: Sequence[float], who: int, back: int) -> float:
    """Minutes of those who play tonight and did not then, or the reverse; he himself plays both times."""
    total = 0.0
    for other, mate in enumerate(side):
        if other != who:
            played = 1.0 if mate.team_minutes[back] else 0.0
            total += usual[other] * abs((mate.chance or 0.0) - played)
    return total


def _mean(weights: Sequence[float], values: Sequence[float], other: float, other_weight: float) -> float:
    total = sum(weight * value for weight, value in zip(weights, values, strict=True)) + other * other_weight
    return total / (sum(weights) + other_weight)


def _age(man: Man, back: int, season_games: int) -> float:
    return float((back + 1) ** -LEARNED.age_power * (1.0 if back < season_games or man.team_season_games == 0 else LEARNED.last_season))


def _straight(minutes: float) -> float:
    """Capacity, straight between the learned points and flat beyond them."""
    points = list(zip(CAPACITY_AT, LEARNED.capacity, strict=True))
    if minutes <= points[0][0]:
        return points[0][1]
    for (low, at_low), (high, at_high) in pairwise(points):
        if minutes <= high:
            return float(at_low + (at_high - at_low) * (minutes - low) / (high - low))
    return points[-1][1]
