"""The league's schedule, `scheduleLeagueV2`, to games.

Comes in: a decoded document. Goes out: one record a game of the league, and one reject a kind of game that is refused, with their count.
"""

from __future__ import annotations

from typing import Any

from tipoff.scrape.reading import Ledger, fault_of_object, objects
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.games import SOURCE, Game, Refusal, known_at_of, read_game
from tipoff.scrape.tables import tables

_DATES = "$.leagueSchedule.gameDates"


def transform_schedule(document: dict[str, Any], payload: Payload) -> Parsed:
    """A schedule. `known_at` is the fetch, else `meta.time`, else null: `load` then assumes it."""
    ledger = Ledger()
    known_at = known_at_of(payload, document)
    parsed = Parsed(SOURCE, "schedule", snapshot_at=known_at, rejects=ledger.rejects)
    schedule = document["leagueSchedule"]
    dates = schedule.get("gameDates") if type(schedule) is dict else None
    if type(dates) is not list:
        ledger.lost(_DATES, "not_a_list", dates)
    games: dict[tuple[Any, ...], tuple[str, Game]] = {}
    clashed: set[tuple[Any, ...]] = set()
    refused: dict[str, list[str]] = {}
    for path, game in _games(dates, ledger):
        found = read_game(game, path, ledger)
        if isinstance(found, Refusal):
            if found.is_exhibition:
                refused.setdefault(found.rule, []).append(path)
            else:
                ledger.lost(f"{path}.{found.key}", found.rule, game.get(found.key))
        elif parsed.league not in (None, found.league):
            ledger.lost(f"{path}.gameId", "mixed_leagues", found.league_game_id)
        else:
            parsed.league = found.league
            _enter(games, clashed, found, path, ledger)
    for rule, paths in refused.items():
        ledger.lost(paths[0], rule, f"{len(paths)} games, of which this is the first", rows=len(paths))
    parsed.offered = ledger.offered
    parsed.records = tables({"games": [game.row(known_at) for key, (_, game) in games.items() if key not in clashed]})
    return parsed


def _games(dates: Any, ledger: Ledger) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for at, day in objects(dates, _DATES):
        if fault := fault_of_object(day):
            ledger.lost(at, fault, day)
        elif type(day.get("games")) is not list:
            ledger.lost(f"{at}.games", "not_a_list", day.get("games"))
        else:
            for path, game in objects(day["games"], f"{at}.games"):
                if fault := fault_of_object(game):
                    ledger.lost(path, fault, game)
                else:
                    found.append((path, game))
    return found


def _enter(games: dict[tuple[Any, ...], tuple[str, Game]], clashed: set[tuple[Any, ...]], game: Game, path: str, ledger: Ledger) -> None:
    """The same game at the same tip twice is one; where the two differ, both are set apart. A postponed game has two tips: both stand."""
    key = (game.league_game_id, game.commence_time)
    if key not in games:
        ledger.offer()
        games[key] = (path, game)
    elif key in clashed:
        ledger.apart(path, "conflicting_games", game.league_game_id)
    elif games[key][1] != game:
        clashed.add(key)
        ledger.apart(games[key][0], "conflicting_games", game.league_game_id, rows=1)
        ledger.apart(path, "conflicting_games", game.league_game_id)
