"""The same data, system and seed give the same model; and what is held out is held out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from load.benches import bench_maker
from tipoff.errors import BadInput, NotReady
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.grade.metrics import shifted_line
from tipoff.predict.artefacts import Manifest
from tipoff.predict.systems import System, fleet
from tipoff.store.payloads import open_bucket
from tipoff.train.dataset import DataSet
from tipoff.train.fit import CALIBRATION_SHARE, STOP_SHARE, fit_system, parse_window
from train import practice_house as house

FAMILIES = tuple(fleet())


def fit(folder: Path, system: System, data: DataSet) -> tuple[Manifest, bytes]:
    """Fit into an empty warehouse and bucket; the manifest, and the model's bytes."""
    bench = bench_maker(folder)
    bucket = open_bucket(folder.as_uri())
    manifest = fit_system(bench.warehouse, bucket, system, data, created_at=house.MORNING, run_id="a run")
    return manifest, bucket.get(manifest.artefact).bytes().to_bytes()


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(request: pytest.FixtureRequest) -> Manifest:
    """The manifest of each system, as it was trained for the night."""
    return house.predicted().loaded[request.param].manifest


def held_from(data: DataSet) -> np.datetime64:
    """The first of the held-out days: the last rows in their share, whole days of them."""
    first: np.datetime64 = data.days[int(data.size * (1 - CALIBRATION_SHARE))]
    return first


def test_the_same_data_system_and_seed_give_the_same_id_and_the_same_bytes(fitted: Manifest, tmp_path: Path) -> None:
    again, body = fit(tmp_path / "again", house.systems()[fitted.system_id], house.data())
    assert again == fitted
    assert body == house.predicted().stage.bucket.get(fitted.artefact).bytes().to_bytes()


def test_other_data_another_system_or_another_threshold_give_another_id(tmp_path: Path) -> None:
    system = house.systems()["moving_average"]
    data = house.data()
    points = data.points.copy()
    points[0] += 1
    made = [
        fit(tmp_path / str(place), *case)[0].model_id
        for place, case in enumerate(
            [(system, data), (system, replace(data, points=points)), (system.model_copy(update={"threshold": 2.0}), data)]
        )
    ]
    assert len(set(made)) == 3


@pytest.mark.parametrize("system_id", FAMILIES)
def test_what_happened_on_the_held_out_days_does_not_reach_the_model(tmp_path: Path, system_id: str) -> None:
    """Other points and other features on those days: the calibration changes, the model does not by a bit."""
    data = house.data()
    held = data.days >= held_from(data)
    changed = replace(
        data,
        points=np.where(held, data.points + 3.0, data.points),
        values={name: np.where(held, values + 7.0, values) for name, values in data.values.items()},
    )
    manifest, _ = fit(tmp_path / "changed", house.systems()[system_id], changed)
    kept = house.predicted().loaded[system_id].manifest
    assert manifest.sha256 == kept.sha256
    assert manifest.calibration != kept.calibration
    assert manifest.data_hash != kept.data_hash


def test_the_days_on_which_training_stops_early_are_not_held_out_days_nor_split(fitted: Manifest) -> None:
    data = house.data()
    held = data.days >= held_from(data)
    assert fitted.metrics["n"] == held.sum()
    assert CALIBRATION_SHARE <= held.mean() < CALIBRATION_SHARE + STOP_SHARE


def test_the_manifest_says_what_it_was_made_of(fitted: Manifest) -> None:
    data = house.data()
    assert fitted.features == feature_set(fitted.feature_set)
    assert fitted.feature_version == FEATURE_VERSION
    assert (fitted.rows, fitted.data_hash) == (data.size, data.digest())
    assert (date.fromisoformat(fitted.trained_from), date.fromisoformat(fitted.trained_until)) == (data.first, data.last)
    assert fitted.trained_until < house.NIGHT.isoformat()


def test_its_figures_are_those_of_the_held_out_days_counted_one_by_one(fitted: Manifest) -> None:
    data = house.data()
    model = house.predicted().loaded[fitted.system_id]
    held = data.days >= held_from(data)
    spoken = model.speak(data.matrix(fitted.features)[held])
    over, push, _ = spoken.against(data.values["vegas_points_line"][held])
    misses, losses = [], []
    rows = zip(spoken.whole_median(), data.points[held], data.values["vegas_points_line"][held], over, push, strict=True)
    for whole, points, line, above, equal in rows:
        misses.append(abs(float(whole) - points))
        if not np.isnan(line) and points != line:
            chance = above / (1 - equal)
            losses.append(-np.log(chance if points > line else 1 - chance))
    assert fitted.metrics["mae"] == pytest.approx(np.mean(misses))
    assert fitted.metrics["lined_n"] == len(losses)
    assert fitted.metrics["lined_log_loss"] == pytest.approx(np.mean(losses))


def test_what_it_learnt_beats_knowing_nothing(fitted: Manifest) -> None:
    data = house.data()
    held = data.days >= held_from(data)
    blind = np.abs(shifted_line(np.full(held.sum(), np.median(data.points[~held]))) - data.points[held]).mean()
    assert fitted.metrics["mae"] < blind - 0.5


def test_it_is_in_the_registry_once_as_a_candidate(fitted: Manifest) -> None:
    warehouse = house.predicted().stage.warehouse
    [row] = warehouse.read("models.registry", system_id=fitted.system_id).to_pylist()
    assert (row["model_id"], row["sha256"], row["state"], row["rows"]) == (fitted.model_id, fitted.sha256, "candidate", fitted.rows)


def test_training_again_leaves_the_registry_as_it_was(tmp_path: Path) -> None:
    bench, bucket = bench_maker(tmp_path / "bench"), open_bucket(tmp_path.as_uri())
    system = house.systems()["moving_average"]
    for day in (0, 1):
        at = house.MORNING + timedelta(days=day)
        fit_system(bench.warehouse, bucket, system, house.data(), created_at=at, run_id=f"run {day}")
    row = bench.row("models.registry")
    assert (row["created_at"], row["run_id"]) == (house.MORNING, "run 0")


@pytest.mark.parametrize("days", [1, 2])
def test_rows_of_too_few_days_to_hold_some_out_are_not_ready(tmp_path: Path, days: int) -> None:
    data = house.data()
    first = data.days[data.size // 2]
    mine = (data.days >= first) & (data.days < first + np.timedelta64(days, "D"))
    few = DataSet(
        {name: values[mine] for name, values in data.values.items()},
        data.points[mine],
        data.days[mine],
        data.days[mine][0].item(),
        data.days[mine][-1].item(),
    )
    with pytest.raises(NotReady, match="of too few days") as refused:
        fit(tmp_path / "bench", house.systems()["catboost_v9"], few)
    assert "--window" in refused.value.hint


@pytest.mark.parametrize(("text", "days"), [("1095d", 1095), ("56d", 56), ("1d", 1), ("007d", 7)])
def test_a_window_is_a_number_of_days(text: str, days: int) -> None:
    assert parse_window(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "d", "0d", "000d", "-3d", "1.5d", "56", "56w", "56d ", " 56d", "1e3d", "²d", "٣d", "9999999999d"])
def test_any_other_window_is_bad_input_that_says_how_to_write_it(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_window(text)
    assert "1095d" in refused.value.hint
