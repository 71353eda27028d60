"""ESPN's scoreboard of a day to games, each with ESPN's own id of it.

Comes in: a decoded document. Goes out: one `games` record a game, and one reject a kind of game that is refused, with their count.
"""

from __future__ import annotations

from typing import Any

from tipoff.scrape.games import Game, Games
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, objects, text
from tipoff.scrape.records import League, Parsed, Payload
from tipoff.scrape.sources.espn.games import known_at_of, league_of, read_game
from tipoff.scrape.sources.espn.requests import SOURCE
from tipoff.scrape.tables import tables


def transform_scoreboard(document: dict[str, Any], payload: Payload) -> Parsed:
    """A scoreboard. A day without games is a success."""
    ledger = Ledger()
    parsed = Parsed(SOURCE, "scoreboard", snapshot_at=known_at_of(payload), rejects=ledger.rejects)
    events = document["events"]
    leagues = [league_of(one.get("slug")) for _, one in objects(document["leagues"], "") if type(one) is dict]
    if type(events) is not list:
        ledger.lost("$.events", "not_a_list", events)
    elif len(leagues) != 1 or leagues[0] is None:
        ledger.lost("$.leagues", "unknown_league", document["leagues"], rows=len(events))
    else:
        parsed.league = leagues[0]
        games = Games(parsed, ledger)
        for path, event in objects(events, "$.events"):
            _take(games, event, path, ledger, parsed.league)
        parsed.records = tables({"games": games.rows(parsed.snapshot_at)})
    parsed.offered = ledger.offered
    return parsed


def _take(games: Games, event: Any, path: str, ledger: Ledger, league: League) -> None:
    """One event; it has one competition, with everything in it but the season and, at times, the status."""
    if fault := fault_of_object(event):
        ledger.lost(path, fault, event)
        return
    competitions = event.get("competitions")
    at = f"{path}.competitions"
    if type(competitions) is not list or len(competitions) != 1:
        ledger.lost(at, "not_a_list" if type(competitions) is not list else "not_a_single_game", competitions)
        return
    competition = competitions[0]
    if fault := fault_of_object(competition):
        ledger.lost(f"{at}[0]", fault, competition)
        return
    season = event.get("season")
    found: Game | Refusal = read_game(
        competition,
        f"{at}[0]",
        ledger,
        league=league,
        season_type=season.get("type") if type(season) is dict else None,
        status=competition.get("status") or event.get("status"),
        title=text(event.get("name")) or "",
    )
    games.take(found, f"{at}[0]", competition.get(found.key) if isinstance(found, Refusal) else None, "id")
