"""Postponements: which games are called off, when the world is told, and when they are played instead, if at all.

Fixtures as planned go in, fixtures as played come out, with what changed on the way. It knows dates, tip-offs and teams, and must never
know players or results. Where the rules ask for none, the fixtures are those that went in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from tipoff.clock import local_instant
from tipoff.practice.fixtures import FIRST_DAY, MOST_GAMES, Fixture, open_days
from tipoff.practice.rules import Rules
from tipoff.practice.streams import Stream, stream

SOONEST_DAYS, LATEST_DAYS = 4, 60
"""So long after its first day a game that was put off is played: on one of the first days on which both teams are free."""
_FIRST_DAYS = 3
_TOLD_HOURS = (1.5, 30.0)
"""So long before the tip the world is told, at the latest and at the earliest: mostly after predictions were made."""
_NEW_TIP_HOURS = (20.0, 44.0)
"""So long after that the new tip is told."""
_NEW_TIP = time(19, 30)


@dataclass(frozen=True)
class Postponement:
    """A game that was called off: `day`, `game_date` and `tip` (UTC) are those of its first plan, `game` its number as played.

    From `told_at` on it is off; from `again_at` on it has its new tip. Where that is None it was cancelled, and is never played.
    """

    game: int
    day: int
    game_date: date
    tip: datetime
    told_at: datetime
    again_at: datetime | None


def postpone(seed: int, rules: Rules, planned: Sequence[Fixture]) -> tuple[tuple[Fixture, ...], tuple[Postponement, ...]]:
    """The fixtures in the order in which they are played, and what was called off. A cancelled game keeps its place among them.

    A game gets a day on which its teams are free, without a third day in a row for either; where there is none it is not put off.
    """
    if not rules.postponement_rate:
        return tuple(planned), ()
    draws = stream(seed, Stream.POSTPONEMENTS).random((len(planned), 5)).tolist()
    plays = {(team, game.day) for game in planned for team in (game.home, game.away)}
    sizes: dict[int, int] = {}
    for game in planned:
        sizes[game.day] = sizes.get(game.day, 0) + 1
    played = list(planned)
    changes: dict[int, Postponement] = {}
    for game, (chance, when, fate, further, again) in zip(planned, draws, strict=True):
        if chance >= rules.postponement_rate:
            continue
        told_at = game.tip - timedelta(minutes=_minutes(_TOLD_HOURS, when))
        off = Postponement(game.index, game.day, game.game_date, game.tip, told_at, None)
        if fate < rules.cancelled_share:
            changes[game.index] = off
            continue
        teams = (game.home, game.away)
        plays -= {(team, game.day) for team in teams}
        free = [day for day in _days_after(game.day) if sizes.get(day, 0) < MOST_GAMES and _are_free(plays, teams, day)]
        if not free:
            plays |= {(team, game.day) for team in teams}
            continue
        day = free[int(further * min(len(free), _FIRST_DAYS))]
        plays |= {(team, day) for team in teams}
        sizes[game.day] -= 1
        sizes[day] = sizes.get(day, 0) + 1
        game_date = FIRST_DAY + timedelta(days=day)
        played[game.index] = replace(game, day=day, game_date=game_date, tip=local_instant(game_date, _NEW_TIP))
        changes[game.index] = replace(off, again_at=told_at + timedelta(minutes=_minutes(_NEW_TIP_HOURS, again)))
    played.sort(key=lambda game: (game.tip, game.day, game.game_date, game.home, game.away))
    moved = {game.index: number for number, game in enumerate(played)}
    return (
        tuple(replace(game, index=number) for number, game in enumerate(played)),
        tuple(sorted((replace(off, game=moved[index]) for index, off in changes.items()), key=lambda off: off.told_at)),
    )


def _minutes(hours: tuple[float, float], part: float) -> int:
    return round(60 * (hours[0] + (hours[1] - hours[0]) * part))


def _days_after(day: int) -> list[int]:
    return [later for later in open_days().tolist() if day + SOONEST_DAYS <= later <= day + LATEST_DAYS]


def _are_free(plays: set[tuple[str, int]], teams: tuple[str, str], day: int) -> bool:
    for team in teams:
        near = [(team, day + by) in plays for by in (-2, -1, 0, 1, 2)]
        if near[2] or (near[0] and near[1]) or (near[1] and near[3]) or (near[3] and near[4]):
            return False
    return True
