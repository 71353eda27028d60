"""Time: one injected clock, New York game days, and the season that a date belongs to.

Every instant is UTC and aware. A `game_date` is the calendar date of the tip-off in America/New_York.
This module must never know what a time is of: no tables, no configuration; of files only the one that a `FileClock` is given.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from tipoff.errors import BadInput, ConfigError, UnknownDate

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


class FileClock:
    """A clock that stands in a file, so that many processes live at one instant; for the practice league.

    Whoever turns it writes the file anew, whole (`set`); it is read each time that it is asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> datetime:
        """The instant in the file. Raises ConfigError where there is none."""
        try:
            return parse_instant(self.path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError, BadInput) as error:
            raise ConfigError(
                f"The clock file {self.path} tells no instant: {error}.", hint="It holds one line such as 2026-01-14T23:30:00Z."
            ) from None

    def set(self, at: datetime) -> None:
        """Turn it, forwards or back, for every process at once. Raises ConfigError where the file cannot be written."""
        fresh = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}")
        try:
            fresh.write_text(f"{as_utc(at).isoformat()}\n", encoding="utf-8")
            fresh.replace(self.path)
        except OSError as error:
            raise ConfigError(f"The clock file {self.path} cannot be written: {error}.", hint="Look at the folder's rights.") from None

    def advance(self, by: timedelta) -> None:
        """Turn it by so much."""
        self.set(self.now() + by)


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


_FIRST_YEAR, _LAST_YEAR = 1946, 2200
_LIKE = "Write it like 2025-11-05, or TODAY."


def resolve_date(text: str, clock: Clock) -> date:
    """`2025-11-05`, `TODAY`, `TOMORROW` or `YESTERDAY` (New York) as a date, at the edge and once.

    Raises UnknownDate for anything else, and for a year in which nobody plays: days are counted both ways from a date, and the calendar
    ends.
    """
    offsets = {"TODAY": 0, "TOMORROW": 1, "YESTERDAY": -1}
    word = text.strip().upper()
    if word in offsets:
        return game_date_of(clock.now()) + timedelta(days=offsets[word])
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise UnknownDate(f"{text!r} is not a date.", hint=_LIKE) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UnknownDate(f"{text!r} lies in no season of the league.", hint=_LIKE)
    return day


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
