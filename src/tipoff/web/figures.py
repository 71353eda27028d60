"""Figures with their N and interval in words, and as marks on a scale, for the pages of records, the fleet and reports.

None is a dash, never zero. It must never know HTML, nor a document.
"""

from __future__ import annotations

from dataclasses import dataclass

from tipoff.web.words import DASH, MINUS

THIN = "\u202f"
UNMEASURED = "not measurable"


def count(value: int | None) -> str:
    """1,234, or a dash."""
    return DASH if value is None else f"{value:,}"


def rate(value: float | None, digits: int = 1) -> str:
    """53.4 %, or a dash."""
    return DASH if value is None else f"{value * 100:.{digits}f}{THIN}%"


def gain(value: float | None, digits: int = 1) -> str:
    """+2.1 %, −2.1 % with a true minus, or 0.0 %."""
    return DASH if value is None else f"{change(value * 100, digits)}{THIN}%"


def change(value: float | None, digits: int = 2) -> str:
    """+0.12, −0.12 with a true minus, or 0.00."""
    if value is None:
        return DASH
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else f"+{text}" if value > 0 else f"{MINUS}{text}"


def number(value: float | None, digits: int = 2) -> str:
    """4.95, or a dash; a true minus."""
    if value is None:
        return DASH
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def chance(value: float | None) -> str:
    """A p-value: 0.043, or < 0.001; a dash."""
    return DASH if value is None else "< 0.001" if value < 0.0005 else f"{value:.3f}"


def between(low: float | None, high: float | None, how: str = "rate", digits: int | None = None) -> str:
    """`48.1 % to 55.0 %`, each end as `how` has it: rate, gain, change or number; nothing without an interval."""
    if low is None or high is None:
        return ""
    told = {"rate": rate, "gain": gain, "change": change, "number": number}[how]
    ends = (told(low), told(high)) if digits is None else (told(low, digits), told(high, digits))
    return " to ".join(ends)


@dataclass(frozen=True)
class Mark:
    """A value with its interval, and perhaps what it is held against, in a box of 120 x 14; None for what is not there."""

    low_x: float
    high_x: float
    value_x: float
    against_x: float | None


def mark(
    value: float | None, low: float | None, high: float | None, against: float | None = None, first: float = 0.3, last: float = 0.7
) -> Mark | None:
    """Where they stand on a scale from `first` to `last`; what lies beyond stands at its end."""
    if value is None or low is None or high is None:
        return None

    def place(at: float) -> float:
        return round(4 + min(max((at - first) / (last - first), 0.0), 1.0) * 112, 1)

    return Mark(place(low), place(high), place(value), None if against is None else place(against))


ALL = {"count": count, "rate": rate, "gain": gain, "change": change, "number": number, "chance": chance, "between": between, "mark": mark}
"""As templates name them."""
