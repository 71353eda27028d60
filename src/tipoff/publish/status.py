"""The status document: what the phases of each date's last run did, as the caller tells it.

Knows run rows as plain values. It must never know where runs are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from obstore.store import ObjectStore

from tipoff.clock import as_utc
from tipoff.publish.documents import Document, Figure, Halt, League, Shape, State
from tipoff.publish.write import canonical, put, schema_of

STATUS = "v1/status.json"


@dataclass(frozen=True)
class PhaseRun:
    """One phase of one run. `status` as completion messages have it: success, partial, no_data, failed; or running."""

    run_id: str
    game_date: date
    phase: str
    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None


class Phase(Shape):
    """What one phase did."""

    phase: str
    status: str
    counts: dict[str, int]
    started_at: datetime | None
    finished_at: datetime | None
    seconds: Figure | None
    error: str | None


class DateStatus(Shape):
    """A date's last run."""

    game_date: date
    run_id: str
    status: str
    phases: list[Phase]


class Status(Document):
    """The last run of every date, newest date first."""

    dates: list[DateStatus]


def publish_status(
    bucket: ObjectStore, runs: Iterable[PhaseRun], *, generated_at: datetime, league: League = "nba", halt: Halt | None = None
) -> Status:
    """Publish `v1/status.json`. Of each date the run that began last counts; its phases stand in the order in which they began.

    Raises ConfigError where the bucket does not take it.
    """
    dates = [_date(day, rows) for day, rows in sorted(_by_date(runs).items(), reverse=True)]
    finished = [phase.finished_at for entry in dates for phase in entry.phases if phase.finished_at is not None]
    stopped = halt or Halt()
    document = Status(
        league=league,
        generated_at=as_utc(generated_at),
        data_as_of=max(finished, default=None),
        halt=stopped,
        state=_state(dates, stopped),
        state_detail=None if dates else "nothing has run yet",
        dates=dates,
    )
    put(bucket, "v1/schemas/status.json", schema_of(Status, "status"))
    put(bucket, STATUS, canonical(document))
    return document


def _by_date(runs: Iterable[PhaseRun]) -> dict[date, list[PhaseRun]]:
    """The phases of each date's last run."""
    found: dict[date, dict[str, list[PhaseRun]]] = {}
    for run in runs:
        found.setdefault(run.game_date, {}).setdefault(run.run_id, []).append(run)
    return {day: max(by_run.values(), key=lambda rows: (max(map(_began, rows)), rows[0].run_id)) for day, by_run in found.items()}


def _began(run: PhaseRun) -> float:
    return as_utc(run.started_at).timestamp() if run.started_at is not None else float("-inf")


def _date(day: date, rows: list[PhaseRun]) -> DateStatus:
    phases = [_phase(row) for row in sorted(rows, key=lambda row: (_began(row), row.phase))]
    statuses = {phase.status for phase in phases}
    worst = next((status for status in ("failed", "running", "partial", "success") if status in statuses), "no_data")
    return DateStatus(game_date=day, run_id=rows[0].run_id, status=worst, phases=phases)


def _phase(run: PhaseRun) -> Phase:
    started = as_utc(run.started_at) if run.started_at is not None else None
    finished = as_utc(run.finished_at) if run.finished_at is not None else None
    return Phase(
        phase=run.phase,
        status=run.status,
        counts=dict(sorted(run.counts.items())),
        started_at=started,
        finished_at=finished,
        seconds=(finished - started).total_seconds() if started and finished else None,
        error=run.error,
    )


def _state(dates: list[DateStatus], halt: Halt) -> State:
    """Of the newest date: halted, broken where a phase failed, no_games where nothing had data, else ok."""
    if halt.active:
        return "halted"
    if not dates or dates[0].status == "no_data":
        return "no_games"
    return "broken" if dates[0].status == "failed" else "ok"
