"""Reading one field of a foreign document: the value, or None and a note of what was set apart.

Knows JSON values, paths and rejects. It must never know a source. A value of the wrong type is set apart, not coerced:
`"1.91"` is no price, and `true` is no number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tipoff.clock import parse_instant
from tipoff.errors import BadInput
from tipoff.scrape.decode import Ambiguous, shown
from tipoff.scrape.records import Reject

_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
LONGEST_TEXT = 200


class Ledger:
    """What one document offered, in rows, and what of it was set apart: `rows made + sum(reject.rows) = offered`."""

    def __init__(self) -> None:
        self.rejects: list[Reject] = []
        self.offered = 0

    def offer(self, rows: int = 1) -> None:
        """So many rows more stand in the document."""
        self.offered += rows

    def apart(self, path: str, rule: str, value: Any = None, *, rows: int = 0) -> None:
        """Set something apart; `rows` of those offered are lost by it."""
        self.rejects.append(Reject(path, rule, shown(value), rows))

    def lost(self, path: str, rule: str, value: Any = None, *, rows: int = 1) -> None:
        """As `apart`, for rows that were not offered before."""
        self.offer(rows)
        self.apart(path, rule, value, rows=rows)


@dataclass(frozen=True)
class Refusal:
    """Why something is not taken: the key that says so (empty for the whole), the rule, and whether it is of a kind that we never take."""

    key: str
    rule: str
    is_exhibition: bool = False


def fault_of_object(value: Any) -> str | None:
    """The rule that a value breaks where an object is due, or None."""
    if type(value) is dict:
        return None
    return "duplicate_key" if isinstance(value, Ambiguous) else "not_an_object"


def text(value: Any) -> str | None:
    """A text without surrounding blanks; None where it is none, empty, absurdly long, or holds control characters or wrong bytes."""
    if type(value) is not str or len(value) > LONGEST_TEXT:
        return None
    stripped = value.strip()
    return stripped if stripped and not _UNFIT.search(stripped) else None


def number(value: Any) -> float | None:
    """A finite number; a bool is none."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if type(value) is int:
        return float(value) if -(2**53) <= value <= 2**53 else None
    return None


def whole(value: Any, low: int, high: int) -> int | None:
    """A whole number between two bounds, inclusive; `21.0` is one."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() and low <= found <= high else None


def instant(value: Any) -> datetime | None:
    """An aware instant of this century as UTC; None for anything else, a naive one included."""
    return _instant(value) if type(value) is str and len(value) <= 40 else None


@lru_cache(maxsize=65536)
def _instant(value: str) -> datetime | None:
    try:
        at = parse_instant(value)
    except (BadInput, OverflowError):
        return None
    return at if _EARLIEST <= at < _LATEST else None


def objects(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The elements of a list with their paths; nothing where it is no list."""
    if type(value) is list:
        for index, element in enumerate(value):
            yield f"{path}[{index}]", element
