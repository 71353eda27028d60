"""The state database as rows that any engine takes: one JSON document a line, a file a table.

Knows the declared tables' columns. What DBOS keeps of work on its way is its own, and is not among them: such work is begun anew.
"""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from tipoff.errors import BadInput
from tipoff.flow.state import METADATA, State

_DECLARING = (
    *("alerts", "backfill", "batch_log", "credits", "dead_letter_log", "deliveries", "expected", "game_days", "halts"),
    *("processes", "readiness", "scraping", "telling", "watch"),
)
_AT_A_TIME = 1000
_PASSING = ("ops_probes", "ops_workers")
"""What is true of living processes alone."""


def every_table() -> list[sa.Table]:
    """Every declared table; those that refer to others last."""
    for name in _DECLARING:
        importlib.import_module(f"tipoff.flow.{name}")
    return [table for table in METADATA.sorted_tables if table.name not in _PASSING]


def rows_of_state(state: State) -> Iterator[tuple[str, bytes]]:
    """Each table's name and rows, all of one moment."""
    with state.reading() as connection:
        there = set(sa.inspect(connection).get_table_names())
        for table in every_table():
            if table.name in there:
                found = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings()
                yield (
                    table.name,
                    b"".join(json.dumps({name: _said(value) for name, value in row.items()}).encode() + b"\n" for row in found),
                )


def state_is_empty(state: State) -> bool:
    """Whether no declared table has a row."""
    with state.reading() as connection:
        there = set(sa.inspect(connection).get_table_names())
        return all(connection.execute(sa.select(table).limit(1)).first() is None for table in every_table() if table.name in there)


def take_rows(state: State, files: Mapping[str, bytes]) -> None:
    """Fill the tables in one transaction, in place of what they hold. Raises BadInput for a table that this version does not have."""
    tables = {table.name: table for table in every_table()}
    if unknown := sorted(set(files) - set(tables)):
        raise BadInput(f"The back-up's state has {', '.join(unknown)}, which this version does not know.", hint="Restore with a newer one.")
    with state.transaction() as connection:
        METADATA.create_all(connection)
        for name, table in tables.items():
            if name not in files:
                continue
            connection.execute(sa.delete(table))
            rows = [_read(table, json.loads(line)) for line in files[name].splitlines()]
            for start in range(0, len(rows), _AT_A_TIME):
                connection.execute(sa.insert(table), rows[start : start + _AT_A_TIME])
            _count_on(connection, table)


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Postgres numbers from a sequence, which rows that bring their number along do not move."""
    column = table.autoincrement_column
    if connection.dialect.name == "postgresql" and column is not None:
        highest = connection.execute(sa.select(sa.func.max(column))).scalar()
        if highest is not None:
            connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, column.name), highest)))


def _said(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    return value


def _read(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _meant(table.columns[name].type, value) for name, value in row.items() if name in table.columns}


def _meant(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    if isinstance(kind, sa.LargeBinary):
        return base64.b64decode(value["base64"])
    return value
