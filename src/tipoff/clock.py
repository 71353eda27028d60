"""Time: one injected clock, New York game days, and the season that a date belongs to.

Every instant is UTC and aware. A `game_date` is the calendar date of the tip-off in America/New_York.
This module must never know where a time came from: no file paths, no tables, no configuration.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from tipoff.errors import BadInput, UnknownDate

NEW_YORK = ZoneInfo("America/New_York")


class Clock(Protocol):
    """Where the present comes from. Injected, so that a test or a simulated season can turn it."""

    def now(self) -> datetime:
        """The present instant, UTC and aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is set; for tests and for the practice league."""

    def __init__(self, at: datetime) -> None:
        self._at = as_utc(at)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = as_utc(at)

    def advance(self, by: timedelta) -> None:
        self._at += by


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises BadInput for a naive datetime: a guess would be a silent error."""
    if instant.utcoffset() is None:
        raise BadInput(f"{instant.isoformat()} has no time zone.", hint="Give an aware instant, such as one ending in Z.")
    return _in_zone(instant, UTC)


def _in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """Raises BadInput where the calendar ends: `0001-01-01T00:00:00Z` is how some sources write that they do not know."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        raise BadInput(f"{instant.isoformat()} lies at the end of the calendar.", hint="Is it a placeholder for a missing time?") from None


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant with an offset (`2025-11-05T22:30:00Z`) as an aware UTC datetime.

    Raises BadInput where it cannot be read or has no offset.
    """
    try:
        return as_utc(datetime.fromisoformat(text))
    except ValueError:
        raise BadInput(f"{text!r} is not an instant.", hint="Write it like 2025-11-05T22:30:00Z.") from None


def game_date_of(tip: datetime) -> date:
    """The game day of a tip-off: a 00:30 UTC tip belongs to the New York day before."""
    return _in_zone(as_utc(tip), NEW_YORK).date()


def resolve_date(text: str, clock: Clock) -> date:
    """`2025-11-05`, `TODAY`, `TOMORROW` or `YESTERDAY` (New York) as a date, at the edge and once.

    Raises UnknownDate for anything else.
    """
    offsets = {"TODAY": 0, "TOMORROW": 1, "YESTERDAY": -1}
    word = text.strip().upper()
    if word in offsets:
        return game_date_of(clock.now()) + timedelta(days=offsets[word])
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UnknownDate(f"{text!r} is not a date.", hint="Write it like 2025-11-05, or TODAY.") from None


def local_instant(day: date, at: time, zone: ZoneInfo = NEW_YORK) -> datetime:
    """A wall-clock time on a day in a zone, as UTC; daylight saving is the zone's own affair."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def season_of(day: date) -> str:
    """The season of a game day, as `2025-26`.

    It turns in August, but for the two pandemic seasons: 2019-20 was played until October 2020.
    """
    turn = date(day.year, 11, 1) if day.year == 2020 else date(day.year, 8, 1)
    start = day.year if day >= turn else day.year - 1
    return f"{start}-{(start + 1) % 100:02d}"
