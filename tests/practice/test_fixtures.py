from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from tipoff.clock import game_date_of
from tipoff.names import TEAMS
from tipoff.practice.fixtures import FIRST_DAY, LAST_DAY, Fixture, fixtures


@pytest.fixture(scope="module", params=[1, 7, 23])
def planned(request: pytest.FixtureRequest) -> tuple[Fixture, ...]:
    return fixtures(request.param)


def _days(planned: tuple[Fixture, ...]) -> dict[str, list[int]]:
    days = defaultdict(list)
    for game in planned:
        days[game.home].append(game.day)
        days[game.away].append(game.day)
    return days


def test_each_team_plays_82_games_and_never_twice_a_day(planned: tuple[Fixture, ...]) -> None:
    days = _days(planned)
    assert len(planned) == 1230
    assert set(days) == set(TEAMS)
    assert all(len(played) == 82 == len(set(played)) for played in days.values())


def test_about_half_of_a_team_s_games_are_at_home(planned: tuple[Fixture, ...]) -> None:
    home = Counter(game.home for game in planned)
    assert all(37 <= home[team] <= 45 for team in TEAMS)


def test_back_to_backs_happen_but_nobody_plays_three_days_in_a_row(planned: tuple[Fixture, ...]) -> None:
    gaps = {team: np.diff(sorted(days)) for team, days in _days(planned).items()}
    assert all(8 <= (gap == 1).sum() <= 32 for gap in gaps.values())
    assert not any(((gap[1:] == 1) & (gap[:-1] == 1)).any() for gap in gaps.values())


def test_slates_are_of_a_realistic_size_and_the_all_star_break_is_empty(planned: tuple[Fixture, ...]) -> None:
    slates = Counter(game.game_date for game in planned)
    assert min(slates) >= FIRST_DAY
    assert max(slates) <= LAST_DAY
    assert all(1 <= size <= 14 for size in slates.values())
    assert not any(date(2026, 2, 13) <= day <= date(2026, 2, 18) for day in slates)


def test_the_game_date_is_new_york_s_and_tips_are_in_the_afternoon_or_evening(planned: tuple[Fixture, ...]) -> None:
    assert all(game_date_of(game.tip) == game.game_date for game in planned)
    assert {game.tip.hour for game in planned} <= {0, 1, 2, 3, 17, 18, 19, 20, 21, 22, 23}
    assert sum(game.tip.hour in (0, 1, 2, 3) for game in planned) > 700


def test_games_stand_in_the_order_of_their_tips(planned: tuple[Fixture, ...]) -> None:
    assert [game.index for game in planned] == list(range(1230))
    assert all(one.tip <= other.tip for one, other in pairwise(planned))
