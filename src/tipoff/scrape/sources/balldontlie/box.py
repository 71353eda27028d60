"""balldontlie's box scores of a day to players' lines of the games that are final, and to games.

Comes in: a decoded document. Goes out: one `games` record a game, and one `box` record a listed player of a final game. It has names, no
ids of the league; no plus-minus, and not who started or why somebody did not play. Tips stand there of late only (`datetime`), or as the
status of a game that has not begun; else a game is told by its New York day and its teams.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import Team, find_team, player_lookup
from tipoff.scrape.box_lines import MOST_MINUTES, Line, Lines, figures, listed
from tipoff.scrape.games import Game, Games
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, instant, objects, text, whole
from tipoff.scrape.records import League, Parsed, Payload
from tipoff.scrape.sources.balldontlie.requests import SOURCE
from tipoff.scrape.tables import tables

_KEYS = ("pts", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "turnover", "pf", None)
_SIDES = ("home_team", "visitor_team")
_MINUTES = re.compile(r"([0-9]{1,3})(?::([0-5][0-9]))?")
_LABEL = re.compile(r"[0-9]{1,2}:[0-9]{2} [ap]m ET|scheduled|tbd", re.IGNORECASE)
_UNDER_WAY = re.compile(r"([1-4](st|nd|rd|th) qtr|halftime|(half|end of|[0-9]?ot|[0-9](st|nd|rd|th) ot).*)", re.IGNORECASE)
_HIGHEST_SCORE = 300


def transform_box(document: dict[str, Any], payload: Payload, league: League) -> Parsed:
    """The box scores of a day. Of a game that is not final it gives only the game, with its status."""
    ledger = Ledger()
    known_at = as_utc(payload.fetched_at) if payload.fetched_at else None
    parsed = Parsed(SOURCE, "box", league, snapshot_at=known_at, rejects=ledger.rejects)
    games = Games(parsed, ledger)
    rows: list[tuple[Any, ...]] = []
    met: set[tuple[Any, ...]] = set()
    for path, entry in objects(document["data"], "$.data"):
        found = _read_game(entry, path, ledger, league)
        if isinstance(found, Refusal) and not found.is_exhibition:
            at, value = (f"{path}.{found.key}", entry.get(found.key)) if found.key else (path, entry)
            ledger.lost(at, found.rule, value, rows=1 + _listed(entry))
            continue
        if isinstance(found, Game) and found.head in met:
            ledger.lost(path, "conflicting_games", rows=1 + _listed(entry))
            continue
        games.take(found, path)
        if isinstance(found, Game):
            met.add(found.head)
            if found.status == "final":
                rows += _players(entry, path, found, known_at, ledger)
    parsed.records = tables({"games": games.rows(known_at), "box": rows})
    parsed.offered = ledger.offered
    return parsed


def _players(entry: dict[str, Any], path: str, game: Game, known_at: datetime | None, ledger: Ledger) -> list[tuple[Any, ...]]:
    lines = Lines(ledger, game.head, known_at)
    for key, team in zip(_SIDES, (game.home, game.away), strict=True):
        lines.take_list(entry[key].get("players"), f"{path}.{key}.players", team.tricode, _read_player)
    return lines.rows()


def _listed(entry: Any) -> int:
    sides = [entry.get(key) for key in _SIDES] if type(entry) is dict else []
    return listed(*(side.get("players") for side in sides if type(side) is dict))


def _read_game(entry: Any, path: str, ledger: Ledger, league: League) -> Game | Refusal:
    if fault := fault_of_object(entry):
        return Refusal("", fault)
    teams: list[Team] = []
    for key in _SIDES:
        side = entry.get(key)
        if fault := fault_of_object(side):
            return Refusal(key, fault)
        name = text(side.get("full_name") or side.get("abbreviation"))
        team = find_team(name) if name else None
        if team is None:
            return Refusal(key, "not_a_league_team" if name else "unreadable_team", is_exhibition=bool(name))
        teams.append(team)
    home, away = teams
    if home == away:
        return Refusal("visitor_team", "same_team_twice")
    day = _day(entry.get("date"))
    if day is None:
        return Refusal("date", "unreadable_date")
    status = _status(entry)
    if status is None:
        return Refusal("status", "unknown_status")
    tip = instant(entry.get("datetime")) or instant(entry.get("status"))
    scores = _scores(entry, path, ledger) if status == "final" else (None, None)
    return Game(league, home, away, status, tip, None if tip else day, home_score=scores[0], away_score=scores[1])


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if type(value) is str and len(value) <= 40 else None
    except ValueError:
        return None


def _status(entry: dict[str, Any]) -> str | None:
    """Its status is a word for people; a game that has not begun has its tip there, or `7:30 pm ET`."""
    told = text(entry.get("status"))
    if told is None:
        return None
    word = told.casefold()
    if word == "final":
        return "final"
    if word.startswith(("ppd", "postponed")):
        return "postponed"
    if word.startswith(("cncl", "cancel")):
        return "cancelled"
    if instant(told) or _LABEL.fullmatch(told):
        return "scheduled"
    return "live" if _UNDER_WAY.fullmatch(told) else None


def _scores(entry: dict[str, Any], path: str, ledger: Ledger) -> tuple[int | None, int | None]:
    keys = ("home_team_score", "visitor_team_score")
    home, away = (whole(entry.get(key), 1, _HIGHEST_SCORE) for key in keys)
    for key, score in zip(keys, (home, away), strict=True):
        if score is None:
            ledger.apart(f"{path}.{key}", "unreadable_score", entry.get(key))
    if home is not None and home == away:
        ledger.apart(path, "tied_final", [home, away])
        return None, None
    return home, away


def _read_player(entry: Any) -> Line | Refusal:
    """Without minutes and without any figure he did not play: balldontlie does not say it otherwise. Figures of less than a minute have
    unknown minutes."""
    if fault := fault_of_object(entry):
        return Refusal("", fault)
    player = entry.get("player")
    if fault := fault_of_object(player):
        return Refusal("player", fault)
    name = " ".join(part for part in (text(player.get("first_name")), text(player.get("last_name"))) if part)
    if not player_lookup(name):
        return Refusal("player", "unreadable_name")
    printed = entry.get("min")
    if printed in (None, "") and not any(entry.get(key) for key in _KEYS if key):
        return Line.absent(name, None, None, None)
    match = _MINUTES.fullmatch(printed) if type(printed) is str else None
    minutes = int(match[1]) + int(match[2] or 0) / 60 if match else None
    if minutes is None or minutes > MOST_MINUTES:
        return Refusal("min", "unreadable_minutes")
    found = figures(entry, _KEYS)
    if isinstance(found, Refusal):
        return found
    if minutes == 0 and not any(found):
        return Line.absent(name, None, None, None)
    return Line(name, None, None, minutes or None, found)
