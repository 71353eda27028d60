"""The declared tables in a DuckDB file: made where they are missing, and extended.

Knows a connection and the declarations. It must never know where the file is, nor what the tables mean.
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from tipoff.store.merge import quoted
from tipoff.store.schema import Kind, Table, fingerprint
from tipoff.store.tables import ALL

_TYPES: dict[Kind, str] = {
    "string": "VARCHAR",
    "date": "DATE",
    "instant": "TIMESTAMPTZ",
    "float": "DOUBLE",
    "int": "BIGINT",
    "bool": "BOOLEAN",
}


def migrate(connection: duckdb.DuckDBPyConnection) -> bool:
    """Create what is declared and missing; whether anything was. Columns are only ever added: older code goes on working beside newer."""
    wanted = fingerprint(ALL)
    if wanted in fingerprints_of(connection):
        return False
    connection.begin()
    try:
        for dataset in sorted({table.dataset for table in ALL}):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {dataset}")
        there = _columns_there(connection)
        for table in ALL:
            _create_or_extend(connection, table, there.get(table.name))
        connection.execute("CREATE TABLE IF NOT EXISTS ops.schema_version (fingerprint VARCHAR, migrated_at TIMESTAMPTZ)")
        connection.execute("INSERT INTO ops.schema_version VALUES (?, ?)", [wanted, datetime.now(UTC)])
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return True


def fingerprints_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Those of all declarations that the file has had made what they lacked, the newest first: none of it was ever taken away."""
    try:
        rows = connection.execute("SELECT fingerprint FROM ops.schema_version ORDER BY migrated_at DESC").fetchall()
    except duckdb.CatalogException:
        return []
    return [str(fingerprint) for (fingerprint,) in rows]


def _columns_there(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute("SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns").fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _create_or_extend(connection: duckdb.DuckDBPyConnection, table: Table, there: dict[str, str] | None) -> None:
    target = f"{table.dataset}.{quoted(table.short_name)}"
    if there is None:
        columns = ", ".join(f"{quoted(column.name)} {_TYPES[column.kind]}" for column in table.columns)
        connection.execute(f"CREATE TABLE {target} ({columns})")
        return
    for column in table.columns:
        if column.name not in there:
            connection.execute(f"ALTER TABLE {target} ADD COLUMN {quoted(column.name)} {_TYPES[column.kind]}")
