from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tipoff.clock import parse_instant
from tipoff.names import ESPN_IDS
from tipoff.practice import Season
from tipoff.practice.births import birth_dates
from tipoff.practice.fixtures import FIRST_DAY
from tipoff.practice.wire_roster import roster

NOW = parse_instant("2026-01-14T23:30:00Z")


def test_a_roster_is_the_teams_fifteen_players_of_that_day(season: Season) -> None:
    for tricode, number in ESPN_IDS.items():
        document = roster(season, str(number), NOW)
        assert document is not None
        expected = [player.name for player in season.roster(tricode, date(2026, 1, 14))]
        assert [man["displayName"] for man in document["athletes"]] == expected
        assert len(expected) == 15


def test_a_man_has_keys_that_the_recorded_ones_have(season: Season, recorded: Callable[[str], Any]) -> None:
    real = recorded("espn/roster_2.json")["team"]
    document = roster(season, "2", NOW)
    assert document is not None
    assert document["athletes"][0].keys() <= real["athletes"][0].keys()
    assert document["team"].keys() <= real.keys()


def test_everybody_was_born_nineteen_to_thirty_eight_years_ago(season: Season) -> None:
    births = birth_dates(season)
    ages = [(FIRST_DAY - born) / timedelta(days=365.25) for born in births]
    assert len(ages) == len(season.players)
    assert 18.9 < min(ages) < 21
    assert 33 < max(ages) < 38.1
    assert births == birth_dates(season)


def test_nobody_else_has_a_roster(season: Season) -> None:
    assert [roster(season, number, NOW) for number in ("0", "31", "bos", "")] == [None] * 4
