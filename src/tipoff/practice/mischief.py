"""Mischief: which request gets which fault, by script or by rate, and a record of everything that was asked.

Comes in: rules, from a test's own thread or over HTTP, while the server runs. Goes out: a fault or none for each request, and the record:
path, moment, fault, and the credits that were charged. Safe to share between threads. It must never know how a fault is carried out.

    mischief = Mischief()
    mischief.script("props", FAULTS["503"], None, too_many(2))      the first, the second (as it should be), the third
    mischief.rate("odds_api", 0.1, "503", "reset", seed=3)          one of ten, the same ones each time
    mischief.rate("odds_api", 0.3, "503", in_a_row=2)               who asks three times gets through
    mischief.late("*/boxscore_9922500001.json", at, "404")          not there before that instant of the practice league
    with running(season, clock, mischief=mischief) as url: ...
    mischief.asked("props")
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Protocol

from tipoff.clock import Clock, SystemClock, as_utc
from tipoff.errors import BadInput
from tipoff.practice.faults import Fault, fault_named
from tipoff.practice.wire_odds import SPORT_KEY

FEEDS = {
    "odds_api": "*/odds-api/*",
    "nba_cdn": "*/nba-cdn/*",
    "nba_stats": "*/nba-stats/*",
    "nba_injuries": "*/nba-injuries/*",
    "espn": "*/espn/*",
    "schedule": "*/scheduleLeagueV2.json",
    "events": f"*/{SPORT_KEY}/events",
    "lines": f"*/{SPORT_KEY}/odds",
    "props": f"*/{SPORT_KEY}/events/*/odds",
    "box": "*/boxscore/boxscore_*",
    "plays": "*/playbyplay/playbyplay_*",
    "injuries": "*/espn/*/injuries",
}
"""What a rule may name instead of a pattern of paths: sources and feeds."""
REMEMBERED = 200_000
"""So many requests stay on record."""


def _pattern(where: str) -> str:
    """The pattern of paths that a feed, a source or a pattern stands for. Raises BadInput for a word that is none of them."""
    if where not in FEEDS and not {"*", "/"} & set(where):
        raise BadInput(
            f"{where!r} is no feed or source of the practice upstream.", hint=f"There are {', '.join(FEEDS)}, or a pattern of paths."
        )
    return FEEDS.get(where, where)


@dataclass(frozen=True)
class Asked:
    """A request on record: `at` is in seconds of a steady clock, `credits` what it was charged."""

    number: int
    path: str
    at: float
    has_key: bool
    fault: Fault | None
    credits: int = 0


class _Rule(Protocol):
    def fault_for(self, path: str) -> tuple[bool, Fault | None]:
        """Whether this rule decides about the request, and what it gets."""


class _Script:
    """The first matching requests get these, in order; `forever` has the last of them go on."""

    def __init__(self, pattern: str, faults: tuple[Fault | None, ...], *, forever: bool) -> None:
        self._pattern, self._left, self._forever = pattern, deque(faults), forever

    def fault_for(self, path: str) -> tuple[bool, Fault | None]:
        if not self._left or not fnmatchcase(path, self._pattern):
            return False, None
        return True, self._left[0] if self._forever and len(self._left) == 1 else self._left.popleft()


class _Rate:
    """A share of requests, drawn by the seed, the path, and how often this path was asked: whatever else is asked in between.

    After `in_a_row` of them for one path, and after so many for all paths together, comes an answer as it should be.
    """

    def __init__(self, pattern: str, share: float, faults: tuple[Fault, ...], seed: int, in_a_row: int | None) -> None:
        self._pattern, self._share, self._faults, self._seed = pattern, share, faults, seed
        self._times: Counter[str] = Counter()
        self._most = in_a_row
        self._row: Counter[str] = Counter()

    def fault_for(self, path: str) -> tuple[bool, Fault | None]:
        if not fnmatchcase(path, self._pattern):
            return False, None
        self._times[path] += 1
        drawn = hashlib.sha256(f"{self._seed} {path} {self._times[path]}".encode()).digest()
        enough = self._most is not None and max(self._row[path], self._row[_ALL]) >= self._most
        if enough or int.from_bytes(drawn[:8]) >= self._share * 2**64:
            self._row[path] = self._row[_ALL] = 0
            return False, None
        self._row[path] += 1
        self._row[_ALL] += 1
        return True, self._faults[int.from_bytes(drawn[8:16]) % len(self._faults)]


class _Late:
    """Before an instant of the practice league every matching request gets this."""

    def __init__(self, pattern: str, until: datetime, fault: Fault, clock: Clock) -> None:
        self._pattern, self._until, self._fault, self._clock = pattern, as_utc(until), fault, clock

    def fault_for(self, path: str) -> tuple[bool, Fault | None]:
        if self._clock.now() >= self._until or not fnmatchcase(path, self._pattern):
            return False, None
        return True, self._fault


_ALL = ""
"""Counted beside the paths: all of them together."""


class Mischief:
    """The rules in force, in the order in which they were given, and the record. The first rule that decides about a request does."""

    def __init__(self, steady: Callable[[], float] = time.monotonic, clock: Clock | None = None) -> None:
        """`clock` is the practice league's, by which documents are late; `steady` tells on the record when a request came."""
        self._steady = steady
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._asked: deque[Asked] = deque(maxlen=REMEMBERED)
        self._number = 0

    def script(self, where: str, *faults: Fault | str | None, forever: bool = False) -> None:
        """The first requests of a feed, source or path pattern get these, in order; None is an answer as it should be.

        With `forever` the last of them is for all that follow. Raises BadInput for an unknown fault or feed.
        """
        found = tuple(fault_named(fault) if isinstance(fault, str) else fault for fault in faults)
        self._add(_Script(_pattern(where), found, forever=forever))

    def rate(self, where: str, share: float, *faults: Fault | str, seed: int = 0, in_a_row: int | None = None) -> None:
        """A share of the requests of a feed, source or path pattern gets one of these, the same ones each time.

        At most `in_a_row` come one after the other, for one path and for all together, so that who asks once more often gets through.
        Raises BadInput for an unknown fault or feed.
        """
        found = tuple(fault_named(fault) if isinstance(fault, str) else fault for fault in faults)
        if found:
            self._add(_Rate(_pattern(where), share, found, seed, in_a_row))

    def late(self, where: str, until: datetime, fault: Fault | str = "404") -> None:
        """Before an instant (UTC, by the practice league's clock) all requests of a feed, source or path pattern get this.

        Raises BadInput for an unknown fault or feed, and for a naive instant.
        """
        self._add(_Late(_pattern(where), until, fault_named(fault) if isinstance(fault, str) else fault, self._clock))

    def _add(self, rule: _Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def calm(self) -> None:
        """Behave from now on. The record stays."""
        with self._lock:
            self._rules.clear()

    def next(self, path: str, *, has_key: bool) -> Asked:
        """Put a request on record, and decide about it."""
        with self._lock:
            fault = next((fault for decides, fault in (rule.fault_for(path) for rule in self._rules) if decides), None)
            self._number += 1
            asked = Asked(self._number, path, self._steady(), has_key, fault)
            self._asked.append(asked)
            return asked

    def note(self, came: Asked) -> None:
        """Put on record what came of a request: what it was charged, and no fault where there was nothing to spoil."""
        with self._lock:
            for place in range(len(self._asked) - 1, -1, -1):
                if self._asked[place].number == came.number:
                    self._asked[place] = came
                    return

    def asked(self, where: str = "*") -> list[Asked]:
        """The requests of a feed, source or path pattern on record, in the order in which they came."""
        pattern = _pattern(where)
        with self._lock:
            return [asked for asked in self._asked if fnmatchcase(asked.path, pattern)]

    def charged(self, where: str = "*") -> int:
        """The credits that these requests were charged."""
        return sum(asked.credits for asked in self.asked(where))
