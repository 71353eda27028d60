"""What is done every few minutes whatever else happens: ask what the plan asks, start what the plan starts, look whether all is there.

Each part is a durable step. Doing it twice does it once, and after a sleep it catches up: what is due and not on record is done now, or has
passed. It must never know what a batch does, nor what a source says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from dbos import DBOS

from tipoff.clock import NEW_YORK, game_date_of
from tipoff.errors import TipoffError
from tipoff.flow.alerts import note
from tipoff.flow.day import LOOK_BACK, Task, day_plan, tasks_due
from tipoff.flow.engine import Desk, current
from tipoff.flow.expected import write_expected
from tipoff.flow.lease import trigger
from tipoff.flow.outbox import relay
from tipoff.flow.plan import BOX_AGAIN_DAYS, Ask
from tipoff.flow.reactions import react
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import Asked, moments_done, planned_games, record_asks
from tipoff.flow.slate import ask
from tipoff.flow.state import RUNS, State
from tipoff.flow.telling import tell_in_log
from tipoff.flow.watch import watch


@dataclass
class Started:
    """What a round over the tasks did."""

    started: list[Task] = field(default_factory=list)
    missed: list[Task] = field(default_factory=list)


def start_tasks(desk: Desk) -> Started:
    """Start every task of the plan whose moment has come, of the days whose plan may still hold one."""
    house = desk.house
    now = house.clock.now()
    today = game_date_of(now)
    first = today - timedelta(days=max(BOX_AGAIN_DAYS))
    games = planned_games(house, first - LOOK_BACK, today)
    refitted = last_refit(house.state)
    found = Started()
    for day in (first + timedelta(days=number) for number in range((today - first).days + 1)):
        tasks = day_plan(day, games.get(day, ()), game_days=set(games), refitted=refitted)
        chosen, missed = tasks_due(tasks, now, moments_done(house.state, day))
        for task in chosen:
            asked = ask(task.run_mode, task.game_ids) if task.kind == "slate" else {}
            trigger(desk, task.kind, day, f"the plan: {task.why}", asked)
            record_asks(house, [Asked(day, Ask(task.at, task.feed), "asked")])
        why = "Its moment passed, or another did its work."
        record_asks(house, [Asked(day, Ask(task.at, task.feed), "missed", error=why) for task in missed])
        found.started += chosen
        found.missed += missed
    return found


def last_refit(state: State) -> date | None:
    """The day (New York) on which a refit was complete last; None where none is on record."""
    with state.reading() as connection:
        query = sa.select(sa.func.max(RUNS.c.finished_at)).where(RUNS.c.phase == "train", RUNS.c.status == "complete")
        finished: datetime | None = connection.execute(query).scalar_one()
    return None if finished is None else finished.replace(tzinfo=UTC).astimezone(NEW_YORK).date()


def reconcile(desk: Desk) -> None:
    """Compare what is there with what should be, of yesterday, today and tomorrow; and have messages read that nobody read."""
    today = game_date_of(desk.house.clock.now())
    relay(desk, react)
    for offset in (-1, 0, 1):
        write_expected(desk.house, today + timedelta(days=offset))


PARTS: dict[str, Callable[[Any], object]] = {
    "capture": capture_tick,
    "tasks": start_tasks,
    "reconcile": reconcile,
    "watch": lambda engine: watch(engine.house),
}
"""The parts of a round, in their order."""


@DBOS.workflow(name="tick")
def tick(_at: datetime, _context: Any) -> None:
    """One round."""
    for name in PARTS:
        DBOS.run_step({"name": f"tick:{name}"}, part, name)


def part(name: str) -> str | None:
    """One part of a round; why it failed, if it did. That is an alert until it goes well again, and does not stop the other parts."""
    engine = current()
    failed: dict[str, str] = {}
    with engine.working():
        try:
            PARTS[name](engine)
        except Exception as error:  # noqa: BLE001 - told as an alert
            cause = str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {error}"
            failed[f"tick {name}"] = f"The round's {name} failed: {cause}"
        note(engine.house.state, f"tick {name}", failed, engine.house.clock.now())
        tell_in_log(engine.house.state, engine.house.clock)
    return failed.get(f"tick {name}")
