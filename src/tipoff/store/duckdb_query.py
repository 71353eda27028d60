"""One statement of a person's own on a DuckDB file that is open for reading only: rows out, nothing in.

Three walls: only a statement that reads is let through; the file is open read-only; the engine may touch no other file, load no extension,
and change no setting. Knows a connection. It must never know what is asked for.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from tipoff.errors import BadInput

READ_ONLY: dict[str, Any] = {
    "read_only": True,
    "config": {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # A name in a query is a table of the warehouse, never a variable of this program.
        "python_enable_replacements": "false",
    },
}
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def statement_of(sql: str) -> str:
    """The one statement in `sql`. Raises BadInput where there is none, more than one, or one that does not only read."""
    try:
        found = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise BadInput(f"This cannot be read: {error}", hint="It is DuckDB's SQL; docs/research.md has recipes.") from error
    if len(found) != 1:
        raise BadInput(f"One statement is asked at a time, and here are {len(found)}.", hint="A PIVOT without IN (…) counts as two.")
    if found[0].type not in _READING:
        raise BadInput(
            f"{found[0].type.name} is not for reading; nothing was done.", hint="Only SELECT, SHOW, DESCRIBE, SUMMARIZE and EXPLAIN are."
        )
    return str(found[0].query)


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The rows of one reading statement, instants in UTC. Raises BadInput with DuckDB's own words where it fails."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    try:
        return connection.execute(sql).to_arrow_table()
    except duckdb.Error as error:
        raise BadInput(str(error), hint="`tipoff tables` lists every table, `tipoff tables NAME` its columns.") from error
