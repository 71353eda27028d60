"""Who speaks: a model with its voice, and a pool of several that asks nobody twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from predict.invented import columns
from predict.slates import Echo, even
from tipoff.errors import ArtefactMismatch
from tipoff.features.registry import feature_set
from tipoff.predict.distribution import Distribution, Vector
from tipoff.predict.families import Columns, Matrix
from tipoff.predict.speakers import LINE, Pool, Said, Single, Speaker, Weights, canary_of

NAMES = feature_set("v18")
ROWS = columns(NAMES, 60, seed=3)


class Counting(Echo):
    """An echo that counts how often it is asked."""

    def __init__(self, names: tuple[str, ...], above: float = 0.0) -> None:
        super().__init__(names, above)
        self.asked = 0

    def predict(self, features: Matrix) -> Vector:
        self.asked += 1
        return super().predict(features)


@dataclass
class Choir:
    """Three singles of which each sees other features, and their models."""

    models: dict[str, Counting] = field(default_factory=dict)
    singles: dict[str, Speaker] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for above, (name, features) in enumerate({"low": "v9", "middle": "v12", "high": "v18"}.items()):
            self.models[name] = Counting(feature_set(features), 2.0 * above)
            self.singles[name] = Single(f"{name}-1", feature_set(features), self.models[name], even())

    def pool(self, key: str, weights: Weights) -> Pool:
        return Pool(key, self.singles, weights)


EQUAL = dict.fromkeys(("low", "middle", "high"), 1 / 3)
LINED = {"low": 0.5, "middle": 0.5, "high": 0.0}
UNLINED = {"low": 0.0, "high": 1.0}


def test_a_single_says_what_its_voice_makes_of_its_models_estimates() -> None:
    choir = Choir()
    spoken = choir.singles["middle"].speak(ROWS, {})
    expected = even().distribution(ROWS["points_avg_last_10"] + 2.0, ROWS)
    assert np.array_equal(spoken.cumulative, expected.cumulative, equal_nan=True)


def test_nobody_is_asked_twice_by_however_many_pools() -> None:
    choir, said = Choir(), Said()
    alone = choir.singles["low"].speak(ROWS, said)
    first = choir.pool("first", Weights(EQUAL, EQUAL)).speak(ROWS, said)
    again = choir.pool("first", Weights(EQUAL, EQUAL)).speak(ROWS, said)
    choir.pool("second", Weights(LINED, UNLINED)).speak(ROWS, said)
    assert choir.singles["low"].speak(ROWS, said) is alone
    assert again is first
    assert {name: model.asked for name, model in choir.models.items()} == {"low": 1, "middle": 1, "high": 1}
    assert set(said) == {"low-1", "middle-1", "high-1", "first", "second"}


def test_other_rows_are_other_words() -> None:
    """What is said is kept by the rows' own `said`, not by the speaker."""
    choir = Choir()
    pool = choir.pool("pool", Weights(EQUAL, EQUAL))
    part = Columns(NAMES, ROWS.features[10:20])
    whole = pool.speak(ROWS, {})
    assert np.array_equal(pool.speak(part, {}).cumulative, whole.cumulative[10:20], equal_nan=True)


def test_a_pool_weighs_rows_with_a_line_and_without_apart() -> None:
    choir = Choir()
    spoken = choir.pool("pool", Weights(LINED, UNLINED)).speak(ROWS, {})
    parts = {name: single.speak(ROWS, {}) for name, single in choir.singles.items()}
    heard, lined = parts["low"].spoken, np.isfinite(ROWS[LINE])
    assert 5 < (heard & ~lined).sum() < (heard & lined).sum()
    assert np.array_equal(spoken.spoken, heard)
    expected = np.where(lined[:, None], (parts["low"].cumulative + parts["middle"].cumulative) / 2, parts["high"].cumulative)
    assert np.allclose(spoken.cumulative[heard], expected[heard], rtol=0, atol=1e-12)


WRONG: tuple[object, ...] = (-0.1, 1.1, None, "much", [], float("nan"), float("inf"))


class TestWeights:
    def test_by_row_and_in_the_order_asked_a_member_that_is_not_named_weighs_nothing(self) -> None:
        found = Weights(LINED, UNLINED).of(["high", "low", "middle"], np.array([20.5, np.nan]))
        assert found.tolist() == [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]

    def test_they_survive_being_written_down_in_the_same_bytes_whatever_the_order(self) -> None:
        weights = Weights(LINED, UNLINED)
        assert Weights.from_bytes(weights.to_bytes()) == weights
        assert Weights(dict(reversed(LINED.items())), dict(reversed(UNLINED.items()))).to_bytes() == weights.to_bytes()

    @pytest.mark.parametrize(
        "document",
        [
            *(None, [], 1, "lined", {}, {"lined": {}}, {"lined": [], "unlined": []}, {"lined": {"a": 1}, "unlined": None}),
            *({"lined": {"a": wrong}, "unlined": {}} for wrong in WRONG),
        ],
    )
    def test_what_is_none_is_refused(self, document: object) -> None:
        with pytest.raises(ArtefactMismatch, match="no weights of an ensemble") as refused:
            Weights.from_bytes(json.dumps(document).encode())
        assert "Train it again" in refused.value.hint

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"\x80\x04N."])
    def test_bytes_that_are_no_document_are_refused(self, body: bytes) -> None:
        with pytest.raises(ArtefactMismatch, match="no weights of an ensemble"):
            Weights.from_bytes(body)


class TestCanaries:
    def test_a_canary_holds_the_first_rows_of_which_something_is_said_with_the_mean_of_it(self) -> None:
        single = Choir().singles["low"]
        spoken = single.speak(ROWS, {})
        assert not spoken.spoken[:5].all()
        canary = canary_of(single, ROWS)
        first = np.flatnonzero(spoken.spoken)[:5]
        assert canary["means"] == spoken.mean()[first].tolist()
        kept = np.array([[np.nan if value is None else value for value in row] for row in canary["features"]])
        assert np.array_equal(kept, ROWS.features[first], equal_nan=True)
        assert json.loads(json.dumps(canary, allow_nan=False)) == canary

    def test_of_a_speaker_who_says_nothing_it_is_empty(self) -> None:
        class Mute:
            key = "mute"

            def speak(self, rows: Columns, said: Said) -> Distribution:
                return Distribution(np.full((rows.size, 101), np.nan))

        assert canary_of(Mute(), ROWS) == {"features": [], "means": []}
