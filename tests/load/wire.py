"""Small valid documents in the sources' wire formats: The Odds API's, the league's, ESPN's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tipoff.names import TEAMS
from tipoff.scrape.records import Payload

Document = dict[str, Any]

TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
"""19:30 New York on 2025-11-05: Los Angeles Lakers at Boston, unless a test says otherwise."""
SNAPSHOT = TIP - timedelta(hours=2)


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def payload(document: Any, *, fetched_at: datetime | None = None, origin: str = "a test") -> Payload:
    """A document, or raw bytes, as it came: fetched by us at an instant, or out of a folder."""
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return Payload(body, origin, fetched_at, 200 if fetched_at else 0)


def pair(player: str, point: float, over: float | None = 1.87, under: float | None = 1.95) -> list[Document]:
    sides = (("Over", over), ("Under", under))
    return [{"name": side, "description": player, "price": price, "point": point} for side, price in sides if price is not None]


def market(key: str, outcomes: Sequence[Document], at: datetime = SNAPSHOT) -> Document:
    return {"key": key, "last_update": stamp(at), "outcomes": list(outcomes)}


def points(*outcomes: list[Document], at: datetime = SNAPSHOT) -> Document:
    return market("player_points", [side for sides in outcomes for side in sides], at)


def alternates(*outcomes: list[Document], at: datetime = SNAPSHOT) -> Document:
    return market("player_points_alternate", [side for sides in outcomes for side in sides], at)


def totals(point: float = 231.5, at: datetime = SNAPSHOT) -> Document:
    return market("totals", [{"name": side, "price": 1.91, "point": point} for side in ("Over", "Under")], at)


def book(key: str, *markets: Document) -> Document:
    return {"key": key, "title": key.title(), "markets": list(markets)}


def event(
    *books: Document, event_id: str = "e1", tip: datetime = TIP, home: str = "BOS", away: str = "LAL", sport: str = "basketball_nba"
) -> Document:
    return {
        "id": event_id,
        "sport_key": sport,
        "sport_title": "a league",
        "commence_time": stamp(tip),
        "home_team": TEAMS[home].name,
        "away_team": TEAMS[away].name,
        "bookmakers": list(books),
    }


def historical(document: Document, at: datetime = SNAPSHOT) -> Document:
    """The same as the source's history gives it, with its snapshot's own time around it."""
    return {"timestamp": stamp(at), "previous_timestamp": None, "next_timestamp": None, "data": document}


def player(name: str, person: int, scored: int = 20, minutes: int = 30, reason: str = "Coach's Decision") -> Document:
    """A player's line in a box score; without minutes he did not play, for the reason given."""
    made = scored // 2
    statistics = {
        "minutes": f"PT{minutes}M00.00S",
        "points": scored,
        "fieldGoalsMade": made,
        "fieldGoalsAttempted": made + 8,
        "threePointersMade": 0,
        "threePointersAttempted": 3,
        "freeThrowsMade": scored % 2,
        "freeThrowsAttempted": scored % 2 + 1,
        **dict.fromkeys(("reboundsOffensive", "reboundsDefensive", "assists", "steals", "blocks", "turnovers", "foulsPersonal"), 2),
        "plusMinusPoints": 0,
    }
    return {
        "name": name,
        "personId": person,
        "starter": "1",
        "played": "1" if minutes else "0",
        "statistics": statistics if minutes else {"points": 0, "minutes": "PT00M00.00S"},
        **({} if minutes else {"notPlayingReason": reason}),
    }


def box(
    home_players: Sequence[Document],
    away_players: Sequence[Document],
    *,
    league_id: str = "0022500101",
    tip: datetime = TIP,
    home: str = "BOS",
    away: str = "LAL",
    status: int = 3,
) -> Document:
    """The league's live box score of a game."""
    sides = ((home, home_players, 117), (away, away_players, 105))
    teams = [{"teamTricode": side, "teamId": TEAMS[side].league_id, "score": score, "players": list(men)} for side, men, score in sides]
    return {
        "meta": {"version": 1},
        "game": {
            "gameId": league_id,
            "gameTimeUTC": stamp(tip),
            "gameStatus": status,
            "gameStatusText": "Final" if status == 3 else "Q2 5:00",
            "homeTeam": teams[0],
            "awayTeam": teams[1],
        },
    }


def scheduled(
    league_id: str = "0022500101", *, tip: datetime = TIP, home: str = "BOS", away: str = "LAL", status: int = 1, text: str = "7:30 pm ET"
) -> Document:
    """A game of the league's schedule."""
    sides = {"homeTeam": (home, 117), "awayTeam": (away, 105)}
    return {
        "gameId": league_id,
        "gameStatus": status,
        "gameStatusText": text,
        "gameDateEst": stamp(tip)[:10] + "T00:00:00Z",
        "gameDateTimeUTC": stamp(tip),
        **{
            key: {"teamTricode": side, "teamId": TEAMS[side].league_id, "score": score if status == 3 else 0}
            for key, (side, score) in sides.items()
        },
    }


def schedule(*games: Document, at: datetime = TIP - timedelta(days=30)) -> Document:
    return {"meta": {"version": 1, "time": stamp(at)}, "leagueSchedule": {"gameDates": [{"games": list(games)}]}}


def injuries(*statuses: tuple[str, str, str], at: datetime = SNAPSHOT) -> Document:
    """ESPN's list: (tricode, player, status)."""
    teams: dict[str, list[Document]] = {}
    for tricode, name, status in statuses:
        teams.setdefault(tricode, []).append({"athlete": {"displayName": name}, "status": status, "date": stamp(at)})
    return {"timestamp": stamp(at), "injuries": [{"displayName": TEAMS[team].name, "injuries": rows} for team, rows in teams.items()]}


HOME_MEN = (player("Jayson Tatum", 1628369, 28), player("Jaylen Brown", 1627759, 25), player("Derrick White", 1628401, 16))
AWAY_MEN = (player("Luka Dončić", 1629029, 33), player("Austin Reaves", 1630559, 19), player("Jaxson Hayes", 1629637, 0, minutes=0))


def rosters(tip: datetime = TIP - timedelta(days=7), league_id: str = "0022500055") -> Document:
    """A box score of a week before, by which the men of the two teams are known."""
    return box(HOME_MEN, AWAY_MEN, league_id=league_id, tip=tip)


def shot(
    number: int, person: int, name: str = "J. Tatum", *, team: str = "BOS", area: str = "Restricted Area", made: bool = True
) -> Document:
    """A field goal tried, as the league's live play-by-play tells it."""
    return {
        "actionNumber": number,
        "actionType": "3pt" if area.endswith("3") else "2pt",
        "isFieldGoal": 1,
        "personId": person,
        "playerNameI": name,
        "teamTricode": team,
        "area": area,
        "shotResult": "Made" if made else "Missed",
    }


def plays(*shots: Document, league_id: str = "0022500101", over_at: datetime | None = TIP + timedelta(hours=2, minutes=20)) -> Document:
    """The league's live play-by-play of a game; while `over_at` is None it goes on."""
    start = {"actionNumber": 2, "actionType": "period", "subType": "start", "isFieldGoal": 0}
    end = {"actionNumber": 900, "actionType": "game", "subType": "end", "isFieldGoal": 0, "timeActual": stamp(over_at) if over_at else ""}
    return {"meta": {"version": 1}, "game": {"gameId": league_id, "actions": [start, *shots, *([end] if over_at else [])]}}


def squad(team: str, *men: tuple[str, str | None], at: datetime | None = SNAPSHOT) -> Document:
    """ESPN's roster of a team: (player, date of birth)."""
    athletes = [{"displayName": name, **({"dateOfBirth": f"{born}T08:00Z"} if born else {})} for name, born in men]
    moment = {"timestamp": stamp(at)} if at else {}
    return {**moment, "status": "success", "athletes": athletes, "team": {"displayName": TEAMS[team].name}}
