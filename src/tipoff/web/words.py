"""Numbers, times and reasons in words, for people: the filters of the templates.

None is a dash, never zero. It must never know HTML.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tipoff.clock import NEW_YORK
from tipoff.names import find_team

DASH = "–"
MINUS = "−"

REASONS = {
    "out": "Out",
    "doubtful": "Doubtful",
    "no_line": "No line",
    "low_minutes": "Few minutes, and no line",
    "not_quality_ready": "Inputs incomplete",
    "gate": "Held back by the quality gate",
    "model_blocked": "Model blocked",
    "unresolved_name": "Name not resolved",
    "postponed": "Game postponed",
    "cancelled": "Game cancelled",
    "not_recorded": "No reason on record",
}


def points(value: float | None) -> str:
    """24.5, or a dash."""
    return DASH if value is None else f"{value:.1f}"


def line(value: float | None) -> str:
    """A line or its median: 24.5, and 20.25 where it lies between two."""
    if value is None:
        return DASH
    return f"{value:.1f}" if round(value, 1) == round(value, 4) else f"{value:.2f}"


def whole(value: float | None) -> str:
    """24, or a dash."""
    return DASH if value is None else f"{value:.0f}"


def signed(value: float | None) -> str:
    """+1.5, −1.5 with a true minus, or 0.0."""
    if value is None:
        return DASH
    if round(value, 1) == 0:
        return "0.0"
    return f"+{value:.1f}" if value > 0 else f"{MINUS}{-value:.1f}"


def moved(value: float | None) -> str:
    """How far a line or a median of lines is from another: +0.5, −1.25 with a true minus, or 0.0."""
    if value is None:
        return DASH
    told = line(abs(value))
    return told if float(told) == 0 else f"+{told}" if value > 0 else f"{MINUS}{told}"


def percent(value: float | None) -> str:
    """57 %, with a narrow space that does not break."""
    return DASH if value is None else f"{value * 100:.0f}\u202f%"


def gain(value: float | None) -> str:
    """+4.2 %, or −1.0 %, of a share."""
    return DASH if value is None else f"{signed(value * 100)}\u202f%"


def share(value: float | None) -> str:
    """4.5 %: a small share, with a narrow space that does not break."""
    return DASH if value is None else f"{value * 100:.1f}\u202f%"


def price(value: float | None) -> str:
    """A decimal price: 1.91."""
    return DASH if value is None else f"{value:.2f}"


def long_date(day: date) -> str:
    """Wednesday, 12 February 2031."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def short_date(day: date) -> str:
    """Wed 12 Feb."""
    return f"{day:%a} {day.day} {day:%b}"


def eastern(moment: datetime) -> str:
    """7:30 PM, New York."""
    local = moment.astimezone(NEW_YORK)
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def on_the_day(moment: datetime, day: date) -> str:
    """7:30 PM, and Tue 27 Jan, 7:30 PM where that is another day in New York."""
    local = moment.astimezone(NEW_YORK).date()
    return eastern(moment) if local == day else f"{short_date(local)}, {eastern(moment)}"


def iso(moment: datetime) -> str:
    """For the `datetime` attribute."""
    return moment.isoformat().replace("+00:00", "Z")


def age(since: datetime, now: datetime) -> str:
    """How long ago, roughly: 14 minutes."""
    minutes = int((now - since) / timedelta(minutes=1))
    if minutes < 1:
        return "less than a minute"
    for size, word in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {word}{'s' if count > 1 else ''}"
    return ""


def team(tricode: str | None) -> str:
    """City and nickname; the code itself where it is none of the thirty."""
    if not tricode:
        return DASH
    known = find_team(tricode)
    return known.name if known else tricode


def reason(code: str) -> str:
    """A reason for absence, for people; its bracketed part left out."""
    plain = code.partition("(")[0].strip()
    return REASONS.get(plain, plain.replace("_", " ").capitalize())


def feature(name: str) -> str:
    """A feature's name, for people: opponent pace."""
    return name.replace("_", " ")


def lacking(item: str) -> str:
    """What is missing, and why: `pace score (team unknown)` of `pace_score=team_unknown`."""
    name, _, why = item.partition("=")
    return f"{feature(name)} ({feature(why)})" if why else feature(name)


def call(recommendation: str | None) -> str:
    """OVER, UNDER, PASS or NO LINE."""
    return (recommendation or DASH).replace("_", " ")
