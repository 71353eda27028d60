"""Who is scheduled to play, as of a moment: games, their effective moment of knowledge, and each team's players.

Knows the schedule, past box scores and who is quoted. It must never know what happened in the games it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.analyze.history import WINDOW, newest_schedule
from tipoff.store.warehouse import Work, instant

ROW = ["game_id", "player_lookup"]
RECENT_TEAM_GAMES = 20
CALLED_OFF = ("postponed", "cancelled")


def games_as_of(work: Work, game_ids: Sequence[str], as_of: datetime | None) -> ir.Table:
    """The games asked for, each with its effective `as_of`: the earlier of the one asked for and its tip (None: the tip).

    A game that nobody knew of by then, or that was called off, is not among them. Columns: game_id, game_date, season, tip, home, away,
    game_type, as_of.
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
    return known.select("game_id", "game_date", "season", "home", "away", "game_type", "as_of", tip="commence_time")


def sides(games: ir.Table) -> ir.Table:
    """Two rows a game: each team with its opponent."""
    shared = ("game_id", "game_date", "season", "tip", "game_type", "as_of")
    return games.select(*shared, team="home", opponent="away", home=ibis.literal(True)).union(
        games.select(*shared, team="away", opponent="home", home=ibis.literal(False))
    )


def roster(slate: ir.Table, players: ir.Table, teams: ir.Table, quoted: ir.Table) -> ir.Table:
    """(game_id, player_lookup) pairs that may play: whoever stood in a box score of either team's last twenty games known by then, and
    whoever is quoted. Whose player he is now is told by his own newest game (`features`)."""
    known = (
        sides(slate)
        .select("game_id", "team", "tip", "as_of")
        .inner_join(teams.select("team", past_game="game_id", past_tip="tip", valid_from="valid_from", valid_to="valid_to"), "team")
    )
    known = known.filter(known.past_tip < known.tip, valid(known))
    order = ibis.window(group_by=["game_id", "team"], order_by=ibis.desc("past_tip"))
    recent = known.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place < RECENT_TEAM_GAMES)
    seen = recent.select("game_id", "team", "past_game", version="valid_from").inner_join(
        players.select("team", "player_lookup", past_game="game_id", version="valid_from"), ["past_game", "team", "version"]
    )
    return seen.select("game_id", "player_lookup").union(quoted.select("game_id", "player_lookup"), distinct=True)


def past_games(rows: ir.Table, players: ir.Table) -> ir.Table:
    """Every (row, past game of that player) known at the row's moment, of the 400 days before."""
    past = players.select(
        "player_lookup",
        "valid_from",
        "valid_to",
        "minutes",
        "points",
        "fga",
        "fg3a",
        "ftm",
        "usage_rate",
        past_game="game_id",
        past_tip="tip",
        past_date="game_date",
        past_season="season",
        past_team="team",
        past_opponent="opponent",
    )
    joined = rows.select("game_id", "player_lookup", "game_date", "season", "tip", "as_of", "away", "home").inner_join(
        past, "player_lookup"
    )
    within = joined.past_date >= joined.game_date - ibis.interval(days=WINDOW.days)
    return joined.filter((joined.past_tip < joined.tip) & within & valid(joined))


def newest_team(past: ir.Table) -> ir.Table:
    """The team that each player stood in a box score for most recently, and when he first did for it."""
    by_team = past.group_by([*ROW, "past_team"]).agg(
        first_tip=past.past_tip.min(), last_tip=past.past_tip.max(), box_known_at=past.valid_from.max()
    )
    return by_team.group_by(ROW).agg(
        last_team=by_team.past_team.argmax(by_team.last_tip),
        joined_tip=by_team.first_tip.argmax(by_team.last_tip),
        box_known_at=by_team.box_known_at.max(),
    )


def with_sides(rows: ir.Table) -> ir.Table:
    """Rows with team, opponent and is_home (1, 0); all missing where the player's newest game was for neither side."""
    at_home, at_away = rows.last_team == rows.home, rows.last_team == rows.away
    return rows.mutate(
        team=ibis.ifelse(at_home | at_away, rows.last_team, ibis.null("string")),
        opponent=ibis.cases((at_home, rows.away), (at_away, rows.home), else_=ibis.null("string")),
        is_home=ibis.cases((at_home, 1.0), (at_away, 0.0), else_=ibis.null("float64")),
    )


def left(table: ir.Table, other: ir.Table, keys: list[str]) -> ir.Table:
    """A left join that keeps one copy of its keys."""
    return table.left_join(other, keys).drop(*(f"{key}_right" for key in keys))


def valid(rows: ir.Table) -> ir.BooleanValue:
    """Whether a row's version is the one in force at its `as_of`."""
    return (rows.valid_from <= rows.as_of) & (rows.valid_to.isnull() | (rows.as_of < rows.valid_to))
