"""Training as a recorded run: each system on its own window of one data set, all of them kept, and told while it goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.errors import BadInput, NotReady
from tipoff.flow.house import House, open_house
from tipoff.flow.speaking import loaded_fleet
from tipoff.flow.training import span_of, train_fleet
from tipoff.predict.artefacts import Manifest, load
from tipoff.predict.systems import System, systems_named
from tipoff.train.fit import fit_fleet
from tipoff.train.keep import keep_fleet
from train import practice_house
from train.invented_data import AVERAGE, LEAVES, POOL, SEASON_AVERAGE

NIGHT = practice_house.NIGHT


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The practice league on the afternoon of its night, nothing trained."""
    shutil.copy(practice_house.eve().warehouse.path, tmp_path / "warehouse.duckdb")
    settings = load_settings(data_dir=tmp_path, league="practice")
    with open_house(settings, ManualClock(practice_house.MORNING)) as found:
        yield found


def train(house: House, systems: list[System], until: date = NIGHT, window: str | None = None) -> list[Manifest]:
    trained = train_fleet(house, systems, until, window, lambda _: None)
    assert trained.refused == {}
    return trained.manifests


def test_it_keeps_what_a_fit_on_the_days_data_gives(house: House) -> None:
    """The same ids, and what is named in the registry loads."""
    systems = [AVERAGE, LEAVES, POOL]
    manifests = train(house, systems)
    fitted = fit_fleet(systems, practice_house.data(), NIGHT, threads=1)
    again = keep_fleet(house.warehouse, house.bucket, fitted, practice_house.data(), created_at=practice_house.MORNING, run_id="again")
    assert manifests == again
    rows = house.warehouse.read("models.registry").to_pylist()
    assert {row["model_id"] for row in rows} == {manifest.model_id for manifest in manifests}
    assert {(row["run_id"], row["created_at"]) for row in rows} == {(house.run_id, practice_house.MORNING)}
    assert [load(house.bucket, manifest.model_id).manifest for manifest in manifests] == manifests


def test_it_is_on_record_with_its_rows_and_systems(house: House) -> None:
    train(house, [AVERAGE, SEASON_AVERAGE])
    [run] = house.state.runs()
    assert (run.run_id, run.phase, run.game_date, run.status, run.error) == (house.run_id, "train", NIGHT, "complete", None)
    assert run.counts == {"rows": practice_house.data().size, "systems": 2, "refused": 0}


def test_the_data_and_each_system_are_told_of(house: House) -> None:
    told: list[int] = []
    train_fleet(house, [AVERAGE, SEASON_AVERAGE], NIGHT, None, told.append)
    assert told == [1, 1, 1]


def test_it_learns_nothing_of_the_day_that_it_trains_for_or_later(house: House) -> None:
    until = NIGHT - timedelta(days=4)
    for manifest in train(house, [AVERAGE, LEAVES], until):
        assert manifest.trained_until < until.isoformat()
        assert manifest.rows == len(practice_house.data().rows_of("1095d", until))


def test_each_system_learns_from_its_own_window(house: House) -> None:
    short = SEASON_AVERAGE.model_copy(update={"window": "12d"})
    this_season = LEAVES.model_copy(update={"window": "season"})
    long, mine, season = train(house, [AVERAGE, short, this_season])
    data = practice_house.data()
    assert [manifest.window for manifest in (long, mine, season)] == ["1095d", "12d", "season"]
    assert [manifest.rows for manifest in (long, mine, season)] == [data.size, len(data.rows_of("12d", NIGHT)), data.size]
    assert date.fromisoformat(mine.trained_from) >= NIGHT - timedelta(days=12) > date.fromisoformat(long.trained_from)


def test_a_window_that_is_given_is_that_of_all(house: House) -> None:
    """And of their recipes: a model of another window is another model."""
    manifests = train(house, [AVERAGE, LEAVES, POOL], window="12d")
    assert {manifest.window for manifest in manifests} == {"12d"}
    assert {manifest.rows for manifest in manifests} == {len(practice_house.data().rows_of("12d", NIGHT))}
    assert manifests[0].recipe_hash != AVERAGE.recipe_hash


@pytest.mark.parametrize("window", ["", "12", "0d", "12w", "this season"])
def test_a_window_that_is_none_is_refused_before_anything_is_recorded(house: House, window: str) -> None:
    with pytest.raises(BadInput, match="is no window") as refused:
        train(house, [AVERAGE], window=window)
    assert "season" in refused.value.hint
    assert all(run.status == "failed" for run in house.state.runs())


def test_too_little_to_learn_from_is_on_record_as_a_failure_with_its_cause(house: House) -> None:
    with pytest.raises(NotReady, match="rows to train on before") as refused:
        train(house, [AVERAGE], practice_house.FIRST + timedelta(days=16))
    [run] = house.state.runs()
    assert (run.status, run.error) == ("failed", str(refused.value))
    assert house.warehouse.read("models.registry").num_rows == 0


def test_one_that_has_too_little_to_learn_from_is_told_with_its_reason_and_the_others_are_kept(house: House) -> None:
    short = LEAVES.model_copy(update={"window": "3d"})
    trained = train_fleet(house, [AVERAGE, SEASON_AVERAGE, short, POOL], NIGHT, None, lambda _: None)
    assert [manifest.system_id for manifest in trained.manifests] == ["average", "season_average"]
    assert trained.refused["leaves"].startswith("Only ")
    assert trained.refused["pool"].startswith("pool waits for its members leaves.")
    [run] = house.state.runs()
    assert (run.status, run.counts["systems"], run.counts["refused"]) == ("complete", 2, 2)
    assert run.counts["why"] == "; ".join(f"{name}: {why}" for name, why in trained.refused.items())


def test_where_none_can_be_trained_it_is_a_failure_with_each_cause(house: House) -> None:
    with pytest.raises(NotReady, match="No system could be trained") as refused:
        train(house, [LEAVES.model_copy(update={"window": "3d"}), POOL])
    assert "rows to train on before" in refused.value.hint
    assert "pool waits for its members" in refused.value.hint
    assert [run.status for run in house.state.runs()] == ["failed"]
    assert house.warehouse.read("models.registry").num_rows == 0


def test_training_again_on_the_same_adds_nothing(house: House) -> None:
    first = train(house, [AVERAGE])
    before = house.warehouse.read("models.registry")
    assert train(replace(house, run_id="another run"), [AVERAGE]) == first
    assert house.warehouse.read("models.registry").equals(before)


@pytest.mark.parametrize(("window", "days"), [("1095d", 1095), ("56d", 56), ("1d", 1), ("007d", 7), ("season", 366)])
def test_how_far_back_a_window_reaches(window: str, days: int) -> None:
    assert span_of(window) == timedelta(days=days)


def test_where_no_model_can_be_used_each_says_why(house: House) -> None:
    """It used to be said that none was trained."""
    made = train(house, systems_named(["moving_average"]))[0]
    house.bucket.delete(made.artefact)
    with pytest.raises(NotReady, match=f"None of the models that serve can be used: The model {made.model_id} is in the registry"):
        loaded_fleet(house, NIGHT)


def test_a_night_of_the_past_is_spoken_of_by_the_model_that_had_not_learnt_from_it(house: House) -> None:
    """And by nobody where all had: the night's own points would stand behind what is said of it."""
    average, before = systems_named(["moving_average"]), NIGHT - timedelta(days=3)
    newest = train(house, average)[0].model_id
    with pytest.raises(NotReady, match=f"Every model on record had learnt from {before}, or from later days") as refused:
        loaded_fleet(house, before)
    assert refused.value.hint == f"Run `tipoff train --until {before}` first."
    older = train(house, average, before)[0].model_id
    for day, model_id in ((before, older), (NIGHT, newest)):
        assert {loaded.manifest.model_id for _, loaded, _ in loaded_fleet(house, day) if loaded} == {model_id}
