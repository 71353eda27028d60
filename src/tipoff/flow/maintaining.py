"""A house kept small and quick: what nobody reads any more goes, and the engines give its room back.

Comes in: an open house, where others may go on working. Goes out: the same rows, documents and payloads in less room. Of the state only
what is over for long is forgotten: finished workflows, runs that no watch counts, deliveries that were made, processes that left. Batches,
asks, credits, halts and dead letters stay: by them a thing is known to be done, or paid. It must never know what a row says.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from obstore.exceptions import BaseError

from tipoff.flow.backup import ROOTS
from tipoff.flow.deliveries import DELIVERIES
from tipoff.flow.desk import Desk
from tipoff.flow.house import House
from tipoff.flow.processes import WORKERS
from tipoff.flow.readiness import PROBES
from tipoff.flow.state import RUNS, State
from tipoff.flow.watch import CHANGE_MODELS
from tipoff.store.bucket import half_written, listed, not_kept
from tipoff.store.payloads import Vault
from tipoff.store.warehouse import Compacted

KEEP = timedelta(days=90)
SETTLED = timedelta(days=1)
"""What was written so lately may only be on its way: its receipt, or the end of its file, is still to come."""


@dataclass(frozen=True)
class Unnamed:
    """Payloads that no arrival and no receipt names: how many, their bytes, and how many of them were removed."""

    payloads: int
    bytes: int
    removed: int


@dataclass(frozen=True)
class Maintained:
    """What was done, or in a dry run would be: bytes of warehouse and state before and after, what was forgotten by kind, the payloads
    that nothing names, and files that were left half-written."""

    warehouse: Compacted
    state: Compacted
    forgotten: dict[str, int]
    unnamed: Unnamed
    half_written: int


def maintain(desk: Desk, *, keep: timedelta = KEEP, sweep: bool = False, dry_run: bool = False) -> Maintained:
    """Keep a house small. What was over `keep` ago is forgotten; with `sweep` payloads that nothing names are removed.

    Others work on meanwhile, and wait for their turn where an engine has one file. Done again it is harmless, and killed in the middle it
    leaves everything readable. Raises Busy where others hold a store for too long, StorageError or ConfigError where one cannot be used.
    """
    house = desk.house
    before = house.clock.now() - keep
    forgotten = {"workflows": desk.forget(before, dry_run=dry_run), **_forget_rows(house, before, dry_run=dry_run)}
    return Maintained(
        _compact_warehouse(house, dry_run=dry_run),
        _compact_state(house.state, dry_run=dry_run),
        forgotten,
        _unnamed(house, sweep=sweep and not dry_run),
        _clear_half_written(house, dry_run=dry_run),
    )


def _compact_warehouse(house: House, *, dry_run: bool) -> Compacted:
    if dry_run:
        size = house.warehouse.size()
        return Compacted(size, size)
    return house.warehouse.compact()


def _compact_state(state: State, *, dry_run: bool) -> Compacted:
    before = state.size()
    if not dry_run:
        state.vacuum()
    return Compacted(before, state.size())


def _forget_rows(house: House, before: datetime, *, dry_run: bool) -> dict[str, int]:
    """Rows of ours that nobody reads any more, by what they are; how many."""
    moment = before.astimezone(UTC).replace(tzinfo=None)
    unsent = _unsent(house)
    first = sa.select(sa.func.min(WORKERS.c.started_at)).scalar_subquery()
    gone: dict[str, tuple[sa.Table, sa.ColumnElement[bool]]] = {
        # The newest changes of models are what a watch looks at, however old they are.
        "runs": (RUNS, (RUNS.c.finished_at < moment) & RUNS.c.phase.not_in(CHANGE_MODELS)),
        # While a message is not marked as sent, it may be handed to its targets again.
        "deliveries": (DELIVERIES, (DELIVERIES.c.delivered_at < moment) & DELIVERIES.c.message_id.not_in(unsent)),
        # By the first of all it is known since when anybody was at work.
        "workers": (WORKERS, (WORKERS.c.left_at < moment) & (WORKERS.c.started_at > first)),
        "probes": (PROBES, PROBES.c.at < moment),
    }
    found = {}
    if dry_run:
        with house.state.reading() as connection:
            for name, (table, which) in gone.items():
                found[name] = int(connection.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one())
        return found
    with house.state.transaction() as connection:
        for name, (table, which) in gone.items():
            found[name] = connection.execute(sa.delete(table).where(which)).rowcount
    return found


def _unsent(house: House) -> list[str]:
    with house.warehouse.reading() as work:
        outbox = work.table("ops.outbox")
        found: list[str] = work.fetch(outbox.filter(outbox.sent_at.isnull()).select("message_id")).column(0).to_pylist()
    return found


def _unnamed(house: House, *, sweep: bool) -> Unnamed:
    """The payloads that are not named by what arrived, nor by what was fetched and is still to be loaded."""
    until = datetime.now(UTC) - SETTLED  # by the clock that the store itself goes by
    old = {
        str(entry["path"]).rpartition("/")[2].removesuffix(".zst"): int(entry["size"])
        for entry in listed(house.bucket, "payloads")
        if entry["last_modified"] < until
    }
    named = _named(house)
    strangers = {payload_id: size for payload_id, size in old.items() if payload_id not in named}
    removed = 0
    if sweep and strangers:
        named = _named(house)  # the same bytes may have been fetched meanwhile
        for payload_id in sorted(strangers.keys() - named):
            path = Vault.path(payload_id)
            try:
                house.bucket.delete(path)
            except (BaseError, OSError) as error:
                raise not_kept(house.bucket, path, error) from error
            removed += 1
    return Unnamed(len(strangers), sum(strangers.values()), removed)


def _named(house: House) -> set[str]:
    named: set[str] = set()
    with house.warehouse.reading() as work:
        for name in ("raw.arrivals", "raw.payloads"):
            named |= set(work.fetch(work.table(name).select("payload_id").distinct()).column(0).to_pylist())
    return named | {str(entry["path"]).rpartition("_")[2].removesuffix(".json") for entry in listed(house.bucket, "receipts")}


def _clear_half_written(house: House, *, dry_run: bool) -> int:
    found = [path for root in ROOTS for path in half_written(house.bucket, root, datetime.now(UTC) - SETTLED)]
    for path in [] if dry_run else found:
        with suppress(FileNotFoundError):
            path.unlink()
    return len(found)
