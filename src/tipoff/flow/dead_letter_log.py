"""Dead letters on record: messages that were refused, that nothing could be made of, or that a target did not take. None is ever lost.

Comes in: a body, who it was for, and what was wrong with it. Goes out: one row a body and addressee in the state database, for those who
mend and for those who look. It must never know how a message is read or sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tipoff.flow.state import METADATA, State

HERE = "here"
"""The addressee of messages for this pipeline itself; others are the names of targets."""

DEAD_LETTERS = sa.Table(
    "ops_dead_letters",
    METADATA,
    sa.Column("letter_id", sa.String, primary_key=True),
    sa.Column("addressee", sa.String, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),  # where it came from, the last time
    sa.Column("body", sa.LargeBinary, nullable=False),  # as it came, byte by byte: it may be no text
    sa.Column("reason", sa.Text, nullable=False),  # the last one
    sa.Column("first_at", sa.DateTime, nullable=False),
    sa.Column("last_at", sa.DateTime, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),  # how often it was met, in all
    sa.Column("replayed_at", sa.DateTime, nullable=True),  # when it was taken after all; open while there is none
)


@dataclass(frozen=True)
class DeadLetter:
    """A message that waits for somebody to mend what is wrong. Times are UTC; `count` is how often it was met, `replayed_at` when it was
    taken after all."""

    letter_id: str
    addressee: str
    origin: str
    body: bytes
    reason: str
    first_at: datetime
    last_at: datetime
    count: int
    replayed_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """For people and for `--json`: the body as text, and what is no text in it escaped."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "body": self.body.decode("utf-8", "backslashreplace")}


def letter_id(addressee: str, body: bytes) -> str:
    """The same for the same bytes to the same addressee, so that a message that comes twice is one letter."""
    return hashlib.sha256(f"{addressee}\n".encode() + body).hexdigest()[:16]


def note_dead_letter(connection: sa.Connection, addressee: str, origin: str, body: bytes, reason: str, now: datetime) -> str:
    """Put a message on record, in the caller's transaction; its id. One that was taken since, and is refused again, is open again."""
    identity = letter_id(addressee, body)
    moment = _naive(now)
    known = DEAD_LETTERS.c.letter_id == identity
    values: dict[str, Any] = {"origin": _text(origin), "reason": _text(reason), "last_at": moment, "replayed_at": None}
    if connection.execute(sa.update(DEAD_LETTERS).where(known).values(count=DEAD_LETTERS.c.count + 1, **values)).rowcount == 0:
        new = {"letter_id": identity, "addressee": addressee, "body": body, "first_at": moment, "count": 1}
        connection.execute(sa.insert(DEAD_LETTERS).values(**new, **values))
    return identity


def note_taken(connection: sa.Connection, letters: Collection[str], now: datetime) -> None:
    """These were taken after all. Belongs in the caller's transaction."""
    still_open = DEAD_LETTERS.c.letter_id.in_(sorted(letters)) & DEAD_LETTERS.c.replayed_at.is_(None)
    connection.execute(sa.update(DEAD_LETTERS).where(still_open).values(replayed_at=_naive(now)))


def dead_letters(state: State, letters: Collection[str] | None = None, *, everything: bool = False) -> list[DeadLetter]:
    """The open ones, or with `everything` also those that were taken since, the oldest first; of `letters`, only these."""
    query = sa.select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.first_at, DEAD_LETTERS.c.letter_id)
    if not everything:
        query = query.where(DEAD_LETTERS.c.replayed_at.is_(None))
    if letters is not None:
        query = query.where(DEAD_LETTERS.c.letter_id.in_(sorted(letters)))
    with state.reading() as connection:
        return [_letter(row) for row in connection.execute(query).mappings()]


def _letter(row: Any) -> DeadLetter:
    times = {name: row[name].replace(tzinfo=UTC) if row[name] else None for name in ("first_at", "last_at", "replayed_at")}
    return DeadLetter(**{**row, **times, "body": bytes(row["body"])})


def _text(told: str) -> str:
    """As any database takes it: without what is no character, and without NUL."""
    return told.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
