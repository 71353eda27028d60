"""The official injury report to statuses, and to which teams have submitted theirs.

Comes in: a payload. Goes out: one record a player's status for a game day, in the words available, probable, questionable, doubtful, out,
and one record a team of a game: whether it has submitted. A cell that is empty is that of the row above. A game book, which comes from the
same place, is recognised and not read. It never fetches.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tipoff.clock import as_utc, local_instant
from tipoff.names import find_team, player_lookup
from tipoff.scrape.opening import open_document
from tipoff.scrape.pages import Pdf
from tipoff.scrape.reading import LONGEST_TEXT, Ledger, text
from tipoff.scrape.records import League, Parsed, Payload
from tipoff.scrape.sources.nba_injuries.requests import SOURCE
from tipoff.scrape.sources.nba_injuries.table import Row, has_columns, rows_of, title_of
from tipoff.scrape.tables import micros, tables

STATUSES = ("available", "probable", "questionable", "doubtful", "out")
NOT_YET = "NOT YET SUBMITTED"
IN_FORCE = timedelta(hours=1)
"""So long a report is what there is to know; one that is fetched later is history, known when it was printed."""

_TITLE = re.compile(r"(?P<league>Practice League )?Injury Report: (?P<day>\d\d/\d\d/\d\d) (?P<time>\d\d:\d\d) ?(?P<half>[AP]M)")
_GAME_BOOK = re.compile(r"(Box Score|Game ?Book)\b.*", re.IGNORECASE)
_MATCHUP = re.compile(r"([A-Z]{3})@([A-Z]{3})")


def recognise(document: Any) -> str | None:
    """`injuries`, `game-book`, or None where it is none of the league's PDFs."""
    if not isinstance(document, Pdf):
        return None
    if has_columns(document) and title_of(document) is not None:
        return "injuries"
    return "game-book" if _GAME_BOOK.fullmatch(document.title) else None


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of this source holds. Never raises for what stands in it.

    `known_at` is the fetch where the report was in force then, else the moment printed above its table (New York).
    """
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    ledger = Ledger()
    if kind == "game-book":
        ledger.lost("$", "kind_not_used", document.beginning)
        return Parsed(SOURCE, kind, rejects=ledger.rejects, offered=ledger.offered)
    title = title_of(document) or ""
    known_at = _known_at(payload.fetched_at, printed_at(title))
    parsed = Parsed(SOURCE, kind, _league(title), snapshot_at=known_at, rejects=ledger.rejects)
    rows = rows_of(document)
    if known_at is None:
        ledger.lost("$", "no_snapshot", title, rows=len(rows))
    else:
        report = _Report(ledger, known_at)
        for row in rows:
            report.read(row)
        parsed.records = tables({"injuries": report.statuses(), "submissions": report.submissions()})
    parsed.offered = ledger.offered
    return parsed


def printed_at(title: str) -> datetime | None:
    """The moment in the line above the table, in UTC; None where it cannot be read.

    >>> printed_at("Injury Report: 01/04/24 12:30 PM").isoformat()
    '2024-01-04T17:30:00+00:00'
    """
    found = _TITLE.fullmatch(title)
    try:
        wall = datetime.strptime(f"{found['day']} {found['time']} {found['half']}", "%m/%d/%y %I:%M %p") if found else None  # noqa: DTZ007
    except ValueError:
        return None
    return local_instant(wall.date(), wall.time()) if wall else None


def _known_at(fetched_at: datetime | None, printed: datetime | None) -> datetime | None:
    if fetched_at is None or printed is None:
        return printed if fetched_at is None else as_utc(fetched_at)
    return printed if as_utc(fetched_at) - printed > IN_FORCE else as_utc(fetched_at)


def _league(title: str) -> League:
    return "practice" if title.startswith("Practice League ") else "nba"


class _Report:
    """Reads row by row. What a cell says holds for the empty ones below it; what it fails to say is missing there, too."""

    def __init__(self, ledger: Ledger, known_at: datetime) -> None:
        self._ledger = ledger
        self._known_at = micros(known_at)
        self._day: date | None = None
        self._sides: tuple[str, ...] = ()
        self._team: str | None = None
        self._fault = "unreadable_game_date"
        self._last: tuple[str, str, date] | None = None
        self._statuses: dict[tuple[str, str, date], dict[str, Any]] = {}
        self._clashed: set[tuple[str, str, date]] = set()
        self._submitted: dict[tuple[str, date], bool] = {}

    def statuses(self) -> list[tuple[Any, ...]]:
        """Rows of `injuries`."""
        return [
            (row["name"], key[0], row["status"], _reason(row["reason"]), key[2], self._known_at, row["path"])
            for key, row in self._statuses.items()
            if key not in self._clashed
        ]

    def submissions(self) -> list[tuple[Any, ...]]:
        """Rows of `submissions`. A team of which a status is told has submitted, whatever else is printed."""
        return [(team, day, submitted, self._known_at) for (team, day), submitted in self._submitted.items()]

    def read(self, row: Row) -> None:
        """Take in one row."""
        cells = row.cells
        if row.opens_page and cells.keys() == {"reason"} and cells["reason"] != NOT_YET:
            self._go_on(row)
            return
        self._last = None
        self._carry(cells)
        told = " ".join(cells[column] for column in ("player", "status", "reason") if column in cells)
        if self._day is None or self._team is None:
            self._ledger.lost(row.path, self._fault, cells)
        elif told in (NOT_YET, ""):
            self._submission(self._team, self._day, told == "")
        else:
            self._status(row, self._team, self._day)

    def _go_on(self, row: Row) -> None:
        """A reason that a page's end cut in two."""
        if self._last is None:
            self._ledger.lost(row.path, "unreadable_name", row.cells)
        else:
            stood = self._statuses[self._last]
            stood["reason"] = f"{stood['reason']} {row.cells['reason']}".strip()

    def _carry(self, cells: dict[str, str]) -> None:
        if "date" in cells:
            self._day, self._sides, self._team = _day(cells["date"]), (), None
            self._fault = "unreadable_game_date" if self._day is None else "unreadable_matchup"
        if "matchup" in cells:
            found = _MATCHUP.fullmatch(cells["matchup"])
            teams = [find_team(side) for side in found.groups()] if found else []
            self._sides, self._team = tuple(team.tricode for team in teams if team), None
            if self._day is not None:
                self._fault = "unreadable_matchup" if not found else "unreadable_team" if len(self._sides) == 2 else "not_a_league_team"
        if "team" in cells and len(self._sides) == 2:
            team = find_team(cells["team"])
            self._team = team.tricode if team and team.tricode in self._sides else None
            if self._team is None and self._day is not None:
                self._fault = "team_not_in_matchup" if team else "not_a_league_team"

    def _submission(self, team: str, day: date, submitted: bool) -> None:
        if (team, day) not in self._submitted:
            self._ledger.offer()
            self._submitted[team, day] = submitted

    def _status(self, row: Row, team: str, day: date) -> None:
        name = text(row.cells.get("player"))
        if name is None or not player_lookup(name):
            self._ledger.lost(row.path, "unreadable_name", row.cells)
            return
        status = row.cells.get("status", "").casefold()
        if status not in STATUSES:
            self._ledger.lost(row.path, "unknown_status", row.cells)
            return
        self._submission(team, day, True)
        self._submitted[team, day] = True
        key = (team, player_lookup(name), day)
        if key not in self._statuses:
            self._ledger.offer()
            self._statuses[key] = {"name": name, "status": status, "reason": row.cells.get("reason", ""), "path": row.path}
            self._last = key
        elif key in self._clashed:
            self._ledger.apart(row.path, "conflicting_statuses", status)
        elif (stood := self._statuses[key])["status"] != status:
            self._clashed.add(key)
            self._ledger.apart(stood["path"], "conflicting_statuses", stood["status"], rows=1)
            self._ledger.apart(row.path, "conflicting_statuses", status)


def _day(printed: str) -> date | None:
    try:
        found = datetime.strptime(printed, "%m/%d/%Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _reason(printed: str) -> str | None:
    return text(printed[:LONGEST_TEXT])
