"""Deliveries: which target has which message still to get, how often that was tried, and when it is tried again.

Comes in: messages that were sent here, and targets. Goes out: each message at each target at least once, or a dead letter after `TRIES`.
It must never know how a target is reached, nor what a message says.

A try is booked before it is made: of two processes that see one delivery one makes it, and one that is killed at it has used up a try.
A target that is down is left alone for a pause that grows, with everything that waits for it; a message that it refuses waits alone.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tipoff.clock import Clock
from tipoff.errors import ConfigError
from tipoff.flow.dead_letter_log import letter_id as dead_letter_id
from tipoff.flow.dead_letter_log import note_dead_letter, note_taken
from tipoff.flow.state import METADATA, State
from tipoff.flow.targets import Letter, LetterRefused, Target, TargetDown

TRIES = 12
"""So often a delivery is tried, over five hours: then it is a dead letter, and waits for somebody to replay it."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

DELIVERIES = sa.Table(
    "ops_deliveries",
    METADATA,
    sa.Column("message_id", sa.String, primary_key=True),
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("game_date", sa.Date, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=True),  # until it is delivered
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("not_before", sa.DateTime, nullable=True),
    sa.Column("error", sa.Text, nullable=True),  # of the last try
    sa.Column("delivered_at", sa.DateTime, nullable=True),
    sa.Column("dead_at", sa.DateTime, nullable=True),
)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Undelivered:
    """What waits for a target. Times are UTC; `tries` of the one tried most; `error` of the last that failed."""

    target: str
    waiting: int
    since: datetime
    tries: int
    error: str | None


def expect_deliveries(state: State, letters: Collection[Letter], targets: Collection[str], now: datetime) -> None:
    """Put on record that each target is to get each message. Doing it twice is harmless."""
    wanted = {(letter.message_id, target): letter for letter in letters for target in targets}
    if not wanted:
        return
    with state.transaction() as connection:
        known = DELIVERIES.c.message_id.in_(sorted({message_id for message_id, _ in wanted}))
        there = {(row.message_id, row.target) for row in connection.execute(sa.select(DELIVERIES).where(known))}
        rows = [
            {"message_id": message_id, "target": target, "game_date": letter.game_date, "body": letter.body}
            | {"created_at": _naive(now), "tries": 0}
            for (message_id, target), letter in wanted.items()
            if (message_id, target) not in there
        ]
        if rows:
            connection.execute(sa.insert(DELIVERIES), rows)


def deliver_due(state: State, clock: Clock, targets: Sequence[Target]) -> int:
    """Deliver what is due, the oldest first; how many were delivered. What a target does not take never stops the others."""
    return sum(_deliver_to(state, clock, target) for target in targets)


def any_due(state: State, now: datetime, targets: Collection[str]) -> bool:
    """Whether a target has something to get now: a look that holds nothing."""
    if not targets:
        return False
    query = sa.select(DELIVERIES.c.message_id).where(_is_due(now) & DELIVERIES.c.target.in_(sorted(targets))).limit(1)
    with state.reading() as connection:
        return connection.execute(query).first() is not None


def undelivered(state: State) -> list[Undelivered]:
    """What waits, by target."""
    query = sa.select(DELIVERIES).where(_WAITS).order_by(DELIVERIES.c.target, DELIVERIES.c.created_at)
    with state.reading() as connection:
        rows = connection.execute(query).mappings().all()
    found = []
    for target in sorted({row["target"] for row in rows}):
        mine = [row for row in rows if row["target"] == target]
        errors = [row["error"] for row in mine if row["error"]]
        since = min(row["created_at"] for row in mine).replace(tzinfo=UTC)
        found.append(Undelivered(target, len(mine), since, max(row["tries"] for row in mine), errors[-1] if errors else None))
    return found


def deliver_again(connection: sa.Connection, target: str, body: bytes) -> None:
    """A dead letter of this target is to be tried from the beginning. Belongs in the caller's transaction."""
    dead = (DELIVERIES.c.target == target) & (DELIVERIES.c.body == body) & DELIVERIES.c.dead_at.is_not(None)
    connection.execute(sa.update(DELIVERIES).where(dead).values(tries=0, not_before=None, dead_at=None))


_WAITS = DELIVERIES.c.delivered_at.is_(None) & DELIVERIES.c.dead_at.is_(None)


def _deliver_to(state: State, clock: Clock, target: Target) -> int:
    waiting = _due(state, clock.now(), target.name)
    if not waiting:
        return 0
    trying: list[_Row] = []
    done = 0
    try:
        with target.open() as send:
            while waiting:
                row = waiting.pop(0)
                if not _book(state, clock.now(), row):
                    continue
                trying = [row]
                try:
                    send(Letter(row["message_id"], row["game_date"], bytes(row["body"])))
                except LetterRefused as error:
                    _failed(state, clock.now(), trying, str(error))
                else:
                    _delivered(state, clock.now(), row)
                    done += 1
                trying = []
    except (TargetDown, ConfigError) as error:
        # Everything that is due would meet the same.
        now = clock.now()
        least = timedelta(seconds=error.after) if isinstance(error, TargetDown) and error.after else timedelta(0)
        trying += [row for row in waiting if _book(state, now, row)]
        _failed(state, now, trying, str(error), least)
        _LOG.info("%s is left alone for a while, with %d messages: %s", target.name, len(trying), error)
    return done


def _is_due(now: datetime) -> Any:
    """What waits, and for no later moment. A moment that no pause can reach was set before the clock was put back (F32)."""
    moment = _naive(now)
    reached = DELIVERIES.c.not_before.is_(None) | (DELIVERIES.c.not_before <= moment) | (DELIVERIES.c.not_before > moment + LONGEST_PAUSE)
    return _WAITS & reached


def _due(state: State, now: datetime, target: str) -> list[_Row]:
    """What is due for a target, the oldest first."""
    query = sa.select(DELIVERIES).where(_is_due(now) & (DELIVERIES.c.target == target))
    with state.reading() as connection:
        rows = connection.execute(query.order_by(DELIVERIES.c.created_at, DELIVERIES.c.message_id).limit(_A_ROUND))
        return [dict(row) for row in rows.mappings()]


def _book(state: State, now: datetime, row: _Row) -> bool:
    """Book one try, unless another process was quicker; whether it is ours. It is tried again after a pause, whatever happens to us."""
    ours = _of(row) & _WAITS & (DELIVERIES.c.tries == row["tries"])
    with state.transaction() as connection:
        booked = sa.update(DELIVERIES).where(ours).values(tries=row["tries"] + 1, not_before=_naive(now + _pause(row["tries"] + 1)))
        if connection.execute(booked).rowcount == 0:
            return False
    row["tries"] += 1
    return True


def _delivered(state: State, now: datetime, row: _Row) -> None:
    with state.transaction() as connection:
        ending = sa.update(DELIVERIES).where(_of(row) & DELIVERIES.c.delivered_at.is_(None))
        connection.execute(ending.values(delivered_at=_naive(now), dead_at=None, body=None, error=None))
        note_taken(connection, [dead_letter_id(row["target"], bytes(row["body"]))], now)


def _pause(tries: int) -> timedelta:
    return min(FIRST_PAUSE * float(2 ** min(tries - 1, 20)), LONGEST_PAUSE)


def _failed(state: State, now: datetime, rows: Sequence[_Row], error: str, least: timedelta = timedelta(0)) -> None:
    """These tries failed, and the next comes after `least` at the earliest; what was tried often enough is a dead letter."""
    with state.transaction() as connection:
        for row in rows:
            dead = row["tries"] >= TRIES
            still = _of(row) & _WAITS
            again = _naive(now + max(_pause(row["tries"]), min(least, LONGEST_PAUSE)))
            values = {"error": error, "not_before": again, **({"dead_at": _naive(now)} if dead else {})}
            if connection.execute(sa.update(DELIVERIES).where(still).values(**values)).rowcount and dead:
                reason = f"Not delivered in {row['tries']} tries: {error}"
                note_dead_letter(connection, row["target"], f"message {row['message_id']}", bytes(row["body"]), reason, now)
                _LOG.warning("Message %s is a dead letter. %s", row["message_id"], reason)


def _of(row: _Row) -> Any:
    return (DELIVERIES.c.message_id == row["message_id"]) & (DELIVERIES.c.target == row["target"])


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


_Row = dict[str, Any]
_A_ROUND = 200
