"""The outbox: messages that were committed with their data, on their way to whoever acts on them.

Comes in: what stands in `ops.outbox` without `sent_at`, the oldest first. Goes out: each message received here at least once, and on record
for each target; then the targets get what is due. It must never know what a message leads to.

Any number of processes may relay, and each may be killed anywhere: a message is marked only after it was received, so that it may be
received twice and is never lost (F21).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tipoff.flow.dead_letters import D, Reaction, receive
from tipoff.flow.deliveries import deliver_due, expect_deliveries
from tipoff.flow.house import House
from tipoff.flow.targets import Letter, Target, configured_targets
from tipoff.store.tables import table_of


def relay(desk: D, react: Reaction[D], targets: Sequence[Target] | None = None) -> int:
    """Pass on every message that is not marked as sent; how many those were.

    One that is refused, or that the reaction fails on, becomes a dead letter, and the others go on. `targets` are by default those of the
    settings; one that is down stops neither the messages nor the other targets: it is tried again at later relays.
    """
    house = desk.house
    out = configured_targets(house.settings, house.clock) if targets is None else list(targets)
    unsent = _unsent(house)
    received: list[dict[str, Any]] = []
    try:
        for row in unsent:
            receive(desk, row["body"], react, f"outbox, message {row['message_id']}")
            letter = Letter(row["message_id"], row["game_date"], row["body"].encode())
            expect_deliveries(house.state, [letter], [target.name for target in out], house.clock.now())
            received.append(row)
    finally:
        _mark_sent(house, received)
    deliver_due(house.state, house.clock, out)
    return len(received)


def _unsent(house: House) -> list[dict[str, Any]]:
    with house.warehouse.reading() as work:
        outbox = work.table("ops.outbox")
        rows = work.fetch(outbox.filter(outbox.sent_at.isnull()).order_by("created_at", "written_at", "message_id"))
    found: list[dict[str, Any]] = rows.drop_columns(["written_at", "run_id", "sent_at"]).to_pylist()
    return found


def _mark_sent(house: House, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    with house.warehouse.writing(house.run_id) as work:
        work.merge("ops.outbox", table_of("ops.outbox", [{**row, "sent_at": house.clock.now()} for row in rows]))
