"""The schedule as the state database knows it: which games are played when, so that plans and pages never open the warehouse.

Comes in: the schedule in force, whenever somebody who works looks at it. Goes out: the games around a day, the next day that has any, and
the day's tasks. Knows games and tips. It must never know what is asked, nor what was done.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from tipoff.clock import game_date_of, local_instant
from tipoff.config import Settings
from tipoff.flow.batch_log import naive
from tipoff.flow.day import LOOK_BACK, REFIT_AT, Task, day_plan
from tipoff.flow.house import House
from tipoff.flow.plan import PlannedGame
from tipoff.flow.planned import planned_games
from tipoff.flow.state import METADATA, RUNS, State

LOOK_AHEAD = timedelta(days=21)
GAMES = sa.Table(
    "ops_games",
    METADATA,
    sa.Column("game_id", sa.String, primary_key=True),
    sa.Column("game_date", sa.Date, nullable=False, index=True),
    sa.Column("tip", sa.DateTime, nullable=False),
)


def note_games(house: House, game_date: date) -> list[PlannedGame]:
    """Put the games around a day on record, as the schedule in force has them; the day's own, by tip."""
    first, last = game_date - LOOK_BACK, game_date + LOOK_AHEAD
    found = planned_games(house, first, last)
    rows = {game.game_id: (day, naive(game.tip)) for day, games in found.items() for game in games}
    here = GAMES.c.game_date.between(first, last)
    with house.state.reading() as connection:
        on_record = connection.execute(sa.select(GAMES.c.game_id, GAMES.c.game_date, GAMES.c.tip).where(here)).all()
    if {game: (day, tip) for game, day, tip in on_record} != rows:
        with house.state.transaction() as connection:
            connection.execute(sa.delete(GAMES).where(here | GAMES.c.game_id.in_(sorted(rows))))
            if rows:
                connection.execute(sa.insert(GAMES), [{"game_id": game, "game_date": day, "tip": tip} for game, (day, tip) in rows.items()])
    return found.get(game_date, [])


def games_around(state: State, first: date, last: date) -> dict[date, list[PlannedGame]]:
    """The games of these days (New York) that are on record, by day and tip."""
    query = sa.select(GAMES).where(GAMES.c.game_date.between(first, last)).order_by(GAMES.c.tip, GAMES.c.game_id)
    with state.reading() as connection:
        rows = connection.execute(query).mappings().all()
    found: dict[date, list[PlannedGame]] = {}
    for row in rows:
        found.setdefault(row["game_date"], []).append(PlannedGame(row["game_id"], row["tip"].replace(tzinfo=UTC)))
    return found


def next_game_day(state: State, game_date: date) -> date | None:
    """The first day after this one that has games on record."""
    with state.reading() as connection:
        found: date | None = connection.execute(sa.select(sa.func.min(GAMES.c.game_date)).where(GAMES.c.game_date > game_date)).scalar()
    return found


def last_refit(state: State, before: datetime) -> date | None:
    """The day (New York) on which models were last refitted before a moment (UTC); None where none is on record."""
    over = (RUNS.c.phase == "train") & (RUNS.c.status == "complete") & (RUNS.c.finished_at < naive(before))
    with state.reading() as connection:
        found: datetime | None = connection.execute(sa.select(sa.func.max(RUNS.c.finished_at)).where(over)).scalar_one()
    return game_date_of(found.replace(tzinfo=UTC)) if found else None


def tasks_of(state: State, settings: Settings, game_date: date) -> list[Task]:
    """The day plan of a game day, from what is on record of its games and of those before it."""
    around = games_around(state, game_date - LOOK_BACK, game_date)
    refitted = last_refit(state, local_instant(game_date, REFIT_AT))
    every = timedelta(minutes=settings.capture_minutes)
    return day_plan(game_date, around.get(game_date, ()), game_days=around.keys(), refitted=refitted, every=every)
