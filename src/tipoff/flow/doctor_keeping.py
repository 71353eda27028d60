"""Whether what keeps things can be used: folders and room on their disks, the warehouse, the state database, the bucket.

Comes in: settings. Goes out: what each said, or an error of ours. Whatever is written is taken away again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import ibis.expr.types as ir
from sqlalchemy.engine import make_url

from tipoff.clock import Clock
from tipoff.config import Settings, mask_url
from tipoff.errors import Busy, StorageError, StorageFull, TipoffError
from tipoff.flow.engine import queues_and_schedules
from tipoff.flow.finding import Said
from tipoff.flow.living import living
from tipoff.flow.readiness import prober, use_bucket, use_state
from tipoff.flow.state import State
from tipoff.store import open_warehouse
from tipoff.store.bucket import BRIEF, exists, listed, open_bucket, place, put_once
from tipoff.store.schema import fingerprint
from tipoff.store.tables import ALL, table_of
from tipoff.store.versions import GENERATIONS
from tipoff.store.warehouse import Work

FOLDER = "doctor"
"""Where the doctor's objects lie in the bucket, for a moment."""
LEAST, LITTLE = 500_000_000, 5_000_000_000
"""Bytes of room on a disk below which the next night may not be kept, and below which it is time to make some."""
WAIT_SECONDS = 10.0


class _Undone(Exception):
    """Ends a transaction of which nothing is to stay."""


def local_folders(settings: Settings) -> list[Path]:
    """The folders of this machine in which the settings have things kept; none where all of it is elsewhere."""
    found = []
    if settings.warehouse_url.startswith("duckdb://"):
        found.append(Path(settings.warehouse_url.removeprefix("duckdb://")).absolute().parent)
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        found.append(Path(url.database).absolute().parent)
    bucket = urlsplit(settings.bucket_url)
    if bucket.scheme == "file":
        found.append(Path(url2pathname(bucket.path)))
    return list(dict.fromkeys(found))


def check_folder(folder: Path) -> Said:
    """Write a file there and see how much room its disk has."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".tipoff-doctor-") as probe:
            probe.write(b"1")
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror or error}.",
            hint="Give the user that runs Tipoff the right to write there, or choose another --data-dir.",
        ) from error
    told = f"{folder}: written; {free / 1e9:,.1f} GB free"
    if free < LEAST:
        raise StorageFull(f"{told}, which the next night may not fit into.", hint="Make room on that disk.")
    if free < LITTLE:
        return Said(told, "note", "Make room on that disk before long.")
    return Said(told)


def check_warehouse(settings: Settings, clock: Clock, state: State | None) -> Said:
    """Open it, write a row, read it, and undo it; who it is, whose tables it has, what we may do there."""
    warehouse = open_warehouse(settings, WAIT_SECONDS)
    where, scope = mask_url(settings.warehouse_url), prober()
    try:
        about = warehouse.about()
        if about.lacking:
            raise StorageError(
                f"{about.engine} at {where} does not let us work: no right {'; '.join(about.lacking[:5])}.",
                hint="Have its owner grant these rights to the user in TIPOFF_WAREHOUSE, or give another user there.",
            )
        try:
            with warehouse.writing(f"{FOLDER}-{scope}") as work:
                work.merge(GENERATIONS, table_of(GENERATIONS, [{"kind": FOLDER, "scope": scope, "generation": 1, "made_from": ""}]))
                heard = work.fetch(_probe(work, scope)).num_rows
                raise _Undone
        except _Undone:
            pass
        with warehouse.reading() as work:
            left = work.fetch(_probe(work, scope)).num_rows
    except Busy as error:
        if state is not None and living(state, clock):
            return Said(f"{where}: held by a worker at work ({error.message})")
        raise
    if (heard, left) != (1, 0):
        raise StorageError(
            f"{about.engine} at {where}: of one row written {heard} were read, and {left} stayed after it was undone.",
            hint="Its transactions cannot be relied on: look at that engine before anything else.",
        )
    told = f"{about.engine} at {where}: a row written, read and undone"
    wanted = fingerprint(ALL)
    if about.fingerprint is not None and about.fingerprint != wanted:
        return Said(
            f"{told}; its tables are as {about.fingerprint} declares them, and this code's are {wanted}",
            "note",
            "Other code has been at work there. Columns are only ever added, so both go on; bring all processes to one version soon.",
        )
    return Said(f"{told}; tables {wanted}")


def _probe(work: Work, scope: str) -> ir.Table:
    known = work.table(GENERATIONS)
    return known.filter(known.kind == FOLDER, known.scope == scope)


def check_state(settings: Settings, state: State, clock: Clock) -> Said:
    """Write to it and read it, in transactions; and look at DBOS's own tables there."""
    done = use_state(state, clock)
    try:
        queues, schedules = queues_and_schedules(settings)
    except TipoffError:
        raise
    except Exception as error:
        raise StorageError(
            f"DBOS's tables cannot be used in {mask_url(settings.database_url)}: {str(error).partition(chr(10))[0]}",
            hint="The user in TIPOFF_DATABASE must be allowed to make a schema there, and to read and write it.",
        ) from error
    return Said(f"{mask_url(settings.database_url)}: {done}; DBOS's tables are there, with {queues} queues and {schedules} schedules")


def check_bucket(settings: Settings) -> Said:
    """Put an object, also one that must not be replaced, get it, list it, delete it."""
    bucket = open_bucket(settings.bucket_url, BRIEF)
    use_bucket(bucket, FOLDER)
    path = f"{FOLDER}/{prober()}-once"
    try:
        first, second = put_once(bucket, path, b"1"), put_once(bucket, path, b"2")
        there = path in {str(entry["path"]) for entry in listed(bucket, FOLDER)}
    finally:
        bucket.delete(path)
    where = place(bucket)
    if not first or second:
        raise StorageError(
            f"{where} replaces an object that was to be put only where there is none.",
            hint="Use a store that knows conditional writes (If-None-Match): two workers would overwrite each other there.",
        )
    if not there or exists(bucket, path):
        told = "does not list what was put" if not there else "still has what was deleted"
        raise StorageError(f"{where} {told}.", hint="Use a store whose reads see every write that came before.")
    return Said(f"{where}: put, put only where absent, got, listed and deleted")
