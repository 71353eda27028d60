"""What a client asks of the odds source, read strictly, as the real one does: a wrong parameter is a 422 with a code.

It knows parameters and their faults. It must never know prices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tipoff.practice.books import BOOKS, REGIONS
from tipoff.practice.quotes import PLAYER_POINTS, PLAYER_POINTS_ALTERNATE

FEATURED = ("h2h", "spreads", "totals")
"""Markets that the bulk endpoint has too."""
OFFERED = (*FEATURED, PLAYER_POINTS, PLAYER_POINTS_ALTERNATE)
_KNOWN_BUT_EMPTY = re.compile(r"player_[a-z_]+|alternate_(spreads|totals)|team_totals|(h2h|spreads|totals)_[hq][1-4]|outrights|h2h_lay")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""The source refuses fractions of a second, and offsets written as +00:00."""
_DETAILS = "https://the-odds-api.com/liveapi/guides/v4/api-error-codes.html"


class OddsFault(Exception):
    """An answer that is an error: HTTP status, the source's code, a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def document(self) -> dict[str, str]:
        """As the source writes it."""
        return {"message": self.message, "error_code": self.code, "details_url": f"{_DETAILS}#{self.code.lower().replace('_', '-')}"}


@dataclass(frozen=True)
class OddsQuestion:
    """A request for odds: markets in the order asked, books by key, and how many regions it is billed as."""

    markets: tuple[str, ...]
    books: frozenset[str]
    regions: int
    odds_format: Literal["decimal", "american"]


def odds_question(given: Mapping[str, str], *, bulk: bool) -> OddsQuestion:
    """Reads `markets`, `regions`, `bookmakers` and `oddsFormat`. Raises OddsFault (422)."""
    markets = _listed(given.get("markets", "h2h"))
    unknown = [name for name in markets if name not in OFFERED and not _KNOWN_BUT_EMPTY.fullmatch(name)]
    if unknown or not markets:
        raise OddsFault(422, "INVALID_MARKET", f"Invalid markets: {', '.join(unknown)}")
    beyond = [name for name in markets if name not in FEATURED]
    if bulk and beyond:
        raise OddsFault(422, "INVALID_MARKET", f"Markets not supported by this endpoint: {', '.join(beyond)}")
    odds_format = given.get("oddsFormat", "decimal")
    if odds_format not in ("decimal", "american"):
        raise OddsFault(422, "INVALID_ODDS_FORMAT", "Invalid oddsFormat. Valid values are decimal and american")
    if given.get("dateFormat", "iso") != "iso":
        raise OddsFault(422, "INVALID_DATE_FORMAT", "The practice source writes dateFormat=iso only")
    books, regions = _books(given)
    return OddsQuestion(markets, books, regions, "american" if odds_format == "american" else "decimal")


def _books(given: Mapping[str, str]) -> tuple[frozenset[str], int]:
    """Books by `bookmakers`, which wins, ten of them billed as one region; else by `regions`."""
    keys = _listed(given.get("bookmakers", ""))
    if keys:
        bad = [key for key in keys if not re.fullmatch(r"[a-z0-9_]+", key)]
        if bad:
            raise OddsFault(422, "INVALID_BOOKMAKERS", f"Invalid bookmakers: {', '.join(bad)}")
        return frozenset(keys), -(-len(keys) // 10)
    regions = _listed(given.get("regions", ""))
    if not regions:
        raise OddsFault(422, "MISSING_REGION", "Missing regions or bookmakers key")
    unknown = [region for region in regions if region not in REGIONS]
    if unknown:
        raise OddsFault(422, "INVALID_REGION", f"Invalid regions: {', '.join(unknown)}")
    return frozenset(book.key for book in BOOKS if book.region in regions), len(regions)


@dataclass(frozen=True)
class EventFilter:
    """Which events: by tip-off (UTC, both ends included) and by id; None leaves them all."""

    start: datetime | None = None
    end: datetime | None = None
    ids: frozenset[str] | None = None


def event_filter(given: Mapping[str, str]) -> EventFilter:
    """Reads `commenceTimeFrom`, `commenceTimeTo` and `eventIds`. Raises OddsFault (422)."""
    start = _instant(given.get("commenceTimeFrom"), "INVALID_COMMENCE_TIME_FROM", "commenceTimeFrom")
    end = _instant(given.get("commenceTimeTo"), "INVALID_COMMENCE_TIME_TO", "commenceTimeTo")
    if start and end and end <= start:
        raise OddsFault(422, "INVALID_COMMENCE_TIME_RANGE", "commenceTimeTo must be later than commenceTimeFrom")
    ids = _listed(given.get("eventIds", ""))
    bad = [name for name in ids if not re.fullmatch(r"[0-9a-f]{32}", name)]
    if bad:
        raise OddsFault(422, "INVALID_EVENT_IDS", f"Invalid eventIds: {', '.join(bad)}")
    return EventFilter(start, end, frozenset(ids) if ids else None)


def snapshot_date(given: Mapping[str, str]) -> datetime:
    """Reads `date` of a historical request. Raises OddsFault (422) where it is missing, or not to the second and in Z."""
    if not given.get("date"):
        raise OddsFault(422, "MISSING_HISTORICAL_TIMESTAMP", "Missing date parameter")
    found = _instant(given["date"], "INVALID_HISTORICAL_TIMESTAMP", "date")
    if found is None:  # pragma: no cover - given above
        raise OddsFault(422, "MISSING_HISTORICAL_TIMESTAMP", "Missing date parameter")
    return found


def _instant(text: str | None, code: str, name: str) -> datetime | None:
    if not text:
        return None
    message = f"Invalid {name} parameter. The format must be YYYY-MM-DDTHH:MM:SSZ"
    if not _INSTANT.fullmatch(text):
        raise OddsFault(422, code, message)
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise OddsFault(422, code, message) from None


def _listed(text: str) -> tuple[str, ...]:
    """Comma-separated names, blanks dropped, each once, in order."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
