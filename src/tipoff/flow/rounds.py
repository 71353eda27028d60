"""A round of the capture: everything whose moment has come is asked for, once.

Comes in: the plan of each day that may still hold something. Goes out: what was asked, and what passed while nobody asked. It must never
know how a source is asked, nor what came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tipoff.clock import game_date_of
from tipoff.flow.desk import Queue
from tipoff.flow.engine import Engine
from tipoff.flow.expected import write_expected
from tipoff.flow.plan import BOX_AGAIN_DAYS, capture_plan, due, still_needed
from tipoff.flow.planned import planned_games
from tipoff.flow.scraping import ASKS, Cycle, asked_again, moments_done, scraping, teams_without_roster
from tipoff.flow.state import State
from tipoff.flow.there import final_games

_HOUR = timedelta(hours=1)
PATIENCE = {
    **dict.fromkeys(("events", "lines", "props", "injuries", "scores"), _HOUR),
    "roster": 12 * _HOUR,
    "schedule": 24 * _HOUR,  # whoever begins late in the day has to know the games of the next
}
"""How long after its moment a feed can still be asked: after that, what a source says now is no answer to it. A box score and a
play-by-play always can."""


TICKS = Queue("ticks", each=None)
"""Whoever takes from it makes the rounds."""
TICK = "tick"
"""The name of the workflow that makes a round."""
ROUND = "the capture plan"
"""The cause of everything that a round has loaded."""
A_FORTNIGHT = timedelta(days=14)


@dataclass
class Tick:
    """What one round of the capture did, by game day."""

    cycles: dict[date, Cycle] = field(default_factory=dict)
    missed: int = 0

    def as_dict(self) -> dict[str, Any]:
        asked = [one for cycle in self.cycles.values() for one in cycle.asked]
        return {"asked": len(asked), "failed": sum(one.state == "failed" for one in asked), "missed": self.missed}


def slept(state: State, now: datetime) -> timedelta:
    """How far back the plans may still hold something to be asked: three days, or since something was asked last, a fortnight at most."""
    with state.reading() as connection:
        asked_at: datetime | None = connection.execute(sa.select(sa.func.max(ASKS.c.asked_at)).where(ASKS.c.state == "asked")).scalar_one()
    since = now - asked_at.replace(tzinfo=UTC) if asked_at else timedelta(0)
    return min(max(timedelta(days=max(BOX_AGAIN_DAYS)), timedelta(days=since.days + 1)), A_FORTNIGHT)


def capture_tick(engine: Engine) -> Tick:
    """Ask for everything whose moment has come, of the days whose plan may still hold something. Doing it twice asks once."""
    house = engine.house
    now = house.clock.now()
    today = game_date_of(now)
    first, last = today - slept(house.state, now), today + timedelta(days=1)
    games = planned_games(house, first, last)
    no_roster = teams_without_roster(house, now)
    done = Tick()
    with scraping(engine) as scraper:
        day = first
        while day <= last:
            plan = capture_plan(day, games.get(day, ()), house.settings, no_roster if day >= today else ())
            final = final_games(house, day) if any(ask.until_final and ask.at <= now for ask in plan) else set()
            needed = still_needed(plan, games.get(day, ()), final)
            chosen, passed = due(needed, now, moments_done(house.state, day))
            stale = [ask for ask in chosen if now - ask.at > PATIENCE.get(ask.feed, timedelta.max)]
            missed = [*passed, *stale]
            if missed:
                scraper.miss(day, missed, "Its moment passed while nobody asked.")
                done.missed += len(missed)
            fresh = [ask for ask in chosen if ask not in stale]
            asked = {(ask.feed, ask.game_id) for ask in fresh}
            again = asked_again(house.state, day, games.get(day, ()), now)
            fresh += [ask for ask in again if (ask.feed, ask.game_id) not in asked]
            if fresh:
                done.cycles[day] = scraper.cycle(day, fresh, ROUND)
            if fresh or missed:
                write_expected(house, day)
            day += timedelta(days=1)
    return done
