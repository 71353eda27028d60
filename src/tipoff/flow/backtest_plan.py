"""What a backtest is about, and the folder that it fills: the plan, folds, what the leak check found, the report.

A folder is `backtests/<id>/` in the bucket. Knows names and JSON. It must never know how a fold is done, or a queue.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from obstore.store import ObjectStore

from tipoff.errors import BadInput, NotReady
from tipoff.features.registry import FEATURE_VERSION
from tipoff.predict.systems import System
from tipoff.store.bucket import exists, level, listed, put_once, put_whole, read

ROOT = "backtests"
LEAK_DAYS = 3


@dataclass(frozen=True)
class Plan:
    """What a backtest is about: days (New York) from `start` to `end`, both included; `recipes` are the hashes of the systems' recipes, and
    `leak_days` on how many days the leak is looked for. `state` is running or finished."""

    backtest_id: str
    start: date
    end: date
    refit_days: int
    before_minutes: int
    systems: tuple[System, ...]
    min_minutes: float
    leak_days: int
    feature_version: str
    state: str = "running"
    created_at: str = ""
    leaks_found: int = 0

    @property
    def recipes(self) -> dict[str, str]:
        return {system.system_id: system.recipe_hash for system in self.systems}

    @property
    def question(self) -> str:
        """A hash of all that is asked: two plans with the same one ask the same."""
        asked = {name: value for name, value in self.as_dict().items() if name not in ("backtest_id", "state", "created_at", "leaks_found")}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:10]

    @property
    def folds(self) -> list[tuple[date, date]]:
        """The day of each refit, and the day before which its predictions end."""
        step = timedelta(days=self.refit_days)
        days = [self.start + number * step for number in range(-(-((self.end - self.start).days + 1) // self.refit_days))]
        return [(day, min(day + step, self.end + timedelta(days=1))) for day in days]

    def as_dict(self) -> dict[str, Any]:
        """In JSON's own types."""
        return {
            **asdict(self),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "systems": [system.model_dump(mode="json") for system in self.systems],
            "recipes": self.recipes,
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Plan:
        """Raises KeyError, TypeError or ValueError where the document does not fit."""
        given = {name: value for name, value in document.items() if name != "recipes"}
        systems = tuple(System(**system) for system in given.pop("systems"))
        start, end = (date.fromisoformat(given.pop(name)) for name in ("start", "end"))
        return cls(**given, start=start, end=end, systems=systems)


@dataclass(frozen=True)
class Unit:
    """A piece of a backtest that any process may do: the fold of a refit's day, or, without a day, the leak check."""

    refit: date | None

    def __str__(self) -> str:
        return "leaks" if self.refit is None else self.refit.isoformat()

    @classmethod
    def parse(cls, text: str) -> Unit:
        """What `str` gives, read back. Raises ValueError for anything else."""
        return cls(None if text == "leaks" else date.fromisoformat(text))

    @property
    def result(self) -> str:
        """The file by which it counts as done: it is written last, and once."""
        return "leakcheck.json" if self.refit is None else f"folds/{self.refit}/fold.json"

    @property
    def failure(self) -> str:
        """The file that says why it could not be done."""
        return "leaks_failed.txt" if self.refit is None else f"folds/{self.refit}/failed.txt"


LEAKS = Unit(None)


class Folder:
    """The folder of a backtest in the bucket."""

    def __init__(self, bucket: ObjectStore, backtest_id: str) -> None:
        self._bucket = bucket
        self._root = f"{ROOT}/{backtest_id}"

    def put(self, name: str, body: bytes) -> None:
        put_whole(self._bucket, f"{self._root}/{name}", body)

    def put_once(self, name: str, body: bytes) -> None:
        """Put what is there for good: of several who do so the first one's stays."""
        put_once(self._bucket, f"{self._root}/{name}", body)

    def get(self, name: str) -> bytes:
        """Raises FileNotFoundError where there is nothing of this name."""
        return read(self._bucket, f"{self._root}/{name}")

    def has(self, name: str) -> bool:
        return exists(self._bucket, f"{self._root}/{name}")

    def plan(self) -> Plan:
        """Raises BadInput where it does not fit, FileNotFoundError where there is none."""
        try:
            return Plan.of(json.loads(self.get("plan.json")))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            hint = f"Remove {self._root} from the bucket, and start the backtest again."
            raise BadInput(f"The plan of {self._root} does not fit: {error}.", hint=hint) from None

    def write_plan(self, plan: Plan) -> None:
        self.put("plan.json", json.dumps(plan.as_dict(), indent=1, sort_keys=True).encode())

    def done(self, unit: Unit) -> bool:
        """Whether a unit is there: its result is written last."""
        return self.has(unit.result)

    def missing(self, units: Sequence[Unit]) -> list[Unit]:
        """Those of these units that are not there; of all folds by one look."""
        there = {found["path"].removeprefix(f"{self._root}/") for found in listed(self._bucket, f"{self._root}/folds")}
        return [unit for unit in units if not (unit.result in there or (unit.refit is None and self.has(unit.result)))]

    def tell(self, unit: Unit, cause: str) -> None:
        """Keep why a unit could not be done."""
        self.put(unit.failure, cause.encode())

    def cause(self, unit: Unit) -> str:
        """Why a unit could not be done, as far as that was told."""
        try:
            return self.get(unit.failure).decode()
        except FileNotFoundError:
            return "its workflow ended, and did not say how"

    def fold(self, refit: date) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
        """The facts, what was said, and the summary of a fold."""
        facts, said = (pq.read_table(pa.BufferReader(self.get(f"folds/{refit}/{name}.parquet"))) for name in ("facts", "said"))
        return facts, said, json.loads(self.get(f"folds/{refit}/fold.json"))


@dataclass(frozen=True)
class OnRecord:
    """The backtests of a bucket, oldest first, and why some cannot be read: those of another version, or damaged ones."""

    plans: list[Plan]
    unreadable: dict[str, str]


def backtests(bucket: ObjectStore) -> OnRecord:
    """Every backtest of the bucket."""
    found = OnRecord([], {})
    for folder in level(bucket, ROOT)[0]:
        backtest_id = folder.rpartition("/")[2]
        try:
            found.plans.append(Folder(bucket, backtest_id).plan())
        except FileNotFoundError:
            continue  # it was killed before it had a plan
        except BadInput as error:
            found.unreadable[backtest_id] = error.message
    found.plans.sort(key=lambda plan: (plan.created_at, plan.backtest_id))
    return found


def plan_of(
    systems: Sequence[System],
    start: date,
    end: date,
    *,
    refit_days: int = 7,
    before_minutes: int = 0,
    min_minutes: float = 8.0,
    leak_days: int = LEAK_DAYS,
) -> Plan:
    """A plan that has no id yet."""
    return Plan("", start, end, refit_days, before_minutes, tuple(systems), min_minutes, leak_days, FEATURE_VERSION)


def finish(bucket: ObjectStore, plan: Plan) -> Plan:
    """Mark a backtest as finished, with the number of columns in which its leak check found a leak: it is not resumed any more, and gates
    rest on it, or refuse for its leaks."""
    found = sum(len(check["findings"]) for check in leaks(bucket, plan))
    finished = replace(plan, state="finished", leaks_found=found)
    Folder(bucket, plan.backtest_id).write_plan(finished)
    return finished


def results(bucket: ObjectStore, plan: Plan) -> tuple[pa.Table, pa.Table]:
    """The facts and what was said, over all folds. Raises NotReady where nobody said anything on any day."""
    folder = Folder(bucket, plan.backtest_id)
    parts = [folder.fold(refit) for refit, _ in plan.folds]
    facts = [facts for facts, _, _ in parts if facts.num_rows]
    said = [said for _, said, _ in parts if said.num_rows]
    if not said:
        held = sorted({name for _, _, summary in parts for name in summary["held_back"]})
        why = f"the batch guard held back {', '.join(held)}" if held else "nobody was fit to be predicted"
        raise NotReady(f"Nobody said anything in {plan.backtest_id}: {why}.", hint="Other days, or other systems, may have something.")
    return pa.concat_tables(facts, promote_options="default"), pa.concat_tables(said, promote_options="default")


def leaks(bucket: ObjectStore, plan: Plan) -> list[dict[str, Any]]:
    """What the leak check of a backtest found, a document a day."""
    found: list[dict[str, Any]] = json.loads(Folder(bucket, plan.backtest_id).get("leakcheck.json"))
    return found


def summary_of(plan: Plan, folder: Folder) -> dict[str, Any]:
    """Over all folds: how many, how long, what was set apart and held back, who was absent; who was refused in which fold, and why."""
    summaries = [folder.fold(refit)[2] for refit, _ in plan.folds]
    total: dict[str, Any] = {"folds": len(summaries)}
    for name in ("seconds_to_fit", "seconds_to_predict"):
        total[name] = sum(one[name] for one in summaries)
    if all("in_play" in one for one in summaries):
        total["in_play"] = sum(one["in_play"] for one in summaries)
    for name in ("held_back", "absences"):
        keys = sorted({key for one in summaries for key in one[name]})
        total[name] = {key: sum(one[name].get(key, 0) for one in summaries) for key in keys}
    refused: dict[str, dict[str, str]] = {}
    for one in summaries:
        for system_id, why in one["refused"].items():
            refused.setdefault(system_id, {})[one["refit"]] = why
    total["refused"] = refused
    return total
