"""The state database: what runs did and do, for people who ask while others work. SQLite by default, Postgres when shared.

Knows runs. It must never hold a fact of the domain: those lie in the warehouse.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn, CreateTable

from tipoff.clock import Clock
from tipoff.config import Settings, mask_url
from tipoff.errors import BrokenInvariant, Busy, ConfigError, TipoffError

METADATA = sa.MetaData()
"""Every table of ours in the state database. A module that keeps one there declares it here, beside the functions that use it."""

RUNS = sa.Table(
    "ops_runs",
    METADATA,
    sa.Column("run_id", sa.String, primary_key=True),
    sa.Column("phase", sa.String, primary_key=True),
    sa.Column("game_date", sa.Date, nullable=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
)


@dataclass(frozen=True)
class Run:
    """One phase of one run. Times are UTC; status is running, complete or failed."""

    run_id: str
    phase: str
    game_date: date | None
    status: str
    counts: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass
class Recorded:
    """What a phase reports of itself while it runs."""

    counts: dict[str, Any] = field(default_factory=dict)


class State:
    """The state database. Opening it makes what is missing, tables and columns that are declared by now; any number may do so at once."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        try:
            url = make_url(settings.database_url)
            if url.drivername.startswith("sqlite") and url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(url, pool_pre_ping=url.get_backend_name() == "postgresql")  # its server may have been away
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _ready_sqlite)
                sa.event.listen(self._engine, "begin", _begin_sqlite)
            else:
                sa.event.listen(self._engine, "connect", _ready_postgres)
            self._make()
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            raise ConfigError(
                f"The state database cannot be opened: {mask_url(str(error))}", hint="Check TIPOFF_DATABASE and --data-dir."
            ) from error

    def _make(self) -> None:
        try:
            with self.reading() as connection:
                whole = not _missing(connection)
            if not whole:
                with self.transaction() as connection:
                    for statement in _missing(connection):
                        connection.execute(statement)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def size(self) -> int:
        """The bytes that the database takes on its disk."""
        with self.reading() as connection:
            if connection.dialect.name == "postgresql":
                return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())
        database = self._engine.url.database
        files = [Path(f"{database}{end}") for end in ("", "-wal")] if database else []
        return sum(path.stat().st_size for path in files if path.exists())

    def vacuum(self) -> None:
        """Give back the room of rows that are gone. Whoever reads is not disturbed; whoever writes waits. Raises Busy where others write
        for too long."""
        try:
            with self._engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")
                    return
                held: Any = connection.connection.dbapi_connection  # a connection of ours begins no transaction by itself
                held.execute("VACUUM")
                held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sa.exc.OperationalError, sa.exc.InternalError) as error:
            raise _told(error) from error
        except sqlite3.OperationalError as error:
            raise Busy(f"The state database was held by others for too long: {error}.", hint="Try again.") from error

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction by itself: what it has read nobody else changes before it has committed. Keep it short.

        Raises Busy where others hold the database too long, and ConfigError where it cannot be written.
        """
        try:
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                yield connection
        except (sa.exc.OperationalError, sa.exc.InternalError) as error:
            raise _told(error) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to look at what stands there, in nobody's way. Raises as `transaction` does."""
        try:
            with self._engine.connect().execution_options(**{_READING: True}) as connection:
                yield connection
        except (sa.exc.OperationalError, sa.exc.InternalError) as error:
            raise _told(error) from error

    @contextmanager
    def phase(self, run_id: str, phase: str, game_date: date | None) -> Iterator[Recorded]:
        """Record a phase from its start to its end; an error is recorded with its cause, and goes on upwards."""
        recorded = Recorded()
        started = self._clock.now()
        self._write(run_id, phase, game_date, "running", {}, started, None, None)
        try:
            yield recorded
        except BaseException as error:
            cause = str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {error}"
            self._write(run_id, phase, game_date, "failed", recorded.counts, started, self._clock.now(), cause)
            raise
        self._write(run_id, phase, game_date, "complete", recorded.counts, started, self._clock.now(), None)

    def _write(
        self,
        run_id: str,
        phase: str,
        game_date: date | None,
        status: str,
        counts: dict[str, Any],
        started: datetime,
        finished: datetime | None,
        error: str | None,
    ) -> None:
        row = {
            "game_date": game_date,
            "status": status,
            "counts": json.dumps(counts, sort_keys=True),
            "started_at": _naive(started),
            "finished_at": _naive(finished),
            "error": error,
        }
        with self.transaction() as connection:
            mine = (RUNS.c.run_id == run_id) & (RUNS.c.phase == phase)
            if connection.execute(sa.update(RUNS).where(mine).values(**row)).rowcount == 0:
                connection.execute(sa.insert(RUNS).values(run_id=run_id, phase=phase, **row))

    def runs(self, last: int = 200) -> list[Run]:
        """The newest phases, newest first."""
        with self.reading() as connection:
            rows = connection.execute(sa.select(RUNS).order_by(RUNS.c.started_at.desc(), RUNS.c.phase).limit(last)).mappings().all()
        return [
            Run(
                run_id=row["run_id"],
                phase=row["phase"],
                game_date=row["game_date"],
                status=row["status"],
                counts=json.loads(row["counts"]),
                started_at=row["started_at"].replace(tzinfo=UTC),
                finished_at=row["finished_at"].replace(tzinfo=UTC) if row["finished_at"] else None,
                error=row["error"],
            )
            for row in rows
        ]


def _missing(connection: sa.Connection) -> list[sa.ExecutableDDLElement]:
    """What is to be said so that the database has every table and column that is declared; what it has beyond that stays."""
    tables = {table.name: table for table in METADATA.sorted_tables}
    found = sa.inspect(connection).get_multi_columns(filter_names=list(tables))
    known = {name: {column["name"] for column in columns} for (_, name), columns in found.items()}
    return [
        *(CreateTable(table) for name, table in tables.items() if name not in known),
        *(_add(column) for name, columns in known.items() for column in tables[name].columns if column.name not in columns),
    ]


def _add(column: sa.Column[Any]) -> _AddColumn:
    """A column for a table that has rows already: they have nothing there, or the server's default."""
    if not column.nullable and column.server_default is None:
        raise BrokenInvariant(f"{column} came later than its table, so it must be nullable or have a server default.")
    return _AddColumn(column)


class _AddColumn(sa.ExecutableDDLElement):
    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(_AddColumn)
def _compile_add_column(element: _AddColumn, compiler: Any, **_: Any) -> str:
    words = compiler.process(CreateColumn(element.column))
    return f"ALTER TABLE {compiler.preparer.format_table(element.column.table)} ADD COLUMN {words}"


_READING = "tipoff_reading"
LOCK = 7_449_663  # any number: whoever writes state on Postgres takes this lock first
_BUSY_MILLISECONDS = 30_000
_IDLE_MILLISECONDS = 10_000
_LOCK_TIMEOUT = "55P03"
_PRIMARY = 0xFF  # the part of an extended error code that says what kind it is


def _ready_sqlite(connection: Any, _record: Any) -> None:
    """Transactions are begun by us, a writer is waited for, and readers are not in its way.

    A commit of ours is in the log when it returns, and outlives the process; onto the disk it goes with DBOS's next commit, which is synced
    and comes after it in the same log. So a power cut takes the last moments of a batch, all of them, and it is done again.
    """
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY:
            raise
        # SQLite waits for nobody here. The mode is the file's: whoever is in the way has set it, or the next connection will.


def _ready_postgres(connection: Any, _record: Any) -> None:
    """A writer is waited for; one that stands still within a transaction, as a machine that was put to sleep, loses it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {_BUSY_MILLISECONDS}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MILLISECONDS}")
    connection.commit()  # or the pool's rollback would undo it


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READING) else "BEGIN IMMEDIATE")


def _told(error: sa.exc.DBAPIError) -> TipoffError:
    """The database's complaint in our words, without its statement."""
    words = mask_url(str(error.orig))
    in_use = isinstance(error.orig, sqlite3.Error) and ("locked" in words or "busy" in words)
    if in_use or getattr(error.orig, "sqlstate", None) == _LOCK_TIMEOUT:
        return Busy(f"The state database was held by others for too long: {words}.", hint="Try again.")
    if isinstance(error.orig, sqlite3.Error):
        hint = "Is its disk full, or read-only? Check --data-dir and TIPOFF_DATABASE."
    else:
        hint = "Is its server up, and is there room on its disk? Check TIPOFF_DATABASE; `tipoff doctor` tells more."
    return ConfigError(f"The state database cannot be used: {words}.", hint=hint)


def _naive(moment: datetime | None) -> datetime | None:
    """As the database keeps it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
