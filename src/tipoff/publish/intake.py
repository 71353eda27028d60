"""What came in and what did not: rows set apart by rule, names that lead to nobody, and the last weeks' coverage by week and book.

In: an open warehouse, the present. Out: the document. It must never know why something is missing, nor mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import ibis.expr.types as ir
from obstore.store import ObjectStore

from tipoff.analyze.coverage import CLOSE_MINUTES, coverage
from tipoff.clock import as_utc, game_date_of
from tipoff.load.rules import rule_named
from tipoff.publish.documents import Document, Halt, League, Shape
from tipoff.publish.write import put, put_news, schema_of
from tipoff.store.warehouse import Work

INTAKE = "v1/intake.json"
WEEKS = 12
NEWEST = 20
"""So many rows of each kind are shown one by one, the newest first."""


class SetApart(Shape):
    """Rows of one source that broke one rule and wait: how many, in how many documents, and what to do about them."""

    rule: str
    source: str
    meaning: str
    next_step: str
    rows: int
    documents: int
    newest: datetime


class SetApartRow(Shape):
    """One such row: where in which document, and what stood there."""

    payload_id: str
    path: str
    rule: str
    value: str
    first_seen: datetime


class UnknownName(Shape):
    """A name that leads to nobody, or to two people, on one game."""

    name: str
    game_id: str
    source: str
    candidates: str | None
    rows_waiting: int
    first_seen: datetime


class Week(Shape):
    """What is on record of one week from Monday, New York game days: games that were to be played, those with a line before the tip,
    distinct sportsbooks, player-games with a line, those of them with a quote in the last 15 minutes before the tip, box scores of games
    that are due, injury reports of game days."""

    first: date
    games: int
    lined_games: int
    books: int
    lines: int
    closes: int
    due: int
    box_games: int
    game_days: int
    report_days: int


class BookWeek(Shape):
    """What one book quoted in one week: player-games with a line, and those with a quote in the last 15 minutes."""

    first: date
    bookmaker: str
    lines: int
    closes: int


class Missing(Shape):
    """Something that falls short in the weeks from `first` to `last`, in words."""

    first: date
    last: date
    words: str


class Intake(Document):
    """What came in: `waiting` rows are set apart in all, `unknown` names wait. `close_minutes`: what counts as a close here."""

    waiting: int
    unknown: int
    set_apart: list[SetApart]
    newest_set_apart: list[SetApartRow]
    names: list[UnknownName]
    weeks: list[Week]
    books: list[BookWeek]
    gaps: list[Missing]
    close_minutes: int = CLOSE_MINUTES


def what_waits(work: Work) -> str:
    """What changes when the quarantine or the names that wait do: a few numbers as text."""
    apart, names = work.ask(_apart_sum).to_pylist()[0], work.ask(_names_sum).to_pylist()[0]
    return " ".join(str(value) for value in (*apart.values(), *names.values()))


def read_intake(work: Work, *, generated_at: datetime, league: League, halt: Halt) -> Intake:
    """The document as of `generated_at` (UTC): of the last `WEEKS` weeks, the one that runs included."""
    now = as_utc(generated_at)
    today = game_date_of(now)
    groups = work.ask(_groups).to_pylist()
    names = work.ask(_names).to_pylist()
    seen = coverage(work, today - timedelta(days=7 * WEEKS - 7 + today.weekday()), today, now=now)
    firsts = {period.label: period.first for period in seen.periods}
    return Intake(
        league=league,
        generated_at=now,
        data_as_of=max((row["newest"] for row in groups), default=None),
        halt=halt,
        state="halted" if halt.active else "ok",
        state_detail=halt.reason if halt.active else None,
        waiting=sum(row["rows"] for row in groups),
        unknown=len(names),
        set_apart=[SetApart(**row, **_about(row["rule"])) for row in groups],
        newest_set_apart=[SetApartRow(**row) for row in work.ask(_newest).to_pylist()],
        names=[UnknownName(**row) for row in names[:NEWEST]],
        weeks=[Week(**{name: getattr(period, name) for name in Week.model_fields}) for period in seen.periods],
        books=[BookWeek(first=firsts[row.label], bookmaker=row.bookmaker, lines=row.lines, closes=row.closes) for row in seen.books],
        gaps=[Missing(first=gap.first, last=gap.last, words=gap.words) for gap in seen.gaps],
    )


def publish_intake(bucket: ObjectStore, intake: Intake) -> list[str]:
    """Publish it with its schema, unless it says nothing new; gives the paths written. Raises ConfigError where the bucket does
    not take it."""
    put(bucket, "v1/schemas/intake.json", schema_of(Intake, "intake"))
    return [INTAKE] if put_news(bucket, INTAKE, intake) else []


def _about(rule: str) -> Mapping[str, Any]:
    named = rule_named(rule)
    return {"meaning": named.meaning, "next_step": named.next_step}


def _waiting(work: Work) -> ir.Table:
    rows = work.table("raw.quarantine")
    return rows.filter(rows.replayed_at.isnull())


def _apart_sum(work: Work) -> ir.Table:
    rows = work.table("raw.quarantine")
    return rows.agg(rows=rows.count(), newest=rows.first_seen.max(), waiting=rows.replayed_at.isnull().sum())


def _unknown(work: Work) -> ir.Table:
    names = work.table("ref.unresolved_names")
    return names.filter(names.resolved_at.isnull())


def _names_sum(work: Work) -> ir.Table:
    names = _unknown(work)
    return names.agg(names=names.count(), rows=names.rows_waiting.sum())


def _groups(work: Work) -> ir.Table:
    rows = _waiting(work)
    grouped = rows.group_by(["rule", "source"]).agg(rows=rows.count(), documents=rows.payload_id.nunique(), newest=rows.first_seen.max())
    return grouped.order_by([grouped.newest.desc(), grouped.rows.desc(), grouped.rule, grouped.source])


def _newest(work: Work) -> ir.Table:
    rows = _waiting(work).select("payload_id", "path", "rule", "value", "first_seen")
    return rows.order_by([rows.first_seen.desc(), rows.payload_id, rows.path]).limit(NEWEST)


def _names(work: Work) -> ir.Table:
    names = _unknown(work).select("name", "game_id", "source", "candidates", "rows_waiting", "first_seen")
    return names.order_by([names.rows_waiting.desc(), names.name, names.game_id, names.source])
