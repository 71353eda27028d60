"""From one estimate to a distribution of whole points: how the spread is learnt, and how a voice is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from predict.invented import NO_FEATURES, skewed
from tipoff.errors import ArtefactMismatch
from tipoff.predict.distribution import Vector
from tipoff.predict.families import Columns, Sample
from tipoff.predict.kernel import Kernel
from tipoff.predict.tilted import Tilted
from tipoff.predict.voices import VOICES, Scaled, Voice, kept, voice_kind, voice_of

FLOOR, SLOPE = 1.2, 0.25
SEEN = ("points_std_last_10", "minutes_volatility_last_10", "minutes_avg_last_10", "vegas_points_line")


def held(points: Vector) -> Sample:
    """Held-out rows on which so much was scored, with features that nobody looks at."""
    size = len(points)
    return Sample((), np.empty((size, 0)), points, np.ones(size), np.full(size, np.datetime64("2025-11-05")))


def draw(size: int, seed: int) -> tuple[Vector, Vector]:
    """Estimates, and points that stray from them by a known spread."""
    rng = np.random.default_rng(seed)
    estimates = rng.uniform(4, 34, size)
    return estimates, np.maximum(np.round(estimates + rng.normal(0, 1, size) * (FLOOR + SLOPE * estimates)), 0.0)


def learnt(size: int, seed: int) -> Scaled:
    estimates, points = draw(size, seed)
    return Scaled.fit(estimates, held(points))


def seen(size: int) -> Columns:
    """What a voice may look at, besides the estimate."""
    return Columns(SEEN, np.tile([5.0, 4.0, 24.0, 14.5], (size, 1)))


def kernel() -> Kernel:
    estimates, points = draw(400, 5)
    return Kernel.fit(estimates, replace(held(points), names=SEEN, features=seen(400).features))


VOICE: dict[str, Voice] = {"scaled": skewed(), "kernel": kernel(), "tilted": Tilted(kernel())}
"""A voice of each kind."""


class TestScaled:
    """Misses of a known spread are recovered, and chances are as often right as they say."""

    def test_the_known_spread_is_recovered_at_every_level(self) -> None:
        levels = np.array([10.0, 18.0, 26.0, 33.0])
        fitted = learnt(40_000, 1).distribution(levels, NO_FEATURES)
        assert fitted.sd() == pytest.approx(FLOOR + SLOPE * levels, rel=0.06)
        assert fitted.median() == pytest.approx(levels, abs=0.35)

    def test_of_a_hundred_chances_as_many_come_true_as_they_say(self) -> None:
        estimates, points = draw(40_000, 2)
        line = np.round(estimates + np.random.default_rng(3).normal(0, 4, len(estimates))) + 0.5
        over, _, _ = learnt(40_000, 1).distribution(estimates, NO_FEATURES).against(line)
        for low in np.arange(0.1, 0.9, 0.1):
            mine = (over >= low) & (over < low + 0.1)
            assert (points[mine] > line[mine]).mean() == pytest.approx(over[mine].mean(), abs=0.03)

    @pytest.mark.parametrize("level", [0.8, 0.9])
    def test_intervals_hold_as_many_outcomes_as_their_own_mass_says(self, level: float) -> None:
        estimates, points = draw(40_000, 4)
        low, high, mass = learnt(40_000, 1).distribution(estimates, NO_FEATURES).interval(level)
        assert ((low <= points) & (points <= high)).mean() == pytest.approx(mass.mean(), abs=0.01)

    def test_misses_that_are_all_alike_still_leave_some_spread(self) -> None:
        estimates = np.linspace(5, 30, 200)
        spoken = Scaled.fit(estimates, held(np.round(estimates))).distribution(np.array([20.0]), NO_FEATURES)
        assert 0 < spoken.sd()[0] < 1
        assert np.isfinite(spoken.cumulative).all()


@pytest.mark.parametrize("kind", list(VOICES))
class TestAnyVoice:
    def test_it_survives_being_written_down(self, kind: str) -> None:
        voice = VOICE[kind]
        document = json.loads(json.dumps(kept(voice)))
        before = dict(document)
        assert voice_of(document) == voice
        assert document == before
        assert document["kind"] == kind

    def test_where_the_estimate_is_missing_nothing_is_said_and_the_other_rows_do_not_mind(self, kind: str) -> None:
        estimates = np.array([12.0, np.nan, 20.0])
        spoken = VOICE[kind].distribution(estimates, seen(3))
        assert np.isnan(spoken.cumulative).all(axis=1).tolist() == [False, True, False]
        assert np.isnan(spoken.cumulative).any(axis=1).tolist() == [False, True, False]
        alone = VOICE[kind].distribution(estimates[[0, 2]], seen(2))
        assert np.array_equal(spoken.cumulative[[0, 2]], alone.cumulative)

    def test_of_nobody_it_says_nothing(self, kind: str) -> None:
        assert VOICE[kind].distribution(np.empty(0), seen(0)).size == 0


def test_a_kind_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ArtefactMismatch, match="'sung'") as refused:
        voice_kind("sung")
    assert all(kind in refused.value.hint for kind in VOICES)


@pytest.mark.parametrize("document", [{}, {"kind": "scaled"}, {"kind": "scaled", "floor": None, "slope": 1.0, "quantiles": []}])
def test_what_is_no_voice_does_not_become_one(document: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        voice_of(document)
