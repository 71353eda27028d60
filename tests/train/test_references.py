"""The references against slow and obvious ones: the market recalibrated by maximum likelihood, and counts of past rows near in level."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tipoff.predict.distribution import MOST_POINTS, Vector
from tipoff.train.references import BANDWIDTH, MIN_ROWS, KernelReference, Recalibrated


def past(seed: int, rows: int, constant: float = 0.0, slope: float = 1.0) -> tuple[Vector, Vector]:
    """What the market said, and what came of it where the truth is logit P = constant + slope x logit(market)."""
    random = np.random.default_rng(seed)
    market = random.uniform(0.25, 0.75, rows)
    truth = 1 / (1 + np.exp(-(constant + slope * np.log(market / (1 - market)))))
    return market, (random.random(rows) < truth).astype(np.float64)


def slow_fit(market: Vector, happened: Vector) -> tuple[float, float]:
    """By a general optimiser, on the mean log loss."""
    logits = np.log(market / (1 - market))

    def loss(weights: Vector) -> float:
        shift = weights[0] + weights[1] * logits
        return float(np.mean(np.logaddexp(0.0, shift) - happened * shift))

    found = minimize(loss, np.array([0.0, 1.0]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15, "maxiter": 4000})
    return float(found.x[0]), float(found.x[1])


class TestRecalibrated:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize(("constant", "slope"), [(0.0, 1.0), (-0.3, 1.0), (0.0, 0.2), (0.2, 2.5), (-0.1, -0.5)])
    def test_it_is_the_likeliest_by_a_slow_optimiser(self, seed: int, constant: float, slope: float) -> None:
        market, happened = past(seed, 900, constant, slope)
        found = Recalibrated.fit(market, happened)
        assert (found.constant, found.slope) == pytest.approx(slow_fit(market, happened), abs=1e-6)

    def test_a_calibrated_market_stays_what_it_is(self) -> None:
        """Within three standard errors of the identity, by the curvature of the likelihood."""
        market, happened = past(11, 40_000)
        found = Recalibrated.fit(market, happened)
        design = np.column_stack([np.ones(len(market)), np.log(market / (1 - market))])
        errors = np.sqrt(np.diag(np.linalg.inv((design * (market * (1 - market))[:, None]).T @ design)))
        assert abs(found.constant) < 3 * errors[0] < 0.05
        assert abs(found.slope - 1) < 3 * errors[1] < 0.08
        assert np.abs(found(market) - market).max() < 0.02

    def test_a_market_that_leans_is_put_right(self) -> None:
        market, happened = past(12, 40_000, constant=-0.15)
        assert Recalibrated.fit(market, happened)(np.array([0.5]))[0] == pytest.approx(1 / (1 + math.exp(0.15)), abs=0.01)

    def test_on_its_own_rows_its_mean_is_how_often_it_happened(self) -> None:
        market, happened = past(13, 700, 0.3, 0.5)
        assert Recalibrated.fit(market, happened)(market).mean() == pytest.approx(happened.mean(), abs=1e-9)

    def test_over_and_under_are_the_same_seen_from_the_other_side(self) -> None:
        market, happened = past(14, 700, 0.3, 0.5)
        over, under = Recalibrated.fit(market, happened), Recalibrated.fit(1 - market, 1 - happened)
        assert over(market) + under(1 - market) == pytest.approx(np.ones(700))

    def test_rows_that_lack_one_of_the_two_do_not_count(self) -> None:
        """A push is none of both, and a line with one price has no market."""
        market, happened = past(15, 600, 0.3, 0.5)
        more = np.concatenate([market, [np.nan, 0.9, np.nan]])
        assert Recalibrated.fit(more, np.concatenate([happened, [1.0, np.nan, np.nan]])) == Recalibrated.fit(market, happened)

    @pytest.mark.parametrize("known", [0, 1, MIN_ROWS - 1])
    def test_with_few_rows_the_market_is_as_it_was(self, known: int) -> None:
        market, happened = past(16, MIN_ROWS + 50, 0.5, 0.5)
        happened[known:] = np.nan
        assert Recalibrated.fit(market, happened) == Recalibrated(0.0, 1.0)
        assert Recalibrated.fit(market, happened)(market) == pytest.approx(market, abs=1e-15)

    def test_without_a_market_it_says_nothing(self) -> None:
        said = Recalibrated(0.1, 0.9)(np.array([np.nan, 0.5, np.nan]))
        assert np.isnan(said).tolist() == [True, False, True]


def slow_kernel(levels: Vector, points: Vector, at: float) -> list[float]:
    """P(points <= k) at a level of whole halves: every past row counts by how near it is, one by one."""
    mass = [0.0] * (MOST_POINTS + 1)
    for level, scored in zip(levels.tolist(), points.tolist(), strict=True):
        if math.isnan(level) or math.isnan(scored):
            continue
        nearest = min(max(round(level * 2), 0), 2 * MOST_POINTS) / 2
        away = (at - nearest) / BANDWIDTH
        mass[min(int(scored), MOST_POINTS)] += math.exp(-away * away / 2) + 1e-12 / (1 + away * away)
    total, steps = 0.0, []
    for part in mass:
        total += part
        steps.append(total)
    return [step / total for step in steps]


def history(seed: int, rows: int = 400) -> tuple[Vector, Vector]:
    random = np.random.default_rng(seed)
    levels = random.gamma(4.0, 3.5, rows)
    points = np.clip(np.round(random.normal(levels, 5.0)), 0, 60)
    levels[random.random(rows) < 0.1] = np.nan
    points[random.random(rows) < 0.1] = np.nan
    return levels, points


class TestKernelReference:
    @pytest.mark.parametrize("seed", range(3))
    def test_it_is_what_a_kernel_says_row_by_row(self, seed: int) -> None:
        levels, points = history(seed)
        at = np.array([0.0, 0.5, 3.0, 9.5, 17.0, 28.5, 41.0, 75.5, 100.0])
        said = KernelReference.fit(levels, points)(at).cumulative
        for row, level in enumerate(at.tolist()):
            assert said[row] == pytest.approx(slow_kernel(levels, points, level), abs=1e-9)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
    def test_between_two_halves_it_is_both_in_proportion(self, share: float) -> None:
        levels, points = history(5)
        said = KernelReference.fit(levels, points)(np.array([12.0, 12.5, 12.0 + share / 2])).cumulative
        assert said[2] == pytest.approx((1 - share) * said[0] + share * said[1])

    @given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.lists(st.floats(-5, 130), min_size=1, max_size=10))
    def test_whatever_the_past_and_the_level_its_chances_sum_to_one(self, seed: int, rows: int, at: list[float]) -> None:
        random = np.random.default_rng(seed)
        said = KernelReference.fit(random.uniform(0, 45, rows), random.integers(0, 70, rows).astype(np.float64))(np.array(at))
        assert (said.mass >= 0).all()
        assert said.mass.sum(axis=1) == pytest.approx(np.ones(len(at)), abs=1e-12)
        assert said.cumulative[:, -1] == pytest.approx(np.ones(len(at)), abs=1e-12)

    def test_the_same_past_gives_the_same_bits_and_so_does_the_past_in_another_order(self) -> None:
        """The counts are whole numbers, which sums in any order find alike."""
        levels, points = history(6)
        order = np.random.default_rng(0).permutation(len(levels))
        found = [
            KernelReference.fit(levels, points),
            KernelReference.fit(levels, points),
            KernelReference.fit(levels[order], points[order]),
        ]
        assert len({reference.cumulative.tobytes() for reference in found}) == 1

    def test_a_level_that_nothing_is_near_borrows_from_afar_and_still_is_a_distribution(self) -> None:
        """Two past rows, at 5 and 95 points: half-way between them each counts for a half."""
        said = KernelReference.fit(np.array([5.0, 95.0]), np.array([4.0, 90.0]))(np.array([5.0, 50.0, 95.0]))
        assert said.mean() == pytest.approx([4.0, 47.0, 90.0], abs=1e-6)

    def test_a_level_below_none_or_above_all_is_the_least_or_the_greatest(self) -> None:
        reference = KernelReference.fit(*history(7))
        said = reference(np.array([-3.0, 0.0, 100.0, 120.0])).cumulative
        assert np.array_equal(said[0], said[1])
        assert np.array_equal(said[2], said[3])

    def test_without_a_level_it_says_nothing(self) -> None:
        said = KernelReference.fit(*history(8))(np.array([np.nan, 12.0]))
        assert said.spoken.tolist() == [False, True]
        assert np.isnan(said.crps(np.array([10.0, 10.0]))).tolist() == [True, False]

    @pytest.mark.parametrize("what", ["no row", "no level", "no points"])
    def test_without_a_past_it_says_nothing_of_anybody(self, what: str) -> None:
        """A score of what nobody said would be a figure made up."""
        levels, points = (np.empty(0), np.empty(0)) if what == "no row" else history(9)
        (levels if what == "no level" else points)[:] = np.nan
        said = KernelReference.fit(levels, points)(np.array([3.0, 20.5]))
        assert not said.spoken.any()
        assert np.isnan(said.crps(np.array([3.0, 20.0]))).all()
