"""balldontlie's injuries to statuses.

Comes in: a decoded document. Goes out: one record a player's status. It speaks of a team's next game, so `game_date` is null; its dates
have no year, so a page that we did not fetch ourselves has no moment and is set apart whole. It names teams by numbers of its own.
"""

from __future__ import annotations

from typing import Any

from tipoff.clock import as_utc
from tipoff.names import TEAMS, player_lookup
from tipoff.scrape.reading import Ledger, fault_of_object, objects, text, whole
from tipoff.scrape.records import League, Parsed, Payload
from tipoff.scrape.sources.balldontlie.requests import SOURCE
from tipoff.scrape.tables import micros, tables

STATUSES = {
    "out": "out",
    "out for season": "out",
    "doubtful": "doubtful",
    "questionable": "questionable",
    "probable": "probable",
    "day-to-day": "questionable",
    "available": "available",
}
TEAM_NUMBERS = {number: team.tricode for number, team in enumerate(TEAMS.values(), 1)}
"""Its own numbers of the teams: 1 to 30, in the order of the cities."""
_REASON = 200


def transform_injuries(document: dict[str, Any], payload: Payload, league: League) -> Parsed:
    """A page of injuries."""
    ledger = Ledger()
    known_at = as_utc(payload.fetched_at) if payload.fetched_at else None
    parsed = Parsed(SOURCE, "injuries", league, snapshot_at=known_at, rejects=ledger.rejects)
    if known_at is None and document["data"]:
        ledger.lost("$", "no_snapshot", rows=len(document["data"]))
    else:
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        clashed: set[tuple[str, str]] = set()
        for path, entry in objects(document["data"], "$.data"):
            row = _read(entry, path, micros(known_at), ledger)
            if row is not None:
                _enter(rows, clashed, row, ledger)
        parsed.records = tables({"injuries": [row for key, row in rows.items() if key not in clashed]})
    parsed.offered = ledger.offered
    return parsed


def _read(entry: Any, path: str, known_at: int | None, ledger: Ledger) -> tuple[Any, ...] | None:
    player = entry.get("player") if type(entry) is dict else None
    fault = fault_of_object(entry) or fault_of_object(player)
    if fault or type(player) is not dict:
        ledger.lost(path if fault_of_object(entry) else f"{path}.player", fault or "not_an_object", player)
        return None
    name = " ".join(part for part in (text(player.get("first_name")), text(player.get("last_name"))) if part)
    team = TEAM_NUMBERS.get(whole(player.get("team_id"), 1, 10**6) or 0)
    status = STATUSES.get((text(entry.get("status")) or "").casefold())
    if not player_lookup(name):
        ledger.lost(f"{path}.player", "unreadable_name", player)
    elif team is None:
        ledger.lost(f"{path}.player.team_id", "not_a_league_team", player.get("team_id"))
    elif status is None:
        ledger.lost(f"{path}.status", "unknown_status", entry.get("status"))
    else:
        told = entry.get("description")
        return name, team, status, text(told[:_REASON]) if type(told) is str else None, None, known_at, path
    return None


def _enter(rows: dict[tuple[str, str], tuple[Any, ...]], clashed: set[tuple[str, str]], row: tuple[Any, ...], ledger: Ledger) -> None:
    """A player's status told twice in the same word is one; where the two differ, both are set apart."""
    key = (row[1], player_lookup(row[0]))
    stood = rows.setdefault(key, row)
    if stood is row:
        ledger.offer()
    elif key in clashed:
        ledger.apart(row[-1], "conflicting_statuses", row[2])
    elif stood[2] != row[2]:
        clashed.add(key)
        ledger.apart(stood[-1], "conflicting_statuses", stood[2], rows=1)
        ledger.apart(row[-1], "conflicting_statuses", row[2])
