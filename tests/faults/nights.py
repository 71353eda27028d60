"""The practice league's night, run as an operator would: `flow.night.night`, with a warehouse, a bucket and a state of its own.

What is done to a warehouse is done in its file, as a fault would leave it there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.house import House, open_house
from tipoff.flow.night import Night, night
from tipoff.flow.state import Run
from tipoff.predict.activate import PREDICTIONS
from tipoff.publish.documents import Tonight
from tipoff.publish.write import get, tonight_path
from train import practice_house

SAID = (PREDICTIONS, "predictions.absences")


@dataclass(frozen=True)
class Evening:
    """The open house before the night: history and tonight's lines are loaded, the fleet is trained, nothing is predicted."""

    house: House
    path: Path

    def spoil(self, *statements: str) -> None:
        """Run SQL on the warehouse's file."""
        with duckdb.connect(str(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def night(self) -> Night:
        return night(self.house, practice_house.NIGHT)

    def runs(self) -> dict[str, Run]:
        """The newest run of each phase."""
        return {run.phase: run for run in reversed(self.house.state.runs())}

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.house.warehouse.read(table).to_pylist()
        return found

    def document(self) -> Tonight:
        """What readers see of the night."""
        return Tonight.model_validate_json(get(self.house.bucket, tonight_path(practice_house.NIGHT)) or b"")


@contextmanager
def evening(folder: Path) -> Iterator[Evening]:
    """The evening, in a folder."""
    stage = practice_house.predicted().stage
    shutil.copy(stage.warehouse.path, folder / "warehouse.duckdb")
    shutil.copytree(stage.folder / "bucket" / "models", folder / "models")
    settings = load_settings(data_dir=folder).model_copy(update={"league": "practice"})
    with open_house(settings, ManualClock(practice_house.MORNING)) as house:
        found = Evening(house, folder / "warehouse.duckdb")
        found.spoil(*(f"DELETE FROM {table}" for table in SAID))
        yield found


@contextmanager
def reopened(kept: Path, folder: Path, at: datetime) -> Iterator[Evening]:
    """A copy of an evening's folder, to be changed, at a moment."""
    shutil.copytree(kept, folder)
    settings = load_settings(data_dir=folder).model_copy(update={"league": "practice"})
    with open_house(settings, ManualClock(at)) as house:
        yield Evening(house, folder / "warehouse.duckdb")
