"""Alerts: what an operator should know, kept in the state database. A cause alerts once, and again when it had recovered (F59).

Comes in: which causes of a family are met now. Goes out: rows, and beside them an event for each change that is to be told: the same
transaction holds both, so that no death of a process parts them. Knows keys and texts. It must never know what they are about, nor how an
operator is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast, get_args

import sqlalchemy as sa

from tipoff.flow.state import METADATA, State

Severity = Literal["notice", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
What = Literal["began", "worse", "recovered", "lapsed"]
"""What became of a cause: it is met, it is more severe than it was told, it is over, or nobody can mend it any more."""

ALERTS = sa.Table(
    "ops_alerts",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_at", sa.DateTime, nullable=False),  # of the last time that it began
    sa.Column("last_at", sa.DateTime, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),  # how often it was met, in all
    sa.Column("recovered_at", sa.DateTime, nullable=True),
    sa.Column("severity", sa.String, nullable=False, server_default="warning"),
)
EVENTS = sa.Table(
    "ops_alert_events",
    METADATA,
    sa.Column("event_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("began_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True)
class Alert:
    """Something that an operator should know. Times are UTC; `count` is how often it was met, `recovered_at` when it was over."""

    key: str
    text: str
    severity: Severity
    first_at: datetime
    last_at: datetime
    count: int
    recovered_at: datetime | None


@dataclass(frozen=True)
class Noted:
    """The keys of a family that began, or began again, and those that are over."""

    fresh: list[str]
    over: list[str]


def note_alerts(
    connection: sa.Connection,
    family: str,
    met: Mapping[str, str],
    now: datetime,
    severity: Severity | Mapping[str, Severity] = "warning",
    lapsed: Callable[[str], bool] = lambda _key: False,
) -> Noted:
    """Put on record which alerts of a family (keys that begin so) are met now, by key, with their text; the others are over.

    `severity`: of all of them, or by key; where it rises, that is told as well. `lapsed` says of a key that is met no more whether it was
    left behind (the game has tipped) rather than mended. Belongs in the caller's transaction, which must be one of `State.transaction`.
    """
    moment = _naive(now)
    query = sa.select(ALERTS).where(ALERTS.c.key.startswith(family, autoescape=True))
    known = {row["key"]: row for row in connection.execute(query).mappings()}
    noted = Noted([], [])
    for key, text in met.items():
        before = known.get(key)
        degree = severity if isinstance(severity, str) else severity[key]
        began = before is None or before["recovered_at"] is not None
        values = {"text": text, "severity": degree, "last_at": moment}
        if before is None:
            connection.execute(sa.insert(ALERTS).values(key=key, first_at=moment, count=1, **values))
        else:
            values |= {"first_at": moment, "recovered_at": None} if began else {}
            connection.execute(sa.update(ALERTS).where(ALERTS.c.key == key).values(count=ALERTS.c.count + 1, **values))
        if began:
            noted.fresh.append(key)
            _event(connection, key, "began", degree, text, moment, moment)
        elif before is not None and SEVERITIES.index(degree) > SEVERITIES.index(before["severity"]):
            _event(connection, key, "worse", degree, text, moment, before["first_at"])
    for key, before in known.items():
        if key not in met and before["recovered_at"] is None:
            noted.over.append(key)
            connection.execute(sa.update(ALERTS).where(ALERTS.c.key == key).values(recovered_at=moment))
            what: What = "lapsed" if lapsed(key) else "recovered"
            _event(connection, key, what, before["severity"], before["text"], moment, before["first_at"])
    return noted


def _event(connection: sa.Connection, key: str, what: What, severity: str, text: str, at: datetime, began_at: datetime) -> None:
    row = {"key": key, "what": what, "severity": severity, "text": text, "at": at, "began_at": began_at}
    connection.execute(sa.insert(EVENTS).values(**row))


def note(
    state: State, family: str, met: Mapping[str, str], now: datetime, severity: Severity | Mapping[str, Severity] = "warning"
) -> Noted:
    """`note_alerts` in a transaction of its own."""
    with state.transaction() as connection:
        return note_alerts(connection, family, met, now, severity)


def alerts(state: State, *, now_only: bool = False) -> list[Alert]:
    """Every alert, or only those that are not over, the newest first."""
    query = sa.select(ALERTS).order_by(ALERTS.c.first_at.desc(), ALERTS.c.key)
    if now_only:
        query = query.where(ALERTS.c.recovered_at.is_(None))
    with state.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Alert(
            key=row["key"],
            text=row["text"],
            severity=cast("Severity", row["severity"]),
            first_at=_utc(row["first_at"]),
            last_at=_utc(row["last_at"]),
            count=row["count"],
            recovered_at=_utc(row["recovered_at"]) if row["recovered_at"] else None,
        )
        for row in rows
    ]


def _utc(kept: datetime) -> datetime:
    return kept.replace(tzinfo=UTC)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
