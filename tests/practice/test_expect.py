from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipoff.errors import BadInput
from tipoff.practice import Rules, Season, simulate
from tipoff.practice.expect import allocate
from tipoff.practice.health import Absence
from tipoff.practice.rules import PlantedWhen


@given(st.lists(st.sampled_from([0.0, 0.2, 0.7, 1.0]), min_size=15, max_size=15))
@settings(max_examples=100, deadline=None)
def test_expected_minutes_fill_240_whoever_is_missing(weights: list[float]) -> None:
    role = np.array([[34, 33, 32, 31, 29.5, 22, 18.5, 15.5, 11.5, 6, 2.5, 1.8, 1.3, 0.9, 0.5]])
    weight = np.array([weights])
    if weight.sum() < 6.2:
        return
    minutes = allocate(role, weight)
    assert minutes.sum() == pytest.approx(240)
    assert (minutes[weight == 0] == 0).all()
    assert minutes.max() < 48


def test_team_mates_take_the_minutes_and_the_ball_of_an_absent_star() -> None:
    role = np.array([[34, 33, 32, 31, 29.5, 22, 18.5, 15.5, 11.5, 6, 2.5, 1.8, 1.3, 0.9, 0.5]])
    everyone = np.ones((1, 15))
    without = everyone.copy()
    without[0, 0] = 0
    gained = (allocate(role, without) - allocate(role, everyone))[0]
    assert gained[0] < -30
    assert (gained[1:10] > 0.5).all()


def _z(values: np.ndarray) -> float:
    return float(values.mean() / values.std() * np.sqrt(len(values)))


@pytest.mark.parametrize("least", [0.1, 7, 15, 25, 32])
def test_points_are_on_average_what_the_truth_expects(season: Season, least: int) -> None:
    chosen = season.truth.minutes >= least
    stray = (season.points - season.truth.points)[chosen]
    assert len(stray) > 4000
    assert abs(_z(stray)) < 3.5


def test_team_totals_look_like_the_league_s(season: Season) -> None:
    totals = season.points.sum(axis=1)
    assert 110 < totals.mean() < 118
    assert 10 < totals.std() < 14
    assert abs(_z(totals - season.truth.team_points)) < 3.5


def test_the_back_to_back_cost_can_be_recovered(season: Season) -> None:
    tired = season.sheets.rest_days == 0
    fresh = season.truth.team_points / np.where(tired, 1 - season.rules.back_to_back_cost, 1.0)
    ratio = season.points.sum(axis=1) / fresh
    found = ratio[tired].mean() / ratio[~tired].mean() - 1
    error = ratio.std() * np.sqrt(1 / tired.sum() + 1 / (~tired).sum())
    assert found == pytest.approx(-season.rules.back_to_back_cost, abs=3.5 * error)
    assert found < -2 * error


def test_home_teams_win_more_often_than_not(season: Season) -> None:
    won = np.array([game.home_points > game.away_points for game in season.games])
    assert 0.52 < won.mean() < 0.63


@pytest.mark.parametrize("when", ["rested", "at_home"])
def test_the_planted_signal_adds_its_points_where_it_applies_and_nowhere_else(when: PlantedWhen) -> None:
    plain, planted = simulate(3), simulate(3, Rules(planted_points=2.0, planted_when=when))
    team = planted.sheets.rest_days >= 2 if when == "rested" else np.arange(len(planted.sheets.rest_days)) % 2 == 0
    there = team[:, None] & (planted.truth.minutes >= 15)
    assert 0.1 < there.mean() < 0.35
    gained = planted.truth.points - plain.truth.points
    assert gained[there].mean() == pytest.approx(2.0, abs=0.2)
    assert abs(gained[~there].mean()) < 0.1
    assert abs(_z((planted.points - planted.truth.points)[there])) < 3.5
    assert _z((planted.points - plain.truth.points)[there]) > 10


def test_a_negative_planted_signal_is_refused() -> None:
    with pytest.raises(BadInput, match="planted_points"):
        Rules(planted_points=-1)


def test_who_is_out_is_expected_to_score_nothing(season: Season) -> None:
    out = season.health.absent != Absence.NONE
    assert (season.truth.points[out] == 0).all()
    assert (season.points[out] == 0).all()
