"""Shrinkage: Baker and McHale's own statements, numerical references, and that only the past is learned from."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import beta

from tipoff.market import shrinkage
from tipoff.market.shrinkage import (
    PRIOR_SD,
    doubt_before,
    kelly_shrinkage,
    log_odds,
    probability_sd,
    towards_market,
    weight_before,
)

near: Any = pytest.approx
Floats = NDArray[np.float64]
chances = st.floats(0.02, 0.98)


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(shrinkage).failed == 0


def test_half_of_kelly_is_right_where_the_deviation_is_the_edge() -> None:
    assert kelly_shrinkage(0.56, 1.9, 0.56 - 1 / 1.9) == near(0.5)


def test_a_known_probability_is_not_shrunk_and_a_bet_not_worth_making_is_shrunk_to_nothing() -> None:
    np.testing.assert_array_equal(kelly_shrinkage([0.6, 0.5, 0.4], 2.0, 0.0), [1.0, 0.0, 0.0])


@pytest.mark.parametrize(("chance", "price", "sd"), [(0.57, 2.0, 0.02), (0.57, 2.0, 0.06), (0.6, 1.9, 0.04), (0.36, 3.2, 0.03)])
def test_the_formula_is_near_the_best_factor_by_numerical_integration(chance: float, price: float, sd: float) -> None:
    """The reference: Baker and McHale's equation 2 over a beta distribution of the estimate, a negative stake being a lay."""
    size = chance * (1.0 - chance) / sd**2 - 1.0
    estimate = beta.ppf((np.arange(4000) + 0.5) / 4000, chance * size, (1.0 - chance) * size)
    kelly = (estimate * price - 1.0) / (price - 1.0)

    def loss(factor: float) -> float:
        return float(-np.mean(chance * np.log1p((price - 1.0) * factor * kelly) + (1.0 - chance) * np.log1p(-factor * kelly)))

    best = minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-8})
    assert kelly_shrinkage(chance, price, sd) == near(best.x, abs=0.03)


@given(chances, st.floats(1.05, 8.0), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_more_uncertainty_never_shrinks_less(chance: float, price: float, first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 0.0 <= kelly_shrinkage(chance, price, high) <= kelly_shrinkage(chance, price, low) <= 1.0


@given(chances, chances, st.floats(0.0, 1.0))
def test_a_probability_drawn_to_the_market_lies_between_the_two_or_stays(chance: float, market: float, weight: float) -> None:
    found = float(towards_market(chance, market, weight))
    assert min(chance, market) - 1e-12 <= found <= chance
    assert towards_market(chance, market, 1.0) == chance


def test_the_pool_is_on_log_odds() -> None:
    assert log_odds(towards_market(0.7, 0.5, 0.5)) == near(0.5 * float(log_odds(0.7)))
    assert probability_sd(0.5, 0.2) == near(0.05)


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1])
def test_what_is_no_probability_has_no_log_odds(wrong: float) -> None:
    assert np.isnan(log_odds(wrong))
    assert np.isfinite(log_odds([0.0, 1.0])).all()


Past = tuple[NDArray[np.datetime64], Floats, Floats, Floats]


def a_season(weight: float, rows: int = 6000, seed: int = 5) -> Past:
    """Days, claims that are in truth worth `weight` beside the market, the market, and what happened."""
    draws = np.random.default_rng(seed)
    days = np.datetime64("2024-11-01") + np.sort(draws.integers(0, 60, rows))
    market = draws.normal(0.0, 0.15, rows)
    apart = draws.normal(0.0, 0.5, rows)
    true = 1.0 / (1.0 + np.exp(-(market + weight * apart)))
    happened = (draws.random(rows) < true).astype(np.float64)
    return days, 1.0 / (1.0 + np.exp(-(market + apart))), 1.0 / (1.0 + np.exp(-market)), happened


def test_a_weight_that_was_planted_is_found_as_the_whole_regression_finds_it() -> None:
    days, claimed, market, happened = a_season(0.4)
    found, n = weight_before(days, claimed, market, happened, np.array(["2025-01-01"], dtype="datetime64[D]"))
    apart = log_odds(claimed) - log_odds(market)

    def loss(weight: float) -> float:
        logit = log_odds(market) + weight * apart
        return float(np.sum(np.logaddexp(0.0, logit) - happened * logit) + 0.5 * (weight / PRIOR_SD) ** 2)

    best = minimize_scalar(loss, bounds=(-1.0, 2.0), method="bounded", options={"xatol": 1e-8})
    assert n.tolist() == [6000]
    assert found[0] == near(best.x, abs=0.01)
    assert found[0] == near(0.4, abs=0.15)


def test_a_claim_of_noise_is_given_little_weight_and_without_a_past_none() -> None:
    days, claimed, market, happened = a_season(0.0)
    asked = np.array(["2024-11-01", "2025-01-01"], dtype="datetime64[D]")
    found, n = weight_before(days, claimed, market, happened, asked)
    assert (found[0], n[0]) == (0.0, 0)
    assert found[1] < 0.15


def test_doubt_is_half_the_mean_square_of_what_lies_between_claim_and_market() -> None:
    days, claimed, market, _ = a_season(0.4)
    found, _ = doubt_before(days, claimed, market, np.array(["2025-01-01"], dtype="datetime64[D]"))
    assert found[0] == near(0.5 * np.sqrt(0.5), rel=0.03)


@given(st.integers(0, 59))
def test_only_earlier_days_are_learned_from(offset: int) -> None:
    days, claimed, market, happened = a_season(0.4, 400)
    asked = np.array([np.datetime64("2024-11-01") + offset])
    later = days >= asked[0]
    other = np.where(later, 0.9, claimed)
    outcome = np.where(later, 1.0 - happened, happened)
    for one, two in zip(doubt_before(days, claimed, market, asked), doubt_before(days, other, market, asked), strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(
        weight_before(days, claimed, market, happened, asked), weight_before(days, other, market, outcome, asked), strict=True
    ):
        np.testing.assert_array_equal(one, two)
    assert doubt_before(days, claimed, market, asked)[1][0] == np.count_nonzero(~later)


def test_rows_without_a_market_or_an_outcome_are_left_out() -> None:
    days = np.array(["2024-11-01"] * 4, dtype="datetime64[D]")
    asked = np.array(["2024-11-02"], dtype="datetime64[D]")
    claimed, market, happened = [0.6, 0.6, np.nan, 0.6], [0.5, np.nan, 0.5, 0.5], [1.0, 1.0, 1.0, np.nan]
    assert weight_before(days, claimed, market, happened, asked)[1].tolist() == [1]
    assert doubt_before(days, claimed, market, asked)[1].tolist() == [2]
    assert np.isnan(doubt_before(days[:0], [], [], asked)[0][0])
