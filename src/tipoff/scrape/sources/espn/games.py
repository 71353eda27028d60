"""What ESPN's scoreboard and its summary say of a game in the same words: its id, kind, sides, tip, status, score.

Knows one competition at a time. Preseason, All-Star and other exhibitions are refused by kind and by their teams.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tipoff.clock import as_utc, game_date_of
from tipoff.names import Team, find_team
from tipoff.scrape.games import Game
from tipoff.scrape.reading import Ledger, Refusal, instant, objects, text, whole
from tipoff.scrape.records import League, Payload

LEAGUES: dict[str, League] = {"nba": "nba", "practice": "practice"}
_SEASON_TYPES = {2: "regular", 3: "playoff", 5: "play_in"}
_PRESEASON, _OFFSEASON = 1, 4
_ALL_STAR = re.compile(r"all[- ]?star|rising stars", re.IGNORECASE)
_FINAL_OF_A_CUP = re.compile(r"\b(championship|final)\b", re.IGNORECASE)
_STATES = {"pre": "scheduled", "in": "live"}
_HIGHEST_SCORE = 300


def league_of(slug: Any) -> League | None:
    """The league by ESPN's short name for it."""
    return LEAGUES.get(slug) if type(slug) is str else None


def known_at_of(payload: Payload) -> datetime | None:
    """A scoreboard or a summary is known when it was fetched: it has no moment of its own."""
    return as_utc(payload.fetched_at) if payload.fetched_at else None


def read_game(
    competition: dict[str, Any], path: str, ledger: Ledger, *, league: League, season_type: Any, status: Any, title: str = ""
) -> Game | Refusal:
    """A competition, or why it is not taken; `path` is its own. Scores that cannot be read are set apart by themselves."""
    espn_id = competition.get("id")
    if type(espn_id) is not str or not espn_id.isascii() or not espn_id.isdigit() or len(espn_id) > 20:
        return Refusal("id", "unreadable_id")
    kind = competition.get("type")
    label = kind.get("abbreviation") if type(kind) is dict else None
    notes = _notes(competition)
    if type(season_type) is int and season_type in (_PRESEASON, _OFFSEASON):
        return Refusal("", "preseason", is_exhibition=True)
    if _ALL_STAR.search(f"{label} {title} {notes}"):
        return Refusal("", "all_star", is_exhibition=True)
    sides = [_side(competition, where) for where in ("home", "away")]
    for side in sides:
        if isinstance(side, Refusal):
            return side
    (home, home_score), (away, away_score) = sides  # type: ignore[misc]
    if home == away:
        return Refusal("competitors", "same_team_twice")
    told = _status(status)
    if told is None:
        return Refusal("status", "unknown_status")
    at = instant(competition.get("date"))
    if at is None:
        return Refusal("date", "unreadable_instant")
    tip = None if competition.get("timeValid") is False else at  # a placeholder stands there, of the right day
    scores: tuple[int | None, int | None] = (None, None)
    if told == "final":
        scores = _scores(path, ledger, home_score, away_score)
    elif told == "live":
        scores = _scores_so_far(home_score, away_score)
    return Game(
        league,
        home,
        away,
        told,
        tip,
        None if tip else game_date_of(at),
        espn_id=espn_id,
        game_type=_game_type(season_type, label, notes),
        home_score=scores[0],
        away_score=scores[1],
    )


def _game_type(season_type: Any, label: Any, notes: str) -> str | None:
    """ESPN counts the cup's final as a game of the regular season, which it is not: what may be one is left unsaid."""
    found = _SEASON_TYPES.get(season_type) if type(season_type) is int else None
    if found == "regular" and (label not in ("STD", None) or _FINAL_OF_A_CUP.search(notes)):
        return None
    return found


def _notes(competition: dict[str, Any]) -> str:
    lines = [text(note.get("headline")) for _, note in objects(competition.get("notes"), "") if type(note) is dict]
    return " ".join(line for line in lines if line)


def _side(competition: dict[str, Any], where: str) -> tuple[Team, Any] | Refusal:
    found = [side for _, side in objects(competition.get("competitors"), "") if type(side) is dict and side.get("homeAway") == where]
    if len(found) != 1:
        return Refusal("competitors", "unreadable_team" if not found else "same_team_twice")
    team = found[0].get("team")
    name = text(team.get("displayName") or team.get("abbreviation")) if type(team) is dict else None
    if name is None:
        return Refusal("competitors", "unreadable_team")
    club = find_team(name)
    return (club, found[0].get("score")) if club else Refusal("competitors", "not_a_league_team", is_exhibition=True)


def _status(status: Any) -> str | None:
    kind = status.get("type") if type(status) is dict else None
    if type(kind) is not dict:
        return None
    name, state = kind.get("name"), kind.get("state")
    if name == "STATUS_POSTPONED":
        return "postponed"
    if name in ("STATUS_CANCELED", "STATUS_CANCELLED"):
        return "cancelled"
    if state == "post":
        return "final" if kind.get("completed") is True and name == "STATUS_FINAL" else None
    return _STATES.get(state) if type(state) is str else None


def _scores(path: str, ledger: Ledger, *printed: Any) -> tuple[int | None, int | None]:
    home, away = (_score(value) for value in printed)
    if home is None or away is None:
        ledger.apart(f"{path}.competitors", "unreadable_score", list(printed))
        return home, away
    if home == away:
        ledger.apart(f"{path}.competitors", "tied_final", list(printed))
        return None, None
    return home, away


def _scores_so_far(*printed: Any) -> tuple[int | None, int | None]:
    """Of a game that is being played: both or none, since what cannot be read now is told again in a minute."""
    home, away = (_score(value, 0) for value in printed)
    return (home, away) if home is not None and away is not None else (None, None)


def _score(value: Any, lowest: int = 1) -> int | None:
    """A score; ESPN writes it as text."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 3:
        value = int(value)
    return whole(value, lowest, _HIGHEST_SCORE)
