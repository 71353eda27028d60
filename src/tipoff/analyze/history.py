"""Box scores as games that were played, in versions: each row holds from when it was known until a newer version was.

A row joins a moment of knowledge where `valid_from <= as_of < valid_to`: so a correction counts only from when it was known, and one
expression serves tonight and eleven seasons. Knows box scores; it must never know lines, features or predictions.
"""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from tipoff.store.warehouse import Work, day_of

WINDOW = timedelta(days=400)
_STATS = ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "tov")


def player_games(work: Work, first: date, last: date) -> ir.Table:
    """One row a (game, version, player) of the game days from `first` to `last`: box score, tip, usage rate (%), validity.

    A version of a game is every moment at which any of its rows became known; it holds all rows known by then.
    """
    box = work.table("raw.player_box")
    box = box.filter(box.game_date >= day_of(first), box.game_date <= day_of(last))
    rows = box.select(
        "game_id",
        "player_lookup",
        "game_date",
        "season",
        "team",
        "opponent",
        "home",
        "started",
        "minutes",
        "did_not_play",
        "known_at",
        *_STATS,
    )
    versions = rows.select("game_id", version="known_at").distinct()
    order = ibis.window(group_by="game_id", order_by="version")
    versions = versions.mutate(valid_to=versions.version.lead(1).over(order))
    joined = rows.inner_join(versions, "game_id").filter(lambda t: t.known_at <= t.version)
    newest = ibis.window(group_by=["game_id", "version", "player_lookup"], order_by=ibis.desc("known_at"))
    joined = joined.mutate(place=ibis.row_number().over(newest)).filter(lambda t: t.place == 0)
    return (
        _with_usage(joined.drop("place", "known_at").rename(valid_from="version")).left_join(_tips(work), "game_id").drop("game_id_right")
    )


def _tips(work: Work) -> ir.Table:
    """Each game's tip by the newest schedule; for ordering past games, which no later knowledge moves across another."""
    return newest_schedule(work.table("raw.schedule")).select("game_id", tip="commence_time", game_type="game_type")


def newest_schedule(schedule: ir.Table) -> ir.Table:
    """One row a game: the league's own word before an odds source's, what is on record before what is assumed, of each the newest."""
    ranked = schedule.mutate(from_league=schedule.league_game_id.notnull().cast("int64"), assumed=schedule.known_at_assumed.cast("int64"))
    order = ibis.window(group_by="game_id", order_by=[ibis.desc("from_league"), "assumed", ibis.desc("known_at")])
    return ranked.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0).drop("place", "from_league", "assumed")


def schedule_versions(schedule: ir.Table) -> ir.Table:
    """The schedule in versions, of each game one in force at any moment, by the order of `newest_schedule`: `valid_from`, `valid_to`."""
    rank = schedule.league_game_id.notnull().cast("int64") * 2 + (~schedule.known_at_assumed).cast("int64")
    ranked = schedule.mutate(rank=rank)
    so_far = ibis.cumulative_window(group_by="game_id", order_by="known_at")
    ranked = ranked.mutate(best=ranked["rank"].max().over(so_far)).filter(lambda t: t["rank"] == t.best).drop("rank", "best")
    following = ibis.window(group_by="game_id", order_by="known_at")
    return ranked.mutate(valid_from=ranked.known_at, valid_to=ranked.known_at.lead(1).over(following)).drop("known_at")


def _with_usage(rows: ir.Table) -> ir.Table:
    """Usage rate: 100 x (FGA + .44 FTA + TOV) x (team minutes / 5) / (minutes x the team's FGA + .44 FTA + TOV)."""
    side = ibis.window(group_by=["game_id", "valid_from", "team"])
    used = rows.fga + rows.fta * 0.44 + rows.tov
    rows = rows.mutate(used=used)
    rows = rows.mutate(team_used=rows.used.sum().over(side), team_minutes=rows.minutes.sum().over(side))
    rate = 100.0 * rows.used * (rows.team_minutes / 5) / (rows.minutes * rows.team_used)
    playing = (rows.minutes > 0) & (rows.team_used > 0)
    return rows.mutate(usage_rate=ibis.ifelse(playing, rate, ibis.null("float64"))).drop("used", "team_used", "team_minutes")


def team_games(players: ir.Table) -> ir.Table:
    """One row a (game, version, team) from `player_games`: points, possessions, pace, ratings, result.

    Possessions of a side are FGA + .44 FTA - OREB + TOV; a game's are the mean of both sides'; pace is per 48 minutes.
    """
    sides = players.group_by(["game_id", "valid_from", "valid_to", "team", "opponent", "home", "game_date", "season", "tip"]).agg(
        points=players.points.sum(),
        own_possessions=(players.fga + players.fta * 0.44 - players.oreb + players.tov).sum(),
        minutes=players.minutes.sum(),
    )
    other = sides.select(
        "game_id", "valid_from", opponent="team", opponent_points="points", other_possessions="own_possessions", other_minutes="minutes"
    )
    both = sides.inner_join(other, ["game_id", "valid_from", "opponent"])
    both = both.filter(both.minutes > 0, both.other_minutes > 0, both.own_possessions > 0, both.other_possessions > 0)
    possessions = (both.own_possessions + both.other_possessions) / 2
    both = both.mutate(possessions=possessions)
    return both.mutate(
        pace=both.possessions * 48.0 / (both.minutes / 5),
        off_rating=100.0 * both.points / both.possessions,
        def_rating=100.0 * both.opponent_points / both.possessions,
        won=both.points > both.opponent_points,
        margin=both.points - both.opponent_points,
    ).drop("own_possessions", "other_possessions", "other_minutes")
