"""One history many times over, four years apart, in one warehouse: so that one build tells how each of many changes acts.

Days are counted the same in every era (1,461 days are four years with their leap day; no era reaches 2100, which has none), and 400 days
of history never reach from one era into the next. An era's game ids, seasons and event ids follow its dates; its players are its own, since
they are born in their time.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from features.raw_rows import Raw, Row, empty
from tipoff.store.tables import table_named

ERA = timedelta(days=1461)
_IDS = ("game_id", "event_id", "league_game_id", "season")
_PLAYER = "player_lookup"


def numbers(count: int) -> range:
    """The eras of so many histories, a third of them before our own time."""
    return range(-(count // 3), count - count // 3)


def shifted(raw: Raw, era: int) -> Raw:
    """The rows of a history, `era` times four years later."""
    return {name: [_shifted_row(row, _moving(name), era) for row in rows] for name, rows in raw.items()}


@cache
def _moving(table: str) -> tuple[str, ...]:
    """The columns of a table that follow the era."""
    columns = table_named(table).columns
    return tuple(column.name for column in columns if column.kind in ("date", "instant") or column.name in (*_IDS, _PLAYER))


def _shifted_row(row: Row, moving: tuple[str, ...], era: int) -> Row:
    return {**row, **{name: shifted_value(name, row[name], era) for name in moving if row.get(name) is not None}}


def shifted_value(name: str, value: Any, era: int) -> Any:
    """One value of a row in its era: a moment, a day, a season, or an id that holds a day."""
    if value is None or era == 0:
        return value
    if isinstance(value, date | datetime):
        return value + era * ERA
    if name == "season":
        start = int(value[:4]) + 4 * era
        return f"{start}-{(start + 1) % 100:02d}"
    if name == _PLAYER:
        other = f"-{-era}"  # whoever is of the opposite era comes back from there
        return value.removesuffix(other) if value.endswith(other) else f"{value}-{era}"
    if name in _IDS:
        return shifted_id(value, era)
    return value


def shifted_id(identifier: str, era: int) -> str:
    """`20251206_AWY_HOM` (whatever stands before it) in its era."""
    head, separator, tail = identifier.rpartition("-")
    day = date(int(tail[:4]), int(tail[4:6]), int(tail[6:8])) + era * ERA
    return f"{head}{separator}{day:%Y%m%d}{tail[8:]}"


def together(histories: list[Raw]) -> Raw:
    """Each history in an era of its own, in order of time; each switches on its own sources."""
    found = empty()
    for era, raw in zip(numbers(len(histories)), histories, strict=True):
        for name, rows in shifted(raw, era).items():
            found[name] += rows if name != "ref.sources" else [{**row, "source": f"{row['source']}-{era}"} for row in rows]
    return found
