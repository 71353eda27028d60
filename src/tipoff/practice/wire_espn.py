"""ESPN's injuries, as a document: the state of the league at an instant, by team, newest report of each player.

It lists whoever is questionable, doubtful, probable or out; one who is available again is not in it. Some questionable
players stand as Day-To-Day, as they do there. Season and instant
(UTC) in, a JSON-able document out. Abbreviations are ESPN's own (GS, NO, NY, SA, UTAH, WSH).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tipoff.clock import as_utc, game_date_of
from tipoff.names import TEAMS, Team
from tipoff.practice.fixtures import FIRST_DAY
from tipoff.practice.health import InjuryNews
from tipoff.practice.season import Season

Document = dict[str, Any]

ABBREVIATIONS = {"GSW": "GS", "NOP": "NO", "NYK": "NY", "SAS": "SA", "UTA": "UTAH", "WAS": "WSH"}
_TYPES = {
    "Out": ("1", "INJURY_STATUS_OUT", "out", "O"),
    "Questionable": ("2", "INJURY_STATUS_QUESTIONABLE", "questionable", "Q"),
    "Doubtful": ("3", "INJURY_STATUS_DOUBTFUL", "doubtful", "D"),
    "Probable": ("4", "INJURY_STATUS_PROBABLE", "probable", "P"),
    "Day-To-Day": ("5", "INJURY_STATUS_DAYTODAY", "day-to-day", "DTD"),
}
_FANTASY = {"Out": "OUT", "Questionable": "GTD", "Doubtful": "GTD", "Probable": "GTD", "Day-To-Day": "GTD"}


def injuries(season: Season, instant: datetime) -> Document:
    """The injury list at an instant."""
    at = as_utc(instant)
    newest: dict[int, InjuryNews] = {}
    for item in season.news[: season.news_count(at)]:
        newest[item.player] = item
    day = min(max((game_date_of(at) - FIRST_DAY).days, 0), season.teams.shape[1] - 1)
    by_team: dict[int, list[Document]] = {}
    teams = list(TEAMS.values())
    for index, item in sorted(newest.items()):
        if item.status != "Available":
            number = int(season.teams[index, day])
            by_team.setdefault(number, []).append(_entry(season, item, teams[number]))
    return {
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": "success",
        "season": {"year": 2026, "type": 2, "name": "Regular Season", "displayName": "2025-26"},
        "injuries": [
            {"id": str(number + 1), "displayName": teams[number].name, "injuries": rows} for number, rows in sorted(by_team.items())
        ],
    }


def _entry(season: Season, item: InjuryNews, team: Team) -> Document:
    player = season.players[item.player]
    day = season.games[item.game].game_date
    status = "Day-To-Day" if item.status == "Questionable" and item.game % 4 == 0 else item.status
    number, name, description, letter = _TYPES[status]
    what = item.body_part.lower()
    short = f"{player.family_name} ({what}) is {description} for {day:%A}'s game, the practice league reports."
    details: Document = {
        "fantasyStatus": {"description": _FANTASY[status], "abbreviation": _FANTASY[status]},
        "type": item.body_part,
        "location": "Other" if item.body_part == "Illness" else "Body",
        "detail": "Not Specified",
        "side": item.side or "Not Specified",
    }
    if item.returns is not None:
        details["returnDate"] = item.returns.isoformat()
    return {
        "id": str(item.game * 1000 + item.player),
        "longComment": f"{short} Everything in this league is invented.",
        "shortComment": short,
        "status": status,
        "date": item.at.strftime("%Y-%m-%dT%H:%MZ"),
        "athlete": {
            "id": str(player.person_id),
            "firstName": player.first_name,
            "lastName": player.family_name,
            "displayName": player.name,
            "shortName": f"{player.first_name[0]}. {player.family_name}",
            "position": {"name": player.position, "displayName": player.position, "abbreviation": player.position},
            "team": {
                "id": str(list(TEAMS).index(team.tricode) + 1),
                "abbreviation": ABBREVIATIONS.get(team.tricode, team.tricode),
                "location": team.city,
                "name": team.nickname,
                "displayName": team.name,
            },
        },
        "type": {"id": number, "name": name, "description": description, "abbreviation": letter},
        "details": details,
    }
