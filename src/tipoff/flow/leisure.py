"""DBOS's own looks, less often: what an idle process did every second made half of what it cost.

Comes in: nothing. Goes out: a process that is up for long, in which DBOS looks every other second for work whose delay is over, and seldom
into its own queue, into which nothing of ours is put: whatever is asked for here, or taken up again, names its queue. DBOS has no setting
for either; where a version of it keeps them elsewhere, it looks as often as it did. It must never know what lies in a queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dbos import _dbos, _workflow_commands

DELAYED = 2.0
"""Seconds between two looks for work whose delay is over: queues are looked into every five."""
ITS_OWN = 30.0
"""Seconds between two looks into DBOS's own queue."""
_JOBS, _POLLING = "_BACKGROUND_JOBS_INTERVAL_SEC", "_polling_interval_sec"


@contextmanager
def at_leisure(for_long: bool) -> Iterator[None]:
    """Around the whole life of an engine: it reads these once, when it is launched."""
    registry = getattr(_dbos, "_get_or_create_dbos_registry", None)
    queue = registry().get_internal_queue() if registry is not None else None
    kept: list[tuple[Any, str, float]] = [(_workflow_commands, _JOBS, DELAYED), (queue, _POLLING, ITS_OWN)]
    kept = [(where, name, seconds) for where, name, seconds in kept if for_long and hasattr(where, name)]
    before = [getattr(where, name) for where, name, _ in kept]
    try:
        for where, name, seconds in kept:
            setattr(where, name, seconds)
        yield
    finally:
        for (where, name, _), seconds in zip(kept, before, strict=True):
            setattr(where, name, seconds)
