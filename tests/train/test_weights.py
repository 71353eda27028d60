"""The weights of an ensemble: the mixture that gives the held-out points the most probability, against a slow optimiser."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tipoff.predict.distribution import LEAST_CHANCE, MOST_POINTS, Distribution, Vector
from tipoff.train.weights import MIN_ROWS, learn_weights


def around(centres: Vector, spread: float) -> Distribution:
    """Rounded logistic distributions about these centres."""
    edges = np.arange(MOST_POINTS + 1) + 0.5
    cumulative = 1.0 / (1.0 + np.exp(-(edges[None, :] - centres[:, None]) / spread))
    cumulative[:, -1] = 1.0
    return Distribution(cumulative)


def silent(said: Distribution, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Distribution:
    """The same, and nothing said of some rows."""
    cumulative = said.cumulative.copy()
    cumulative[rows] = np.nan
    return Distribution(cumulative)


def night(seed: int, rows: int, *errors: float) -> tuple[dict[str, Distribution], Vector]:
    """Points, and what members said who see their mean with errors of these sizes."""
    random = np.random.default_rng(seed)
    means = random.uniform(8, 30, rows)
    points = np.clip(np.round(random.normal(means, 5.0)), 0, MOST_POINTS)
    members = {f"member {place}": around(means + random.normal(0, error, rows), 3.0) for place, error in enumerate(errors)}
    return members, points


def chances(said: dict[str, Distribution], points: Vector) -> list[list[float]]:
    """P(what was scored), row by row and member by member."""
    found = []
    for row, scored in enumerate(points):
        mine = []
        for part in said.values():
            steps = [0.0, *part.cumulative[row].tolist()]
            below, above = list(pairwise(steps))[int(scored)]
            mine.append(max(above - below, LEAST_CHANCE))
        found.append(mine)
    return found


def mean_log(weights: list[float], given_: list[list[float]]) -> float:
    return float(np.mean(np.log(np.array(given_) @ np.array(weights))))


NO_LINES = np.full(MIN_ROWS, np.nan)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("errors", [(2.0, 4.0), (3.0, 3.0, 3.0), (0.5, 6.0, 9.0), (5.0, 1.0, 1.5, 8.0)])
def test_no_slow_optimiser_finds_a_mixture_that_gives_more_probability(seed: int, errors: tuple[float, ...]) -> None:
    """Sequential quadratic programming on the simplex; 200 steps of EM come within a millionth of its optimum."""
    said, points = night(seed, MIN_ROWS, *errors)
    each = chances(said, points)
    weights = learn_weights(said, points, NO_LINES).unlined
    best = minimize(
        lambda weights: -mean_log(weights, each),
        np.full(len(errors), 1 / len(errors)),
        bounds=[(0, 1)] * len(errors),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert best.success
    assert mean_log(list(weights.values()), each) >= -best.fun - 1e-4
    assert sum(weights.values()) == pytest.approx(1)


@given(st.integers(0, 2**32 - 1), st.lists(st.floats(0.1, 12.0), min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_they_are_shares_and_give_no_less_probability_than_equal_ones(seed: int, errors: list[float], lined: float) -> None:
    said, points = night(seed, 2 * MIN_ROWS, *errors)
    lines = np.where(np.random.default_rng(seed).random(2 * MIN_ROWS) < lined, 20.5, np.nan)
    weights = learn_weights(said, points, lines)
    each = np.array(chances(said, points))
    for kind, rows in ((weights.lined, np.isfinite(lines)), (weights.unlined, np.isnan(lines))):
        assert list(kind) == list(said)
        assert sum(kind.values()) == pytest.approx(1)
        assert min(kind.values()) >= 0
        if rows.any():
            mine = each[rows].tolist()
            assert mean_log(list(kind.values()), mine) >= mean_log([1 / len(kind)] * len(kind), mine) - 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_who_knows_more_gets_more(seed: int) -> None:
    said, points = night(seed, 600, 1.0, 5.0)
    weights = learn_weights(said, points, np.full(600, np.nan)).unlined
    assert weights["member 0"] > 0.6 > weights["member 1"]


def test_who_knows_the_truth_gets_nearly_all_in_the_long_run() -> None:
    said, points = night(1, 8000, 0.0, 6.0)
    assert learn_weights(said, points, np.full(8000, np.nan)).unlined["member 0"] > 0.97


def test_rows_with_a_line_and_without_are_weighed_apart() -> None:
    """One member knows the rows with a line, the other those without."""
    said, points = night(3, 1200, 1.0, 6.0)
    lined = np.arange(1200) % 2 == 0
    good, poor = said["member 0"].cumulative, said["member 1"].cumulative
    either = {
        "with": Distribution(np.where(lined[:, None], good, poor)),
        "without": Distribution(np.where(lined[:, None], poor, good)),
    }
    weights = learn_weights(either, points, np.where(lined, 15.5, np.nan))
    assert weights.lined["with"] > 0.6
    assert weights.unlined["without"] > 0.6
    for kind, rows in ((weights.lined, lined), (weights.unlined, ~lined)):
        alone = {name: part.take(rows) for name, part in either.items()}
        assert kind == learn_weights(alone, points[rows], np.full(600, np.nan)).unlined


def test_who_is_silent_on_one_row_of_a_kind_has_no_weight_there_and_the_others_are_weighed_as_if_he_were_not_there() -> None:
    """As one that speaks of players with a line alone."""
    said, points = night(4, 1000, 2.0, 3.0, 1.0)
    lined = np.arange(1000) < 500
    lines = np.where(lined, 15.5, np.nan)
    weights = learn_weights({**said, "member 2": silent(said["member 2"], ~lined)}, points, lines)
    assert weights.lined == learn_weights(said, points, lines).lined
    assert weights.lined["member 2"] > 0.5
    others = {name: said[name] for name in ("member 0", "member 1")}
    assert weights.unlined == {**learn_weights(others, points, lines).unlined, "member 2": 0.0}
    one_row = np.arange(1000) == 700
    assert learn_weights({**said, "member 2": silent(said["member 2"], one_row)}, points, lines).unlined == weights.unlined


@pytest.mark.parametrize("rows", [0, 1, MIN_ROWS - 1, MIN_ROWS, 2 * MIN_ROWS])
def test_where_all_are_silent_nobody_has_a_weight(rows: int) -> None:
    said, points = night(5, 2 * MIN_ROWS + rows, 1.0, 2.0)
    lined = np.arange(len(points)) >= rows
    nobody = {name: silent(part, ~lined) for name, part in said.items()}
    weights = learn_weights(nobody, points, np.where(lined, 15.5, np.nan))
    assert weights.unlined == dict.fromkeys(said, 0.0 if rows else 0.5)
    assert sum(weights.lined.values()) == pytest.approx(1)


@pytest.mark.parametrize("rows", [0, 1, MIN_ROWS - 1])
def test_few_rows_leave_the_weights_of_those_who_speak_equal(rows: int) -> None:
    said, points = night(6, rows, 1.0, 5.0, 5.0)
    lines = np.full(rows, np.nan)
    assert learn_weights(said, points, lines).unlined == pytest.approx(dict.fromkeys(said, 1 / 3))
    if rows:
        some = {**said, "member 1": silent(said["member 1"], np.arange(rows) == 0)}
        assert learn_weights(some, points, lines).unlined == {"member 0": 0.5, "member 1": 0.0, "member 2": 0.5}


def test_from_the_least_number_on_they_are_learnt() -> None:
    said, points = night(6, MIN_ROWS, 1.0, 5.0)
    assert learn_weights(said, points, NO_LINES).unlined != dict.fromkeys(said, 0.5)


def test_who_thought_it_impossible_is_not_ruled_out_by_one_row() -> None:
    """His chance of it counts as 1e-6, and as much as he is right elsewhere he is heard."""
    said, points = night(7, 1000, 1.0, 4.0)
    cumulative = said["member 0"].cumulative.copy()
    cumulative[0] = np.arange(MOST_POINTS + 1) >= (points[0] + 30)
    weights = learn_weights({**said, "member 0": Distribution(cumulative)}, points, np.full(1000, np.nan)).unlined
    assert weights["member 0"] > 0.6


def test_the_same_said_gives_the_same_weights_and_the_order_of_rows_does_not_matter() -> None:
    said, points = night(8, 700, 1.0, 2.0, 3.0)
    lines = np.where(np.arange(700) % 3 == 0, 10.5, np.nan)
    assert learn_weights(said, points, lines) == learn_weights(said, points, lines)
    order = np.random.default_rng(0).permutation(700)
    shuffled = learn_weights({name: part.take(order) for name, part in said.items()}, points[order], lines[order])
    assert shuffled.lined == pytest.approx(learn_weights(said, points, lines).lined, abs=1e-12)


def test_the_steps_are_enough() -> None:
    """One more step moves no weight by a thousandth."""
    said, points = night(9, 1000, 2.0, 2.2, 2.4, 2.6)
    weights = np.array(list(learn_weights(said, points, np.full(1000, np.nan)).unlined.values()))
    each = np.array(chances(said, points))
    part = each * weights
    assert np.abs((part / part.sum(axis=1, keepdims=True)).mean(axis=0) - weights).max() < 1e-3
