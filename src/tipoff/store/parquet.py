"""Tables as Parquet, for other engines: one folder a table, one a game day within it, stable names, so that writing again replaces.

Comes in: the warehouse port and a bucket. Goes out: `raw/odds_player_points/game_date=2026-01-28/part-0000.parquet`, zstd, instants as
microseconds of UTC. It asks through the port alone, a file's worth of rows in memory at a time. It must never know an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from obstore.store import ObjectStore

from tipoff.errors import BadInput, BrokenInvariant
from tipoff.store.bucket import listed, put_whole
from tipoff.store.schema import Table
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Warehouse, Work, day_of

CELLS_A_FILE = 8_000_000
"""So many values at most lie in one file, and in memory: some tens of megabytes, however wide a table is."""
PARTITION = "game_date"
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark, Trino and DuckDB write that a partition's column is null."""


@dataclass(frozen=True)
class Written:
    """What was written of a table."""

    table: str
    rows: int
    files: int
    bytes: int
    removed: int
    """Files of an earlier export that stand for nothing any more."""


def tables_of(names: list[str], datasets: list[str]) -> list[Table]:
    """The declared tables of these names or datasets; all of them where neither is given. Raises BadInput for one that is not."""
    known = {table.name for table in ALL} | {table.dataset for table in ALL}
    for name in (*names, *datasets):
        if name not in known:
            raise BadInput(f"There is no table or dataset {name!r}.", hint="`tipoff tables` lists them.")
    return [table for table in ALL if not (names or datasets) or table.name in names or table.dataset in datasets]


def export(warehouse: Warehouse, bucket: ObjectStore, tables: list[Table], since: date | None = None) -> Iterator[Written]:
    """Write tables, one after the other, each as it stands at one moment; with `since` only game days from then on.

    A table that has no game day is written whole. Files of an earlier export that would stand for rows that are gone are removed.
    Raises Busy where another process keeps the warehouse too long, ConfigError or StorageError where the bucket does not take a file.
    """
    for table in tables:
        with warehouse.reading() as work:
            yield _export(work, bucket, table, since)


def _export(work: Work, bucket: ObjectStore, table: Table, since: date | None) -> Written:
    folder = f"{table.dataset}/{table.short_name}"
    written: dict[str, int] = {}
    rows = 0
    for day, part in _parts(work, table, since):
        within = f"{folder}/{PARTITION}={day or NO_DAY}" if _has_day(table) else folder
        for number, page in enumerate(_pages(work, table, part)):
            body = as_parquet(page.drop_columns([PARTITION]) if _has_day(table) else page)
            path = f"{within}/part-{number:04}.parquet"
            put_whole(bucket, path, body)
            written[path] = len(body)
            rows += page.num_rows
    gone = [entry["path"] for entry in listed(bucket, folder) if _is_ours(entry["path"], since) and entry["path"] not in written]
    for path in gone:
        bucket.delete(path)
    return Written(table.name, rows, len(written), sum(written.values()), len(gone))


def _has_day(table: Table) -> bool:
    return PARTITION in table.column_names


def _parts(
    work: Work, table: Table, since: date | None, which: Callable[[ir.Table], ir.Table] = lambda rows: rows
) -> Iterator[tuple[date | None, ir.Table]]:
    """The rows of each game day, in order; those without one last. Without game days all are one part, written even empty."""
    rows = which(work.table(table.name))
    if not _has_day(table):
        yield None, rows
        return
    asked = rows if since is None else rows.filter(rows[PARTITION] >= day_of(since))
    days = work.fetch(asked.select(PARTITION).distinct()).column(PARTITION).to_pylist()
    for day in sorted(day for day in days if day is not None):
        yield day, rows.filter(rows[PARTITION] == day_of(day))
    if None in days:
        yield None, rows.filter(rows[PARTITION].isnull())


def _pages(work: Work, table: Table, rows: ir.Table) -> Iterator[pa.Table]:
    """Rows in the order of their key, so that the same rows give the same files, a file's worth at a time."""
    most = max(1, CELLS_A_FILE // len(table.columns))
    total = int(work.fetch(rows.aggregate(n=rows.count())).column("n")[0].as_py())
    if total <= most:
        if total or not _has_day(table):
            yield shaped(table, work.fetch(rows)).sort_by([(name, "ascending") for name in table.key])
        return
    edges = ibis.row_number().over(ibis.window(order_by=[rows[name] for name in table.key]))
    numbered = work.keep(rows.mutate(place_in_order=edges))
    for start in range(0, total, most):
        page = numbered.filter(numbered.place_in_order >= start, numbered.place_in_order < start + most)
        found = work.fetch(page.drop("place_in_order"))
        yield shaped(table, found).sort_by([(name, "ascending") for name in table.key])


def pages_of(work: Work, table: Table, which: Callable[[ir.Table], ir.Table] = lambda rows: rows) -> Iterator[pa.Table]:
    """Every row of a table, or those that `which` leaves of it, a file's worth at a time, in the declared order and types."""
    for _, part in _parts(work, table, None, which):
        yield from _pages(work, table, part)


def together(table: Table, pages: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in pages of a file's worth: to take a hundred rows costs almost what a hundred thousand do."""
    held: list[pa.Table] = []
    for page in pages:
        held.append(page)
        if sum(one.num_rows for one in held) * len(table.columns) >= CELLS_A_FILE:
            yield pa.concat_tables(held)
            held = []
    if any(one.num_rows for one in held):
        yield pa.concat_tables(held)


def shaped(table: Table, rows: pa.Table) -> pa.Table:
    """Rows in the declared order and types. Raises BrokenInvariant where the engine gave what does not fit them."""
    try:
        return rows.select(list(table.column_names)).cast(table.arrow_schema)
    except (pa.ArrowException, KeyError) as error:
        raise BrokenInvariant(f"{table.name} came in a shape that it is not declared in: {error}.") from error


def as_parquet(rows: pa.Table) -> bytes:
    """One Parquet file, zstd; the same rows give the same bytes."""
    sink = pa.BufferOutputStream()
    options: dict[str, Any] = {"compression": "zstd", "coerce_timestamps": "us", "store_schema": False}
    pq.write_table(rows, sink, **options)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def _is_ours(path: str, since: date | None) -> bool:
    """Whether an export of days from `since` on has a say about this file."""
    name = path.rpartition("/")[2]
    if not (name.startswith("part-") and name.endswith(".parquet")):
        return False
    day = path.partition(f"{PARTITION}=")[2].partition("/")[0]
    return since is None or not day or (day != NO_DAY and day >= since.isoformat())
