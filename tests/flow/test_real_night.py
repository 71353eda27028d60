"""One real night, end to end, on the archive: what is known of 2025-11-05 must come out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from once import made_once
from tipoff.analyze.slate import games_between
from tipoff.features.build import build
from tipoff.predict.systems import fleet
from tipoff.store.duckdb import DuckDBWarehouse

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real archive is not beside the project")


def tipoff(folder: Path, *arguments: str) -> Any:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    command = (sys.executable, "-m", "tipoff", *arguments, "--json", "--data-dir", str(folder / "data"))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=clean)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def make(folder: Path) -> None:
    """A data directory with the whole archive imported, the payloads loaded, the fleet trained for the night on a year and a bit, and the
    night: what was said of it is beside."""
    imported = tipoff(folder, "import", str(DATA / "archive"))
    assert all(item["unused"] or item["counts"]["rows_inserted"] for item in imported["files"])
    tipoff(folder, "load", "--payloads", str(DATA / "payloads" / "odds-api"))
    tipoff(folder, "train", "--until", "2025-11-05", "--window", "400d")
    (folder / "night.json").write_text(json.dumps(tipoff(folder, "night", "2025-11-05")))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it. It takes minutes to make, and these tests may be run by several processes."""
    folder = tmp_path_factory.mktemp("real")
    shutil.copytree(made_once("real-night", make), folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def night(house: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((house / "night.json").read_text())
    return found


def test_loading_every_payload_a_second_time_adds_nothing(house: Path) -> None:
    again = tipoff(house, "load", "--payloads", str(DATA / "payloads" / "odds-api"))
    assert (again["already_loaded"], again["documents"], again["rows_inserted"], again["rows_updated"]) == (2345, 0, 0, 0)


def test_the_night_finds_its_games_and_everybody_with_a_line(night: dict[str, Any]) -> None:
    assert night["games"] == 11
    assert night["lined_by_kind"]["sportsbook"] == 151
    assert night["lined"] == 165


def test_each_system_predicts_at_least_120_of_them_and_every_other_has_a_reason(house: Path, night: dict[str, Any]) -> None:
    assert set(night["predicted_lined"]) == set(fleet())
    for system, predicted in night["predicted_lined"].items():
        assert predicted >= 120, system
    document = json.loads((house / "data" / "v1" / "tonight" / "2025-11-05.json").read_text(encoding="utf-8"))
    players = [player for game in document["games"] for player in game["players"]]
    assert len(players) == night["players"]
    for player in players:
        said = {prediction["system_id"] for prediction in player["predictions"]}
        absent = {absence["system_id"] for absence in player["absences"]}
        assert said | absent == set(night["predicted_lined"]), player["player_lookup"]
        assert not said & absent


def test_the_night_after_grades_every_prediction_and_voids_who_did_not_play(house: Path, night: dict[str, Any]) -> None:
    graded = tipoff(house, "grade", "2025-11-05")
    for record in graded["systems"]:
        assert record["predictions"] == night["predicted"][record["system_id"]]
        assert record["n_error"] + record["void"] == record["predictions"]
        assert record["void"] > 0
        assert record["won"] + record["lost"] + record["push"] <= night["recommended"][record["system_id"]]
    again = tipoff(house, "grade", "2025-11-05")
    assert again["systems"] == graded["systems"], "grading again replaces"


AFTER_THE_LAST_TIP = "known_at > TIMESTAMPTZ '2025-11-06 03:10:00+00'"
CHANGES = {
    "deleted": [f"DELETE FROM {table} WHERE {AFTER_THE_LAST_TIP}" for table in ("raw.player_box", "raw.schedule", "raw.injuries")]
    + [f"DELETE FROM {table} WHERE {AFTER_THE_LAST_TIP}" for table in ("raw.odds_player_points", "raw.odds_game_lines")],
    "altered": [
        f"UPDATE raw.player_box SET points = points * 3, minutes = minutes / 2, team = opponent WHERE {AFTER_THE_LAST_TIP}",
        f"UPDATE raw.odds_player_points SET point = point + 10, is_main = NOT is_main WHERE {AFTER_THE_LAST_TIP}",
        f"UPDATE raw.odds_game_lines SET point = -point WHERE {AFTER_THE_LAST_TIP}",
        f"UPDATE raw.injuries SET status = 'out' WHERE {AFTER_THE_LAST_TIP}",
        f"UPDATE raw.schedule SET status = 'cancelled', home_score = 0 WHERE {AFTER_THE_LAST_TIP}",
    ],
}


@pytest.fixture(scope="module")
def before(house: Path) -> pa.Table:
    return features_of_the_night(house / "data" / "warehouse.duckdb")


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_no_feature_of_the_night_changes_when_everything_after_the_tips_is(
    change: str, house: Path, before: pa.Table, tmp_path: Path
) -> None:
    copy = tmp_path / "warehouse.duckdb"
    shutil.copy(house / "data" / "warehouse.duckdb", copy)
    with duckdb.connect(str(copy)) as connection:
        counts = [connection.execute(statement).fetchone() for statement in CHANGES[change]]
    assert sum(row[0] for row in counts if row) > 10_000, "the change must bite"
    after = features_of_the_night(copy)
    assert before.num_rows > 400
    for name in before.column_names:
        assert before.column(name).equals(after.column(name)), name


def features_of_the_night(path: Path) -> pa.Table:
    with DuckDBWarehouse(path).reading() as work:
        return build(work, games_between(work, date(2025, 11, 5), date(2025, 11, 5))).to_arrow()
