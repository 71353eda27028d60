"""The Postgres adapter: one database, shared by any number of processes on any number of machines.

Connections are pooled, and a unit of work is one transaction: reading sees one snapshot, and writing takes its turn, so that what one unit
has read no other changes before it has committed (as with a DuckDB file, whose writers wait for each other too). Keys are the database's
own. It must never know what the tables mean.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import pyarrow as pa
import sqlglot
from adbc_driver_manager import Error as AdbcError
from adbc_driver_manager.dbapi import Connection
from adbc_driver_postgresql import dbapi
from sqlalchemy.event import listen
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool
from sqlglot import exp

from tipoff.config import mask_url
from tipoff.errors import BadInput, Busy, ConfigError, StorageError, StorageFull, TipoffError
from tipoff.store.merge import quoted
from tipoff.store.postgres_work import TYPES, PostgresWork
from tipoff.store.schema import Table, fingerprint
from tipoff.store.tables import ALL
from tipoff.store.warehouse import About, Compacted, Warehouse, Work

_WAIT_SECONDS = 120.0
_POOLED = 8
"""So many connections at most a process holds."""
_OLDEST = 170_000
"""MERGE tells what it did from Postgres 17 on."""
_WRITING, _DECLARING = 0x7461626C, 0x6465636C
"""The numbers of our advisory locks: whoever writes, and whoever makes tables, does so alone."""
_SESSION = (
    "SET TIME ZONE 'UTC'",
    "SET jit = off",  # for questions of milliseconds it takes longer than they do
    "SET work_mem = '64MB'",
    "SET client_min_messages = 'warning'",
)
_RIGHTS = {
    "to make schemas in the database": "has_database_privilege(current_database(), 'CREATE')",
    "to make temporary tables": "has_database_privilege(current_database(), 'TEMPORARY')",
}
_ABOUT = f"SELECT current_setting('server_version'), clock_timestamp(), {', '.join(_RIGHTS.values())}"
_CLOSED = f"""
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT (has_schema_privilege(n.oid, 'USAGE') AND {
    " AND ".join(f"has_table_privilege(c.oid, '{right}')" for right in ("SELECT", "INSERT", "UPDATE", "DELETE"))
})"""
_READING = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)


class PostgresWarehouse(Warehouse):
    """A warehouse in a Postgres database (17 or newer); its schemas and tables are made on first use.

    A writer that hangs in its transaction is cut off by the server after twice `wait_seconds`, and commits nothing.
    """

    def __init__(self, url: str, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.url = url
        self._wait = wait_seconds
        self._uri = "postgresql://" + url.partition("://")[2]

    @contextmanager
    def reading(self) -> Iterator[Work]:
        with self._transaction() as connection:
            _say(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield PostgresWork(connection, "")

    @contextmanager
    def writing(self, run_id: str) -> Iterator[Work]:
        with self._transaction() as connection:
            _say(connection, f"SET LOCAL lock_timeout = '{self._wait:g}s'")
            _say(connection, f"SET LOCAL idle_in_transaction_session_timeout = '{2 * self._wait:g}s'")
            _say(connection, f"SELECT pg_advisory_xact_lock({_WRITING})")
            yield PostgresWork(connection, run_id)
            connection.commit()

    def query(self, sql: str) -> pa.Table:
        statement = _reading_statement(sql)
        with self._transaction() as connection:
            _say(connection, "SET TRANSACTION READ ONLY")
            try:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    return _plain(cursor.fetch_arrow_table())
            except AdbcError as error:
                raise BadInput(_words(error), hint="`tipoff tables` lists every table, `tipoff tables NAME` its columns.") from error

    def about(self) -> About:
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.execute(_ABOUT)
            name, moment, *held = cursor.fetchall()[0]
            cursor.execute(_CLOSED)
            declared = {table.name for table in ALL}
            closed = [f"to write {table}" for (table,) in cursor.fetchall() if table in declared]
            lacking = (*(right for right, has in zip(_RIGHTS, held, strict=True) if not has), *sorted(closed))
            return About(f"Postgres {name}", next(iter(_fingerprints_of(connection)), None), lacking, moment.astimezone(UTC))

    def size(self) -> int:
        targets = ", ".join(f"('{table.dataset}.{quoted(table.short_name)}')" for table in ALL)
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT sum(pg_total_relation_size(name::regclass))::BIGINT FROM (VALUES {targets}) AS named(name)")
            return int(cursor.fetchall()[0][0])

    def compact(self) -> Compacted:
        """Rows that nobody can see any more make room for new ones, and the planner learns what is there; nobody waits. The files shrink
        only where their ends are empty: what a table has once taken it mostly keeps, for its own use."""
        before = self.size()
        with _told(self.url):
            connection = dbapi.connect(self._uri, autocommit=True)
            try:
                for table in ALL:
                    _say(connection, f"VACUUM (ANALYZE) {table.dataset}.{quoted(table.short_name)}")
            finally:
                connection.close()
        return Compacted(before, self.size())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A connection in a transaction, which is rolled back unless it was committed."""
        with _told(self.url):
            pool = _pool_of(self._uri, self._wait)
            try:
                held: Any = pool.connect()
            except PoolTimeout as error:
                raise Busy(f"All {_POOLED} connections of this process are in use.", hint="Run fewer things at once.") from error
            try:
                yield held.dbapi_connection
            except BaseException as error:
                if isinstance(error, AdbcError) and _lost(error):
                    held.invalidate()
                raise
            finally:
                held.close()  # which rolls back


class _Pools:
    """The pools of this process: one for each database."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.process = os.getpid()
        self.pools: dict[str, QueuePool] = {}
        self.of_the_parent: list[dict[str, QueuePool]] = []
        """Of the process that this one was forked from: never closed, since the server would take that for the parent's leave."""


_pools = _Pools()


def _pool_of(uri: str, wait: float) -> QueuePool:
    """The pool of a database, whose tables are made when the first unit of work in this process asks for it."""
    with _pools.mutex:
        if _pools.process != os.getpid():  # a connection belongs to the process that made it
            _pools.of_the_parent.append(_pools.pools)
            _pools.process, _pools.pools = os.getpid(), {}
        pool = _pools.pools.get(uri)
        if pool is None:
            pool = QueuePool(cast(Any, partial(_connect, uri)), pool_size=_POOLED, max_overflow=0, timeout=wait)
            listen(pool, "checkout", _look_alive)
            held: Any = pool.connect()
            try:
                _migrate(held.dbapi_connection, wait)
            finally:
                held.close()
            _pools.pools[uri] = pool
        return pool


def _connect(uri: str) -> Connection:
    connection: Connection = dbapi.connect(uri)
    try:
        for statement in _SESSION:
            _say(connection, statement)
        [(number, name)] = _say(connection, "SELECT current_setting('server_version_num')::BIGINT, current_setting('server_version')")
        if number < _OLDEST:
            raise ConfigError(f"Postgres {name} is too old for a warehouse.", hint="Use Postgres 17 or newer.")
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def _look_alive(connection: Any, _record: object, _proxy: object) -> None:
    """The server may have been away since this connection was last used: then another is made."""
    try:
        _say(connection, "SELECT 1")
        connection.rollback()
    except AdbcError as error:
        raise DisconnectionError from error


def _say(connection: Connection, statement: str) -> list[Any]:
    """Run a statement to its end: one that gives rows is only over, or has only failed, when they have come."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _migrate(connection: Connection, wait: float) -> None:
    """Create what is declared and missing. Columns are only ever added, and may be null: older code goes on working beside newer."""
    wanted = fingerprint(ALL)
    if wanted in _fingerprints_of(connection):
        return
    _say(connection, f"SET LOCAL lock_timeout = '{wait:g}s'")
    _say(
        connection, f"SELECT pg_advisory_xact_lock({_DECLARING}), pg_advisory_xact_lock({_WRITING})"
    )  # nobody is in the middle of a change
    for dataset in sorted({table.dataset for table in ALL}):
        _say(connection, f"CREATE SCHEMA IF NOT EXISTS {dataset}")
    there = _columns_there(connection)
    for table in ALL:
        for statement in _declaring(table, there.get(table.name)):
            _say(connection, statement)
    _say(connection, "CREATE TABLE IF NOT EXISTS ops.schema_version (fingerprint TEXT, migrated_at TIMESTAMPTZ)")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO ops.schema_version VALUES ($1, $2)", [wanted, datetime.now(UTC)])
    connection.commit()


def _fingerprints_of(connection: Connection) -> list[str]:
    """Those of all declarations that the database has had made what they lacked, the newest first: none of it was ever taken away."""
    found: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('ops.schema_version') IS NOT NULL")
        if cursor.fetchall()[0][0]:
            cursor.execute("SELECT fingerprint FROM ops.schema_version ORDER BY migrated_at DESC")
            found = [str(fingerprint) for (fingerprint,) in cursor.fetchall()]
    connection.rollback()
    return found


def _columns_there(connection: Connection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in _say(connection, "SELECT table_schema || '.' || table_name, column_name::TEXT FROM information_schema.columns"):
        found.setdefault(table, set()).add(column)
    return found


def _declaring(table: Table, there: set[str] | None) -> Iterator[str]:
    target = f"{table.dataset}.{quoted(table.short_name)}"
    if there is None:
        columns = ", ".join(f"{quoted(column.name)} {TYPES[column.kind]}" for column in table.columns)
        yield f"CREATE TABLE {target} ({columns}, PRIMARY KEY ({', '.join(map(quoted, table.key))}))"
        indexed = [name for name in ("game_id", "game_date") if name in table.column_names and table.key[0] != name]
        for name in indexed:
            yield f"CREATE INDEX ON {target} ({quoted(name)})"
        yield f'CREATE INDEX ON {target} USING brin ("written_at") WITH (autosummarize = on)'
        return
    for column in table.columns:
        if column.name not in there:
            yield f"ALTER TABLE {target} ADD COLUMN {quoted(column.name)} {TYPES[column.kind]}"


def _reading_statement(sql: str) -> str:
    """The one statement in `sql`. Raises BadInput where there is none, more than one, or one that does not only read."""
    hint = "It is Postgres's SQL; docs/research.md has recipes."
    try:
        found = [one for one in sqlglot.parse(sql, read="postgres") if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise BadInput(f"This cannot be read: {error}", hint=hint) from error
    if len(found) != 1:
        raise BadInput(f"One statement is asked at a time, and here are {len(found)}.", hint=hint)
    if not isinstance(found[0], _READING) and not sql.strip().upper().startswith(("EXPLAIN", "SHOW", "TABLE")):
        raise BadInput(f"{found[0].key.upper()} is not for reading; nothing was done.", hint="Only SELECT, VALUES, SHOW and EXPLAIN are.")
    return sql.strip().rstrip(";")


def _plain(rows: pa.Table) -> pa.Table:
    """Numbers of arbitrary precision as floats; everything else that Arrow has no type for stays text."""
    for place, column in enumerate(rows.schema):
        if isinstance(column.type, pa.OpaqueType):
            held = rows.column(place).combine_chunks()
            text = pa.chunked_array([chunk.storage for chunk in (held.chunks if isinstance(held, pa.ChunkedArray) else [held])])
            numeric = column.type.type_name == "numeric"
            rows = rows.set_column(place, column.name, text.cast(pa.float64()) if numeric else text)
    return rows


def _words(error: AdbcError) -> str:
    """The server's complaint, without what the driver puts around it."""
    said = str(error).split("ERROR:", 1)[-1].split("SQLSTATE", 1)[0]
    return said.strip().rstrip(".").strip()


def _lost(error: AdbcError) -> bool:
    """Whether the server went away, or has ended this session."""
    state = error.sqlstate or ""
    said = str(error).lower()
    return state.startswith(("08", "57P")) or state == "25P03" or any(word in said for word in _GONE)


_GONE = (
    "server closed the connection",
    "could not connect",
    "connection refused",
    "no connection to the server",
    "failed to connect",
    "ssl syscall",
)
_AGAIN = {"40001": "another transaction came first", "40P01": "two transactions waited for each other", "55P03": "others write"}
_REFUSED = ("28", "3D", "42501")
"""States of a server that will not have us: the password, the database's name, our rights."""
_UNWELCOME = ("authentication failed", "no pg_hba.conf entry", "no password supplied", 'FATAL:  role "', 'FATAL:  database "')
"""The same while connecting, where the driver tells no state."""


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What the server refuses, in words that say what to do. A transaction is there whole or not at all."""
    try:
        yield
    except AdbcError as error:
        raise _as_ours(error, mask_url(url)) from error


def _as_ours(error: AdbcError, where: str) -> TipoffError | AdbcError:
    state, words = error.sqlstate or "", _words(error)
    if state in _AGAIN:
        return Busy(f"{where} was held by others for too long: {_AGAIN[state]} ({words}).", hint="Try again.")
    if state.startswith(_REFUSED) or any(word in words for word in _UNWELCOME):
        return ConfigError(f"{where} refuses: {words}", hint="Check TIPOFF_WAREHOUSE: user, password, database, and the user's rights.")
    if _lost(error):
        return Busy(
            f"{where} cannot be reached, or went away: {words}", hint="Is Postgres up, and is TIPOFF_WAREHOUSE right? Then try again."
        )
    if state.startswith("53"):
        return StorageFull(f"{where} could not be written: {words}", hint="Make room on its disk, and run it again.")
    if state.startswith("58") or state == "25006":
        return StorageError(f"{where} could not be written: {words}", hint="Look at that server: may it be written? Then run it again.")
    return error


def close_pools() -> None:
    """Let go of every connection of this process."""
    with _pools.mutex:
        for pool in _pools.pools.values():
            with suppress(AdbcError):
                pool.dispose()
        _pools.pools.clear()
