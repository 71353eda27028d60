"""What says that a box score of the league's statistics is of a finished game: its own figures, since it has no status and no tip.

Each side has played the same whole length of a game (240 minutes, 25 more for each overtime), and one of them has won. A game under way
has played less, and one that goes on after regulation or an overtime is tied. Points can still change after a buzzer that sounds during a
foul or a review: so `load` asks the schedule, or the time since the tip, as well. Where it is in doubt it is not final: it is asked again.
"""

from __future__ import annotations

import re

from tipoff.scrape.box_lines import MOST_MINUTES

_MINUTES = re.compile(r"([0-9]{1,3})(?:\.0+)?:([0-5][0-9])")
_REGULATION, _OVERTIME, _SIDE = 48 * 60, 5 * 60, 5


def clock_minutes(value: object, most: int = MOST_MINUTES) -> float | None:
    """`30:49`, of late also `30.000000:49`, as decimal minutes; None where it is no such time, or more than `most`.

    >>> clock_minutes("20:30")
    20.5
    """
    match = _MINUTES.fullmatch(value) if type(value) is str else None
    if match is None:
        return None
    total = int(match[1]) + int(match[2]) / 60
    return total if total <= most else None


def is_whole_game(side_minutes: tuple[object, object], points: tuple[int | None, int | None]) -> bool:
    """Whether both sides' minutes (`240:00`, `265:00`) are those of a whole game, and one side has more points."""
    home, away = (clock_minutes(minutes, _SIDE * MOST_MINUTES) for minutes in side_minutes)
    if home is None or home != away or None in points or points[0] == points[1]:
        return False
    beyond = round(home * 60) - _SIDE * _REGULATION
    return beyond >= 0 and beyond % (_SIDE * _OVERTIME) == 0
