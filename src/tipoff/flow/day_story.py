"""The story of a game day: what was planned, what happened, and what is next, from the state database alone.

Comes in: a state database, settings, a day. Goes out: moments in the order of time: asks, a row a moment and feed; tasks; batches; alerts.
It must never open the warehouse: `tipoff day`, `status` and the pages tell it while others work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from tipoff.clock import local_instant
from tipoff.config import Settings
from tipoff.flow.alerts import Alert, alerts
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.day import Task, tasks_due
from tipoff.flow.expected import expected_outputs
from tipoff.flow.game_days import games_around, tasks_of
from tipoff.flow.plan import Ask, PlannedGame, capture_plan, due, still_needed
from tipoff.flow.scraping import asks_on_record
from tipoff.flow.state import State
from tipoff.flow.verdict import Next

Mark = Literal["done", "failed", "missed", "running", "reset", "due", "planned", "began", "over"]
Kind = Literal["ask", "task", "batch", "alert"]
_OF_ASKS: dict[str, Mark] = {"asked": "done", "failed": "failed", "missed": "missed", "again": "failed"}
_OF_BATCHES: dict[str, Mark] = {
    "complete": "done",
    "failed": "failed",
    "parked": "failed",
    "timeout": "failed",
    "processing": "running",
    "waiting": "running",
    "reset": "reset",
}
_ALERTS_UNTIL = time(12, 0)
"""Of the next day (New York): until then an alert may be of the night."""


@dataclass(frozen=True)
class Moment:
    """Something at a moment (UTC). `marks` counts what it is made of: of asks, the documents by what came of them."""

    at: datetime
    kind: Kind
    name: str
    mark: Mark
    detail: str = ""
    games: tuple[str, ...] = ()
    marks: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """A game day. `next` is the first that is still to come."""

    game_date: date
    games: list[PlannedGame]
    moments: list[Moment]

    @property
    def upcoming(self) -> list[Moment]:
        """What is planned, or due and not yet done, in order."""
        return [moment for moment in self.moments if moment.mark in ("due", "planned")]

    @property
    def next(self) -> Moment | None:
        return next(iter(self.upcoming), None)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "game_date": self.game_date,
            "games": [{"game_id": game.game_id, "tip": game.tip} for game in self.games],
            "moments": [asdict(moment) for moment in self.moments],
            "next": asdict(self.next) if self.next else None,
        }


def day_story(state: State, settings: Settings, now: datetime, game_date: date) -> Story:
    """The plan of a game day (New York), and what happened of it by `now` (UTC)."""
    games = games_around(state, game_date, game_date).get(game_date, [])
    record = asks_on_record(state, game_date)
    tasks = tasks_of(state, settings, game_date)
    final = {cell.game_id for cell in expected_outputs(state, game_date) if cell.phase == "box" and cell.is_there}
    plan = still_needed(capture_plan(game_date, games, settings), games, final)
    begins, ends = local_instant(game_date, time(0)), local_instant(game_date + timedelta(days=1), _ALERTS_UNTIL)
    moments = [
        *_asks(plan, [row for row in record if not _is_task(row)], now),
        *_tasks(tasks, [row for row in record if _is_task(row)], now),
        *(_batch(batch) for batch in batches(state, game_date)),
        *_alerts(alerts(state), begins, ends),
    ]
    return Story(game_date, games, sorted(moments, key=lambda moment: (moment.at, _KINDS.index(moment.kind), moment.name)))


def upcoming(story: Story) -> list[Next]:
    """What is still to come, in words."""
    return [Next(moment.at, moment.detail if moment.kind == "task" else f"ask for {moment.name}") for moment in story.upcoming]


def _is_task(row: dict[str, Any]) -> bool:
    return row["feed"].partition(":")[0] in ("slate", "grade", "train")


def _asks(plan: Sequence[Ask], record: Iterable[dict[str, Any]], now: datetime) -> list[Moment]:
    """A row a moment and feed. What is on record and not in the plan was asked by hand, or of a game whose tip has moved."""
    marks: dict[tuple[datetime, str], dict[str, Mark]] = {}
    errors: dict[tuple[datetime, str], str] = {}
    record = list(record)
    _, passed = due(plan, now, {(row["feed"], row["game_id"], row["at"]) for row in record})
    for ask in plan:
        mark: Mark = "planned" if ask.at > now else "missed" if ask in passed else "due"
        marks.setdefault((ask.at, ask.feed), {})[ask.game_id] = mark
    for row in record:
        marks.setdefault((row["at"], row["feed"]), {})[row["game_id"]] = _OF_ASKS[row["state"]]
        if row["error"] and row["state"] != "missed":
            errors.setdefault((row["at"], row["feed"]), row["error"])
    found = []
    for (at, feed), of_games in marks.items():
        counted: Counter[str] = Counter(of_games.values())
        worst = next(mark for mark in _WORST if counted[mark])
        games = tuple(sorted(game for game in of_games if game))
        found.append(Moment(at, "ask", feed, worst, errors.get((at, feed), ""), games, dict(counted)))
    return found


def _tasks(plan: Sequence[Task], record: Iterable[dict[str, Any]], now: datetime) -> list[Moment]:
    rows = {(row["feed"], row["game_id"], row["at"]): row for row in record}
    _, passed = tasks_due(plan, now, rows.keys())
    found = []
    for task in plan:
        row = rows.pop(task.key, None)
        mark: Mark = _OF_ASKS[row["state"]] if row else "planned" if task.at > now else "missed" if task in passed else "due"
        found.append(Moment(task.at, "task", task.feed, mark, task.why, task.game_ids))
    found += [Moment(row["at"], "task", row["feed"], _OF_ASKS[row["state"]], row["error"] or "") for row in rows.values()]
    return found


def _batch(batch: Batch) -> Moment:
    systems = batch.progress.get("stands", {}).get("systems") or {}
    said = f"{sum(one.get('predicted', 0) for one in systems.values()):,} predictions by {len(systems)} systems" if systems else ""
    counts = batch.counts
    loaded = f"{counts['documents']:,} documents, {counts.get('rows_inserted', 0):,} new rows" if "documents" in counts else ""
    at = batch.started_at or batch.not_before or batch.created_at
    detail = "; ".join(part for part in (batch.cause, said or loaded, batch.error or "") if part)
    return Moment(at, "batch", batch.batch_id, _OF_BATCHES[batch.state], detail, _games_of(batch))


def _games_of(batch: Batch) -> tuple[str, ...]:
    """The games that a slate's run modes are meant for; empty where that is all."""
    meant = list((batch.asked.get("modes") or {}).values())
    return () if None in meant else tuple(sorted({game for games in meant for game in games}))


def _alerts(found: Iterable[Alert], begins: datetime, ends: datetime) -> list[Moment]:
    moments = []
    for alert in found:
        if begins <= alert.first_at < ends:
            moments.append(Moment(alert.first_at, "alert", alert.key, "began", alert.text))
        if alert.recovered_at and begins <= alert.recovered_at < ends:
            moments.append(Moment(alert.recovered_at, "alert", alert.key, "over", alert.text))
    return moments


_KINDS: tuple[Kind, ...] = ("ask", "task", "batch", "alert")
_WORST: tuple[Mark, ...] = ("failed", "due", "planned", "done", "missed")
"""What stands for several asks of one moment, the worst first."""
