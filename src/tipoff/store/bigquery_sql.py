"""BigQuery's words: the SQL of expressions and of the one MERGE text, types, and which columns a table is parted and clustered by.

Comes in: an Ibis operation, a statement as merge.py writes it, a declaration. Goes out: GoogleSQL, in which no parted table is read without
a condition on its day: BigQuery refuses that (`require_partition_filter`). It must never know a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.compilers.bigquery import BigQueryCompiler

from tipoff.errors import BrokenInvariant
from tipoff.store.bigquery_days import Edge, dated
from tipoff.store.bigquery_ids import PARTED_BY
from tipoff.store.bigquery_reads import Read
from tipoff.store.schema import Kind, Table
from tipoff.store.statements import Bound

TYPES: dict[Kind, str] = {
    "string": "STRING",
    "date": "DATE",
    "instant": "TIMESTAMP",
    "float": "FLOAT64",
    "int": "INT64",
    "bool": "BOOL",
}
_CLUSTERED_BY_AT_MOST = 4
# BigQuery flattens nested selects by itself; having Ibis do it first only costs compile time.
ibis.options.sql.fuse_selects = False
_PLACED = (sge.RowNumber, sge.Rank, sge.DenseRank, sge.Lag, sge.Lead, sge.Ntile, sge.PercentRank, sge.CumeDist)
"""What looks at an order and at no frame."""


class Compiler(BigQueryCompiler):  # type: ignore[misc]
    """Ibis's compiler, which also writes parameters, and nothing that BigQuery refuses or does in its own way."""

    def visit_Bound(self, _op: Bound, *, number: int, **_type: Any) -> sge.Expression:  # noqa: N802 - Ibis calls it so
        return sge.Parameter(this=sge.Var(this=f"p{number}"))

    def visit_Edge(self, _op: Edge, *, name: str) -> sge.Expression:  # noqa: N802 - Ibis calls it so
        return sge.Parameter(this=sge.Var(this=name))

    def visit_WindowFunction(self, op: ops.WindowFunction, *, group_by: tuple[Any, ...], **parts: Any) -> sge.Expression:  # noqa: N802
        """BigQuery parts by no float: by how it is written, then, in which minus nought is nought."""
        told = tuple(_as_text(written) if key.dtype.is_floating() else written for key, written in zip(op.group_by, group_by, strict=True))
        window: sge.Expression = super().visit_WindowFunction(op, group_by=told, **parts)
        return window

    def to_sqlglot(self, expr: Any, **how: Any) -> Any:
        """As Ibis's own, but that nulls keep their place in an order wherever BigQuery lets them: only a RANGE of values does not."""
        return SQLGlotCompiler.to_sqlglot(self, expr, **how).transform(_nulls_of_ranges, copy=False)


def _nulls_of_ranges(node: sge.Expression) -> sge.Expression:
    if not isinstance(node, sge.Window) or _is_placed(node):
        return node
    for key in node.args["order"].expressions:
        key.set("nulls_first", not key.args.get("desc"))
    return node


def _is_placed(window: sge.Window) -> bool:
    """Whether the order of a window may say where nulls stand."""
    spec = window.args.get("spec")
    return window.args.get("order") is None or isinstance(window.this, _PLACED) or (spec is not None and spec.args.get("kind") == "ROWS")


def _as_text(value: sge.Expression) -> sge.Expression:
    return sge.cast(sge.Add(this=sge.paren(value.copy()), expression=sge.Literal.number(0)), "STRING", dialect="bigquery")


_COMPILER = Compiler()


class Dated(str):
    """SQL, and its `reads` of parted tables, whose days are bound as `@first_1` and `@last_1`, and so on."""

    reads: tuple[Read, ...]


def write(operation: ops.Node) -> Dated:
    """The SQL of an operation; `Bound` values are `@p1`, `@p2`, and so on."""
    between, reads = dated(operation)
    sql = Dated(_COMPILER.to_sqlglot(between.to_expr()).sql(dialect=_COMPILER.dialect, copy=False))
    sql.reads = reads
    return sql


@lru_cache(maxsize=256)
def translated(statement: str, floats: frozenset[str]) -> str:
    """A statement of merge.py in GoogleSQL: names in back-ticks; a window is parted by a float column, one of `floats`, as text."""
    tree = sg.parse_one(statement, read="postgres")
    for window in tree.find_all(sge.Window):
        parts = window.args.get("partition_by") or []
        window.set("partition_by", [_as_text(part) if part.name in floats else part for part in parts])
    return tree.sql(dialect="bigquery")


def on_days(statement: str, declared: Table) -> str:
    """A statement of merge.py that writes to a parted table as `t`, on the parts between `@first_day` and `@last_day` alone, and on that of
    the rows without a day where the table may have some."""
    day = f"t.{PARTED_BY}"
    days = f"{day} BETWEEN @first_day AND @last_day"
    days = days if PARTED_BY in declared.key else f"({days} OR {day} IS NULL)"
    before = " AS s ON " if statement.startswith("MERGE ") else " AS t WHERE "
    return statement.replace(before, f"{before}{days} AND ", 1)


def floats_of(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if column.kind == "float")


def clustered_by(table: Table) -> list[str]:
    """The first columns of the key that BigQuery can cluster by: no floats, at most four; the day is the part already."""
    floats = floats_of(table)
    return [name for name in table.key if name not in floats and name != PARTED_BY][:_CLUSTERED_BY_AT_MOST]


def type_of(kind: pa.DataType) -> str:
    """The type of an Arrow column. Raises BrokenInvariant for one that no declaration has."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    for fits, name in _ARROW.items():
        if fits(kind):
            return name
    raise BrokenInvariant(f"BigQuery was to be handed a column of type {kind}, which no table has.")


_ARROW: Mapping[Any, str] = {
    pa.types.is_string: "STRING",
    pa.types.is_large_string: "STRING",
    pa.types.is_string_view: "STRING",
    pa.types.is_null: "STRING",
    pa.types.is_date: "DATE",
    pa.types.is_timestamp: "TIMESTAMP",
    pa.types.is_floating: "FLOAT64",
    pa.types.is_integer: "INT64",
    pa.types.is_boolean: "BOOL",
}
