"""On which days a question's rows can stand: what of it bounds the day of each read of a parted table.

BigQuery cuts parts off by constants alone, never by a join. So each table that is parted is read between two days that are bound when the
question is put (`dated`), and these follow from what the question itself says: days that it compares with; games and events, and days,
that it joins with and that are handed to it. Comes in: an Ibis operation. Goes out: the same with its reads between days, and what
those follow from. A bound only leaves out rows that the question leaves out anyway. It must never know a connection, nor what the rows of
a table are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.common.graph import Node

from tipoff.store.bigquery_ids import NAMING, PARTED_BY, is_parted
from tipoff.store.bigquery_reads import Either, Given, Held, Read, Standing, Use
from tipoff.store.bigquery_terms import said_by, terms_of
from tipoff.store.schema import Table
from tipoff.store.tables import ALL


class Edge(ops.Scalar):  # type: ignore[misc]
    """The first or the last day of a read. A compiler writes it by its `visit_Edge`."""

    name: str

    shape = ds.scalar
    dtype = dt.date


def dated(root: Node) -> tuple[Node, tuple[Read, ...]]:
    """An operation whose reads of parted tables are between days, and these reads, in order."""
    uses = _Uses()
    try:
        uses.look(root, {})
    finally:
        known.cache_clear()  # it holds rows that are handed over
    reads = tuple(Read(number, _DECLARED[table.name], frozenset(found)) for number, (table, found) in enumerate(uses.found.items(), 1))
    return root.replace({table: _between(table, read) for table, read in zip(uses.found, reads, strict=True)}), reads


def _between(table: ops.DatabaseTable, read: Read) -> Node:
    rows = table.to_expr()
    day = rows[PARTED_BY]
    on_days = day.between(*(Edge(f"{end}_{read.number}").to_expr() for end in ("first", "last")))
    return rows.filter(on_days | day.isnull() if read.takes_dayless else on_days).op()


_DECLARED = {table.short_name: table for table in ALL}


def _declared(table: ops.DatabaseTable) -> Table | None:
    """The declared table that this is, whatever stands before its dataset's name; None where it is one that is kept for a while."""
    declared, dataset = _DECLARED.get(table.name), table.namespace.database
    named = declared is not None and dataset is not None and f"_{dataset}".endswith(f"_{declared.dataset}")
    return declared if named else None


def _is_read_on_days(table: ops.DatabaseTable) -> bool:
    declared = _declared(table)
    return declared is not None and is_parted(declared)


@dataclass
class _Uses:
    """Walks a question from its result to its tables, with what is asked of each column on the way."""

    found: dict[ops.DatabaseTable, dict[Use, None]] = field(default_factory=dict)
    _seen: set[tuple[Node, Any]] = field(default_factory=set)

    def look(self, rel: Node, wanted: Held) -> None:
        """`wanted` bounds what anybody above looks at in these rows: what is outside of it may as well be missing."""
        key = (rel, frozenset(wanted.items()))
        if key in self._seen:
            return
        self._seen.add(key)
        if isinstance(rel, ops.DatabaseTable):
            if _is_read_on_days(rel):
                ids = frozenset((kind, bound) for kind in NAMING for bound in wanted.get(kind, ()))
                self.found.setdefault(rel, {})[Use(wanted.get(PARTED_BY, frozenset()), ids)] = None
        elif isinstance(rel, ops.JoinChain):
            for reference, held in zip(_references(rel), _of_chain(rel, wanted), strict=True):
                self.look(reference.parent, held)
        elif isinstance(rel, ops.Union):
            self.look(rel.left, wanted)
            self.look(rel.right, wanted)
        else:
            below = _below(rel, wanted)
            for child in _relations(rel):
                self.look(child, below if child is getattr(rel, "parent", None) else {})
        for subquery in _subqueries(rel):
            self.look(subquery.rel, {})


def _below(rel: Node, wanted: Held) -> Held:
    """What is asked of the parent's columns: only what can be asked before this operation as well as after it."""
    if isinstance(rel, ops.Project):
        told = _renamed({name: value for name, value in rel.values.items() if isinstance(value, ops.Field)}, wanted)
        return _before_windows(told, rel.values.values())
    if isinstance(rel, ops.Aggregate):
        return _renamed({name: value for name, value in rel.groups.items() if isinstance(value, ops.Field)}, wanted)
    if isinstance(rel, ops.Filter):
        return _before_windows(_both(wanted, said_by(rel, known)), rel.predicates)
    if isinstance(rel, ops.Sort | ops.Distinct | ops.DropColumns | ops.Reference):
        return wanted
    return {}


def _renamed(fields: Mapping[str, ops.Field], wanted: Held) -> Held:
    found: dict[str, frozenset[Any]] = {}
    for name, value in fields.items():
        if name in wanted:
            found[value.name] = found.get(value.name, frozenset()) | wanted[name]
    return found


def _before_windows(wanted: Held, values: Iterable[Node]) -> Held:
    """A window sees the rows that are left out above it: unless they are left out by what it is parted by."""
    for value in values:
        for node in _nodes(value):
            if isinstance(node, ops.WindowFunction):
                by = {key.name for key in node.group_by if isinstance(key, ops.Field)}
                wanted = {name: bounds for name, bounds in wanted.items() if name in by}
    return wanted


def _both(one: Held, other: Held) -> Held:
    return {name: one.get(name, frozenset()) | other.get(name, frozenset()) for name in {*one, *other}}


_INWARD = frozenset(["inner", "semi", "any_inner"])
_OUTWARD = frozenset(["left", "any_left", "anti"])
_PRODUCT = frozenset(["cross"])


def _references(chain: ops.JoinChain) -> list[ops.Reference]:
    return [chain.first, *(link.table for link in chain.rest)]


def _of_chain(chain: ops.JoinChain, wanted: Held) -> list[Held]:
    """By table of a join what is asked of it: what holds of one side of an equality holds of the other."""
    references = _references(chain)
    held = [{name: set(bounds) for name, bounds in known(reference.parent).items()} for reference in references]
    if any(link.how not in _INWARD | _OUTWARD | _PRODUCT for link in chain.rest):
        return [{} for _ in references]
    place = {reference: number for number, reference in enumerate(references)}
    optional = {link.table for link in chain.rest if link.how in _OUTWARD}
    for name, value in chain.values.items():
        if name in wanted and isinstance(value, ops.Field) and value.rel not in optional:
            held[place[value.rel]].setdefault(value.name, set()).update(wanted[name])
    for _ in references:
        for link in chain.rest:
            for one, other in _equal(link):
                if other.rel is link.table:
                    one, other = other, one
                if one.rel is not link.table or one.rel is other.rel:
                    continue
                mine, theirs = (held[place[column.rel]].setdefault(column.name, set()) for column in (one, other))
                mine |= theirs
                if link.how in _INWARD:
                    theirs |= mine
    return [{name: frozenset(bounds) for name, bounds in columns.items() if bounds} for columns in held]


def _equal(link: ops.JoinLink) -> Iterator[tuple[ops.Field, ops.Field]]:
    for predicate in link.predicates:
        for term in terms_of(predicate):
            if isinstance(term, ops.Equals) and isinstance(term.left, ops.Field) and isinstance(term.right, ops.Field):
                yield term.left, term.right


@cache
def known(rel: Node) -> Held:
    """By column what the values of these rows are among."""
    if isinstance(rel, ops.InMemoryTable) or (isinstance(rel, ops.DatabaseTable) and _declared(rel) is None):
        return {name: frozenset([Given(rel.name, name)]) for name, kind in rel.schema.items() if kind.is_string() or kind.is_date()}
    if isinstance(rel, ops.Project | ops.Aggregate):
        values = rel.values if isinstance(rel, ops.Project) else rel.groups
        below = known(rel.parent)
        return {name: below[value.name] for name, value in values.items() if isinstance(value, ops.Field) and value.name in below}
    if isinstance(rel, ops.Filter):
        return _with_ids(rel, _both(known(rel.parent), said_by(rel, known)))
    if isinstance(rel, ops.Sort | ops.Distinct | ops.DropColumns | ops.Limit | ops.Reference):
        return known(rel.parent)
    if isinstance(rel, ops.JoinChain):
        held = dict(zip(_references(rel), _of_chain(rel, {}), strict=True))
        fields = {name: value for name, value in rel.values.items() if isinstance(value, ops.Field)}
        return {name: held[value.rel][value.name] for name, value in fields.items() if value.name in held[value.rel]}
    if isinstance(rel, ops.Union):
        left, right = known(rel.left), known(rel.right)
        return {name: _either(left[name], right[name]) for name in left.keys() & right.keys()}
    return {}


def _either(one: frozenset[Any], other: frozenset[Any]) -> frozenset[Any]:
    return one if one == other else frozenset([Either((one, other))])


def _with_ids(rel: ops.Filter, held: Held) -> Held:
    """Where the day of a parted table's rows is bounded, the ids beside it are those of rows on these days."""
    origins = {name: _origin(rel, name) for name in rel.schema}
    found = dict(held)
    for name, bounds in held.items():
        origin = origins.get(name)
        if origin is None or origin[-1] != PARTED_BY:
            continue
        for other, same in origins.items():
            if same is not None and same[:-1] == origin[:-1] and same[-1] in NAMING:
                found[other] = found.get(other, frozenset()) | {Standing(same[-1], bounds)}
    return found


def _origin(rel: Node, column: str) -> tuple[Any, ...] | None:
    """The parted table, by way of which joins, and the column of it that this column is."""
    if isinstance(rel, ops.DatabaseTable):
        return (rel, column) if _is_read_on_days(rel) else None
    if isinstance(rel, ops.Project | ops.Aggregate):
        value = (rel.values if isinstance(rel, ops.Project) else rel.groups).get(column)
        return _origin(rel.parent, value.name) if isinstance(value, ops.Field) else None
    if isinstance(rel, ops.Filter | ops.Sort | ops.Distinct | ops.DropColumns | ops.Limit | ops.Reference):
        return _origin(rel.parent, column)
    if isinstance(rel, ops.JoinChain):
        value = rel.values.get(column)
        below = _origin(value.rel.parent, value.name) if isinstance(value, ops.Field) else None
        return (value.rel, *below) if below is not None else None
    return None


def _nodes(value: Node) -> Iterator[Node]:
    """An expression's nodes, without the rows that it looks at."""
    yield value
    if not isinstance(value, ops.Field | ops.Relation):
        for child in value.__children__:
            yield from _nodes(child)


def _relations(rel: Node) -> Iterator[Node]:
    """The rows that an operation is made of, beside those of subqueries."""
    yield from (child for child in rel.__children__ if isinstance(child, ops.Relation))


def _subqueries(rel: Node) -> Iterator[ops.Subquery]:
    for child in rel.__children__:
        if not isinstance(child, ops.Relation):
            parts = [child] if not isinstance(child, ops.JoinLink) else child.predicates
            for part in parts:
                yield from (node for node in _nodes(part) if isinstance(node, ops.Subquery))
