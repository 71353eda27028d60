"""Two warehouses beside each other: of each table which rows are equal, which differ, and which only one of them has.

Comes in: two warehouses and a declared table. Goes out: rows, some game days at a time. Who wrote a row and when is no part of it. It must
never know which of the two is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.store.parquet import CELLS_A_FILE, PARTITION, shaped
from tipoff.store.schema import WRITTEN_NAMES, Table
from tipoff.store.warehouse import Warehouse, Work


@dataclass(frozen=True)
class Compared:
    """Some rows of a table in both: those of the one that stand in the other just so; keys whose rows differ, as they stand in the one and
    in the other; rows only here (in the one) and only there."""

    equal: pa.Table
    differing: pa.Table
    differing_there: pa.Table
    only_here: pa.Table
    only_there: pa.Table


def compare(here: Warehouse, there: Warehouse, table: Table) -> Iterator[Compared]:
    """Every row of a table in both, a file's worth at a time where it has game days."""
    for days in _days(here, there, table):
        yield side_by_side(table, *(_rows(warehouse, table, days) for warehouse in (here, there)))


def _days(here: Warehouse, there: Warehouse, table: Table) -> Iterator[list[date | None] | None]:
    """Game days to be looked at together; None for all, of a table without them."""
    if PARTITION not in table.column_names:
        yield None
        return
    sizes: dict[date | None, int] = {}
    for warehouse in (here, there):
        with warehouse.reading() as work:
            rows = work.table(table.name)
            for row in work.fetch(rows.group_by(PARTITION).agg(n=rows.count())).to_pylist():
                sizes[row[PARTITION]] = max(sizes.get(row[PARTITION], 0), row["n"])
    together: list[date | None] = []
    cells = 0
    for day in sorted(sizes, key=lambda day: day or date.max):
        if together and cells + sizes[day] * len(table.columns) > CELLS_A_FILE:
            yield together
            together, cells = [], 0
        together.append(day)
        cells += sizes[day] * len(table.columns)
    if together:
        yield together


def _rows(warehouse: Warehouse, table: Table, days: list[date | None] | None) -> pa.Table:
    with warehouse.reading() as work:
        return shaped(table, work.fetch(_of_days(work, table, days))).combine_chunks()


def _of_days(work: Work, table: Table, days: list[date | None] | None) -> ir.Table:
    rows = work.table(table.name)
    if days is None:
        return rows
    wanted = rows[PARTITION].isin([day for day in days if day is not None])
    return rows.filter(wanted | rows[PARTITION].isnull() if None in days else wanted)


def side_by_side(table: Table, here: pa.Table, there: pa.Table) -> Compared:
    """Rows of one table, in the declared order and types, beside others, by the declared key."""
    key = list(table.key)
    places = [
        rows.select(key).append_column(name, pa.array(np.arange(rows.num_rows))) for rows, name in ((here, "at_here"), (there, "at_there"))
    ]
    joined = places[0].join(places[1], key, join_type="full outer")
    at_here, at_there = (joined.column(name).combine_chunks() for name in ("at_here", "at_there"))
    in_both = pc.and_(pc.is_valid(at_here), pc.is_valid(at_there))
    one, other = here.take(at_here.filter(in_both)), there.take(at_there.filter(in_both))
    same = pa.array(np.ones(one.num_rows, dtype=bool))
    for name in table.column_names:
        if name not in key and name not in WRITTEN_NAMES:
            same = pc.and_(same, _alike(one.column(name).combine_chunks(), other.column(name).combine_chunks()))
    differ = pc.invert(same)
    return Compared(
        one.filter(same),
        one.filter(differ),
        other.filter(differ),
        here.take(at_here.filter(pc.is_null(at_there))),
        there.take(at_there.filter(pc.is_null(at_here))),
    )


def _alike(one: pa.Array, other: pa.Array) -> pa.Array:
    """Where two columns hold the same, nothing being the same as nothing."""
    found = pc.or_(pc.fill_null(pc.equal(one, other), False), pc.and_(pc.is_null(one), pc.is_null(other)))
    if pa.types.is_floating(one.type):
        found = pc.or_(found, pc.fill_null(pc.and_(pc.is_nan(one), pc.is_nan(other)), False))
    return found
