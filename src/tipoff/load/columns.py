"""Columns of somebody else's file as the types that we need; what cannot be read becomes null, for the caller to set apart.

Knows Arrow, and what a name is. Text is read once for each distinct value, so that a column of a million names costs its thousand names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.names import player_lookup

INSTANT = pa.timestamp("us", "UTC")
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""No archive speaks of a day or a moment before or after: `0001-01-01` and `9999-12-31` say that somebody did not know it."""
_LARGEST = 2.0**53
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_WHOLE_FLOAT = re.compile(r"(\d+)(?:\.0+)?")
_SHORT_LEAGUE_ID = re.compile(r"\d{8}")
_ZONE = re.compile(r"(?:Z|UTC|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_MIDNIGHT = re.compile(r"00:00(?::00(?:\.0+)?)?(?![:.\d])")
_NOTHING = ("", "nan", "none", "null", "nat", "n/a", "na", "<na>")


def map_distinct(column: pa.ChunkedArray | pa.Array, function: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """`function` of each value, called once for each distinct one; nulls stay null."""
    encoded = _whole(column).dictionary_encode()
    mapped = pa.array([None if value is None else function(value) for value in encoded.dictionary.to_pylist()], kind)
    return mapped.take(encoded.indices)


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """As text with single blanks between its words; empty is null, and so is one with control characters within a word."""
    array = _whole(column)
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    return map_distinct(array, _text, pa.string())


def as_shown(column: pa.ChunkedArray) -> pa.Array:
    """As the text that stood there, for people; control characters are replaced, so that any store takes it."""
    return map_distinct(_whole(column).cast(pa.string()), lambda text: _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.strip()), pa.string())


def as_name(column: pa.ChunkedArray) -> pa.Array:
    """As the text of a name; one that leaves no letter by which it could be told from others is null."""
    return map_distinct(as_text(column), lambda name: name if player_lookup(name) else None, pa.string())


def as_person_id(column: pa.ChunkedArray) -> pa.Array:
    """As the league's id of a player; `203999.0` is how a column with gaps writes `203999`."""
    return map_distinct(as_text(column), _undotted, pa.string())


def as_game_id(column: pa.ChunkedArray) -> pa.Array:
    """As the league's id of a game: ten digits, the two noughts at the front of which a column of numbers has lost."""
    return map_distinct(as_person_id(column), lambda text: text.zfill(10) if _SHORT_LEAGUE_ID.fullmatch(text) else text, pa.string())


def as_number(column: pa.ChunkedArray) -> pa.Array:
    """As float64; what is not a finite number is null."""
    array = _whole(column)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = map_distinct(array, _number, pa.float64())
    array = array.cast(pa.float64())
    return pc.if_else(pc.is_finite(array), array, pa.scalar(None, pa.float64()))


def as_whole(column: pa.ChunkedArray) -> pa.Array:
    """As int64; what is not a whole number, or beyond those that a float tells apart, is null."""
    numbers = as_number(column)
    fits = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less_equal(pc.abs(numbers), _LARGEST))
    return pc.if_else(fits, numbers, pa.scalar(None, pa.float64())).cast(pa.int64())


def as_flag(column: pa.ChunkedArray) -> pa.Array:
    """As bool: true/false, yes/no, 1/0."""
    array = _whole(column)
    if pa.types.is_boolean(array.type):
        return array
    return map_distinct(array.cast(pa.string()), _flag, pa.bool_())


def as_day(column: pa.ChunkedArray) -> pa.Array:
    """As a date: dates, timestamps (their own date), ISO text or MM/DD/YYYY. An instant of another zone than New York that is not midnight
    is null: its date may be that of the day after."""
    array = _whole(column)
    if pa.types.is_timestamp(array.type):
        zone = array.type.tz
        wall = array.cast(pa.timestamp(array.type.unit)) if zone in (None, "UTC") else pc.local_timestamp(array)
        days = wall.cast(pa.date32())
        if zone and zone != "America/New_York":
            days = pc.if_else(pc.equal(pc.floor_temporal(wall, unit="day"), wall), days, pa.scalar(None, pa.date32()))
    elif pa.types.is_date(array.type):
        days = array.cast(pa.date32())
    else:
        days = map_distinct(array.cast(pa.string()), _day, pa.date32())
    return _within(days, pa.scalar(EARLIEST.date()), pa.scalar(LATEST.date()))


def as_instant(column: pa.ChunkedArray) -> pa.Array:
    """As a UTC instant: timestamps with a zone, or ISO text with an offset; a naive one is null, since a guess would be silent."""
    array = _whole(column)
    if not pa.types.is_timestamp(array.type):
        array = map_distinct(array.cast(pa.string()), _instant, INSTANT)
    elif not array.type.tz:
        return pa.nulls(len(array), INSTANT)
    return _within(array.cast(INSTANT, safe=False), pa.scalar(EARLIEST, INSTANT), pa.scalar(LATEST, INSTANT))


def is_blank(column: pa.ChunkedArray) -> pa.Array:
    """Where a value says nothing: null, empty text, or not-a-number. Such a value is missing, not wrong."""
    text = _whole(column)
    if not (pa.types.is_string(text.type) or pa.types.is_large_string(text.type)):
        return pc.is_null(text, nan_is_null=True)
    return pc.or_(pc.is_null(text), pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(text)), pa.array(_NOTHING)))


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _within(values: pa.Array, first: pa.Scalar, end: pa.Scalar) -> pa.Array:
    fits = pc.and_(pc.greater_equal(values, first), pc.less(values, end))
    return pc.if_else(fits, values, pa.scalar(None, values.type))


def _text(text: str) -> str | None:
    said = " ".join(text.split())
    return said if said and not _CONTROL.search(said) else None


def _undotted(text: str) -> str:
    found = _WHOLE_FLOAT.fullmatch(text)
    return found[1] if found else text


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _flag(text: str) -> bool | None:
    return {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}.get(
        text.strip().casefold()
    )


def _day(text: str) -> date | None:
    printed, _, clock = text.strip().replace("T", " ", 1).partition(" ")
    if _ZONE.search(clock) and not _MIDNIGHT.match(clock):
        return None
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d"):
        try:
            return datetime.strptime(printed, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
