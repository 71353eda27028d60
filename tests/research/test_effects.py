"""Effects and corrections beside slow references: a regression written out, and Holm's procedure step by step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from tipoff.rates import Paired, clustered_mean
from tipoff.research.effects import LEAST_DATES, effect, holm, p_value

near: Any = pytest.approx
p_values = st.lists(st.one_of(st.none(), st.floats(0.0, 1.0)), max_size=12)
rows = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 3), st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=60)


def slow_holm(given_values: list[float | None]) -> list[float | None]:
    """Each p-value's is the least level at which the procedure, going up from the smallest, rejects it and all that are equal."""
    left = sorted(value for value in given_values if value is not None)

    def of(value: float) -> float:
        smaller = [one for one in left if one <= value]
        return min(1.0, max((len(left) - place) * one for place, one in enumerate(smaller)))

    return [None if value is None else of(value) for value in given_values]


@given(p_values)
def test_holm_agrees_with_the_procedure_step_by_step(values: list[float | None]) -> None:
    found = holm(values)
    for ours, theirs, raw in zip(found, slow_holm(values), values, strict=True):
        assert (ours is None) == (theirs is None) == (raw is None)
        if ours is not None and theirs is not None and raw is not None:
            assert ours == near(theirs)
            assert raw <= ours <= 1.0


def test_holm_on_the_textbook_case() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == [near(0.03), near(0.06), near(0.06), near(0.02)]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def slow_effect(table: list[tuple[int, int, int, int]]) -> tuple[float, float] | None:
    """Least squares on one column a stratum and `on`, with the sandwich's middle summed date by date; slope and variance."""
    value, on, stratum, day = (np.array(column, dtype=np.float64) for column in zip(*table, strict=True))
    telling = np.array([len({one[1] for one in table if one[2] == of[2]}) > 1 for of in table])
    value, on, stratum, day = value[telling], on[telling], stratum[telling], day[telling]
    if value.size == 0:
        return None
    design = np.column_stack([on, *(stratum == one for one in np.unique(stratum))]).astype(np.float64)
    bread = np.linalg.inv(design.T @ design)
    beta = bread @ design.T @ value
    residual = value - design @ beta
    middle = np.zeros((design.shape[1], design.shape[1]))
    dates = np.unique(day)
    for one in dates:
        pull = design[day == one].T @ residual[day == one]
        middle += np.outer(pull, pull)
    variance = (bread @ middle @ bread)[0, 0] * dates.size / max(dates.size - 1, 1)
    return float(beta[0]), float(variance)


@given(rows)
def test_an_effect_within_strata_is_the_regression_with_a_column_a_stratum(table: list[tuple[int, int, int, int]]) -> None:
    value, on, stratum, day = (np.array(column) for column in zip(*table, strict=True))
    found, slow = effect(value, on, day, stratum), slow_effect(table)
    if slow is None:
        assert found == Paired(0, None, None, None, 0)
        return
    assert found.mean == near(slow[0], abs=1e-9)
    if found.low is not None and found.high is not None:
        half = student.ppf(0.975, found.clusters - 1) * math.sqrt(max(slow[1], 0.0))
        assert (found.high - found.low) / 2 == near(half, rel=1e-6, abs=1e-7)


def test_an_effect_of_yes_and_no_is_the_difference_of_two_means_and_missing_rows_leave_the_n() -> None:
    values = np.array([1.0, 3.0, 10.0, np.nan, 12.0])
    found = effect(values, [0, 0, 1, 1, np.nan], [1, 2, 3, 4, 5])
    assert (found.mean, found.n) == (near(8.0), 3)


def test_a_side_of_a_few_rows_has_no_interval_however_alike_they_are() -> None:
    days = np.repeat(np.arange(30), 10)
    on = np.zeros(300)
    on[:4] = 1
    found = effect(np.where(on == 1, 0.0, np.random.default_rng(1).normal(size=300)), on, days)
    assert found.mean is not None
    assert (found.low, p_value(found)) == (None, None)


@given(st.lists(st.floats(-3, 3), min_size=40, max_size=80))
def test_a_p_value_is_below_a_twentieth_just_where_the_interval_leaves_out_0(values: list[float]) -> None:
    found = clustered_mean(values, np.arange(len(values)) % LEAST_DATES)
    value = p_value(found)
    if value is not None and found.low is not None and found.high is not None and abs(value - 0.05) > 1e-6:
        assert (value < 0.05) == (found.low > 0.0 or found.high < 0.0)


def test_where_there_is_no_effect_one_in_twenty_is_found() -> None:
    dice = np.random.default_rng(3)
    days = np.repeat(np.arange(40), 10)
    found = 0
    for _ in range(400):
        shared = np.repeat(dice.normal(size=40), 10)  # rows of a date move together
        value = p_value(effect(shared + dice.normal(size=400), dice.integers(0, 2, 400), days))
        found += value is not None and value < 0.05
    assert 6 <= found <= 36


def test_too_few_rows_or_dates_are_not_tested() -> None:
    few = clustered_mean(np.arange(20.0), np.arange(20))
    short = clustered_mean(np.arange(60.0), np.arange(60) % (LEAST_DATES - 1))
    assert (p_value(few), p_value(short)) == (None, None)
