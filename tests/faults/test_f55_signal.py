"""F55, its second half: a signal of known size, planted in the practice league, is found by the fleet, and its size estimated.

At home every player with a role scores one and a half points more than any book believes. The fleet knows of it as little as the books do;
it has where the game is (`home_away`) as one feature among dozens.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from scipy.special import stdtrit

from practice.lined import difference
from tipoff.features.registry import feature_set
from tipoff.grade.metrics import hit_rate, paired_difference, shifted_line
from tipoff.predict.families import Columns, Fitting, family_named
from tipoff.predict.speakers import LINE
from tipoff.predict.systems import fleet
from tipoff.rates import Paired
from tipoff.train.dataset import DataSet
from train import planted_house as house

FINDS = ("catboost_v9", "lightgbm_v12")
BLIND = "moving_average"
FOLDS = house.stretches(62, 29)
BLOCKS = 10
"""Of days, each left out once: so an estimate's interval holds what it owes to the games that it happened to learn from."""
ALARM, ALARM_BETS, ALARM_MAE = 0.60, 300, -0.15
"""The leak alarm: a hit rate above, over so many bets or more, or an MAE this much below the line's."""


@lru_cache(maxsize=1)
def walked() -> dict[str, house.Said]:
    """Two refits, the second having seen what the first spoke of; 52 nights and 5,477 player-games with a line and court time."""
    return house.walk([fleet()[name] for name in (*FINDS, BLIND)], FOLDS)


def lined_rows(data: DataSet) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.isfinite(data.features[LINE]))


def jackknife(estimate: Callable[[DataSet], float]) -> tuple[float, float]:
    """An estimate on all rows, and half of its 95 % interval: delete a block of days at a time. Source: J. Shao, D. Tu, 1995."""
    data = house.house().data
    blocks = np.array_split(np.unique(data.days), BLOCKS)
    left = np.array([estimate(house.without(data, block)) for block in blocks])
    error = np.sqrt((BLOCKS - 1) / BLOCKS * np.sum((left - left.mean()) ** 2))
    return estimate(data), float(stdtrit(BLOCKS - 1, 0.975) * error)


def bounds(found: Paired) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_f55_the_signal_is_in_what_is_learnt_from_before_any_model() -> None:
    data = house.house().data
    rows = lined_rows(data)
    low, high = bounds(difference((data.points - data.features[LINE])[rows], (data.features[house.ON] == 1)[rows], data.days[rows]))
    assert len(rows) > 10_000
    assert low < house.size() < high
    assert low > 1


@pytest.mark.parametrize("name", FINDS)
def test_f55_a_system_that_sees_where_the_game_is_errs_less_than_the_shifted_line(name: str) -> None:
    said = walked()[name]
    misses, reference = (np.abs(guess - said.points) for guess in (said.whole, shifted_line(said.line)))
    found = paired_difference(misses, reference, said.days)
    assert (found.n, found.clusters) == (5477, 52)
    assert bounds(found)[1] < 0


@pytest.mark.parametrize("name", FINDS)
def test_f55_its_bets_win_more_often_than_their_prices_ask_for(name: str) -> None:
    said = walked()[name]
    won = hit_rate(said.result)
    asked, truth = (1 / said.price[said.bets]).mean(), said.chance[said.bets].mean()
    assert won.n > 1000
    assert won.low is not None
    assert won.low > asked
    assert truth > asked + 0.02


@pytest.mark.parametrize("name", FINDS)
def test_f55_most_of_its_size_is_in_what_the_system_says(name: str) -> None:
    """Trees that stop early take a part for noise: they say less than there is, never more."""
    said = walked()[name]
    low, high = bounds(difference(said.mean - said.line, said.on, said.days))
    assert 0.5 * house.size() < low
    assert high < 1.1 * house.size()
    assert 0.5 * house.size() < said.shift.mean() < 1.1 * house.size()


def test_f55_a_system_of_the_fleet_that_takes_all_its_steps_estimates_the_size_within_its_interval() -> None:
    """Stopping early is a bias on purpose; without it nothing is held back, and the interval is honest."""
    system = fleet()["catboost_v9"]
    names = feature_set(system.features)
    steps = Fitting(seed=1, threads=1, rounds=int(system.parameters["iterations"]))
    everybody = house.house().data
    features = everybody.features.matrix(names)[lined_rows(everybody)]

    def estimate(seen: DataSet) -> float:
        model = family_named(system.family).fit(system, seen.sample(np.arange(seen.size), names, None), None, steps)
        on, off = (model.predict(house.put(Columns(names, features), value).features) for value in (1.0, 0.0))
        return float((on - off).mean())

    found, half = jackknife(estimate)
    assert half < 0.4
    assert found - half < house.size() < found + half


def test_f55_trees_that_start_from_the_line_and_see_little_else_estimate_it_closely() -> None:
    import lightgbm

    settings = {"num_leaves": 4, "learning_rate": 0.05, "min_data_in_leaf": 60, "seed": 1, "num_threads": 1, "verbosity": -1}
    seen = (house.ON, "back_to_back", LINE)

    def estimate(data: DataSet) -> float:
        rows = lined_rows(data)
        features, beyond = data.features.matrix(seen)[rows], (data.points - data.features[LINE])[rows]
        model = lightgbm.train(settings, lightgbm.Dataset(features, beyond), 150)
        on, off = (np.asarray(model.predict(house.put(Columns(seen, features), value).features, num_threads=1)) for value in (1.0, 0.0))
        return float((on - off).mean())

    found, half = jackknife(estimate)
    assert half < 0.4
    assert found - half < house.size() < found + half


def test_f55_a_system_that_does_not_see_it_finds_nothing() -> None:
    said = walked()[BLIND]
    assert not said.shift.any()
    assert bounds(difference(said.mean - said.line, said.on, said.days))[1] < 0.1
    won = hit_rate(said.result)
    assert won.low is not None
    assert won.low < (1 / said.price[said.bets]).mean()


@pytest.mark.parametrize("name", FINDS)
def test_f55_the_leak_alarm_stays_silent_for_the_signal_is_no_larger_than_an_honest_one_may_be(name: str) -> None:
    """By the truth of its bets, so that no lucky night decides: see `practice` for the size from which the alarm rings."""
    said = walked()[name]
    found = paired_difference(np.abs(said.whole - said.points), np.abs(said.line - said.points), said.days)
    assert found.mean is not None
    assert found.mean > ALARM_MAE
    truth, won = said.chance[said.bets].mean(), hit_rate(said.result)
    assert won.n > ALARM_BETS
    assert truth < ALARM
    assert won.rate == pytest.approx(truth, abs=3.5 * np.sqrt(truth * (1 - truth) / won.n))
