"""Prices: published conversions by hand, and what holds for every price."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.market import prices

decimal_prices = st.floats(1.001, 1000.0)
probabilities = st.floats(0.001, 0.999)


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(prices).failed == 0


@pytest.mark.parametrize(
    ("american", "decimal"),
    [(150, 2.5), (-200, 1.5), (100, 2.0), (-100, 2.0), (-110, 21 / 11), (-500, 1.2), (1200, 13.0)],
)
def test_american_prices_become_the_decimal_ones_in_every_textbook(american: float, decimal: float) -> None:
    assert prices.american_to_decimal(american) == pytest.approx(decimal, abs=1e-15)


def test_decimal_prices_become_american_ones_and_even_money_is_plus_100() -> None:
    found = prices.decimal_to_american([2.5, 1.5, 2.0, 21 / 11])
    np.testing.assert_allclose(found, [150.0, -200.0, 100.0, -110.0], rtol=1e-14)


@given(decimal_prices)
def test_a_price_survives_the_way_to_american_and_back(price: float) -> None:
    assert prices.american_to_decimal(prices.decimal_to_american(price)) == pytest.approx(price, rel=1e-12)


@given(st.one_of(st.floats(100.0, 1e6), st.floats(-1e6, -100.001)))  # -100 itself comes back as +100
def test_an_american_price_survives_the_way_to_decimal_and_back(american: float) -> None:
    assert prices.decimal_to_american(prices.american_to_decimal(american)) == pytest.approx(american, rel=1e-9)


@given(decimal_prices, decimal_prices)
def test_a_longer_price_implies_less_in_either_notation(first: float, second: float) -> None:
    shorter, longer = sorted((first, second))
    assert prices.implied_probability(shorter) >= prices.implied_probability(longer)
    assert prices.decimal_to_american(shorter) <= prices.decimal_to_american(longer) or shorter < 2.0 <= longer


@pytest.mark.parametrize("bad", [1.0, 0.5, 0.0, -2.0, math.inf, -math.inf, math.nan])
def test_what_cannot_be_bet_at_is_missing_everywhere(bad: float) -> None:
    for found in (
        prices.valid_price(bad),
        prices.decimal_to_american(bad),
        prices.implied_probability(bad),
        prices.overround(bad, 1.9),
        prices.hold(1.9, bad),
        prices.break_even(bad),
        prices.expected_value(0.5, bad),
    ):
        assert np.isnan(found)


@pytest.mark.parametrize("bad", [0.0, 99.9, -99.9, math.inf, math.nan])
def test_there_are_no_american_prices_between_minus_and_plus_100(bad: float) -> None:
    assert np.isnan(prices.american_to_decimal(bad))


def test_none_is_missing_and_its_neighbours_are_not() -> None:
    found = prices.implied_probability(np.array([2.0, None, 4.0], dtype=object))
    np.testing.assert_array_equal(found, [0.5, np.nan, 0.25])


def test_prices_too_large_for_the_other_notation_are_missing_without_a_warning() -> None:
    assert np.isnan(prices.decimal_to_american(1e307))
    assert np.isnan(prices.fair_price(5e-324))


def test_minus_110_both_ways_has_an_overround_of_4_76_and_a_hold_of_4_55_percent() -> None:
    standard = prices.STANDARD_PRICE
    assert prices.overround(standard, standard) == pytest.approx(1 / 21, abs=1e-15)
    assert prices.hold(standard, standard) == pytest.approx(1 / 22, abs=1e-15)


def test_the_best_prices_of_several_books_may_have_a_negative_margin() -> None:
    assert prices.overround(2.1, 2.1) == pytest.approx(-0.047619047619)
    assert prices.hold(2.1, 2.1) == pytest.approx(-0.05)


@given(decimal_prices, decimal_prices)
def test_the_margin_does_not_depend_on_the_order_of_the_sides(over: float, under: float) -> None:
    assert prices.overround(over, under) == prices.overround(under, over)
    assert prices.hold(over, under) == prices.hold(under, over)


def test_break_even_at_minus_110_is_52_4_percent_and_less_where_a_push_returns_the_stake() -> None:
    assert prices.break_even(prices.STANDARD_PRICE) == pytest.approx(0.5238095238)
    assert prices.break_even(prices.STANDARD_PRICE, 0.06) == pytest.approx(0.94 * 0.5238095238)


def test_expected_value_counts_a_push_as_the_stake_returned() -> None:
    # By hand: wins .50 x .90, loses .44, returns .06.
    assert prices.expected_value(0.50, 1.90, 0.06) == pytest.approx(0.50 * 0.90 - 0.44, abs=1e-15)


@given(probabilities, st.floats(0.0, 0.5), decimal_prices)
def test_expected_value_is_nil_at_the_fair_price_and_at_break_even(win: float, push: float, price: float) -> None:
    if win + push < 1.0 - 1e-6:
        assert prices.expected_value(win, prices.fair_price(win, push), push) == pytest.approx(0.0, abs=1e-9)
    least = float(prices.break_even(price, push))
    assert prices.expected_value(least, price, push) == pytest.approx(0.0, abs=1e-9)


@given(decimal_prices)
def test_the_fair_price_of_the_implied_probability_is_the_price(price: float) -> None:
    assert prices.fair_price(prices.implied_probability(price)) == pytest.approx(price, rel=1e-12)


@given(probabilities, probabilities, decimal_prices)
def test_expected_value_rises_with_the_probability(first: float, second: float, price: float) -> None:
    low, high = sorted((first, second))
    assert prices.expected_value(low, price) <= prices.expected_value(high, price)


@pytest.mark.parametrize(("win", "push"), [(-0.1, 0.0), (1.1, 0.0), (0.6, 0.5), (0.5, -0.1), (math.nan, 0.0)])
def test_impossible_probabilities_have_neither_a_fair_price_nor_an_expected_value(win: float, push: float) -> None:
    assert np.isnan(prices.fair_price(win, push))
    assert np.isnan(prices.expected_value(win, 1.9, push))


def test_a_certainty_has_an_expected_value_but_no_fair_price() -> None:
    assert prices.expected_value(1.0, 1.9) == pytest.approx(0.9)
    assert np.isnan(prices.fair_price(1.0))
