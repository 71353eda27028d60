"""The documents of reports: backtests that ended and findings of research, each by itself and in a list.

In: shapes that are filled already, or a finding as plain values. Out: documents in the bucket; each list is made anew from the documents
that lie there, so that two reports that end at once lose neither. It must never know how a figure is worked out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from obstore.store import ObjectStore
from pydantic import BaseModel, ValidationError

from tipoff.publish.documents import Document, Figure, Halt, League, Shape
from tipoff.publish.record import Bets, Mean, Reliability, Share
from tipoff.publish.write import get, put, put_news, schema_of
from tipoff.store.bucket import level

BACKTESTS, FINDINGS = "v1/backtests/index.json", "v1/findings/index.json"
_NAME = re.compile(r"[^a-z0-9_]+")
Found = TypeVar("Found", bound=BaseModel)


def backtest_path(name: str) -> str:
    """Where the document of a backtest lies."""
    return f"v1/backtests/{name}.json"


def finding_path(name: str) -> str:
    """Where the document of a finding lies."""
    return f"v1/findings/{name}.json"


def document_name(text: str) -> str:
    """An id, as a document may be called: lower case, and a dash for whatever else stands there."""
    return _NAME.sub("-", text.lower()).strip("-_")


class Against(Shape):
    """A loss beside a reference's on the same `n` rows: both means, and the first less the second with its interval:
    below 0 ours errs less."""

    n: int
    ours: Figure | None
    reference: Figure | None
    difference: Figure | None
    low: Figure | None
    high: Figure | None


class PartOf(Shape):
    """One part of a system's bets."""

    by: str
    part: str
    bets: Bets


class Run(Shape):
    """By game date: decided bets with a price, units they won, and units in all up to then."""

    game_date: date
    n: int
    units: Figure
    total: Figure


class Alarm(Shape):
    """A figure that is too good to be believed."""

    of: str
    value: Figure
    threshold: Figure
    n: int


class SystemFigures(Shape):
    """One system of a backtest. `errors` compare points, the rest probabilities of over; `bets` are its recommendations, `sides` a bet on
    every side that it leant to."""

    system_id: str
    models: int
    player_games: int
    n: int
    mae: Figure | None
    bias: Figure | None
    against_line: Against
    against_shifted_line: Against
    against_market: Against
    against_recalibrated: Against
    reliability: Reliability
    bets: Bets
    sides: Bets
    parts: list[PartOf]
    days: list[Run]
    alarms: list[Alarm]


class About(Shape):
    """What a backtest asked, and whether its leak check found anything."""

    name: str
    backtest_id: str
    created_at: datetime | None
    start: date
    end: date
    refit_days: int
    before_minutes: int
    feature_version: str
    folds: int
    leak_days: int
    leaks_found: int


class BacktestReport(Document):
    """A backtest that ended; `first` .. `last` are the days with a row, `played` the player-games with court time among its rows."""

    about: About
    first: date | None
    last: date | None
    player_games: int
    played: int
    lined: int
    over_rate: Share
    systems: list[SystemFigures]


class SystemHeadline(Shape):
    """Of one system what a list shows."""

    system_id: str
    n: int
    mae: Figure | None
    against_market: Against
    hit_rate: Share
    roi: Mean
    alarms: int


class BacktestEntry(Shape):
    """One backtest in the list."""

    about: About
    systems: list[SystemHeadline]


class BacktestList(Document):
    """Every backtest that was published, newest first."""

    backtests: list[BacktestEntry]


class GroupShown(Shape):
    """One figure of one group of rows, with its 95 % interval; `unit` is points, share, stake, brier or slope."""

    name: str
    figure: str
    unit: str
    n: int
    player_games: int
    estimate: float | None
    low: float | None
    high: float | None


class ComparisonShown(Shape):
    """A difference that would be 0 without an effect, with its 95 % interval before correction; `holds` once corrected."""

    name: str
    unit: str
    n: int
    dates: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    claim: str
    holds: bool


class FindingAbout(Shape):
    """Which question, of which days and system, and the sentence that follows by rule."""

    name: str
    question: str
    asks: str
    sentence: str
    start: date
    end: date
    system: str | None
    tested: int


class Finding(Document):
    """The answer to a question. `coverage` counts what it rests on and what was left out; `command` asks it again."""

    about: FindingAbout
    command: str
    coverage: dict[str, int]
    comparisons: list[ComparisonShown]
    groups: list[GroupShown]
    notes: list[str]


class FindingEntry(Shape):
    """One finding in the list."""

    about: FindingAbout
    published_at: datetime
    holding: int


class FindingList(Document):
    """Every finding that was published, newest first."""

    findings: list[FindingEntry]


def publish_backtest(bucket: ObjectStore, report: BacktestReport) -> list[str]:
    """Publish a backtest and the list; gives the paths written. Raises ConfigError where the bucket does not take one."""
    put(bucket, "v1/schemas/backtest.json", schema_of(BacktestReport, "backtest"))
    put(bucket, "v1/schemas/backtests.json", schema_of(BacktestList, "backtests"))
    path = backtest_path(report.about.name)
    written = [path] if put_news(bucket, path, report) else []
    held = _every(bucket, "v1/backtests", BacktestReport)
    entries = [BacktestEntry(about=one.about, systems=[_headline(system) for system in one.systems]) for one in held]
    entries.sort(key=lambda one: (one.about.created_at is not None, one.about.created_at, one.about.name), reverse=True)
    listed = BacktestList(**_envelope(report.generated_at, report.league), backtests=entries)
    return written + ([BACKTESTS] if put_news(bucket, BACKTESTS, listed) else [])


def publish_finding(bucket: ObjectStore, answer: Mapping[str, Any], command: str, *, now: datetime, league: League) -> list[str]:
    """Publish a finding, as its answer has it in plain values, and the list; gives the paths written. Raises as `publish_backtest`."""
    named = (answer["question"], str(answer["start"]), str(answer["end"]), answer["system"] or "")
    name = document_name("-".join(part for part in named if part))
    about = FindingAbout(name=name, **{key: answer[key] for key in FindingAbout.model_fields if key != "name"})
    finding = Finding(
        **_envelope(now, league),
        about=about,
        command=command,
        coverage=answer["coverage"],
        comparisons=[ComparisonShown(**one) for one in answer["comparisons"]],
        groups=[GroupShown(**one) for one in answer["groups"]],
        notes=list(answer["notes"]),
    )
    put(bucket, "v1/schemas/finding.json", schema_of(Finding, "finding"))
    put(bucket, "v1/schemas/findings.json", schema_of(FindingList, "findings"))
    written = [finding_path(name)] if put_news(bucket, finding_path(name), finding) else []
    entries = [
        FindingEntry(about=one.about, published_at=one.generated_at, holding=sum(each.holds for each in one.comparisons))
        for one in _every(bucket, "v1/findings", Finding)
    ]
    entries.sort(key=lambda one: (one.published_at, one.about.name), reverse=True)
    listed = FindingList(**_envelope(now, league), findings=entries)
    return written + ([FINDINGS] if put_news(bucket, FINDINGS, listed) else [])


def _envelope(now: datetime, league: League) -> dict[str, Any]:
    return {"league": league, "generated_at": now, "data_as_of": None, "halt": Halt(), "state": "ok", "final": True}


def _headline(system: SystemFigures) -> SystemHeadline:
    same = {name: getattr(system, name) for name in ("system_id", "n", "mae", "against_market")}
    return SystemHeadline(**same, hit_rate=system.bets.hit_rate, roi=system.bets.roi, alarms=len(system.alarms))


def _every(bucket: ObjectStore, folder: str, shape: type[Found]) -> list[Found]:
    """The documents of a folder in this version's shape, the list itself and those of another version left out."""
    found = []
    for path in level(bucket, folder)[1]:
        body = None if path.endswith("/index.json") else get(bucket, path)
        try:
            found += [shape.model_validate_json(body)] if body else []
        except ValidationError:
            continue
    return found
