"""What is told of the house while others work: runs, batches, processes, what is expected. From the state database alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from tipoff.flow.batches import Batch, batches
from tipoff.flow.engine import Worker, workers
from tipoff.flow.expected import Expected, expected_outputs
from tipoff.flow.state import Run, State


@dataclass(frozen=True)
class Overview:
    """Newest first; `expected` is of the day asked for."""

    runs: list[Run]
    batches: list[Batch]
    workers: list[Worker]
    expected: list[Expected]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "runs": [asdict(run) for run in self.runs],
            "batches": [batch.as_dict() for batch in self.batches],
            "workers": [asdict(worker) for worker in self.workers],
            "expected": [asdict(cell) for cell in self.expected],
        }


def overview(state: State, game_date: date | None = None, last: int = 40) -> Overview:
    """The newest runs and batches, who is at work, and of a game day what should exist beside what does."""
    return Overview(
        state.runs(last), batches(state, game_date, last=200), workers(state), expected_outputs(state, game_date) if game_date else []
    )
