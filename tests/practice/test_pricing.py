from __future__ import annotations

import numpy as np
import pytest

from tipoff.practice.pricing import american_price, decimal_price, price_pair


def test_an_even_chance_at_the_usual_margin_is_minus_110() -> None:
    over, under = price_pair(np.array([0.5]), 0.0476, 5)
    assert over[0] == under[0] == 1.91
    assert american_price(1.91) == -110
    assert american_price(2.5) == 150


def test_prices_are_whole_american_cents_with_two_decimals() -> None:
    prices = decimal_price(np.linspace(0.02, 0.97, 400), 5)
    assert (prices >= 1.01).all()
    assert np.allclose(prices, np.round(prices, 2))
    assert (np.diff(prices) <= 0).all()


@pytest.mark.parametrize("chance", [0.1, 0.35, 0.5, 0.8])
def test_the_margin_is_shared_in_proportion(chance: float) -> None:
    over, under = price_pair(np.array([chance]), 0.07, 1)
    assert 1 / over[0] + 1 / under[0] == pytest.approx(1.07, abs=0.01)
    assert 1 / over[0] / (1 / over[0] + 1 / under[0]) == pytest.approx(chance, abs=0.006)
