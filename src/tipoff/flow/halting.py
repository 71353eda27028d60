"""Halting and resuming take effect: whatever does not tell the halt that is in force is published anew, and who watches is told.

Comes in: the open house. Goes out: documents, and an alert a halt. It must never know who halted, nor why.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
from pydantic import ValidationError

from tipoff.analyze.slate import games_between
from tipoff.clock import game_date_of
from tipoff.flow.alerts import Noted, Severity, note_alerts
from tipoff.flow.channels import Channel, channels_of
from tipoff.flow.halts import BY_HAND, FLEET_BLOCKED, active, halts
from tipoff.flow.house import House
from tipoff.flow.publishing import publish, publish_of_all_days
from tipoff.flow.state import State
from tipoff.flow.telling import tell
from tipoff.publish.calendar import CALENDAR
from tipoff.publish.documents import Tonight
from tipoff.publish.status import STATUS
from tipoff.publish.write import get, tonight_path

_LATELY = timedelta(days=2)


def published(house: House, game_date: date) -> Tonight | None:
    """The document of a day as readers have it; None where there is none, or where an older version wrote it in another shape."""
    body = get(house.bucket, tonight_path(game_date))
    try:
        return Tonight.model_validate_json(body) if body else None
    except ValidationError:
        return None


def after_halting(house: House, channels: list[Channel] | None = None) -> list[date]:
    """Somebody has halted or resumed: tell it, and publish at once what must say so; gives the days that were published anew.

    Raises Busy where the warehouse is held: the halt is in force all the same, and the next watch publishes.
    """
    note_halts(house.state, house.clock.now())
    try:
        return publish_halts(house)
    finally:
        tell(house.state, channels_of(house.settings, house.clock) if channels is None else channels, house.clock)


def note_halts(state: State, now: datetime) -> Noted:
    """Put on record as alerts which halts are in force; one of a single day until that day's games are over."""
    standing = halts(state, now)
    since = game_date_of(now) - timedelta(days=1)  # yesterday's last games may go on after midnight
    told = [halt for halt in standing if halt.game_date is None or halt.game_date >= since]
    words = {
        f"halt {halt.halt_id}": f"Halted{f' for {halt.game_date}' if halt.game_date else ''} by {halt.by}, {halt.words}" for halt in told
    }
    severities: dict[str, Severity] = {f"halt {halt.halt_id}": "warning" if halt.rule == BY_HAND else "critical" for halt in told}
    past = {f"halt {halt.halt_id}" for halt in standing} - set(words)
    with state.transaction() as connection:
        return note_alerts(connection, "halt ", words, now, severities, past.__contains__)


def publish_halts(house: House) -> list[date]:
    """Publish anew whatever does not tell the halt that is in force for it, and the status; gives the days that were.

    Of the days around today, and of those that a halt names, or one named that was lifted lately, those that have a document which is not
    final; today also without one, where it has games. Whoever halts or resumes calls it at once; called again it mends what a death in
    between has left. Raises as `publish` does.
    """
    now = house.clock.now()
    today = game_date_of(now)
    around = {today + timedelta(days=days) for days in (-1, 0, 1)}
    lately = [halt for halt in halts(house.state) if halt.lifted_at and halt.lifted_at > now - _LATELY]
    named = {halt.game_date for halt in (*halts(house.state, now), *lately) if halt.game_date is not None}
    days = [day for day in sorted(around | named) if _tells_another_halt(house, day, now)]
    for day in days:
        before = _read(house, tonight_path(day))
        publish(house, day, force=True, failure=before.state_detail if before and before.state == "broken" else None)
    if not days and _status_tells_another_halt(house, now):
        house.publish_status()
        if get(house.bucket, CALENDAR) is not None:
            publish_of_all_days(house, today)
    return days


class _Halt(msgspec.Struct):
    """Of a document's halt what is compared."""

    reason: str | None


class _Document(msgspec.Struct):
    """Of any document what is needed here: a night's is large, and is looked at every five minutes."""

    halt: _Halt
    state: str
    state_detail: str | None
    final: bool


def _read(house: House, path: str) -> _Document | None:
    """None where there is none, or where it is in another shape."""
    body = get(house.bucket, path)
    try:
        return msgspec.json.decode(body, type=_Document) if body else None
    except msgspec.DecodeError:
        return None


def _status_tells_another_halt(house: House, now: datetime) -> bool:
    told = _read(house, STATUS)
    halt = active(house.state, now, game_date_of(now))
    return (told.halt.reason if told else None) != (halt.words if halt else None)


def _tells_another_halt(house: House, game_date: date, now: datetime) -> bool:
    before = _read(house, tonight_path(game_date))
    halt = active(house.state, now, game_date, but={FLEET_BLOCKED})
    if before is None:
        if halt is None or game_date != game_date_of(now):
            return False
        with house.warehouse.reading() as work:
            return bool(games_between(work, game_date, game_date))
    reason = before.halt.reason or ""
    told = "" if reason.startswith(FLEET_BLOCKED) else reason
    return not before.final and told != (halt.words if halt else "")
