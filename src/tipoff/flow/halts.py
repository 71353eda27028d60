"""Halts: somebody, or a rule, has stopped the slate. While one is in force documents withhold picks; everything else goes on.

Comes in: why, by whom, until when. Goes out: rows in the state database, and which halt is in force for a game day. A halt holds until it
is lifted or its time is over, whatever the clock does meanwhile. It must never know how documents are published.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from tipoff.clock import as_utc, game_date_of, local_instant, parse_instant
from tipoff.errors import BadInput, UnknownDate
from tipoff.flow.state import METADATA, State

BY_HAND = "by_hand"
FLEET_BLOCKED = "fleet_blocked"
"""The one rule that each publication judges anew (`predict.guard.halt`): what is on record of it never halts by itself."""
HALTS = sa.Table(
    "ops_halts",
    METADATA,
    sa.Column("halt_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("rule", sa.String, nullable=False),  # by_hand, or the name of what halted by itself
    sa.Column("cause", sa.String, nullable=False),  # of a rule: which of its causes; empty by hand
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
    sa.Column("until", sa.DateTime, nullable=True),
    sa.Column("game_date", sa.Date, nullable=True),  # of this game day alone; missing: of each from the one on which it began
    sa.Column("lifted_at", sa.DateTime, nullable=True),
    sa.Column("lifted_by", sa.String, nullable=True),
)


@dataclass(frozen=True)
class Halt:
    """A halt on record. Times are UTC. `until` is when it ends by itself, `game_date` the one day that it holds for; None: no limit."""

    halt_id: int
    rule: str
    cause: str
    reason: str
    by: str
    since: datetime
    until: datetime | None
    game_date: date | None
    lifted_at: datetime | None
    lifted_by: str | None

    @property
    def words(self) -> str:
        """As documents have it: the rule, and why."""
        until = f" (until {self.until:%Y-%m-%d %H:%M}Z)" if self.until else ""
        return f"{self.rule}: {self.reason}{until}"

    def covers(self, game_date: date) -> bool:
        """Whether it is about a game day: of those that were over before it began it is not."""
        return self.game_date == game_date if self.game_date else game_date >= game_date_of(self.since)

    def as_dict(self) -> dict[str, Any]:
        """For people and for `--json`."""
        return dict(vars(self))


def active(state: State, now: datetime, game_date: date | None = None, but: Collection[str] = ()) -> Halt | None:
    """The halt that is in force, the oldest of several; for a game day, or for any. `but`: rules that are left out."""
    return next((halt for halt in halts(state, now) if (game_date is None or halt.covers(game_date)) and halt.rule not in but), None)


def halts(state: State, now: datetime | None = None, last: int = 200) -> list[Halt]:
    """The halts in force at a moment, oldest first; without one, the last on record, newest first."""
    with state.reading() as connection:
        if now is None:
            query = sa.select(HALTS).order_by(HALTS.c.halt_id.desc()).limit(last)
        else:
            query = sa.select(HALTS).where(HALTS.c.lifted_at.is_(None), _not_over(now)).order_by(HALTS.c.since, HALTS.c.halt_id)
        return [_halt(row) for row in connection.execute(query).mappings()]


def halt(state: State, now: datetime, reason: str, *, by: str, until: datetime | None = None, game_date: date | None = None) -> Halt:
    """Halt by hand. Where one by hand is in force for the same days already, it goes on with the new reason and end.

    Raises BadInput for an empty reason, or an end that is past.
    """
    if not reason.strip():
        raise BadInput("A halt has a reason.", hint="Say it with --reason: everybody who reads the documents sees it.")
    if until is not None and as_utc(until) <= now:
        raise BadInput(f"{until.isoformat()} is past.", hint="Give a later --until, or none.")
    with state.transaction() as connection:
        return _put(connection, now, BY_HAND, "", reason.strip(), by, until, game_date)


def halt_by_rule(connection: sa.Connection, now: datetime, rule: str, cause: str, reason: str, game_date: date | None = None) -> Halt:
    """Halt since a rule says so, in the caller's transaction. A cause that halts already goes on with the reason of now."""
    return _put(connection, now, rule, cause, reason, "tipoff", None, game_date)


def _put(
    connection: sa.Connection, now: datetime, rule: str, cause: str, reason: str, by: str, until: datetime | None, game_date: date | None
) -> Halt:
    same = (HALTS.c.rule == rule) & (HALTS.c.cause == cause) & HALTS.c.lifted_at.is_(None) & _not_over(now)
    same &= HALTS.c.game_date.is_(None) if game_date is None else HALTS.c.game_date == game_date
    known = connection.execute(sa.select(HALTS.c.halt_id).where(same).order_by(HALTS.c.halt_id)).scalars().first()
    values = {"reason": reason, "by": by, "until": _naive(until)}
    if known is None:
        made = sa.insert(HALTS).values(rule=rule, cause=cause, since=_naive(now), game_date=game_date, **values)
        key = connection.execute(made).inserted_primary_key
        assert key is not None
        known = int(key[0])
    else:
        connection.execute(sa.update(HALTS).where(HALTS.c.halt_id == known).values(**values))
    return _halt(connection.execute(sa.select(HALTS).where(HALTS.c.halt_id == known)).mappings().one())


def lift(state: State, now: datetime, *, by: str, game_date: date | None = None) -> list[Halt]:
    """Lift what is in force: all of it, or what holds for that game day alone; gives what was lifted.

    What a rule halted is lifted as well, and does not halt again before its cause was over; but that too few systems are left
    (fleet_blocked) is no decision, and nobody can lift it.
    """
    chosen = HALTS.c.rule != FLEET_BLOCKED
    if game_date is not None:
        chosen &= HALTS.c.game_date == game_date
    with state.transaction() as connection:
        return _lift(connection, now, by, chosen & _not_over(now))


def lift_by_rule(connection: sa.Connection, now: datetime, rule: str, causes: Collection[str], game_date: date | None = None) -> list[Halt]:
    """A rule's causes are over: so are their halts, in the caller's transaction."""
    chosen = (HALTS.c.rule == rule) & HALTS.c.cause.in_(causes)
    return _lift(connection, now, "tipoff", chosen if game_date is None else chosen & (HALTS.c.game_date == game_date))


def end_of_time(state: State, now: datetime) -> list[Halt]:
    """Put down which halts ended by themselves since the last look; gives them."""
    with state.transaction() as connection:
        return _lift(connection, now, "its time", sa.not_(_not_over(now)))


def _lift(connection: sa.Connection, now: datetime, by: str, chosen: sa.ColumnElement[bool]) -> list[Halt]:
    chosen &= HALTS.c.lifted_at.is_(None)
    found = [_halt(row) for row in connection.execute(sa.select(HALTS).where(chosen).order_by(HALTS.c.halt_id)).mappings()]
    if found:
        ids = [one.halt_id for one in found]
        connection.execute(sa.update(HALTS).where(HALTS.c.halt_id.in_(ids)).values(lifted_at=_naive(now), lifted_by=by))
    return found


def until_of(text: str) -> datetime:
    """An instant; or a date: the midnight (New York) on which it begins, so that it is the first day that is not halted.

    Raises BadInput for anything else.
    """
    try:
        return local_instant(date.fromisoformat(text.strip()), time())
    except ValueError:
        pass
    try:
        return parse_instant(text.strip())
    except (BadInput, UnknownDate):
        raise BadInput(f"{text!r} is neither an instant nor a date.", hint="Write it like 2025-11-05T22:30:00Z, or 2025-11-06.") from None


def _not_over(now: datetime) -> sa.ColumnElement[bool]:
    return HALTS.c.until.is_(None) | (HALTS.c.until > _naive(now))


def _halt(row: Any) -> Halt:
    times = {name: row[name].replace(tzinfo=UTC) if row[name] else None for name in ("since", "until", "lifted_at")}
    return Halt(**{**row, **times})


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
