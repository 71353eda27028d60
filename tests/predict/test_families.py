"""Families of models: the same data give the same bytes, what was saved says the same, and a new family is one small class."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from load.bench import Bench
from predict.invented import columns, data_set, day_after, sample
from predict.said import NOW
from tipoff.errors import ArtefactMismatch
from tipoff.features.registry import feature_set
from tipoff.predict import families
from tipoff.predict.artefacts import load
from tipoff.predict.families import Columns, Fitting, Model, family_named
from tipoff.predict.families.moving_average import MovingAverage
from tipoff.predict.speakers import LINE
from tipoff.predict.systems import System, fleet
from tipoff.store.payloads import open_bucket
from tipoff.train.fit import fit_fleet
from tipoff.train.keep import keep_fleet
from train.practice_house import SINGLES, systems

TREES = ("catboost_v9", "lightgbm_v12", "xgboost_v12")


def test_the_handful_that_is_tested_has_every_family_of_the_fleet() -> None:
    assert {systems()[name].family for name in SINGLES} == {system.family for system in fleet().values() if not system.is_ensemble}


def fitted(system: System, *, stop: bool = True, threads: int = 1, rounds: int = 25) -> Model:
    """A model on rows that are made up."""
    names = feature_set(system.features)
    held = sample(names, 200, seed=2) if stop else None
    return family_named(system.family).fit(system, sample(names, 800, seed=1), held, Fitting(3, threads, rounds))


@pytest.mark.parametrize("system_id", SINGLES)
class TestEveryFamily:
    def test_a_model_that_was_written_and_read_again_says_the_same_to_the_last_bit(self, system_id: str) -> None:
        system = systems()[system_id]
        model, fresh = fitted(system), columns(feature_set(system.features), 300, seed=5).features
        body = model.to_bytes()
        again = families.load(system.family, body)
        assert np.array_equal(again.predict(fresh), model.predict(fresh), equal_nan=True)
        assert again.to_bytes() == body
        assert again.rounds == model.rounds

    @pytest.mark.parametrize("stop", [True, False])
    def test_the_same_data_system_and_seed_give_the_same_bytes_on_any_number_of_threads(self, system_id: str, stop: bool) -> None:
        bodies = {fitted(systems()[system_id], stop=stop, threads=threads).to_bytes() for threads in (1, 2, 3, 1)}
        assert len(bodies) == 1

    def test_saying_something_changes_nothing_of_the_model(self, system_id: str) -> None:
        model = fitted(systems()[system_id])
        body = model.to_bytes()
        model.predict(columns(feature_set(systems()[system_id].features), 40, seed=5).features)
        assert model.to_bytes() == body

    def test_an_estimate_hangs_on_its_own_row_alone_and_only_who_lives_by_the_line_has_none_without(self, system_id: str) -> None:
        system = systems()[system_id]
        model, rows = fitted(system), columns(feature_set(system.features), 50, seed=5)
        assert np.isnan(rows.features[0]).all()
        found = model.predict(rows.features)
        assert found.dtype == np.float64
        speaks = np.isfinite(rows[LINE]) if system.family == "market_anchored" else np.ones(50, dtype=np.bool_)
        assert np.isfinite(found).tolist() == speaks.tolist()
        alone = np.concatenate([model.predict(rows.features[place : place + 1]) for place in range(50)])
        assert np.array_equal(alone, found, equal_nan=True)

    def test_the_sample_that_it_learns_from_is_left_as_it_was(self, system_id: str) -> None:
        system = systems()[system_id]
        train = sample(feature_set(system.features), 300, seed=1)
        before = train.features.copy()
        family_named(system.family).fit(system, train, None, Fitting(3, 1, 5)).predict(train.features)
        assert np.array_equal(train.features, before, equal_nan=True)


@pytest.mark.parametrize("system_id", TREES)
class TestTrees:
    def test_without_rows_to_stop_on_they_take_as_many_steps_as_they_are_told(self, system_id: str) -> None:
        assert fitted(systems()[system_id], stop=False, rounds=17).rounds == 17

    def test_with_rows_to_stop_on_they_stop_where_these_get_no_better(self, system_id: str) -> None:
        """The later rows' points have nothing to do with their features: more trees only do harm."""
        system = systems()[system_id]
        most = {name: 400.0 for name in ("iterations", "rounds") if name in system.parameters}
        eager = system.model_copy(update={"parameters": {**system.parameters, **most}})
        names = feature_set(system.features)
        stop = sample(names, 400, seed=2)
        shuffled = replace(stop, points=np.random.default_rng(1).permutation(stop.points))
        model = family_named(system.family).fit(eager, sample(names, 800, seed=1), shuffled, Fitting(3, 1))
        assert 1 <= model.rounds < 30

    def test_they_learn_what_there_is_to_learn(self, system_id: str) -> None:
        system = systems()[system_id]
        fresh = sample(feature_set(system.features), 600, seed=9)
        misses = np.abs(fitted(system, stop=False, rounds=60).predict(fresh.features) - fresh.points)
        blind = np.abs(np.median(fresh.points) - fresh.points)
        assert misses.mean() < 0.8 * blind.mean()

    def test_a_row_without_weight_teaches_nothing(self, system_id: str) -> None:
        system = systems()[system_id]
        train = sample(feature_set(system.features), 600, seed=1)
        weights = np.where(np.arange(600) < 300, 2.0, 1e-12)
        wrong = replace(train, weights=weights, points=np.where(np.arange(600) < 300, train.points, train.points + 500))
        model = family_named(system.family).fit(system, wrong, None, Fitting(3, 1, 10))
        assert model.predict(train.features).max() < 100


def test_weights_of_features_are_catboosts_and_turn_it_away_from_a_category() -> None:
    """A feature of the line that tells everything is split on less where its category weighs nothing."""
    system = systems()["catboost_v9"]
    names = feature_set("v9")
    assert "vegas_points_line" in names
    train = sample(names, 600, seed=1)
    told = train.features.copy()
    told[:, names.index("vegas_points_line")] = train.points
    given = replace(train, features=told)
    low = system.model_copy(update={"feature_weights": {"vegas": 0.0}})
    weights = low.weights_of(names)
    assert weights[names.index("vegas_points_line")] == 0.0
    assert weights[names.index("points_avg_last_5")] == 1.0
    errors = []
    for one in (system, low):
        model = family_named("catboost").fit(one, given, None, Fitting(3, 1, 40))
        errors.append(np.abs(model.predict(told) - train.points).mean())
    assert errors[0] < errors[1] / 2


def test_a_moving_average_shares_the_weight_of_what_is_missing_among_the_others() -> None:
    names = ("a", "b", "c")
    model = MovingAverage({"a": 0.5, "b": 0.3, "c": 0.2}, names, 11.0)
    nan = np.nan
    given = np.array([[10.0, 20.0, 30.0], [10.0, nan, 30.0], [nan, nan, 30.0], [nan, nan, nan]])
    assert model.predict(given) == pytest.approx([17.0, (5.0 + 6.0) / 0.7, 30.0, 11.0])


def test_columns_are_found_by_name_in_the_order_asked() -> None:
    rows = Columns(("a", "b", "c"), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    assert rows["b"].tolist() == [2.0, 5.0]
    assert rows.matrix(("c", "a")).tolist() == [[3.0, 1.0], [6.0, 4.0]]
    with pytest.raises(KeyError):
        rows["d"]
    with pytest.raises(ValueError, match="tuple"):
        rows.matrix(("a", "d"))


STEADY = """
import json

import numpy as np

from tipoff.errors import ArtefactMismatch


class Steady:
    library = "steady-family"
    voice = "scaled"
    suffix = "json"
    rounds = 0

    def __init__(self, mean):
        self.mean = mean

    @classmethod
    def fit(cls, system, train, stop, fitting):
        return cls(float(np.average(train.points, weights=train.weights)) * system.parameters["times"])

    def predict(self, features):
        return np.full(len(features), self.mean)

    def to_bytes(self):
        return json.dumps({"mean": self.mean}).encode()

    @classmethod
    def from_bytes(cls, body):
        try:
            return cls(float(json.loads(body)["mean"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ArtefactMismatch(f"The artefact is not steady: {error}") from error
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of somebody else's that is installed, and brings a family, and another that it does not have."""
    site = tmp_path / "site"
    about = site / "steady_family-2.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: steady-family\nVersion: 2.1\n")
    (about / "entry_points.txt").write_text(
        "[tipoff.families]\nsteady = steady_family:Steady\nlost = steady_family:Lost\ngone = no_such_module:Gone\n"
        "catboost = steady_family:Steady\n"
    )
    (site / "steady_family.py").write_text(STEADY)
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    families.families.cache_clear()
    yield site
    families.families.cache_clear()
    sys.modules.pop("steady_family", None)


@pytest.mark.usefixtures("package")
class TestAFamilyOfAnotherPackage:
    def test_one_small_class_is_fitted_kept_and_loaded_like_ours(self, tmp_path: Path, bench: Bench) -> None:
        system = System(system_id="flat", family="steady", features="v9", parameters={"times": 1.0})
        data, bucket = data_set(), open_bucket((tmp_path / "bucket").as_uri())
        made = fit_fleet([system], data, day_after(data), threads=1)
        [manifest] = keep_fleet(bench.warehouse, bucket, made, data, created_at=NOW, run_id="a run")
        assert (manifest.family, manifest.library_version) == ("steady", "steady-family 2.1")
        assert manifest.artefact.endswith("/model.json")
        rows = Columns(data.features.names, data.features.features[:20])
        spoken = load(bucket, manifest.model_id).speak(rows)
        assert np.array_equal(spoken.cumulative, made["flat"].speaker.speak(rows, {}).cumulative)
        assert spoken.median()[0] == pytest.approx(np.median(data.points), abs=1.5)

    def test_another_version_of_it_refuses_the_artefact(self, tmp_path: Path, bench: Bench, package: Path) -> None:
        system = System(system_id="flat", family="steady", features="v9", parameters={"times": 1.0})
        data, bucket = data_set(), open_bucket((tmp_path / "bucket").as_uri())
        made = fit_fleet([system], data, day_after(data), threads=1)
        [manifest] = keep_fleet(bench.warehouse, bucket, made, data, created_at=NOW, run_id="a run")
        metadata = package / "steady_family-2.1.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text().replace("2.1\n", "3.0\n").replace("Metadata-Version: 3.0", "Metadata-Version: 2.1"))
        with pytest.raises(ArtefactMismatch, match=r"the library was steady-family 2\.1 and is steady-family 3\.0"):
            load(bucket, manifest.model_id)

    def test_it_does_not_take_the_place_of_ours(self) -> None:
        assert families.families()["catboost"].startswith("tipoff.")

    @pytest.mark.parametrize(("family", "where"), [("lost", "steady_family:Lost"), ("gone", "no_such_module:Gone")])
    def test_one_that_its_package_does_not_bring_is_refused_with_the_place(self, family: str, where: str) -> None:
        with pytest.raises(ArtefactMismatch, match=where):
            family_named(family)


def test_a_family_whose_library_is_not_installed_is_refused_by_name(package: Path) -> None:
    (package / "steady_family.py").write_text(STEADY.replace("steady-family", "no-such-library"))
    with pytest.raises(ArtefactMismatch, match="no-such-library, the library of the family 'steady', is not installed"):
        families.library_version("steady")


def test_a_family_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ArtefactMismatch, match="'oracle'") as refused:
        family_named("oracle")
    assert "xgboost" in refused.value.hint
