"""Health: who misses which game, why, and when the world was told.

It knows fixtures and team sheets, and must never know results. All times are UTC; a game's news is always published
before its tip-off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Literal

import numpy as np

from tipoff.practice.fixtures import Fixture
from tipoff.practice.people import Player
from tipoff.practice.rosters import Ints
from tipoff.practice.rules import Rules
from tipoff.practice.streams import Stream, stream

Status = Literal["Available", "Probable", "Questionable", "Doubtful", "Out"]

CHANCE_TO_PLAY: dict[Status, float] = {"Available": 1.0, "Probable": 1.0, "Questionable": 0.7, "Doubtful": 0.2, "Out": 0.0}
"""What a book makes of a status, as a chance between 0 and 1: what the spells below come to."""

_BODY_PARTS = ("Ankle", "Knee", "Hamstring", "Back", "Illness", "Calf", "Wrist", "Hip", "Foot", "Shoulder")


class Absence(IntEnum):
    """Why a player on the sheet could not play."""

    NONE = 0
    INJURY = 1
    LATE_SCRATCH = 2


@dataclass(frozen=True)
class InjuryNews:
    """One report: at instant `at`, the status of a player for game number `game` became known."""

    at: datetime
    player: int
    game: int
    status: Status
    body_part: str
    side: str
    returns: date | None
    """When he was expected back, where he was out: a guess, two days off at most from his next game after the spell."""

    @property
    def reason(self) -> str:
        """As an injury report words it: `Left Ankle`, or `Illness`."""
        return f"{self.side} {self.body_part}".strip()


@dataclass(frozen=True, eq=False)
class Health:
    """Who was absent, by row and slot, and all the news in the order of its time."""

    absent: Ints
    news: tuple[InjuryNews, ...]


@dataclass(frozen=True)
class _Turn:
    """One of a player's games: its number, its tip, and since when the world could talk of it."""

    game: int
    row: int
    slot: int
    tip: datetime
    since: datetime
    day: date


def health(seed: int, rules: Rules, players: Sequence[Player], games: Sequence[Fixture], slots: Ints) -> Health:
    """Draws every spell of absence and false alarm of the season."""
    absent = np.zeros(slots.shape, dtype=np.int64)
    news: list[InjuryNews] = []
    turns = _turns(players, games, slots)
    for player in players:
        draws = stream(seed, Stream.HEALTH, player.index).random((len(turns[player.index]), 8))
        news.extend(_career(rules, player.index, turns[player.index], draws, absent))
    news.sort(key=lambda item: (item.at, item.player, item.game))
    return Health(absent, tuple(news))


def _turns(players: Sequence[Player], games: Sequence[Fixture], slots: Ints) -> list[list[_Turn]]:
    found: list[list[_Turn]] = [[] for _ in players]
    for row, sheet in enumerate(slots.tolist()):
        fixture = games[row // 2]
        for slot, player in enumerate(sheet):
            since = fixture.tip - timedelta(hours=30)
            if found[player]:
                since = max(since, found[player][-1].tip + timedelta(hours=3))
            found[player].append(_Turn(row // 2, row, slot, fixture.tip, since, fixture.game_date))
    return found


def _career(rules: Rules, player: int, turns: list[_Turn], draws: np.ndarray, absent: Ints) -> Iterator[InjuryNews]:
    number = 0
    while number < len(turns):
        chance, *more = (float(x) for x in draws[number])
        part = _BODY_PARTS[int(more[0] * len(_BODY_PARTS))]
        side = "" if part in ("Illness", "Back") else ("Left" if more[1] < 0.5 else "Right")
        if chance < rules.injury_rate:
            length = _spell_length(more[2], more[3])
            spell = turns[number : number + length]
            back = turns[number + length] if number + length < len(turns) else None
            late = more[4] < rules.late_scratches
            for turn in spell:
                absent[turn.row, turn.slot] = Absence.LATE_SCRATCH if late and turn is spell[0] else Absence.INJURY
            yield from _spell_news(player, spell, back, late, part, side, more)
            number += length + 1  # the first game back is played
        else:
            if chance > 1 - rules.false_alarm_rate:
                yield from _alarm(player, turns[number], part, side, more)
            number += 1


def _spell_length(kind: float, size: float) -> int:
    """In games: mostly one or two, some of a week or two, a few long ones."""
    if kind < 0.55:
        return 1 if size < 0.5 else 2
    mean = 5.0 if kind < 0.85 else 18.0
    return min(60, 1 + int(-np.log1p(-size) * mean))


def _spell_news(
    player: int, spell: list[_Turn], back: _Turn | None, late: bool, part: str, side: str, more: list[float]
) -> Iterator[InjuryNews]:
    guess = timedelta(days=int(more[5] * 5) - 2)
    first = spell[0]

    def told(turn: _Turn, hours: float, status: Status) -> InjuryNews:
        at = max(turn.since, turn.tip - timedelta(minutes=round(hours * 60)))
        returns = max(back.day + guess, turn.day + timedelta(days=1)) if back and status == "Out" else None
        return InjuryNews(at, player, turn.game, status, part, side, returns)

    if late:
        yield told(first, 0.1 + more[5] * 0.32, "Out")
    elif more[5] < 0.6:
        yield told(first, 6 + more[6] * 14, "Questionable")
        yield told(first, 0.5 + more[4] * 4.5, "Out")
    elif more[5] < 0.75:
        yield told(first, 8 + more[6] * 12, "Doubtful")
        yield told(first, 1 + more[4] * 4, "Out")
    else:
        yield told(first, 3 + more[6] * 15, "Out")
    for turn in spell[1:]:
        yield told(turn, 30, "Out")
    if back is not None:
        if more[6] < 0.6:
            yield told(back, 8 + more[5] * 12, "Questionable")
            yield told(back, 0.75 + more[4] * 3, "Available")
        else:
            yield told(back, 14 + more[5] * 10, "Available")


def _alarm(player: int, turn: _Turn, part: str, side: str, more: list[float]) -> Iterator[InjuryNews]:
    """Listed, then cleared; now and then even ruled out in the morning and back in the afternoon."""
    kinds: tuple[tuple[float, Status], ...] = ((0.55, "Questionable"), (0.95, "Probable"), (0.975, "Doubtful"), (1.0, "Out"))
    first = next(status for below, status in kinds if more[3] < below)
    steps: tuple[tuple[float, Status], ...] = ((8 + more[5] * 12, first), (0.6 + more[6] * 4, "Available"))
    for hours, status in steps:
        at = max(turn.since, turn.tip - timedelta(minutes=round(hours * 60)))
        yield InjuryNews(at, player, turn.game, status, part, side, None)
