"""Alerts: what an operator should know, kept in the state database. A cause alerts once, and again when it had recovered (F59).

Knows keys and texts. It must never know what they are about, nor how an operator is told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from tipoff.flow.state import METADATA, State

ALERTS = sa.Table(
    "ops_alerts",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_at", sa.DateTime, nullable=False),  # of the last time that it began
    sa.Column("last_at", sa.DateTime, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),  # how often it was met, in all
    sa.Column("recovered_at", sa.DateTime, nullable=True),
)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """Something that an operator should know. Times are UTC; `count` is how often it was met, `recovered_at` when it was over."""

    key: str
    text: str
    first_at: datetime
    last_at: datetime
    count: int
    recovered_at: datetime | None


def note_alerts(connection: sa.Connection, family: str, met: Mapping[str, str], now: datetime) -> list[str]:
    """Put on record which alerts of a family (keys that begin so) are met now, by key, with their text; the others have recovered.

    Gives the keys that are new, or that had recovered: those are told, once, in the log. Belongs in the caller's transaction.
    """
    moment = now.astimezone(UTC).replace(tzinfo=None)
    query = sa.select(ALERTS.c.key, ALERTS.c.recovered_at).where(ALERTS.c.key.startswith(family, autoescape=True))
    known = {row.key: row.recovered_at for row in connection.execute(query)}
    fresh = [key for key in met if key not in known or known[key] is not None]
    for key, text in met.items():
        if key not in known:
            connection.execute(sa.insert(ALERTS).values(key=key, text=text, first_at=moment, last_at=moment, count=1))
            continue
        began = {"first_at": moment, "recovered_at": None} if key in fresh else {}
        values = {"text": text, "last_at": moment, "count": ALERTS.c.count + 1, **began}
        connection.execute(sa.update(ALERTS).where(ALERTS.c.key == key).values(**values))
    over = [key for key, recovered in known.items() if key not in met and recovered is None]
    if over:
        connection.execute(sa.update(ALERTS).where(ALERTS.c.key.in_(over)).values(recovered_at=moment))
    return fresh


def tell(texts: Iterable[str]) -> None:
    """Tell these in the log."""
    for text in texts:
        _LOG.warning("%s", text)


def alerts(state: State, *, now_only: bool = False) -> list[Alert]:
    """Every alert, or only those that have not recovered, the newest first."""
    query = sa.select(ALERTS).order_by(ALERTS.c.first_at.desc(), ALERTS.c.key)
    if now_only:
        query = query.where(ALERTS.c.recovered_at.is_(None))
    with state.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Alert(row["key"], row["text"], _utc(row["first_at"]), _utc(row["last_at"]), row["count"], _utc_or_none(row["recovered_at"]))
        for row in rows
    ]


def _utc(kept: datetime) -> datetime:
    return kept.replace(tzinfo=UTC)


def _utc_or_none(kept: datetime | None) -> datetime | None:
    return None if kept is None else _utc(kept)
