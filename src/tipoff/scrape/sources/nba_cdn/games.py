"""What the league's schedule and its live box score say of a game in the same words: league, kind of game, sides, tip, status, score.

Knows one game object at a time. Preseason, All-Star and other exhibitions are refused by game type and by tricode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from tipoff.clock import as_utc, local_instant
from tipoff.names import Team, find_team
from tipoff.scrape.reading import Ledger, instant, text, whole
from tipoff.scrape.records import League, Payload
from tipoff.scrape.tables import micros

SOURCE = "nba_cdn"
LEAGUES: dict[str, League] = {"00": "nba", "99": "practice"}
_GAME_TYPES = {"2": "regular", "4": "playoff", "5": "play_in", "6": "cup_final"}
_REFUSED = {"1": "preseason", "3": "all_star"}
_GAME_ID = re.compile(r"[0-9]{10}")
_ASSUMED_TIP = time(19)  # a tip without a time: 19:00 local
_HIGHEST_SCORE = 300


@dataclass(frozen=True)
class Game:
    """A league game; `commence_time` is UTC, status one of the shape's."""

    league_game_id: str
    league: League
    commence_time: datetime
    home: Team
    away: Team
    game_type: str
    status: str
    home_score: int | None
    away_score: int | None

    def row(self, known_at: datetime | None) -> tuple[Any, ...]:
        """As a `games` record."""
        return (
            *(self.league_game_id, None, micros(self.commence_time), self.home.tricode, self.away.tricode),
            *(self.game_type, self.status, self.home_score, self.away_score, micros(known_at)),
        )


@dataclass(frozen=True)
class Refusal:
    """Why a game is not taken: the key that says so (empty for the whole), the rule, and whether it is of a kind that we never take."""

    key: str
    rule: str
    is_exhibition: bool = False


def read_game(game: dict[str, Any], path: str, ledger: Ledger) -> Game | Refusal:
    """A game of the schedule or of a box score, or why it is not taken. Scores that cannot be read are set apart by themselves."""
    told = read_id(game.get("gameId"))
    if isinstance(told, Refusal):
        return told
    game_id, league = told
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
    status = _status(game)
    if status is None:
        return Refusal("gameStatus", "unknown_status")
    scores = _scores(game, path, ledger) if status == "final" else (None, None)
    return Game(game_id, league, tip, home, away, _GAME_TYPES[game_id[2]], status, *scores)


def read_id(game_id: Any) -> tuple[str, League] | Refusal:
    """The league's id of a game that counts, and its league; or why it is not taken."""
    if type(game_id) is not str or not _GAME_ID.fullmatch(game_id):
        return Refusal("gameId", "unreadable_id")
    league = LEAGUES.get(game_id[:2])
    if league is None:
        return Refusal("gameId", "unknown_league")
    if game_id[2] in _REFUSED:
        return Refusal("gameId", _REFUSED[game_id[2]], is_exhibition=True)
    if game_id[2] not in _GAME_TYPES:
        return Refusal("gameId", "unknown_game_type")
    return game_id, league


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


def _status(game: dict[str, Any]) -> str | None:
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
    home, away = (whole(score, 1, _HIGHEST_SCORE) for score in printed)
    for key, score, found in zip(("homeTeam", "awayTeam"), printed, (home, away), strict=True):
        if found is None:
            ledger.apart(f"{path}.{key}.score", "unreadable_score", score)
    if home is not None and home == away:
        ledger.apart(path, "tied_final", printed)
        return None, None
    return home, away


def known_at_of(payload: Payload, document: dict[str, Any]) -> datetime | None:
    """When the document was known: its fetch, else its own `meta.time`; None where that has no zone, as in box scores of 2020."""
    if payload.fetched_at is not None:
        return as_utc(payload.fetched_at)
    meta = document.get("meta")
    return instant(meta.get("time")) if type(meta) is dict else None
