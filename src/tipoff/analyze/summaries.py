"""The analytics tables: games as they were played, for people; the slate's circumstances, as of its moment.

Games are summed up once and again only when a box score of theirs has been written since. Knows box scores, schedule, reports and
quotes; it must never know a feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir

from tipoff.analyze import surroundings as around
from tipoff.analyze.history import WINDOW, player_games, team_games
from tipoff.analyze.slate import ROW, games_as_of, left, newest_team, past_games, roster, with_sides
from tipoff.market.lines import game_lines, market_as_of
from tipoff.market.summary import line_summary
from tipoff.store.warehouse import Merged, Work, day_of


def summarise_games(work: Work, first: date, last: date) -> dict[str, Merged]:
    """Player and team summaries of the games of these days whose box score was written since they were summed up last."""
    box = work.table("raw.player_box").filter(lambda t: (t.game_date >= day_of(first)) & (t.game_date <= day_of(last)))
    written = box.group_by("game_id").agg(box_written=box.written_at.max())
    done = work.table("analytics.player_game_summary")
    done = done.group_by("game_id").agg(summary_written=done.written_at.max())
    dirty = written.left_join(done, "game_id").drop("game_id_right")
    dirty = work.keep(dirty.filter(dirty.summary_written.isnull() | (dirty.box_written > dirty.summary_written)).select("game_id"))
    if work.fetch(dirty.count().as_table())[0][0].as_py() == 0:
        return {}
    players = player_games(work, first, last).semi_join(dirty, "game_id")
    players = work.keep(players.filter(players.valid_to.isnull()))
    shots = 2.0 * (players.fga + players.fta * 0.44)
    closing = _closing_lines(work, players)
    summed = left(players, closing, ROW)
    margin = summed.points - summed.closing_line
    summed = summed.mutate(
        points=summed.points.cast("float64"),
        ts_pct=ibis.ifelse(shots > 0, summed.points / shots.nullif(0.0), ibis.null("float64")),
        margin=margin,
        over_under_result=ibis.cases((margin > 0, "OVER"), (margin < 0, "UNDER"), (margin == 0, "PUSH"), else_=ibis.null("string")),
        known_at=summed.valid_from,
    )
    names = ("game_id", "player_lookup", "game_date", "season", "team", "opponent", "home", "started", "did_not_play", "minutes", "points")
    more = ("usage_rate", "ts_pct", "closing_line", "over_under_result", "margin", "known_at")
    teams = team_games(players).rename(known_at="valid_from").drop("valid_to", "minutes", "tip")
    teams = teams.mutate(**{name: teams[name].cast("float64") for name in ("points", "opponent_points", "margin")})
    return {
        "analytics.player_game_summary": work.merge("analytics.player_game_summary", work.fetch(summed.select(*names, *more))),
        "analytics.team_game_summary": work.merge("analytics.team_game_summary", work.fetch(teams)),
    }


def _closing_lines(work: Work, players: ir.Table) -> ir.Table:
    """The consensus at each game's own tip."""
    games = players.select("game_id", "tip", as_of="tip").distinct()
    lines = ibis.memtable(market_as_of(work, games).lines)
    return lines.select("game_id", "player_lookup", closing_line="consensus_line")


def summarise_slate(work: Work, game_ids: Sequence[str], as_of: datetime | None) -> dict[str, Merged]:
    """The upcoming context of every player of a slate, and what the market says of him, as of its moment."""
    games = work.keep(games_as_of(work, game_ids, as_of))
    span = work.fetch(games.aggregate(first=games.game_date.min(), last=games.game_date.max()))
    first, last = span.column("first")[0].as_py(), span.column("last")[0].as_py()
    if first is None:
        return {}
    return {
        "analytics.player_line_summary": work.merge("analytics.player_line_summary", line_summary(work, games)),
        "analytics.upcoming_player_game_context": work.merge(
            "analytics.upcoming_player_game_context", work.fetch(_context(work, games, first, last))
        ),
    }


def _context(work: Work, games: ir.Table, first: date, last: date) -> ir.Table:
    players = work.keep(player_games(work, first - WINDOW - timedelta(days=1), last))
    teams = work.keep(team_games(players))
    lines = ibis.memtable(market_as_of(work, games).lines)
    rows = roster(games, players, teams, lines).inner_join(games, "game_id")
    past = past_games(rows, players)
    rested = past.filter(past.minutes > 0).group_by(ROW).agg(last_date=past.past_date.max(where=past.minutes > 0))
    rows = work.keep(with_sides(left(rows, newest_team(past), ROW)))
    recent = around.recent_rows(around.past_team_games(games, teams), players)
    status = work.keep(around.statuses(work, games))
    table = left(left(rows, rested, ROW), status, ROW)
    table = left(table, around.coverage(work, games), ["game_id"])
    table = left(table, around.silent_teams(work, games), ["game_id", "team"])
    table = left(table, around.stars_beside(rows, around.stars_out(recent, status)), ROW)
    table = left(table, lines.drop("as_of"), ROW)
    table = left(table, ibis.memtable(game_lines(work, games)), ["game_id"])
    table = around.with_reports(table.filter(table.team.notnull() | table.consensus_line.notnull()))
    return table.select(
        *ROW,
        "as_of",
        "game_date",
        "season",
        "team",
        "opponent",
        "game_type",
        "game_total",
        "home_spread",
        "opening_line",
        "injury_status",
        "star_teammates_out",
        "newest_known_at",
        commence_time="tip",
        current_line="consensus_line",
        home=ibis.cases((table.is_home == 1.0, True), (table.is_home == 0.0, False), else_=ibis.null("boolean")),
        days_rest=table.game_date.delta(table.last_date, unit="day").cast("float64") - 1.0,
    )
