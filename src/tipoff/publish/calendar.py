"""The calendar: every game day of a season, how far it has come, and which documents it has.

In: an open warehouse, a date. Out: the document. It must never know what a document of a day says.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import ibis.expr.types as ir
import msgspec
from obstore.store import ObjectStore

from tipoff.analyze.history import newest_schedule
from tipoff.clock import as_utc, season_of
from tipoff.publish.documents import Document, Halt, League, Shape
from tipoff.publish.players import CALLED_OFF
from tipoff.publish.reads import Row
from tipoff.publish.write import best_bets_path, get, put, put_news, results_path, schema_of, tonight_path
from tipoff.store.versions import PUBLISH
from tipoff.store.warehouse import Work

CALENDAR = "v1/calendar.json"


class CalendarDay(Shape):
    """One game day. Players are counted once, however many systems spoke of them; a document that is not there yet has no path."""

    game_date: date
    games: int
    final: int
    called_off: int
    players_predicted: int
    players_graded: int
    tonight: str | None
    best_bets: str | None
    results: str | None


class Calendar(Document):
    """The game days of one season, in their order."""

    season: str
    days: list[CalendarDay]


def read_calendar(
    work: Work,
    game_date: date,
    *,
    generated_at: datetime,
    league: League,
    halt: Halt,
    data_as_of: datetime | None,
    also: Collection[date] = (),
) -> Calendar:
    """The calendar of a date's season. `also` are days that are published at this moment, and not on record as such yet."""
    season = season_of(game_date)
    scheduled: list[Row] = work.ask(_scheduled, season).to_pylist()
    said = {row["game_date"]: row["players"] for row in work.ask(_players, ("predictions.player_prop_predictions",), season).to_pylist()}
    graded = {row["game_date"]: row["players"] for row in work.ask(_players, ("predictions.prediction_accuracy",), season).to_pylist()}
    published = {row["scope"] for row in work.ask(_published).to_pylist()} | {day.isoformat() for day in also}
    days = []
    for row in scheduled:
        day, there = row["game_date"], row["game_date"].isoformat() in published
        days.append(
            CalendarDay(
                **row,
                players_predicted=said.get(day, 0),
                players_graded=graded.get(day, 0),
                tonight=tonight_path(day) if there else None,
                best_bets=best_bets_path(day) if there else None,
                results=results_path(day) if there and graded.get(day) else None,
            )
        )
    state = "halted" if halt.active else "ok" if days else "no_games"
    return Calendar(
        league=league,
        generated_at=as_utc(generated_at),
        data_as_of=data_as_of,
        halt=halt,
        state=state,
        state_detail=halt.reason if halt.active else None if days else f"no game of {season} is known",
        season=season,
        days=days,
    )


class _Standing(msgspec.Struct):
    """Of the calendar that lies there what is needed here."""

    season: str
    league: str


def publish_calendar(bucket: ObjectStore, calendar: Calendar) -> list[str]:
    """Publish it with its schema, unless that of a later season stands there, or it says nothing new; gives the paths written."""
    put(bucket, "v1/schemas/calendar.json", schema_of(Calendar, "calendar"))
    body = get(bucket, CALENDAR)
    try:
        standing = msgspec.json.decode(body, type=_Standing) if body else None
    except msgspec.DecodeError:
        standing = None
    if standing is not None and standing.league == calendar.league and standing.season > calendar.season:
        return []
    return [CALENDAR] if put_news(bucket, CALENDAR, calendar) else []


def _scheduled(work: Work, season: str) -> ir.Table:
    schedule = work.table("raw.schedule")
    games = newest_schedule(schedule.filter(schedule.season == season))
    counted = games.group_by("game_date").agg(
        games=games.count(),
        final=(games.status == "final").fill_null(False).sum(),
        called_off=games.status.isin(CALLED_OFF).fill_null(False).sum(),
    )
    return counted.order_by("game_date")


def _players(work: Work, names: tuple[str], season: str) -> ir.Table:
    """Of each day how many players a table speaks of; its name comes in a tuple, since it decides how the question is put."""
    schedule = work.table("raw.schedule")
    days = schedule.filter(schedule.season == season).select("game_date").distinct()
    rows = work.table(names[0]).semi_join(days, "game_date")
    if "is_active" in rows.columns:
        rows = rows.filter(rows.is_active)
    return rows.group_by("game_date").agg(players=rows.player_lookup.nunique())


def _published(work: Work) -> ir.Table:
    known = work.table("ops.generations")
    return known.filter(known.kind == PUBLISH).select("scope")
