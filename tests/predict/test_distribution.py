"""From one estimate to a distribution of whole points, against slow and obvious references."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.predict.distribution import LEVELS, MAX_PREDICTED, MOST_POINTS, Calibration, Distribution, Vector


def calibration(*, floor: float = 1.5, slope: float = 0.2, skew: float = 0.25) -> Calibration:
    """Misses that are skewed to the right, as points are."""
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    bell = np.sqrt(2) * np.array([_inverse_erf(2 * level - 1) for level in levels])
    return Calibration(floor, slope, tuple((bell + skew * (bell**2 - 1)).tolist()))


def _inverse_erf(value: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < value else (low, middle)
    return (low + high) / 2


ESTIMATES = np.array([-3.0, 0.0, 0.4, 2.5, 7.3, 12.0, 18.9, 25.5, 33.3, 48.0, 71.0, 140.0])
SPOKEN = calibration().distribution(ESTIMATES)


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
    spoken = calibration(floor=floor, slope=slope, skew=skew).distribution(np.array([estimate, estimate]))
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
    rising = calibration().distribution(np.linspace(1, 50, 30))
    assert (np.diff(rising.cumulative, axis=0) <= 1e-12).all()
    assert (np.diff(rising.median()) > 0).all()


def test_what_is_predicted_stays_between_nothing_and_sixty() -> None:
    assert SPOKEN.median()[0] >= 0
    assert SPOKEN.median()[-2:].tolist() == [MAX_PREDICTED, MAX_PREDICTED]


class TestCalibration:
    """Misses of a known spread are recovered, and chances are as often right as they say."""

    RNG = np.random.default_rng(20251105)
    FLOOR, SLOPE = 1.2, 0.25

    def draw(self, size: int) -> tuple[Vector, Vector]:
        estimates = self.RNG.uniform(4, 34, size)
        sd = self.FLOOR + self.SLOPE * estimates
        points = np.maximum(np.round(estimates + self.RNG.normal(0, 1, size) * sd), 0.0)
        return estimates, points

    def test_the_known_spread_is_recovered_at_every_level(self) -> None:
        estimates, points = self.draw(40_000)
        levels = np.array([10.0, 18.0, 26.0, 33.0])
        fitted = Calibration.fit(estimates, points).distribution(levels)
        assert fitted.sd() == pytest.approx(self.FLOOR + self.SLOPE * levels, rel=0.06)
        assert fitted.median() == pytest.approx(levels, abs=0.35)

    def test_of_a_hundred_chances_as_many_come_true_as_they_say(self) -> None:
        fitted = Calibration.fit(*self.draw(40_000))
        estimates, points = self.draw(40_000)
        line = np.round(estimates + self.RNG.normal(0, 4, len(estimates))) + 0.5
        over, _, _ = fitted.distribution(estimates).against(line)
        for low in np.arange(0.1, 0.9, 0.1):
            mine = (over >= low) & (over < low + 0.1)
            assert (points[mine] > line[mine]).mean() == pytest.approx(over[mine].mean(), abs=0.03)

    def test_it_survives_being_written_down(self) -> None:
        fitted = Calibration.fit(*self.draw(500))
        assert Calibration.from_dict(json.loads(json.dumps(fitted.as_dict()))) == fitted

    def test_misses_that_are_all_alike_still_leave_some_spread(self) -> None:
        estimates = np.linspace(5, 30, 200)
        spoken = Calibration.fit(estimates, np.round(estimates)).distribution(np.array([20.0]))
        assert 0 < spoken.sd()[0] < 1
        assert np.isfinite(spoken.cumulative).all()
