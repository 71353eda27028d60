"""The gate before a source: not too often, not while it asked to be left alone, and not while it does not answer at all.

Knows moments and counts. It must never know what is asked. Own code: of the libraries at hand the limiters cannot be told to pause by
the source itself, and the circuit breakers either hold their lock while a request is under way, so that one waits for the other, or let
every thread through as soon as one may try. Time is a steady clock that nobody sets (F32); the wall clock is for telling only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tipoff.clock import Clock
from tipoff.errors import UpstreamUnavailable

FAILURES = 5
"""So many failures in a row, and the circuit opens."""
COOL_DOWN = 60.0
"""Seconds before one request may try again."""
LONGEST_PAUSE = 3600.0
"""Seconds: a source that asks for more, by mistake or for good, is asked once more after this."""


@dataclass(frozen=True)
class Circuit:
    """A source's circuit as it stands. `open_for` and `paused_for` are seconds: until one request may try, and until any may go."""

    source: str
    failures: int
    open_for: float
    paused_for: float
    trying: bool

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """Half-open: one request may try, or is trying."""
        if self.trying:
            return "half-open"
        return "open" if self.open_for else "closed"


class Gate:
    """One source's gate, shared by all threads of a client. `per_second` 0 or less means no limit.

    Whoever was let in says what came of it: `answered`, `failed`, or `left` where nothing was asked. Nobody is kept waiting longer than
    `longest_wait` seconds by a pause that the source asked for: who would be is turned away.
    """

    def __init__(
        self,
        source: str,
        per_second: float,
        clock: Clock,
        *,
        failures: int = FAILURES,
        cool_down: float = COOL_DOWN,
        longest_wait: float = 60.0,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._apart = 1 / per_second if per_second > 0 else 0.0
        self._clock = clock
        self._most = failures
        self._cool_down = cool_down
        self._longest_wait = longest_wait
        self._steady = steady
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = float("-inf")  # the earliest turn that is not taken
        self._paused_until = float("-inf")
        self._failures = 0
        self._opened: float | None = None
        self._trying = False

    def enter(self) -> None:
        """Wait for one's turn. Raises UpstreamUnavailable, at once, while the circuit is open or the pause too long: nothing was asked."""
        turn: float | None = None
        while True:
            with self._lock:
                now = self._steady()
                self._refuse_while_open(now)
                wait = self._pause_left(now)
                if wait > 0:
                    turn = None  # whoever had a turn takes a new one: or all would go at once when the pause ends
                else:
                    if turn is None:
                        turn = max(now, self._next)
                        self._next = turn + self._apart
                    wait = turn - now
                if wait <= 0:
                    self._trying = self._opened is not None
                    return
            self._sleep(wait)

    def _refuse_while_open(self, now: float) -> None:
        if self._opened is None:
            return
        left = self._opened + self._cool_down - now
        if left > 0 or self._trying:
            raise UpstreamUnavailable(
                f"{self._source} failed {self._failures} times in a row, and was not asked.",
                hint=f"It is tried again from {self._told(left)} on.",
            )

    def _pause_left(self, now: float) -> float:
        left = self._paused_until - now
        if left > self._longest_wait:
            raise UpstreamUnavailable(
                f"{self._source} asked to be left alone until {self._told(left)}, and was not asked.", hint="It may answer later."
            )
        return left

    def _told(self, left: float) -> str:
        return f"{self._clock.now() + timedelta(seconds=max(left, 0.0)):%H:%M:%S}Z"

    def pause(self, seconds: float) -> None:
        """The source asked to be left alone for so long: by everybody, also by those who wait for their turn already."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._steady() + min(seconds, LONGEST_PAUSE))

    def answered(self) -> None:
        """The source is there, whatever it said."""
        with self._lock:
            self._failures, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        """The source did not answer as it should. Those that were under way when the circuit opened count no more."""
        with self._lock:
            if self._opened is not None and not self._trying:
                return
            self._failures += 1
            self._trying = False
            if self._failures >= self._most:
                self._opened = self._steady()

    def left(self) -> None:
        """It was not asked after all: another may try in its place."""
        with self._lock:
            self._trying = False

    def circuit(self) -> Circuit:
        """How it stands."""
        with self._lock:
            now = self._steady()
            open_for = 0.0 if self._opened is None else max(0.0, self._opened + self._cool_down - now)
            half_open = self._opened is not None and (self._trying or not open_for)
            return Circuit(self._source, self._failures, open_for, max(0.0, self._paused_until - now), half_open)
