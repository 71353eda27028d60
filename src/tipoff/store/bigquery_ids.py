"""On which days the rows of an id stand: a small table of BigQuery's own adapter, and what follows from it.

A question names games and events, while tables are parted by day, and what names a thing may move from day to day: a game that was put off
keeps its id. So each first and last day on which any row of any table has an id is kept here, in the transaction of the rows themselves,
except where the id itself names the only one. Days are only ever added: where rows are taken away, or move, a few parts too many are read.
It must never know a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import Any

import pyarrow as pa

from tipoff.names import day_named
from tipoff.store.schema import Table

PARTED_BY = "game_date"
"""The column by which tables that have it are parted, a part a day."""
NAMING: Mapping[str, Callable[[str], date | None]] = {
    "game_id": day_named,
    "event_id": lambda _: None,
    "league_game_id": lambda _: None,
}
"""The columns whose values stand on few days each, and the day that a value itself names."""
DATASET, NAME = "ops", "days_of_ids"
SCHEMA = pa.schema([("kind", pa.string()), ("id", pa.string()), ("first_day", pa.date32()), ("last_day", pa.date32())])

Span = tuple[date, date]
"""A first and a last day, both included; nothing lies between a later and an earlier one."""
EVER: Span = (date.min, date.max)
NOTHING: Span = (date.max, date.min)


def is_parted(table: Table) -> bool:
    return PARTED_BY in table.column_names


def common(one: Span, other: Span) -> Span:
    """The days that are in both."""
    return max(one[0], other[0]), min(one[1], other[1])


def hull(spans: Iterable[Span]) -> Span:
    """From the first day of any to the last."""
    return reduce(lambda one, other: (min(one[0], other[0]), max(one[1], other[1])), (s for s in spans if s[0] <= s[1]), NOTHING)


@dataclass
class IdDays:
    """The days of ids, by kind (a column of `NAMING`) and id."""

    on_record: dict[tuple[str, str], Span] = field(default_factory=dict)

    @classmethod
    def read(cls, rows: pa.Table) -> IdDays:
        """From the rows of the table."""
        return cls({(kind, name): days for kind, name, days in _entries(rows)})

    def of(self, kind: str, ids: Iterable[str]) -> Span:
        """The days on which rows of these ids can stand."""
        return hull(self._days(kind, name) for name in ids)

    def reaching(self, kind: str, span: Span) -> Span:
        """The days on which rows can stand of an id that has a row on these days."""
        near = (self._days(kind, name) for other, name in self.on_record if other == kind)
        return hull([span, *(days for days in near if days[0] <= span[1] and days[1] >= span[0])])

    def _days(self, kind: str, name: str) -> Span:
        day = NAMING[kind](name)
        return hull([self.on_record.get((kind, name), NOTHING), (day, day) if day is not None else NOTHING])

    def news(self, told: pa.Table) -> pa.Table:
        """What is told (`told_by`) and not on record."""
        return told.filter(pa.array([common(self._days(kind, name), days) != days for kind, name, days in _entries(told)], pa.bool_()))

    def add(self, news: pa.Table) -> None:
        """Note what was written."""
        for kind, name, days in _entries(news):
            self.on_record[kind, name] = hull([self.on_record.get((kind, name), NOTHING), days])


def _entries(rows: pa.Table) -> Iterator[tuple[str, str, Span]]:
    kinds, ids, firsts, lasts = (rows.column(name).to_pylist() for name in SCHEMA.names)
    return zip(kinds, ids, zip(firsts, lasts, strict=True), strict=True)


def told_by(rows: pa.Table) -> pa.Table:
    """What rows of a parted table tell of the days of ids, in the columns of `SCHEMA`; what an id names itself left out."""
    nothing_new = IdDays()
    told = [(kind, name, *days) for kind, name, days in _said(rows) if common(nothing_new._days(kind, name), days) != days]
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in told], schema=SCHEMA)


def _said(rows: pa.Table) -> Iterator[tuple[str, str, Span]]:
    for kind in NAMING:
        if kind in rows.column_names and PARTED_BY in rows.column_names:
            named = rows.select([kind, PARTED_BY]).drop_null().group_by(kind).aggregate([(PARTED_BY, "min"), (PARTED_BY, "max")])
            columns: list[list[Any]] = [named.column(name).to_pylist() for name in (kind, f"{PARTED_BY}_min", f"{PARTED_BY}_max")]
            for name, first, last in zip(*columns, strict=True):
                yield kind, name, (first, last)


def merge_sql(target: str, source: str) -> str:
    """The statement that adds `source` (columns of `SCHEMA`) to the table."""
    return (
        f"MERGE INTO {target} AS t USING {source} AS s ON t.kind = s.kind AND t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET first_day = LEAST(t.first_day, s.first_day), last_day = GREATEST(t.last_day, s.last_day) "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(SCHEMA.names)}) VALUES ({', '.join(f's.{name}' for name in SCHEMA.names)})"
    )


def create_sql(target: str, tables: Mapping[Table, str]) -> str:
    """The statement that makes the table where it is missing, out of what stands in those that are parted (each with its name in SQL)."""
    parts = [
        f"SELECT '{kind}' AS kind, {kind} AS id, MIN({PARTED_BY}) AS first_day, MAX({PARTED_BY}) AS last_day FROM {name} "
        f"WHERE {kind} IS NOT NULL AND {PARTED_BY} BETWEEN DATE '{EVER[0].isoformat()}' AND DATE '{EVER[1].isoformat()}' GROUP BY id"
        for table, name in tables.items()
        for kind in NAMING
        if kind in table.column_names
    ]
    return (
        f"CREATE TABLE IF NOT EXISTS {target} AS SELECT kind, id, MIN(first_day) AS first_day, MAX(last_day) AS last_day "
        f"FROM ({' UNION ALL '.join(parts)}) AS told GROUP BY kind, id"
    )
