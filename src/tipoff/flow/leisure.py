"""DBOS's own looks, as often as there is need, and at once where this process knows of one: what an idle process did every second made half
of what it cost, and what it had itself put in a queue waited for the next look all the same.

Comes in: the pause between two looks for work whose delay is over; a ring, where something was put in a queue. Goes out: a process in
which DBOS looks so often, at once where work of this process is over, and seldom into its own queue, into which nothing of ours is put:
whatever is asked for here, or taken up again, names its queue. Who asks for something so mostly does it himself, with the warehouse's file
open already. DBOS has no setting for any of it; where a version of it keeps them elsewhere, it looks as often as it did. It must never know
what lies in a queue.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from dbos import DBOS, DBOSClient, _dbos, _queue, _workflow_commands

DELAYED = 2.0
"""Seconds between two looks for work whose delay is over, in a process that is up for long: queues are looked into every five."""
ITS_OWN = 30.0
"""Seconds between two looks into DBOS's own queue."""
_JOBS, _POLLING = "_BACKGROUND_JOBS_INTERVAL_SEC", "_polling_interval_sec"


@contextmanager
def looking_every(seconds: float | None) -> Iterator[None]:
    """Around the whole life of an engine: it reads these once, when it is launched. None: as DBOS looks by itself."""
    registry = getattr(_dbos, "_get_or_create_dbos_registry", None)
    queue = registry().get_internal_queue() if registry is not None else None
    kept: list[tuple[Any, str, float]] = [(_workflow_commands, _JOBS, seconds or 0.0), (queue, _POLLING, ITS_OWN)]
    kept = [(where, name, pause) for where, name, pause in kept if seconds is not None and hasattr(where, name)]
    before = [getattr(where, name) for where, name, _ in kept]
    try:
        for where, name, pause in kept:
            setattr(where, name, pause)
        yield
    finally:
        for (where, name, _), pause in zip(kept, before, strict=True):
            setattr(where, name, pause)


FIRST_PAUSE = 0.05
"""Seconds between the look after something was put in a queue and the next; each later pause is twice as long, until it is as long as it
was. So what waits for another to be over, or for a look that came a moment too early, is not left lying for the whole of a pause."""
BEGINS = 5.0
"""The most seconds that are waited for the thread of what was taken from a queue: till then DBOS does not count it as running here."""
_WORKER, _BEGIN = "queue_worker_thread", "execute_dequeued_workflow"


class Bells:
    """One for each queue, by name: rung where something was put in it, or what was taken from it is over; heard by the thread of this
    process that takes from it."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._rings: Counter[str] = Counter()
        self._puts: Counter[str] = Counter()
        self._still = False

    def ring(self, queue: str, *, put: bool = True) -> None:
        """Have a queue looked into now, if this process takes from it; and soon again where something was put in it, which may have to
        wait for what runs: where that is over, one look finds whatever there is."""
        with self._turn:
            self._rings[queue] += 1
            self._puts[queue] += put
            self._turn.notify_all()

    def puts(self, queue: str) -> int:
        """How often a queue's was rung because something was put in it."""
        with self._turn:
            return self._puts[queue]

    def be_still(self) -> None:
        """To be called before DBOS is told to stop: its threads wait for that alone from now on."""
        with self._turn:
            self._still = True
            self._turn.notify_all()

    def heard(self, queue: str, seen: int, seconds: float | None) -> int:
        """How often a queue's was rung, as soon as that is more than `seen`, or after so many seconds; -1 once all are still."""
        with self._turn:
            self._turn.wait_for(lambda: self._still or self._rings[queue] > seen, seconds)
            return -1 if self._still else self._rings[queue]


class _Pause:
    """What a queue's thread waits for, in the place of the event that tells it to stop."""

    def __init__(self, stop: threading.Event, bells: Bells, queue: str) -> None:
        self._stop, self._bells, self._queue = stop, bells, queue
        self._seen = self._puts = 0
        self._next: float | None = None

    def is_set(self) -> bool:
        return self._stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        pause = timeout if self._next is None or timeout is None else min(timeout, self._next)
        heard = self._bells.heard(self._queue, self._seen, pause)
        if heard < 0:
            return self._stop.wait(timeout)
        if heard > self._seen:
            self._seen, before, self._puts = heard, self._puts, self._bells.puts(self._queue)
            self._next = FIRST_PAUSE if self._puts > before else self._next
        elif self._next is not None:
            self._next = None if timeout is None or self._next >= timeout else 2 * self._next
        return self._stop.is_set()


@contextmanager
def listening() -> Iterator[Bells]:
    """Around the whole life of an engine: its queues' threads hear bells, and what is over rings for the next."""
    bells = Bells()
    look, begin = getattr(_queue, _WORKER, None), getattr(_queue, _BEGIN, None)

    def look_when_rung(stop: threading.Event, *rest: Any) -> None:
        look(_Pause(stop, bells, getattr(rest[-1], "name", "")), *rest)  # type: ignore[misc]

    def begin_and_ring(dbos: DBOS, status: dict[str, Any], *rest: Any) -> Any:
        handle = begin(dbos, status, *rest)  # type: ignore[misc]
        if isinstance(future := getattr(handle, "future", None), Future):
            future.add_done_callback(lambda _: bells.ring(status["queue_name"], put=False))
            _wait_until_it_counts(dbos, status["workflow_uuid"], future)
        return handle

    if look is not None and begin is not None:
        setattr(_queue, _WORKER, look_when_rung)
        setattr(_queue, _BEGIN, begin_and_ring)
    try:
        yield bells
    finally:
        bells.be_still()
        if look is not None and begin is not None:
            setattr(_queue, _WORKER, look)
            setattr(_queue, _BEGIN, begin)


def _wait_until_it_counts(dbos: DBOS, workflow_id: str, future: Future[Any]) -> None:
    """Until DBOS counts a workflow as running here, or it is over. Its thread says so itself, and a look before that would take from the
    queue as if there were room: DBOS's own looks are far enough apart, those that a ring leads to are not."""
    until = time.monotonic() + BEGINS
    while not future.done() and workflow_id not in dbos._active_workflows_set.activeList() and time.monotonic() < until:
        time.sleep(0.001)


def let_begin(client: DBOSClient) -> None:
    """Have DBOS look now whose delay is over, which else a thread of it does from time to time."""
    look = getattr(getattr(client, "_sys_db", None), "transition_delayed_workflows", None)
    if look is not None:
        look()
