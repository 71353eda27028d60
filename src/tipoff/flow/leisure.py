"""DBOS's own looks, as often as there is need: what an idle process did every second made half of what it cost, and where a day passes in
seconds, work whose delay was over waited a second more.

Comes in: the pause between two looks for work whose delay is over. Goes out: a process in which DBOS looks so often, and seldom into its
own queue, into which nothing of ours is put: whatever is asked for here, or taken up again, names its queue. DBOS has no setting for
either; where a version of it keeps them elsewhere, it looks as often as it did. It must never know what lies in a queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dbos import _dbos, _workflow_commands

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
