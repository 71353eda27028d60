"""Injury reports as of a moment: who is listed how, for which games a report was out, and which team's silence is no news.

Knows injury reports. Absences come from timed reports alone; this module must never look at a box score.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from tipoff.analyze.slate import left, sides
from tipoff.store.warehouse import Work

AWAY = ("out", "doubtful")
_SIDE = ["game_id", "team"]


def statuses(work: Work, games: ir.Table) -> ir.Table:
    """One row a (game, player): his status for that day by the newest report known at the game's moment that names him.

    A fetched report tells of everybody: what an earlier one of the same source said of a player whom it no longer names has lapsed. Of an
    imported archive nobody knows whether it is told whole each time, and nothing lapses.
    """
    reports = work.table("raw.injuries").select("player_lookup", "game_date", "team", "status", "known_at", "source", "origin_rank")
    joined = sides(games).select("game_id", "game_date", "team", "as_of").inner_join(reports, ["game_date", "team"])
    known = joined.filter(joined.known_at <= joined.as_of)
    told = left(known, _newest_documents(work, games), ["game_id", "source"])
    told = told.filter((told.origin_rank == 0) | (told.known_at >= told.told_at))
    order = ibis.window(group_by=["game_id", "player_lookup"], order_by=[ibis.desc("known_at"), "source"])
    newest = told.mutate(version=ibis.row_number().over(order)).filter(lambda t: t.version == 0)
    return newest.select("game_id", "player_lookup", injury_status="status", report_known_at="known_at", report_team="team")


def _newest_documents(work: Work, games: ir.Table) -> ir.Table:
    """By game and source when the newest fetched report of its day became known, by the game's moment."""
    documents = [work.table(name) for name in ("raw.injuries", "raw.injury_submissions")]
    moments = [rows.filter(rows.origin_rank > 0).select("game_date", "source", "known_at") for rows in documents]
    joined = games.select("game_id", "game_date", "as_of").inner_join(moments[0].union(moments[1]), "game_date")
    known = joined.filter(joined.known_at <= joined.as_of)
    return known.group_by(["game_id", "source"]).agg(told_at=known.known_at.max())


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
