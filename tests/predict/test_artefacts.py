"""A model that was saved and loaded again says the same to the last bit; the systems of the fleet as data."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from predict.slates import loaded
from tipoff.errors import ArtefactMismatch, ConfigError
from tipoff.features.registry import feature_hash, feature_set
from tipoff.predict import families
from tipoff.predict.artefacts import CANARY_ROWS, Loaded, Manifest, canary_of, load, manifest_path, save
from tipoff.predict.families import Matrix, Model, MovingAverage
from tipoff.predict.systems import System, fleet, systems_named
from tipoff.store.payloads import open_bucket
from train.practice_house import systems

RNG = np.random.default_rng(7)


def rows(names: tuple[str, ...], count: int) -> Matrix:
    """Feature rows with holes in them, as they come."""
    values = RNG.normal(12, 6, (count, len(names)))
    return np.where(RNG.random(values.shape) < 0.1, np.nan, values)


def fitted(system_id: str) -> tuple[System, Model, Matrix]:
    system = systems()[system_id]
    names = feature_set(system.features)
    train, stop, fresh = (rows(names, count) for count in (400, 100, 300))
    points = [np.nan_to_num(part[:, 0], nan=10.0) + RNG.normal(0, 3, len(part)) for part in (train, stop)]
    return system, families.fit(system, names, train, points[0], (stop, points[1]), 3), fresh


@pytest.mark.parametrize("system_id", list(fleet()))
def test_a_model_that_was_saved_and_loaded_again_says_the_same_to_the_last_bit(tmp_path: Path, system_id: str) -> None:
    system, model, fresh = fitted(system_id)
    body = model.to_bytes()
    bucket = open_bucket(tmp_path.as_uri())
    about = loaded().manifest.__dict__ | {
        "family": system.family,
        "feature_set": system.features,
        "features": feature_set(system.features),
        "feature_hash": feature_hash(feature_set(system.features)),
        "library_version": families.library_version(system.family),
        "sha256": hashlib.sha256(body).hexdigest(),
        "artefact": f"models/echo-1/model.{model.suffix}",
        "calibration": {"floor": 1.0, "slope": 0.25, "quantiles": np.linspace(-2, 2, 9).tolist()},
        "canary": canary_of(model, fresh),
    }
    manifest = Manifest(**about)
    save(bucket, manifest, body)
    again = load(bucket, "echo-1")
    assert again.manifest == manifest
    assert np.array_equal(again.model.predict(fresh), model.predict(fresh))
    assert again.model.to_bytes() == body
    said = Loaded(manifest, model, again.calibration).speak(fresh)
    assert np.array_equal(again.speak(fresh).cumulative, said.cumulative)


@pytest.mark.parametrize("system_id", list(fleet()))
def test_an_estimate_is_never_missing(system_id: str) -> None:
    _, model, fresh = fitted(system_id)
    fresh[0] = np.nan
    assert np.isfinite(model.predict(fresh)).all()


def test_a_canary_holds_a_few_rows_with_what_the_model_says_of_them() -> None:
    _, model, fresh = fitted("moving_average")
    canary = canary_of(model, fresh)
    assert len(canary["features"]) == CANARY_ROWS
    assert canary["estimates"] == model.predict(fresh[:CANARY_ROWS]).tolist()
    assert (None in canary["features"][0]) == bool(np.isnan(fresh[0]).any())


def test_a_moving_average_shares_the_weight_of_what_is_missing_among_the_others() -> None:
    names = ("a", "b", "c")
    model = MovingAverage({"a": 0.5, "b": 0.3, "c": 0.2}, names, 11.0)
    nan = np.nan
    given = np.array([[10.0, 20.0, 30.0], [10.0, nan, 30.0], [nan, nan, 30.0], [nan, nan, nan]])
    assert model.predict(given) == pytest.approx([17.0, (5.0 + 6.0) / 0.7, 30.0, 11.0])


def test_a_model_that_is_in_the_registry_and_not_in_the_bucket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMismatch, match="not in the bucket") as refused:
        load(open_bucket(tmp_path.as_uri()), "gone-1")
    assert "Train it again" in refused.value.hint


def test_a_manifest_without_its_model_is_refused(tmp_path: Path) -> None:
    bucket = open_bucket(tmp_path.as_uri())
    bucket.put(manifest_path("echo-1"), loaded().manifest.to_bytes())
    with pytest.raises(ArtefactMismatch, match="not in the bucket"):
        load(bucket, "echo-1")


class TestTheFleet:
    def test_every_system_is_named_by_its_id_and_learns_from_a_set_of_features(self) -> None:
        assert [system.system_id for system in systems_named(None)] == list(fleet())
        assert all(feature_set(system.features) for system in fleet().values())

    def test_systems_come_in_the_order_asked(self) -> None:
        names = list(fleet())[::-1]
        assert [system.system_id for system in systems_named(names)] == names

    def test_a_name_that_no_system_has_is_refused_with_those_that_there_are(self) -> None:
        with pytest.raises(ConfigError, match="No system is called crystal_ball") as refused:
            systems_named(["moving_average", "crystal_ball"])
        assert "moving_average" in refused.value.hint
