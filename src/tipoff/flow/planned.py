"""The games that plans are made for: of some days, by the schedule in force.

Comes in: days. Goes out: their games, each with its tip and its ids. Whatever looks at a plan asks for them: an answer is kept while what
it was made of stands. It must never know what is asked of a game.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import ibis
import ibis.expr.types as ir

from tipoff.analyze.history import newest_schedule
from tipoff.flow.house import House
from tipoff.flow.plan import PlannedGame
from tipoff.store.warehouse import Work, day_of, instant

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_PLANNED = ("game_id", "commence_time", "league_id", "odds_id")
_LONGEST = timedelta(days=60)
_mutex = threading.Lock()


@dataclass(frozen=True)
class _Span:
    """The games of some days, and how what they are made of stood."""

    stand: str
    first: date
    last: date
    games: tuple[tuple[date, PlannedGame], ...]


_asked_before: dict[str, _Span] = {}
"""By warehouse: each round asks a dozen times, of days that overlap, and the schedule changes seldom."""


def planned_games(house: House, first: date, last: date) -> dict[date, list[PlannedGame]]:
    """The games of these days by the newest schedule, postponed and cancelled ones left out, with their ids as far as they are known."""
    with house.warehouse.reading() as work:
        stand = str(work.ask(_stand_of_schedule).to_pylist())
        with _mutex:
            span = _asked_before.get(house.warehouse.url)
        if span is None or span.stand != stand or first < span.first or last > span.last:
            span = _ask(work, stand, *_with_those_before(span, first, last))
            with _mutex:
                _asked_before[house.warehouse.url] = span
    found: dict[date, list[PlannedGame]] = {}
    for day, game in span.games:
        if first <= day <= last:
            found.setdefault(day, []).append(game)
    return found


def _with_those_before(span: _Span | None, first: date, last: date) -> tuple[date, date]:
    """These days and those that were asked for before: whoever asked will ask again. Not where that would be too many."""
    if span is None:
        return first, last
    together = min(first, span.first), max(last, span.last)
    return together if together[1] - together[0] <= _LONGEST else (first, last)


def _ask(work: Work, stand: str, first: date, last: date) -> _Span:
    rows = sorted(work.ask(_planned, first, last).to_pylist(), key=lambda row: (row["commence_time"], row["game_id"]))
    return _Span(stand, first, last, tuple((row["game_date"], PlannedGame(*(row[name] for name in _PLANNED))) for row in rows))


def _stand_of_schedule(work: Work) -> ir.Table:
    """Changes with whatever `_planned` reads: rows are written anew with the moment, and one that is taken away is missing."""
    return ibis.union(*(_stand(work.table(name)) for name in ("raw.schedule", "ref.game_ids")))


def _stand(rows: ir.Table) -> ir.Table:
    return rows.agg(rows=rows.count(), written=rows.written_at.max())


def _planned(work: Work, first: date, last: date) -> ir.Table:
    schedule = work.table("raw.schedule")
    games = newest_schedule(schedule).filter(
        lambda t: (t.game_date >= day_of(first)) & (t.game_date <= day_of(last)) & t.status.isin(["scheduled", "live", "final"])
    )
    league = schedule.filter(schedule.league_game_id.notnull()).group_by("game_id").agg(league_id=schedule.league_game_id.max())
    # An archive's own ids are made of the game's. Of several the one that was listed last holds: the source may have made a new one.
    listed = schedule.filter(schedule.event_id.notnull()).select(external_id="event_id", listed_at="known_at")
    named = work.table("ref.game_ids").filter(lambda t: (t.id_kind == "odds") & ~t.external_id.contains(t.game_id))
    named = named.left_join(listed, "external_id").mutate(listed_at=lambda t: t.listed_at.fill_null(instant(_LONG_AGO)))
    odds = named.group_by("game_id").agg(odds_id=named.external_id.argmax(named.listed_at))
    joined = games.left_join(league, "game_id").left_join(odds, games.game_id == odds.game_id)
    return joined.select("game_id", "game_date", "commence_time", "league_id", "odds_id")
