"""Stakes: the classical formula, slow optimisers beside the closed forms, and what holds for any bets."""

from __future__ import annotations

import doctest
import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar

from tipoff.errors import BadInput
from tipoff.market import staking
from tipoff.market.prices import break_even
from tipoff.market.staking import Bets, StakingRule, kelly_fraction, stakes, weighed_together

Floats = NDArray[np.float64]
near: Any = pytest.approx

bet_rows = st.lists(
    st.tuples(
        st.floats(0.0, 0.9),  # P(win | no push)
        st.sampled_from([0.0, 0.0, 0.05, 0.2]),
        st.floats(1.1, 6.0),
        st.integers(0, 3),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=12,
)
rules = st.builds(
    StakingRule,
    fraction=st.sampled_from([0.25, 1.0]),
    max_per_bet=st.sampled_from([0.02, 0.3]),
    max_per_game=st.sampled_from([0.03, 0.5]),
    max_per_day=st.sampled_from([0.05, 0.9]),
    correlation=st.sampled_from([0.0, 0.05, 0.6]),
    shrink=st.sampled_from(["none", "uncertainty", "market"]),
)
Row = tuple[float, float, float, int, int]


def bets_of(rows: list[Row]) -> Bets:
    decided, push, price, game, day = zip(*rows, strict=True)
    return Bets.of(win=np.array(decided) * (1.0 - np.array(push)), push=push, price=price, game=game, day=day)


def staked(rule: StakingRule, rows: list[Row], doubt: float = 0.2, weight: float = 0.6) -> Floats:
    return stakes(rule, bets_of(rows), doubt=doubt, market=0.45, weight=weight)


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(staking).failed == 0


@pytest.mark.parametrize(("win", "price", "fraction"), [(0.6, 2.0, 0.2), (0.53, 2.0, 0.06), (0.5, 3.0, 0.25), (0.55, 21 / 11, 0.055)])
def test_without_a_push_it_is_the_classical_formula(win: float, price: float, fraction: float) -> None:
    assert kelly_fraction(win, price) == near(fraction, abs=1e-12)


@given(st.floats(0.01, 0.98), st.floats(1.05, 8.0), st.floats(0.0, 0.5))
def test_with_a_push_it_is_the_classical_formula_on_bets_that_are_decided(decided: float, price: float, push: float) -> None:
    classical = max(((price - 1.0) * decided - (1.0 - decided)) / (price - 1.0), 0.0)
    assert kelly_fraction(decided * (1.0 - push), price, push) == near(classical, abs=1e-9)


@pytest.mark.parametrize(("win", "push", "price"), [(0.5, 0.06, 1.95), (0.3, 0.1, 3.6), (0.8, 0.02, 1.3), (0.4, 0.0, 2.0)])
def test_no_stake_grows_faster_than_kellys(win: float, push: float, price: float) -> None:
    def loss(share: float) -> float:
        return float(-win * np.log1p((price - 1.0) * share) - (1.0 - win - push) * np.log1p(-share))

    best = minimize_scalar(loss, bounds=(0.0, 0.99), method="bounded", options={"xatol": 1e-10})
    assert kelly_fraction(win, price, push) == near(best.x, abs=1e-6)


@pytest.mark.parametrize(
    ("win", "push", "price"), [(np.nan, 0.0, 2.0), (0.5, 0.0, 1.0), (0.7, 0.5, 2.0), (-0.1, 0.0, 2.0), (0.0, 1.0, 2.0)]
)
def test_what_is_missing_or_impossible_has_no_kelly_fraction_and_is_no_bet(win: float, push: float, price: float) -> None:
    assert np.isnan(kelly_fraction(win, price, push))
    with pytest.raises(BadInput, match="cannot be made"):
        Bets.of(win=win, push=push, price=price, game="a", day="2025-11-01")


@given(rules, bet_rows)
def test_the_caps_hold(rule: StakingRule, rows: list[Row]) -> None:
    found = staked(rule, rows)
    assert (found >= 0.0).all()
    assert (found <= rule.max_per_bet + 1e-12).all()
    for cap, groups in ((rule.max_per_game, [row[3:] for row in rows]), (rule.max_per_day, [row[4:] for row in rows])):
        for group in set(groups):
            assert sum(stake for stake, other in zip(found, groups, strict=True) if other == group) <= cap + 1e-12


@given(rules, bet_rows, st.data())
def test_a_higher_probability_never_stakes_less(rule: StakingRule, rows: list[Row], data: st.DataObject) -> None:
    raised = data.draw(st.integers(0, len(rows) - 1))
    better = list(rows)
    decided, *rest = rows[raised]
    better[raised] = (data.draw(st.floats(decided, 0.95)), *rest)  # type: ignore[assignment]
    assert staked(rule, better)[raised] >= staked(rule, rows)[raised] - 1e-12


@given(rules, bet_rows)
def test_nothing_is_staked_at_break_even_or_below(rule: StakingRule, rows: list[Row]) -> None:
    found, bets = staked(rule, rows), bets_of(rows)
    assert not found[bets.win <= break_even(bets.price, bets.push)].any()


@given(rules, bet_rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_to_the_last_bit(rule: StakingRule, rows: list[Row], dice: random.Random) -> None:
    order = list(range(len(rows)))
    dice.shuffle(order)
    assert staked(rule, [rows[n] for n in order]).tolist() == staked(rule, rows)[order].tolist()


@given(rules, bet_rows, st.floats(0.0, 2.0), st.floats(0.0, 1.0))
def test_shrinking_never_raises_a_stake_before_caps(rule: StakingRule, rows: list[Row], doubt: float, weight: float) -> None:
    lone = [(*row[:3], n, n) for n, row in enumerate(rows)]  # where others share a cap, one that shrinks leaves them room
    plain = StakingRule(fraction=rule.fraction, max_per_bet=rule.max_per_bet, max_per_game=0.9, max_per_day=0.95, shrink="none")
    shrunk = StakingRule(fraction=rule.fraction, max_per_bet=rule.max_per_bet, max_per_game=0.9, max_per_day=0.95, shrink=rule.shrink)
    assert (staked(shrunk, lone, doubt, weight) <= staked(plain, lone)).all()


@given(bet_rows, st.floats(0.01, 0.95))
def test_correlation_raises_no_stake_and_cuts_the_sum_of_a_game(rows: list[Row], correlation: float) -> None:
    loose = {"fraction": 1.0, "max_per_bet": 0.999, "max_per_game": 0.999, "max_per_day": 0.999, "shrink": "none"}
    bets = bets_of([(*row[:3], 0, 0) for row in rows])
    alone = kelly_fraction(bets.win, bets.price, bets.push)
    variance = (bets.price - 1.0) * (1.0 - bets.push)
    together = weighed_together(alone, variance, bets.game, correlation)
    assert (together <= alone).all()
    if np.count_nonzero(alone > 1e-6) > 1:
        assert together.sum() < alone.sum()
    if alone.sum() < 0.999:  # below every cap the rule itself shows the same
        apart = stakes(StakingRule(**loose, correlation=0.0), bets)  # type: ignore[arg-type]
        np.testing.assert_allclose(apart, alone)
        np.testing.assert_allclose(stakes(StakingRule(**loose, correlation=correlation), bets), together)  # type: ignore[arg-type]


def test_a_bet_alone_in_its_game_is_not_cut_for_correlation() -> None:
    rows: list[Row] = [(0.55, 0.0, 1.95, 0, 0), (0.56, 0.05, 1.9, 1, 0)]
    rule = StakingRule(correlation=0.5, shrink="none", max_per_bet=0.5, max_per_game=0.5, max_per_day=0.9)
    bets = bets_of(rows)
    np.testing.assert_allclose(stakes(rule, bets), 0.25 * kelly_fraction(bets.win, bets.price, bets.push), rtol=1e-12)


def best_by_subsets(alone: Floats, variance: Floats, correlation: float) -> Floats:
    """The reference: the quadratic's greatest value over every set of bets that may be made, each solved as equations."""
    deviation = np.sqrt(variance)
    size = alone.size
    matrix = np.outer(deviation, deviation) * np.where(np.eye(size, dtype=bool), 1.0, correlation)
    gain = alone * variance
    best, value = np.zeros(size), 0.0
    for count in range(1, size + 1):
        for chosen in itertools.combinations(range(size), count):
            part = list(chosen)
            found = np.zeros(size)
            found[part] = np.linalg.solve(matrix[np.ix_(part, part)], gain[part])
            growth = gain @ found - 0.5 * found @ matrix @ found
            if (found >= 0.0).all() and growth > value:
                best, value = found, growth
    return best


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0.0, 0.3), st.floats(0.2, 4.0)), min_size=1, max_size=6),
    st.sampled_from([0.02, 0.3, 0.9]),
    st.lists(st.tuples(st.floats(0.0, 0.3), st.floats(0.2, 4.0)), max_size=4),
)
def test_the_closed_form_is_the_best_of_all_sets_of_bets(
    mine: list[tuple[float, float]], correlation: float, others: list[tuple[float, float]]
) -> None:
    alone, variance = np.array([*others, *mine]).T
    own, own_variance = np.array(mine).T
    game = np.array([0] * len(others) + [1] * len(mine))
    found = weighed_together(alone, variance, game, correlation)[len(others) :]
    np.testing.assert_allclose(found, best_by_subsets(own, own_variance, correlation), atol=1e-9)


def joint(wins: ArrayLike, correlation: float) -> dict[tuple[bool, ...], float]:
    """Chances of every combination of two or three wins that correlate by pairs, made of Bahadur's expansion to second order."""
    chance = np.asarray(wins, dtype=np.float64)
    found = {}
    for combination in itertools.product([False, True], repeat=chance.size):
        won = np.array(combination)
        scored = (won - chance) / np.sqrt(chance * (1.0 - chance))
        pairs = sum(a * b for a, b in itertools.combinations(scored, 2))
        found[combination] = float(np.prod(np.where(won, chance, 1.0 - chance)) * (1.0 + correlation * pairs))
    assert min(found.values()) >= 0.0
    assert sum(found.values()) == near(1.0)
    return found


@pytest.mark.parametrize("correlation", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("wins", [(0.55, 0.56), (0.58, 0.54), (0.55, 0.56, 0.57), (0.6, 0.6, 0.55)])
def test_stakes_of_a_game_grow_as_fast_as_those_of_a_numerical_optimum_of_the_joint_outcomes(
    wins: tuple[float, ...], correlation: float
) -> None:
    price = np.full(len(wins), 1.95)
    chances = joint(wins, correlation)
    returns = np.array([np.where(combination, price - 1.0, -1.0) for combination in chances])
    weights = np.array(list(chances.values()))

    def growth(shares: Floats) -> float:
        return float(weights @ np.log1p(returns @ shares))

    best = minimize(lambda x: -1e3 * growth(x), np.full(len(wins), 0.02), bounds=[(0.0, 0.3)] * len(wins), method="L-BFGS-B", tol=1e-14)
    game = np.zeros(len(wins), dtype=np.intp)
    ours = weighed_together(kelly_fraction(wins, price), price - 1.0, game, correlation)
    assert growth(ours) >= 0.99 * growth(best.x)
    np.testing.assert_allclose(ours, best.x, rtol=0.05, atol=0.004)
    if correlation == 0.3:
        assert growth(kelly_fraction(wins, price)) < 0.97 * growth(best.x)  # each bet's own stakes are too much together


@pytest.mark.parametrize(
    "wrong",
    [
        {"fraction": 0.0},
        {"fraction": 1.1},
        {"max_per_bet": 0.0},
        {"max_per_day": 1.0},
        {"correlation": 1.0},
        {"correlation": -0.1},
        {"shrink": "so"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        StakingRule(**wrong)


@pytest.mark.parametrize(("shrink", "name"), [("uncertainty", "doubt"), ("market", "market")])
def test_a_rule_says_what_it_lacks(shrink: Any, name: str) -> None:
    bets = bets_of([(0.6, 0.0, 2.0, 0, 0), (0.6, 0.0, 2.0, 0, 0)])
    with pytest.raises(BadInput, match=f"'{name}', and 1 of 2 bets"):
        stakes(StakingRule(shrink=shrink), bets, **{name: [0.5, np.nan]})


def test_no_bets_have_no_stakes() -> None:
    none = Bets.of(win=[], push=[], price=[], game=[], day=[])
    assert stakes(StakingRule(), none, market=0.5).size == 0


def test_one_game_id_on_two_days_is_two_games() -> None:
    rows: list[Row] = [(0.9, 0.0, 2.0, 0, 0), (0.9, 0.0, 2.0, 0, 0), (0.9, 0.0, 2.0, 0, 1)]
    found = stakes(StakingRule(shrink="none", max_per_game=0.03), bets_of(rows))
    np.testing.assert_allclose(found, [0.015, 0.015, 0.02])
