"""What is done every few minutes whatever else happens: ask what the plan asks, start what the plan starts, look whether all is there.

Each part is a durable step. Doing it twice does it once, and after a sleep it catches up: what is due and not on record is done now, or has
passed. It must never know what a batch does, nor what a source says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS

from tipoff.clock import game_date_of
from tipoff.errors import TipoffError
from tipoff.flow import expected
from tipoff.flow.alerts import note
from tipoff.flow.batch_log import open_workflows
from tipoff.flow.day import RETRY, Task, narrowed, tasks_due
from tipoff.flow.desk import Desk
from tipoff.flow.engine import current
from tipoff.flow.expected import expected_outputs
from tipoff.flow.game_days import note_games, tasks_of
from tipoff.flow.grid import games_that_wait
from tipoff.flow.lease import LOAD, release, trigger
from tipoff.flow.outbox import relay
from tipoff.flow.plan import BOX_AGAIN_DAYS, Ask
from tipoff.flow.reactions import react
from tipoff.flow.rounds import TICK, capture_tick
from tipoff.flow.scraping import Asked, moments_done, record_asks
from tipoff.flow.slate import ask
from tipoff.flow.telling import tell_in_log
from tipoff.flow.watch import watch


@dataclass
class Started:
    """What a round over the tasks did."""

    started: list[Task] = field(default_factory=list)
    missed: list[Task] = field(default_factory=list)


def start_tasks(desk: Desk) -> Started:
    """Start every task of the plan whose moment has come, of the days whose plan may still hold one; and what this round's arrivals have
    led to, which waited for its end. A retry that no game waits for is done without a batch."""
    try:
        return _start(desk)
    finally:
        _until_loads_are_told(desk)
        release(desk)


_TOLD_WITHIN = 5.0
_LOOK = 0.05


def _until_loads_are_told(desk: Desk) -> None:
    """A load tells what follows from it once it is over, which the round does not wait for: here it does, for seconds at most. One that is
    not over, such as a backfill's, is not this round's."""
    until = time.monotonic() + _TOLD_WITHIN
    while _are_telling(desk) and time.monotonic() < until:
        time.sleep(_LOOK)


def _are_telling(desk: Desk) -> bool:
    """Whether a load is over, and its workflow not yet."""
    begun = {workflow for workflow, process in desk.unfinished(LOAD.name).items() if process is not None}
    return bool(begun and begun - open_workflows(desk.house.state))


def _start(desk: Desk) -> Started:
    house = desk.house
    now = house.clock.now()
    today = game_date_of(now)
    first = today - timedelta(days=max(BOX_AGAIN_DAYS))
    note_games(house, today)
    found = Started()
    for day in (first + timedelta(days=number) for number in range((today - first).days + 1)):
        chosen, missed = tasks_due(tasks_of(house.state, house.settings, day), now, moments_done(house.state, day))
        cells = expected_outputs(house.state, day) if any(task.run_mode == RETRY for task in chosen) else []
        for task in chosen:
            wanted = narrowed(task, games_that_wait(cells)) if cells else task
            if wanted is not None:
                asked = ask(wanted.run_mode, wanted.game_ids) if wanted.kind == "slate" else {}
                trigger(desk, wanted.kind, day, f"the plan: {wanted.why}", asked)
                found.started.append(wanted)
            record_asks(house, [Asked(day, Ask(task.at, task.feed), "asked", error=None if wanted else "No game waits for anything.")])
        why = "Its moment passed, or another did its work."
        record_asks(house, [Asked(day, Ask(task.at, task.feed), "missed", error=why) for task in missed])
        found.missed += missed
    return found


def reconcile(desk: Desk) -> None:
    """Compare what is there with what should be, of yesterday, today and tomorrow, and start what mends the difference; and have messages
    read that nobody read."""
    today = game_date_of(desk.house.clock.now())
    relay(desk, react, deliver=False)
    for offset in (-1, 0, 1):
        expected.reconcile(desk, today + timedelta(days=offset))


PARTS: dict[str, Callable[[Any], object]] = {
    "capture": capture_tick,
    "tasks": start_tasks,
    "reconcile": reconcile,
    "watch": lambda engine: watch(engine.house),
}
"""The parts of a round, in their order."""


@DBOS.workflow(name=TICK)
def tick(_at: datetime, _context: Any) -> list[str]:
    """One round; why parts of it failed, if any did."""
    ended = [DBOS.run_step({"name": f"{TICK}:{name}"}, part, name) for name in PARTS]
    return [why for why in ended if why is not None]


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
