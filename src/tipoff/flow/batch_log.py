"""Batches on record: one row a batch in the state database, for those who run them and for those who ask while others work.

Knows rows and their states. It must never know how a batch is run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from tipoff.flow.state import METADATA, State

BatchState = Literal["waiting", "processing", "complete", "failed", "timeout", "parked", "reset"]

BATCHES = sa.Table(
    "ops_batches",
    METADATA,
    sa.Column("feed", sa.String, primary_key=True),
    sa.Column("game_date", sa.Date, primary_key=True, index=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("cause", sa.Text, nullable=False),  # why it was started
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("not_before", sa.DateTime, nullable=True),
    sa.Column("owner", sa.String, nullable=True),
    sa.Column("generation", sa.Integer, nullable=True),
    sa.Column("beats", sa.Integer, nullable=False),  # goes up with every sign of progress
    sa.Column("lease_until", sa.DateTime, nullable=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=True),
    sa.Column("finished_at", sa.DateTime, nullable=True),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("asked", sa.Text, nullable=False, server_default="{}"),  # what it was asked for, JSON
    sa.Column("progress", sa.Text, nullable=False, server_default="{}"),  # how far it is, JSON
)


@dataclass(frozen=True)
class Batch:
    """A batch on record. Times are UTC; `feed` is what it loads, or the phase that it does: slate, grade, train."""

    feed: str
    game_date: date
    number: int
    state: BatchState
    cause: str
    attempt: int
    not_before: datetime | None
    owner: str | None
    generation: int | None
    beats: int
    lease_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: dict[str, Any]
    error: str | None
    asked: dict[str, Any]
    progress: dict[str, Any]

    @property
    def batch_id(self) -> str:
        return f"{self.feed}-{self.game_date.isoformat()}-{self.number}"

    @property
    def workflow_id(self) -> str:
        return workflow_id(self.feed, self.game_date, self.number)

    @property
    def over(self) -> bool:
        return self.state not in ("waiting", "processing")

    def as_dict(self) -> dict[str, Any]:
        """For people and for `--json`."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def workflow_id(feed: str, game_date: date, number: int) -> str:
    """The id of the workflow that runs a batch."""
    return f"load:{feed}:{game_date.isoformat()}:{number}"


def batches(state: State, game_date: date | None = None, feed: str | None = None, last: int = 500, *, since: int = 1) -> list[Batch]:
    """Batches on record, newest first; of one feed and day those from number `since` on."""
    by_time = (BATCHES.c.created_at.desc(), BATCHES.c.number.desc())
    one_line = game_date is not None and feed is not None  # numbers go up whatever the clock does
    query = sa.select(BATCHES).order_by(*(by_time[1:] if one_line else by_time)).limit(last)
    if game_date is not None:
        query = query.where(BATCHES.c.game_date == game_date)
    if feed is not None:
        query = query.where(BATCHES.c.feed == feed)
    if since > 1:
        query = query.where(BATCHES.c.number >= since)
    with state.reading() as connection:
        return [batch_of(row) for row in connection.execute(query).mappings()]


def open_workflows(state: State) -> set[str]:
    """The ids of the workflows of batches that wait or run."""
    query = sa.select(BATCHES.c.feed, BATCHES.c.game_date, BATCHES.c.number).where(BATCHES.c.state.in_(("waiting", "processing")))
    with state.reading() as connection:
        return {workflow_id(*row) for row in connection.execute(query)}


def batch_of(row: Any) -> Batch:
    """A row as a batch."""
    times = {name: row[name].replace(tzinfo=UTC) if row[name] else None for name in _TIMES}
    return Batch(**{**row, **times, **{name: json.loads(row[name]) for name in ("counts", "asked", "progress")}})


_TIMES = ("not_before", "lease_until", "created_at", "started_at", "finished_at")


def of_batch(feed: str, game_date: date, number: int | None = None) -> Any:
    """The condition that a row is of this batch, or of any of the feed and day."""
    condition = (BATCHES.c.feed == feed) & (BATCHES.c.game_date == game_date)
    return condition if number is None else condition & (BATCHES.c.number == number)


def naive(moment: datetime | None) -> datetime | None:
    """As the state database keeps it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
