"""The tilted voice: whatever the line, it says of it what it was told, and is a distribution."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tipoff.predict.families.sample import Sample
from tipoff.predict.kernel import Kernel
from tipoff.predict.tilted import Tilted, leant
from tipoff.predict.voices import kept, voice_of

NAMES = ("vegas_points_line", "points_std_last_10", "minutes_volatility_last_10", "minutes_avg_last_10")


def lines(rows: int, seed: int) -> Sample:
    """Lines, whole and half, with points near them, and some rows without a line."""
    chance = np.random.default_rng(seed)
    line = np.round(chance.gamma(4.0, 4.0, rows) * 2 + 4) / 2
    points = np.round(np.maximum(line + 0.4 * line * chance.normal(size=rows), 0.0)).astype(np.float64)
    line[::10] = np.nan
    features = np.column_stack([line, chance.uniform(2, 9, rows), chance.uniform(2, 9, rows), chance.uniform(15, 38, rows)])
    return Sample(NAMES, features, np.asarray(points, dtype=np.float64), np.ones(rows), np.full(rows, np.datetime64("2024-01-01")))


HELD = lines(3000, 1)
VOICE = Tilted.fit(np.full(HELD.size, np.nan), HELD)


@given(st.integers(0, 10**6), st.floats(0.02, 0.98))
def test_the_chance_at_the_line_is_the_estimate(seed: int, chance: float) -> None:
    rows = lines(60, seed)
    spoken = VOICE.distribution(np.full(60, chance), rows)
    lined = np.isfinite(rows["vegas_points_line"])
    assert np.allclose(spoken.over_decided(rows["vegas_points_line"])[lined], chance, atol=1e-6)
    assert (np.diff(spoken.cumulative[lined], axis=1) >= -1e-12).all()
    assert (spoken.cumulative[lined, -1] == 1.0).all()


def test_without_a_line_or_an_estimate_nothing_is_said() -> None:
    estimates = np.full(HELD.size, 0.5)
    estimates[1::10] = np.nan
    spoken = VOICE.distribution(estimates, HELD).spoken
    assert not spoken[::10].any()
    assert not spoken[1::10].any()
    assert spoken[2::10].all()


def test_told_what_it_says_anyway_the_base_stays_as_it_is() -> None:
    lined = HELD.take(np.isfinite(HELD["vegas_points_line"]))
    line = lined["vegas_points_line"]
    base = VOICE.base.distribution(line, lined)
    again = VOICE.distribution(base.over_decided(line), lined)
    assert np.allclose(again.cumulative, base.cumulative, atol=1e-7)


def test_the_higher_the_chance_the_higher_every_part() -> None:
    lined = HELD.take(np.isfinite(HELD["vegas_points_line"]))
    lower, higher = (VOICE.distribution(np.full(lined.size, chance), lined) for chance in (0.45, 0.55))
    assert (higher.cumulative <= lower.cumulative + 1e-12).all()
    assert (higher.mean() > lower.mean()).all()


def test_odds_move_by_one_factor() -> None:
    cumulative = np.array([[0.1, 0.4, 0.7, 1.0]])
    found = leant(np.concatenate([cumulative, np.ones((1, 97))], axis=1), np.array([1.5]), np.array([0.5]))[0]
    odds = found[:3] / (1 - found[:3]) / (cumulative[0, :3] / (1 - cumulative[0, :3]))
    assert np.allclose(odds, odds[0])
    assert np.isclose(found[1], 0.5)


def test_it_hears_of_the_line_alone() -> None:
    lined = HELD.take(np.isfinite(HELD["vegas_points_line"]))
    assert VOICE.base == Kernel.fit(lined["vegas_points_line"], lined)


def test_a_voice_comes_back_to_the_last_bit() -> None:
    again = voice_of(json.loads(json.dumps(kept(VOICE))))
    assert again == VOICE
