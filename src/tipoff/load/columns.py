"""Columns of somebody else's file as the types that we need; what cannot be read becomes null, for the caller to set apart.

Knows Arrow only. Text is read once for each distinct value, so that a column of a million names costs its thousand names.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

INSTANT = pa.timestamp("us", "UTC")
_NOTHING = ("", "nan", "none", "null", "nat", "n/a", "na", "<na>")


def map_distinct(column: pa.ChunkedArray | pa.Array, function: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """`function` of each value, called once for each distinct one; nulls stay null."""
    encoded = _whole(column).dictionary_encode()
    mapped = pa.array([None if value is None else function(value) for value in encoded.dictionary.to_pylist()], kind)
    return mapped.take(encoded.indices)


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """As stripped text; empty is null."""
    array = _whole(column)
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    return map_distinct(array, lambda text: text.strip() or None, pa.string())


def as_number(column: pa.ChunkedArray) -> pa.Array:
    """As float64; what is not a finite number is null."""
    array = _whole(column)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = map_distinct(array, _number, pa.float64())
    array = array.cast(pa.float64())
    return pc.if_else(pc.is_finite(array), array, pa.scalar(None, pa.float64()))


def as_whole(column: pa.ChunkedArray) -> pa.Array:
    """As int64; what is not a whole number is null."""
    numbers = as_number(column)
    return pc.if_else(pc.equal(pc.floor(numbers), numbers), numbers, pa.scalar(None, pa.float64())).cast(pa.int64())


def as_flag(column: pa.ChunkedArray) -> pa.Array:
    """As bool: true/false, yes/no, 1/0."""
    array = _whole(column)
    if pa.types.is_boolean(array.type):
        return array
    return map_distinct(array.cast(pa.string()), _flag, pa.bool_())


def as_day(column: pa.ChunkedArray) -> pa.Array:
    """As a date: dates, timestamps (their own date), ISO text or MM/DD/YYYY."""
    array = _whole(column)
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return array.cast(pa.date32())
    return map_distinct(array.cast(pa.string()), _day, pa.date32())


def as_instant(column: pa.ChunkedArray) -> pa.Array:
    """As a UTC instant: timestamps with a zone, or ISO text with an offset; a naive one is null, since a guess would be silent."""
    array = _whole(column)
    if pa.types.is_timestamp(array.type):
        return array.cast(INSTANT) if array.type.tz else pa.nulls(len(array), INSTANT)
    return map_distinct(array.cast(pa.string()), _instant, INSTANT)


def is_blank(column: pa.ChunkedArray) -> pa.Array:
    """Where a value says nothing: null, empty text, or not-a-number. Such a value is missing, not wrong."""
    text = _whole(column)
    if not (pa.types.is_string(text.type) or pa.types.is_large_string(text.type)):
        return pc.is_null(text, nan_is_null=True)
    return pc.or_(pc.is_null(text), pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(text)), pa.array(_NOTHING)))


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


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
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d"):
        try:
            return datetime.strptime(text.strip()[:10], form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
