"""Back-up and restore of a whole house: warehouse, state and objects, one manifest with the digest of every file.

Comes in: an open house and a folder or a bucket. Goes out: `warehouse/`, `state/`, `objects/`, and at the very end `manifest.json`: what
has none is no back-up, whoever killed it. It must never know what a row or an object says.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from obstore.exceptions import BaseError
from obstore.store import ObjectStore
from sqlalchemy.engine import make_url

from tipoff.errors import BadInput, Conflict, StorageError
from tipoff.flow.backup_state import rows_of_state, state_is_empty, take_rows
from tipoff.flow.house import House
from tipoff.store.bucket import exists, listed, not_kept, not_read, place, put_whole, read
from tipoff.store.parquet import NO_DAY, PARTITION, export, together
from tipoff.store.schema import Table
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Warehouse

VERSION = 1
MANIFEST, UNFINISHED = "manifest.json", "unfinished.json"
ROOTS = ("payloads", "receipts", "models", "backtests", "v1")
"""What of a bucket is ours: in a laptop's folder the warehouse and the state lie beside."""
_BLOCK = 8 * 1024 * 1024
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Kept:
    """One file of a back-up."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a back-up holds. `warehouse` and `state` say how: a copied `file`, or `rows` that any engine takes."""

    version: int
    created_at: str
    league: str | None
    warehouse: str
    state: str
    files: list[Kept] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def of(cls, body: bytes) -> Manifest:
        document = json.loads(body)
        return cls(**{**document, "files": [Kept(**one) for one in document["files"]]})

    def below(self, folder: str) -> list[Kept]:
        return [one for one in self.files if one.path.startswith(f"{folder}/")]


def back_up(house: House, to: ObjectStore, *, portable: bool = False, progress: Progress | None = None) -> Manifest:
    """Copy the whole house to an empty place.

    While warehouse and state are copied no other process has the warehouse, so that both are of one moment; the objects follow, of which
    there may then be some more than they know of. DuckDB and SQLite are copied as files; another engine, or with `portable` any, as rows:
    what was on its way in the queue is then left out, and begun anew by whoever restores. Raises Conflict where something else lies at
    the place, Busy where another process keeps the warehouse, StorageError or ConfigError where the place does not take a file.
    """
    _make_room(to)
    put_whole(to, UNFINISHED, json.dumps({"begun_at": house.clock.now().isoformat()}).encode())
    taken = _Taken(to, progress or (lambda _: None))
    as_file, database = _warehouse_file(house), _state_file(house)
    with tempfile.TemporaryDirectory(prefix="tipoff-backup-") as scratch:
        aside = Path(scratch)
        with house.warehouse.reading() as work:
            league = work.league()
            if as_file is not None and not portable:
                _copy(as_file, aside / "warehouse.duckdb")
                log = as_file.with_name(f"{as_file.name}.wal")
                if log.exists():
                    _copy(log, aside / "warehouse.duckdb.wal")
            if database is not None and not portable:
                with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(aside / "state.sqlite")) as copy:
                    source.backup(copy)
        for path in sorted(aside.glob("warehouse.duckdb*")):
            taken.file(f"warehouse/{path.name}", path)
        if (aside / "state.sqlite").exists():
            taken.file("state/state.sqlite", aside / "state.sqlite")
    how_warehouse, how_state = "file" if as_file and not portable else "rows", "file" if database and not portable else "rows"
    if how_state == "rows":
        for name, body in rows_of_state(house.state):
            taken.body(f"state/{name}.jsonl", body)
    if how_warehouse == "rows":
        for _ in export(house.warehouse, _Below(taken, "warehouse"), list(ALL)):  # type: ignore[arg-type]  # all that export asks of a store
            pass
    for root in ROOTS:
        for entry in listed(house.bucket, root):
            taken.body(f"objects/{entry['path']}", read(house.bucket, entry["path"]))
    manifest = Manifest(VERSION, house.clock.now().isoformat(), league, how_warehouse, how_state, taken.files)
    put_whole(to, MANIFEST, manifest.to_bytes())
    to.delete(UNFINISHED)
    return manifest


class _Taken:
    """What a back-up has taken so far."""

    def __init__(self, to: ObjectStore, progress: Progress) -> None:
        self._to = to
        self._progress = progress
        self.files: list[Kept] = []

    def body(self, path: str, body: bytes) -> None:
        put_whole(self._to, path, body)
        self._note(path, hashlib.sha256(body).hexdigest(), len(body))

    def file(self, path: str, source: Path) -> None:
        with source.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            try:
                self._to.put(path, stream)
            except (BaseError, OSError) as error:
                raise not_kept(self._to, path, error) from error
        self._note(path, sha256, source.stat().st_size)

    def _note(self, path: str, sha256: str, size: int) -> None:
        self.files.append(Kept(path, sha256, size))
        self._progress(1)


class _Below:
    """The place of a back-up as an exporter sees it: an empty folder that takes files."""

    def __init__(self, taken: _Taken, folder: str) -> None:
        self._taken = taken
        self._folder = folder

    def put(self, path: str, body: bytes, **_: Any) -> None:
        self._taken.body(f"{self._folder}/{path}", body)

    def list(self, _prefix: str) -> Iterator[Any]:
        return iter(())


def _make_room(to: ObjectStore) -> None:
    """Nothing may lie at the place but a back-up that never got its manifest."""
    if exists(to, MANIFEST):
        raise Conflict(f"There is a back-up in {place(to)} already.", hint="Give each its own place, such as one named by the date.")
    there = [entry["path"] for entry in listed(to, "")]
    if there and UNFINISHED not in there:
        raise Conflict(f"{place(to)} is not empty.", hint="Give the back-up a place of its own.")
    for path in there:
        if path != UNFINISHED:
            to.delete(path)


def manifest_in(source: ObjectStore) -> Manifest:
    """The manifest of a back-up. Raises BadInput where there is none, or one that this version cannot read."""
    try:
        manifest = Manifest.of(read(source, MANIFEST))
    except FileNotFoundError:
        half = exists(source, UNFINISHED)
        told = "a back-up that was broken off" if half else "no back-up"
        raise BadInput(f"{place(source)} holds {told}.", hint="`tipoff backup` makes one.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"The manifest in {place(source)} cannot be read: {error}.", hint="Take another back-up.") from None
    if manifest.version != VERSION:
        raise BadInput(f"The back-up in {place(source)} is of version {manifest.version}.", hint="Restore it with the Tipoff that made it.")
    return manifest


def restore(house: House, source: ObjectStore, *, progress: Progress | None = None) -> Manifest:
    """Bring a back-up into an empty house: objects, then state, then the warehouse, each file only where its digest is right.

    One that was broken off is gone on with by restoring the same again. Raises BadInput where there is no whole back-up, or where it does
    not fit this house's engines; Conflict where the house is not empty, StorageError where a file is not what it was.
    """
    manifest = manifest_in(source)
    step = progress or (lambda _: None)
    as_file, database = _warehouse_file(house), _state_file(house)
    for what, how, file in (("warehouse", manifest.warehouse, as_file), ("state", manifest.state, database)):
        if how == "file" and file is None:
            raise BadInput(
                f"This back-up holds the {what} as a file, and this house keeps it in a server.",
                hint="Take one with `tipoff backup --portable`, which every engine takes.",
            )
    mark = hashlib.sha256(manifest.to_bytes()).hexdigest()
    _claim(house, mark, as_file)
    for one in manifest.below("objects"):
        put_whole(house.bucket, one.path.removeprefix("objects/"), _checked(source, one))
        step(1)
    if manifest.state == "file" and database is not None:
        with tempfile.TemporaryDirectory(prefix="restore-", dir=database.parent) as scratch:
            copy = _fetched(source, manifest.below("state")[0], Path(scratch))
            _replace_state(copy, database)
    else:
        rows = {one.path.removeprefix("state/").removesuffix(".jsonl"): one for one in manifest.below("state")}
        take_rows(house.state, {name: _checked(source, one) for name, one in rows.items()})
    if manifest.warehouse == "file" and as_file is not None:
        as_file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="restore-", dir=as_file.parent) as scratch:
            copies = [_fetched(source, one, Path(scratch)) for one in manifest.below("warehouse")]
            for copy in sorted(copies, key=lambda path: len(path.name), reverse=True):  # its log first: the file is there last, and whole
                copy.replace(as_file.with_name(copy.name.replace("warehouse.duckdb", as_file.name, 1)))
    else:
        _merge(house, source, manifest)
    house.bucket.delete(_restoring(mark))
    return manifest


def _restoring(mark: str) -> str:
    return f"restoring-{mark}.json"


def _claim(house: House, mark: str, as_file: Path | None) -> None:
    """The house must be empty, or half restored from this very back-up."""
    if not exists(house.bucket, _restoring(mark)):
        full = [root for root in ROOTS if next(listed(house.bucket, root), None) is not None]
        if as_file.exists() if as_file is not None else not warehouse_is_empty(house.warehouse):
            full.append("warehouse")
        if not state_is_empty(house.state):
            full.append("state")
        if full:
            raise Conflict(f"This house is not empty: it has {', '.join(full)}.", hint="Restore into a new --data-dir.")
        put_whole(house.bucket, _restoring(mark), b"{}\n")


def warehouse_is_empty(warehouse: Warehouse) -> bool:
    """Whether no table holds a row."""
    with warehouse.reading() as work:
        return all(work.fetch(work.table(table.name).limit(1)).num_rows == 0 for table in ALL)


def _merge(house: House, source: ObjectStore, manifest: Manifest) -> None:
    """Rows through the port as they were, some files a transaction: done again, it changes nothing."""
    for table in ALL:
        files = manifest.below(f"warehouse/{table.dataset}/{table.short_name}")
        for rows in together(table, (_rows_of(table, one, _checked(source, one)) for one in files)):
            with house.warehouse.writing(house.run_id) as work:
                work.bring(table.name, rows)


def _rows_of(table: Table, one: Kept, body: bytes) -> pa.Table:
    """The rows of one file, with the game day that its folder names."""
    rows = pq.read_table(pa.BufferReader(body))
    if f"/{PARTITION}=" in one.path:
        day = one.path.partition(f"/{PARTITION}=")[2].partition("/")[0]
        value = pa.scalar(None if day == NO_DAY else date.fromisoformat(day), pa.date32())
        rows = rows.append_column(PARTITION, pa.repeat(value, rows.num_rows))
    return rows.select([name for name in table.column_names if name in rows.column_names])


def _checked(source: ObjectStore, one: Kept) -> bytes:
    try:
        body = read(source, one.path)
    except FileNotFoundError:
        raise _not_what_it_was(source, one) from None
    if len(body) != one.bytes or hashlib.sha256(body).hexdigest() != one.sha256:
        raise _not_what_it_was(source, one)
    return body


def _fetched(source: ObjectStore, one: Kept, folder: Path) -> Path:
    """A large file of a back-up, streamed into a folder and checked."""
    path, sha256 = folder / one.path.rpartition("/")[2], hashlib.sha256()
    try:
        with path.open("wb") as stream:
            for block in source.get(one.path).stream(min_chunk_size=_BLOCK):
                stream.write(block)
                sha256.update(block)
            stream.flush()
            os.fsync(stream.fileno())
    except FileNotFoundError:
        raise _not_what_it_was(source, one) from None
    except BaseError as error:
        raise not_read(source, one.path, error) from error
    if sha256.hexdigest() != one.sha256:
        raise _not_what_it_was(source, one)
    return path


def _not_what_it_was(source: ObjectStore, one: Kept) -> StorageError:
    return StorageError(
        f"{one.path} in {place(source)} is missing, or is not what it was when it was kept.",
        hint="Restore from another back-up; what was brought in so far is no house yet.",
    )


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise StorageError(f"{source} could not be copied: {error}.", hint="Make room where temporary files lie (TMPDIR).") from error


def _warehouse_file(house: House) -> Path | None:
    url = house.warehouse.url
    return Path(url.removeprefix("duckdb://")).absolute() if url.startswith("duckdb://") else None


def _state_file(house: House) -> Path | None:
    url = make_url(house.settings.database_url)
    return Path(url.database).absolute() if url.drivername.startswith("sqlite") and url.database else None


def _replace_state(copy: Path, database: Path) -> None:
    """Into the database that is open already: its own way of copying, one transaction."""
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)
