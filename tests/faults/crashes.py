"""A scenario with a kill at each of its durable boundaries, one after another, and what was left each time compared with the undisturbed.

A stage is what happens up to a step of the workflow, or up to its end. Each kill begins with the data directory of one that died right
before that stage, and not from the beginning; another process takes over what is left, and dies right before the next stage. What stands
then must equal what stands there when nobody was killed within the stage; so, stage by stage, the end is that of the undisturbed run, which
is compared too. Compared are every row of the warehouse but for who wrote it, every object of the bucket, and what is on record of batches,
messages and steps.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

import tipoff
from faults.boundaries import OVER, SEEN, WITHIN, Boundary
from postgres import Postgres
from tipoff.config import load_settings
from tipoff.flow.batch_log import BATCHES
from tipoff.flow.dead_letter_log import DEAD_LETTERS
from tipoff.flow.state import RUNS

SCRIPT = Path(__file__).with_name("boundaries.py")
TESTS = Path(__file__).parent.parent
SOURCE = Path(tipoff.__file__).parent.parent
VOLATILE = {"written_at", "run_id"}
"""Columns that say who wrote a row, and when by the wall clock."""
STAGED = re.compile(r"#\d+$")
"""A name under which the store writes an object before it is whole: what a kill leaves of one that was being written beside."""
ASIDE = {"v1/status.json"}
"""Documents that tell of runs, and so of the one that was killed."""


@dataclass(frozen=True)
class Scenario:
    """A batch, or a round of ticks, that is asked for at a moment that stands still."""

    feed: str
    day: date
    at: datetime
    asked: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A data directory, and where its state database lies if not there."""

    folder: Path
    server: Postgres | None = None
    database: str | None = None


class Workshop:
    """Where the processes come from, and copies of places."""

    def __init__(self, folder: Path) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        self._parent = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env=known | {"PYTHONPATH": os.pathsep.join((str(SOURCE), str(TESTS)))},
        )
        self._folder = folder
        self._numbers = count()

    def copy(self, place: Place) -> Place:
        """The same data directory and state, to be changed."""
        folder = self._folder / f"place{next(self._numbers)}"
        shutil.copytree(place.folder, folder)
        if place.server is None or place.database is None:
            return Place(folder)
        return Place(folder, place.server, place.server.copied(place.database))

    def drop(self, place: Place) -> None:
        shutil.rmtree(place.folder)
        if place.server is not None and place.database is not None:
            place.server.drop(place.database)

    def run(self, place: Place, scenario: Scenario, until: Boundary | None = None) -> None:
        """A process works there until all is over, or until it is killed at a boundary."""
        run = {
            "folder": str(place.folder),
            "database": place.database,
            "feed": scenario.feed,
            "day": scenario.day.isoformat(),
            "at": scenario.at.isoformat(),
            "asked": scenario.asked,
            "settings": scenario.settings,
            "boundary": [until.write, until.nth] if until else None,
        }
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{json.dumps(run)}\n")
        self._parent.stdin.flush()
        ended = int(self._parent.stdout.readline())
        assert ended == (-signal.SIGKILL if until else 0), f"{until or OVER}: it ended with {ended}"

    def dismiss(self) -> None:
        with self._parent:
            self._parent.kill()


@dataclass(frozen=True)
class Stage:
    """The boundaries of a stage in their order, and before which one it begins (None: from the beginning)."""

    before: Boundary | None
    boundaries: list[Boundary]


def stages(seen: list[Boundary]) -> list[Stage]:
    """A run's boundaries, parted before the first of each step, and before the end."""
    found = [Stage(None, [])]
    step = ""
    for boundary in seen:
        this = boundary.step or step
        if this != step or boundary.write == OVER:
            found.append(Stage(boundary, []))
            step = this
        found[-1].boundaries.append(boundary)
    return found


def crash_everywhere(
    workshop: Workshop, prepared: Place, scenario: Scenario, kinds: Callable[[Boundary], bool] = lambda _: True
) -> tuple[list[Boundary], Place]:
    """Kill a process at each boundary of a scenario, of those `kinds`; the boundaries, and what is left in the end. Raises AssertionError
    where that is ever anything else than without kills."""
    undisturbed = workshop.copy(prepared)
    workshop.run(undisturbed, scenario)
    seen = [Boundary(*entry) for entry in json.loads((undisturbed.folder / SEEN).read_text())]
    parted = stages(seen)
    here = workshop.copy(prepared)
    for number, stage in enumerate(parted):
        follows = parted[number + 1].before if number + 1 < len(parted) else None
        there = workshop.copy(here)
        workshop.run(there, scenario, until=follows)
        stands = standing(there)
        for boundary in stage.boundaries:
            if boundary == stage.before or not kinds(boundary):
                continue  # the first is where they were killed to begin with
            left = workshop.copy(here)
            workshop.run(left, scenario, until=boundary)
            workshop.run(left, scenario, until=follows)
            otherwise = differences(standing(left), stands)
            assert otherwise == {}, f"killed before {boundary.write} ({boundary.nth}): {otherwise}"
            workshop.drop(left)
        workshop.drop(here)
        here = there
    assert differences(standing(here), standing(undisturbed)) == {}
    check_over(here, scenario)
    return seen, here


def of_state(boundary: Boundary) -> bool:
    """Whether it lies before a write to the state database: before the others, what lies there is as before the next of these."""
    return not boundary.write.rpartition(WITHIN)[2].startswith(("put ", "warehouse"))


def standing(place: Place) -> dict[str, Any]:
    """What stands in a place, but for who wrote it: comparable, and readable where two differ."""
    return {**_tables(place.folder / "warehouse.duckdb"), **_objects(place.folder), **_records(place)}


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What stands otherwise, by name: as it is, and as it should be."""
    names = sorted(found.keys() | wanted.keys())
    return {name: _apart(found.get(name), wanted.get(name)) for name in names if found.get(name) != wanted.get(name)}


def _apart(found: Any, wanted: Any) -> tuple[Any, Any]:
    """Of two lists what only one of them has."""
    if isinstance(found, list) and isinstance(wanted, list):
        here, there = Counter(found), Counter(wanted)
        return list((here - there).elements()), list((there - here).elements())
    return found, wanted


def _tables(path: Path) -> dict[str, Any]:
    """By table its rows' number and digest; of those that are few and tell the story the rows themselves."""
    found: dict[str, Any] = {}
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        for schema, table in tables:
            name = f"{schema}.{table}"
            columns = [row[0] for row in connection.execute(f"SELECT column_name FROM (DESCRIBE {name})").fetchall()]
            kept = ", ".join(f'"{column}"' for column in columns if column not in VOLATILE)
            if name == "ops.outbox":
                rows = connection.execute(f"SELECT body, sent_at IS NOT NULL FROM {name}").fetchall()
                found[name] = sorted((_news(body), sent) for body, sent in rows)
            elif name == "ops.generations":
                told = "CASE WHEN kind = 'publish' AND scope IN ('systems', 'record') THEN 'when the record was written' ELSE made_from END"
                rows = connection.execute(f"SELECT scope, kind, generation, {told} FROM {name} WHERE kind NOT LIKE 'load:%'").fetchall()
                found[name] = sorted(rows)
            else:
                found[name] = connection.execute(f"SELECT count(*), sum(hash({kept})::HUGEINT) FROM {name}").fetchone()
    return found


def _news(body: str) -> str:
    """A message but for the ids of who sent it: who takes over is another holder."""
    told = {name: value for name, value in json.loads(body).items() if name not in ("execution_id", "correlation_id")}
    return json.dumps(told, sort_keys=True)


def _objects(folder: Path) -> dict[str, Any]:
    beside = ("warehouse.", "state.", SEEN)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.relative_to(folder).as_posix().startswith(beside)]
    files = [path for path in files if not STAGED.search(path.name)]
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: "" if name in ASIDE else path.read_bytes() for name, path in sorted(named.items())}


def _records(place: Place) -> dict[str, Any]:
    """Batches by feed, day and state, runs by phase and state, dead letters, and the steps that DBOS has on record."""
    engine = sa.create_engine(load_settings(data_dir=place.folder, database=place.database).database_url)
    steps = "operation_outputs" if place.database is None else "dbos.operation_outputs"
    try:
        with engine.connect() as connection:
            lost = BATCHES.c.state == "timeout"  # its place was taken by another, which stands there as well
            batches = connection.execute(sa.select(BATCHES.c.feed, BATCHES.c.game_date, BATCHES.c.state).where(~lost)).all()
            runs = connection.execute(sa.select(RUNS.c.run_id, RUNS.c.phase, RUNS.c.status)).all()
            dead = connection.execute(sa.select(sa.func.count()).select_from(DEAD_LETTERS)).scalar_one()
            recorded = connection.exec_driver_sql(f"SELECT workflow_uuid, function_id, function_name FROM {steps}").all()
    finally:
        engine.dispose()
    return {
        "batches": sorted(map(tuple, batches)),
        "runs": sorted(map(tuple, runs)),
        "dead letters": dead,
        "steps": sorted(map(tuple, recorded)),
    }


def check_over(place: Place, scenario: Scenario) -> None:
    """Every batch of the scenario is complete, and those that it led to wait; every message is sent, and none is a dead letter."""
    found = standing(place)
    assert {state for feed, _, state in found["batches"] if feed == scenario.feed} <= {"complete"}
    assert {state for feed, _, state in found["batches"]} <= {"complete", "waiting"}
    assert found["dead letters"] == 0
    assert all(sent for _, sent in found["ops.outbox"])


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Where the processes come from."""
    found = Workshop(tmp_path_factory.mktemp("crashes"))
    yield found
    found.dismiss()
