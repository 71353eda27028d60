"""The fixture list: 1,230 games, 82 a team, on New York dates from 2025-10-21 to 2026-04-12.

Eighty-two rounds in which every team plays once, each spread over two days or so, then stirred. It knows dates and
tip-offs, and must never know players.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import numpy as np

from tipoff.clock import local_instant
from tipoff.errors import BrokenInvariant
from tipoff.names import TEAMS
from tipoff.practice.streams import Stream, stream

FIRST_DAY = date(2025, 10, 21)
LAST_DAY = date(2026, 4, 12)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
ROUNDS = 82
_EMPTY = {date(2025, 11, 27), date(2025, 12, 24)} | {date(2026, 2, 13) + timedelta(days=n) for n in range(6)}
"""Two holidays, and the all-star break: no games."""
MOST_GAMES = 14
_WEST = {"America/Denver", "America/Los_Angeles", "America/Phoenix"}
_EARLY = (time(13, 0), time(15, 30), time(17, 0), time(18, 0))
_EVENING = (time(19, 0), time(19, 0), time(19, 30), time(19, 30), time(20, 0), time(20, 30))
_LATE = (time(21, 0), time(22, 0), time(22, 0), time(22, 30))


@dataclass(frozen=True)
class Fixture:
    """One game to be played: `day` counts New York dates from `FIRST_DAY`; `tip` is UTC."""

    index: int
    day: int
    game_date: date
    tip: datetime
    home: str
    away: str


def fixtures(seed: int) -> tuple[Fixture, ...]:
    """Every fixture of the season, in the order of tip-off."""
    draw = stream(seed, Stream.FIXTURES)
    rounds = _rounds(draw)
    days = _spread(draw, rounds)
    _stir(draw, rounds.reshape(-1, 2), days)
    homes = _homes(draw, rounds.reshape(-1, 2))
    teams = list(TEAMS)
    planned = []
    for (first, second), day, first_is_home in zip(rounds.reshape(-1, 2), days, homes, strict=True):
        home, away = (first, second) if first_is_home else (second, first)
        game_date = FIRST_DAY + timedelta(days=int(day))
        planned.append((_tip(draw, game_date, teams[home]), int(day), game_date, teams[home], teams[away]))
    planned.sort()
    return tuple(Fixture(n, day, on, tip, home, away) for n, (tip, day, on, home, away) in enumerate(planned))


def _rounds(draw: np.random.Generator) -> np.ndarray:
    """(82, 15, 2) team numbers by the circle method: each pair meets twice or three times."""
    cycles = []
    for _ in range(3):
        ring = draw.permutation(30)
        made = []
        for turn in range(29):
            seats = np.concatenate(([ring[0]], np.roll(ring[1:], turn)))
            made.append(np.stack([seats[:15], seats[:14:-1]], axis=1))
        order = draw.permutation(29)
        cycles.append(np.array(made)[order])
    return np.concatenate(cycles)[:ROUNDS]


def open_days() -> np.ndarray:
    """The days of the season, from 0, on which games may be."""
    return np.array([n for n in range(DAYS) if FIRST_DAY + timedelta(days=n) not in _EMPTY])


def _spread(draw: np.random.Generator, rounds: np.ndarray) -> np.ndarray:
    """A day for each game: round r has the open days of its own window, more games on one of them than on the other."""
    openings = open_days()
    edges = np.linspace(0, len(openings), len(rounds) + 1).round().astype(int)
    days = np.empty(rounds.shape[:2], dtype=int)
    for number, (start, stop) in enumerate(pairwise(edges.tolist())):
        weights = draw.dirichlet(np.full(stop - start, 2.5))
        counts = np.clip(np.round(weights * 15).astype(int), 2, 13)
        counts[-1] = 15 - counts[:-1].sum()
        days[number] = draw.permutation(np.repeat(openings[start:stop], counts))
    return days.reshape(-1)


def _stir(draw: np.random.Generator, pairs: np.ndarray, days: np.ndarray) -> None:
    """Moves some games by up to three days, in place: rest becomes uneven, yet nobody plays three days in a row."""
    openings = set(open_days().tolist())
    plays = np.zeros((30, DAYS + 4), dtype=bool)
    for (first, second), day in zip(pairs, days, strict=True):
        plays[first, day] = plays[second, day] = True
    sizes = np.bincount(days, minlength=DAYS)
    for game, shift in zip(draw.integers(0, len(days), 1500), draw.integers(-3, 4, 1500), strict=True):
        was, now = int(days[game]), int(days[game] + shift)
        if now == was or now not in openings or sizes[now] >= MOST_GAMES or sizes[was] <= 2:
            continue
        teams = pairs[game]
        plays[teams, was] = False
        near = plays[teams][:, max(now - 2, 0) : now + 3].copy()
        middle = min(now, 2)
        near[:, middle] = True
        crowded = plays[teams, now].any() or (near[:, :-2] & near[:, 1:-1] & near[:, 2:]).any()
        target = was if crowded else now
        plays[teams, target] = True
        if not crowded:
            days[game] = now
            sizes[was] -= 1
            sizes[now] += 1


def _homes(draw: np.random.Generator, pairs: np.ndarray) -> np.ndarray:
    """Whether the first of each pair is at home: a pair takes turns, and no team strays far from 41 home games."""
    at_home = np.zeros(30, dtype=int)
    last: dict[tuple[int, int], int] = {}
    chosen = np.empty(len(pairs), dtype=bool)
    for game, (first, second) in enumerate(pairs.tolist()):
        pair = (min(first, second), max(first, second))
        if pair in last and abs(at_home[first] - at_home[second]) < 3:
            home = pair[0] + pair[1] - last[pair]
        elif at_home[first] != at_home[second]:
            home = first if at_home[first] < at_home[second] else second
        else:
            home = first if draw.random() < 0.5 else second
        at_home[home] += 1
        last[pair] = home
        chosen[game] = home == first
    if at_home.sum() != len(pairs):
        raise BrokenInvariant("A fixture has no home team.")
    return chosen


def _tip(draw: np.random.Generator, day: date, home: str) -> datetime:
    """A tip-off by New York's wall clock: evening, later in the west, some weekend afternoons."""
    chance = draw.random(2)
    options: tuple[time, ...]
    if day.weekday() >= 5 and chance[0] < 0.3:
        options = _EARLY
    elif TEAMS[home].time_zone in _WEST and chance[0] < 0.85:
        options = _LATE
    else:
        options = _EVENING
    return local_instant(day, options[int(chance[1] * len(options))])
