"""What the days of a read follow from, and how: bounds on the values of columns, and what is known when a question is put.

Comes in: the reads of a question (`bigquery_days` finds them), the values that it binds, the rows that it is handed, the days of ids. Goes
out: a first and a last day. It must never know an expression, nor a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from tipoff.store.bigquery_ids import EVER, PARTED_BY, IdDays, Span, common, hull
from tipoff.store.schema import Table
from tipoff.store.statements import Bound


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
