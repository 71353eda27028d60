"""What the league's schedule and its live box score say of a game in the same words: league, kind of game, sides, tip, status, score.

Knows one game object at a time. Preseason, All-Star and other exhibitions are refused by game type and by tricode.
"""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any

from tipoff.clock import as_utc, local_instant
from tipoff.names import Team, find_team
from tipoff.scrape.games import Game
from tipoff.scrape.reading import Ledger, Refusal, instant, text, whole
from tipoff.scrape.records import League, Payload

SOURCE = "nba_cdn"
LEAGUES: dict[str, League] = {"00": "nba", "99": "practice"}
GAME_TYPES = {"2": "regular", "4": "playoff", "5": "play_in", "6": "cup_final"}
REFUSED_TYPES = {"1": "preseason", "3": "all_star"}
_GAME_ID = re.compile(r"[0-9]{10}")
_ASSUMED_TIP = time(19)  # a tip without a time: 19:00 local
HIGHEST_SCORE = 300


def read_game(game: dict[str, Any], path: str, ledger: Ledger) -> Game | Refusal:
    """A game of the schedule or of a box score, or why it is not taken. Scores that cannot be read are set apart by themselves."""
    game_id = game.get("gameId")
    head = read_id(game_id, "gameId")
    if isinstance(head, Refusal):
        return head
    league, game_type = head
    sides = [_side(game, key) for key in ("homeTeam", "awayTeam")]
    for side in sides:
        if isinstance(side, Refusal):
            return side
    home, away = sides
    assert isinstance(home, Team)
    assert isinstance(away, Team)
    if home == away:
        return Refusal("awayTeam", "same_team_twice")
    tip = _tip(game, home)
    if tip is None:
        return Refusal("gameDateTimeUTC" if "gameDateTimeUTC" in game else "gameTimeUTC", "unreadable_instant")
    status = read_status(game)
    if status is None:
        return Refusal("gameStatus", "unknown_status")
    scores = _scores(game, path, ledger) if status == "final" else _scores_so_far(game) if status == "live" else (None, None)
    return Game(league, home, away, status, tip, None, game_id, None, game_type, *scores)


def read_id(game_id: Any, key: str) -> tuple[League, str] | Refusal:
    """League and game type by the league's id of a game, or why it is not taken; `key` names where the id stands."""
    if type(game_id) is not str or not _GAME_ID.fullmatch(game_id):
        return Refusal(key, "unreadable_id")
    league = LEAGUES.get(game_id[:2])
    if league is None:
        return Refusal(key, "unknown_league")
    if game_id[2] in REFUSED_TYPES:
        return Refusal(key, REFUSED_TYPES[game_id[2]], is_exhibition=True)
    if game_id[2] not in GAME_TYPES:
        return Refusal(key, "unknown_game_type")
    return league, GAME_TYPES[game_id[2]]


def _side(game: dict[str, Any], key: str) -> Team | Refusal:
    side = game.get(key)
    if type(side) is not dict:
        return Refusal(key, "not_an_object")
    tricode = side.get("teamTricode")
    if tricode in ("", None, "TBD") and side.get("teamId") in (0, None):
        return Refusal(key, "teams_undecided", is_exhibition=True)
    name = text(tricode)
    if name is None:
        return Refusal(key, "unreadable_team")
    return find_team(name) or Refusal(key, "not_a_league_team", is_exhibition=True)


def _tip(game: dict[str, Any], home: Team) -> datetime | None:
    """The schedule has `gameDateTimeUTC`, the box score `gameTimeUTC`; a tip to be determined is taken as 19:00 at the home arena."""
    label = game.get("gameStatusText")
    eastern_day = instant(game.get("gameDateEst"))  # a wall date of New York, written as if it were UTC
    if type(label) is str and label.strip().upper() == "TBD" and eastern_day is not None:
        return local_instant(eastern_day.date(), _ASSUMED_TIP, home.zone)
    return instant(game.get("gameDateTimeUTC")) if "gameDateTimeUTC" in game else instant(game.get("gameTimeUTC"))


def read_status(game: dict[str, Any]) -> str | None:
    code, label = game.get("gameStatus"), game.get("gameStatusText")
    label = label.strip().casefold() if type(label) is str else ""
    if type(code) is not int or code not in (1, 2, 3):
        return None
    if label.startswith(("cncl", "cancel")):
        return "cancelled"
    if label.startswith(("ppd", "postponed")) or (code == 1 and game.get("postponedStatus") == "Y"):
        return "postponed"
    return ("scheduled", "live", "final")[code - 1]


def _scores(game: dict[str, Any], path: str, ledger: Ledger) -> tuple[int | None, int | None]:
    printed = [game[key].get("score") for key in ("homeTeam", "awayTeam")]
    home, away = (whole(score, 1, HIGHEST_SCORE) for score in printed)
    for key, score, found in zip(("homeTeam", "awayTeam"), printed, (home, away), strict=True):
        if found is None:
            ledger.apart(f"{path}.{key}.score", "unreadable_score", score)
    if home is not None and home == away:
        ledger.apart(path, "tied_final", printed)
        return None, None
    return home, away


def _scores_so_far(game: dict[str, Any]) -> tuple[int | None, int | None]:
    """Of a game that is being played: both or none, since what cannot be read now is told again in a minute."""
    home, away = (whole(game[key].get("score"), 0, HIGHEST_SCORE) for key in ("homeTeam", "awayTeam"))
    return (home, away) if home is not None and away is not None else (None, None)


def known_at_of(payload: Payload, document: dict[str, Any]) -> datetime | None:
    """When the document was known: its fetch, else its own `meta.time`; None where that has no zone, as in box scores of 2020."""
    if payload.fetched_at is not None:
        return as_utc(payload.fetched_at)
    meta = document.get("meta")
    return instant(meta.get("time")) if type(meta) is dict else None
