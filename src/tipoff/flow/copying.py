"""A house copied into another: from a laptop to a shared warehouse and bucket, and back.

Comes in: an open house, another warehouse and another bucket. Goes out: these hold every row as it stands in the house, with who wrote it
and when, and every object.
Begun anew it goes on: rows that are there already are put there again, objects are not. What runs did (the state) is not copied: batches
belong to where they ran. It must never know what a row says, nor either engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from obstore.store import ObjectStore

from tipoff.config import mask_url
from tipoff.errors import Conflict, LeagueMismatch
from tipoff.flow.backup import ROOTS, warehouse_is_empty
from tipoff.flow.house import House
from tipoff.store.bucket import listed, put_whole, read
from tipoff.store.parquet import pages_of, together
from tipoff.store.schema import Table
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Warehouse

Progress = Callable[[str, int], None]
"""Told after each step of what it was (a table, or `objects`) and of how many rows or objects were copied."""


@dataclass(frozen=True)
class Copied:
    """What went over: rows by table, and objects; those that were there already are not counted among the objects."""

    rows: dict[str, int]
    objects: int


def copy_house(
    source: House, to: Warehouse, bucket: ObjectStore | None, *, replace: bool = False, progress: Progress = lambda _what, _number: None
) -> Copied:
    """Copy everything; each table as it stands at one moment. Without a bucket objects are left where they are.

    Raises LeagueMismatch where the other warehouse holds another league, and Conflict where it holds rows already, unless they may be
    replaced; rows of keys that the source does not have are kept.
    """
    league, there = source.warehouse.league(), to.league()
    where = mask_url(to.url)
    if there is not None and there != league:
        raise LeagueMismatch(f"{where} holds the league {there!r}, and not {league!r}.", hint="Copy into a warehouse of its own.")
    if not replace and not warehouse_is_empty(to):
        raise Conflict(f"{where} is not empty.", hint="With --replace rows of the same keys give way.")
    objects = 0
    if bucket is not None:
        objects = sum(_copy_objects(source.bucket, bucket, root) for root in ROOTS)
        progress("objects", objects)
    rows = {}
    for table in ALL:
        rows[table.name] = _copy_rows(source, to, table)
        progress(table.name, rows[table.name])
    return Copied(rows, objects)


def _copy_objects(source: ObjectStore, to: ObjectStore, root: str) -> int:
    """Objects that are not there, or are there in another size. Documents may change without changing size: those are always copied."""
    there = {entry["path"]: entry["size"] for entry in listed(to, root)}
    copied = 0
    for entry in listed(source, root):
        if root == "v1" or there.get(entry["path"]) != entry["size"]:
            put_whole(to, entry["path"], read(source, entry["path"]))
            copied += 1
    return copied


def _copy_rows(source: House, to: Warehouse, table: Table) -> int:
    copied = 0
    with source.warehouse.reading() as work:
        for rows in together(table, pages_of(work, table)):
            with to.writing(source.run_id) as other:
                copied += other.bring(table.name, rows)
    return copied
