"""Who is scheduled to play, as of a moment: games, their effective moment of knowledge, and each team's players.

Knows the schedule, past box scores and who is quoted. It must never know what happened in the games it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.analyze.history import newest_schedule
from tipoff.store.warehouse import Work, day_of, instant

ROW = ["game_id", "player_lookup"]
CALLED_OFF = ("postponed", "cancelled")


def games_between(work: Work, first: date, last: date) -> list[str]:
    """Ids of every game of these game days, both included, that any schedule names; in their order."""
    schedule = work.table("raw.schedule")
    rows = schedule.filter(schedule.game_date >= day_of(first), schedule.game_date <= day_of(last))
    found: list[str] = work.fetch(rows.select("game_id").distinct().order_by("game_id")).column("game_id").to_pylist()
    return found


def games_as_of(work: Work, game_ids: Sequence[str], as_of: datetime | None) -> ir.Table:
    """The games asked for, each with its effective `as_of`: the earlier of the one asked for and its tip (None: the tip).

    A game that nobody knew of by then, or that was called off, is not among them. Columns: game_id, game_date, season, tip, home, away,
    game_type, as_of, known_at (the schedule's own).
    """
    wanted = ibis.memtable(pa.table({"game_id": pa.array(sorted(set(game_ids)), pa.string())}))
    rows = work.table("raw.schedule").semi_join(wanted, "game_id")
    newest_tip = newest_schedule(rows).select("game_id", latest_tip="commence_time")
    rows = rows.inner_join(newest_tip, "game_id")
    limit = rows.latest_tip if as_of is None else ibis.least(rows.latest_tip, instant(as_of))
    rows = rows.mutate(as_of=limit).filter(lambda t: t.known_at <= t.as_of)
    known = newest_schedule(rows)
    known = known.filter(~known.status.isin(CALLED_OFF))
    known = known.mutate(as_of=ibis.least(known.as_of, known.commence_time))
    return known.select("game_id", "game_date", "season", "home", "away", "game_type", "as_of", "known_at", tip="commence_time")


def sides(games: ir.Table) -> ir.Table:
    """Two rows a game: each team with its opponent."""
    shared = ("game_id", "game_date", "season", "tip", "game_type", "as_of")
    return games.select(*shared, team="home", opponent="away", home=ibis.literal(True)).union(
        games.select(*shared, team="away", opponent="home", home=ibis.literal(False))
    )


def left(table: ir.Table, other: ir.Table, keys: list[str]) -> ir.Table:
    """A left join that keeps one copy of its keys."""
    return table.left_join(other, keys).drop(*(f"{key}_right" for key in keys))
