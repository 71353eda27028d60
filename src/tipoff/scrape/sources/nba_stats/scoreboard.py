"""The league's scoreboard of a day, versions 3 and 2, to games.

Comes in: a decoded document. Goes out: one `games` record a game. Version 3 tells tips; version 2 tells the tip of a game that has not
begun (`7:30 pm ET`), and of others only the day: then the tip is null, and `load` takes it from the schedule. Neither has a moment of its
own: `known_at` is the fetch, else null.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

from tipoff.clock import NEW_YORK, as_utc, local_instant
from tipoff.names import Team, find_team
from tipoff.scrape.games import Game, Games
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, objects, text, whole
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.games import HIGHEST_SCORE, read_game, read_id, read_status
from tipoff.scrape.sources.nba_stats.requests import SOURCE
from tipoff.scrape.sources.nba_stats.sets import rows_of
from tipoff.scrape.tables import tables

_LABEL = re.compile(r"([0-9]{1,2}):([0-5][0-9]) ([ap])m ET", re.IGNORECASE)
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T00:00:00")


def transform_scoreboard(document: dict[str, Any], payload: Payload) -> Parsed:
    """A scoreboard of version 3: its games speak as those of the league's schedule do."""
    ledger = Ledger()
    parsed = Parsed(SOURCE, "scoreboard", snapshot_at=_fetched(payload), rejects=ledger.rejects)
    board = document["scoreboard"]
    listing = board.get("games") if type(board) is dict else None
    if type(listing) is not list:
        ledger.lost("$.scoreboard.games", "not_a_list", listing)
    games = Games(parsed, ledger)
    for path, game in objects(listing, "$.scoreboard.games"):
        if fault := fault_of_object(game):
            ledger.lost(path, fault, game)
        else:
            found = read_game(game, path, ledger)
            games.take(found, path, game.get(found.key) if isinstance(found, Refusal) else None, "gameId")
    parsed.records = tables({"games": games.rows(parsed.snapshot_at)})
    parsed.offered = ledger.offered
    return parsed


def transform_sets(document: dict[str, Any], payload: Payload) -> Parsed:
    """A scoreboard of version 2, in result sets: games in `GameHeader`, scores in `LineScore`."""
    ledger = Ledger()
    parsed = Parsed(SOURCE, "scoreboard", snapshot_at=_fetched(payload), rejects=ledger.rejects)
    scores: dict[tuple[Any, Any], Any] = {}
    for _, row in rows_of(document, "LineScore", Ledger()):
        if type(row.get("GAME_ID")) is str and type(row.get("TEAM_ID")) is int:
            scores[row["GAME_ID"], row["TEAM_ID"]] = row.get("PTS")
    games = Games(parsed, ledger)
    for path, row in rows_of(document, "GameHeader", ledger):
        found = _read_header(row, path, scores, ledger)
        games.take(found, path, row.get(found.key) if isinstance(found, Refusal) else None, "GAME_ID")
    parsed.records = tables({"games": games.rows(parsed.snapshot_at)})
    parsed.offered = ledger.offered
    return parsed


def _read_header(row: dict[str, Any], path: str, scores: dict[tuple[Any, Any], Any], ledger: Ledger) -> Game | Refusal:
    game_id = row.get("GAME_ID")
    head = read_id(game_id, "GAME_ID")
    if isinstance(head, Refusal):
        return head
    sides: list[Team] = []
    for key in ("HOME_TEAM_ID", "VISITOR_TEAM_ID"):
        number = row.get(key)
        team = find_team(str(number)) if type(number) is int else None
        if team is None:
            undecided = number in (None, 0)
            return Refusal(key, "teams_undecided" if undecided else "not_a_league_team", is_exhibition=True)
        sides.append(team)
    home, away = sides
    if home == away:
        return Refusal("VISITOR_TEAM_ID", "same_team_twice")
    day = _day(row.get("GAME_DATE_EST"))
    if day is None:
        return Refusal("GAME_DATE_EST", "unreadable_date")
    status = read_status({"gameStatus": row.get("GAME_STATUS_ID"), "gameStatusText": row.get("GAME_STATUS_TEXT")})
    if status is None:
        return Refusal("GAME_STATUS_ID", "unknown_status")
    found: list[int | None] = [None, None]
    if status == "final":
        for place, team in enumerate((home, away)):
            printed = scores.get((game_id, team.league_id))
            found[place] = whole(printed, 1, HIGHEST_SCORE)
            if found[place] is None:
                ledger.apart(f"{path}.{('HOME', 'VISITOR')[place]}_TEAM_ID", "unreadable_score", printed)
        if found[0] is not None and found[0] == found[1]:
            ledger.apart(path, "tied_final", found)
            found = [None, None]
    elif status == "live":
        so_far = [whole(scores.get((game_id, team.league_id)), 0, HIGHEST_SCORE) for team in (home, away)]
        found = so_far if None not in so_far else found
    league, game_type = head
    tip = _tip(day, row.get("GAME_STATUS_TEXT")) if status == "scheduled" else None
    return Game(league, home, away, status, tip, None if tip else day, game_id, None, game_type, found[0], found[1])


def _day(value: Any) -> date | None:
    match = _DAY.fullmatch(value) if type(value) is str else None
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _tip(day: date, label: Any) -> datetime | None:
    """The tip that a label such as `7:30 pm ET` tells, of a day in New York."""
    match = _LABEL.fullmatch(text(label) or "")
    if match is None or not 1 <= int(match[1]) <= 12:
        return None
    hour = int(match[1]) % 12 + (12 if match[3] in "pP" else 0)
    return local_instant(day, time(hour, int(match[2])), NEW_YORK)


def _fetched(payload: Payload) -> datetime | None:
    return as_utc(payload.fetched_at) if payload.fetched_at else None
