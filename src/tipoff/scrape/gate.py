"""The gate before a host: not too often, not while it asked to be left alone, and not while it does not answer at all.

Knows moments and counts. It must never know what is asked. Own code, since the limiters at hand either serve asynchronous code alone, or
cannot be told to pause by the source itself; time is a steady clock that nobody sets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tipoff.clock import Clock
from tipoff.errors import UpstreamUnavailable

FAILURES = 5
"""So many failures in a row, and the circuit opens."""
COOL_DOWN = 60.0
"""Seconds before one request may try again."""


@dataclass(frozen=True)
class Circuit:
    """A host's circuit as it stands: `open_for` is the seconds until one request may try, 0 while it is closed."""

    source: str
    failures: int
    open_for: float


class Gate:
    """One source's gate, shared by all threads of a client. `per_second` 0 or less means no limit."""

    def __init__(
        self,
        source: str,
        per_second: float,
        clock: Clock,
        *,
        failures: int = FAILURES,
        cool_down: float = COOL_DOWN,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._apart = 1 / per_second if per_second > 0 else 0.0
        self._clock = clock
        self._most = failures
        self._cool_down = cool_down
        self._steady = steady
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0  # the earliest moment for the next request
        self._failures = 0
        self._opened: float | None = None
        self._trying = False

    def enter(self) -> None:
        """Wait for one's turn. Raises UpstreamUnavailable at once while the circuit is open: nothing was asked."""
        with self._lock:
            now = self._steady()
            self._admit(now)
            turn = max(now, self._next)
            self._next = turn + self._apart
        if turn > now:
            self._sleep(turn - now)

    def _admit(self, now: float) -> None:
        if self._opened is None:
            return
        left = self._opened + self._cool_down - now
        if left <= 0 and not self._trying:
            self._trying = True  # one may try; the others go on waiting for what comes of it
            return
        until = self._clock.now() + timedelta(seconds=max(left, 0.0))
        raise UpstreamUnavailable(
            f"{self._source} failed {self._failures} times in a row, and was not asked.",
            hint=f"It is tried again from {until:%H:%M:%S}Z on.",
        )

    def pause(self, seconds: float) -> None:
        """The source asked to be left alone for so long: by everybody."""
        with self._lock:
            self._next = max(self._next, self._steady() + seconds)

    def answered(self) -> None:
        """The host is there, whatever it said."""
        with self._lock:
            self._failures, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        """The host did not answer as a host should."""
        with self._lock:
            self._failures += 1
            self._trying = False
            if self._failures >= self._most:
                self._opened = self._steady()

    def circuit(self) -> Circuit:
        """How it stands."""
        with self._lock:
            left = 0.0 if self._opened is None else max(0.0, self._opened + self._cool_down - self._steady())
            return Circuit(self._source, self._failures, left)
