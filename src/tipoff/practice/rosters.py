"""Who is where: team sheets of fifteen for every team and game, with trades, rest and the day's ability.

A *row* is one team in one game: row 2 g is the home team of game g, row 2 g + 1 the away team; the opponent of row r
is row r ^ 1. It knows fixtures and people, and must never know results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tipoff.names import TEAMS
from tipoff.practice.fixtures import DAYS, Fixture
from tipoff.practice.people import Player
from tipoff.practice.rules import ROSTER, Rules
from tipoff.practice.streams import Stream, stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TRICODES = tuple(TEAMS)
_NUMBER = {tricode: number for number, tricode in enumerate(TRICODES)}


@dataclass(frozen=True, eq=False)
class Sheets:
    """Everything that is fixed before a ball is thrown. R rows (two a game) by fifteen slots, most minutes first.

    `effect` is the factor on every chance to score (home, rest, the opponent's defence); `ends` the expected ends of a
    team in regulation; `usage` the true ends per minute of that day; `planted` the planted signal by row (0 or 1).
    """

    slots: Ints
    role: Floats
    usage: Floats
    chances: Floats
    """(R, 15, 4): two_share * two_made, three_share * three_made, foul_share, free_made."""
    shares: Floats
    """(R, 15, 2): two_share, three_share."""
    effect: Floats
    ends: Floats
    rest_days: Ints
    """Full days since the team's last game; -1 before its first."""
    planted: Flags

    @property
    def points_per_end(self) -> Floats:
        """(R, 15), against an average defence."""
        c = self.chances
        return np.asarray(2 * c[..., 0] + 3 * c[..., 1] + 2 * c[..., 2] * c[..., 3])


def team_by_day(seed: int, rules: Rules, players: Sequence[Player]) -> Ints:
    """(450, DAYS) team numbers; a trade takes effect on the morning of its day."""
    draw = stream(seed, Stream.TRADES)
    teams = np.repeat(np.array([_NUMBER[p.first_team] for p in players])[:, None], DAYS, axis=1)
    for day, count in rules.trades:
        one, other = (int(n) for n in draw.choice(len(TRICODES), 2, replace=False))
        for slot in draw.choice(np.arange(2, 9), count, replace=False):
            movers = [_by_role(players, np.flatnonzero(teams[:, day] == team))[slot] for team in (one, other)]
            teams[movers[0], day:], teams[movers[1], day:] = other, one
    return teams


def _by_role(players: Sequence[Player], members: Ints) -> Ints:
    return members[np.argsort([-players[int(n)].role_minutes for n in members], kind="stable")]


def ability_by_day(seed: int, rules: Rules, count: int) -> Floats:
    """(players, DAYS) factors on usage, 1 on the first day: a random walk that leans back."""
    steps = stream(seed, Stream.DRIFT).normal(0, rules.drift_sd, (count, DAYS))
    walk = np.zeros((count, DAYS))
    for day in range(1, DAYS):
        walk[:, day] = walk[:, day - 1] * (1 - rules.drift_pull) + steps[:, day]
    return np.exp(walk)


def sheets(seed: int, rules: Rules, players: Sequence[Player], games: Sequence[Fixture], teams: Ints) -> Sheets:
    """The team sheets of every row."""
    pace, defence = _team_traits(seed, rules)
    members: dict[tuple[int, int], Ints] = {}
    rows = len(games) * 2
    slots = np.empty((rows, ROSTER), dtype=np.int64)
    side = np.array([[_NUMBER[g.home], _NUMBER[g.away]] for g in games]).reshape(-1)
    days = np.repeat([g.day for g in games], 2)
    turns = [0, *sorted(day for day, _ in rules.trades)]
    for row in range(rows):
        era = max(turn for turn in turns if turn <= days[row])
        key = (int(side[row]), era)
        if key not in members:
            members[key] = _by_role(players, np.flatnonzero(teams[:, era] == side[row]))
        slots[row] = members[key]
    rest = _rest_days(side, days)
    other = np.arange(rows) ^ 1
    home = np.arange(rows) % 2 == 0
    at_home = np.where(home, 1 + rules.home_gain, 1 - rules.home_gain)
    tired = np.where(rest == 0, 1 - rules.back_to_back_cost, 1.0)
    table = np.array([[p.two_share * p.two_made, p.three_share * p.three_made, p.foul_share, p.free_made] for p in players])
    ability = ability_by_day(seed, rules, len(players))
    return Sheets(
        slots=slots,
        role=np.array([p.role_minutes for p in players])[slots],
        usage=np.array([p.usage for p in players])[slots] * ability[slots, days[:, None]],
        chances=table[slots],
        shares=np.array([[p.two_share, p.three_share] for p in players])[slots],
        effect=at_home * tired * defence[side[other]],
        ends=rules.ends_per_game * pace[side] * pace[side[other]],
        rest_days=rest,
        planted=home if rules.planted_when == "at_home" else rest >= rules.planted_rest_days,
    )


def _team_traits(seed: int, rules: Rules) -> tuple[Floats, Floats]:
    """Pace and defence of each team, factors with mean 1."""
    draw = stream(seed, Stream.PEOPLE, 1)
    traits = np.exp(draw.normal(0, 1, (2, len(TRICODES))) * np.array([[rules.pace_sd], [rules.defence_sd]]))
    return traits[0], traits[1]


def _rest_days(side: Ints, days: Ints) -> Ints:
    rest = np.full(len(side), -1, dtype=np.int64)
    for team in range(len(TRICODES)):
        rows = np.flatnonzero(side == team)
        rest[rows[1:]] = np.diff(days[rows]) - 1
    return rest
