"""All ingredients of a set of games, one row a player, as known at each row's moment; one pass for tonight and for eleven seasons.

Knows where the facts lie. What a feature makes of them is for the recipes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.analyze.history import WINDOW, player_games, team_games
from tipoff.analyze.slate import games_as_of, roster
from tipoff.features import form as own
from tipoff.features import surroundings as around
from tipoff.market.lines import game_lines, player_lines, pre_tip_quotes
from tipoff.store.warehouse import Work

_ROW = ["game_id", "player_lookup"]


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
    quotes = work.keep(pre_tip_quotes(work, games, "raw.odds_player_points"))
    lines = work.keep(player_lines(quotes))
    rows = roster(games, players, teams, lines).inner_join(games, "game_id")
    past = work.keep(own.past_games(rows, players))
    whose = own.newest_team(past)
    rows = _left(rows, whose, _ROW)
    rows = work.keep(_with_sides(rows))
    return work.fetch(_joined(work, rows, games, players, teams, past, lines).order_by(_ROW))


def _with_sides(rows: ir.Table) -> ir.Table:
    """Rows with team, opponent and is_home; players whose newest game was for neither side stay only where a book quotes them."""
    at_home, at_away = rows.last_team == rows.home, rows.last_team == rows.away
    return rows.mutate(
        team=ibis.ifelse(at_home | at_away, rows.last_team, ibis.null("string")),
        opponent=ibis.cases((at_home, rows.away), (at_away, rows.home), else_=ibis.null("string")),
        is_home=ibis.cases((at_home, 1.0), (at_away, 0.0), else_=ibis.null("float64")),
    )


def _joined(
    work: Work, rows: ir.Table, games: ir.Table, players: ir.Table, teams: ir.Table, past: ir.Table, lines: ir.Table
) -> ir.Table:
    past_teams = work.keep(around.past_team_games(games, teams))
    context = around.team_context(past_teams)
    recent = work.keep(around.recent_rows(past_teams, players))
    rested = around.rest(work, games)
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
    table = _left(rows, own.form(past), _ROW)
    table = _left(table, own_side, ["game_id", "team"])
    table = _left(table, opposing, ["game_id", "opponent"])
    table = _left(table, rested, ["game_id", "team"])
    table = _left(table, rested.select("game_id", opponent="team", opponent_rest="team_rest"), ["game_id", "opponent"])
    table = _left(table, around.games_missed(rows, past_teams, recent), _ROW)
    table = _left(table, status, _ROW)
    table = _left(table, covered, ["game_id"])
    table = _left(table, _stars_beside(rows, around.stars_out(recent, status)), _ROW)
    table = _left(table, lines.drop("as_of"), _ROW)
    table = _left(table, game_lines(work, games).drop("as_of"), ["game_id"])
    table = table.filter(table.team.notnull() | table.consensus_line.notnull())
    return _with_absences(table)


def _stars_beside(rows: ir.Table, stars: ir.Table) -> ir.Table:
    """One row a (game, player): reported-out stars of his team, himself not counted."""
    others = stars.rename(star="player_lookup")
    pairs = rows.select("game_id", "player_lookup", "team").inner_join(others, ["game_id", "team"])
    pairs = pairs.filter(pairs.star != pairs.player_lookup)
    return pairs.group_by(_ROW).agg(stars_out=pairs.count())


def _with_absences(table: ir.Table) -> ir.Table:
    """Where a report covers the game, who is not mentioned is available and no star is out; where none does, both are unknown."""
    covered = table.covered_at.notnull()
    return table.mutate(
        injury_status=ibis.ifelse(covered, table.injury_status.fill_null("available"), table.injury_status),
        star_teammates_out=ibis.ifelse(covered, table.stars_out.fill_null(0).cast("float64"), ibis.null("float64")),
        newest_known_at=ibis.greatest(
            *(
                table[name].fill_null(ibis.literal(datetime(1970, 1, 1), type="timestamp('UTC')"))
                for name in ("box_known_at", "team_known_at", "opponent_known_at", "covered_at", "report_known_at", "newest_quote", "newest_game_quote")
            )
        ),
    )


def _left(table: ir.Table, other: ir.Table, keys: list[str]) -> ir.Table:
    return table.left_join(other, keys).drop(*(f"{key}_right" for key in keys))


