"""Minutes times rate, on a league whose truth is known: minutes and points a minute have causes of their own."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tipoff.errors import ArtefactMismatch, NotReady
from tipoff.predict import families
from tipoff.predict.families.minutes_rate import MinutesRate
from tipoff.predict.families.sample import Fitting, Sample, Vector
from tipoff.predict.systems import System

SYSTEM = System(
    system_id="minutes_rate",
    family="minutes_rate",
    features="v12_noveg",
    loss="regression",
    parameters={
        "rounds": 120,
        "learning_rate": 0.1,
        "rate_learning_rate": 0.05,
        "num_leaves": 7,
        "min_data_in_leaf": 30,
        "max_bin": 31,
    },
)
NAMES = ("role", "touch", "noise")


def league(rows: int, seed: int) -> tuple[Sample, Vector]:
    """Games, and the points that were to be expected: `role` makes minutes, `touch` makes points a minute."""
    chance = np.random.default_rng(seed)
    features = chance.random((rows, 3))
    minutes = 4.0 + 32.0 * features[:, 0]
    rate = 0.2 + 0.6 * features[:, 1]
    played = np.clip(minutes + chance.normal(0.0, 5.0, rows), 1.0, 48.0)
    points = chance.poisson(played * rate).astype(np.float64)
    sample = Sample(NAMES, features, points, np.ones(rows), np.full(rows, np.datetime64("2024-01-01")), played)
    return sample, minutes * rate


TRAIN, _ = league(6000, 1)
STOP, _ = league(1500, 2)
LATER, EXPECTED = league(3000, 3)
MODEL = MinutesRate.fit(SYSTEM, TRAIN, STOP, Fitting(7, 1))


def test_it_comes_near_the_points_that_are_to_be_expected() -> None:
    error = MODEL.predict(LATER.features) - EXPECTED
    assert np.abs(error).mean() < 0.12 * EXPECTED.mean()
    assert abs(error.mean()) < 0.2


def test_points_a_minute_are_learnt_from_all_points_over_all_minutes() -> None:
    """Without a cause to be seen, the estimate is the mean of minutes times points over minutes: the mean of points."""
    blind = Sample(NAMES, np.zeros((TRAIN.size, 3)), TRAIN.points, TRAIN.weights, TRAIN.days, TRAIN.minutes)
    model = MinutesRate.fit(SYSTEM, blind, None, Fitting(7, 1, 40))
    assert model.predict(np.zeros((1, 3)))[0] == pytest.approx(TRAIN.points.mean(), rel=0.02)


def test_both_parts_take_as_many_steps_as_it_says() -> None:
    again = MinutesRate.fit(SYSTEM, TRAIN, None, Fitting(7, 1, 33))
    assert again.rounds == 33
    parts = json.loads(again.to_bytes())
    assert [text.count("Tree=") for text in (parts["minutes"], parts["rate"])] == [33, 33]


def test_it_stops_before_its_last_step_where_the_later_rows_say_so() -> None:
    patient = SYSTEM.model_copy(update={"parameters": SYSTEM.parameters | {"rounds": 2000}})
    assert 0 < MinutesRate.fit(patient, TRAIN, STOP, Fitting(7, 1)).rounds < 2000


def test_it_comes_back_from_its_bytes_and_says_the_same() -> None:
    again = families.load("minutes_rate", MODEL.to_bytes())
    assert again.predict(LATER.features).tolist() == MODEL.predict(LATER.features).tolist()
    assert again.to_bytes() == MODEL.to_bytes()


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    assert MinutesRate.fit(SYSTEM, TRAIN, STOP, Fitting(7, 1)).to_bytes() == MODEL.to_bytes()


def test_nobody_scores_less_than_nothing() -> None:
    assert (MODEL.predict(np.full((4, 3), [-9.0, -9.0, np.nan])) >= 0.0).all()


def test_rows_that_do_not_say_how_long_anybody_played_teach_it_nothing() -> None:
    silent = Sample(NAMES, TRAIN.features, TRAIN.points, TRAIN.weights, TRAIN.days)
    with pytest.raises(NotReady, match="how long anybody played"):
        MinutesRate.fit(SYSTEM, silent, None, Fitting(7, 1, 10))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"minutes": "tree", "rate": 3}', b'{"minutes": "no tree", "rate": "none"}'])
def test_bytes_that_are_something_else_are_refused(body: bytes) -> None:
    with pytest.raises(ArtefactMismatch):
        MinutesRate.from_bytes(body)
