"""Statements: the SQL of an expression, written once for all expressions of one shape.

A process asks the same questions thousands of times, of other days and other rows. Writing the SQL anew each time cost two fifths of a
night. Comes in: an Ibis expression, or a question and its arguments. Goes out: SQL with numbered parameters, their values, and the rows
that it is handed. Two expressions are of one shape where they differ in nothing but the dates and instants in them, the strings that
something is compared with, and the rows of their memtables. Values are bound, so that the engine plans with them as if they stood in the
text. It must never know a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.common.collections import FrozenDict
from ibis.common.graph import Node

from tipoff.clock import as_utc
from tipoff.store.merge import quoted

# Engines flatten nested selects by themselves; having Ibis do it first only costs compile time.
ibis.options.sql.fuse_selects = False

_AT_MOST = 2_000
_LONG = 5_000
"""Of more operations than these (a list of thousands of names) no statement is remembered: the next has another length."""
_COMPARISONS = (ops.Equals, ops.NotEquals, ops.InValues)


class Bound(ops.Scalar):  # type: ignore[misc]
    """A value that is bound when the statement is run; `number` counts from 1. A compiler writes it by its `visit_Bound`."""

    number: int
    dtype: dt.DataType

    shape = ds.scalar


@dataclass(frozen=True)
class Statement:
    """SQL, the values of its parameters in order, and the rows of the tables that it is handed, by name; what it gives has the schema of
    `expression`."""

    expression: ir.Table
    sql: str
    values: list[Any]
    tables: Mapping[str, Any]


def few_as_lists(
    statement: Statement, lists: Mapping[pa.DataType, str], at_most: int
) -> tuple[str, list[pa.ChunkedArray], dict[str, pa.Table]]:
    """SQL in which the tables of few rows stand as lists, the columns that are bound after the statement's own values, and the tables that
    are left: to hand over a table costs more than most questions do.

    `lists` says, for each type that can be bound so, how an engine makes rows of the list `{}`.
    """
    columns: list[pa.ChunkedArray] = []
    parts, left = [], {}
    for name, rows in statement.tables.items():
        if rows.num_rows > at_most or not all(column.type in lists for column in rows.schema):
            left[name] = rows
            continue
        told = []
        for column, held in zip(rows.schema, rows.columns, strict=True):
            columns.append(held)
            told.append(f"{lists[column.type].format(f'${len(statement.values) + len(columns)}')} AS {quoted(column.name)}")
        parts.append(f"{name} AS (SELECT {', '.join(told)})")
    if not parts:
        return statement.sql, columns, left
    given = f"WITH {', '.join(parts)}"
    joined = f"{given}, {statement.sql[5:]}" if statement.sql.startswith("WITH ") else f"{given} {statement.sql}"
    return joined, columns, left


class Statements:
    """The statements of one engine. `write` writes the SQL of an operation in which `Bound` may stand."""

    def __init__(self, write: Callable[[ops.Node], str]) -> None:
        self._write = write
        self._shapes: dict[tuple[Any, ...], str] = {}
        self._questions: dict[tuple[Any, ...], tuple[ir.Table, str]] = {}

    def of(self, expression: ir.Table) -> Statement:
        """The statement of an expression."""
        shape = _Shape(expression.op())
        key = tuple(shape.lines)
        sql = self._shapes.get(key)
        if sql is None:
            sql = self._write(shape.as_bound())
            if len(key) <= _LONG:
                _remember(self._shapes, key, sql)
        tables = {_name(place): memtable.data.to_pyarrow(memtable.schema) for memtable, place in shape.memtables.items()}
        return Statement(expression, sql, [literal.value for literal in shape.literals], tables)

    def asked(self, work: Any, question: Callable[..., ir.Table], arguments: tuple[Any, ...]) -> Statement:
        """The statement of a question (`Work.ask`): not even its expression is made again for arguments of the same kinds."""
        values: list[Any] = []
        tables: dict[str, pa.Table] = {}
        kinds: list[Any] = []
        for argument in map(_rows_of, arguments):
            if isinstance(argument, pa.Table):
                kinds.append((pa.Table, argument.schema))
                tables[_name(len(tables))] = argument
            elif isinstance(argument, str | date):
                kinds.append(type(argument))
                values.append(as_utc(argument) if isinstance(argument, datetime) else argument)
            elif isinstance(argument, ir.Table):
                table = argument.op()
                if not isinstance(table, ops.DatabaseTable):
                    return self.of(question(work, *arguments))
                kinds.append((table.name, table.namespace, table.schema))
            else:
                kinds.append((type(argument), argument))
        key = (question, *kinds)
        expression, sql = self._questions.get(key) or _remember(self._questions, key, self._put(work, question, arguments))
        return Statement(expression, sql, values, tables)

    def _put(self, work: Any, question: Callable[..., ir.Table], arguments: tuple[Any, ...]) -> tuple[ir.Table, str]:
        """The question with something in the place of each value and each table."""
        instead: list[Any] = []
        values = tables = 0
        for argument in map(_rows_of, arguments):
            if isinstance(argument, pa.Table):
                instead.append(ibis.memtable(argument.schema.empty_table()).op().copy(name=_name(tables)).to_expr())
                tables += 1
            elif isinstance(argument, str | date):
                values += 1
                instead.append(Bound(values, _type_of(argument)).to_expr())
            else:
                instead.append(argument)
        expression = question(work, *instead)
        return expression, self._write(expression.op())


def _rows_of(argument: Any) -> Any:
    """An argument, or the rows of one that is made of rows alone."""
    if isinstance(argument, ir.Table) and isinstance(argument.op(), ops.InMemoryTable):
        return argument.op().data.to_pyarrow(argument.op().schema)
    return argument


def _type_of(value: str | date) -> str:
    if isinstance(value, datetime):
        return "timestamp('UTC')"
    return "string" if isinstance(value, str) else "date"


def _remember(known: dict[tuple[Any, ...], Any], key: tuple[Any, ...], value: Any) -> Any:
    if len(known) >= _AT_MOST:
        known.clear()
    known[key] = value
    return value


class _Shape:
    """What of an expression its SQL depends on, one line an operation, operands first; and what it does not depend on, each with its
    number."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self.lines: list[tuple[Any, ...]] = []
        self.literals: dict[ops.Literal, int] = {}
        self.memtables: dict[ops.InMemoryTable, int] = {}
        self._places: dict[tuple[Node, bool], int] = {}
        self._add(root)

    def _add(self, node: Node, compared: bool = False) -> int:
        """Put an operation down, and what it is made of; at which line it stands. Equal ones stand once."""
        bound = isinstance(node, ops.Literal) and _is_bound(node, compared)
        place = self._places.get((node, bound))
        if place is None:
            line = self._line(node, bound)
            place = self._places[node, bound] = len(self.lines)
            self.lines.append(line)
        return place

    def _line(self, node: Node, bound: bool) -> tuple[Any, ...]:
        if bound:
            self.literals[node] = len(self.literals) + 1
            return (Bound, node.dtype)
        if isinstance(node, ops.InMemoryTable):
            self.memtables[node] = len(self.memtables)
            return (ops.InMemoryTable, node.schema)
        if isinstance(node, ops.DatabaseTable):
            return (ops.DatabaseTable, node.name, node.namespace, node.schema)  # whichever connection it was made with
        compared = isinstance(node, _COMPARISONS)
        return (type(node), *(self._told(argument, compared) for argument in node.__args__))

    def _told(self, argument: Any, compared: bool) -> Any:
        if isinstance(argument, Node):
            return (Node, self._add(argument, compared))
        if isinstance(argument, tuple):
            return tuple(self._told(each, compared) for each in argument)
        if isinstance(argument, FrozenDict):
            return tuple((name, self._told(each, compared)) for name, each in argument.items())
        return (type(argument), argument)  # 1 and True are equal, and not the same

    def as_bound(self) -> Node:
        """The operation with numbered parameters, and with the names of memtables, in place of values and rows."""
        return self._root.replace(self._replaced)

    def _replaced(self, node: Node, rewritten: dict[str, Any] | None) -> Node:
        if isinstance(node, ops.Literal):
            return self._bound(node) if _is_bound(node, compared=False) else node
        if isinstance(node, ops.InMemoryTable):
            return node.copy(name=_name(self.memtables[node]))
        if isinstance(node, _COMPARISONS):
            arguments = rewritten or dict(zip(node.__argnames__, node.__args__, strict=True))
            return node.__recreate__({name: self._compared(argument) for name, argument in arguments.items()})
        return node if rewritten is None else node.__recreate__(rewritten)

    def _compared(self, argument: Any) -> Any:
        if isinstance(argument, tuple):
            return tuple(self._compared(each) for each in argument)
        return self._bound(argument) if isinstance(argument, ops.Literal) and _is_bound(argument, compared=True) else argument

    def _bound(self, literal: ops.Literal) -> Bound:
        return Bound(self.literals[literal], literal.dtype)


def _is_bound(literal: ops.Literal, compared: bool) -> bool:
    if literal.value is None:
        return False
    return literal.dtype.is_date() or literal.dtype.is_timestamp() or (compared and literal.dtype.is_string())


def _name(place: int) -> str:
    return f"given_{place}"
