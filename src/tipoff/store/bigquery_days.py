"""On which days a question's rows can stand: what of it bounds the day of each read of a parted table.

BigQuery cuts parts off by constants alone, never by a join. So each table that is parted is read between two days that are bound when the
question is put (`dated`), and these follow from what the question itself says: days that it compares with; games and events, and days,
that it joins with and that are handed to it. Comes in: an Ibis operation. Goes out: the same with its reads between days, and what
those follow from. A bound only leaves out rows that the question leaves out anyway. It must never know a connection, nor what the rows of
a table are about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any

import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.common.graph import Node

from tipoff.store.bigquery_ids import EVER, NAMING, PARTED_BY, IdDays, Span, common, hull, is_parted
from tipoff.store.schema import Table
from tipoff.store.statements import Bound
from tipoff.store.tables import ALL


@dataclass(frozen=True)
class Given:
    """The values of a column of rows that are handed over, or kept: `name` is the table's."""

    name: str
    column: str


@dataclass(frozen=True)
class Listed:
    """Values as they stand in the question; a `Bound` stands for the value that is bound to its number."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Between:
    """Dates from the first to the last, both included; None: without an end."""

    first: Any = None
    last: Any = None


@dataclass(frozen=True)
class Standing:
    """The ids of this kind of rows whose days are all of these."""

    kind: str
    days: frozenset[Any]


@dataclass(frozen=True)
class Either:
    """What is in one of several: each is a set of bounds that all hold."""

    parts: tuple[frozenset[Any], ...]


Values = Given | Listed | Between | Standing | Either
Held = Mapping[str, frozenset[Any]]
"""By column what its values are among: each of a set of bounds holds."""


@dataclass(frozen=True)
class Use:
    """One way in which a question uses a table: bounds on its day, and on ids by their kind."""

    days: frozenset[Any] = frozenset()
    ids: frozenset[tuple[str, Any]] = frozenset()

    @property
    def is_whole(self) -> bool:
        return not self.days and not self.ids


@dataclass(frozen=True)
class Read:
    """A read of a parted table, between the days that are bound as `first_n` and `last_n`, by what these follow from."""

    number: int
    table: Table
    uses: frozenset[Use]

    @property
    def is_whole(self) -> bool:
        """Whether nothing that the question says leaves parts out."""
        return any(use.is_whole for use in self.uses)

    @property
    def takes_dayless(self) -> bool:
        """Whether rows without a day belong to it too."""
        return PARTED_BY not in self.table.key and not all(use.days for use in self.uses)


@dataclass(frozen=True)
class Answers:
    """What is known when a question is put: the values that it binds, the rows that it is handed, the days of ids.

    `column` gives the values of a column of such rows by the table's name, or None where that is no such table.
    """

    bound: Sequence[Any]
    column: Callable[[str, str], Sequence[Any] | None]
    ids: Callable[[], IdDays]

    def span(self, read: Read) -> Span:
        """The first and the last day of what a read must see; NOTHING where it need not see a thing."""
        return hull(self._of_use(use) for use in read.uses)

    def _of_use(self, use: Use) -> Span:
        of_days = [self._days(bound) for bound in use.days]
        return reduce(common, [*of_days, *(self._days_of_ids(kind, bound) for kind, bound in use.ids)], EVER)

    def _days(self, values: Values) -> Span:
        if isinstance(values, Between):
            first, last = (self._value(end) for end in (values.first, values.last))
            return first or EVER[0], last or EVER[1]
        if isinstance(values, Either):
            return hull(reduce(common, map(self._days, part), EVER) for part in values.parts)
        listed = self._listed(values)
        return EVER if listed is None else hull((day, day) for day in listed)

    def _days_of_ids(self, kind: str, values: Values) -> Span:
        if isinstance(values, Standing):
            return self.ids().reaching(kind, reduce(common, map(self._days, values.days), EVER)) if values.kind == kind else EVER
        if isinstance(values, Either):
            return hull(reduce(common, (self._days_of_ids(kind, bound) for bound in part), EVER) for part in values.parts)
        listed = self._listed(values)
        return EVER if listed is None else self.ids().of(kind, listed)

    def _listed(self, values: Values) -> list[Any] | None:
        if isinstance(values, Listed):
            found: Sequence[Any] | None = [self._value(value) for value in values.values]
        else:
            found = self.column(values.name, values.column) if isinstance(values, Given) else None
        return None if found is None else [value for value in found if value is not None]

    def _value(self, value: Any) -> Any:
        return self.bound[value.number - 1] if isinstance(value, Bound) else value


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
        return _before_windows(_both(wanted, _said(rel)), rel.predicates)
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
        for term in _terms(predicate):
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
        return _with_ids(rel, _both(known(rel.parent), _said(rel)))
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


def _said(rel: ops.Filter) -> Held:
    """What the conditions themselves say of columns."""
    found: dict[str, frozenset[Any]] = {}
    for predicate in rel.predicates:
        for term in _terms(predicate):
            for column, bounds in _of_term(term):
                found[column] = found.get(column, frozenset()) | bounds
    return found


def _terms(predicate: Node) -> Iterator[Node]:
    if isinstance(predicate, ops.And):
        yield from _terms(predicate.left)
        yield from _terms(predicate.right)
    else:
        yield predicate


_TURNED: Mapping[Any, Any] = {
    ops.Equals: ops.Equals,
    ops.Less: ops.Greater,
    ops.LessEqual: ops.GreaterEqual,
    ops.Greater: ops.Less,
    ops.GreaterEqual: ops.LessEqual,
}


def _of_term(term: Node) -> Iterator[tuple[str, frozenset[Any]]]:
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
