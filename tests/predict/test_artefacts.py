"""What was kept and loaded again says the same to the last bit; an ensemble keeps the members that it was weighed with."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from obstore.store import ObjectStore

from load.benches import bench_maker
from predict.invented import data_set, day_after
from predict.said import NOW
from predict.slates import manifest
from tipoff.errors import ArtefactMismatch
from tipoff.features.registry import feature_hash, feature_set
from tipoff.predict import families
from tipoff.predict.artefacts import Loaded, Manifest, load, manifest_path, save
from tipoff.predict.families import Columns, Matrix
from tipoff.predict.speakers import Pool, Single, Weights, canary_of
from tipoff.predict.systems import System
from tipoff.predict.voices import voice_of
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from tipoff.train.dataset import DataSet
from tipoff.train.fit import Fitted, fit_fleet
from tipoff.train.keep import keep_fleet

QUICK = System(system_id="quick", family="moving_average", features="v9", parameters={"points_avg_last_5": 1.0})
SLOW = System(system_id="slow", family="moving_average", features="v12", parameters={"points_avg_season": 1.0})
TREES = System(
    system_id="trees", family="xgboost", features="v12", loss="reg:squarederror", parameters={"rounds": 12, "max_depth": 3, "max_bin": 16}
)
BOTH = System(system_id="both", family="ensemble", features="v18", members=("quick", "slow", "trees"))
DATA = data_set(50)


@dataclass(frozen=True)
class Kept:
    """A fleet that was fitted and kept, in a warehouse and a bucket of its own."""

    warehouse: DuckDBWarehouse
    bucket: ObjectStore
    fitted: dict[str, Fitted]
    ids: dict[str, str]

    def more(self, data: DataSet, *systems: System) -> dict[str, str]:
        """Fit and keep these on other data; the ids of what came out."""
        fitted = fit_fleet(systems, data, day_after(data), threads=1)
        made = keep_fleet(self.warehouse, self.bucket, fitted, data, created_at=NOW, run_id="again")
        return {one.system_id: one.model_id for one in made}

    def tamper(self, system_id: str, change: Callable[[dict[str, Any]], object]) -> None:
        path = manifest_path(self.ids[system_id])
        document = json.loads(self.bucket.get(path).bytes().to_bytes())
        change(document)
        self.bucket.put(path, json.dumps(document).encode())

    def load(self, system_id: str) -> Loaded:
        return load(self.bucket, self.ids[system_id])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Fitted], dict[str, str]]:
    """The fleet, fitted and kept once, in a folder."""
    folder = tmp_path_factory.mktemp("kept") / "fleet"
    bench, bucket = bench_maker(folder), open_bucket(folder.as_uri())
    fitted = fit_fleet([QUICK, SLOW, TREES, BOTH], DATA, day_after(DATA), threads=1)
    manifests = keep_fleet(bench.warehouse, bucket, fitted, DATA, created_at=NOW, run_id="a run")
    return folder, fitted, {one.system_id: one.model_id for one in manifests}


@pytest.fixture
def kept(tmp_path: Path, made: tuple[Path, dict[str, Fitted], dict[str, str]]) -> Kept:
    """A copy of it, to be changed."""
    folder, fitted, ids = made
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    return Kept(DuckDBWarehouse(copy / "warehouse.duckdb"), open_bucket(copy.as_uri()), fitted, ids)


@pytest.mark.parametrize("system_id", ["quick", "slow", "trees", "both"])
def test_what_was_kept_and_loaded_again_says_the_same_to_the_last_bit(kept: Kept, system_id: str) -> None:
    again = kept.load(system_id)
    spoken = kept.fitted[system_id].speaker.speak(DATA.features, {})
    assert np.array_equal(again.speak(DATA.features).cumulative, spoken.cumulative, equal_nan=True)
    assert (again.manifest.model_id, again.manifest.system_id) == (kept.ids[system_id], system_id)
    assert len(again.manifest.canary["means"]) == 5


def test_a_manifest_survives_being_written_down(tmp_path: Path) -> None:
    bucket, body = open_bucket(tmp_path.as_uri()), kept_average()
    voice = {"kind": "scaled", "floor": 1.0, "slope": 0.25, "quantiles": [-1.0, 0.0, 1.0]}
    speaker = Single("echo-1", feature_set("v9"), families.load("moving_average", body), voice_of(voice))
    canary = canary_of(speaker, Columns(feature_set("v18"), np.full((2, len(feature_set("v18"))), 12.0)))
    made = manifest(sha256=hashlib.sha256(body).hexdigest(), voice=voice, canary=canary)
    save(bucket, made, body)
    assert load(bucket, made.model_id).manifest == made


def kept_average() -> bytes:
    """A moving average's bytes."""
    return json.dumps({"weights": {"points_avg_last_5": 1.0}, "names": list(feature_set("v9")), "fallback": 10.0}).encode()


def test_a_model_that_is_in_the_registry_and_not_in_the_bucket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMismatch, match="not in the bucket") as refused:
        load(open_bucket(tmp_path.as_uri()), "gone-1")
    assert "Train it again" in refused.value.hint


def test_a_manifest_without_its_model_is_refused(tmp_path: Path) -> None:
    bucket = open_bucket(tmp_path.as_uri())
    bucket.put(manifest_path("echo-1"), manifest().to_bytes())
    with pytest.raises(ArtefactMismatch, match="not in the bucket"):
        load(bucket, "echo-1")


class TestWhatIsAtHand:
    def test_nothing_is_loaded_twice_and_an_ensemble_speaks_by_the_members_at_hand(self, kept: Kept) -> None:
        at_hand: dict[str, Loaded] = {}
        quick = load(kept.bucket, kept.ids["quick"], at_hand)
        both = load(kept.bucket, kept.ids["both"], at_hand)
        assert isinstance(both.speaker, Pool)
        assert both.speaker.members["quick"] is quick.speaker
        assert set(at_hand) == set(kept.ids.values())
        assert load(kept.bucket, kept.ids["slow"], at_hand) is at_hand[kept.ids["slow"]]

    def test_what_is_refused_is_not_at_hand(self, kept: Kept) -> None:
        kept.tamper("slow", lambda document: document.update(feature_hash="f00"))
        at_hand: dict[str, Loaded] = {}
        with pytest.raises(ArtefactMismatch, match="feature hash"):
            load(kept.bucket, kept.ids["both"], at_hand)
        assert set(at_hand) <= {kept.ids["quick"], kept.ids["trees"]}

    def test_what_one_says_is_there_for_the_others(self, kept: Kept) -> None:
        at_hand: dict[str, Loaded] = {}
        said: dict[str, Any] = {}
        both, trees = (load(kept.bucket, kept.ids[name], at_hand) for name in ("both", "trees"))
        both.speak(DATA.features, said)
        assert set(said) == set(kept.ids.values())
        assert trees.speak(DATA.features, said) is said[kept.ids["trees"]]


class TestEnsembles:
    def test_a_manifest_names_the_members_and_the_body_is_their_weights(self, kept: Kept) -> None:
        both = kept.load("both")
        assert both.manifest.members == {name: kept.ids[name] for name in BOTH.members}
        assert isinstance(both.speaker, Pool)
        body = kept.bucket.get(both.manifest.artefact).bytes().to_bytes()
        assert Weights.from_bytes(body) == both.speaker.weights
        assert (both.manifest.voice, both.manifest.rounds) == ({}, 0)
        assert all(kept.load(name).manifest.members == {} for name in BOTH.members)

    def test_a_member_that_is_trained_again_alone_leaves_it_with_its_old_member(self, kept: Kept) -> None:
        before = kept.load("both").speak(DATA.features)
        fresh = kept.more(data_set(55), QUICK)["quick"]
        both = kept.load("both")
        assert fresh != kept.ids["quick"]
        assert both.manifest.members["quick"] == kept.ids["quick"]
        assert np.array_equal(both.speak(DATA.features).cumulative, before.cumulative, equal_nan=True)
        assert not np.array_equal(
            load(kept.bucket, fresh).speak(DATA.features).cumulative, kept.load("quick").speak(DATA.features).cumulative
        )

    def test_trained_again_together_it_has_the_new_ones_and_another_id(self, kept: Kept) -> None:
        again = kept.more(data_set(55), QUICK, SLOW, TREES, BOTH)
        assert not set(again.values()) & set(kept.ids.values())
        assert load(kept.bucket, again["both"]).manifest.members == {name: again[name] for name in BOTH.members}

    @pytest.mark.parametrize("member", BOTH.members)
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda document: document.update(feature_version="99"), "the feature version was 99"),
            (lambda document: document.update(library_version="somebody 0.1"), "the library was somebody 0.1"),
            (lambda document: document["canary"]["means"].__setitem__(0, 99.0), "its canary gave"),
            (lambda document: document["voice"].pop("spread"), "does not fit"),
        ],
    )
    def test_a_member_that_is_refused_refuses_it_by_the_members_name(
        self, kept: Kept, member: str, change: Callable[[dict[str, Any]], object], said: str
    ) -> None:
        kept.tamper(member, change)
        with pytest.raises(ArtefactMismatch) as refused:
            kept.load("both")
        assert kept.ids[member] in refused.value.message
        assert said in refused.value.message
        assert all(kept.load(other) for other in BOTH.members if other != member)

    def test_a_member_that_is_gone_refuses_it(self, kept: Kept) -> None:
        kept.bucket.delete(manifest_path(kept.ids["slow"]))
        with pytest.raises(ArtefactMismatch, match=f"The model {kept.ids['slow']} is in the registry and not in the bucket"):
            kept.load("both")

    def test_a_member_must_be_of_the_system_that_it_stands_for(self, kept: Kept) -> None:
        kept.tamper("both", lambda document: document["members"].update(slow=kept.ids["quick"]))
        with pytest.raises(ArtefactMismatch, match=f"its member {kept.ids['quick']} is not of slow"):
            kept.load("both")

    def test_an_ensemble_is_no_member_not_even_of_itself(self, kept: Kept) -> None:
        kept.tamper("both", lambda document: document["members"].update(both=kept.ids["both"]))
        with pytest.raises(ArtefactMismatch, match="or an ensemble"):
            kept.load("both")

    @pytest.mark.parametrize("members", [None, ["quick"], "quick", {"quick": None}, {"quick": ["quick"]}, {"quick": "../../quick"}, {}])
    def test_members_that_are_none_are_refused(self, kept: Kept, members: object) -> None:
        kept.tamper("both", lambda document: document.update(members=members))
        with pytest.raises(ArtefactMismatch):
            kept.load("both")

    def test_another_member_of_the_same_system_does_not_pass_for_the_one_it_was_weighed_with(self, kept: Kept) -> None:
        """The canary is the whole pool's."""
        fresh = kept.more(data_set(55), QUICK)["quick"]
        kept.tamper("both", lambda document: document["members"].update(quick=fresh))
        with pytest.raises(ArtefactMismatch, match="its canary gave"):
            kept.load("both")

    def test_other_weights_do_not_pass_for_its_own(self, kept: Kept) -> None:
        about = kept.load("both").manifest
        body = Weights({"quick": 1.0}, {"slow": 1.0}).to_bytes()
        kept.bucket.put(about.artefact, body)
        with pytest.raises(ArtefactMismatch, match="sha256"):
            kept.load("both")
        kept.tamper("both", lambda document: document.update(sha256=hashlib.sha256(body).hexdigest()))
        with pytest.raises(ArtefactMismatch, match="its canary gave"):
            kept.load("both")


def test_the_canary_looks_at_every_feature_and_the_model_at_its_own(kept: Kept) -> None:
    """A model of fewer features is asked by the rows of all of them, so that pools and voices can look at the line."""
    slow = kept.load("slow")
    assert {len(row) for row in slow.manifest.canary["features"]} == {len(feature_set("v18"))}
    assert slow.manifest.features == feature_set("v12")
    assert slow.manifest.feature_hash == feature_hash(feature_set("v12"))
    assert slow.manifest.canary == canary_of(slow.speaker, Columns(DATA.features.names, lined_first(DATA.features.features[-400:])))


def lined_first(rows: Matrix) -> Matrix:
    """Those with a line before those without, else in their order."""
    line = feature_set("v18").index("vegas_points_line")
    return np.array([*(row for row in rows if not np.isnan(row[line])), *(row for row in rows if np.isnan(row[line]))])


def test_every_field_of_a_manifest_is_written_down(kept: Kept) -> None:
    for system_id, model_id in kept.ids.items():
        document = json.loads(kept.bucket.get(manifest_path(model_id)).bytes().to_bytes())
        assert set(document) == set(Manifest.__dataclass_fields__), system_id
