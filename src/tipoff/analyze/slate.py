"""Who is scheduled to play, as of a moment: games, their effective moment of knowledge, and each team's players.

Knows the schedule, past box scores and who is quoted. It must never know what happened in the games it speaks of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.past import NEVER, Ints, instants
from tipoff.analyze.schedule import Schedule
from tipoff.clock import as_utc
from tipoff.store.warehouse import Work, day_of

ROW = ["game_id", "player_lookup"]
Moment = datetime | Mapping[str, datetime] | None
"""As of when: one instant (UTC) for all games, one a game by its id, or None for each game's tip. A game that a mapping does not hold is
taken at its tip."""
AT_TIP = timedelta(0)


def games_between(work: Work, first: date, last: date) -> list[str]:
    """Ids of every game of these game days, both included, that any schedule names; in their order."""
    found: list[str] = work.ask(_games_between, first, last).column("game_id").to_pylist()
    return found


def _games_between(work: Work, first: date, last: date) -> ir.Table:
    schedule = work.table("raw.schedule")
    rows = schedule.filter(schedule.game_date >= day_of(first), schedule.game_date <= day_of(last))
    return rows.select("game_id").distinct().order_by("game_id")


def games_as_of(work: Work, game_ids: Sequence[str], as_of: Moment, before: timedelta = AT_TIP) -> ir.Table:
    """The games asked for, each with its effective `as_of`: the earlier of the one asked for and its tip, or so long `before` it.

    A game that nobody knew of by then, or that was called off, is not among them. Columns: game_id, game_date, season, tip, home, away,
    game_type, as_of, known_at (the schedule's own).
    """
    return ibis.memtable(known_games(Schedule.read(work), game_ids, as_of, before))


def known_games(schedule: Schedule, game_ids: Sequence[str], as_of: Moment, before: timedelta = AT_TIP) -> pa.Table:
    """The same out of a schedule that has been read, in order of game_id. Raises BadInput for a naive moment."""
    if isinstance(as_of, Mapping):
        asked = {game_id: _microseconds(moment) for game_id, moment in as_of.items()}
        moment: int | Ints | None = np.array([asked.get(game_id, NEVER) for game_id in schedule.names.texts.to_pylist()], dtype=np.int64)
    else:
        moment = None if as_of is None else _microseconds(as_of)
    return schedule.as_of(pa.array(sorted(set(game_ids)), pa.string()), moment, before // timedelta(microseconds=1))


def _microseconds(moment: datetime) -> int:
    return int(instants(pa.chunked_array([pa.array([as_utc(moment)], pa.timestamp("us", "UTC"))]))[0])


def known_games_on(schedule: Schedule, first: date, last: date, as_of: Moment) -> pa.Table:
    """The games that are on these days, both included, by what is known at each one's moment: one that moved away is not among them.

    In order of game_id, columns as of `games_as_of`. Raises BadInput for a naive moment.
    """
    day = schedule.table.column("game_date")
    named = schedule.table.filter(pc.and_(pc.greater_equal(day, first), pc.less_equal(day, last))).column("game_id").unique().to_pylist()
    games = known_games(schedule, named, as_of)
    day = games.column("game_date")
    return games.filter(pc.and_(pc.greater_equal(day, first), pc.less_equal(day, last)))


def sides(games: ir.Table) -> ir.Table:
    """Two rows a game: each team with its opponent."""
    shared = ("game_id", "game_date", "season", "tip", "game_type", "as_of")
    return games.select(*shared, team="home", opponent="away", home=ibis.literal(True)).union(
        games.select(*shared, team="away", opponent="home", home=ibis.literal(False))
    )


def left(table: ir.Table, other: ir.Table, keys: list[str]) -> ir.Table:
    """A left join that keeps one copy of its keys."""
    return table.left_join(other, keys).drop(*(f"{key}_right" for key in keys))
