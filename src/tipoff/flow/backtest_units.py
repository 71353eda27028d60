"""The units of a backtest as workflows of one queue: a fold a refit, and the leak check, taken by whatever process works.

Comes in: a backtest's id and a unit's name. Goes out: the unit's files in the backtest's folder, its result last and once; a unit that is
there is left alone, so that being asked twice is harmless. A fold rests on the snapshot in the bucket and on nothing else: the same bytes
whoever does it, and no warehouse is held meanwhile. It must never know who waits for it, nor how a system learns.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from threading import Lock, Timer

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dbos import DBOS

from tipoff.errors import TipoffError
from tipoff.features.leakcheck import leakcheck
from tipoff.flow.backtest_plan import LEAKS, Folder, Plan, Unit
from tipoff.flow.desk import Queue
from tipoff.flow.engine import Engine, current
from tipoff.flow.holder import Leaves
from tipoff.flow.house import House
from tipoff.predict.slate import SlateOptions
from tipoff.train.snapshot import Snapshot
from tipoff.train.walkforward import Fold, run_fold

QUEUE = Queue("backtests", here=1, rests=2.0)
"""One unit at a time in a process, its fits on one thread: more cores are put to work by more processes. A process that has done one looks
for the next soon."""
KEPT_FOR = timedelta(minutes=1)
"""How long a process keeps the snapshot of a backtest after its last fold."""


def workflow_id(plan: Plan, unit: Unit, asker: str) -> str:
    """The id of a unit's workflow, as asked for by a process."""
    return f"backtest:{plan.backtest_id}:{unit}:{asker}"


def asker_of(workflow: str) -> str:
    """The process that asked for a unit, from its workflow's id."""
    return workflow.rpartition(":")[2]


@DBOS.workflow(name="backtest_unit")
def backtest_unit(backtest_id: str, unit: str) -> str:
    """The workflow of one unit: one step, which does nothing where the unit is there. How it ended: done, failed or left."""
    return _unit_step(backtest_id, unit)


@DBOS.step(name="backtest_unit")
def _unit_step(backtest_id: str, unit: str) -> str:
    engine = current()
    with engine.working():
        return do_unit(engine, backtest_id, Unit.parse(unit))


def do_unit(engine: Engine, backtest_id: str, unit: Unit) -> str:
    """Do a unit, unless it is there: `done`, `failed` with its cause kept, or `left` where this process leaves and another goes on.

    Raises what is no error of ours, once its cause is kept.
    """
    folder = Folder(engine.house.bucket, backtest_id)
    if folder.done(unit):
        return "done"
    try:
        plan = folder.plan()
        if unit.refit is None:
            _check_leaks(engine, plan, folder)
        else:
            _do_fold(engine, plan, folder, unit.refit)
    except Leaves:
        return "left"
    except Exception as error:
        folder.tell(unit, _cause(error))
        if isinstance(error, TipoffError):
            return "failed"
        raise
    return "done"


def options_of(plan: Plan) -> SlateOptions:
    """How the slates of a backtest are spoken of."""
    return SlateOptions(plan.backtest_id, "backfill", plan.min_minutes)


def snapshot_of(house: House, backtest_id: str) -> Snapshot:
    """The snapshot of a backtest, as it lies in the bucket. Raises BadInput where it is damaged."""
    return _snapshots.get(house, backtest_id)


def _check_leaks(engine: Engine, plan: Plan, folder: Folder) -> None:
    """The leak check on days spread over the span: it is not optional, but it may be short. All of it is one unit, since it reads the
    warehouse, which may be a file that one process has open at a time."""
    days = [day for day in np.unique(snapshot_of(engine.house, plan.backtest_id).days).tolist() if day >= plan.start]
    chosen = sorted({days[(2 * place + 1) * len(days) // (2 * plan.leak_days)] for place in range(plan.leak_days)})
    checks = []
    for day in chosen:
        checks.append(leakcheck(engine.house.warehouse, day, day).as_dict())
        _go_on(engine)
    folder.put_once(LEAKS.result, json.dumps(checks, default=str).encode())


def _do_fold(engine: Engine, plan: Plan, folder: Folder, refit: date) -> None:
    until = dict(plan.folds)[refit]
    snapshot = snapshot_of(engine.house, plan.backtest_id)
    _keep_fold(folder, refit, run_fold(snapshot, plan.systems, refit, until, options_of(plan), tick=lambda _: _go_on(engine)))


def _go_on(engine: Engine) -> None:
    if engine.leaving.is_set():
        raise Leaves


def _keep_fold(folder: Folder, refit: date, fold: Fold) -> None:
    """The summary last: by it a fold counts as done. The tables are the same bytes whoever writes them; the seconds in it are not."""
    for name, table in (("facts", fold.facts), ("said", fold.said)):
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        folder.put(f"folds/{refit}/{name}.parquet", sink.getvalue().to_pybytes())
    summary = {name: value for name, value in fold.__dict__.items() if name not in ("facts", "said", "refit")}
    folder.put_once(Unit(refit).result, json.dumps({"refit": refit.isoformat(), **summary}).encode())


def _cause(error: Exception) -> str:
    """An error in one line: those of the bucket go on for many."""
    return str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


class _Snapshots:
    """The snapshot that this process worked with last: read once for all of its folds, and dropped when none has come for a while."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: tuple[str, str] | None = None
        self._kept: Snapshot | None = None
        self._drop: Timer | None = None

    def get(self, house: House, backtest_id: str) -> Snapshot:
        """Raises BadInput where it is damaged."""
        with self._lock:
            if self._kept is None or self._of != (house.settings.bucket_url, backtest_id):
                self._kept = None  # two are never held at once
                folder = Folder(house.bucket, backtest_id)
                self._kept = Snapshot.from_bytes(folder.get("snapshot/rows.arrow"), folder.get("snapshot/quotes.arrow"))
                self._of = (house.settings.bucket_url, backtest_id)
            if self._drop is not None:
                self._drop.cancel()
            self._drop = Timer(KEPT_FOR.total_seconds(), self._forget)
            self._drop.daemon = True
            self._drop.start()
            return self._kept

    def _forget(self) -> None:
        with self._lock:
            self._kept = None


_snapshots = _Snapshots()
