"""Processes on record: who is at work on a state database, or was; one row a process, which beats as long as it lives.

Knows rows, and whether a process of this machine is there. It must never know what a process does.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from tipoff.flow.state import METADATA, State

SILENCE = 12.0  # seconds without a heartbeat after which a process is dead
BEAT = 3.0  # seconds between two heartbeats, and between two looks at the others

WORKERS = sa.Table(
    "ops_workers",
    METADATA,
    sa.Column("worker_id", sa.String, primary_key=True),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("beats", sa.Integer, nullable=False),
    sa.Column("beat_at", sa.DateTime, nullable=False),
    sa.Column("left_at", sa.DateTime, nullable=True),
    sa.Column("vanished_at", sa.DateTime, nullable=True),  # it did not leave: others found it dead
    sa.Column("version", sa.String, nullable=True),  # of its code
    sa.Column("queues", sa.String, nullable=True),  # from which it takes, with commas
)


@dataclass(frozen=True)
class Worker:
    """A process on record. Times are UTC; `version` is that of its code, and `queues` are those from which it takes; None where it was too
    old to say."""

    worker_id: str
    host: str
    pid: int
    started_at: datetime
    beat_at: datetime
    beats: int
    left: bool
    version: str | None = None
    queues: tuple[str, ...] | None = None

    def takes(self, queue: str) -> bool:
        """Whether it takes from a queue; one that was too old to say is thought to."""
        return self.queues is None or queue in self.queues


def workers(state: State, *, here: bool = False) -> list[Worker]:
    """The processes that have not left, oldest first; with `here` only those of this machine."""
    with state.reading() as connection:
        query = sa.select(WORKERS).where(WORKERS.c.left_at.is_(None)).order_by(WORKERS.c.started_at, WORKERS.c.worker_id)
        rows = connection.execute(query).mappings().all()
    found = [
        Worker(
            row["worker_id"],
            row["host"],
            row["pid"],
            row["started_at"].replace(tzinfo=UTC),
            row["beat_at"].replace(tzinfo=UTC),
            row["beats"],
            row["left_at"] is not None,
            row["version"],
            tuple(row["queues"].split(",")) if row["queues"] is not None else None,
        )
        for row in rows
    ]
    return [worker for worker in found if not here or worker.host == socket.gethostname()]


def at_work(state: State, patience: float = SILENCE) -> list[Worker]:
    """The processes that live: those of this machine that are there, and those of others whose heart beats within `patience` seconds."""
    known = workers(state)
    there = [worker for worker in known if worker.host == socket.gethostname() and process_lives(worker.pid)]
    elsewhere = {worker.worker_id: worker.beats for worker in known if worker.host != socket.gethostname()}
    until = time.monotonic() + patience
    while elsewhere:
        beaten = [worker for worker in workers(state) if worker.beats != elsewhere.get(worker.worker_id, worker.beats)]
        there += beaten
        if beaten or time.monotonic() >= until:
            break
        time.sleep(BEAT / 4)
    return there


def first_at_work(state: State) -> datetime | None:
    """When a process was first at work on this state database (UTC); None where none ever was."""
    with state.reading() as connection:
        first: datetime | None = connection.execute(sa.select(sa.func.min(WORKERS.c.started_at))).scalar_one()
    return None if first is None else first.replace(tzinfo=UTC)


def first_seen(state: State) -> dict[str, datetime]:
    """When each version of the code was first at work (UTC)."""
    version = WORKERS.c.version
    query = sa.select(version, sa.func.min(WORKERS.c.started_at)).where(version.is_not(None)).group_by(version)
    with state.reading() as connection:
        return {name: first.replace(tzinfo=UTC) for name, first in connection.execute(query)}


def process_lives(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
