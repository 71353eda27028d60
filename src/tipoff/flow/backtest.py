"""Backtest: a walk forward over past days, one fold a refit, done by whatever processes are told of it, resumed where it stopped.

Comes in: a span, systems, how often to refit. Goes out: a folder `backtests/<id>/` in the bucket: the plan, a snapshot of history, a folder
a fold, and the report. A fold is one workflow of one step, which finds its own result and leaves it alone when it is there: so being asked
twice is harmless, and a killed backtest goes on with the folds that are missing, on the snapshot that it began with.
It must never know how a system learns.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dbos import DBOS

from tipoff.clock import game_date_of
from tipoff.errors import BadInput, NotReady, TipoffError
from tipoff.features.leakcheck import leakcheck
from tipoff.flow.backtest_plan import Folder, Plan, backtests, summary_of
from tipoff.flow.engine import Engine, Queue, current, running_engine
from tipoff.flow.house import House
from tipoff.flow.overseer import Overseer
from tipoff.flow.training import span_of
from tipoff.predict.slate import SlateOptions
from tipoff.train.snapshot import Snapshot, take_snapshot
from tipoff.train.walkforward import Fold, run_fold

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


def run(house: House, plan: Plan, announce: Announce, *, workers: int = CORES) -> dict[str, Any]:
    """Do what is missing of a backtest with so many folds at a time in this process, and whatever other workers do; its summary.

    Raises NotReady, naming the folds and their causes, where some could not be done: they are tried again when it is resumed.
    """
    folder = Folder(house.bucket, plan.backtest_id)
    _keep_snapshot(house, plan, folder, announce("snapshot of history", 4))
    _check_leaks(house, plan, folder, announce("leak check", plan.leak_days))
    missing = [refit for refit, _ in plan.folds if not folder.done(refit)]
    with backtesting(house, plan, workers) as engine:
        for refit in missing:
            engine.enqueue(
                queue_of(plan).name,
                backtest_fold,
                plan.backtest_id,
                refit.isoformat(),
                workflow_id=f"backtest:{plan.backtest_id}:{refit}:{house.run_id}",
                partition=refit.isoformat(),
            )
        _wait(engine, plan, folder, missing, announce(f"folds of {plan.backtest_id}", len(missing)))
    failed = {refit: folder.cause(refit) for refit in missing if not folder.done(refit)}
    if failed:
        told = "; ".join(f"{refit}: {why}" for refit, why in list(failed.items())[:3])
        raise NotReady(
            f"{len(failed)} of {len(plan.folds)} folds could not be done. {told}", hint="Mend the cause; the same command goes on."
        )
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
        options=_options(plan),
        tick=tick,
    )
    rows, quotes = snapshot.to_bytes()
    folder.put("snapshot/rows.arrow", rows)
    folder.put("snapshot/quotes.arrow", quotes)


def _check_leaks(house: House, plan: Plan, folder: Folder, tick: Callable[[int], None]) -> None:
    """The leak check on days spread over the span: it is not optional, but it may be short."""
    if folder.has("leakcheck.json"):
        return
    days = [day for day in np.unique(_snapshots.get(house, plan.backtest_id).days).tolist() if day >= plan.start]
    chosen = sorted({days[(2 * place + 1) * len(days) // (2 * plan.leak_days)] for place in range(plan.leak_days)})
    checks = []
    for day in chosen:
        checks.append(leakcheck(house.warehouse, day, day).as_dict())
        tick(1)
    folder.put("leakcheck.json", json.dumps(checks, default=str).encode())


def _wait(engine: Engine, plan: Plan, folder: Folder, missing: Sequence[date], tick: Callable[[int], None]) -> None:
    """Until every fold is there, or has failed in a workflow of this run."""
    left = list(missing)
    while left:
        over = [refit for refit in left if folder.done(refit) or engine.ended(f"backtest:{plan.backtest_id}:{refit}:{engine.house.run_id}")]
        if over:
            tick(len(over))
            left = [refit for refit in left if refit not in over]
        else:
            time.sleep(0.2)


def _options(plan: Plan) -> SlateOptions:
    return SlateOptions(plan.backtest_id, "backfill", plan.min_minutes)


class _Snapshots:
    """The snapshot that this process worked with last: it is read once, however many folds are done beside each other."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: tuple[str, str] | None = None
        self._kept: Snapshot | None = None

    def get(self, house: House, backtest_id: str) -> Snapshot:
        """Raises BadInput where it is damaged."""
        with self._lock:
            if self._kept is None or self._of != (house.settings.bucket_url, backtest_id):
                folder = Folder(house.bucket, backtest_id)
                self._kept = Snapshot.from_bytes(folder.get("snapshot/rows.arrow"), folder.get("snapshot/quotes.arrow"))
                self._of = (house.settings.bucket_url, backtest_id)
            return self._kept


_snapshots = _Snapshots()


@DBOS.workflow(name="backtest_fold")
def backtest_fold(backtest_id: str, refit: str) -> bool:
    """The workflow of one fold: one step, which does nothing where the fold is there."""
    return _fold_step(backtest_id, refit)


@DBOS.step(name="backtest_fold")
def _fold_step(backtest_id: str, refit: str) -> bool:
    return do_fold(current().house, backtest_id, date.fromisoformat(refit))


def do_fold(house: House, backtest_id: str, refit: date) -> bool:
    """Do a fold, unless it is there; whether it is now. Why it could not be done is kept beside it."""
    folder = Folder(house.bucket, backtest_id)
    if folder.done(refit):
        return True
    plan = folder.plan()
    until = dict(plan.folds)[refit]
    try:
        _keep_fold(folder, refit, run_fold(_snapshots.get(house, backtest_id), plan.systems, refit, until, _options(plan)))
    except Exception as error:
        folder.put(f"folds/{refit}/failed.txt", _cause(error).encode())
        if isinstance(error, TipoffError):
            return False
        raise
    return True


def _keep_fold(folder: Folder, refit: date, fold: Fold) -> None:
    """The summary last: by it a fold counts as done."""
    for name, table in (("facts", fold.facts), ("said", fold.said)):
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        folder.put(f"folds/{refit}/{name}.parquet", sink.getvalue().to_pybytes())
    summary = {name: value for name, value in fold.__dict__.items() if name not in ("facts", "said", "refit")}
    folder.put(f"folds/{refit}/fold.json", json.dumps({"refit": refit.isoformat(), **summary}).encode())


def _cause(error: Exception) -> str:
    """An error in one line: those of the bucket go on for many."""
    return str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def queue_of(plan: Plan, workers: int = CORES) -> Queue:
    """The queue of one backtest's folds: what is left of another, and of nobody's interest any more, does not stand before them."""
    return Queue(f"backtest:{plan.backtest_id}", here=workers)


@contextmanager
def backtesting(house: House, plan: Plan, workers: int = CORES) -> Iterator[Engine]:
    """An engine in this process that does so many folds of a backtest at a time."""
    with running_engine(house, {queue_of(plan, workers): (backtest_fold,)}, (Overseer(),)) as engine:
        yield engine
