"""An expression compiled once and run on many sets of rows: so that a property can be tried a hundred times a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.raw_rows import Row


class Compiled:
    """`Compiled(schema, expression)(rows)`: what the expression makes of a table of these rows, as dicts in no order."""

    def __init__(self, schema: pa.Schema, expression: Callable[[ir.Table], ir.Table]) -> None:
        self._schema = schema
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET threads = 1")
        table = ibis.table(ibis.Schema.from_pyarrow(schema), name="given_rows")
        self.sql = str(ibis.to_sql(expression(table), dialect="duckdb"))

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        self._connection.register("given_rows", pa.Table.from_pylist(list(rows), schema=self._schema))
        found: list[Row] = self._connection.execute(self.sql).to_arrow_table().to_pylist()
        return found
