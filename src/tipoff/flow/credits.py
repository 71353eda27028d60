"""Credits: every exchange that may cost some is reserved before it is made, in the state database, so that no limit is ever overrun.

Comes in: what an exchange will cost, and then what it did cost. Goes out: leave to make it, and how the books stand. A reservation is
atomic across processes. What an exchange really cost is what the source's headers say; where nobody knows, since no answer came or its
process died, it cost what was reserved. Days and months are UTC's. At 50, 80 and 100 % of each there is an alert, once; a request that
the limit does not allow counts as 100 %. It must never know why something is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.errors import BudgetSpent
from tipoff.flow.alerts import ALERTS, Severity, note_alerts
from tipoff.flow.state import METADATA, State
from tipoff.flow.telling import tell_in_log
from tipoff.scrape.request import Request

CREDITS = sa.Table(
    "ops_credits",
    METADATA,
    sa.Column("credit_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("day", sa.Date, nullable=False),  # UTC
    sa.Column("month", sa.String, nullable=False),  # UTC, such as 2025-11
    sa.Column("source", sa.String, nullable=False),
    sa.Column("request", sa.String, nullable=False),  # in words, without address or key
    sa.Column("reserved", sa.Integer, nullable=False),
    sa.Column("charged", sa.Integer, nullable=True),  # missing while it is under way, and where nobody knows
    sa.Column("remaining", sa.Integer, nullable=True),  # of the account, as the answer said
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
)
LEVELS = (50, 80, 100)
_SLACK = 5
"""Per cent of a limit by which what is spent has to fall again before a level is over."""
FRESH = timedelta(hours=6)
"""So long what the account said it had left is believed: it renews on a day that only the source knows."""

Period = Literal["day", "month"]
_FAMILY = "credits "


@dataclass(frozen=True)
class Spent:
    """Credits spent or reserved in a UTC day and its month, the limits (None: none), and what the account said last."""

    day: int
    month: int
    day_limit: int | None
    month_limit: int | None
    remaining: int | None


class Credits:
    """The books. It is a `scrape.budget.Budget`; safe to share between threads."""

    def __init__(self, state: State, clock: Clock, settings: Settings, run_id: str = "") -> None:
        self._state = state
        self._clock = clock
        self._limits: dict[Period, int | None] = {"day": settings.credits_per_day, "month": settings.credits_per_month}
        self._run_id = run_id

    def reserve(self, request: Request) -> Booking:
        """Set the price of one exchange aside. Raises BudgetSpent where a limit of ours, or the account, does not allow it."""
        now = self._clock.now()
        with self._state.transaction() as connection:
            spent = _spent(connection, now)
            refusal = self._refusal(request, spent, _remaining(connection, now), now)
            number = None if refusal else _book(connection, request, now, self._run_id)
            met = self._levels_met(spent, request.credits, _alerting(connection), refused=refusal is not None, now=now)
            if request.credits:  # what is free says nothing of the limits
                note_alerts(connection, _FAMILY, met, now, {key: _severity(key) for key in met})
        if met:
            tell_in_log(self._state, self._clock)
        if refusal is not None:  # only now: raised inside, it would take its alert with it
            raise refusal
        assert number is not None
        return Booking(self._state, number)

    def _refusal(self, request: Request, spent: dict[Period, int], left: int | None, now: datetime) -> BudgetSpent | None:
        price = request.credits
        if not price:
            return None
        for period, limit in self._limits.items():
            if limit is not None and spent[period] + price > limit:
                return BudgetSpent(
                    f"{request} costs {_credits(price)}; {spent[period]} of the {limit} of this {period} are spent.",
                    hint=f"They renew at {_renewal(period, now):%Y-%m-%d %H:%M}Z; TIPOFF_CREDITS_PER_{period.upper()} sets them.",
                )
        if left is not None and left < price:
            return BudgetSpent(
                f"{request} costs {_credits(price)}, and the account at {request.source} has {max(left, 0)} left.",
                hint="Wait until the source renews it, or raise the plan there.",
            )
        return None

    def _levels_met(
        self, spent: dict[Period, int], price: int, alerting: Collection[str], *, refused: bool, now: datetime
    ) -> dict[str, str]:
        """The levels of each limit that are reached with this request, by the alert's key. One that alerts already stays until well below
        it: what is reserved may cost nothing in the end, and where a dear request is refused a cheap one may still be allowed."""
        met = {}
        for period, limit in self._limits.items():
            if limit is None:
                continue
            with_it = spent[period] + price
            reached = spent[period] if refused else with_it
            for level in LEVELS:
                name = now.astimezone(UTC).strftime(_NAMES[period])
                key = f"{_FAMILY}{period} {name} {level}"
                least = level - (_SLACK if key in alerting else 0)
                if (limit and reached * 100 >= least * limit) or with_it > limit:
                    met[key] = f"Credits of {name}: {level} % reached, {reached} of {limit} spent."
        return met

    def spent(self) -> Spent:
        """How the books stand now."""
        now = self._clock.now()
        with self._state.reading() as connection:
            spent, left = _spent(connection, now), _remaining(connection, now)
        return Spent(spent["day"], spent["month"], self._limits["day"], self._limits["month"], left)


def end_past_levels(state: State, now: datetime) -> None:
    """Alerts of a day or month that is past are over, also where nothing is asked in the new one."""
    with state.transaction() as connection:
        open_now = ALERTS.c.key.startswith(_FAMILY) & ALERTS.c.recovered_at.is_(None)
        rows = connection.execute(sa.select(ALERTS.c.key, ALERTS.c.text, ALERTS.c.severity).where(open_now)).all()
        names = {now.astimezone(UTC).strftime(name) for name in _NAMES.values()}
        standing = [row for row in rows if row.key.split(" ")[2] in names]
        if len(standing) < len(rows):
            note_alerts(connection, _FAMILY, {row.key: row.text for row in standing}, now, {row.key: row.severity for row in standing})


@dataclass(frozen=True)
class Booking:
    """A reservation on the books."""

    state: State
    number: int

    def settle(self, charged: int | None, remaining: int | None) -> None:
        """What it cost, and what the account has left; None where nobody knows: then it cost what was reserved."""
        with self.state.transaction() as connection:
            this = sa.update(CREDITS).where(CREDITS.c.credit_id == self.number)
            connection.execute(this.values(charged=charged, remaining=remaining, settled=True))


_NAMES: dict[Period, str] = {"day": "%Y-%m-%d", "month": "%Y-%m"}


def _book(connection: sa.Connection, request: Request, now: datetime, run_id: str) -> int:
    moment = now.astimezone(UTC)
    row = {
        "at": moment.replace(tzinfo=None),
        "day": moment.date(),
        "month": moment.strftime(_NAMES["month"]),
        "source": request.source,
        "request": str(request),
        "reserved": request.credits,
        "settled": False,
        "run_id": run_id,
    }
    key = connection.execute(sa.insert(CREDITS).values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _alerting(connection: sa.Connection) -> set[str]:
    """The keys of the levels that alert now."""
    open_now = sa.select(ALERTS.c.key).where(ALERTS.c.key.startswith(_FAMILY), ALERTS.c.recovered_at.is_(None))
    return set(connection.execute(open_now).scalars())


def _spent(connection: sa.Connection, now: datetime) -> dict[Period, int]:
    """What the day and the month cost so far: what was charged, or else what is reserved."""
    moment = now.astimezone(UTC)
    cost = sa.func.coalesce(CREDITS.c.charged, CREDITS.c.reserved)
    today = sa.case((CREDITS.c.day == moment.date(), cost), else_=0)
    query = sa.select(sa.func.sum(today), sa.func.sum(cost)).where(CREDITS.c.month == moment.strftime(_NAMES["month"]))
    day, month = connection.execute(query).one()
    return {"day": int(day or 0), "month": int(month or 0)}


def _remaining(connection: sa.Connection, now: datetime) -> int | None:
    """What the account said last, less what was reserved since and may have been charged; None where it did not say lately."""
    since = (now.astimezone(UTC) - FRESH).replace(tzinfo=None)
    said = sa.select(CREDITS.c.credit_id, CREDITS.c.remaining).where(CREDITS.c.remaining.is_not(None), CREDITS.c.at >= since)
    last = connection.execute(said.order_by(CREDITS.c.credit_id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    unknown = sa.select(sa.func.sum(CREDITS.c.reserved)).where(CREDITS.c.credit_id > last.credit_id, CREDITS.c.charged.is_(None))
    return int(last.remaining) - int(connection.execute(unknown).scalar_one() or 0)


def _severity(key: str) -> Severity:
    severities: tuple[Severity, ...] = ("notice", "warning", "critical")
    return dict(zip(LEVELS, severities, strict=True))[int(key.rpartition(" ")[2])]


def _renewal(period: Period, now: datetime) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1) if period == "day" else (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def _credits(price: int) -> str:
    return f"{price} credit{'' if price == 1 else 's'}"
