"""The outbox: messages that were committed with their data, on their way to whoever acts on them.

Comes in: what stands in `ops.outbox` without `sent_at`, the oldest first. Goes out: each message received here at least once, and on record
for each target; then the targets get what is due. It must never know what a message leads to.

Any number of processes may relay, and each may be killed anywhere: a message is marked only after it was received, so that it may be
received twice and is never lost (F21).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import ibis.expr.types as ir

from tipoff.errors import Busy
from tipoff.flow.dead_letters import D, HasHouse, Reaction, receive
from tipoff.flow.deliveries import any_due, deliver_due, expect_deliveries
from tipoff.flow.house import House
from tipoff.flow.targets import Letter, Target, configured_targets
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work

_LOG = logging.getLogger(__name__)


def relay(desk: D, react: Reaction[D], targets: Sequence[Target] | None = None, *, deliver: bool = True) -> int:
    """Pass on every message that is not marked as sent; how many those were.

    One that is refused, or that the reaction fails on, becomes a dead letter, and the others go on. `targets` are by default those of the
    settings; one that is down stops neither the messages nor the other targets: it is tried again at later relays. Without `deliver`
    the targets are left to the `Postman` of this or another process, so that nobody waits for a slow one.
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
    except Busy:
        _LOG.info("Others hold what the reaction needs; the messages that are left are read at the next relay.")
    finally:
        _mark_sent(house, received)
    if deliver:
        deliver_due(house.state, house.clock, out)
    return len(received)


def _unsent(house: House) -> list[dict[str, Any]]:
    with house.warehouse.reading() as work:
        rows = work.ask(_waiting)
    found: list[dict[str, Any]] = rows.drop_columns(["written_at", "run_id", "sent_at"]).to_pylist()
    return found


def _waiting(work: Work) -> ir.Table:
    outbox = work.table("ops.outbox")
    return outbox.filter(outbox.sent_at.isnull()).order_by("created_at", "written_at", "message_id")


def _mark_sent(house: House, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    with house.warehouse.writing(house.run_id) as work:
        work.merge("ops.outbox", table_of("ops.outbox", [{**row, "sent_at": house.clock.now()} for row in rows]))


class Postman:
    """A duty of the watching process: what is due for a target is delivered within a round, in a thread that nobody waits for."""

    def __init__(self, desk: Callable[[], HasHouse], targets: Sequence[Target] | None = None) -> None:
        self._desk, self._targets = desk, targets
        self._round: threading.Thread | None = None

    def __call__(self) -> None:
        if self._round is not None and self._round.is_alive():
            return
        house = self._desk().house
        targets = configured_targets(house.settings, house.clock) if self._targets is None else self._targets
        if any_due(house.state, house.clock.now(), [target.name for target in targets]):
            self._round = threading.Thread(target=_deliver_apart, args=(house, targets), name="tipoff-post", daemon=True)
            self._round.start()


def _deliver_apart(house: House, targets: Sequence[Target]) -> None:
    """What was not delivered stands on record, and is tried again in a later round."""
    try:
        deliver_due(house.state, house.clock, targets)
    except Busy:
        return
    except Exception:  # noqa: BLE001 - nobody waits for this thread; what it met is told
        _LOG.exception("A round of deliveries failed; the next one tries again.")
