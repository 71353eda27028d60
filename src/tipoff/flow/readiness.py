"""Whether everything that the pipeline rests on can really be used, now: each is used, and what came of it is told.

Comes in: an open house. Goes out: one line a dependency. It must never know who asks.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from tipoff.clock import Clock
from tipoff.errors import Busy, StorageError, TipoffError
from tipoff.flow.house import House
from tipoff.flow.living import STAFFED, living
from tipoff.flow.state import METADATA, State
from tipoff.store.bucket import BRIEF, not_kept, open_bucket, put_whole, read

PROBES = sa.Table(
    "ops_probes",
    METADATA,
    sa.Column("prober", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True)
class Dependency:
    """Something that the pipeline rests on; `detail` says what was done with it, or what is wrong."""

    name: str
    ready: bool
    detail: str


def readiness(house: House) -> list[Dependency]:
    """Every dependency, used: state database, warehouse, bucket, a worker. None of it raises: what fails is told."""
    return [
        _used("state", lambda: use_state(house.state, house.clock)),
        _used("warehouse", lambda: _warehouse(house)),
        _used("bucket", lambda: use_bucket(open_bucket(house.settings.bucket_url, BRIEF), "probes")),
        _worker(house),
    ]


def _used(name: str, use: Callable[[], str]) -> Dependency:
    try:
        return Dependency(name, True, use())
    except TipoffError as error:
        return Dependency(name, False, str(error))


def prober() -> str:
    """Whoever asks at once with others must not be taken for them."""
    return f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"


def use_state(state: State, clock: Clock) -> str:
    """Write to the state database, and read it again; what was done. Raises Busy, ConfigError or StorageError where that cannot be."""
    mine = PROBES.c.prober == (name := prober())
    moment = clock.now().replace(tzinfo=None)
    with state.transaction() as connection:
        number = (connection.execute(sa.select(PROBES.c.number).where(mine)).scalar_one_or_none() or 0) + 1
        connection.execute(sa.delete(PROBES).where(mine))
        connection.execute(sa.insert(PROBES).values(prober=name, number=number, at=moment))
    with state.transaction() as connection:
        found = connection.execute(sa.select(PROBES.c.number).where(mine)).scalar_one_or_none()
        connection.execute(sa.delete(PROBES).where(mine))
    if found != number:
        raise StorageError(f"{number} was written, and {found} was read.", hint="Look at the disk of the state database.")
    return "written and read"


def _warehouse(house: House) -> str:
    """One that is held is there: its holder is at work with it, and it is his turn."""
    try:
        with house.warehouse.reading() as work:
            work.fetch(work.table("ops.generations").limit(1))
    except Busy as error:
        if living(house.state, house.clock):
            return "held by a worker"
        raise error from None
    return "opened and read"


def use_bucket(bucket: ObjectStore, folder: str) -> str:
    """Keep an object in a folder of a bucket, read it, and delete it; what was done. Raises ConfigError or StorageError."""
    path = f"{folder}/{prober()}"
    said = path.encode()
    try:
        put_whole(bucket, path, said)
        heard = read(bucket, path)
        bucket.delete(path)
    except (BaseError, OSError) as error:
        raise not_kept(bucket, path, error) from error
    if heard != said:
        raise StorageError("The bucket gave other bytes than it was given.", hint="Look at its disk.")
    return "written, read and deleted"


def _worker(house: House) -> Dependency:
    try:
        alive = living(house.state, house.clock, STAFFED)
    except TipoffError as error:
        return Dependency("worker", False, str(error))
    if not alive:
        return Dependency("worker", False, "No worker is alive: `tipoff worker` runs one, `tipoff up` one with the page.")
    return Dependency("worker", True, f"{len(alive)} alive")
