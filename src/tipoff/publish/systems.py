"""The documents of the fleet: how each system stands now, and how it fared day by day.

In: the models in service, and the daily record of performance. Out: documents. It must never know how health is judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import ibis.expr.types as ir
from obstore.store import ObjectStore

from tipoff.clock import as_utc
from tipoff.predict.guard import days_since, staleness
from tipoff.publish.documents import Document, Figure, Halt, League, Shape, State
from tipoff.publish.reads import Row
from tipoff.publish.write import put, put_news, schema_of
from tipoff.store.warehouse import Work, day_of

HEALTH, PERFORMANCE = "v1/systems/model-health.json", "v1/systems/performance.json"
DAYS = 60
"""So many days of performance are told."""
WINDOWS = (7, 14, 30)
Word = Literal["INSUFFICIENT_DATA", "BLOCKED", "DEGRADING", "WATCH", "HEALTHY"]


class Window(Shape):
    """Decided bets at real prices of so many days: the rate with its Wilson interval, beside the mean of 1 / price of the same bets."""

    days: int
    n: int
    hit_rate: Figure | None
    low: Figure | None
    high: Figure | None
    break_even: Figure | None


class GateShown(Shape):
    """One gate of those on which the model was last raised."""

    source: str
    name: str
    verdict: str
    value: Figure | None
    threshold: Figure | None
    n: int | None
    words: str | None = None


class Standing(Shape):
    """A model that is not retired."""

    model_id: str
    system_id: str
    state: str
    state_since: datetime | None
    trained_until: date | None
    days_since_training: int | None
    training_alert: Literal["notice", "warning", "critical"] | None
    serves: bool


class Change(Shape):
    """A person's decision, or a rule's, on a model's state."""

    changed_at: datetime
    model_id: str
    from_state: str | None
    to_state: str
    changed_by: str | None
    reason: str | None


@dataclass(frozen=True)
class Judged:
    """What the fleet's own room says beside the models: what the gates answer now by system, models, changes; rows as plain values."""

    gates: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    models: Sequence[Row] = ()
    changes: Sequence[Row] = ()


class ModelHealth(Shape):
    """One system in service. `health` is judged on the shortest window that says something, of `health_days`; None before its first grade.
    `bootstrap`: it stands for the slate and has not passed its gates."""

    system_id: str
    model_id: str
    family: str | None
    feature_set: str | None
    state: str
    state_since: datetime | None
    trained_from: date | None
    trained_until: date | None
    rows: int | None
    days_since_training: int | None
    training_alert: Literal["notice", "warning", "critical"] | None
    headline: bool
    bootstrap: bool
    health: Word | None
    health_days: int | None
    health_of: date | None
    windows: list[Window]
    n_error: int | None
    mae: Figure | None
    bias: Figure | None
    n_brier: int | None
    brier: Figure | None
    gates: list[GateShown]
    judged: list[GateShown] = []


class Health(Document):
    """Every system in service as of a day; every model that is not retired, and the last changes of a state, newest first. Of a system
    `gates` are what the gates said when its model was last raised, `judged` what they say of the evidence at hand."""

    as_of_date: date
    systems: list[ModelHealth]
    models: list[Standing] = []
    changes: list[Change] = []


class PerformanceDay(Shape):
    """How a system stood up to and with a day; errors are of 30 days."""

    game_date: date
    health: Word | None
    state: str | None
    windows: list[Window]
    n_error: int | None
    mae: Figure | None
    bias: Figure | None
    n_brier: int | None
    brier: Figure | None


class SystemPerformance(Shape):
    """One system's days, newest first."""

    system_id: str
    days: list[PerformanceDay]


class Pair(Shape):
    """Two systems on the same player-games of these days. `margins` is the correlation of predicted - line over `margins_n` of them,
    `errors` that of predicted - actual over `errors_n`, which the outcome that both share makes high; of the `picks_n` on which both took
    a side, `same_side` took the same one, `low` .. `high` its Wilson interval."""

    first: str
    second: str
    margins_n: int
    margins: Figure | None
    errors_n: int
    errors: Figure | None
    picks_n: int
    same_side: Figure | None
    low: Figure | None
    high: Figure | None


class Performance(Document):
    """The last days of every system that was graded, and how alike each two of them are."""

    as_of_date: date
    systems: list[SystemPerformance]
    pairs: list[Pair] = []


def read_performance(work: Work, day: date) -> list[Row]:
    """The daily records of the last days up to and with one, newest first."""
    rows: list[Row] = work.ask(_performance, day, day - timedelta(days=DAYS)).to_pylist()
    return rows


def _performance(work: Work, day: date, since: date) -> ir.Table:
    known = work.table("models.performance_daily")
    mine = known.filter(known.game_date <= day_of(day), known.game_date > day_of(since))
    return mine.order_by([mine.game_date.desc(), "system_id"])


def publish_systems(
    bucket: ObjectStore,
    served: Mapping[str, Row],
    performance: Sequence[Row],
    *,
    day: date,
    generated_at: datetime,
    headline: tuple[str | None, bool],
    league: League,
    halt: Halt,
    pairs: Sequence[Pair] = (),
    judged: Judged | None = None,
) -> tuple[list[str], int]:
    """Publish both documents with their schemas; gives the paths written and their bytes. `served` is the model that speaks for each
    system, `headline` the system that stands for a slate, and whether it does so unproven.

    Raises ConfigError where the bucket does not take one.
    """
    envelope: dict[str, Any] = {
        "league": league,
        "generated_at": as_utc(generated_at),
        "data_as_of": max((row["state_since"] for row in served.values() if row["state_since"]), default=None),
        "halt": halt,
        "as_of_date": day,
    }
    last: dict[str, Row] = {}
    for row in performance:
        last.setdefault(row["system_id"], row)
    judged = judged or Judged()
    state, detail = _state(served, halt, "no system is trained")
    health = Health(
        **envelope,
        state=state,
        state_detail=detail,
        systems=[_health(row, last.get(system_id), day, headline, judged) for system_id, row in sorted(served.items())],
        models=_standing(judged.models, served),
        changes=[Change(**{name: row[name] for name in Change.model_fields}) for row in judged.changes],
    )
    state, detail = _state(last, halt, "nothing has been graded yet")
    record = Performance(**envelope, state=state, state_detail=detail, systems=_days(performance), pairs=list(pairs))
    put(bucket, "v1/schemas/model-health.json", schema_of(Health, "model-health"))
    put(bucket, "v1/schemas/performance.json", schema_of(Performance, "performance"))
    written = {HEALTH: put_news(bucket, HEALTH, health), PERFORMANCE: put_news(bucket, PERFORMANCE, record)}
    return [path for path, size in written.items() if size], sum(written.values())


def _state(found: Mapping[str, Row], halt: Halt, why: str) -> tuple[State, str | None]:
    """A fleet is halted, or well; where there is nothing to tell it says so."""
    if halt.active:
        return "halted", halt.reason
    return ("ok", None) if found else ("nothing_qualified", why)


def _health(model: Row, record: Row | None, day: date, headline: tuple[str | None, bool], judged: Judged) -> ModelHealth:
    days = days_since(model["trained_until"], day)
    leads = model["system_id"] == headline[0]
    same = ("system_id", "model_id", "family", "feature_set", "state", "state_since", "trained_from", "trained_until", "rows")
    told = ("health", "health_days", "n_error", "mae", "bias", "n_brier", "brier")
    return ModelHealth(
        **{name: model[name] for name in same},
        **{name: record[name] if record else None for name in told},
        days_since_training=days,
        training_alert=staleness(days),
        headline=leads,
        bootstrap=leads and headline[1],
        health_of=record["game_date"] if record else None,
        windows=_windows(record) if record else [],
        gates=list(_gates(json.loads(model["gates"]) if model["gates"] else [])),
        judged=list(_gates(judged.gates.get(model["system_id"], []))),
    )


def _windows(record: Row) -> list[Window]:
    figures = ("hit_rate", "low", "high", "break_even")
    return [Window(days=days, n=record[f"n_{days}d"] or 0, **{name: record[f"{name}_{days}d"] for name in figures}) for days in WINDOWS]


def _standing(models: Sequence[Row], served: Mapping[str, Row]) -> list[Standing]:
    serving = {row["model_id"] for row in served.values()}
    rows = sorted(models, key=lambda row: (row["system_id"], row["model_id"]))
    named = [name for name in Standing.model_fields if name != "serves"]
    return [Standing(**{name: row[name] for name in named}, serves=row["model_id"] in serving) for row in rows]


def _gates(verdicts: Iterable[Row]) -> Iterable[GateShown]:
    for verdict in verdicts:
        for gate in verdict["gates"]:
            values = {name: gate.get(name) for name in ("value", "threshold", "n", "words")}
            yield GateShown(source=verdict["source"], name=gate["name"], verdict=gate["verdict"], **values)


def _days(performance: Sequence[Row]) -> list[SystemPerformance]:
    by_system: dict[str, list[PerformanceDay]] = {}
    for row in performance:
        same = ("game_date", "health", "state", "n_error", "mae", "bias", "n_brier", "brier")
        by_system.setdefault(row["system_id"], []).append(PerformanceDay(**{name: row[name] for name in same}, windows=_windows(row)))
    return [SystemPerformance(system_id=system_id, days=days) for system_id, days in sorted(by_system.items())]
