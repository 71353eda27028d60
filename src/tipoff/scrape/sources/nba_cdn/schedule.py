"""The league's schedule, `scheduleLeagueV2`, to games.

Comes in: a decoded document. Goes out: one record a game of the league, and one reject a kind of game that is refused, with their count.
"""

from __future__ import annotations

from typing import Any

from tipoff.scrape.games import Games
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, objects
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.games import SOURCE, known_at_of, read_game
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
    games = Games(parsed, ledger)
    for path, game in _games(dates, ledger):
        found = read_game(game, path, ledger)
        games.take(found, path, game.get(found.key) if isinstance(found, Refusal) else None, "gameId")
    parsed.records = tables({"games": games.rows(known_at)})
    parsed.offered = ledger.offered
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
