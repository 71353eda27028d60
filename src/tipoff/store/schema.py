"""What a table is: its name, key, columns with units, and who wins where two rows share a key.

Knows Arrow types only. It must never know an engine: each adapter renders these declarations in its own words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from tipoff.errors import BrokenInvariant

Kind = Literal["string", "date", "instant", "float", "int", "bool"]

ARROW: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", "UTC"),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
}


@dataclass(frozen=True)
class Column:
    """One column: `unit` is empty where there is none; instants are UTC."""

    name: str
    kind: Kind
    description: str
    unit: str = ""

    @property
    def arrow(self) -> pa.DataType:
        return ARROW[self.kind]


@dataclass(frozen=True)
class Table:
    """One table. Keys are never null. `precedence` names the columns that decide, larger wins, where a key meets itself
    with other values; without it the newcomer wins (derived tables, which are functions of their inputs). `computed` columns are
    functions of the table's own rows, set by `Work.annotate` after a merge; a merge leaves them alone. `settled` columns are functions of
    the key: no two rows that ever have one key differ in them."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    description: str
    precedence: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise BrokenInvariant(f"{self.name} declares a column twice: {sorted(n for n in names if names.count(n) > 1)}.")
        missing = [name for name in (*self.key, *self.precedence, *self.settled) if name not in names]
        if missing:
            raise BrokenInvariant(
                f"{self.name} has no column {', '.join(missing)}, which its key, its precedence or what is settled names."
            )

    @property
    def dataset(self) -> str:
        return self.name.split(".")[0]

    @property
    def short_name(self) -> str:
        return self.name.split(".")[1]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are neither key, nor computed, nor a record of who wrote the row."""
        aside = {*self.key, *self.computed, *WRITTEN_NAMES}
        return tuple(name for name in self.column_names if name not in aside)

    @property
    def versioned(self) -> bool:
        """Whether several versions of one fact stand beside each other, told apart by `known_at`."""
        return "known_at" in self.key

    @property
    def fact_key(self) -> tuple[str, ...]:
        """The key of the fact itself, whatever its version."""
        return tuple(name for name in self.key if name != "known_at")

    @property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.arrow) for column in self.columns])

    def empty(self) -> pa.Table:
        """A table of this shape without rows."""
        return self.arrow_schema.empty_table()


def string(name: str, description: str) -> Column:
    return Column(name, "string", description)


def day(name: str, description: str) -> Column:
    return Column(name, "date", description, "New York date")


def instant(name: str, description: str) -> Column:
    return Column(name, "instant", description, "UTC")


def number(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "float", description, unit)


def count(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "int", description, unit)


def flag(name: str, description: str) -> Column:
    return Column(name, "bool", description)


WRITTEN = (
    instant("written_at", "when this row was last written"),
    string("run_id", "the run that wrote it"),
)
WRITTEN_NAMES = tuple(column.name for column in WRITTEN)

FACT = (
    instant("known_at", "when this could first have been known"),
    flag("known_at_assumed", "whether that moment is a rule's assumption rather than on record"),
    string("source", "who said so"),
    count("origin_rank", "1 from a payload, 0 from an import: a payload beats an import (2: a schedule payload of the league itself)"),
    instant("fetched_at", "when the document was fetched; its snapshot where the fetch is not on record"),
    string("payload_id", "sha256 of the document that it was read from"),
    *WRITTEN,
)
FACT_PRECEDENCE = ("origin_rank", "fetched_at", "payload_id")


def facts(
    name: str,
    key: tuple[str, ...],
    columns: tuple[Column, ...],
    description: str,
    computed: tuple[str, ...] = (),
    precedence: tuple[str, ...] = FACT_PRECEDENCE,
) -> Table:
    """A table of facts: provenance columns, and the one rule of precedence."""
    return Table(name, key, (*columns, *FACT), description, precedence, computed)


def derived(name: str, key: tuple[str, ...], columns: tuple[Column, ...], description: str, settled: tuple[str, ...] = ()) -> Table:
    """A table computed from others: the newest computation stands."""
    return Table(name, key, (*columns, *WRITTEN), description, settled=settled)


def fingerprint(tables: tuple[Table, ...]) -> str:
    """Changes when a declaration does: the sign that a warehouse needs migrating."""
    text = "\n".join(f"{t.name} {t.key} {[(c.name, c.kind) for c in t.columns]}" for t in tables)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
