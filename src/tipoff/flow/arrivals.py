"""What arrived and is not loaded yet: receipts in the bucket without their row in the warehouse.

Knows receipts and arrivals by feed and game day. It must never know who loads them, nor when.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tipoff.clock import game_date_of
from tipoff.flow.house import House
from tipoff.load.counts import Counts
from tipoff.load.documents import Guard, Progress, load_payloads
from tipoff.scrape.records import Payload
from tipoff.store.receipts import Receipt

AT_ONCE = 50
"""Documents in one transaction of a batch: small enough that a lease is renewed often."""


def pending(house: House, feed: str, game_date: date) -> list[Receipt]:
    """Receipts of a feed and day that no row in `raw.arrivals` answers, oldest first."""
    kept = house.receipts.names(feed, game_date)
    if not kept:
        return []
    with house.warehouse.reading() as work:
        known = work.table("raw.arrivals")
        ours = known.filter(known.feed == feed, known.game_date == game_date).select("payload_id", "arrived")
        rows = work.fetch(ours)
    loaded = set(zip(rows.column("payload_id").to_pylist(), rows.column("arrived").to_pylist(), strict=True))
    missing = sorted(kept - loaded, key=lambda key: (key[1], key[0]))
    return [house.receipts.get(feed, game_date, key) for key in missing]


def load_arrivals(house: House, receipts: list[Receipt], *, guard: Guard, progress: Progress) -> Counts:
    """Load what these receipts speak of, out of the vault."""
    return load_payloads(
        house.warehouse,
        house.vault,
        _payloads(house, receipts),
        seen_at=house.clock.now(),
        run_id=house.run_id,
        progress=progress,
        guard=guard,
        at_once=AT_ONCE,
    )


def _payloads(house: House, receipts: list[Receipt]) -> Iterator[tuple[Payload, str | None]]:
    for receipt in receipts:
        body = house.vault.get(receipt.payload_id)
        yield Payload(body, receipt.url, receipt.fetched_at, receipt.status, receipt.feed, receipt.game_date), receipt.source


def unloaded(house: House, days: tuple[date, ...] | None = None) -> dict[tuple[str, date], int]:
    """How many arrivals of each (feed, day) are without rows: of these days, or of all that have receipts."""
    found = {}
    for feed, day in sorted(house.receipts.kept()):
        if (days is None or day in days) and (waiting := pending(house, feed, day)):
            found[feed, day] = len(waiting)
    return found


def swept_days(house: House) -> tuple[date, ...]:
    """The days that a sweep covers: yesterday, today and tomorrow in New York (games are asked for a day ahead)."""
    today = game_date_of(house.clock.now())
    return today - timedelta(days=1), today, today + timedelta(days=1)
