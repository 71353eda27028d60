"""Telling: every event of an alert goes to every channel once, from what stands in the state database and never from memory.

Comes in: channels. Goes out: they were told, and that stands on record; or it stands there since when a channel cannot be told, as an
alert that the others tell. One process at a time tells a channel. It puts down that it told only after it did: whoever dies in between
leaves it to be told again, and no process leaves it untold. It must never know what an alert is about.

A channel that is seen for the first time is told of what is going on, and not of what is over.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.errors import Busy, UpstreamError, UpstreamUnavailable
from tipoff.flow.alerts import ALERTS, EVENTS, note_alerts
from tipoff.flow.channels import Channel, Log, Telling, channels_of
from tipoff.flow.state import METADATA, State

HOLD_SECONDS = 60.0
"""So long a process that tells a channel has it to itself; longer than a channel takes to answer or fail."""
PAUSE_SECONDS, LONGEST_PAUSE = 60.0, 1800.0
"""After a failure a channel is left alone for so long; after each further one twice as long, up to half an hour."""
_FAMILY = "channel "
_LOG = logging.getLogger(__name__)

CHANNELS = sa.Table(
    "ops_alert_channels",
    METADATA,
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("reached", sa.Integer, nullable=False),  # the last event of which it has a telling, or should have none
    sa.Column("holder", sa.String, nullable=True),
    sa.Column("held_at", sa.DateTime, nullable=True),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("failed_at", sa.DateTime, nullable=True),
)
TELLINGS = sa.Table(
    "ops_alert_tellings",
    METADATA,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("told_at", sa.DateTime, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
)


@dataclass(frozen=True)
class Told:
    """What a round told: how many, and which channels could not be told, with their cause."""

    tellings: int
    failed: dict[str, str]


def tell(state: State, channels: Sequence[Channel], clock: Clock) -> Told:
    """Tell each of these channels whatever it was not told yet, all channels at once. One that is down does not stop the others.

    Safe to do at any time from any number of processes. Raises Busy where the state database is held too long.
    """
    due = [channel for channel in channels if _is_due(state, channel.name, clock.now())]
    if not due:
        return Told(0, {})
    with ThreadPoolExecutor(len(due), thread_name_prefix="tell") as pool:
        done = list(pool.map(lambda channel: _tell(state, channel, clock), due))
    told = Told(sum(number for number, _ in done), {channel.name: why for channel, (_, why) in zip(due, done, strict=True) if why})
    if told.failed and any(channel.name not in told.failed for channel in channels):  # the others are told that one is down
        return Told(told.tellings + tell(state, [one for one in channels if one.name not in told.failed], clock).tellings, told.failed)
    return told


def end_of_channels(state: State, names: Collection[str], now: datetime) -> None:
    """That a channel cannot be told is over where it is none of these any more: nobody will tell it again."""
    with state.transaction() as connection:
        open_now = sa.select(ALERTS.c.key).where(ALERTS.c.key.startswith(_FAMILY), ALERTS.c.recovered_at.is_(None))
        for key in connection.execute(open_now).scalars().all():
            if key.removeprefix(_FAMILY) not in names:
                note_alerts(connection, key, {}, now, lapsed=lambda _key: True)


def tell_in_log(state: State, clock: Clock) -> None:
    """Tell the log alone, for those who may not wait for others."""
    tell(state, [Log()], clock)


_STUCK_AFTER = 5
"""After so many tries, or at once where it was refused, what could not be told lets what came later go first: until then things are told
as they happened."""


def _tell(state: State, channel: Channel, clock: Clock) -> tuple[int, str]:
    """Tell one channel until there is nothing left, or it fails; how many, and why it failed."""
    me = uuid.uuid4().hex
    told = 0
    last: Telling | None = None
    while True:
        with state.transaction() as connection:
            last = _next(connection, channel.name, me, clock.now(), done=last)
        if last is None:
            return told, ""
        try:
            channel.send(last)
        except Exception as error:  # noqa: BLE001 - one message that breaks its channel must not hold up the others for ever
            why = str(error) if isinstance(error, UpstreamError) else f"{type(error).__name__}: this message could not be told there"
            with state.transaction() as connection:
                _failed(
                    connection, channel.name, last, why, clock.now(), tries=1 if isinstance(error, UpstreamUnavailable) else _STUCK_AFTER
                )
            return told, why
        told += 1


def _next(connection: sa.Connection, name: str, me: str, now: datetime, done: Telling | None) -> Telling | None:
    """Put down that `done` was told, if anything was; then take what is to be told next, and hold the channel for it.

    None, with the channel let go, where there is nothing, or where another process holds it.
    """
    moment = _naive(now)
    mine = CHANNELS.c.channel == name
    if done is not None:
        this = (TELLINGS.c.channel == name) & (TELLINGS.c.event_id == done.event_id)
        connection.execute(sa.update(TELLINGS).where(this).values(told_at=moment, tries=TELLINGS.c.tries + 1, error=None))
    row = connection.execute(sa.select(CHANNELS).where(mine)).mappings().one_or_none()
    if row is not None and row["holder"] not in (None, me) and _within(row["held_at"], moment, HOLD_SECONDS):
        return None
    if done is not None and row is not None:
        if row["failures"]:
            connection.execute(sa.update(CHANNELS).where(mine).values(failures=0, failed_at=None))
        stuck = (TELLINGS.c.channel == name) & TELLINGS.c.told_at.is_(None) & (TELLINGS.c.tries >= _STUCK_AFTER)
        if connection.execute(sa.select(TELLINGS.c.event_id).where(stuck).limit(1)).one_or_none() is None:
            note_alerts(connection, f"{_FAMILY}{name}", {}, now)  # while it refuses one message, it is not mended by another
    _spread(connection, name, row)
    query = sa.select(EVENTS).join(TELLINGS, TELLINGS.c.event_id == EVENTS.c.event_id)
    query = (
        query.where(TELLINGS.c.channel == name, TELLINGS.c.told_at.is_(None))
        .order_by(TELLINGS.c.tries // _STUCK_AFTER, EVENTS.c.event_id)
        .limit(1)
    )
    found = connection.execute(query).mappings().one_or_none()
    held = {"holder": me, "held_at": moment} if found else {"holder": None, "held_at": None}
    connection.execute(sa.update(CHANNELS).where(mine).values(**held))
    return _telling(found) if found else None


def _spread(connection: sa.Connection, name: str, row: Any) -> None:
    """A telling for each event since the last time; of a new channel, for the beginning of whatever is going on."""
    newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(EVENTS.c.event_id), 0))).scalar_one()
    if row is None:
        begun = sa.select(sa.func.max(EVENTS.c.event_id)).join(ALERTS, ALERTS.c.key == EVENTS.c.key)
        chosen = EVENTS.c.event_id.in_(begun.where(ALERTS.c.recovered_at.is_(None)).group_by(EVENTS.c.key))
        connection.execute(sa.insert(CHANNELS).values(channel=name, reached=newest, failures=0))
    else:
        chosen = EVENTS.c.event_id > row["reached"]
        connection.execute(sa.update(CHANNELS).where(CHANNELS.c.channel == name).values(reached=newest))
    wanted = sa.select(EVENTS.c.event_id, sa.literal(name), sa.literal(0)).where(chosen, EVENTS.c.key != f"{_FAMILY}{name}")
    connection.execute(sa.insert(TELLINGS).from_select(["event_id", "channel", "tries"], wanted))


def _failed(connection: sa.Connection, name: str, telling: Telling, why: str, now: datetime, *, tries: int) -> None:
    this = (TELLINGS.c.channel == name) & (TELLINGS.c.event_id == telling.event_id)
    connection.execute(sa.update(TELLINGS).where(this).values(tries=TELLINGS.c.tries + tries, error=why))
    values = {"failures": CHANNELS.c.failures + 1, "failed_at": _naive(now), "holder": None, "held_at": None}
    connection.execute(sa.update(CHANNELS).where(CHANNELS.c.channel == name).values(**values))
    note_alerts(connection, f"{_FAMILY}{name}", {f"{_FAMILY}{name}": f"Alerts do not reach the channel {name}: {why}"}, now)


def _is_due(state: State, name: str, now: datetime) -> bool:
    """Whether there may be something to tell, and the channel is not left alone: a look that holds nothing."""
    moment = _naive(now)
    with state.reading() as connection:
        row = connection.execute(sa.select(CHANNELS).where(CHANNELS.c.channel == name)).mappings().one_or_none()
        if row is None:
            return connection.execute(sa.select(EVENTS.c.event_id).limit(1)).one_or_none() is not None
        pause = min(PAUSE_SECONDS * 2 ** min(row["failures"] - 1, 20), LONGEST_PAUSE)
        if row["failures"] and _within(row["failed_at"], moment, pause):
            return False
        if connection.execute(sa.select(EVENTS.c.event_id).where(EVENTS.c.event_id > row["reached"]).limit(1)).one_or_none():
            return True
        left = sa.select(TELLINGS.c.event_id).where(TELLINGS.c.channel == name, TELLINGS.c.told_at.is_(None)).limit(1)
        return connection.execute(left).one_or_none() is not None


def _within(since: datetime | None, moment: datetime, seconds: float) -> bool:
    """Whether a moment is within so many seconds after another; a clock that jumped back ends a hold or a pause (F32)."""
    return since is not None and 0 <= (moment - since).total_seconds() < seconds


def _telling(row: Any) -> Telling:
    times = {name: row[name].replace(tzinfo=UTC) for name in ("at", "began_at")}
    return Telling(row["event_id"], row["key"], row["what"], row["severity"], row["text"], **times)


class Teller:
    """A duty of the watching process: what is to be told is told within a round, in a thread of its own, so that a slow channel holds up
    nobody."""

    def __init__(self, house: Callable[[], Any]) -> None:
        self._house = house
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        house = self._house()
        channels = channels_of(house.settings, house.clock)
        if any(_is_due(house.state, channel.name, house.clock.now()) for channel in channels):
            self._thread = threading.Thread(target=_tell_apart, args=(house.state, channels, house.clock), name="tipoff-tell", daemon=True)
            self._thread.start()


def _tell_apart(state: State, channels: Sequence[Channel], clock: Clock) -> None:
    """In a thread that nobody waits for: what was not told stands on record, and is told in a later round."""
    try:
        tell(state, channels, clock)
    except Busy:
        return
    except Exception:  # noqa: BLE001 - nobody waits for this thread; what it met is told
        _LOG.exception("Alerts could not be told; it is tried again.")


def try_out(settings: Settings, clock: Clock) -> dict[str, str | None]:
    """Send one message to each channel; what went wrong by channel, None where it went well. Nothing of it is kept."""
    now = clock.now()
    test = Telling(0, "test", "test", "notice", "this is what an alert looks like; nothing is wrong", now, now)
    found: dict[str, str | None] = {}
    for channel in channels_of(settings, clock):
        try:
            channel.send(test)
            found[channel.name] = None
        except UpstreamError as error:
            found[channel.name] = str(error)
    return found


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
