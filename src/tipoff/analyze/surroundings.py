"""Ingredients from teams: pace, ratings and results of both sides, rest by the schedule, games missed, stars, reported absences.

Everything as known at each row's moment. Knows teams, schedules and injury reports; absences come from timed reports alone, never from
a box score.
"""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import ibis.expr.types as ir

from tipoff.analyze.history import WINDOW, schedule_versions
from tipoff.analyze.slate import CALLED_OFF, ROW, sides, valid
from tipoff.store.warehouse import Work

_SIDE = ["game_id", "team"]
STAR_POINTS, STAR_MINUTES, STAR_USAGE = 18.0, 28.0, 25.0
BLOWOUT = 15
KNOWN_AT = (
    "box_known_at",
    "team_known_at",
    "opponent_known_at",
    "covered_at",
    "silent_at",
    "report_known_at",
    "newest_quote",
    "newest_game_quote",
)
_LONG_AGO = ibis.literal(datetime(1970, 1, 1, tzinfo=UTC), type="timestamp('UTC')")


def past_team_games(games: ir.Table, teams: ir.Table) -> ir.Table:
    """Every (game, side, past game of that side) known at the game's moment, numbered back from the newest (`place`, 0 first).

    Windows of teams are within the season from its fifth game on, before that with last season's.
    """
    past = teams.select(
        "team",
        "valid_from",
        "valid_to",
        "pace",
        "off_rating",
        "def_rating",
        "won",
        "margin",
        past_game="game_id",
        past_tip="tip",
        past_date="game_date",
        past_season="season",
    )
    joined = sides(games).inner_join(past, "team")
    within = joined.past_date >= joined.game_date - ibis.interval(days=WINDOW.days)
    known = joined.filter((joined.past_tip < joined.tip) & within & valid(joined))
    back = ibis.window(group_by=_SIDE, order_by=ibis.desc("past_tip"))
    whole = ibis.window(group_by=_SIDE)
    numbered = known.mutate(
        place=ibis.row_number().over(back), season_games=(known.past_season == known.season).cast("int64").sum().over(whole)
    )
    return numbered.filter((numbered.past_season == numbered.season) | (numbered.season_games < 5))


def team_context(past: ir.Table) -> ir.Table:
    """One row a (game, team): pace, ratings and results over its `past_team_games`."""
    this_season = past.past_season == past.season
    return past.group_by(_SIDE).agg(
        team_games=past.count(),
        season_games=this_season.cast("int64").sum(),
        pace_last_10=past.pace.mean(where=past.place < 10),
        off_rating_last_10=past.off_rating.mean(where=past.place < 10),
        def_rating_last_15=past.def_rating.mean(where=past.place < 15),
        pace_last_15=past.pace.mean(where=past.place < 15),
        win_share=past.won.cast("float64").mean(where=this_season),
        blowout_share=(past.margin.abs() >= BLOWOUT).cast("float64").mean(where=this_season),
        team_known_at=past.valid_from.max(),
    )


def rest(work: Work, games: ir.Table) -> ir.Table:
    """One row a (game, team): days from the team's game before to this one, less one, by the schedule as known then."""
    columns = ("game_id", "game_date", "home", "away", "status", "known_at", "known_at_assumed", "league_game_id")
    schedule = work.keep(schedule_versions(work.table("raw.schedule").select(*columns)))
    schedule = schedule.filter(~schedule.status.isin(CALLED_OFF))
    now = sides(games).select("game_id", "team", "game_date", "as_of")
    past = schedule.mutate(team=schedule.home).union(schedule.mutate(team=schedule.away)).rename(past_game="game_id", past_date="game_date")
    joined = now.inner_join(past, "team")
    within = (joined.past_date < joined.game_date) & (joined.past_date >= joined.game_date - ibis.interval(days=WINDOW.days))
    known = joined.filter(within & valid(joined))
    return known.group_by(_SIDE).agg(team_rest=(known.game_date.delta(known.past_date, unit="day") - 1).min())


def recent_rows(past: ir.Table, players: ir.Table) -> ir.Table:
    """Box rows of each side's last ten games: (game_id, team, past_game, player_lookup, minutes, points, usage_rate)."""
    recent = past.filter(past.place < 10).select("game_id", "team", "past_game", "past_tip", version="valid_from")
    rows = players.select("player_lookup", "minutes", "points", "usage_rate", "team", past_game="game_id", version="valid_from")
    return recent.inner_join(rows, ["past_game", "version", "team"])


def games_missed(rows: ir.Table, past: ir.Table, recent: ir.Table) -> ir.Table:
    """One row a (game, player): share of the team's last ten games, of those since he joined it, that he did not play."""
    mine = rows.select("game_id", "player_lookup", "joined_tip", "team")
    due = mine.inner_join(past.filter(past.place < 10).select("game_id", "team", "past_game", "past_tip"), ["game_id", "team"])
    due = due.filter(due.past_tip >= due.joined_tip)
    played = recent.filter(recent.minutes > 0).select("game_id", "team", "past_game", "player_lookup", played=ibis.literal(1))
    both = due.left_join(played, ["game_id", "team", "past_game", "player_lookup"])
    return both.group_by(["game_id", "player_lookup"]).agg(dnp_share=1.0 - both.played.fill_null(0).mean())


def statuses(work: Work, games: ir.Table) -> ir.Table:
    """One row a (game, player): his status for that day by the newest report known at the game's moment."""
    reports = work.table("raw.injuries").select("player_lookup", "game_date", "team", "status", "known_at")
    joined = sides(games).select("game_id", "game_date", "team", "as_of").inner_join(reports, ["game_date", "team"])
    known = joined.filter(joined.known_at <= joined.as_of)
    order = ibis.window(group_by=["game_id", "player_lookup"], order_by=ibis.desc("known_at"))
    newest = known.mutate(version=ibis.row_number().over(order)).filter(lambda t: t.version == 0)
    return newest.select("game_id", "player_lookup", injury_status="status", report_known_at="known_at", report_team="team")


def coverage(work: Work, games: ir.Table) -> ir.Table:
    """One row a game for which a report was out by its moment: a report speaks for all games of its day, but not for `silent_teams`."""
    told = work.table("raw.injury_submissions")
    handed_in = told.filter(told.submitted).select("game_date", "known_at")
    reports = work.table("raw.injuries").select("game_date", "known_at").union(handed_in)
    joined = games.select("game_id", "game_date", "as_of").inner_join(reports, "game_date")
    known = joined.filter(joined.known_at <= joined.as_of)
    return known.group_by("game_id").agg(covered_at=known.known_at.max())


def silent_teams(work: Work, games: ir.Table) -> ir.Table:
    """One row a (game, team) of which the newest report that tells it says that it has not submitted yet: silence about its players is
    no news."""
    told = work.table("raw.injury_submissions").select("game_date", "team", "submitted", "known_at")
    joined = sides(games).select("game_id", "game_date", "team", "as_of").inner_join(told, ["game_date", "team"])
    known = joined.filter(joined.known_at <= joined.as_of)
    newest = ibis.window(group_by=_SIDE, order_by=[ibis.desc("known_at"), ibis.desc("submitted")])
    last = known.mutate(version=ibis.row_number().over(newest)).filter(lambda t: t.version == 0)
    return last.filter(~last.submitted).select("game_id", "team", silent_at="known_at")


def stars_out(recent: ir.Table, status: ir.Table) -> ir.Table:
    """One row a (game, team, star): team-mates of weight over the team's last ten games who are reported out or doubtful."""
    playing = recent.filter(recent.minutes > 0)
    weight = playing.group_by(["game_id", "team", "player_lookup"]).agg(
        ppg=playing.points.cast("float64").mean(), mpg=playing.minutes.mean(), usage=playing.usage_rate.mean()
    )
    stars = weight.filter((weight.ppg >= STAR_POINTS) | (weight.mpg >= STAR_MINUTES) | (weight.usage >= STAR_USAGE))
    away = status.filter(status.injury_status.isin(("out", "doubtful"))).select("game_id", "player_lookup", team="report_team")
    return stars.semi_join(away, ["game_id", "player_lookup", "team"]).select("game_id", "team", "player_lookup")


def stars_beside(rows: ir.Table, stars: ir.Table) -> ir.Table:
    """One row a (game, player): reported-out stars of his team, himself not counted."""
    others = stars.rename(star="player_lookup")
    pairs = rows.select("game_id", "player_lookup", "team").inner_join(others, ["game_id", "team"])
    pairs = pairs.filter(pairs.star != pairs.player_lookup)
    return pairs.group_by(ROW).agg(stars_out=pairs.count())


def with_reports(table: ir.Table) -> ir.Table:
    """Where a report covers the game and the team, who is not mentioned is available and no star is out; where none does, both are
    unknown.

    Of a player whose team is unknown, so are his team-mates.
    """
    covered = table.covered_at.notnull() & table.silent_at.isnull()
    return table.mutate(
        injury_status=ibis.ifelse(covered, table.injury_status.fill_null("available"), table.injury_status),
        star_teammates_out=ibis.ifelse(covered & table.team.notnull(), table.stars_out.fill_null(0).cast("float64"), ibis.null("float64")),
        newest_known_at=_newest(table),
    )


def _newest(table: ir.Table) -> ir.TimestampValue:
    """The newest of whatever moments of knowledge the table carries."""
    moments = [table[name] for name in KNOWN_AT if name in table.columns]
    return ibis.greatest(*(moment.fill_null(_LONG_AGO) for moment in moments)).nullif(_LONG_AGO)
