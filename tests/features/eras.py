"""One history many times over, four years apart, in one warehouse: so that one build tells how each of many changes acts.

Days are counted the same in every era (1,461 days are four years with their leap day), and 400 days of history never reach from one
era into the next. An era's game ids, seasons and event ids follow its dates.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from features.raw_rows import Raw, Row, copy_of, empty

ERA = timedelta(days=1461)


def shifted(raw: Raw, era: int) -> Raw:
    """The rows of a history, `era` times four years later."""
    return {name: [_shifted_row(row, era) for row in rows] for name, rows in raw.items()}


def _shifted_row(row: Row, era: int) -> Row:
    return {name: shifted_value(name, value, era) for name, value in row.items()}


def shifted_value(name: str, value: Any, era: int) -> Any:
    """One value of a row in its era: a moment, a day, a season, or an id that holds a day."""
    if value is None or era == 0:
        return value
    if isinstance(value, date | datetime):
        return value + era * ERA
    if name == "season":
        start = int(value[:4]) + 4 * era
        return f"{start}-{(start + 1) % 100:02d}"
    if name in ("game_id", "event_id", "league_game_id"):
        return shifted_id(value, era)
    return value


def shifted_id(identifier: str, era: int) -> str:
    """`20251206_AWY_HOM` (whatever stands before it) in its era."""
    head, separator, tail = identifier.rpartition("-")
    day = date(int(tail[:4]), int(tail[4:6]), int(tail[6:8])) + era * ERA
    return f"{head}{separator}{day:%Y%m%d}{tail[8:]}"


def together(histories: list[Raw]) -> Raw:
    """Each history in an era of its own, the first in its own time; what switches sources on holds in all eras."""
    found = empty()
    for era, raw in enumerate(histories):
        for name, rows in shifted(copy_of(raw), era).items():
            if name != "ref.sources":
                found[name] += rows
    found["ref.sources"] = [
        {**row, "source": f"{row['source']}-{era}"} for era, raw in enumerate(histories) for row in shifted(raw, era)["ref.sources"]
    ]
    return found
