"""What is kept of a fleet: artefacts that say the same once loaded, manifests that say what they are made of, a row in the registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from obstore.store import ObjectStore

from load.bench import Bench
from load.benches import bench_maker
from tipoff.features.registry import FEATURE_VERSION, feature_hash, feature_set
from tipoff.predict.artefacts import Loaded, Manifest, load, manifest_path
from tipoff.predict.families import Columns
from tipoff.predict.speakers import LINE
from tipoff.predict.systems import System
from tipoff.store.payloads import open_bucket
from tipoff.train.dataset import DataSet
from tipoff.train.fit import SEED, Fitted, fit_fleet
from tipoff.train.keep import keep_fleet
from train.invented_data import ANCHORED, AVERAGE, LEAVES, POOL, SINGLES, UNTIL, invented, with_features, with_points

AT = datetime(2025, 12, 1, 14, tzinfo=UTC)
TRIO = POOL.model_copy(update={"members": ("oblivious", "leaves", "average")})
"""Named in another order than the alphabet's, which is that of kept documents; of three it matters in which they are summed."""
ALL = (*SINGLES, TRIO)


@dataclass(frozen=True)
class Shelf:
    """An empty warehouse and bucket, and what is kept in them."""

    bench: Bench
    bucket: ObjectStore

    def keep(self, fitted: dict[str, Fitted], data: DataSet, at: datetime = AT, run_id: str = "a run", seed: int = SEED) -> list[Manifest]:
        return keep_fleet(self.bench.warehouse, self.bucket, fitted, data, created_at=at, run_id=run_id, seed=seed)

    def files(self) -> dict[str, bytes]:
        paths = [entry["path"] for page in self.bucket.list("models/") for entry in page]
        return {path: self.bucket.get(path).bytes().to_bytes() for path in paths}

    def load_all(self, manifests: list[Manifest]) -> dict[str, Loaded]:
        at_hand: dict[str, Loaded] = {}
        return {manifest.system_id: load(self.bucket, manifest.model_id, at_hand) for manifest in manifests}


def shelf(folder: Path) -> Shelf:
    return Shelf(bench_maker(folder), open_bucket(folder.as_uri()))


@dataclass(frozen=True)
class Kept:
    shelf: Shelf
    fitted: dict[str, Fitted]
    manifests: dict[str, Manifest]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The five, fitted and kept."""
    found = shelf(tmp_path_factory.mktemp("kept") / "shelf")
    fitted = fit_fleet(ALL, invented(), UNTIL, threads=1)
    return Kept(found, fitted, {manifest.system_id: manifest for manifest in found.keep(fitted, invented())})


@pytest.mark.parametrize("system", ALL, ids=lambda system: system.system_id)
class TestEachOfThem:
    def test_loaded_again_it_says_the_same_to_the_bit(self, kept: Kept, system: System) -> None:
        loaded = kept.shelf.load_all(list(kept.manifests.values()))[system.system_id]
        fresh = invented().features
        assert loaded.manifest == kept.manifests[system.system_id]
        spoken = kept.fitted[system.system_id].speaker.speak(fresh, {})
        assert np.array_equal(loaded.speak(fresh).cumulative, spoken.cumulative, equal_nan=True)

    def test_the_manifest_says_what_it_was_made_of(self, kept: Kept, system: System) -> None:
        manifest, fitted, data = kept.manifests[system.system_id], kept.fitted[system.system_id], invented()
        assert (manifest.system_id, manifest.family, manifest.loss) == (system.system_id, system.family, system.loss)
        assert (manifest.window, manifest.threshold, manifest.recipe_hash) == (system.window, system.threshold, system.recipe_hash)
        assert (manifest.feature_set, manifest.features) == (system.features, feature_set(system.features))
        assert (manifest.feature_hash, manifest.feature_version) == (feature_hash(manifest.features), FEATURE_VERSION)
        assert (manifest.rows, manifest.data_hash, manifest.seed) == (data.size, data.digest(), SEED)
        assert (date.fromisoformat(manifest.trained_from), date.fromisoformat(manifest.trained_until)) == (data.first, data.last)
        assert manifest.trained_until < UNTIL.isoformat()
        assert manifest.metrics == fitted.metrics
        assert manifest.rounds == (fitted.model.rounds if fitted.model else 0)

    def test_the_artefact_is_the_bytes_that_the_manifest_vouches_for(self, kept: Kept, system: System) -> None:
        manifest, fitted = kept.manifests[system.system_id], kept.fitted[system.system_id]
        body = kept.shelf.files()[manifest.artefact]
        assert hashlib.sha256(body).hexdigest() == manifest.sha256
        if fitted.model:
            assert body == fitted.model.to_bytes()
        assert kept.shelf.files()[manifest_path(manifest.model_id)] == manifest.to_bytes()

    def test_its_canary_holds_five_newest_rows_those_with_a_line_first_and_what_it_says_of_them(self, kept: Kept, system: System) -> None:
        canary, data = kept.manifests[system.system_id].canary, invented()
        rows = np.array([[np.nan if value is None else value for value in row] for row in canary["features"]])
        newest = [place for place in range(data.size - 400, data.size) if np.isfinite(data.features[LINE][place])][:5]
        assert np.array_equal(rows, data.features.features[newest], equal_nan=True)
        assert canary["means"] == pytest.approx(kept.fitted[system.system_id].speaker.speak(data.features, {}).mean()[newest], abs=1e-12)

    def test_it_is_in_the_registry_once_as_a_candidate(self, kept: Kept, system: System) -> None:
        manifest = kept.manifests[system.system_id]
        [row] = kept.shelf.bench.rows("models.registry", system_id=system.system_id)
        told = {
            name: value
            for name, value in row.items()
            if name in manifest.__dict__ and name not in ("metrics", "trained_from", "trained_until")
        }
        assert len(told) >= 13
        assert told == {name: getattr(manifest, name) for name in told}
        assert (row["trained_from"].isoformat(), row["trained_until"].isoformat()) == (manifest.trained_from, manifest.trained_until)
        assert json.loads(row["metrics"]) == manifest.metrics
        assert (row["state"], row["state_since"], row["created_at"], row["run_id"]) == ("candidate", AT, AT, "a run")

    def test_its_name_says_whose_it_is_and_until_when_it_learnt(self, kept: Kept, system: System) -> None:
        assert kept.manifests[system.system_id].model_id.startswith(f"{system.system_id}-20251130-")


def test_the_same_data_systems_and_seed_give_the_same_ids_and_the_same_bytes(kept: Kept, tmp_path: Path) -> None:
    """Fitted anew, with another number of threads, at another hour."""
    again = shelf(tmp_path / "again")
    fitted = fit_fleet(ALL, invented(), UNTIL, threads=2)
    manifests = again.keep(fitted, invented(), at=AT + timedelta(days=1), run_id="another")
    assert [manifest.model_id for manifest in manifests] == [manifest.model_id for manifest in kept.manifests.values()]
    assert again.files() == kept.shelf.files()


def _other_data(data: DataSet, system: System) -> tuple[DataSet, System, int]:
    return with_points(data, np.array([0]), 1.0), system, SEED


def _other_features(data: DataSet, system: System) -> tuple[DataSet, System, int]:
    return with_features(data, np.array([data.size - 1]), 1e-9), system, SEED


def _other_threshold(data: DataSet, system: System) -> tuple[DataSet, System, int]:
    return data, system.model_copy(update={"threshold": 2.0}), SEED


def _other_parameters(data: DataSet, system: System) -> tuple[DataSet, System, int]:
    return data, system.model_copy(update={"parameters": {"points_avg_season": 1.0}}), SEED


def _other_seed(data: DataSet, system: System) -> tuple[DataSet, System, int]:
    return data, system, SEED + 1


def _other_window(data: DataSet, system: System) -> tuple[DataSet, System, int]:
    return data, system.model_copy(update={"window": "20d"}), SEED


CHANGES = (_other_data, _other_features, _other_threshold, _other_parameters, _other_seed, _other_window)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_anything_else_gives_another_id(kept: Kept, tmp_path: Path, change: Callable[..., Any]) -> None:
    data, system, seed = change(invented(), AVERAGE)
    fitted = fit_fleet([system], data, UNTIL, threads=1, seed=seed)
    [manifest] = shelf(tmp_path / "other").keep(fitted, data, seed=seed)
    assert manifest.system_id == "average"
    assert manifest.model_id != kept.manifests["average"].model_id


class TestEnsemble:
    def test_it_names_the_models_that_it_weighs_and_its_artefact_is_their_weights(self, kept: Kept) -> None:
        pool = kept.manifests["pool"]
        assert pool.members == {name: kept.manifests[name].model_id for name in TRIO.members}
        weights = json.loads(kept.shelf.files()[pool.artefact])
        assert {kind: set(shares) for kind, shares in weights.items()} == {"lined": set(TRIO.members), "unlined": set(TRIO.members)}
        assert pool.voice == {}

    def test_with_another_model_of_a_member_it_is_another(self, tmp_path: Path) -> None:
        """The data that it saw are the same, and so is its other member."""
        ids = []
        for average in (AVERAGE, AVERAGE.model_copy(update={"parameters": {"points_avg_season": 1.0}})):
            fitted = fit_fleet([average, LEAVES, POOL], invented(), UNTIL, threads=1)
            ids.append([manifest.model_id for manifest in shelf(tmp_path / average.recipe_hash).keep(fitted, invented())])
        assert [one == other for one, other in zip(*ids, strict=True)] == [False, True, False]


def test_a_system_with_a_window_of_its_own_is_described_by_the_rows_that_it_saw(tmp_path: Path) -> None:
    data = invented()
    fitted = fit_fleet([AVERAGE.model_copy(update={"window": "20d"})], data, UNTIL, threads=1)
    [manifest] = shelf(tmp_path / "short").keep(fitted, data)
    rows = data.rows_of("20d", UNTIL)
    assert (manifest.rows, manifest.data_hash, manifest.window) == (2000, data.digest(rows), "20d")
    assert manifest.trained_from == data.days[rows[0]].item().isoformat() > data.first.isoformat()


def test_keeping_the_same_again_leaves_the_registry_as_it_was(tmp_path: Path) -> None:
    """Whoever has risen in the meantime does not fall back to a candidate."""
    found = shelf(tmp_path / "shelf")
    fitted = fit_fleet([AVERAGE], invented(), UNTIL, threads=1)
    found.keep(fitted, invented(), run_id="run 0")
    before = found.bench.rows("models.registry")
    found.keep(fitted, invented(), at=AT + timedelta(days=1), run_id="run 1")
    assert found.bench.rows("models.registry") == before
    assert [row["run_id"] for row in before] == ["run 0"]


def test_one_that_speaks_of_lines_alone_has_a_canary_where_the_newest_rows_have_none(tmp_path: Path) -> None:
    """An archive's newest season may have no lines: its canary is of the newest rows that have one."""
    data = invented()
    features = data.features.features.copy()
    features[-1000:, data.features.names.index(LINE)] = np.nan
    data = replace(data, features=Columns(data.features.names, features))
    found = shelf(tmp_path / "shelf")
    [manifest] = found.keep(fit_fleet([ANCHORED], data, UNTIL, threads=1), data)
    newest = np.flatnonzero(np.isfinite(data.features[LINE]))[-5:]
    assert np.array_equal(np.array(manifest.canary["features"], dtype=np.float64), features[newest], equal_nan=True)
    assert found.load_all([manifest])
