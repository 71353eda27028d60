"""A perfect model's calibration error: simulated as the metric itself would have it, and as far from 0 as is written down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.grade.metrics import calibration_error
from tipoff.train.perfect import perfect_calibration_error


def slow(probability: np.ndarray[tuple[int], np.dtype[np.float64]], replicates: int, seed: int) -> float:
    """Every replicate through the metric, one after the other."""
    chance, rng = np.sort(probability), np.random.default_rng(seed)
    found = [calibration_error(chance, rng.random(chance.size) < chance).value for _ in range(replicates)]
    return float(np.quantile([error for error in found if error is not None], 0.95))


@given(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.41, 0.5, 0.5000001, 0.77, 1.0]), min_size=1, max_size=60), st.integers(0, 99))
def test_it_agrees_with_the_metric_ties_and_all(probability: list[float], seed: int) -> None:
    chances = np.array(probability)
    assert perfect_calibration_error(chances, replicates=15, seed=seed) == pytest.approx(slow(chances, 15, seed), abs=1e-12)


def test_large_samples_that_are_simulated_in_portions_agree_too() -> None:
    chances = np.random.default_rng(1).uniform(0.3, 0.7, 1_100_000)
    assert perfect_calibration_error(chances, replicates=3, seed=5) == pytest.approx(slow(chances, 3, 5), abs=1e-12)


@pytest.mark.parametrize(("rows", "mean", "limit"), [(1000, 0.040, 0.056), (3000, 0.023, 0.033), (7000, 0.015, 0.021)])
def test_the_mean_and_the_95_percent_quantile_are_those_written_down(rows: int, mean: float, limit: float) -> None:
    chances = np.clip(np.random.default_rng(rows).normal(0.48, 0.03, rows), 0.05, 0.95)
    assert perfect_calibration_error(chances, 0.95) == pytest.approx(limit, abs=0.001)
    assert perfect_calibration_error(chances, 0.5) == pytest.approx(mean, abs=0.001)


def test_missing_ones_are_left_out_and_nothing_gives_nothing() -> None:
    chances = np.array([0.4, np.nan, 0.6])
    assert perfect_calibration_error(chances) == perfect_calibration_error(np.array([0.6, 0.4]))
    assert np.isnan(perfect_calibration_error(np.array([np.nan])))
