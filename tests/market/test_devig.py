"""Devig: worked examples by hand, definitions solved slowly, and what holds for every pair of prices."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
import scipy.special  # noqa: F401  here, so that no timed example pays for the import
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInput
from tipoff.market import devig as devig_module
from tipoff.market.devig import METHODS, DevigMethod, devig, worst_case

prices = st.floats(1.01, 60.0)
any_price = st.floats(1.0, 1.7e308, exclude_min=True)
every_method = pytest.mark.parametrize("method", METHODS)


def root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function crosses 0, by halving until floats can halve no more."""
    for _ in range(2000):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < 0.0 else (low, middle)
    return (low + high) / 2.0


def slow_power(a: float, b: float) -> float:
    exponent = root(lambda k: 1.0 - a**k - b**k, 0.0, 1e4)
    return float(a**exponent)


def slow_odds_ratio(a: float, b: float) -> float:
    def fair(implied: float, ratio: float) -> float:
        return implied / (ratio + implied - ratio * implied)

    log_ratio = root(lambda log: 1.0 - fair(a, math.exp(log)) - fair(b, math.exp(log)), -50.0, 50.0)
    return fair(a, math.exp(log_ratio))


def slow_probit(a: float, b: float) -> float:
    normal = NormalDist()
    shift = root(lambda c: 1.0 - normal.cdf(normal.inv_cdf(a) - c) - normal.cdf(normal.inv_cdf(b) - c), -20.0, 20.0)
    return normal.cdf(normal.inv_cdf(a) - shift)


def slow_shin(a: float, b: float) -> float:
    def fair(implied: float, z: float) -> float:
        return (math.sqrt(z * z + 4.0 * (1.0 - z) * implied * implied / (a + b)) - z) / (2.0 * (1.0 - z))

    insiders = root(lambda z: 1.0 - fair(a, z) - fair(b, z), 0.0, 1.0 - 1e-9)
    return fair(a, insiders)


SLOW: dict[DevigMethod, Callable[[float, float], float]] = {
    "multiplicative": lambda a, b: a / (a + b),
    "additive": lambda a, b: a - (a + b - 1.0) / 2.0,
    "power": slow_power,
    "odds_ratio": slow_odds_ratio,
    "probit": slow_probit,
}


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(devig_module).failed == 0


@pytest.mark.parametrize(
    ("method", "implied_over", "implied_under", "expected"),
    [
        ("multiplicative", 0.6, 0.8, 3 / 7),
        ("additive", 0.6, 0.8, 0.4),
        ("shin", 0.6, 0.8, 0.4),
        ("power", 0.6, 0.8, 0.36),  # .6^2 + .8^2 = 1
        ("power", 0.1296, 0.4096, 0.36),  # no margin: the square roots sum to 1
        ("odds_ratio", 0.8, 0.5, 2 / 3),  # odds 4 and 1: their ratio's root is 2
    ],
)
def test_prices_worked_by_hand(method: DevigMethod, implied_over: float, implied_under: float, expected: float) -> None:
    assert devig(1.0 / implied_over, 1.0 / implied_under, method) == pytest.approx(expected, abs=1e-14)


def test_probit_agrees_with_a_published_example() -> None:
    # +150 / -180 (mimir.rifterlabs.com, "devigging"): about .378.
    assert devig(2.5, 1.0 + 100.0 / 180.0, "probit") == pytest.approx(0.378, abs=1e-3)


def test_shin_agrees_with_the_shin_package() -> None:
    # shin 0.2.2: calculate_implied_probabilities([1.05, 12]) begins with .93452.
    assert devig(1.05, 12.0, "shin") == pytest.approx(0.93452, abs=5e-6)


@every_method
def test_even_prices_are_even_chances_with_or_without_margin(method: DevigMethod) -> None:
    np.testing.assert_allclose(devig([1.91, 2.0, 2.1], [1.91, 2.0, 2.1], method), 0.5, atol=1e-15)


@every_method
@given(probability=st.floats(0.01, 0.99))
def test_prices_without_margin_already_are_the_probabilities(method: DevigMethod, probability: float) -> None:
    assert devig(1.0 / probability, 1.0 / (1.0 - probability), method) == pytest.approx(probability, abs=1e-12)


@pytest.mark.parametrize("method", list(SLOW))
@given(over=prices, under=prices)
def test_the_fast_answer_is_the_slow_one_to_1e_12(method: DevigMethod, over: float, under: float) -> None:
    assert devig(over, under, method) == pytest.approx(SLOW[method](1.0 / over, 1.0 / under), abs=1e-12)


@given(over=st.floats(1.01, 20.0), under=st.floats(1.01, 20.0))
def test_for_two_outcomes_shin_solved_for_its_insiders_is_the_additive_answer(over: float, under: float) -> None:
    a, b = 1.0 / over, 1.0 / under
    if 1.001 < a + b < 1.5:
        assert devig(over, under, "shin") == pytest.approx(slow_shin(a, b), abs=1e-10)


@every_method
@given(over=any_price, under=any_price)
def test_any_two_prices_give_a_probability_inside_0_and_1(method: DevigMethod, over: float, under: float) -> None:
    assert 0.0 < devig(over, under, method) < 1.0


@every_method
@given(over=any_price, under=any_price)
def test_both_orders_of_the_sides_sum_to_1(method: DevigMethod, over: float, under: float) -> None:
    assert devig(over, under, method) + devig(under, over, method) == pytest.approx(1.0, abs=1e-12)


@every_method
@given(first=prices, second=prices, under=prices)
def test_a_longer_price_is_no_likelier(method: DevigMethod, first: float, second: float, under: float) -> None:
    shorter, longer = sorted((first, second))
    assert devig(shorter, under, method) >= devig(longer, under, method) - 1e-15


@given(over=prices, under=prices)
def test_power_satisfies_its_own_equation_for_both_sides(over: float, under: float) -> None:
    over_share, under_share = float(devig(over, under)), float(devig(under, over))
    exponent = math.log(over_share) / -math.log(over)
    assert math.log(under_share) / -math.log(under) == pytest.approx(exponent, rel=1e-9)


@pytest.mark.parametrize("bad", [1.0, 0.0, -3.0, math.inf, math.nan])
@every_method
def test_a_side_without_a_price_makes_the_row_missing_and_no_other(method: DevigMethod, bad: float) -> None:
    found = devig([1.9, bad, 1.9, bad], [1.9, 1.9, bad, bad], method)
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1:]).all()


@every_method
def test_shapes_are_kept_broadcast_and_may_be_empty(method: DevigMethod) -> None:
    assert devig(1.9, 1.8, method).shape == ()
    assert devig(np.full((3, 1), 1.9), np.full(4, 1.8), method).shape == (3, 4)
    assert devig([], [], method).shape == (0,)


@every_method
def test_many_rows_at_once_are_each_row_alone(method: DevigMethod) -> None:
    random = np.random.default_rng(7)
    over, under = 1.0 + random.exponential(1.0, 20_001) + 1e-3, 1.0 + random.exponential(1.0, 20_001) + 1e-3
    together = devig(over, under, method)
    for row in (0, 8191, 8192, 16_384, 20_000):
        assert together[row] == pytest.approx(float(devig(over[row], under[row], method)), abs=1e-15)


@pytest.mark.parametrize("method", ["additive", "power", "shin", "odds_ratio", "probit"])
def test_every_other_method_takes_more_margin_off_the_long_shot_than_multiplication(method: DevigMethod) -> None:
    """The favourite-longshot bias: a favourite is likelier than its share of the implied sum."""
    assert devig(1.25, 3.5, method) > devig(1.25, 3.5, "multiplicative") + 0.005


@given(over=prices, under=prices)
def test_the_worst_case_is_below_every_method_on_either_side(over: float, under: float) -> None:
    least_over, least_under = worst_case(over, under)
    assert all(least_over <= devig(over, under, method) for method in METHODS)
    assert all(least_under <= devig(under, over, method) for method in METHODS)
    assert least_over + least_under <= 1.0 + 1e-12


def test_the_worst_case_of_one_method_is_that_method() -> None:
    least_over, least_under = worst_case([1.5, np.nan], [2.9, 2.0], ["power"])
    np.testing.assert_allclose(least_over, [float(devig(1.5, 2.9)), np.nan])
    np.testing.assert_allclose(least_over + least_under, [1.0, np.nan])


def test_a_method_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(BadInput, match=r"'magic' is not a devig method.*power"):
        devig(1.9, 1.9, "magic")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="over no method"):
        worst_case(1.9, 1.9, [])
