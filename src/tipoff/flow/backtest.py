"""Backtest: a walk forward over past days, asked for unit by unit, and done by whatever processes work; resumed where it stopped.

Comes in: a span, systems, how often to refit. Goes out: a folder `backtests/<id>/` in the bucket: the plan, a snapshot of history, a folder
a fold, and the report. Its units lie in one queue, from which this process, others that it starts beside it, and every worker take them;
a killed backtest goes on with those that are missing, on the snapshot that it began with. It must never know how a system learns.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tipoff.clock import game_date_of
from tipoff.errors import BadInput, NotReady
from tipoff.flow.backtest_hand import hands
from tipoff.flow.backtest_plan import LEAKS, Folder, Plan, Unit, backtests, summary_of
from tipoff.flow.backtest_units import QUEUE, asker_of, backtest_unit, options_of, workflow_id
from tipoff.flow.duties import duties
from tipoff.flow.engine import Engine, running_engine
from tipoff.flow.house import House
from tipoff.flow.living import living
from tipoff.flow.training import span_of
from tipoff.train.snapshot import take_snapshot

CORES = os.cpu_count() or 1

Announce = Callable[[str, int | None], Callable[[int], None]]


def begin(house: House, plan: Plan) -> tuple[Plan, bool]:
    """The unfinished backtest that asks the same, or a new one; and whether it was there already.

    Raises BadInput for a span, a refit or a moment that is none.
    """
    if plan.end < plan.start:
        raise BadInput(f"From {plan.start} to {plan.end} there is no day.", hint="Give --start before --end.")
    if plan.refit_days < 1 or plan.before_minutes < 0:
        raise BadInput(
            "A refit is due after a day or more, and a moment lies at the tip or before it.", hint="Give --refit 7d --before 0m."
        )
    if plan.leak_days < 1:
        raise BadInput("The leak check is not optional.", hint="Give it a day at least.")
    if plan.end >= game_date_of(house.clock.now()):
        raise BadInput(f"{plan.end} is not over yet.", hint="Give an --end before today.")
    for known in backtests(house.bucket).plans:
        if known.question == plan.question and known.state == "running":
            return known, True
    created = replace(plan, backtest_id=f"{house.run_id}-{plan.question}", created_at=house.clock.now().isoformat())
    Folder(house.bucket, created.backtest_id).write_plan(created)
    return created, False


def run(house: House, plan: Plan, announce: Announce, *, workers: int | None = None) -> dict[str, Any]:
    """Do what is missing of a backtest in so many processes of this machine, this one included, and whatever other workers do; its summary.

    By default there are as many as cores for which no process is at work here already. Raises NotReady, naming the units and their causes,
    where some could not be done: they are tried again when it is resumed.
    """
    folder = Folder(house.bucket, plan.backtest_id)
    missing = folder.missing([LEAKS, *(Unit(refit) for refit, _ in plan.folds)])
    folds = [unit for unit in missing if unit != LEAKS]
    number = min(_free_cores(house) if workers is None else workers, len(missing))
    with running_engine(house, {QUEUE: (backtest_unit,)}, duties()) as engine:
        try:
            with hands(house.settings, number - 1):  # they have started by the time that there is something to take
                _set_aside(engine)
                _keep_snapshot(house, plan, folder, announce("snapshot of history", 4))
                _ask(engine, plan, missing)
                _wait(engine, plan, folder, folds, announce(f"folds of {plan.backtest_id}", len(folds)))
                _wait(engine, plan, folder, [unit for unit in missing if unit == LEAKS], announce("leak check", 1))
        except KeyboardInterrupt:
            _take_back(engine)
            raise
    _refuse_unfinished(plan, folder, folder.missing(missing))
    return summary_of(plan, folder)


def _keep_snapshot(house: House, plan: Plan, folder: Folder, tick: Callable[[int], None]) -> None:
    if folder.has("snapshot/quotes.arrow"):  # written last
        return
    snapshot = take_snapshot(
        house.warehouse,
        plan.start - max(span_of(system.window) for system in plan.systems),
        plan.start,
        plan.end,
        before=timedelta(minutes=plan.before_minutes),
        options=options_of(plan),
        tick=tick,
    )
    rows, quotes = snapshot.to_bytes()
    folder.put("snapshot/rows.arrow", rows)
    folder.put("snapshot/quotes.arrow", quotes)


def _free_cores(house: House) -> int:
    here = [worker for worker in living(house.state, house.clock) if worker.host == socket.gethostname()]
    return max(1, CORES - len(here))


def _ask(engine: Engine, plan: Plan, units: Sequence[Unit]) -> None:
    for unit in units:
        engine.enqueue(
            QUEUE.name,
            backtest_unit,
            plan.backtest_id,
            str(unit),
            workflow_id=workflow_id(plan, unit, engine.worker_id),
            partition=f"{plan.backtest_id}:{unit}",
        )


def _set_aside(engine: Engine) -> None:
    """Take out of the queue what nobody waits for any more: units whose asker is gone, and which no living process has begun. Whoever wants
    them asks again; until somebody begins another backtest, the workers that there are go on with them."""
    alive = {worker.worker_id for worker in living(engine.house.state, engine.house.clock)}
    for workflow, holder in engine.unfinished(QUEUE.name).items():
        if asker_of(workflow) not in alive and holder not in alive:
            engine.cancel(workflow)


def _take_back(engine: Engine) -> None:
    """Take the units that this process asked for out of the queue, but for those that another has begun."""
    for workflow, holder in engine.unfinished(QUEUE.name).items():
        if asker_of(workflow) == engine.worker_id and holder in (None, engine.worker_id):
            engine.cancel(workflow)


def _wait(engine: Engine, plan: Plan, folder: Folder, units: Sequence[Unit], tick: Callable[[int], None]) -> None:
    """Until every unit is there, or has failed in the workflow that this process asked for."""
    left = list(units)
    while left:
        unfinished = engine.unfinished(QUEUE.name)  # asked first: who ends meanwhile has left its result
        missing = folder.missing(left)
        still = [unit for unit in missing if workflow_id(plan, unit, engine.worker_id) in unfinished]
        if len(still) < len(left):
            tick(len(left) - len(still))
            left = still
        else:
            time.sleep(_LOOK)


_LOOK = 0.2


def _refuse_unfinished(plan: Plan, folder: Folder, missing: Sequence[Unit]) -> None:
    hint = "Mend the cause; the same command goes on."
    folds = [unit for unit in missing if unit != LEAKS]
    if folds:
        told = "; ".join(f"{unit}: {folder.cause(unit)}" for unit in folds[:3])
        raise NotReady(f"{len(folds)} of {len(plan.folds)} folds could not be done. {told}", hint=hint)
    if missing:
        raise NotReady(f"The leak check could not be done. {folder.cause(LEAKS)}", hint=hint)
