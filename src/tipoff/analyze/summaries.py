"""The analytics tables: games as they were played, for people; the slate's circumstances, as of its moment.

Games are summed up once, and again when a box score of theirs, or a quote on their players, has been written since. Knows box scores,
schedule, reports and quotes; it must never know a feature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.history import player_games, team_games
from tipoff.analyze.ingredients import gather
from tipoff.analyze.slate import AT_TIP, ROW, Moment, games_as_of, games_between, left
from tipoff.analyze.slope import spread_of_points
from tipoff.market.lines import market_at_close
from tipoff.market.summary import line_summary
from tipoff.store.warehouse import Merged, Work, day_of

_CIRCUMSTANCES = (
    "game_id",
    "player_lookup",
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
)


def summarise_games(work: Work, first: date, last: date) -> dict[str, Merged]:
    """Player and team summaries of the games of these days whose box score, or a quote on whose players, was written since they were
    summed up last."""
    games = work.ask(_to_sum_up, first, last).column("game_id").combine_chunks()
    if not len(games):
        return {}
    newest = player_games(work, first, last)
    newest = newest.filter(pc.and_(newest.column("valid_to").is_null(), pc.is_in(newest.column("game_id"), value_set=games)))
    players = work.keep(ibis.memtable(newest))
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
    teams = team_games(newest).drop_columns(["valid_to", "minutes", "tip"]).rename_columns({"valid_from": "known_at"})
    return {
        "analytics.player_game_summary": work.merge("analytics.player_game_summary", work.fetch(summed.select(*names, *more))),
        "analytics.team_game_summary": work.merge("analytics.team_game_summary", teams),
    }


def _to_sum_up(work: Work, first: date, last: date) -> ir.Table:
    written = left(_written(work, "raw.player_box", first, last), _written(work, "raw.odds_player_points", first, last), ["game_id"])
    written = written.mutate(
        written=ibis.greatest(written.raw_player_box, written.raw_odds_player_points.fill_null(written.raw_player_box))
    )
    done = work.table("analytics.player_game_summary")
    done = done.group_by("game_id").agg(summary_written=done.written_at.max())
    dirty = written.left_join(done, "game_id").drop("game_id_right")
    dirty = dirty.filter(dirty.summary_written.isnull() | (dirty.written > dirty.summary_written))
    return dirty.select("game_id")


def _written(work: Work, name: str, first: date, last: date) -> ir.Table:
    """By game of these days when a row of a table was written last, in a column called after it."""
    rows = work.table(name).filter(lambda t: (t.game_date >= day_of(first)) & (t.game_date <= day_of(last)))
    return rows.group_by("game_id").agg(**{name.replace(".", "_"): rows.written_at.max()})


def _closing_lines(work: Work, players: ir.Table) -> ir.Table:
    """The consensus at each game's own tip."""
    lines = ibis.memtable(market_at_close(work, players.select("game_id", "tip").distinct()).lines)
    return lines.select("game_id", "player_lookup", closing_line="consensus_line")


def summarise_slate(
    work: Work, game_ids: Sequence[str], as_of: Moment, gathered: Callable[[], pa.Table] | None = None
) -> dict[str, Merged]:
    """The upcoming context of every player of a slate, and what the market says of him, as of its moment. `gathered` gives their
    ingredients, where somebody has them."""
    games = work.keep(games_as_of(work, game_ids, as_of))
    if work.ask(_how_many, games)[0][0].as_py() == 0:
        return {}
    lines = line_summary(work, games, partial(spread_of_points, work))
    context = _context(gathered() if gathered else gather(work, game_ids, as_of))
    return {
        name: _instead(work, name, games, rows)
        for name, rows in (("analytics.player_line_summary", lines), ("analytics.upcoming_player_game_context", context))
    }


def _how_many(_work: Work, games: ir.Table) -> ir.Table:
    return games.count().as_table()


def summarise_lines(work: Work, first: date, last: date, before: timedelta = AT_TIP) -> Merged:
    """What the market said of each player of the games of these days (New York, both included), as of so long `before` each tip: into
    `analytics.player_line_summary`, whose rows of other moments stay."""
    games = work.keep(games_as_of(work, games_between(work, first, last), None, before))
    return _instead(work, "analytics.player_line_summary", games, line_summary(work, games, partial(spread_of_points, work)))


def _instead(work: Work, name: str, games: ir.Table, rows: pa.Table) -> Merged:
    """Merge rows of these games at their moments, and take away those of players who have none any more."""
    work.remove(name, work.ask(_gone, games, rows.select(_ROW_THEN), (name,)))
    return work.merge(name, rows)


_ROW_THEN = ["game_id", "player_lookup", "as_of"]


def _gone(work: Work, games: ir.Table, rows: ir.Table, name: tuple[str]) -> ir.Table:
    there = work.table(*name).semi_join(games, ["game_id", "as_of"]).select(*_ROW_THEN)
    return there.anti_join(rows, _ROW_THEN)


def _context(rows: pa.Table) -> pa.Table:
    """The ingredients that describe circumstances, under the table's names."""
    renamed = {
        "commence_time": "tip",
        "current_line": "consensus_line",
        "streak_over": "over_streak",
        "streak_under": "under_streak",
    }
    found = {name: rows.column(renamed.get(name, name)) for name in (*_CIRCUMSTANCES, *renamed)}
    found["home"] = pc.equal(rows.column("is_home"), 1.0)
    found["days_rest"] = pc.subtract(rows.column("last_game_days"), 1.0)
    return pa.table(found)
