"""Metrics: published figures, hand-made ones, and slow references."""

from __future__ import annotations

import doctest
import math
from datetime import date
from itertools import pairwise
from random import Random
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import scipy.special  # noqa: F401  here, so that no timed example pays for the import
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInput
from tipoff.grade import metrics
from tipoff.grade.metrics import (
    Errors,
    Score,
    brier,
    brier_losses,
    calibration_error,
    edge_bucket,
    hit_rate,
    hit_rate_by_edge,
    log_loss,
    log_losses,
    paired_difference,
    point_errors,
    roi,
    shifted_line,
)
from tipoff.rates import Paired, Rate, clustered_mean, clustered_means, wilson

near: Any = pytest.approx
forecasts = st.lists(st.tuples(st.sampled_from([0.2, 0.35, 0.5, 0.51, 0.8, 0.95]), st.integers(0, 1)), min_size=1)


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(metrics).failed == 0


@pytest.mark.parametrize(
    ("wins", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_agree_with_newcombe_1998_table_1(wins: int, n: int, low: float, high: float) -> None:
    found = wilson(wins, n)
    assert (found.low, found.high) == (near(low, abs=5e-5), near(high, abs=5e-5))


@given(st.integers(1, 5000), st.data())
def test_a_wilson_limit_is_where_the_rate_lies_1_96_errors_off(n: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, n))
    found = wilson(wins, n)
    assert found.rate is not None
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low <= found.rate <= found.high <= 1.0
    z = NormalDist().inv_cdf(0.975)
    for limit in (found.low, found.high):
        if 0.0 < limit < 1.0:
            assert abs(found.rate - limit) == near(z * math.sqrt(limit * (1 - limit) / n), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("wins", "n"), [(2, 1), (-1, 3), (0, -1)])
def test_counts_that_cannot_be_are_refused(wins: int, n: int) -> None:
    with pytest.raises(BadInput, match="not a count"):
        wilson(wins, n)


def test_a_hit_rate_of_nothing_decided_is_none_and_not_zero() -> None:
    nothing = Rate(n=0, wins=0, rate=None, low=None, high=None)
    assert hit_rate([]) == hit_rate(["PUSH", "VOID", None]) == nothing


def test_an_edge_falls_into_the_bucket_that_its_absolute_value_starts() -> None:
    edges = [0.0, 0.99, 1.0, -1.0, 2.99, 3.0, -4.99, 5.0, 6.99, -7.0, 30.0, math.inf, None, math.nan]
    assert edge_bucket(np.array(edges, dtype=object)).tolist() == [0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, -1, -1]


@given(st.lists(st.tuples(st.sampled_from(["WIN", "LOSS", "PUSH", "VOID", None]), st.floats(-12.0, 12.0))))
def test_the_buckets_together_hold_every_decided_pick_once(picks: list[tuple[str | None, float]]) -> None:
    result = np.array([pick[0] for pick in picks], dtype=object)
    buckets = hit_rate_by_edge(result, [pick[1] for pick in picks])
    assert tuple(buckets) == metrics.EDGE_BUCKETS
    assert sum(rate.n for rate in buckets.values()) == hit_rate(result).n
    assert sum(rate.wins for rate in buckets.values()) == hit_rate(result).wins


def test_errors_in_points_by_hand_leave_out_rows_without_an_outcome() -> None:
    found = point_errors([20.0, 10.0, 30.0, np.nan], [23.0, 9.0, np.nan, 5.0])
    assert found == Errors(n=2, mae=2.0, rmse=near(math.sqrt(5.0)), bias=-1.0)
    assert point_errors([np.nan], [1.0]) == Errors(0, None, None, None)


def test_the_shifted_line_is_the_floor_of_a_half_line_and_a_whole_line_itself() -> None:
    np.testing.assert_array_equal(shifted_line([24.5, 20.0, 0.5, np.nan]), [24.0, 20.0, 0.0, np.nan])


def test_a_clustered_interval_by_hand() -> None:
    # Residuals of -3, -1 | 1, 3 sum to -4 and 4: 2/1 x 32 = 64, root 8, over 4 rows 2; t(.975, 1) = 12.7062.
    found = clustered_mean([1.0, 3.0, 5.0, 7.0], ["mon", "mon", "tue", "tue"])
    expected = Paired(4, 4.0, near(4 - 2 * 12.7062, abs=1e-4), near(4 + 2 * 12.7062, abs=1e-4), 2)
    assert found == expected


def test_where_every_row_is_its_own_date_the_interval_is_students() -> None:
    # Student's 1908 sleep data, drug 2 less drug 1: 1.58, 95 % interval .70 to 2.46.
    extra = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    found = clustered_mean(extra, np.arange(10))
    assert found.mean == near(1.58)
    assert (found.low, found.high) == (near(0.7001142, abs=1e-6), near(2.4598858, abs=1e-6))


def test_rows_that_repeat_one_another_within_a_date_do_not_narrow_the_interval() -> None:
    values, dates = np.array([0.3, -0.1, 0.4, 0.2]), np.arange(4)
    alone, repeated = clustered_mean(values, dates), clustered_mean(np.tile(values, 50), np.tile(dates, 50))
    assert (repeated.n, repeated.clusters) == (200, 4)
    assert (repeated.low, repeated.high) == (near(alone.low), near(alone.high))


def test_a_paired_difference_counts_only_rows_and_dates_that_have_both() -> None:
    days = [date(2025, 11, 5), date(2025, 11, 5), date(2025, 11, 6), date(2025, 11, 7)]
    found = paired_difference([1.0, 2.0, 3.0, np.nan], [2.0, 1.0, 1.0, 1.0], days)
    assert (found.n, found.clusters, found.mean) == (3, 2, near(2 / 3))


@given(st.lists(st.tuples(st.floats(-9.0, 9.0), st.integers(0, 4)), min_size=2), st.randoms())
def test_a_paired_difference_is_the_same_in_any_order(rows: list[tuple[float, int]], random: Random) -> None:
    first = clustered_mean([row[0] for row in rows], [row[1] for row in rows])
    random.shuffle(rows)
    second = clustered_mean([row[0] for row in rows], [row[1] for row in rows])
    assert (first.n, first.clusters) == (second.n, second.clusters)
    assert first.mean == near(second.mean, abs=1e-9)
    assert first.low == (None if second.low is None else near(second.low, abs=1e-9))


def test_one_date_has_a_mean_without_an_interval_and_no_rows_have_neither() -> None:
    assert clustered_mean([1.0, 3.0], ["mon", "mon"]) == Paired(2, 2.0, None, None, 1)
    assert clustered_mean([np.nan], ["mon"]) == clustered_mean([], []) == Paired(0, None, None, None, 0)


def test_values_without_their_dates_are_refused() -> None:
    with pytest.raises(BadInput, match="2 values, 1 clusters"):
        clustered_mean([1.0, 2.0], ["mon"])


def test_brier_of_a_forecast_of_rain_by_the_textbook() -> None:
    # Brier 1950 as commonly told: 70 % and rain .09; 30 % and rain .49; 50 % .25 either way.
    np.testing.assert_allclose(brier_losses([0.7, 0.3, 0.5, 0.5], [1, 1, 0, 1]), [0.09, 0.49, 0.25, 0.25])
    assert brier([0.7, 0.3], [1, 1]) == Score(2, near(0.29))


def test_log_loss_by_hand() -> None:
    np.testing.assert_allclose(log_losses([0.8, 0.8, 0.5], [1, 0, 0]), [-math.log(0.8), -math.log(0.2), math.log(2)])
    assert log_loss([0.5, 0.5], [1, 0]) == Score(2, near(math.log(2)))


def test_a_certainty_that_failed_costs_much_but_not_infinity() -> None:
    found = log_losses([1.0, 0.0, 1.0, 0.0], [0, 1, 1, 0])
    np.testing.assert_allclose(found, [-math.log(1e-15), -math.log(1e-15), 0.0, 0.0], rtol=1e-3, atol=1e-14)


def test_a_push_is_missing_from_every_probability_score() -> None:
    happened = np.array([1, None], dtype=object)
    assert brier([0.5, 0.9], happened).n == log_loss([0.5, 0.9], happened).n == 1
    assert calibration_error([0.5, 0.9], happened).n == 1
    assert brier([], []) == log_loss([], []) == calibration_error([], []) == Score(0, None)


@pytest.mark.parametrize("score", [brier, log_loss, calibration_error])
def test_percentages_and_half_outcomes_are_refused(score: object) -> None:
    assert callable(score)
    with pytest.raises(BadInput, match="outside 0 to 1"):
        score([55.0], [1])
    with pytest.raises(BadInput, match="neither 0 nor 1"):
        score([0.55], [0.5])


def test_calibration_error_by_hand() -> None:
    # Two bins of two: |.15 - .5| and |.85 - 1|, halved each.
    assert calibration_error([0.1, 0.8, 0.2, 0.9], [0, 1, 1, 1], bins=2) == Score(4, near(0.25))


@given(forecasts, st.randoms(), st.integers(1, 12))
def test_calibration_is_the_same_in_any_order(rows: list[tuple[float, int]], random: Random, bins: int) -> None:
    first = calibration_error([row[0] for row in rows], [row[1] for row in rows], bins)
    random.shuffle(rows)
    second = calibration_error([row[0] for row in rows], [row[1] for row in rows], bins)
    assert first.value == near(second.value, abs=1e-12)


@given(st.integers(1, 400), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_calibration_of_distinct_probabilities_is_the_slow_one(n: int, bins: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    chance = random.permutation((np.arange(n) + 0.5) / n)
    happened = (random.random(n) < chance).astype(float)
    pairs = sorted(zip(chance.tolist(), happened.tolist(), strict=True))
    used = min(bins, n)
    cuts = [index * n // used for index in range(used + 1)]
    slow = 0.0
    for start, stop in pairwise(cuts):
        part = pairs[start:stop]
        slow += abs(sum(p for p, _ in part) / len(part) - sum(y for _, y in part) / len(part)) * len(part) / n
    assert calibration_error(chance, happened, bins).value == near(slow, abs=1e-12)


def test_one_constant_forecast_errs_by_its_distance_from_the_share() -> None:
    happened = np.arange(100) < 60
    assert calibration_error(np.full(100, 0.5), happened).value == near(0.1)


def test_a_perfect_model_of_a_thousand_near_even_rows_shows_an_error_of_four_hundredths() -> None:
    """Noise alone: sqrt(2/pi) x sqrt(.25 / 100) = .040 in each bin. A gate must reckon with it."""
    random = np.random.default_rng(11)
    found = []
    for _ in range(300):
        chance = np.clip(random.normal(0.5, 0.03, 1000), 0.05, 0.95)
        found.append(calibration_error(chance, random.random(1000) < chance).value)
    assert np.mean(np.array(found, dtype=float)) == near(0.040, abs=0.002)


def test_calibration_needs_a_bin() -> None:
    with pytest.raises(BadInput, match="0 bins"):
        calibration_error([0.5], [1], bins=0)


def test_roi_is_over_decided_bets_with_a_price() -> None:
    result = ["WIN", "LOSS", "PUSH", "VOID", "WIN", None]
    found = roi(result, [0.91, -1.0, 0.0, 0.0, np.nan, np.nan])
    assert found == Score(2, near(-0.045))
    assert roi([], []) == Score(0, None)


@given(
    st.lists(
        st.tuples(st.one_of(st.just(math.nan), st.floats(-20, 20)), st.integers(0, 4), st.integers(-1, 3)),
        max_size=40,
    )
)
def test_means_by_group_are_those_of_each_group_alone(rows: list[tuple[float, int, int]]) -> None:
    value, day, group = (np.array([row[column] for row in rows], dtype=kind) for column, kind in enumerate((float, np.int64, np.int64)))
    found = clustered_means(value, day, group, 3)
    for index, ours in enumerate(found):
        alone = clustered_mean(value[group == index], day[group == index])
        assert (ours.n, ours.clusters) == (alone.n, alone.clusters)
        assert [ours.mean, ours.low, ours.high] == [
            None if part is None else near(part, abs=1e-9) for part in (alone.mean, alone.low, alone.high)
        ]


@given(st.lists(st.tuples(st.floats(-20, 20), st.sampled_from([0, 1, 5, 100_000])), min_size=1, max_size=30))
def test_clusters_by_number_by_date_and_by_name_are_the_same_clusters(rows: list[tuple[float, int]]) -> None:
    value, day = [row[0] for row in rows], np.array([row[1] for row in rows])
    by_name = clustered_mean(value, day.astype(str))
    limits = [None if part is None else near(part, abs=1e-9) for part in (by_name.low, by_name.high)]
    for label in (day, day.astype("datetime64[D]"), day * 10**9):
        found = clustered_mean(value, label)
        assert (found.n, found.mean, found.clusters) == (by_name.n, by_name.mean, by_name.clusters)
        assert [found.low, found.high] == limits
