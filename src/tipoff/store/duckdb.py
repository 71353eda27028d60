"""The DuckDB adapter: one file, opened per unit of work and closed again, so that other processes get their turn.

With the modules beside it (`duckdb_…`) the only place with words that only DuckDB understands. It knows files and locks; it must never know
what the tables mean.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import ibis
import pyarrow as pa
import stamina

from tipoff.errors import BrokenInvariant, Busy, ConfigError, Conflict, NotReady
from tipoff.store.duckdb_declared import fingerprints_of, migrate
from tipoff.store.duckdb_faults import disk_faults, holder, is_locked, is_the_disks
from tipoff.store.duckdb_query import READ_ONLY, rows_of, statement_of
from tipoff.store.duckdb_work import DuckDBWork
from tipoff.store.merge import quoted
from tipoff.store.warehouse import About, Compacted, Successor, Warehouse, Work

_WAIT_SECONDS = 120.0
_LINGER_SECONDS = 0.25
"""So long a file that somebody lingers at stays open after its last unit of work."""
_LOOK_SECONDS = 0.02
"""So often it is seen, meanwhile, whether another process waits for it."""
_HOLD_SECONDS = 5.0
"""So long at most, whatever comes: then it is closed at the next chance."""
_ONE_THREAD, _ALL_THREADS = "SET GLOBAL threads = 1", "RESET GLOBAL threads"


class _File:
    """What the threads of this process share of one file: its only connection, from which each unit of work takes a cursor.

    DuckDB locks its file for the process, and the system drops that lock as soon as *any* handle of the process on the file is closed;
    connecting opens the file a moment beforehand, to see what it is. So nobody may connect while the file is open, or only just closing:
    another process would get in, and what one of the two commits would be lost.
    """

    def __init__(self) -> None:
        self.writes = threading.RLock()
        self.turn = threading.Condition()
        self.root: duckdb.DuckDBPyConnection | None = None
        self.users = 0
        self.opened_at = 0.0
        self.idle_since = 0.0
        self.lingers = 0
        self.spares = 0
        self.migrated: int | None = None
        self.columns: dict[str, ibis.Schema] = {}
        """Of the tables that were looked at: asking each time would be a seventh of a slate's time. Columns are only ever added."""

    def stays_open(self, wanted: Path) -> bool:
        """Whether the file is left open for a moment when its last user leaves: somebody lingers, nobody waits, and it was not for long."""
        return bool(self.lingers) and time.monotonic() - self.opened_at < _HOLD_SECONDS and not wanted.exists()


_files: dict[str, _File] = {}
_registry_mutex = threading.Lock()


class DuckDBWarehouse(Warehouse):
    """A warehouse in one DuckDB file. `path` is made, with its folder and tables, on first use."""

    def __init__(self, path: Path, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.path = path.absolute()
        self.url = f"duckdb://{path}"
        self._wait = wait_seconds
        self._wanted = self.path.with_name(f"{self.path.name}.wanted")
        with _registry_mutex:
            self._file = _files.setdefault(str(self.path), _File())

    @contextmanager
    def reading(self) -> Iterator[Work]:
        with disk_faults(self.path), self._opened() as connection:
            yield DuckDBWork(connection, "", self._file.columns)

    @contextmanager
    def writing(self, run_id: str) -> Iterator[Work]:
        with self._file.writes, disk_faults(self.path), self._opened() as connection:
            connection.begin()
            try:
                yield DuckDBWork(connection, run_id, self._file.columns)
            except BaseException:
                # A write that the disk refused may have ended the transaction already; what it raised is what counts.
                with suppress(duckdb.Error):
                    connection.rollback()
                raise
            connection.commit()

    def query(self, sql: str) -> pa.Table:
        statement = statement_of(sql)
        if not self.path.exists():
            raise NotReady(f"There is no warehouse at {self.path} yet.", hint="`tipoff import PATH` or `tipoff demo` makes one.")
        with self._file.turn:
            self._have_closed()
            connection = self._connect(**READ_ONLY)
            try:
                return rows_of(connection, statement)
            finally:
                connection.close()

    def about(self) -> About:
        with disk_faults(self.path), self._opened() as connection:
            return About(f"DuckDB {duckdb.__version__}", next(iter(fingerprints_of(connection)), None))

    def size(self) -> int:
        return sum(path.stat().st_size for path in (self.path, _log_of(self.path)) if path.exists())

    def compact(self) -> Compacted:
        """Written into a new file, which takes the old one's place where it is smaller: DuckDB gives space back to its own file alone."""
        if not self.path.exists():
            return Compacted(0, 0)
        fresh = self._aside("compact")
        _clear(fresh)
        with disk_faults(self.path), self._alone() as connection:
            before = self.size()
            try:
                connection.execute("CHECKPOINT")
                [(name,)] = connection.execute("SELECT current_database()").fetchall()
                connection.execute(f"ATTACH '{_in_sql(fresh)}' AS fresh")
                connection.execute(f"COPY FROM DATABASE {quoted(name)} TO fresh")
                connection.execute("DETACH fresh")
                if fresh.stat().st_size < self.path.stat().st_size:
                    _replace(fresh, self.path)
                return Compacted(before, self.size())
            finally:
                _clear(fresh)

    def successor(self) -> Successor:
        self._nothing_is_kept()
        fresh = self._aside("rebuild")
        _clear(fresh)
        other = DuckDBWarehouse(fresh, wait_seconds=self._wait)
        return Successor(other, partial(self._give_place, other))

    def _give_place(self, other: DuckDBWarehouse, unless: Callable[[Work], None]) -> str:
        self._nothing_is_kept()
        with disk_faults(self.path), other._alone() as fresh:
            fresh.execute("CHECKPOINT")
        with disk_faults(self.path), self._alone() as connection:
            unless(DuckDBWork(connection, "", {}))
            connection.execute("CHECKPOINT")
            self._keep_old()
            _replace(other.path, self.path)
        return str(self._kept)

    def _nothing_is_kept(self) -> None:
        if self._kept.exists():
            raise Conflict(f"{self._kept} is there still.", hint="`tipoff rebuild --drop-old` removes it, once it is needed no more.")

    def drop_kept(self) -> int:
        size = self._kept.stat().st_size if self._kept.exists() else 0
        _clear(self._kept)
        return size

    @property
    def _kept(self) -> Path:
        return self._aside("before-rebuild")

    def _aside(self, what: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{what}")

    def _keep_old(self) -> None:
        """The file under a second name, so that there is never a moment without one in its place."""
        try:
            self._kept.hardlink_to(self.path)
        except OSError:  # there are no links here
            half = self._aside("keeping")
            shutil.copyfile(self.path, half)
            half.replace(self._kept)

    @contextmanager
    def _alone(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own: no other process, and no other thread of this one, has the file meanwhile."""
        with self._file.writes, self._file.turn:
            self._have_closed()
            connection = self._open()
            try:
                connection.execute("SET TimeZone = 'UTC'")
                yield connection
            finally:
                connection.close()
                self._file.columns.clear()

    def _have_closed(self) -> None:
        """Wait, holding the turn, until no unit of work of this process has the file open: it cannot be open in two ways at once."""
        file = self._file
        while file.root is not None:
            if not file.users:
                last, file.root = file.root, None
                last.close()
            elif not file.turn.wait(self._wait):
                raise Busy(f"{self.path} is in use by this process.", hint="Ask again when it is done.")

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one unit of work; the last to leave closes the file."""
        file = self._file
        with file.turn:
            if file.root is None:
                file.root = self._open()
                file.opened_at = time.monotonic()
            file.users += 1
        connection: duckdb.DuckDBPyConnection | None = None
        try:
            connection = file.root.cursor()
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        finally:
            with file.turn:
                file.users -= 1
                leaves = not file.users and not file.stays_open(self._wanted)
                last = file.root if leaves else None
                file.root = None if leaves else file.root
                file.idle_since = time.monotonic()
                file.turn.notify_all()
                try:
                    if connection is not None:
                        connection.close()
                finally:
                    if last is not None:
                        last.close()

    @contextmanager
    def lingering(self) -> Iterator[None]:
        """Leave the file open for a moment after each unit of work, so that the next one need not open it again; unless another process
        waits for it, which says so by a file beside it."""
        file, over = self._file, threading.Event()
        closer = threading.Thread(target=self._close_when_idle, args=(over,), name="tipoff-closer", daemon=True)
        with file.turn:
            file.lingers += 1
        closer.start()
        try:
            yield
        finally:
            with file.turn:
                file.lingers -= 1
                over.set()
                file.turn.notify_all()
            closer.join()
            if not file.lingers:
                self._close_idle(0.0)

    @contextmanager
    def sparing(self) -> Iterator[None]:
        """DuckDB's other threads wait for work by turning on the spot: for questions of milliseconds that was a sixth of the processor."""
        file = self._file
        with file.turn:
            file.spares += 1
            if file.root is not None:
                file.root.execute(_ONE_THREAD)
        try:
            yield
        finally:
            with file.turn:
                file.spares -= 1
                if file.root is not None and not file.spares:
                    file.root.execute(_ALL_THREADS)

    def _close_when_idle(self, over: threading.Event) -> None:
        file = self._file
        while not over.is_set():
            with file.turn:
                file.turn.wait_for(lambda: over.is_set() or (file.root is not None and not file.users))
            wanted = False
            until = time.monotonic() + _LINGER_SECONDS
            while not wanted and time.monotonic() < until:
                if over.wait(_LOOK_SECONDS):
                    return
                wanted = self._wanted.exists()
            self._close_idle(_LOOK_SECONDS if wanted else _LINGER_SECONDS)

    def _close_idle(self, seconds: float) -> None:
        """Close the file if nobody has used it for so long."""
        file = self._file
        with file.turn:
            if file.root is None or file.users or time.monotonic() - file.idle_since < seconds:
                return
            last, file.root = file.root, None
            with suppress(duckdb.Error):  # what was committed is in the log beside the file, and is read by whoever opens it next
                last.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.path.parent} cannot be made: {error}.", hint="Choose another --data-dir.") from error
        connection = self._connect(**({"config": {"threads": 1}} if self._file.spares else {}))
        try:
            identity = self.path.stat().st_ino
            if self._file.migrated != identity:  # once a process: columns are only ever added
                if migrate(connection):
                    self._file.columns.clear()
                self._file.migrated = identity
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, **how: Any) -> duckdb.DuckDBPyConnection:
        try:
            for attempt in stamina.retry_context(
                on=is_locked, attempts=None, timeout=self._wait, wait_initial=0.01, wait_max=0.1, wait_jitter=0.02
            ):
                with attempt:
                    if not self.path.exists():
                        self._create()
                    return self._take(**how)
        except (duckdb.IOException, duckdb.BinderException) as error:
            if is_locked(error):
                raise Busy(
                    f"{self.path} was held by another process for more than {self._wait:g} s{holder(error)}.",
                    hint="Wait for it to finish, or stop it, and run the command again.",
                ) from error
            if is_the_disks(error):
                raise
            raise ConfigError(f"{self.path} cannot be opened: {error}", hint="Is it a DuckDB file, and may you write there?") from error
        raise BrokenInvariant("The retries ended without a connection or an error.")

    def _take(self, **how: Any) -> duckdb.DuckDBPyConnection:
        """The file, if no other process has it; where one does, that it is waited for is written beside it."""
        before = self.path.stat().st_ino
        try:
            connection = duckdb.connect(str(self.path), **how)
        except (duckdb.IOException, duckdb.BinderException) as error:
            if is_locked(error):
                with suppress(OSError):
                    self._wanted.touch()
            raise
        if self.path.stat().st_ino != before:  # another file took its place while this one was opened: what is written here would be lost
            connection.close()
            return self._take(**how)
        with suppress(OSError):
            self._wanted.unlink(missing_ok=True)
        return connection

    def _create(self) -> None:
        """Make the empty file aside and link it in place whole: DuckDB refuses one that another process is only just making."""
        aside = self.path.with_name(f"{self.path.name}.{uuid4().hex}.new")
        try:
            duckdb.connect(str(aside)).close()
            # Another was quicker; or there are no links here, and DuckDB makes the file in place.
            with suppress(OSError):
                self.path.hardlink_to(aside)
        finally:
            aside.unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _clear(path: Path) -> None:
    """Remove a file that is in nobody's use, and its log."""
    for one in (_log_of(path), path):
        one.unlink(missing_ok=True)


def _replace(fresh: Path, path: Path) -> None:
    """Put a whole file in another's place, on the disk too when this returns. A log beside either would be read into the wrong file."""
    for one in (fresh, path):
        if _log_of(one).exists():
            raise BrokenInvariant(f"{_log_of(one)} holds what is not in its file yet.")
    with fresh.open("rb+") as stream:
        os.fsync(stream.fileno())
    fresh.replace(path)
    with suppress(OSError):  # where a folder cannot be synced, its file system does so by itself
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _in_sql(path: Path) -> str:
    return str(path).replace("'", "''")
