"""A unit of work on Postgres: reading by statements, merging through staged rows, all in one transaction.

The words that only Postgres understands. Knows a connection and the declarations. It must never know where the server is, nor who else
works there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot.expressions as sge
from adbc_driver_manager.dbapi import Connection, Cursor
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from tipoff.errors import BrokenInvariant
from tipoff.store.merge import annotate_sql, insert_sql, merge_sql, quoted, remove_sql
from tipoff.store.schema import Kind, Table
from tipoff.store.statements import Bound, Statement, Statements, few_as_lists
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, as_declared, conform, keys_of, once, twins_of

TYPES: dict[Kind, str] = {
    "string": 'TEXT COLLATE "C"',  # strings are compared and ordered by their bytes, as every other engine does
    "date": "DATE",
    "instant": "TIMESTAMPTZ",
    "float": "DOUBLE PRECISION",
    "int": "BIGINT",
    "bool": "BOOLEAN",
}
_FEW = 500
"""So many rows at most are handed to a statement as lists of values; more are copied into a table of the transaction's own."""
_SOME, _SHARE = 50, 0.1
"""After so many changed rows, if they are this share of a table, the planner is told anew what it holds: the server itself looks once a
minute, and until then joins a night's first rows as if there were none."""
_LISTS = {
    pa.string(): 'unnest({}::TEXT[]) COLLATE "C"',
    pa.date32(): "unnest({}::DATE[])",
    pa.timestamp("us", "UTC"): "unnest({}::TIMESTAMPTZ[])",
    pa.float64(): "unnest({}::DOUBLE PRECISION[])",
    pa.int64(): "unnest({}::BIGINT[])",
    pa.bool_(): "unnest({}::BOOLEAN[])",
}


class _Compiler(PostgresCompiler):  # type: ignore[misc]
    """Ibis's compiler, which also writes parameters, divides by zero as the other engines do, and orders strings by their bytes."""

    def visit_Bound(self, _op: Bound, *, number: int, dtype: dt.DataType) -> sge.Expression:  # noqa: N802 - Ibis calls it so
        written: sge.Expression = self.cast(sge.Parameter(this=sge.convert(number)), dtype)
        return written

    def visit_AggUDF(self, op: Any, **given: Any) -> sge.Expression:  # noqa: N802
        """The one aggregate that Ibis does not know, `max_by`, as Postgres says it."""
        if op.__func_name__ != "max_by":
            raise BrokenInvariant(f"Postgres has no aggregate {op.__func_name__}.")
        value, by = (given[name] for name in op.argnames)
        ordered = sge.ArrayAgg(this=sge.Order(this=value, expressions=[sge.Ordered(this=by, desc=True, nulls_first=False)]))
        return sge.paren(sge.Filter(this=ordered, expression=sge.Where(this=by.is_(sge.null()).not_())), copy=False)[0]

    def visit_Cast(self, op: ops.Cast, *, arg: Any, to: dt.DataType) -> sge.Expression:  # noqa: N802
        if op.arg.dtype.is_boolean() and to.is_numeric():  # Postgres makes a boolean an integer of four bytes, and nothing else
            arg = self.cast(arg, dt.int32)
        written: sge.Expression = super().visit_Cast(op, arg=arg, to=to)
        return written

    def visit_Divide(self, op: ops.Divide, *, left: Any, right: Any) -> sge.Expression:  # noqa: N802
        written: sge.Expression = super().visit_Divide(op, left=left, right=self.f.nullif(right, sge.convert(0)))
        return written

    def visit_SortKey(self, op: ops.SortKey, *, arg: Any, ascending: bool, nulls_first: bool) -> sge.Expression:  # noqa: N802
        if op.arg.dtype.is_string():
            arg = sge.Collate(this=arg, expression=sge.to_identifier("C", quoted=True))
        return sge.Ordered(this=arg, desc=not ascending, nulls_first=nulls_first)


_COMPILER = _Compiler()
_STATEMENTS = Statements(lambda operation: _COMPILER.to_sqlglot(operation.to_expr()).sql(dialect=_COMPILER.dialect, copy=False))
_NOWHERE = Backend()
"""The backend that expressions name: none of theirs is run by Ibis itself."""


_STAGED = "staged"
"""The name under which a statement finds the rows that it is handed."""


class PostgresWork(Work):
    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection = connection
        self._run_id = run_id
        self._written_at = datetime.now(UTC)
        self._made = 0

    def table(self, name: str) -> ir.Table:
        declared = table_named(name)
        place = ops.Namespace(database=declared.dataset)
        schema = ibis.schema(declared.arrow_schema)
        return ops.DatabaseTable(declared.short_name, schema=schema, source=_NOWHERE, namespace=place).to_expr()

    def fetch(self, expression: ir.Table) -> pa.Table:
        return self._rows(_STATEMENTS.of(expression))

    def ask(self, question: Callable[..., ir.Table], *arguments: Any) -> pa.Table:
        return self._rows(_STATEMENTS.asked(self, question, arguments))

    def keep(self, expression: ir.Table) -> ir.Table:
        statement = _STATEMENTS.of(expression)
        name = self._name("kept")
        with self._ready(statement) as (sql, values), self._cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {_as_declared(statement.expression, sql)}", values)
            cursor.execute(f"ANALYZE {name}")
        place = ops.Namespace(database="pg_temp")
        return ops.DatabaseTable(name, schema=expression.schema(), source=_NOWHERE, namespace=place).to_expr()

    def _rows(self, statement: Statement) -> pa.Table:
        with self._ready(statement) as (sql, values), self._cursor() as cursor:
            cursor.execute(_as_declared(statement.expression, sql), values)
            return cursor.fetch_arrow_table().cast(statement.expression.schema().to_pyarrow())

    @contextmanager
    def _ready(self, statement: Statement) -> Iterator[tuple[str, pa.RecordBatch | None]]:
        """SQL and what is bound to it, while the tables that it is handed are there."""
        sql, columns, tables = few_as_lists(statement, _LISTS, _FEW)
        with self._cursor() as cursor:
            for name, rows in tables.items():
                cursor.adbc_ingest(name, rows, mode="create", temporary=True)
                cursor.execute(f"ANALYZE {name}")
        yield sql, _bound(statement.values, columns)
        with self._cursor() as cursor:
            for name in tables:
                cursor.execute(f"DROP TABLE pg_temp.{name}")

    def merge(self, name: str, rows: pa.Table) -> Merged:
        declared = table_named(name)
        if rows.num_rows == 0:
            return Merged()
        shaped = conform(declared, rows, self._written_at, self._run_id)
        twins = twins_of(declared, shaped)
        if twins and not declared.precedence:
            raise BrokenInvariant(f"{declared.name} was offered one key twice: {dict(zip(declared.key, twins, strict=True))}.")
        merging = merge_sql(declared, _target(declared), _STAGED, twins=twins is not None)
        done = self._counted(shaped, f"{merging} RETURNING merge_action() AS action")
        self._note(declared, sum(done.values()))
        return Merged(rows.num_rows, done.get("INSERT", 0), done.get("UPDATE", 0))

    def bring(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        shaped = once(declared, as_declared(declared, rows))
        self._counted(shaped.select(list(declared.key)), f"{remove_sql(declared, _target(declared), _STAGED)} RETURNING 'DELETE' AS action")
        brought = self._counted(shaped, f"{insert_sql(declared, _target(declared), _STAGED, twins=False)} RETURNING 'INSERT' AS action")
        self._note(declared, brought["INSERT"])
        return brought["INSERT"]

    def annotate(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        shaped = rows.cast(pa.schema([declared.arrow_schema.field(column) for column in rows.column_names]))
        return sum(self._counted(shaped, f"{annotate_sql(declared, _target(declared), _STAGED)} RETURNING 'UPDATE' AS action").values())

    def remove(self, name: str, keys: pa.Table) -> int:
        declared = table_named(name)
        chosen = keys_of(declared, keys)
        if keys.num_rows == 0:
            return 0
        return sum(self._counted(chosen, f"{remove_sql(declared, _target(declared), _STAGED)} RETURNING 'DELETE' AS action").values())

    def touched(self, name: str, column: str) -> list[Any]:
        declared = table_named(name)
        wanted = quoted(column)
        with self._cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT {wanted} FROM {_target(declared)} WHERE written_at = $1 AND run_id = $2 AND {wanted} IS NOT NULL "
                f"ORDER BY {wanted}",
                _bound([self._written_at, self._run_id], []),
            )
            values: list[Any] = cursor.fetch_arrow_table().column(0).to_pylist()
            return values

    def _note(self, declared: Table, changed: int) -> None:
        if changed < _SOME:
            return
        with self._cursor() as cursor:
            cursor.execute(f"SELECT reltuples FROM pg_class WHERE oid = '{_target(declared)}'::regclass")
            known = cursor.fetchone()
            if known is None or changed >= _SHARE * known[0]:
                cursor.execute(f"ANALYZE {_target(declared)}")

    def _counted(self, rows: pa.Table, doing: str) -> dict[str, int]:
        """Do something with staged rows, and count what became of them: how many by `action`, which the statement returns."""
        counting = f"done AS ({doing}) SELECT action, COUNT(*) FROM done GROUP BY action"
        with self._cursor() as cursor:
            if rows.num_rows <= _FEW:
                columns = (f"{_LISTS[column.type].format(f'${n}')} AS {quoted(column.name)}" for n, column in enumerate(rows.schema, 1))
                cursor.execute(f"WITH {_STAGED} AS (SELECT {', '.join(columns)}), {counting}", _bound([], rows.columns))
                return dict(cursor.fetchall())
            cursor.adbc_ingest(_STAGED, rows, mode="create", temporary=True)
            cursor.execute(f"ANALYZE {_STAGED}")
            cursor.execute(f"WITH {counting}")
            done = dict(cursor.fetchall())
            cursor.execute(f"DROP TABLE pg_temp.{_STAGED}")
            return done

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with self._connection.cursor() as cursor:
            yield cursor

    def _name(self, what: str) -> str:
        self._made += 1
        return f"{what}_{self._made}"


def _target(declared: Table) -> str:
    return f"{declared.dataset}.{quoted(declared.short_name)}"


def _as_declared(expression: ir.Table, sql: str) -> str:
    """A statement whose columns have the types that the expression says: sums of whole numbers, for one, are of arbitrary precision."""
    columns = (
        f"CAST({quoted(name)} AS {_COMPILER.type_mapper.to_string(kind)}) AS {quoted(name)}" for name, kind in expression.schema().items()
    )
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS asked"


def _bound(values: Sequence[Any], columns: Sequence[pa.ChunkedArray]) -> pa.RecordBatch | None:
    """The parameters of a statement, each in its type: values, then lists."""
    arrays = [pa.array([value], _type_of(value)) for value in values]
    for column in columns:
        flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        arrays.append(pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat))
    return pa.RecordBatch.from_arrays(arrays, [f"p{n}" for n in range(len(arrays))]) if arrays else None


def _type_of(value: Any) -> pa.DataType:
    if isinstance(value, datetime):
        return pa.timestamp("us", "UTC")
    if isinstance(value, date):
        return pa.date32()
    return pa.string()
