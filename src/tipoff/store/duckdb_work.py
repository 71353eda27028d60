"""A unit of work on an open DuckDB file: reading by statements, merging through staged rows.

Knows a connection and the declarations. It must never know where the file is, nor who else wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.duckdb import Backend as DuckDBBackend
from ibis.backends.duckdb.converter import DuckDBPyArrowData
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from tipoff.errors import BrokenInvariant
from tipoff.store.merge import annotate_sql, insert_sql, merge_sql, quoted, remove_sql
from tipoff.store.schema import Table
from tipoff.store.statements import Bound, Statement, Statements, few_as_lists
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, as_declared, conform, keys_of, once, twins_of

_FEW = 500
"""So many rows are merged without looking first whether any of them is there."""
_FEW_GIVEN = 200
"""So many rows at most are handed to a statement as lists of values."""


class _Compiler(DuckDBCompiler):  # type: ignore[misc]
    """Ibis's compiler, which also writes parameters."""

    def visit_Bound(self, _op: Bound, *, number: int, dtype: dt.DataType) -> sge.Expression:  # noqa: N802 - Ibis calls it so
        written: sge.Expression = self.cast(sge.Parameter(this=sge.convert(number)), dtype)
        return written


_COMPILER = _Compiler()
_STATEMENTS = Statements(lambda operation: _COMPILER.to_sqlglot(operation.to_expr()).sql(dialect=_COMPILER.dialect, copy=False))
_NOWHERE = DuckDBBackend()
"""The backend that expressions name: none of theirs is run by Ibis itself."""


_LISTS = {
    type_: f"unnest({{}}::{name}[])"
    for type_, name in (
        (pa.string(), "VARCHAR"),
        (pa.date32(), "DATE"),
        (pa.timestamp("us", "UTC"), "TIMESTAMPTZ"),
        (pa.float64(), "DOUBLE"),
        (pa.int64(), "BIGINT"),
        (pa.bool_(), "BOOLEAN"),
    )
}


@cache
def _type_named(kind: str) -> dt.DataType:
    """What Ibis calls a type of DuckDB's."""
    return _COMPILER.type_mapper.from_string(kind, nullable=True)


class DuckDBWork(Work):
    def __init__(self, connection: duckdb.DuckDBPyConnection, run_id: str, columns: dict[str, ibis.Schema]) -> None:
        self._connection = connection
        self._run_id = run_id
        self._columns = columns
        self._written_at = datetime.now(UTC)
        self._kept = 0

    def table(self, name: str) -> ir.Table:
        declared = table_named(name)
        if name not in self._columns:
            described = self._connection.execute(f"DESCRIBE {declared.dataset}.{quoted(declared.short_name)}").fetchall()
            self._columns[name] = ibis.schema({column: _type_named(kind) for column, kind, *_ in described})
        place = ops.Namespace(database=declared.dataset)
        there = ops.DatabaseTable(declared.short_name, schema=self._columns[name], source=_NOWHERE, namespace=place).to_expr()
        known = [column for column in there.columns if column in declared.column_names]
        return there if len(known) == len(there.columns) else there.select(known)  # newer code has added some

    def fetch(self, expression: ir.Table) -> pa.Table:
        return self._rows(_STATEMENTS.of(expression))

    def ask(self, question: Callable[..., ir.Table], *arguments: Any) -> pa.Table:
        return self._rows(_STATEMENTS.asked(self, question, arguments))

    def _rows(self, statement: Statement) -> pa.Table:
        found = self._run(statement)
        wanted = statement.expression.columns
        if found.num_columns > len(wanted):  # since this process looked, newer code has added some
            found = found.select(list(wanted))
        rows: pa.Table = statement.expression.__pyarrow_result__(found, data_mapper=DuckDBPyArrowData)
        return rows

    def keep(self, expression: ir.Table) -> ir.Table:
        self._kept += 1
        name = f"kept_{self._kept}"
        self._run(_STATEMENTS.of(expression), f"CREATE TEMP TABLE {name} AS ")
        place = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=expression.schema(), source=_NOWHERE, namespace=place).to_expr()

    def _run(self, statement: Statement, before: str = "") -> pa.Table:
        """What a statement gives: all of it, while the rows that it was handed are there."""
        sql, columns, tables = few_as_lists(statement, _LISTS, _FEW_GIVEN)
        values = [*statement.values, *(column.to_pylist() for column in columns)]
        for name, rows in tables.items():
            self._connection.register(name, rows)
        try:
            return self._connection.execute(before + sql, values).to_arrow_table()
        finally:
            for name in tables:
                self._connection.unregister(name)

    def merge(self, name: str, rows: pa.Table) -> Merged:
        declared = table_named(name)
        if rows.num_rows == 0:
            return Merged()
        shaped = conform(declared, rows, self._written_at, self._run_id)
        target = f"{declared.dataset}.{quoted(declared.short_name)}"
        self._connection.register("staging", shaped)
        try:
            few = rows.num_rows <= _FEW
            twins = twins_of(declared, shaped) if few else self._twins(declared)
            if twins and not declared.precedence:
                raise BrokenInvariant(f"{declared.name} was offered one key twice: {dict(zip(declared.key, twins, strict=True))}.")
            if few:
                return self._merge_few(declared, target, rows.num_rows, twins=twins is not None)
            if self._are_new(declared, target):
                inserted = self._scalar(insert_sql(declared, target, "staging", twins=twins is not None))
                return Merged(rows.num_rows, inserted, 0)
            before = self._count(target)
            changed = self._scalar(merge_sql(declared, target, "staging", twins=twins is not None))
            inserted = self._count(target) - before
        finally:
            self._connection.unregister("staging")
        return Merged(rows.num_rows, inserted, changed - inserted)

    def _merge_few(self, declared: Table, target: str, offered: int, *, twins: bool) -> Merged:
        """In one statement, which tells of each row what became of it: for a few rows, looking first costs more than it saves."""
        sql = f"{merge_sql(declared, target, 'staging', twins=twins)} RETURNING merge_action"
        done = [row[0] for row in self._connection.execute(sql).fetchall()]
        return Merged(offered, done.count("INSERT"), done.count("UPDATE"))

    def bring(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        shaped = once(declared, as_declared(declared, rows))
        target = f"{declared.dataset}.{quoted(declared.short_name)}"
        self._connection.register("staging", shaped)
        try:
            self._connection.execute(remove_sql(declared, target, "staging"))
            return self._scalar(insert_sql(declared, target, "staging", twins=False))
        finally:
            self._connection.unregister("staging")

    def annotate(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        self._connection.register("staging", rows)
        try:
            return self._scalar(annotate_sql(declared, f"{declared.dataset}.{quoted(declared.short_name)}", "staging"))
        finally:
            self._connection.unregister("staging")

    def remove(self, name: str, keys: pa.Table) -> int:
        declared = table_named(name)
        chosen = keys_of(declared, keys)
        if keys.num_rows == 0:
            return 0
        self._connection.register("staging", chosen)
        try:
            return self._scalar(remove_sql(declared, f"{declared.dataset}.{quoted(declared.short_name)}", "staging"))
        finally:
            self._connection.unregister("staging")

    def touched(self, name: str, column: str) -> list[Any]:
        declared = table_named(name)
        target, wanted = f"{declared.dataset}.{quoted(declared.short_name)}", quoted(column)
        rows = self._connection.execute(
            f"SELECT DISTINCT {wanted} FROM {target} WHERE written_at = ? AND run_id = ? AND {wanted} IS NOT NULL ORDER BY {wanted}",
            [self._written_at, self._run_id],
        ).fetchall()
        return [row[0] for row in rows]

    def _twins(self, declared: Table) -> tuple[Any, ...] | None:
        """A key that stands in the staged rows twice, or None. Asking costs a quarter of ranking the rows of every key."""
        keys = ", ".join(quoted(key) for key in declared.key)
        found: tuple[Any, ...] | None = self._connection.execute(
            f"SELECT {keys} FROM staging GROUP BY {keys} HAVING COUNT(*) > 1 LIMIT 1"
        ).fetchone()
        return found

    def _are_new(self, declared: Table, target: str) -> bool:
        """Whether surely none of the staged keys stands in the table: not even their first and last columns do."""
        ends = ", ".join(quoted(name) for name in dict.fromkeys((declared.key[0], declared.key[-1])))
        sql = f"SELECT 1 FROM {target} SEMI JOIN (SELECT DISTINCT {ends} FROM staging) AS s USING ({ends}) LIMIT 1"
        return self._connection.execute(sql).fetchone() is None

    def _count(self, target: str) -> int:
        return self._scalar(f"SELECT COUNT(*) FROM {target}")

    def _scalar(self, sql: str) -> int:
        row = self._connection.execute(sql).fetchone()
        return int(row[0]) if row else 0
