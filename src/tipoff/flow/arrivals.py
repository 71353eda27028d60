"""What arrived and is not loaded yet: receipts in the bucket without their row in the warehouse.

Knows receipts and arrivals by feed and game day. It must never know who loads them, nor when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from tipoff.clock import game_date_of
from tipoff.errors import BadInput, BrokenInvariant
from tipoff.flow.house import House
from tipoff.load.counts import Counts
from tipoff.load.documents import Guard, Sealed, arrivals_among, load_payloads
from tipoff.scrape.records import Payload

AT_ONCE = 50
"""Documents in one transaction of a batch: small enough that the lease is renewed often."""


def pending(house: House, feed: str, game_date: date) -> list[tuple[str, str]]:
    """The keys (payload_id, arrived) of what came for a feed and day and has no row in `raw.arrivals`, oldest first.

    A row answers whatever it was asked for: the same bytes of one instant may have come for two feeds, and are loaded once.
    """
    kept = sorted(house.receipts.names(feed, game_date))
    if not kept:
        return []
    wanted = pa.table({"payload_id": [key[0] for key in kept], "arrived": [key[1] for key in kept]})
    with house.warehouse.reading() as work:
        rows = work.ask(arrivals_among, wanted)
    loaded = set(zip(rows.column("payload_id").to_pylist(), rows.column("arrived").to_pylist(), strict=True))
    return sorted(set(kept) - loaded, key=lambda key: (key[1], key[0]))


@dataclass(frozen=True)
class Arrival:
    """A document that arrived, out of the vault."""

    payload_id: str
    payload: Payload
    source: str


def read_arrivals(house: House, feed: str, game_date: date, keys: list[tuple[str, str]]) -> tuple[list[Arrival], dict[str, str]]:
    """What these receipts of a feed and day speak of; and, by payload, what is wrong with those that cannot be read.

    Raises ConfigError where nothing can be read.
    """
    found: list[Arrival] = []
    unread: dict[str, str] = {}
    for key in keys:
        try:
            receipt = house.receipts.get(feed, game_date, key)
            body = house.vault.get(receipt.payload_id)
        except (BadInput, BrokenInvariant) as error:
            unread[key[0]] = str(error)
            continue
        payload = Payload(body, receipt.url, receipt.fetched_at, receipt.status, receipt.feed, receipt.game_date)
        found.append(Arrival(receipt.payload_id, payload, receipt.source))
    return found, unread


def load_arrivals(house: House, arrivals: list[Arrival], *, guard: Guard, sealed: Sealed | None = None) -> Counts:
    """Load these documents, in one transaction; `sealed` is called at its end."""
    return load_payloads(
        house.warehouse,
        house.vault,
        [(arrival.payload, arrival.source) for arrival in arrivals],
        seen_at=house.clock.now(),
        run_id=house.run_id,
        guard=guard,
        sealed=sealed,
    )


def unloaded(house: House, days: tuple[date, ...] | None = None) -> dict[tuple[str, date], list[tuple[str, str]]]:
    """The arrivals of each (feed, day) that are without rows, by (payload_id, arrived): of these days, or of all that have receipts."""
    kept = house.receipts.kept() if days is None else {(feed, day) for feed in house.receipts.feeds() for day in days}
    return {(feed, day): waiting for feed, day in sorted(kept) if (waiting := pending(house, feed, day))}


def swept_days(house: House) -> tuple[date, ...]:
    """The days that a sweep covers: yesterday, today and tomorrow in New York (games are asked for a day ahead)."""
    today = game_date_of(house.clock.now())
    return today - timedelta(days=1), today, today + timedelta(days=1)
