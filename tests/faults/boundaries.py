"""Durable boundaries: every place at which a process can die and leave something else on disk than before. One is killed at each of them.

What is durable changes by writes alone: transactions of the state database, DBOS's and ours (a step's result is recorded by one, a workflow
taken and ended by others), transactions of the warehouse, and objects put into the bucket. So a process that dies somewhere between two
writes leaves what one leaves that dies right before the second: halting *before each write*, and once after the last, visits every state
that a kill can leave. A step's result before it is recorded is one of these; after it is recorded is the one before the next write.

This is the process's side. It is forked from one that has imported everything and has opened nothing. For each line of its input a run: it
takes over what lies in a data directory, asks for the scenario unless somebody has, and waits until all is over; then it leaves, and writes
down the boundaries that it came by. Or it is killed at the boundary that is named, by SIGKILL, as by anybody. It must never know what is
right: `crashes` judges.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, EnqueueOptions
from obstore.store import LocalStore

from tipoff.clock import ManualClock
from tipoff.collecting import collect_seldom
from tipoff.config import load_settings
from tipoff.flow import engine as engine_module
from tipoff.flow.batch_log import BATCHES, batches
from tipoff.flow.desk import APPLICATION_VERSION
from tipoff.flow.engine import Engine, Queue, running_engine
from tipoff.flow.house import open_house
from tipoff.flow.lease import route, trigger
from tipoff.flow.overseer import Overseer
from tipoff.flow.worker import ASKED_FOR, TICKS
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault
from tipoff.store.receipts import Receipts
from tipoff.store.warehouse import Work
from tipoff.train import dataset as dataset_module
from warm import Known, learn

BESIDES = ("tipoff-beat", "tipoff-watch", "dbos-background-jobs")
"""Threads whose writes are no part of a scenario: the heartbeat, the look at the others, and DBOS's, which looks for what is delayed or
too old once a second."""
PATIENCE = 600.0
PACE = {"lease_seconds": 60.0, "retry_seconds": 0.0, "settle_seconds": 0.0}
OVER = "over"
ALIKE = ("v1/player/", "v1/record/", "v1/schemas/")
"""Objects of which one is like the next."""
WITHIN = ": "
TICK = "tick"
ENOUGH_ROWS = 100
"""To learn from: the small league has not many."""
SEEN = "boundaries.json"
_NUMBER = re.compile(r":\d+$")  # of a batch: one that is lost is followed by the next number
_WRITES = re.compile(r"^\s*(?:WITH\b.*?\b)?(INSERT INTO|UPDATE|DELETE FROM)\s+([\w.\"]+)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Boundary:
    """The `nth` write (from 1) of this kind: where it goes, and within which step of which workflow, if any."""

    write: str
    nth: int

    @property
    def step(self) -> str:
        """The workflow and step within which it is; empty outside of steps."""
        within, _, _ = self.write.rpartition(WITHIN)
        return within if ", step " in within else ""


class Boundaries:
    """Counts what is about to be written, and stops the process at one of them."""

    def __init__(self, last: Boundary | None) -> None:
        self.seen: list[Boundary] = []
        self._last = last
        self._counts: Counter[str] = Counter()
        self._turn = threading.Lock()
        self.armed = False

    def reach(self, write: str) -> None:
        """Something is about to be written."""
        if not self.armed or threading.current_thread().name in BESIDES:
            return
        if DBOS.workflow_id is not None:
            within = _NUMBER.sub("", DBOS.workflow_id)
            write = f"{within}{WITHIN}{write}" if DBOS.step_id is None else f"{within}, step {DBOS.step_id}{WITHIN}{write}"
        with self._turn:
            self._counts[write] += 1
            here = Boundary(write, self._counts[write])
            self.seen.append(here)
            if here == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def watch_databases(boundaries: Boundaries) -> None:
    """Every commit of a transaction in which something was written, of whichever database of this process."""
    writing: dict[int, list[str]] = {}

    def about_to(connection: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found = _WRITES.match(statement)
        if not found:
            return
        compiled = getattr(context, "compiled_parameters", None)
        parameters = compiled[0] if compiled else {}
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            boundaries.reach(_named(found, parameters))
        else:
            writing.setdefault(id(connection), []).append(_named(found, parameters))

    def done(connection: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if cursor.rowcount == 0 and "RETURNING" not in statement and _WRITES.match(statement) and writing.get(id(connection)):
            writing[id(connection)].pop()  # it was to change rows, and there were none

    def commit(connection: sa.Connection) -> None:
        if written := writing.pop(id(connection), None):
            boundaries.reach(" ".join(dict.fromkeys(written)))

    sa.event.listen(sa.Engine, "before_cursor_execute", about_to)
    sa.event.listen(sa.Engine, "after_cursor_execute", done)
    sa.event.listen(sa.Engine, "commit", commit)
    sa.event.listen(sa.Engine, "rollback", lambda connection: writing.pop(id(connection), None))


def _named(found: re.Match[str], parameters: Any) -> str:
    """A write by its table; a step's result by the step."""
    verb, table = found.group(1).split()[0].lower(), found.group(2).replace('"', "").rpartition(".")[2]
    step = parameters.get("function_name") if isinstance(parameters, dict) else None
    return f"{verb} {table}{f' of {step}' if step else ''}"


class WatchedWarehouse(DuckDBWarehouse):
    """The warehouse; each transaction is a boundary before it commits."""

    boundaries: Boundaries

    @contextmanager
    def writing(self, run_id: str) -> Iterator[Work]:
        with super().writing(run_id) as work:
            yield work
            self.boundaries.reach("warehouse")


class WatchedBucket(LocalStore):
    """The bucket; each put is a boundary. Of schemas, and of the players' and systems' documents, which are written side by side, all of a
    kind are alike and the first alone is one; the index follows when they are all there, and is another."""

    boundaries: Boundaries
    first = {kind: threading.Lock() for kind in ALIKE}

    def put(self, path: str, *arguments: Any, **named: Any) -> Any:
        kind = next((kind for kind in ALIKE if path.startswith(kind)), None)
        if kind is None or self.first[kind].acquire(blocking=False):
            self.boundaries.reach(f"put {kind or path}")
        return super().put(path, *arguments, **named)


@contextmanager
def open_watched(run: dict[str, Any], boundaries: Boundaries) -> Iterator[Engine]:
    """The engine on a data directory, at a moment that stands still, every write of it watched."""
    folder = Path(run["folder"])
    more = {"systems_file": folder / "systems.toml", **PACE, **run["settings"]}
    settings = load_settings(data_dir=folder, database=run["database"], **more)
    with open_house(settings, ManualClock(datetime.fromisoformat(run["at"]))) as house:
        warehouse = WatchedWarehouse(folder / "warehouse.duckdb")
        bucket = WatchedBucket(prefix=folder)
        warehouse.boundaries = bucket.boundaries = boundaries
        watched = replace(house, warehouse=warehouse, bucket=bucket, vault=Vault(bucket), receipts=Receipts(bucket))
        queue = queue_of(run["feed"])
        takes = {queue: ASKED_FOR.get(queue, ())}
        with warehouse.sparing(), running_engine(watched, takes, (Overseer(),), beat=0.05, silence=60.0) as engine:
            boundaries.armed = True
            yield engine


def ask_for(engine: Engine, run: dict[str, Any]) -> None:
    """Begin the scenario; a second time, because the first call died, only where nothing is on record of the first."""
    day = date.fromisoformat(run["day"])
    if run["feed"] == TICK:
        # As a schedule does: the id is that of its moment. Twice is once.
        options: EnqueueOptions = {"queue_name": TICKS.name, "workflow_name": TICK, "workflow_id": TICK, "app_version": APPLICATION_VERSION}
        engine._client.enqueue(options, datetime.fromisoformat(run["at"]), None)
    elif not batches(engine.house.state, day, run["feed"], last=1):
        trigger(engine, run["feed"], day, "a test", run["asked"])


def queue_of(feed: str) -> Queue:
    """The one queue that is worked off: what a scenario leads to in others is left waiting there, or two would be at work at once."""
    return TICKS if feed == TICK else route(feed, date.min).queue


def settle(engine: Engine, feed: str) -> None:
    """Wait until nothing of a feed, or the round, waits or runs any more."""
    end = time.monotonic() + PATIENCE
    while left := _left(engine, feed):
        if time.monotonic() > end:
            raise TimeoutError(f"still not over: {left}")
        time.sleep(0.05)


def _left(engine: Engine, feed: str) -> list[Any]:
    with engine.house.state.reading() as connection:
        query = sa.select(BATCHES.c.number, BATCHES.c.state).where(BATCHES.c.feed == feed)
        found: list[Any] = [tuple(row) for row in connection.execute(query.where(BATCHES.c.state.in_(("waiting", "processing"))))]
    if found:
        return found  # DBOS is asked once it is its turn: that is the dearer look
    unfinished = ["PENDING", "ENQUEUED", "DELAYED"]
    running = DBOS.list_workflows(status=unfinished, queue_name=queue_of(feed).name, load_input=False, load_output=False)
    return [(workflow.workflow_id, workflow.status) for workflow in running]


def do(run: dict[str, Any]) -> None:
    """One run, in this process."""
    boundaries = Boundaries(Boundary(*run["boundary"]) if run["boundary"] else None)
    watch_databases(boundaries)
    engine_module.POLLING.update(sqlite=0.05, postgresql=0.05)
    dataset_module.MIN_ROWS = ENOUGH_ROWS
    with open_watched(run, boundaries) as engine:
        ask_for(engine, run)
        settle(engine, run["feed"])
        boundaries.reach(OVER)
        boundaries.armed = False
    Path(run["folder"], SEEN).write_text(json.dumps([[boundary.write, boundary.nth] for boundary in boundaries.seen]))


def main() -> None:
    """For each line a run in a process of its own; the answer is its end: an exit code, or minus a signal."""
    collect_seldom()
    for line in sys.stdin:
        ours, theirs = os.pipe()
        known = Known()
        if (pid := os.fork()) == 0:
            sys.stdin.close()
            try:
                do(json.loads(line))
                with os.fdopen(theirs, "wb") as tells:
                    tells.write(known.learnt())
            except BaseException:  # noqa: BLE001 - told, and by the exit code
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours, "rb") as told:
            learn(told.read())
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
