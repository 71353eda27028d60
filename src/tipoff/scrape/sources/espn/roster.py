"""ESPN's rosters to birth dates.

Comes in: a payload's document. Goes out: one `roster` record a man, of his team, with his date of birth where it is told; the source's own
ids of players are not the league's, and are left out. A date of birth is written as midnight of the Pacific coast in UTC: its date is
the one that stands there. A roster has no moment of its own in some shapes: one that we did not fetch, and that bears no timestamp, is set
apart, since nobody could tell its season.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import find_team, player_lookup
from tipoff.scrape.reading import Ledger, fault_of_object, instant, objects, text
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.espn.requests import SOURCE
from tipoff.scrape.tables import micros, tables

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]{4,12}Z)?")
_YOUNGEST, _OLDEST = 16, 60


def is_roster(document: Any) -> bool:
    """Whether a document is a roster, by its shape: a team, with its men within it or beside it."""
    team = document.get("team") if isinstance(document, dict) else None
    return isinstance(team, dict) and ("athletes" in team or "athletes" in document)


def transform_roster(document: dict[str, Any], payload: Payload) -> Parsed:
    """A roster. `known_at` is the fetch, else its timestamp."""
    ledger = Ledger()
    known_at = as_utc(payload.fetched_at) if payload.fetched_at else instant(document.get("timestamp"))
    parsed = Parsed(SOURCE, "roster", snapshot_at=known_at, rejects=ledger.rejects)
    team = document["team"]
    men, path = (team["athletes"], "$.team.athletes") if "athletes" in team else (document["athletes"], "$.athletes")
    count = len(men) if type(men) is list else 1
    name = text(team.get("displayName"))
    club = find_team(name) if name else None
    if fault := fault_of_object(team):
        ledger.lost("$.team", fault, team, rows=count)
    elif club is None:
        ledger.lost("$.team.displayName", "not_a_league_team" if name else "unreadable_team", team.get("displayName"), rows=count)
    elif type(men) is not list:
        ledger.lost(path, "not_a_list", men)
    elif known_at is None and men:
        ledger.lost("$", "no_snapshot", document.get("timestamp"), rows=count)
    elif known_at is not None:
        parsed.records = tables({"roster": _men(men, path, club.tricode, known_at, ledger)})
    parsed.offered = ledger.offered
    return parsed


def _men(men: list[Any], path: str, team: str, known_at: datetime, ledger: Ledger) -> list[tuple[Any, ...]]:
    """One row a name: listed twice in the same words he is one; with two dates of birth neither is believed."""
    rows: dict[str, tuple[Any, ...]] = {}
    twice: set[str] = set()
    for at, man in objects(men, path):
        if fault := fault_of_object(man):
            ledger.lost(at, fault, man)
            continue
        name = text(man.get("displayName")) or text(man.get("fullName"))
        lookup = player_lookup(name) if name else ""
        if not lookup:
            ledger.lost(f"{at}.displayName", "unreadable_name", man.get("displayName"))
            continue
        row = (name, None, team, _birth_date(man.get("dateOfBirth"), f"{at}.dateOfBirth", known_at, ledger), micros(known_at), at)
        stood = rows.setdefault(lookup, row)
        if stood is row:
            ledger.offer()
        elif lookup in twice:
            ledger.apart(at, "player_twice", name)
        elif stood[3] != row[3]:
            twice.add(lookup)
            ledger.apart(stood[-1], "player_twice", stood[0], rows=1)
            ledger.apart(at, "player_twice", name)
    return [row for lookup, row in rows.items() if lookup not in twice]


def _birth_date(value: Any, path: str, known_at: datetime, ledger: Ledger) -> date | None:
    """The date told; where it cannot be one, it is set apart by itself, and he stands without it."""
    if value is None:
        return None
    found = _DAY.fullmatch(value) if type(value) is str else None
    try:
        day = date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    if day is None:
        ledger.apart(path, "unreadable_birth_date", value)
    elif not _YOUNGEST <= known_at.year - day.year <= _OLDEST:
        ledger.apart(path, "birth_date_out_of_range", value)
        return None
    return day
