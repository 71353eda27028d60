"""Distributions of whole points, against slow and obvious references."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.invented import NO_FEATURES, skewed
from tipoff.predict.distribution import LEAST_CHANCE, MAX_PREDICTED, MOST_POINTS, Distribution, Vector, pooled

ESTIMATES = np.array([-3.0, 0.0, 0.4, 2.5, 7.3, 12.0, 18.9, 25.5, 33.3, 48.0, 71.0, 140.0])
SPOKEN = skewed().distribution(ESTIMATES, NO_FEATURES)


def chances(spoken: Distribution, row: int) -> list[float]:
    """P(points = k), one by one."""
    steps = spoken.cumulative[row].tolist()
    return [steps[0], *(after - before for before, after in pairwise(steps))]


@pytest.mark.parametrize("row", range(len(ESTIMATES)))
class TestAgainstAReference:
    def test_it_is_a_distribution(self, row: int) -> None:
        found = chances(SPOKEN, row)
        assert sum(found) == pytest.approx(1.0, abs=1e-12)
        assert min(found) >= 0
        assert len(found) == MOST_POINTS + 1
        assert SPOKEN.mass[row].tolist() == found

    def test_the_mean_and_the_spread_are_the_sums_over_the_points(self, row: int) -> None:
        found = chances(SPOKEN, row)
        mean = sum(points * chance for points, chance in enumerate(found))
        variance = sum((points - mean) ** 2 * chance for points, chance in enumerate(found))
        assert SPOKEN.mean()[row] == pytest.approx(mean)
        assert SPOKEN.sd()[row] == pytest.approx(math.sqrt(variance), abs=1e-6)

    def test_the_whole_median_is_the_least_that_half_do_not_pass(self, row: int) -> None:
        total, median = 0.0, -1
        for points, chance in enumerate(chances(SPOKEN, row)):
            total += chance
            if median < 0 and total >= 0.5:
                median = points
        assert SPOKEN.whole_median()[row] == median

    def test_the_median_splits_its_whole_number_where_half_is_reached(self, row: int) -> None:
        """Each whole k is spread over [k - .5, k + .5]; the point below which half lies is sought by halving."""

        def below(point: float) -> float:
            return sum(chance * min(max(point - (k - 0.5), 0.0), 1.0) for k, chance in enumerate(chances(SPOKEN, row)))

        low, high = -0.5, MOST_POINTS + 0.5
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle) < 0.5 else (low, middle)
        assert SPOKEN.median()[row] == pytest.approx(min(max(low, 0.0), MAX_PREDICTED), abs=1e-9)

    @pytest.mark.parametrize("line", [0.0, 0.5, 7.0, 7.5, 18.0, 24.5, 60.5, 99.5, 100.0])
    def test_over_push_and_under_are_the_sums_above_at_and_below_the_line(self, row: int, line: float) -> None:
        found = chances(SPOKEN, row)
        over, push, under = (values[row] for values in SPOKEN.against(np.full(len(ESTIMATES), line)))
        assert over == pytest.approx(sum(chance for points, chance in enumerate(found) if points > line), abs=1e-9)
        assert push == pytest.approx(sum(chance for points, chance in enumerate(found) if points == line), abs=1e-9)
        assert under == pytest.approx(sum(chance for points, chance in enumerate(found) if points < line), abs=1e-9)


@given(
    estimate=st.floats(-20, 150),
    floor=st.floats(0.5, 8),
    slope=st.floats(0, 1),
    skew=st.floats(0, 0.3),
    line=st.integers(0, 400).map(lambda quarter: quarter / 4),
)
def test_at_any_line_over_push_and_under_add_up_and_over_falls_as_the_line_rises(
    estimate: float, floor: float, slope: float, skew: float, line: float
) -> None:
    spoken = skewed(floor=floor, slope=slope, skew=skew).distribution(np.array([estimate, estimate]), NO_FEATURES)
    over, push, under = spoken.against(np.array([line, line + 0.25]))
    assert over + push + under == pytest.approx(np.ones(2))
    assert (np.stack([over, push, under]) >= -1e-12).all()
    assert over[0] >= over[1] - 1e-12
    assert push[1 if (line + 0.25).is_integer() else 0] >= 0
    assert push[0] == 0 or line.is_integer()
    median = spoken.median()[0]
    assert 0 <= median <= MAX_PREDICTED
    if 0 < median < MAX_PREDICTED:
        assert abs(spoken.whole_median()[0] - median) <= 0.5


def test_without_a_line_there_is_no_chance_at_it() -> None:
    over, push, under = SPOKEN.against(np.where(np.arange(len(ESTIMATES)) % 2, np.nan, 9.5))
    for values in (over, push, under):
        assert np.isnan(values).tolist() == [bool(place % 2) for place in range(len(ESTIMATES))]


def test_a_higher_estimate_lies_higher_everywhere() -> None:
    rising = skewed().distribution(np.linspace(1, 50, 30), NO_FEATURES)
    assert (np.diff(rising.cumulative, axis=0) <= 1e-12).all()
    assert (np.diff(rising.median()) > 0).all()


def test_what_is_predicted_stays_between_nothing_and_sixty() -> None:
    assert SPOKEN.median()[0] >= 0
    assert SPOKEN.median()[-2:].tolist() == [MAX_PREDICTED, MAX_PREDICTED]


def of_masses(*rows: dict[int, float]) -> Distribution:
    """Distributions with these weights on whole points."""
    mass = np.zeros((len(rows), MOST_POINTS + 1))
    for place, row in enumerate(rows):
        for points, weight in row.items():
            mass[place, points] = weight / sum(row.values())
    cumulative = np.cumsum(mass, axis=1)
    return Distribution(np.where(np.arange(MOST_POINTS + 1) >= [[max(row)] for row in rows], 1.0, cumulative))


def test_where_half_is_reached_exactly_the_lesser_whole_number_is_the_median() -> None:
    spoken = of_masses({18: 1.0, 25: 1.0})
    assert (spoken.whole_median()[0], spoken.median()[0]) == (18.0, 18.5)


masses = st.dictionaries(st.integers(0, MOST_POINTS), st.floats(0.01, 1.0), min_size=1, max_size=12)


class TestScores:
    @given(masses, st.integers(0, MOST_POINTS))
    def test_the_crps_is_the_integral_of_the_squared_distance_to_what_happened(self, row: dict[int, float], points: int) -> None:
        spoken = of_masses(row)
        total = sum(row.values())
        step, area = 1 / 4, 0.0
        for place in range(int((MOST_POINTS + 1) / step)):
            x = (place + 0.5) * step
            reached = sum(weight for whole, weight in row.items() if whole <= x) / total
            area += (reached - (x >= points)) ** 2 * step
        assert spoken.crps(np.array([float(points)]))[0] == pytest.approx(area, abs=1e-9)

    @given(masses, st.integers(0, MOST_POINTS))
    def test_the_crps_is_the_mean_distance_to_what_happened_less_half_of_that_between_two_draws(
        self, row: dict[int, float], points: int
    ) -> None:
        """T. Gneiting, A. Raftery, JASA 102, 2007, equation 21."""
        total = sum(row.values())
        away = sum(weight * abs(whole - points) for whole, weight in row.items()) / total
        apart = sum(one * other * abs(here - there) for here, one in row.items() for there, other in row.items()) / total**2
        assert of_masses(row).crps(np.array([float(points)]))[0] == pytest.approx(away - apart / 2, abs=1e-9)

    @given(st.integers(0, MOST_POINTS), st.integers(0, MOST_POINTS))
    def test_the_crps_of_a_single_number_is_its_absolute_error(self, said: int, points: int) -> None:
        assert of_masses({said: 1.0}).crps(np.array([float(points)]))[0] == pytest.approx(abs(said - points), abs=1e-12)

    @pytest.mark.parametrize("row", range(len(ESTIMATES)))
    @pytest.mark.parametrize("points", [0, 1, 7, 18, 33, 60, 100])
    def test_the_log_score_is_what_the_probability_of_the_points_costs(self, row: int, points: int) -> None:
        chance = chances(SPOKEN, row)[points]
        found = SPOKEN.log_score(np.full(len(ESTIMATES), float(points)))[row]
        assert found == pytest.approx(-math.log(max(chance, LEAST_CHANCE)))
        assert found <= -math.log(LEAST_CHANCE)

    def test_what_was_held_for_impossible_costs_the_most_and_no_more(self) -> None:
        assert of_masses({20: 1.0}).log_score(np.array([21.0]))[0] == pytest.approx(-math.log(LEAST_CHANCE))
        assert of_masses({20: 1.0}).log_score(np.array([20.0]))[0] == 0.0

    def test_without_points_there_is_no_score(self) -> None:
        points = np.array([np.nan, 12.0])
        spoken = of_masses({10: 1.0, 12: 1.0}, {10: 1.0, 12: 1.0})
        for scores in (spoken.crps(points), spoken.log_score(points)):
            assert np.isnan(scores).tolist() == [True, False]


class TestIntervals:
    @given(st.lists(masses, min_size=1, max_size=4), st.floats(0.05, 0.99))
    def test_they_hold_their_level_or_more_and_neither_end_can_be_left_out(self, rows: list[dict[int, float]], level: float) -> None:
        low, high, mass = of_masses(*rows).interval(level)
        tail = (1 - level) / 2
        for row, least, most, held in zip(rows, low, high, mass, strict=True):
            total = sum(row.values())
            assert np.array([least, most]).astype(np.int64).tolist() == [least, most]
            assert held == pytest.approx(sum(weight for points, weight in row.items() if least <= points <= most) / total)
            assert held >= level - 1e-9
            assert sum(weight for points, weight in row.items() if points < least) / total <= tail + 1e-9
            assert sum(weight for points, weight in row.items() if points > most) / total <= tail + 1e-9
            assert sum(weight for points, weight in row.items() if points <= least) / total > tail - 1e-9
            assert sum(weight for points, weight in row.items() if points >= most) / total > tail - 1e-9

    def test_a_wider_level_holds_the_narrower_one(self) -> None:
        narrow, wide = SPOKEN.interval(0.8), SPOKEN.interval(0.9)
        assert (wide[0] <= narrow[0]).all()
        assert (wide[1] >= narrow[1]).all()
        assert (wide[2] >= narrow[2]).all()

    def test_a_tail_that_is_met_to_the_last_bit_is_left_out_on_both_sides(self) -> None:
        eighths = of_masses(dict.fromkeys(range(10, 18), 1.0))
        assert [values[0] for values in eighths.interval(0.75)] == [11, 16, 0.75]

    def test_ends_by_hand(self) -> None:
        """Of ten equal steps 10 … 19 a tenth lies at 10 and a tenth at 19: the central 70 % leaves out exactly these, and holds 80."""
        equal = of_masses(dict.fromkeys(range(10, 20), 1.0))
        low, high, mass = equal.interval(0.7)
        assert (low[0], high[0], mass[0]) == (11, 18, pytest.approx(0.8))


@given(st.lists(masses, min_size=1, max_size=4), st.integers(0, 2 * MOST_POINTS).map(lambda half: half / 2))
def test_at_a_fair_price_a_bet_gains_nothing_whether_a_push_can_happen_or_not(rows: list[dict[int, float]], line: float) -> None:
    spoken = of_masses(*rows)
    for place, prices in enumerate(zip(*spoken.fair_prices(np.full(len(rows), line)), strict=True)):
        row, total = rows[place], sum(rows[place].values())
        over = sum(weight for points, weight in row.items() if points > line) / total
        push = sum(weight for points, weight in row.items() if points == line) / total
        under = sum(weight for points, weight in row.items() if points < line) / total
        for won, price in zip((over, under), prices, strict=True):
            if won > 1e-6:
                assert won * price + push - 1 == pytest.approx(0.0, abs=1e-6)
            elif won == 0:
                assert np.isnan(price) or price > 1e6


def test_what_prices_speak_of_is_the_chance_of_an_over_if_no_push_happens() -> None:
    spoken = of_masses({19: 2.0, 20: 5.0, 21: 3.0}, {20: 1.0}, {19: 1.0, 21: 3.0}, {19: 1.0})
    assert spoken.over_decided(np.array([20.0, 20.0, 20.5, np.nan])) == pytest.approx([0.6, np.nan, 0.75, np.nan], nan_ok=True)


LINES, POINTS = np.full(4, 18.5), np.full(4, 21.0)
FIGURES: dict[str, Callable[[Distribution], tuple[Vector, ...]]] = {
    "mean": lambda d: (d.mean(),),
    "sd": lambda d: (d.sd(),),
    "median": lambda d: (d.median(),),
    "whole median": lambda d: (d.whole_median(),),
    "chances": lambda d: d.against(LINES[: d.size]),
    "chance if no push": lambda d: (d.over_decided(LINES[: d.size]),),
    "interval": lambda d: d.interval(0.8),
    "fair prices": lambda d: d.fair_prices(LINES[: d.size]),
    "CRPS": lambda d: (d.crps(POINTS[: d.size]),),
    "log score": lambda d: (d.log_score(POINTS[: d.size]),),
    "mass": lambda d: (d.mass[:, 20],),
}


@pytest.mark.parametrize("figure", list(FIGURES))
def test_every_figure_of_a_row_that_says_nothing_is_missing_and_the_others_are_as_if_alone_to_the_last_bit(figure: str) -> None:
    some = skewed().distribution(np.array([np.nan, 15.0, np.nan, 24.0]), NO_FEATURES)
    speaks = np.array([False, True, False, True])
    assert some.spoken.tolist() == speaks.tolist()
    for values, alone in zip(FIGURES[figure](some), FIGURES[figure](some.take(speaks)), strict=True):
        assert np.isfinite(values).tolist() == speaks.tolist()
        assert values[speaks].tolist() == alone.tolist()


class TestPools:
    @given(st.data())
    def test_each_row_is_the_weighted_mean_of_those_who_speak(self, data: st.DataObject) -> None:
        size, voices = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
        rows = [[data.draw(st.none() | masses) for _ in range(size)] for _ in range(voices)]
        weights = np.array([[data.draw(st.floats(0.01, 1)) for _ in range(voices)] for _ in range(size)])
        parts = []
        for voice in rows:
            cumulative = of_masses(*(row or {0: 1.0} for row in voice)).cumulative.copy()
            cumulative[[row is None for row in voice]] = np.nan
            parts.append(Distribution(cumulative))
        found = pooled(parts, weights)
        for place in range(size):
            heard = [voice for voice in range(voices) if rows[voice][place] is not None]
            if not heard:
                assert np.isnan(found.cumulative[place]).all()
                continue
            total = sum(weights[place, voice] for voice in heard)
            for points in range(0, MOST_POINTS + 1, 5):
                expected = sum(weights[place, voice] * parts[voice].cumulative[place, points] for voice in heard) / total
                assert found.cumulative[place, points] == pytest.approx(expected, abs=1e-12)

    def test_one_without_weight_is_not_heard_and_the_weights_need_not_add_up(self) -> None:
        low, high = of_masses({10: 1.0}), of_masses({30: 1.0})
        assert pooled([low, high], np.array([[0.0, 0.2]])).mean() == pytest.approx([30.0])
        assert pooled([low, high], np.array([[3.0, 1.0]])).mean() == pytest.approx([15.0])

    def test_where_nobody_who_speaks_has_weight_nothing_is_said(self) -> None:
        silent = Distribution(np.full((1, MOST_POINTS + 1), np.nan))
        assert not pooled([of_masses({10: 1.0}), silent], np.array([[0.0, 1.0]])).spoken.any()

    def test_what_has_been_pooled_is_left_as_it_was(self) -> None:
        part = of_masses({10: 1.0, 20: 3.0})
        before = part.cumulative.copy()
        pooled([part, of_masses({30: 1.0})], np.array([[0.5, 0.5]]))
        assert np.array_equal(part.cumulative, before)
