"""What to ask of the official injury report: the report that is in force at a moment, and those before it. It costs nothing.

Until December 2025 there was a report an hour, printed at half past and named by its hour: `Injury-Report_2025-11-05_05PM.pdf` is that of
17:30. Since then there is one every quarter of an hour, named by its minute: `Injury-Report_2026-01-05_05_30PM.pdf`. On the day of the
change both names are met. Names are in New York time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from tipoff.clock import NEW_YORK, as_utc
from tipoff.scrape.request import Request

SOURCE = "nba_injuries"
DAY_OF_CHANGE = date(2025, 12, 22)
_QUARTER = timedelta(minutes=15)


def official_report(moment: datetime) -> Request:
    """The report in force at an instant (UTC).

    >>> from datetime import UTC
    >>> official_report(datetime(2025, 11, 5, 22, 45, tzinfo=UTC)).url_path
    '/Injury-Report_2025-11-05_05PM.pdf'
    """
    return official_reports(moment, 1)[0]


def official_reports(moment: datetime, count: int) -> list[Request]:
    """The report in force at an instant and those before it, the newest first: a report may come some minutes late."""
    return [Request(SOURCE, "injuries", f"/Injury-Report_{name}.pdf") for name in islice(_names(as_utc(moment)), count)]


def _names(moment: datetime) -> Iterator[str]:
    at = moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
    while True:
        wall = at.astimezone(NEW_YORK)
        half = "AM" if wall.hour < 12 else "PM"
        if wall.date() >= DAY_OF_CHANGE:
            yield f"{wall:%Y-%m-%d_%I_%M}{half}"
        if wall.date() <= DAY_OF_CHANGE and wall.minute == 30:
            yield f"{wall:%Y-%m-%d_%I}{half}"
        at -= _QUARTER
