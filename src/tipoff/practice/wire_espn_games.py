"""ESPN's scoreboard and summary, as documents: the games of a day, and the box score of one.

Season and instant (UTC) in, JSON-able documents out: the scoreboard in the shape recorded from the real one, the summary as far as box
scores go. ESPN has ids of its own, prints names in plain letters, and rounds minutes down to whole ones; players who were not dressed are
not in it.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

from tipoff.clock import NEW_YORK
from tipoff.names import TEAMS
from tipoff.practice.boxes import Box, BoxLine, Progress, box, points_at, progress
from tipoff.practice.season import Game, Season
from tipoff.practice.wire_espn import ABBREVIATIONS
from tipoff.practice.wire_nba import game_clock, status_text

Document = dict[str, Any]

_FIRST_ID = 990_000_000
_SEASON = {"year": 2026, "type": 2, "slug": "regular-season"}
_LEAGUE = {"id": "99", "uid": "s:40~l:99", "name": "Practice League", "abbreviation": "PRACTICE", "slug": "practice"}
_CALLED_OFF: dict[str, Document] = {
    "postponed": {"id": "6", "name": "STATUS_POSTPONED", "state": "post", "completed": True, "description": "Postponed"},
    "cancelled": {"id": "5", "name": "STATUS_CANCELED", "state": "post", "completed": True, "description": "Canceled"},
}
_COLUMNS = (
    *(("MIN", "minutes"), ("PTS", "points"), ("FG", "fieldGoalsMade-fieldGoalsAttempted")),
    *(("3PT", "threePointFieldGoalsMade-threePointFieldGoalsAttempted"), ("FT", "freeThrowsMade-freeThrowsAttempted"), ("REB", "rebounds")),
    *(("AST", "assists"), ("TO", "turnovers"), ("STL", "steals"), ("BLK", "blocks"), ("OREB", "offensiveRebounds")),
    *(("DREB", "defensiveRebounds"), ("PF", "fouls"), ("+/-", "plusMinus")),
)
_SPECIAL_LETTERS = str.maketrans({"ı": "i", "ø": "o", "Ø": "O", "đ": "d", "ł": "l", "Ł": "L"})


def plain(name: str) -> str:
    """A name in plain letters: `Žido Łuvik` is `Zido Luvik`."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return bare.translate(_SPECIAL_LETTERS)


def espn_id(game: Game) -> str:
    """ESPN's own id of a game."""
    return str(_FIRST_ID + game.index)


def game_of(season: Season, event: str) -> Game | None:
    """The game of an id of ESPN's; None where there is none."""
    index = int(event) - _FIRST_ID if event.isascii() and event.isdigit() and len(event) < 20 else -1
    return season.games[index] if 0 <= index < len(season.games) else None


def scoreboard(season: Season, day: date, instant: datetime) -> Document:
    """The games of a New York day, with their scores at an instant."""
    return {"leagues": [_LEAGUE], "events": [_event(season, game, instant) for game in season.games_on(day, instant)]}


def summary(season: Season, game: Game, instant: datetime) -> Document:
    """One game with its players' lines; before the tip nobody has any."""
    found = box(season, game, None if game.is_over(instant) else instant) if game.has_begun(instant) else None
    sides = ((game.away, found.away), (game.home, found.home)) if found else ()
    return {
        "boxscore": {"teams": [], "players": [_side(tricode, lines) for tricode, lines in sides]},
        "header": {
            "id": espn_id(game),
            "season": {"year": 2026, "type": 2},
            "league": _LEAGUE,
            "competitions": [_competition(season, game, instant, found)],
        },
    }


def _event(season: Season, game: Game, instant: datetime) -> Document:
    home, away = TEAMS[game.home], TEAMS[game.away]
    return {
        "id": espn_id(game),
        "date": _minute(game.tip),
        "name": f"{away.name} at {home.name}",
        "shortName": f"{_short(game.away)} @ {_short(game.home)}",
        "season": _SEASON,
        "competitions": [_competition(season, game, instant, None)],
        "status": _status(game, progress(game, instant)),
    }


def _competition(season: Season, game: Game, instant: datetime, found: Box | None) -> Document:
    at = found.progress if found else progress(game, instant)
    points = (game.home_points, game.away_points) if at.final else tuple(points_at(season, game, at).sum(axis=1).tolist())
    competitors = [
        {
            "id": str(list(TEAMS).index(tricode) + 1),
            "type": "team",
            "order": order,
            "homeAway": where,
            "winner": at.final and points[order] > points[1 - order],
            "team": {
                "id": str(list(TEAMS).index(tricode) + 1),
                "location": TEAMS[tricode].city,
                "name": TEAMS[tricode].nickname,
                "abbreviation": _short(tricode),
                "displayName": TEAMS[tricode].name,
            },
            "score": str(points[order]),
        }
        for order, (where, tricode) in enumerate((("home", game.home), ("away", game.away)))
    ]
    return {
        "id": espn_id(game),
        "date": _minute(game.tip),
        "type": {"id": "1", "abbreviation": "STD"},
        "timeValid": True,
        "neutralSite": False,
        "competitors": competitors,
        "notes": [],
        "status": _status(game, at),
    }


def _status(game: Game, at: Progress) -> Document:
    text = status_text(game, at, game.tip.astimezone(NEW_YORK))
    if game.standing != "on":
        kind = _CALLED_OFF[game.standing]
        text = str(kind["description"])
    elif at.final:
        kind = {"id": "3", "name": "STATUS_FINAL", "state": "post", "completed": True, "description": "Final"}
    elif at.period:
        kind = {"id": "2", "name": "STATUS_IN_PROGRESS", "state": "in", "completed": False, "description": "In Progress"}
    else:
        kind = {"id": "1", "name": "STATUS_SCHEDULED", "state": "pre", "completed": False, "description": "Scheduled"}
    return {"displayClock": game_clock(at), "period": at.period, "type": {**kind, "detail": text, "shortDetail": text}}


def _side(tricode: str, lines: tuple[BoxLine, ...]) -> Document:
    athletes = [_athlete(line) for line in lines if line.reason != "INACTIVE_INJURY"]
    return {
        "team": {"id": str(list(TEAMS).index(tricode) + 1), "abbreviation": _short(tricode), "displayName": TEAMS[tricode].name},
        "statistics": [
            {
                "names": [name for name, _ in _COLUMNS],
                "keys": [key for _, key in _COLUMNS],
                "labels": [name for name, _ in _COLUMNS],
                "athletes": athletes,
                "totals": [],
            }
        ],
    }


def _athlete(line: BoxLine) -> Document:
    name = plain(line.player.name)
    entry: Document = {
        "active": False,
        "athlete": {"id": str(line.player.person_id), "displayName": name, "shortName": f"{name[0]}. {plain(line.player.family_name)}"},
        "starter": line.started and not line.reason,
        "didNotPlay": not line.played,
        "ejected": False,
        "stats": _stats(line) if line.played else [],
    }
    if not line.played:
        entry["reason"] = "COACH'S DECISION" if line.reason in ("", "DNP_COACH") else (line.description or "INJURY").upper()
    return entry


def _stats(line: BoxLine) -> list[str]:
    return [
        *(str(line.seconds // 60), str(line.points), f"{line.fgm}-{line.fga}", f"{line.fg3m}-{line.fg3a}", f"{line.ftm}-{line.fta}"),
        *(str(line.oreb + line.dreb), str(line.ast), str(line.tov), str(line.stl), str(line.blk), str(line.oreb), str(line.dreb)),
        *(str(line.pf), f"{line.plus_minus:+d}" if line.plus_minus else "0"),
    ]


def _short(tricode: str) -> str:
    return ABBREVIATIONS.get(tricode, tricode)


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%MZ")
