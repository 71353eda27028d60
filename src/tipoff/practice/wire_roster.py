"""ESPN's rosters, as documents: a team's fifteen players as of an instant, with their dates of birth.

Season, ESPN's number of a team and instant (UTC) in, a JSON-able document out; None where nobody has that number. A date of birth is
written as midnight of the Pacific coast in UTC, as it is there.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tipoff.clock import as_utc, game_date_of, local_instant
from tipoff.names import ESPN_IDS, TEAMS
from tipoff.practice.births import birth_dates
from tipoff.practice.people import Player
from tipoff.practice.season import Season
from tipoff.practice.wire_odds import stamp

Document = dict[str, Any]
_BY_NUMBER = {str(number): tricode for tricode, number in ESPN_IDS.items()}
_PACIFIC = ZoneInfo("America/Los_Angeles")


def roster(season: Season, number: str, instant: datetime) -> Document | None:
    """The roster at an instant; None for a number that is no team's."""
    if number not in _BY_NUMBER:
        return None
    team = TEAMS[_BY_NUMBER[number]]
    births = birth_dates(season)
    men = season.roster(team.tricode, game_date_of(as_utc(instant)))
    return {
        "timestamp": stamp(instant),
        "status": "success",
        "season": {"year": 2026, "type": 2, "name": "Regular Season", "displayName": "2025-26"},
        "athletes": [_man(player, f"{as_utc(local_instant(births[player.index], time(), _PACIFIC)):%Y-%m-%dT%H:%MZ}") for player in men],
        "coach": [],
        "team": {"id": number, "abbreviation": team.tricode, "location": team.city, "name": team.nickname, "displayName": team.name},
    }


def _man(player: Player, born: str) -> Document:
    return {
        "id": str(player.person_id),
        "firstName": player.first_name,
        "lastName": player.family_name,
        "fullName": player.name,
        "displayName": player.name,
        "shortName": f"{player.first_name[0]}. {player.family_name}",
        "dateOfBirth": born,
        "jersey": player.jersey,
        "position": {"name": player.position, "displayName": player.position, "abbreviation": player.position},
        "status": {"id": "1", "name": "Active", "type": "active", "abbreviation": "Active"},
    }
