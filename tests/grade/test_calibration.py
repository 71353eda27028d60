"""Reliability bins, and how far a perfect model strays: beside slow simulations of the very error that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInput
from tipoff.grade.calibration import Calibration, calibration, perfect_calibration_error, reliability
from tipoff.grade.metrics import calibration_error
from tipoff.market.prices import FloatArray

near: Any = pytest.approx
chances = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.31, 0.5, 0.9]), st.integers(0, 1)), min_size=1, max_size=60)


def slowly(chance: FloatArray, draws: int = 1200) -> FloatArray:
    """The error of a perfect model, outcome by outcome."""
    drawn = np.random.default_rng(7)
    return np.array([calibration_error(chance, (drawn.random(chance.size) < chance).astype(float)).value for _ in range(draws)])


@pytest.mark.parametrize(
    "chance",
    [
        pytest.param(np.linspace(0.3, 0.7, 1000), id="all different"),
        pytest.param(np.repeat([0.42, 0.48, 0.5, 0.55], [100, 350, 350, 200]), id="equal ones across the edges of bins"),
        pytest.param(np.full(1000, 0.5), id="all equal"),
    ],
)
def test_a_perfect_model_strays_as_far_as_a_simulation_row_by_row_says(chance: FloatArray) -> None:
    mean, limit = perfect_calibration_error(chance)
    simulated = slowly(chance)
    assert mean == near(float(np.mean(simulated)), rel=0.05)
    assert limit == near(float(np.quantile(simulated, 0.95)), rel=0.05)


@pytest.mark.parametrize(("rows", "mean", "limit"), [(1000, 0.040, 0.056), (3000, 0.023, 0.033), (7000, 0.015, 0.021)])
def test_the_mean_and_the_limit_of_near_even_probabilities_are_those_written_down(rows: int, mean: float, limit: float) -> None:
    chance = np.clip(np.random.default_rng(rows).normal(0.48, 0.03, rows), 0.05, 0.95)
    assert perfect_calibration_error(chance) == near((mean, limit), abs=0.001)


def test_fewer_rows_than_bins_are_a_bin_each() -> None:
    """One row at a half is off by a half whatever happens; as a normal gap, by half of a half-normal's mean."""
    mean, limit = perfect_calibration_error([0.5])
    assert mean == near(0.5 * np.sqrt(2 / np.pi), rel=0.03)
    assert limit == near(0.5 * 1.96, rel=0.03)
    assert perfect_calibration_error([]) == (None, None)


def test_a_perfect_model_exceeds_its_limit_5_times_of_100() -> None:
    chance = np.linspace(0.4, 0.6, 2000)
    _, limit = perfect_calibration_error(chance)
    assert limit is not None
    assert 0.02 < float(np.mean(slowly(chance) > limit)) < 0.09


def test_the_same_probabilities_give_the_same_limit_in_any_order() -> None:
    chance = np.random.default_rng(3).uniform(0.3, 0.7, 500)
    assert perfect_calibration_error(chance) == perfect_calibration_error(chance[::-1])


@given(chances)
def test_bins_hold_every_row_once_and_never_part_equal_probabilities(rows: list[tuple[float, int]]) -> None:
    chance, outcome = (np.array([row[column] for row in rows], dtype=np.float64) for column in (0, 1))
    found = reliability(chance, outcome, 4)
    assert 1 <= len(found) <= 4
    assert sum(one.happened.n for one in found) == chance.size
    assert sum(one.happened.wins for one in found) == outcome.sum()
    assert sum(one.mean_probability * one.happened.n for one in found) == near(chance.sum())
    upwards = [one.mean_probability for one in found]
    assert upwards == sorted(upwards)
    shuffled = np.random.default_rng(0).permutation(chance.size)
    assert reliability(chance[shuffled], outcome[shuffled], 4) == found


def test_nothing_to_calibrate_is_none_and_not_zero() -> None:
    nothing = Calibration(0, None, None, None, ())
    assert calibration(np.array([]), np.array([])) == calibration(np.array([0.5, np.nan]), np.array([np.nan, 1.0])) == nothing


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(BadInput, match="probabilities from 0 to 1"):
        perfect_calibration_error([0.5, np.nan])
