"""All ingredients of a set of games, one row a player, as known at each row's moment; one pass for tonight and for eleven seasons.

Knows where the facts lie. What a feature makes of them is for the recipes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.analyze import surroundings as around
from tipoff.analyze.history import WINDOW, player_games, team_games
from tipoff.analyze.slate import ROW, games_as_of, left, newest_team, past_games, roster, with_sides
from tipoff.features.form import form
from tipoff.market.lines import game_lines, market_as_of
from tipoff.store.warehouse import Work


def gather(work: Work, game_ids: Sequence[str], as_of: datetime | None) -> pa.Table:
    """Ingredients of every player who may play in these games, as Arrow, ordered by game and player.

    `as_of` (UTC) is the moment of knowledge; None is each game's tip. Games unknown by then, or called off, have no rows.
    """
    games = work.keep(games_as_of(work, game_ids, as_of))
    span = work.fetch(games.aggregate(first=games.game_date.min(), last=games.game_date.max()))
    first, last = span.column("first")[0].as_py(), span.column("last")[0].as_py()
    if first is None:
        first = last = date(1970, 1, 1)
    players = work.keep(player_games(work, first - WINDOW - timedelta(days=1), last))
    teams = work.keep(team_games(players))
    lines = ibis.memtable(market_as_of(work, games).lines)
    rows = roster(games, players, teams, lines).inner_join(games, "game_id")
    past = work.keep(past_games(rows, players))
    whose = newest_team(past)
    rows = left(rows, whose, ROW)
    rows = work.keep(with_sides(rows))
    return work.fetch(_joined(work, rows, games, players, teams, past, lines).order_by(ROW))


def _joined(work: Work, rows: ir.Table, games: ir.Table, players: ir.Table, teams: ir.Table, past: ir.Table, lines: ir.Table) -> ir.Table:
    past_teams = work.keep(around.past_team_games(games, teams))
    context = work.keep(around.team_context(past_teams))
    recent = work.keep(around.recent_rows(past_teams, players))
    rested = work.keep(around.rest(work, games))
    status = work.keep(around.statuses(work, games))
    covered = around.coverage(work, games)
    own_side = context.rename(team_season_games="season_games")
    opposing = context.select(
        "game_id",
        opponent="team",
        opponent_team_games="team_games",
        opponent_pace_last_15="pace_last_15",
        opponent_def_rating_last_15="def_rating_last_15",
        opponent_known_at="team_known_at",
    )
    table = left(rows, work.keep(form(past)), ROW)
    table = left(table, own_side, ["game_id", "team"])
    table = left(table, opposing, ["game_id", "opponent"])
    table = left(table, rested, ["game_id", "team"])
    table = left(table, rested.select("game_id", opponent="team", opponent_rest="team_rest"), ["game_id", "opponent"])
    table = left(table, work.keep(around.games_missed(rows, past_teams, recent)), ROW)
    table = left(table, status, ROW)
    table = left(table, covered, ["game_id"])
    table = left(table, around.silent_teams(work, games), ["game_id", "team"])
    table = left(table, around.stars_beside(rows, around.stars_out(recent, status)), ROW)
    table = left(table, lines.drop("as_of"), ROW)
    table = left(table, ibis.memtable(game_lines(work, games)), ["game_id"])
    table = table.filter(table.team.notnull() | table.consensus_line.notnull())
    return around.with_reports(table)
