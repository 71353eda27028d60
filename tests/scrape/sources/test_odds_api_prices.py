"""Odds formats: which one a document is in, and its prices as decimal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import book, event, market, pair, parse, rows, rules

from tipoff.scrape.sources.odds_api.prices import decimal_price, fault_of_price, is_american


@pytest.mark.parametrize(
    ("printed", "expected"), [(100, 2.0), (-100, 2.0), (110, 2.1), (-110, 1 + 100 / 110), (-140, 1 + 100 / 140), (250, 3.5), (-10000, 1.01)]
)
def test_american_prices_become_decimal(printed: int, expected: float) -> None:
    assert decimal_price(printed, american=True) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("prices", "american"),
    [
        ([-140, 110], True),
        ([-110, -110], True),
        ([1.91, 1.91], False),
        ([], False),
        ([150, 200, 1000], True),
        ([101.5, 251.0], False),
        ([1.9, 1.95, 2.0, -140], False),
        ([-110, -105, 120, 1.91], True),
        ([1.91, -110], False),
        ([True, None, "-110", float("nan"), 1.9], False),
        ([1.01, 101, 501, 151], False),
    ],
)
def test_a_document_has_one_odds_format_and_one_broken_price_does_not_turn_it(prices: list[object], american: bool) -> None:
    assert is_american(prices) is american


@given(st.lists(st.integers(100, 5000).map(lambda price: -price), min_size=1), st.lists(st.integers(100, 5000)))
def test_any_american_document_with_a_favourite_is_recognised(favourites: list[int], outsiders: list[int]) -> None:
    assert is_american(favourites + outsiders)


@given(st.lists(st.floats(1.01, 99, exclude_max=True), min_size=1), st.lists(st.floats(100, 999)))
def test_any_decimal_document_with_a_price_below_100_is_recognised(prices: list[float], long_shots: list[float]) -> None:
    assert not is_american(prices + long_shots)


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers(), st.booleans())
def test_a_price_that_passes_is_a_decimal_price(price: float, american: bool) -> None:
    if fault_of_price(price, american) is None:
        assert 1 < decimal_price(price, american) < 1000


def test_an_american_document_is_stored_in_decimal() -> None:
    [row] = rows(parse(event(book("bovada", market("player_points", pair("Jayson Tatum", 27.5, 110, -140))))), "player_quotes")
    assert (row["over_price"], row["under_price"]) == (pytest.approx(2.1), pytest.approx(1 + 100 / 140))


def test_a_decimal_price_in_an_american_document_is_set_apart() -> None:
    sides = [*pair("Jayson Tatum", 27.5, 110, -140), *pair("Luka Dončić", 30.5, 1.91, -115)]
    parsed = parse(event(book("bovada", market("player_points", sides))))
    assert rules(parsed) == [("$.bookmakers[0].markets[0].outcomes[2].price", "price_out_of_range")]
