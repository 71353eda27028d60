"""What a condition says of a column: which bounds on its values follow from a comparison with what is no column.

It must never know a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import ibis.expr.operations as ops
from ibis.common.graph import Node

from tipoff.store.bigquery_reads import Between, Held, Listed
from tipoff.store.statements import Bound


def said_by(rel: ops.Filter, known: Callable[[Node], Held]) -> Held:
    """What the conditions of a filter say of columns; `known` tells what the values of a subquery are among."""
    found: dict[str, frozenset[Any]] = {}
    for predicate in rel.predicates:
        for term in terms_of(predicate):
            for column, bounds in _of_term(term, known):
                found[column] = found.get(column, frozenset()) | bounds
    return found


def terms_of(predicate: Node) -> Iterator[Node]:
    """The conditions that must all hold."""
    if isinstance(predicate, ops.And):
        yield from terms_of(predicate.left)
        yield from terms_of(predicate.right)
    else:
        yield predicate


_TURNED: Mapping[Any, Any] = {
    ops.Equals: ops.Equals,
    ops.Less: ops.Greater,
    ops.LessEqual: ops.GreaterEqual,
    ops.Greater: ops.Less,
    ops.GreaterEqual: ops.LessEqual,
}


def _of_term(term: Node, known: Callable[[Node], Held]) -> Iterator[tuple[str, frozenset[Any]]]:
    if isinstance(term, ops.InSubquery) and isinstance(term.needle, ops.Field):
        (column,) = term.rel.schema
        if bounds := known(term.rel).get(column):
            yield term.needle.name, bounds
    elif isinstance(term, ops.InValues) and isinstance(term.value, ops.Field) and all(map(_is_value, term.options)):
        yield term.value.name, frozenset([Listed(tuple(map(_value, term.options)))])
    elif isinstance(term, ops.Between) and isinstance(term.arg, ops.Field) and _is_date(term.lower_bound) and _is_date(term.upper_bound):
        yield term.arg.name, frozenset([Between(_value(term.lower_bound), _value(term.upper_bound))])
    elif type(term) in _TURNED:
        kind, column, value = type(term), term.left, term.right
        if isinstance(value, ops.Field):
            kind, column, value = _TURNED[kind], value, column
        if isinstance(column, ops.Field) and _is_value(value):
            yield from _of_comparison(kind, column.name, value)


def _of_comparison(kind: Any, column: str, value: Node) -> Iterator[tuple[str, frozenset[Any]]]:
    if kind is ops.Equals:
        yield column, frozenset([Listed((_value(value),))])
    elif _is_date(value):
        ends = (None, _value(value)) if kind in (ops.Less, ops.LessEqual) else (_value(value), None)
        yield column, frozenset([Between(*ends)])


def _is_value(node: Node) -> bool:
    return isinstance(node, ops.Literal | Bound)


def _is_date(node: Node) -> bool:
    return _is_value(node) and node.dtype.is_date()


def _value(node: Any) -> Any:
    return node if isinstance(node, Bound) else node.value
