"""What is told of the house while others work: alerts, credits, runs, batches, processes, what is expected, which
messages did not arrive. The state database alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from tipoff.clock import Clock, game_date_of
from tipoff.config import Settings
from tipoff.flow.alerts import Alert, alerts
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.credits import Credits, Spent
from tipoff.flow.day_story import day_story, upcoming
from tipoff.flow.dead_letter_log import DeadLetter, dead_letters
from tipoff.flow.deliveries import Undelivered, undelivered
from tipoff.flow.expected import Expected, expected_outputs
from tipoff.flow.game_days import next_game_day
from tipoff.flow.halts import active
from tipoff.flow.processes import Worker, workers
from tipoff.flow.state import Run, State
from tipoff.flow.verdict import Verdict, verdict


@dataclass(frozen=True)
class Overview:
    """Newest first; `verdict` and `expected` are of `game_date`: the day asked for, else today; of the alerts those that have not
    recovered, of the dead letters those that wait, the oldest first."""

    game_date: date
    verdict: Verdict
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
            "game_date": self.game_date,
            "verdict": {**asdict(self.verdict), "all_right": self.verdict.all_right},
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
    """Whether a game day (None: today's) is all right and what should exist of it beside what does; what alerts, what was spent, the newest
    runs and batches (of the day, where one is asked for), who is at work."""
    now = clock.now()
    day = game_date or game_date_of(now)
    cells = expected_outputs(state, day)
    return Overview(
        day,
        judged(state, settings, now, day, cells),
        alerts(state, now_only=True),
        Credits(state, clock, settings).spent(),
        state.runs(last),
        batches(state, game_date, last=200),
        workers(state),
        cells,
        dead_letters(state),
        undelivered(state),
    )


def judged(state: State, settings: Settings, now: datetime, game_date: date, cells: list[Expected]) -> Verdict:
    """The verdict on a game day, from what stands in the state database at a moment (UTC)."""
    story = day_story(state, settings, now, game_date)
    return verdict(
        game_date,
        now,
        cells,
        halt=active(state, now, game_date),
        alerts=alerts(state, now_only=True),
        batches=batches(state, game_date),
        workers=workers(state),
        upcoming=upcoming(story),
        games_known=len(story.games),
        next_games=next_game_day(state, game_date),
    )
