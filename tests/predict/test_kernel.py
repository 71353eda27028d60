"""The kernel voice, against a slow and obvious reference, and against a league whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import ArtefactMismatch
from tipoff.predict.distribution import MOST_POINTS, Vector
from tipoff.predict.families.sample import Sample
from tipoff.predict.kernel import LEAST_SPREAD, LEVELS, LIFTED, Kernel
from tipoff.predict.voices import Scaled, kept, voice_of

NAMES = ("points_std_last_10", "minutes_volatility_last_10", "minutes_avg_last_10")


def league(rows: int, seed: int, *, nothing: float = 0.4) -> tuple[Vector, Sample]:
    """Estimates, and points as they fell: skewed, even but for a point or two, wider where minutes swing, and often 0 for those who play
    little."""
    chance = np.random.default_rng(seed)
    estimates = chance.gamma(2.0, 5.0, rows)
    swing = chance.choice([0.1, 0.5], rows)
    spread = (1.0 + 0.4 * estimates) * (0.5 + swing)
    points = np.round(np.maximum(estimates + spread * (chance.gamma(2.0, 1.0, rows) - 1.7), 0.0) / 2) * 2 + (chance.random(rows) < 0.1)
    points = np.where(chance.random(rows) < nothing * np.exp(-estimates / 5), 0.0, points)
    features = np.column_stack([spread, swing * 20.0, np.full(rows, 20.0)])
    return estimates, Sample(NAMES, features, points, np.ones(rows), np.full(rows, np.datetime64("2024-01-01")))


ESTIMATES, HELD = league(4000, 1)
LATER, NEXT = league(4000, 2)
VOICE = Kernel.fit(ESTIMATES, HELD)


def reference(voice: Kernel, estimate: float, deviation: float, swing: float) -> list[float]:
    """P(points <= k), one row and one k at a time."""
    causes = [1.0, max(estimate, 0.0), max(estimate, 0.0) ** 0.5, deviation, swing * max(estimate, 0.0)]
    scale = max(sum(weight * cause for weight, cause in zip(voice.spread, causes, strict=True)), LEAST_SPREAD)
    within = min(max(estimate, voice.knots[0]), voice.knots[-1])
    above = next(number for number, knot in enumerate(voice.knots) if knot >= within)
    below = max(above - 1, 0)
    share = (within - voice.knots[below]) / (voice.knots[above] - voice.knots[below]) if above else 1.0
    mass, before = [], 0.0
    for points in range(MOST_POINTS + 1):
        reached, lift = 0.0, 0.0
        for number, part in ((below, 1.0 - share), (above, share)):
            shape = voice.shapes[number]
            before_it = [shape[0] - steps * (shape[1] - shape[0]) for steps in (15.0, 5.0, 2.0)]
            after_it = [shape[-1] + steps * (shape[-1] - shape[-2]) for steps in (2.0, 5.0, 15.0)]
            inner = [(place + 0.5) / LEVELS for place in range(LEVELS)]
            left = 0.5 / LEVELS
            levels = [0.0, 0.1 * left, 0.5 * left, *inner, 1.0 - 0.5 * left, 1.0 - 0.1 * left, 1.0]
            scaled = (points + 0.5 - estimate) / scale
            reached += part * float(np.interp(scaled, [*before_it, *shape, *after_it], levels))
            lift += part * (voice.lifts[number][points] if points <= LIFTED else 1.0)
        reached = 1.0 if points == MOST_POINTS else reached
        mass.append((reached - before) * lift)
        before = reached
    return [sum(mass[: points + 1]) / sum(mass) for points in range(MOST_POINTS + 1)]


@pytest.mark.parametrize("estimate", [-2.0, 0.0, 0.7, 3.1, 9.4, 16.0, 28.8, 47.0, 90.0])
def test_all_rows_at_once_say_what_one_row_at_a_time_does(estimate: float) -> None:
    row = Sample(NAMES, np.array([[6.0, 5.0, 25.0]]), np.zeros(1), np.ones(1), HELD.days[:1])
    found = VOICE.distribution(np.array([estimate]), row).cumulative[0]
    assert found.tolist() == pytest.approx(reference(VOICE, estimate, 6.0, 0.2), abs=1e-9)


@given(st.lists(st.floats(-20.0, 150.0), min_size=1, max_size=20))
def test_whatever_the_estimate_it_is_a_distribution(estimates: list[float]) -> None:
    rows = NEXT.take(slice(0, len(estimates)))
    found = VOICE.distribution(np.array(estimates), rows)
    assert (found.mass >= 0.0).all()
    assert (found.cumulative[:, -1] == 1.0).all()
    assert (found.cumulative[:, 0] >= 0.0).all()


def test_where_nothing_was_estimated_nothing_is_said() -> None:
    found = VOICE.distribution(np.array([np.nan, 8.0, np.nan]), NEXT.take(slice(0, 3)))
    assert found.spoken.tolist() == [False, True, False]
    assert np.isnan(found.cumulative[0]).all()


def test_it_comes_back_from_json_as_it_was() -> None:
    again = voice_of(json.loads(json.dumps(kept(VOICE))))
    assert again == VOICE


def test_the_same_rows_teach_it_the_same() -> None:
    assert Kernel.fit(ESTIMATES, HELD) == VOICE


def test_a_document_whose_parts_do_not_fit_is_refused() -> None:
    document = kept(VOICE)
    document["lifts"] = document["lifts"][1:]
    with pytest.raises((ValueError, ArtefactMismatch), match="lifts"):
        voice_of(document)


def test_how_often_nothing_is_scored_is_told_level_by_level() -> None:
    found = VOICE.distribution(LATER, NEXT).cumulative[:, 0]
    for low, high in ((0.0, 4.0), (4.0, 8.0), (8.0, 14.0), (14.0, 60.0)):
        rows = (low <= LATER) & (high > LATER)
        assert found[rows].mean() == pytest.approx((NEXT.points[rows] == 0).mean(), abs=0.05)


def test_odd_numbers_that_are_rare_are_told_to_be_rare() -> None:
    rows = (LATER > 4.0) & (LATER < 12.0)
    mass = VOICE.distribution(LATER, NEXT).mass[rows]
    for points in (3, 5):
        assert mass[:, points].mean() == pytest.approx((NEXT.points[rows] == points).mean(), abs=0.02)
        assert mass[:, points].mean() < mass[:, points + 1].mean()


def test_what_happens_once_in_a_thousand_games_is_not_held_for_impossible() -> None:
    """Half a hundredth of the chance lies beyond the last quantile: some of it far out."""
    row = Sample(NAMES, np.array([[6.0, 5.0, 25.0]]), np.zeros(1), np.ones(1), HELD.days[:1])
    found = VOICE.distribution(np.array([10.0]), row).cumulative[0]
    highest = int((found >= 0.995).argmax())
    assert 0.0 < 1.0 - found[highest + 6] < 0.005


def test_players_whose_minutes_swing_get_wider_distributions() -> None:
    features = np.array([[np.nan, 2.0, 20.0], [np.nan, 10.0, 20.0]])
    rows = Sample(NAMES, features, np.zeros(2), np.ones(2), HELD.days[:2])
    steady, swinging = VOICE.distribution(np.array([14.0, 14.0]), rows).sd()
    assert swinging > 1.3 * steady


def test_a_cause_that_is_missing_counts_as_a_typical_one() -> None:
    deviation, swing = VOICE.typical
    features = np.array([[np.nan, np.nan, np.nan], [deviation, swing * 20.0, 20.0]])
    rows = Sample(NAMES, features, np.zeros(2), np.ones(2), HELD.days[:2])
    missing, typical = VOICE.distribution(np.array([11.0, 11.0]), rows).cumulative
    assert missing.tolist() == pytest.approx(typical.tolist())


def test_on_later_games_it_scores_better_than_one_shape_for_all_levels() -> None:
    plain = Scaled.fit(ESTIMATES, HELD).distribution(LATER, NEXT)
    ours = VOICE.distribution(LATER, NEXT)
    assert ours.crps(NEXT.points).mean() < plain.crps(NEXT.points).mean() - 0.02
    assert ours.log_score(NEXT.points).mean() < plain.log_score(NEXT.points).mean() - 0.1


def test_an_interval_covers_what_it_says_it_does() -> None:
    low, high, mass = VOICE.distribution(LATER, NEXT).interval(0.8)
    covered = ((NEXT.points >= low) & (NEXT.points <= high)).mean()
    assert covered == pytest.approx(mass.mean(), abs=0.02)


@pytest.mark.parametrize("rows", [100, 160])
def test_few_rows_are_enough_to_learn_from(rows: int) -> None:
    estimates, held = league(rows, 3)
    found = Kernel.fit(estimates, held).distribution(LATER, NEXT)
    assert np.abs(found.mean() - NEXT.points).mean() < np.abs(held.points.mean() - NEXT.points).mean()


def test_one_estimate_for_all_is_one_shape() -> None:
    blank = Sample(NAMES, np.full((HELD.size, 3), np.nan), HELD.points, HELD.weights, HELD.days)
    voice = Kernel.fit(np.full(HELD.size, 9.0), blank)
    assert len(voice.knots) == 1
    found = voice.distribution(np.full(5, 9.0), blank.take(slice(0, 5))).mean()
    assert found.tolist() == pytest.approx([HELD.points.mean()] * 5, abs=0.3)


def test_features_that_are_missing_on_all_rows_widen_nothing() -> None:
    blank = Sample(NAMES, np.full((HELD.size, 3), np.nan), HELD.points, HELD.weights, HELD.days)
    voice = Kernel.fit(ESTIMATES, blank)
    assert voice.typical == (0.0, 0.0)
    assert voice.distribution(LATER, NEXT).spoken.all()
