"""The worker: a process that asks and starts what the plan says, sweeps, and does batches, until it is told to stop. Any number may run.

Schedules are DBOS's, in New York's time; every worker applies the same, and each moment's work is done once. It must never know what a
batch does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from dbos import DBOS

from tipoff.errors import BadInput
from tipoff.flow import backfill, backtest_units, grading, loading, refit, slate_batch, ticks
from tipoff.flow.duties import duties
from tipoff.flow.engine import Engine, Takes, current, running_engine
from tipoff.flow.house import House
from tipoff.flow.lease import LOAD, PHASES, TRAIN
from tipoff.flow.leisure import DELAYED, looking_every
from tipoff.flow.loading import sweep
from tipoff.flow.rounds import TICKS as TICKS

SCHEDULES = {"capture": "*/5 * * * *", "sweep": "*/10 * * * *"}
ASKED_FOR: Takes = {
    LOAD: (loading.load_batch,),
    PHASES: (slate_batch.slate_batch, grading.grade_batch),
    TRAIN: (refit.train_batch,),
    backfill.QUEUE: (backfill.backfill_day,),
    backtest_units.QUEUE: (backtest_units.backtest_unit,),
}
"""What a worker does when somebody asks: from each queue, these workflows."""


QUEUES = (TICKS.name, *(queue.name for queue in ASKED_FOR))
"""The names of all queues; whoever takes from `ticks` also asks by plan and sweeps."""


def only(names: Collection[str]) -> Takes:
    """What a worker does that takes from these queues alone. Raises BadInput for a name that none has."""
    if unknown := sorted(set(names) - set(QUEUES)):
        raise BadInput(f"No queue is called {', '.join(unknown)}.", hint=f"They are {', '.join(QUEUES)}.")
    return {queue: takes for queue, takes in {**ASKED_FOR, TICKS: (ticks.tick, _sweep)}.items() if queue.name in names}


@DBOS.workflow(name="sweep_tick")
def _sweep(_at: datetime, _context: Any) -> None:
    _sweep_step()


@DBOS.step(name="sweep")
def _sweep_step() -> int:
    return len(sweep(current()))


@contextmanager
def working(
    house: House, *, scheduled: bool = True, queues: Collection[str] = QUEUES, beat: float | None = None, silence: float | None = None
) -> Iterator[Engine]:
    """Work in this process until the block is left, on what lies in `queues`. Without `scheduled`, only on what is asked for, not on
    rounds. `beat` and `silence` (seconds) are the engine's. Raises BadInput for a queue that there is none of."""
    pace = {name: value for name, value in (("beat", beat), ("silence", silence)) if value is not None}
    takes = only(queues if scheduled else set(queues) - {TICKS.name})
    pause = house.settings.poll_seconds or (DELAYED if scheduled else None)
    with (
        house.warehouse.lingering(),
        house.warehouse.sparing(),
        looking_every(pause),
        running_engine(house, takes, duties(), for_long=scheduled, **pace) as engine,
    ):
        if scheduled and TICKS in takes:
            DBOS.apply_schedules(
                [
                    {
                        "schedule_name": name,
                        "workflow_fn": workflow,  # type: ignore[typeddict-item]  # what one gives is for who calls it himself
                        "schedule": SCHEDULES[name],
                        "cron_timezone": "America/New_York",
                        "queue_name": TICKS.name,
                    }
                    for name, workflow in (("capture", ticks.tick), ("sweep", _sweep))
                ]
            )
        yield engine
