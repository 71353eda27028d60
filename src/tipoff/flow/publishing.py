"""Publishing a game day: its documents and the status, with the halt that is in force in each of them.

Comes in: the open house and a day. Goes out: documents; and, where too few systems are left, or are not any more, that on record. Whoever
publishes a day does it here: so no document is without the halt. It must never know what ran before.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, datetime, timedelta

from pydantic import ValidationError

from tipoff.analyze.slate import games_between
from tipoff.clock import game_date_of
from tipoff.flow.halts import FLEET_BLOCKED, active, halt_by_rule, halts, lift_by_rule
from tipoff.flow.house import House
from tipoff.publish.documents import Tonight
from tipoff.publish.status import STATUS
from tipoff.publish.tonight import Published, publish_tonight
from tipoff.publish.write import get, tonight_path
from tipoff.train.registry import headline


def publish_day(
    house: House,
    game_date: date,
    *,
    as_of: datetime | None = None,
    speaking: Collection[str] | None = None,
    failure: str | None = None,
) -> Published:
    """Publish a day, and the status. `speaking` are the systems that predicted, one of which stands for the slate (None: those that the
    document of before has); `failure` says which phase broke, in words.

    Raises Busy where the warehouse is held by another process, ConfigError where the bucket does not take a document.
    """
    now = house.clock.now()
    halt = active(house.state, now, game_date, but={FLEET_BLOCKED})
    if speaking is None:
        before = published(house, game_date)
        speaking = [system.system_id for system in before.systems if system.predicted] if before else []
    published_now = publish_tonight(
        house.warehouse,
        house.bucket,
        game_date,
        generated_at=now,
        as_of=as_of,
        headline_system=headline(house.warehouse.read("models.registry").to_pylist(), speaking)[0],
        halt_reason=halt.words if halt else None,
        halt_since=halt.since if halt else None,
        failure=failure,
    )
    _note_fleet(house, game_date, published_now.fleet_blocked, now)
    house.publish_status()
    return published_now


def _note_fleet(house: House, game_date: date, why: str | None, now: datetime) -> None:
    """Put on record that too few systems are left, as other halts are, or that there are enough again."""
    with house.state.transaction() as connection:
        if why is None:
            lift_by_rule(connection, now, FLEET_BLOCKED, [""], game_date)
        else:
            halt_by_rule(connection, now, FLEET_BLOCKED, "", why.removeprefix(f"{FLEET_BLOCKED}: "), game_date)


def published(house: House, game_date: date) -> Tonight | None:
    """The document of a day as readers have it; None where there is none, or where an older version wrote it in another shape."""
    body = get(house.bucket, tonight_path(game_date))
    try:
        return Tonight.model_validate_json(body) if body else None
    except ValidationError:
        return None


def publish_halts(house: House) -> list[date]:
    """Publish anew whatever does not tell the halt that is in force for it, and the status; gives the days that were.

    Of the days around today, and of those that a halt names, that have games or a document, and are not final. Whoever halts or resumes
    calls it at once; called again it mends what a death in between has left. Raises as `publish_day` does.
    """
    now = house.clock.now()
    today = game_date_of(now)
    around = {today + timedelta(days=days) for days in (-1, 0, 1)}
    named = {halt.game_date for halt in halts(house.state, now) if halt.game_date is not None}
    days = [day for day in sorted(around | named) if _tells_another_halt(house, day, now)]
    for day in days:
        before = published(house, day)
        publish_day(house, day, failure=before.state_detail if before and before.state == "broken" else None)
    if not days and _status_tells_another_halt(house, now):
        house.publish_status()
    return days


def _status_tells_another_halt(house: House, now: datetime) -> bool:
    body = get(house.bucket, STATUS)
    told = json.loads(body)["halt"]["reason"] if body else None
    halt = active(house.state, now, game_date_of(now))
    return bool(told != (halt.words if halt else None))


def _tells_another_halt(house: House, game_date: date, now: datetime) -> bool:
    before = published(house, game_date)
    halt = active(house.state, now, game_date, but={FLEET_BLOCKED})
    if before is None:
        with house.warehouse.reading() as work:
            return halt is not None and bool(games_between(work, game_date, game_date))
    reason = before.halt.reason or ""
    told = "" if reason.startswith(FLEET_BLOCKED) else reason
    return not before.final and told != (halt.words if halt else "")
