"""Small documents of the feeds that have no tip, no status or no ids of the league: the statistics, ESPN, balldontlie."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from load.wire import TIP, Document
from tipoff.names import TEAMS

PAIRS = (
    *(("fieldGoalsMade", "fieldGoalsAttempted"), ("threePointersMade", "threePointersAttempted")),
    ("freeThrowsMade", "freeThrowsAttempted"),
)
LINE = {
    "points": 20,
    "fieldGoalsMade": 8,
    "fieldGoalsAttempted": 15,
    "threePointersMade": 2,
    "threePointersAttempted": 6,
    "freeThrowsMade": 2,
    "freeThrowsAttempted": 2,
    "reboundsOffensive": 1,
    "reboundsDefensive": 4,
    "assists": 5,
    "steals": 1,
    "blocks": 0,
    "turnovers": 3,
    "foulsPersonal": 2,
    "plusMinusPoints": 7.0,
}
"""One player's figures, in the words of the league's statistics."""


def stats_box(
    home_men: Sequence[tuple[str, int]],
    away_men: Sequence[tuple[str, int]],
    *,
    league_id: str = "0022500101",
    home: str = "BOS",
    away: str = "LAL",
    minutes: tuple[str, str] = ("240:00", "240:00"),
    points: tuple[int, int] = (117, 105),
) -> Document:
    """The league's box score of version 3: (name, id) of each who played."""
    sides = []
    for tricode, men, on_court, score in ((home, home_men, minutes[0], points[0]), (away, away_men, minutes[1], points[1])):
        players = [stats_player(name, person) for name, person in men]
        sums = {"minutes": on_court, "points": score}
        sides.append({"teamId": TEAMS[tricode].league_id, "teamTricode": tricode, "players": players, "statistics": sums})
    ids = {"gameId": league_id, "homeTeamId": sides[0]["teamId"], "awayTeamId": sides[1]["teamId"]}
    meta = {"version": 1, "time": "2025-11-05T19:00:00.0Z"}
    return {"meta": meta, "boxScoreTraditional": {**ids, "homeTeam": sides[0], "awayTeam": sides[1]}}


def stats_player(name: str, person: int, **more: Any) -> Document:
    first, _, family = name.partition(" ")
    printed = {"personId": person, "firstName": first, "familyName": family, "position": "", "comment": ""}
    return {**printed, "statistics": {"minutes": "30:30", **LINE}, **more}


def espn_competition(
    espn_id: str = "401810001",
    *,
    tip: datetime = TIP,
    home: str = "BOS",
    away: str = "LAL",
    status: str = "STATUS_FINAL",
    scores: tuple[Any, Any] = ("117", "105"),
    **more: Any,
) -> Document:
    state = {"STATUS_SCHEDULED": "pre", "STATUS_IN_PROGRESS": "in"}.get(status, "post")
    kind = {"name": status, "state": state, "completed": status == "STATUS_FINAL"}
    sides = [
        {"homeAway": where, "team": {"displayName": TEAMS[side].name}, "score": score}
        for where, side, score in (("home", home, scores[0]), ("away", away, scores[1]))
    ]
    told = {"id": espn_id, "date": tip.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"), "type": {"abbreviation": "STD"}, "timeValid": True}
    return {**told, "competitors": sides, "notes": [], "status": {"type": kind}, **more}


def espn_scoreboard(*competitions: Document, season_type: Any = 2, slug: str = "nba") -> Document:
    events = [{"id": one["id"], "name": "", "season": {"type": season_type}, "competitions": [one]} for one in competitions]
    return {"leagues": [{"slug": slug}], "events": events}


def espn_summary(competition: Document, home_men: Sequence[Document], away_men: Sequence[Document], *, slug: str = "nba") -> Document:
    home, away = (side["team"] for side in competition["competitors"])
    sides = [
        {"team": team, "statistics": [{"keys": list(ESPN_KEYS), "athletes": list(men)}]}
        for team, men in ((away, away_men), (home, home_men))
    ]
    header = {"id": competition["id"], "season": {"type": 2}, "league": {"slug": slug}, "competitions": [competition]}
    return {"boxscore": {"players": sides}, "header": header}


ESPN_KEYS = (
    *("minutes", "points", "fieldGoalsMade-fieldGoalsAttempted", "threePointFieldGoalsMade-threePointFieldGoalsAttempted"),
    *("freeThrowsMade-freeThrowsAttempted", "rebounds", "assists", "turnovers", "steals", "blocks", "offensiveRebounds"),
    *("defensiveRebounds", "fouls", "plusMinus"),
)
ESPN_LINE = ("30", "20", "8-15", "2-6", "2-2", "5", "5", "3", "1", "0", "1", "4", "2", "+7")


def athlete(name: str, stats: Any = ESPN_LINE, **more: Any) -> Document:
    stats = list(stats) if isinstance(stats, tuple) else stats
    return {"athlete": {"displayName": name}, "starter": True, "didNotPlay": False, "stats": stats, **more}


def balldontlie(*games: Document) -> Document:
    return {"data": list(games)}


def balldontlie_game(
    home_men: Sequence[Document] = (),
    away_men: Sequence[Document] = (),
    *,
    day: date = date(2025, 11, 5),
    home: str = "BOS",
    away: str = "LAL",
    **more: Any,
) -> Document:
    sides = {
        key: {"full_name": TEAMS[side].name, "abbreviation": side, "players": list(men)}
        for key, side, men in (("home_team", home, home_men), ("visitor_team", away, away_men))
    }
    told = {"date": day.isoformat(), "status": "Final", "time": "Final", "home_team_score": 117, "visitor_team_score": 105}
    return {**told, **sides, **more}


def balldontlie_player(first: str, last: str, **more: Any) -> Document:
    figures = {"pts": 20, "fgm": 8, "fga": 15, "fg3m": 2, "fg3a": 6, "ftm": 2, "fta": 2, "oreb": 1, "dreb": 4, "ast": 5, "stl": 1, "blk": 0}
    return {"min": "30", **figures, "turnover": 3, "pf": 2, "player": {"first_name": first, "last_name": last}, **more}


def fetch_after(hours: float) -> datetime:
    return datetime.fromtimestamp(TIP.timestamp() + hours * 3600, UTC)
