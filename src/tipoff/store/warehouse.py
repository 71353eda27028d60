"""The warehouse port: what every engine offers, and all that phases may know of one.

A unit of work opens the warehouse, does its reading and merging, and leaves: `with warehouse.reading() as work` or
`with warehouse.writing(run_id) as work`, the latter one transaction. Reads are Ibis expressions, so that transforms run
where the tables are. The port must never know which engine stands behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import as_utc
from tipoff.errors import BrokenInvariant, LeagueMismatch
from tipoff.store.schema import Column, Table
from tipoff.store.tables import table_named


@dataclass(frozen=True)
class About:
    """What an engine tells of itself. `fingerprint` is that of the declarations that last made tables or columns in it; `lacking` the
    rights that work in it needs and that we do not have; `moment` (UTC) its clock, where that is not this machine's."""

    engine: str
    fingerprint: str | None = None
    lacking: tuple[str, ...] = ()
    moment: datetime | None = None


@dataclass(frozen=True)
class Merged:
    """What a merge did: rows offered, newly there, and changed."""

    offered: int = 0
    inserted: int = 0
    updated: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(self.offered + other.offered, self.inserted + other.inserted, self.updated + other.updated)


@dataclass(frozen=True)
class Compacted:
    """What compacting did: bytes on disk before and after."""

    before: int
    after: int


@dataclass(frozen=True)
class Successor:
    """An empty warehouse beside another, and how it takes the other's place, at once: whoever opens that sees the one or the other.

    `take_place` gives where the old one is kept, for people. What it is given looks at the old one first, when nobody can write it any
    more; where that raises, nothing is done. It raises Conflict where one that was replaced before is kept still.
    """

    warehouse: Warehouse
    take_place: Callable[[Callable[[Work], None]], str]


class Work(ABC):
    """One unit of work on an open warehouse."""

    @abstractmethod
    def table(self, name: str) -> ir.Table:
        """A declared table, whole, as an Ibis expression."""

    @abstractmethod
    def fetch(self, expression: ir.Table) -> pa.Table:
        """Run an expression and give its rows as Arrow, instants in UTC."""

    def ask(self, question: Callable[..., ir.Table], *arguments: Any) -> pa.Table:
        """The rows of `question(self, *arguments)`: as `fetch` gives them, and cheaper where the same is asked often.

        An adapter may put the question once and then bind other arguments to it. So it is a function of a module, it looks at tables
        through this unit of work alone, and takes each date, instant, string and Arrow table as a value of the query; only what comes in
        a tuple, or is True, False or None, may decide how the question is put.
        """
        return self.fetch(question(self, *(ibis.memtable(value) if isinstance(value, pa.Table) else value for value in arguments)))

    @abstractmethod
    def merge(self, name: str, rows: pa.Table) -> Merged:
        """Merge rows (the table's columns, in any order; `written_at` and `run_id` are filled in) on the declared key.

        Columns that are not given are null. Raises BrokenInvariant for an unknown column, a null in the key, or, in a
        derived table, one key twice.
        """

    @abstractmethod
    def bring(self, name: str, rows: pa.Table) -> int:
        """Put rows as they stood in another warehouse, every column as it is, with who wrote them and when; how many.

        A row that has the key of one of them gives way. For copies: what is new goes through `merge`. Raises BrokenInvariant as that does,
        and for one key twice.
        """

    @abstractmethod
    def annotate(self, name: str, rows: pa.Table) -> int:
        """Set the computed columns of rows that are there, given their keys; how many changed."""

    @abstractmethod
    def remove(self, name: str, keys: pa.Table) -> int:
        """Take away the rows with these keys (the declared key's columns; others are not looked at); how many there were.

        For rows that stand under another key now: whoever removes also merges what takes their place. Raises BrokenInvariant where a
        column of the key is missing.
        """

    @abstractmethod
    def touched(self, name: str, column: str) -> list[Any]:
        """The distinct values of a column among the rows that this unit of work has written, in order; nulls left out."""

    @abstractmethod
    def keep(self, expression: ir.Table) -> ir.Table:
        """Compute an expression once, for as long as this unit of work lasts, and give a table of its result."""

    def as_of(self, name: str, as_of: datetime | None = None, **where: Any) -> ir.Table:
        """The table as it was known at `as_of` (UTC; None: all that is known): `known_at <= as_of`, and of several
        versions of one fact the newest. `where` then keeps rows whose column equals a value, or is one of a list."""
        declared = table_named(name)
        rows = self.table(name)
        if as_of is not None and "known_at" in declared.column_names:
            rows = rows.filter(rows.known_at <= instant(as_of))
        if not declared.versioned:
            return _where(rows, where)
        if where:
            # Only facts of which some version answers are looked at; the newest version has the last word on it below.
            rows = rows.semi_join(_where(rows, where).select(*declared.fact_key).distinct(), list(declared.fact_key))
        place = ibis.row_number().over(ibis.window(group_by=list(declared.fact_key), order_by=ibis.desc("known_at")))
        rows = rows.mutate(version_place=place).filter(lambda t: t.version_place == 0).drop("version_place")
        return _where(rows, where)

    def league(self) -> str | None:
        """The league of this warehouse; None while it is empty."""
        leagues: list[str] = self.fetch(self.table("ref.league")).column("league").to_pylist()
        return leagues[0] if leagues else None

    def claim_league(self, league: str) -> None:
        """Mark an empty warehouse as this league's, or check that it is.

        Raises LeagueMismatch where it is another's: invented data never mixes with real data.
        """
        known = self.league()
        if known is None:
            self.merge("ref.league", pa.table({"singleton": [1], "league": [league]}))
        elif known != league:
            raise LeagueMismatch(
                f"This warehouse holds the league {known!r}; data of {league!r} was refused and nothing was written.",
                hint="Give the other league a data directory of its own with --data-dir.",
            )


class Warehouse(ABC):
    """A warehouse that is opened per unit of work."""

    url: str

    @abstractmethod
    def reading(self) -> AbstractContextManager[Work]:
        """Open for reading. Raises Busy where another process keeps it too long."""

    @abstractmethod
    def writing(self, run_id: str) -> AbstractContextManager[Work]:
        """Open for one transaction: committed at the end of the block, rolled back where it raises.

        Raises Busy where another process keeps it too long.
        """

    @abstractmethod
    def query(self, sql: str) -> pa.Table:
        """The rows of one statement in the engine's own SQL, which can read every table and change nothing; instants in UTC.

        For people: no phase asks in SQL. Raises BadInput for what does not only read, or fails; NotReady where no warehouse is there;
        Busy where another process keeps it too long.
        """

    def about(self) -> About:
        """What the engine tells of itself, once it is open. Raises Busy where another process keeps it too long."""
        with self.reading():
            return About(self.url.partition(":")[0])

    @abstractmethod
    def size(self) -> int:
        """The bytes that the warehouse takes on its disk; 0 where there is none yet."""

    @abstractmethod
    def compact(self) -> Compacted:
        """Give back what the engine holds and does not need, and tell the planner what is there; every row stays as it is.

        Others wait for their turn, or do not notice. Killed in the middle, it has changed nothing. Raises Busy where another process keeps
        the warehouse too long, StorageFull or StorageError where the disk does not take the new file.
        """

    def successor(self) -> Successor | None:
        """An empty warehouse that can take this one's place, instead of any that was left there; None where the engine has no such thing,
        and a warehouse is put in force by its URL. Raises Conflict where one that was replaced before is kept still."""
        return None

    def drop_kept(self) -> int:
        """Remove the warehouse whose place was taken, if it is kept; how many bytes it took."""
        return 0

    def lingering(self) -> AbstractContextManager[None]:
        """Around many units of work of one process: what opening costs may be saved between them. Others get their turn all the same."""
        return nullcontext()

    def sparing(self) -> AbstractContextManager[None]:
        """Around the work of a process that asks many small questions: none of them is spread over several threads, of which each would
        cost more than it does."""
        return nullcontext()

    def read(self, name: str, *, as_of: datetime | None = None, **where: Any) -> pa.Table:
        """Rows of one table as of a moment, as Arrow."""
        with self.reading() as work:
            return work.fetch(work.as_of(name, as_of, **where))

    def merge(self, name: str, rows: pa.Table, run_id: str) -> Merged:
        """Merge into one table, in a transaction of its own."""
        with self.writing(run_id) as work:
            return work.merge(name, rows)

    def league(self) -> str | None:
        """The league of this warehouse; None while it is empty."""
        with self.reading() as work:
            return work.league()


def _where(rows: ir.Table, where: dict[str, Any]) -> ir.Table:
    for column, wanted in where.items():
        rows = rows.filter(rows[column].isin(wanted) if isinstance(wanted, list | tuple | set) else rows[column] == wanted)
    return rows


def instant(moment: datetime | ir.TimestampScalar) -> ir.TimestampScalar:
    """An aware instant as an Ibis literal in UTC; what stands for one already, as it is. Raises BadInput for a naive one."""
    if isinstance(moment, ir.Value):
        return moment
    return ibis.literal(as_utc(moment), type="timestamp('UTC')")


def day_of(moment: date | ir.DateScalar) -> ir.DateScalar:
    """A date as an Ibis literal; what stands for one already, as it is."""
    if isinstance(moment, ir.Value):
        return moment
    return ibis.literal(moment, type="date")


def _cast(table: Table, column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return values.cast(column.arrow)
    except pa.ArrowException as error:
        raise BrokenInvariant(f"{table.name}.{column.name} is of type {column.arrow}, and was offered {values.type}: {error}.") from error


def conform(table: Table, rows: pa.Table, written_at: datetime, run_id: str) -> pa.Table:
    """Rows in the declared order and types, with who wrote them and when; absent columns are null.

    Raises BrokenInvariant for a column that the table does not have, one that comes twice, values that do not fit its type, or a null
    in its key.
    """
    written = {"written_at": pa.scalar(written_at, pa.timestamp("us", "UTC")), "run_id": pa.scalar(run_id)}
    given = rows.drop_columns([name for name in written if name in rows.column_names])
    for name, value in written.items():
        given = given.append_column(name, pa.repeat(value, rows.num_rows))
    return as_declared(table, given)


def as_declared(table: Table, rows: pa.Table) -> pa.Table:
    """Rows in the declared order and types; absent columns are null. Raises as `conform` does."""
    if len(set(rows.column_names)) != rows.num_columns:
        raise BrokenInvariant(f"{table.name} was offered one column twice: {', '.join(rows.column_names)}.")
    unknown = set(rows.column_names) - set(table.column_names)
    if unknown:
        raise BrokenInvariant(f"{table.name} has no column {', '.join(sorted(unknown))}.")
    columns = [
        _cast(table, column, rows.column(column.name)) if column.name in rows.column_names else pa.nulls(rows.num_rows, column.arrow)
        for column in table.columns
    ]
    shaped = pa.table(dict(zip(table.column_names, columns, strict=True)))
    for name in table.key:
        if shaped.column(name).null_count:
            raise BrokenInvariant(f"{table.name} was offered {shaped.column(name).null_count} rows without {name}, which is in its key.")
    return shaped


_FEW = 500


def twins_of(declared: Table, rows: pa.Table) -> tuple[Any, ...] | None:
    """A key that stands in the rows twice, or None."""
    keys = rows.select(list(declared.key))
    if rows.num_rows > _FEW:
        for place, field in enumerate(keys.schema):
            if pa.types.is_floating(field.type):  # minus nought is nought
                keys = keys.set_column(place, field, pc.add(keys.column(place), 0.0))
        counted = keys.group_by(keys.column_names).aggregate([([], "count_all")])
        if counted.num_rows == rows.num_rows:
            return None
        keys = counted.filter(pc.greater(counted.column("count_all"), 1)).slice(0, 1).drop_columns("count_all")
        return tuple(keys.to_pylist()[0].values())
    seen = set()
    for key in zip(*(column.to_pylist() for column in keys.columns), strict=True):
        if key in seen:
            return key
        seen.add(key)
    return None


def keys_of(declared: Table, rows: pa.Table) -> pa.Table:
    """The columns of the key alone. Raises BrokenInvariant where one is missing."""
    missing = [key for key in declared.key if key not in rows.column_names]
    if missing:
        raise BrokenInvariant(f"{declared.name} cannot lose rows without {', '.join(missing)}, which is in its key.")
    return rows.select(list(declared.key))


def once(declared: Table, rows: pa.Table) -> pa.Table:
    """The same rows. Raises BrokenInvariant where one key stands in them twice."""
    if twins := twins_of(declared, rows):
        raise BrokenInvariant(f"{declared.name} was offered one key twice: {dict(zip(declared.key, twins, strict=True))}.")
    return rows
