"""When the people of the practice league were born: nineteen to thirty-eight years before its season. It must never know wire formats."""

from __future__ import annotations

from datetime import date, timedelta

from tipoff.practice.fixtures import FIRST_DAY
from tipoff.practice.season import Season
from tipoff.practice.streams import Stream, stream

_YOUNGEST, _OLDEST = 19, 38
_YEAR = 365.25


def birth_dates(season: Season) -> tuple[date, ...]:
    """The date of birth of each player, by his index."""
    ages = stream(season.seed, Stream.BIRTHS).beta(1.6, 2.6, len(season.players)) * (_OLDEST - _YOUNGEST) + _YOUNGEST
    return tuple(FIRST_DAY - timedelta(days=round(float(age) * _YEAR)) for age in ages)
