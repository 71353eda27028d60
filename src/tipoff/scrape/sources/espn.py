"""ESPN's injuries feed to statuses: what to ask for, and how to read it.

Comes in: a payload. Goes out: one record a player's status, in the words available, probable, questionable, doubtful, out. The feed
speaks of a team's next game, so `game_date` is null. It never fetches; a document is recognised by its shape.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import find_team, player_lookup
from tipoff.scrape.opening import open_document
from tipoff.scrape.reading import Ledger, fault_of_object, instant, objects, text
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.request import Request
from tipoff.scrape.sources.espn_roster import is_roster, transform_roster
from tipoff.scrape.tables import micros, tables

SOURCE = "espn"
STATUSES = {
    "out": "out",
    "doubtful": "doubtful",
    "questionable": "questionable",
    "probable": "probable",
    "day-to-day": "questionable",
    "available": "available",
    "active": "available",
}
_REASON = 200


def injuries() -> Request:
    """Ask for the current injuries of all teams. Costs no credits."""
    return Request(SOURCE, "injuries", "/apis/site/v2/sports/basketball/nba/injuries")


def recognise(document: Any) -> str | None:
    """`injuries`, `roster`, or None where it is not ESPN's, from the shape of a decoded document alone."""
    if is_roster(document):
        return "roster"
    return "injuries" if isinstance(document, dict) and "injuries" in document and "athlete" not in document else None


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of ESPN holds. Never raises for what stands in it. `known_at` is the fetch, else its timestamp."""
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    if kind == "roster":
        return transform_roster(document, payload)
    ledger = Ledger()
    known_at = as_utc(payload.fetched_at) if payload.fetched_at else instant(document.get("timestamp"))
    parsed = Parsed(SOURCE, kind, snapshot_at=known_at, rejects=ledger.rejects)
    if type(document["injuries"]) is not list:
        ledger.lost("$.injuries", "not_a_list", document["injuries"])
    elif known_at is None and document["injuries"]:
        ledger.lost("$", "no_snapshot", document.get("timestamp"), rows=sum(_unread(team) for team in document["injuries"]))
    elif known_at is not None:
        parsed.records = tables({"injuries": _Statuses(ledger, known_at).read(document["injuries"])})
    parsed.offered = ledger.offered
    return parsed


def _unread(team: Any) -> int:
    statuses = team.get("injuries") if type(team) is dict else None
    return len(statuses) if type(statuses) is list else 1


class _Statuses:
    """One status a player: the newest by its own date; two that differ without one being newer are both set apart."""

    def __init__(self, ledger: Ledger, known_at: datetime) -> None:
        self._ledger = ledger
        self._known_at = micros(known_at)
        self._rows: dict[tuple[str, str], tuple[datetime | None, tuple[Any, ...]]] = {}
        self._clashed: set[tuple[str, str]] = set()

    def read(self, teams: list[Any]) -> list[tuple[Any, ...]]:
        for path, team in objects(teams, "$.injuries"):
            if fault := fault_of_object(team):
                self._ledger.lost(path, fault, team, rows=_unread(team))
                continue
            name = text(team.get("displayName"))
            club = find_team(name) if name else None
            if club is None:
                self._ledger.lost(
                    f"{path}.displayName",
                    "not_a_league_team" if name else "unreadable_team",
                    team.get("displayName"),
                    rows=_unread(team),
                )
            elif type(team.get("injuries")) is not list:
                self._ledger.lost(f"{path}.injuries", "not_a_list", team.get("injuries"))
            else:
                for at, status in objects(team["injuries"], f"{path}.injuries"):
                    self._status(status, club.tricode, at)
        return [row for key, (_, row) in self._rows.items() if key not in self._clashed]

    def _status(self, entry: Any, team: str, path: str) -> None:
        if fault := fault_of_object(entry):
            self._ledger.lost(path, fault, entry)
            return
        athlete = entry.get("athlete")
        name = text(athlete.get("displayName")) if type(athlete) is dict else None
        if name is None or not player_lookup(name):
            self._ledger.lost(f"{path}.athlete", "unreadable_name", athlete)
            return
        printed = text(entry.get("status"))
        status = STATUSES.get(printed.casefold()) if printed else None
        if status is None:
            self._ledger.lost(f"{path}.status", "unknown_status", entry.get("status"))
            return
        row = (name, team, status, _reason(entry), None, self._known_at, path)
        self._enter((team, player_lookup(name)), instant(entry.get("date")), row)

    def _enter(self, key: tuple[str, str], at: datetime | None, row: tuple[Any, ...]) -> None:
        if key not in self._rows:
            self._ledger.offer()
            self._rows[key] = (at, row)
            return
        stood_at, stood = self._rows[key]
        if key in self._clashed:
            self._ledger.apart(row[-1], "conflicting_statuses", row[2])
        elif at and stood_at and at != stood_at:
            if at > stood_at:
                self._rows[key] = (at, row)
        elif stood[2] != row[2]:
            self._clashed.add(key)
            self._ledger.apart(stood[-1], "conflicting_statuses", stood[2], rows=1)
            self._ledger.apart(row[-1], "conflicting_statuses", row[2])


def _reason(entry: dict[str, Any]) -> str | None:
    """`Knee: Surgery (Left)` from the details, else the comment, cut to 200 characters."""
    details = entry.get("details")
    if type(details) is dict:
        place, detail, side = (text(details.get(key)) for key in ("type", "detail", "side"))
        told = [part for part in (detail, f"({side})" if side and side != "Not Specified" else None) if part and part != "Not Specified"]
        if place:
            return f"{place}: {' '.join(told)}" if told else place
    comment = entry.get("shortComment")
    return text(comment[:_REASON]) if type(comment) is str else None
