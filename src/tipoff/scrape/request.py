"""What a source asks for: a document's address without its key, and its price in credits.

Knows no network. The key is never part of a request: the client adds it at the last moment (F63).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tipoff.errors import BadInput

FEEDS = {
    "event-odds": "props",
    "historical-event-odds": "props",
    "bulk-odds": "lines",
    "historical-bulk-odds": "lines",
    "historical-events": "events",
    "scoreboard": "schedule",
}
"""Kinds of documents that go into one feed; any other kind is a feed of its own."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Request:
    """One document to ask for. `url_path` follows the source's base URL; `credits` is what The Odds API will charge for it."""

    source: str
    kind: str
    url_path: str
    params: tuple[tuple[str, str], ...] = ()
    credits: int = 0
    event_id: str | None = None  # of the event or game, where it is of one
    game_date: date | None = None  # the New York day that it is asked for; None: that of the fetch

    @property
    def feed(self) -> str:
        """What it feeds, whatever the source: the kind of batch that loads its answer."""
        return FEEDS.get(self.kind, self.kind)

    def __str__(self) -> str:
        return f"{self.source} {self.kind}{f' of {self.event_id}' if self.event_id else ''}"


def id_in_path(given: str) -> str:
    """An id as part of an address. Raises BadInput where it is not letters, digits, `_` and `-`: ids come from outside (F61)."""
    if not _ID.fullmatch(given):
        raise BadInput(f"{given[:80]!r} is no id of an event or game.", hint="Ids are letters, digits, _ and -.")
    return given
