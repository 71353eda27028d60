"""What is told of the house while others work: alerts, credits, runs, batches, processes, what is expected, which
messages did not arrive. The state database alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.flow.alerts import Alert, alerts
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.credits import Credits, Spent
from tipoff.flow.dead_letter_log import DeadLetter, dead_letters
from tipoff.flow.deliveries import Undelivered, undelivered
from tipoff.flow.engine import Worker, workers
from tipoff.flow.expected import Expected, expected_outputs
from tipoff.flow.state import Run, State


@dataclass(frozen=True)
class Overview:
    """Newest first; `expected` is of the day asked for; of the alerts those that have not recovered, of the dead letters those that
    wait, the oldest first."""

    alerts: list[Alert]
    credits: Spent
    runs: list[Run]
    batches: list[Batch]
    workers: list[Worker]
    expected: list[Expected]
    dead_letters: list[DeadLetter]
    undelivered: list[Undelivered]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "alerts": [asdict(alert) for alert in self.alerts],
            "credits": asdict(self.credits),
            "runs": [asdict(run) for run in self.runs],
            "batches": [batch.as_dict() for batch in self.batches],
            "workers": [asdict(worker) for worker in self.workers],
            "expected": [asdict(cell) for cell in self.expected],
            "dead_letters": [letter.as_dict() for letter in self.dead_letters],
            "undelivered": [asdict(waiting) for waiting in self.undelivered],
        }


def overview(state: State, clock: Clock, settings: Settings, game_date: date | None = None, last: int = 40) -> Overview:
    """What alerts, what was spent, the newest runs and batches, who is at work, and of a game day what should exist beside what does."""
    return Overview(
        alerts(state, now_only=True),
        Credits(state, clock, settings).spent(),
        state.runs(last),
        batches(state, game_date, last=200),
        workers(state),
        expected_outputs(state, game_date) if game_date else [],
        dead_letters(state),
        undelivered(state),
    )
