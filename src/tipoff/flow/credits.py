"""Credits: every exchange that may cost some is reserved before it is made, in the state database, so that no limit is ever overrun.

A reservation is atomic across processes. What an exchange really cost is what the source's headers say; where nobody knows, since no
answer came, it cost what was reserved. At 50, 80 and 100 % of a day or a month there is an alert, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.errors import BudgetSpent
from tipoff.flow.state import METADATA, State
from tipoff.scrape.request import Request

CREDITS = sa.Table(
    "ops_credits",
    METADATA,
    sa.Column("credit_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("day", sa.Date, nullable=False),  # UTC
    sa.Column("month", sa.String, nullable=False),  # UTC, such as 2025-11
    sa.Column("source", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("event_id", sa.String, nullable=True),
    sa.Column("reserved", sa.Integer, nullable=False),
    sa.Column("charged", sa.Integer, nullable=True),  # missing while it is under way, and where no answer came
    sa.Column("remaining", sa.Integer, nullable=True),
    sa.Column("settled", sa.Boolean, nullable=False),
)
ALERTS = sa.Table(
    "ops_alerts",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_at", sa.DateTime, nullable=False),
    sa.Column("last_at", sa.DateTime, nullable=False),
    sa.Column("recovered_at", sa.DateTime, nullable=True),
)
LEVELS = (50, 80, 100)
_FRESH = timedelta(hours=6)
"""So long what the account said it had left is believed: it renews on a day that only the source knows."""


@dataclass(frozen=True)
class Spent:
    """Credits spent or reserved in a UTC day and its month, the limits (None: none), and what the account said last."""

    day: int
    month: int
    day_limit: int | None
    month_limit: int | None
    remaining: int | None


@dataclass(frozen=True)
class Alert:
    """Something that an operator should know; told once. Times are UTC."""

    key: str
    text: str
    first_at: datetime
    recovered: bool


class Credits:
    """The books. It is a `scrape.budget.Budget`."""

    def __init__(self, state: State, clock: Clock, settings: Settings) -> None:
        self._state = state
        self._clock = clock
        self._limits = {"day": settings.credits_per_day, "month": settings.credits_per_month}

    def reserve(self, request: Request) -> Booking:
        """Set the price of a request aside. Raises BudgetSpent where the day's or the month's limit, or the account, does not allow it."""
        now = self._clock.now()
        price = request.credits
        with self._state.transaction() as connection:
            spent = _spent(connection, now)
            for period, limit in self._limits.items():
                if price and limit is not None and spent[period] + price > limit:
                    _alert(connection, f"credits {period} {_name(period, now)} 100", _text(period, 100, spent[period], limit), now)
                    raise BudgetSpent(
                        f"{request} costs {price} credits; {spent[period]} of the {limit} of this {period} are spent.",
                        hint=f"The budget renews at {_renewal(period, now):%Y-%m-%d} 00:00Z; credits_per_{period} sets it.",
                    )
            left = _remaining(connection, now)
            if price and left is not None and left < price:
                raise BudgetSpent(
                    f"{request} costs {price} credits, and the account has {left} left.",
                    hint="The source renews it; its plan can be raised there.",
                )
            row = {
                "at": _naive(now),
                "day": now.astimezone(UTC).date(),
                "month": _name("month", now),
                "source": request.source,
                "kind": request.kind,
                "event_id": request.event_id,
                "reserved": price,
                "settled": False,
            }
            number = connection.execute(sa.insert(CREDITS).values(**row)).inserted_primary_key
            assert number is not None
            for period, limit in self._limits.items():
                for level in LEVELS:
                    if limit and (spent[period] + price) * 100 >= level * limit:
                        text = _text(period, level, spent[period] + price, limit)
                        _alert(connection, f"credits {period} {_name(period, now)} {level}", text, now)
        return Booking(self._state, int(number[0]))

    def spent(self) -> Spent:
        """How the books stand now."""
        now = self._clock.now()
        with self._state.reading() as connection:
            spent, left = _spent(connection, now), _remaining(connection, now)
        return Spent(spent["day"], spent["month"], self._limits["day"], self._limits["month"], left)


@dataclass(frozen=True)
class Booking:
    """A reservation on the books."""

    state: State
    number: int

    def settle(self, charged: int | None, remaining: int | None) -> None:
        """What it cost, and what is left; None where the answer did not say."""
        with self.state.transaction() as connection:
            this = sa.update(CREDITS).where(CREDITS.c.credit_id == self.number)
            connection.execute(this.values(charged=charged, remaining=remaining, settled=True))


def alerts(state: State) -> list[Alert]:
    """Every alert, the newest first."""
    with state.reading() as connection:
        rows = connection.execute(sa.select(ALERTS).order_by(ALERTS.c.first_at.desc(), ALERTS.c.key)).mappings().all()
    return [Alert(row["key"], row["text"], row["first_at"].replace(tzinfo=UTC), row["recovered_at"] is not None) for row in rows]


def _spent(connection: sa.Connection, now: datetime) -> dict[str, int]:
    cost = sa.func.coalesce(sa.func.sum(sa.func.coalesce(CREDITS.c.charged, CREDITS.c.reserved)), 0)
    day = connection.execute(sa.select(cost).where(CREDITS.c.day == now.astimezone(UTC).date())).scalar_one()
    month = connection.execute(sa.select(cost).where(CREDITS.c.month == _name("month", now))).scalar_one()
    return {"day": int(day), "month": int(month)}


def _remaining(connection: sa.Connection, now: datetime) -> int | None:
    """What the account said last, less what was reserved since."""
    said = sa.select(CREDITS.c.credit_id, CREDITS.c.remaining).where(CREDITS.c.remaining.is_not(None), CREDITS.c.at >= _naive(now - _FRESH))
    last = connection.execute(said.order_by(CREDITS.c.credit_id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    since = sa.select(sa.func.coalesce(sa.func.sum(CREDITS.c.reserved), 0)).where(
        CREDITS.c.credit_id > last.credit_id, CREDITS.c.settled.is_(False)
    )
    return int(last.remaining) - int(connection.execute(since).scalar_one())


def _alert(connection: sa.Connection, key: str, text: str, now: datetime) -> None:
    again = sa.update(ALERTS).where(ALERTS.c.key == key).values(last_at=_naive(now), text=text)
    if connection.execute(again).rowcount == 0:
        connection.execute(sa.insert(ALERTS).values(key=key, text=text, first_at=_naive(now), last_at=_naive(now)))


def _text(period: str, level: int, spent: int, limit: int) -> str:
    return f"{level} % of this {period}'s credits: {spent} of {limit}."


def _name(period: str, now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m}" if period == "month" else f"{now.astimezone(UTC):%Y-%m-%d}"


def _renewal(period: str, now: datetime) -> date:
    today = now.astimezone(UTC).date()
    return today + timedelta(days=1) if period == "day" else (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def _naive(moment: datetime) -> Any:
    return moment.astimezone(UTC).replace(tzinfo=None)
