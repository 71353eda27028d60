"""Feeds: the rows of any table of the warehouse, as they are asked for, as CSV or Parquet.

In: a table's name, conditions in words, columns. Out: rows, and files. Names are those of the declarations and no others; values are bound,
and never written into a query (F61). It must never know what a row means.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, Literal, get_args

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tipoff.clock import parse_instant
from tipoff.errors import BadInput, StorageError
from tipoff.store.schema import Column, Table
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Work, day_of, instant

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
_CONDITION = re.compile(r"\s*([A-Za-z0-9_]+)\s*(>=|<=|!=|=|>|<)(.*)", re.DOTALL)
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    ">=": lambda column, value: column >= value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    "<": lambda column, value: column < value,
}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def feed(
    work: Work, name: str, where: Sequence[str] = (), columns: Sequence[str] = (), as_of: datetime | None = None, limit: int | None = None
) -> pa.Table:
    """The rows of a table that fulfil every condition, in order of its key; instants are UTC.

    A condition is `column=value`, or with `!=`, `>=`, `<=`, `>`, `<`. After `=` and `!=` several values may stand, separated by commas, and
    none is what is missing. `as_of` (UTC) asks a table of versions for what was known then. `columns`: only these; empty: all.
    Raises BadInput for a table, a column or a value that is none, with the nearest name as a hint.
    """
    declared = _table(name)
    chosen = [_column(declared, column).name for column in columns] or list(declared.column_names)
    if limit is not None and limit < 0:
        raise BadInput(f"{limit} rows cannot be given.", hint="Give a --limit of 0 or more.")
    rows = work.as_of(declared.name, as_of) if as_of is not None else work.table(declared.name)
    for text in where:
        rows = rows.filter(_condition(rows, declared, text))
    rows = rows.order_by(list(declared.key))
    return work.fetch((rows if limit is None else rows.limit(limit)).select(*chosen))


def write_feed(rows: pa.Table, to: Path | IO[bytes], kind: Format) -> None:
    """Write rows to a file, whole or not at all, or to an open stream. Raises StorageError where the disk does not take them."""
    if not isinstance(to, Path):
        _write(rows, to, kind)
        return
    beside = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            _write(rows, file, kind)
        beside.replace(to)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageError(f"{to} cannot be written: {error.strerror or error}.", hint="Give a file in a folder that is there.") from error


def _write(rows: pa.Table, file: IO[bytes], kind: Format) -> None:
    if kind == "csv":
        pa_csv.write_csv(rows, file)
    else:
        pq.write_table(rows, file, compression="zstd")


def _table(name: str) -> Table:
    known = {table.name: table for table in ALL}
    if name not in known:
        raise BadInput(f"No table is called {name!r}.", hint=f"{_nearest(name, list(known))}`tipoff tables` lists them.")
    return known[name]


def _column(table: Table, name: str) -> Column:
    known = {column.name: column for column in table.columns}
    if name not in known:
        raise BadInput(
            f"{table.name} has no column {name!r}.", hint=f"{_nearest(name, list(known))}`tipoff tables {table.name}` lists them."
        )
    return known[name]


def _nearest(name: str, known: list[str]) -> str:
    found = get_close_matches(name, known, 1, 0.6) or [one for one in known if one.endswith(f".{name}")]
    return f"Is it {found[0]}? " if found else ""


def _condition(rows: ir.Table, table: Table, text: str) -> ir.BooleanValue:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise BadInput(f"{text!r} is no condition.", hint="Write it like game_date>=2025-11-01, or player_lookup=jalengreen,amenthompson.")
    name, sign, given = found[1], found[2], found[3].strip()
    column = _column(table, name)
    if sign in _COMPARED:
        return _COMPARED[sign](rows[name], _value(table, column, given))
    wanted = [_value(table, column, part.strip()) for part in given.split(",")] if given else []
    same = rows[name].isnull() if not wanted else _any(rows[name], wanted)
    return same if sign == "=" else ~same.fill_null(False)


def _any(column: ir.Column, wanted: list[Any]) -> ir.BooleanValue:
    found = column == wanted[0]
    for value in wanted[1:]:
        found = found | (column == value)
    return found


def _value(table: Table, column: Column, text: str) -> Any:
    """A value of a column's kind, as something that a query binds."""
    try:
        if column.kind == "date":
            return day_of(date.fromisoformat(text))
        if column.kind == "instant":
            return instant(parse_instant(text))
        if column.kind == "int":
            return ibis.literal(int(text), "int64")
        if column.kind == "float":
            return ibis.literal(float(text), "float64")
        if column.kind == "bool":
            return ibis.literal(_TRUTH[text.lower()], "boolean")
    except (ValueError, KeyError, BadInput) as error:
        hint = {"date": "Write it as 2025-11-05.", "instant": "Write it in UTC, as 2025-11-05T23:00:00Z."}.get(column.kind, "")
        raise BadInput(f"{text!r} is no {column.kind}, which {table.name}.{column.name} is.", hint=hint) from error
    return ibis.literal(text, "string")
