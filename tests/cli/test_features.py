"""`tipoff features`: what the commands print is what the room says; a slate that is stopped ends with its own exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from faults.command import tipoff
from features.small_league import HERO, NIGHT, THIS_SEASON
from tipoff.features.reference import reference_page
from tipoff.features.registry import QUALITY, feature_set
from tipoff.store.duckdb import DuckDBWarehouse

FIT, STOPPED = THIS_SEASON[-3], 9


@pytest.fixture(scope="module")
def data_dir(league_warehouse: DuckDBWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small league where the command looks for its warehouse."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copy(league_warehouse.path, folder / "warehouse.duckdb")
    return folder


def test_features_are_listed_by_set_and_one_is_shown_by_its_index() -> None:
    listed = json.loads(tipoff("features", "list", "--set", "v9", "--json").stdout)
    assert [item["name"] for item in listed] == list(feature_set("v9"))
    shown = json.loads(tipoff("features", "show", "f41", "--json").stdout)
    assert (shown["name"], shown["qualities"]) == ("spread_magnitude", QUALITY)
    assert "spread_magnitude" in tipoff("features", "show", "F41").stdout


def test_an_unknown_feature_set_or_run_mode_is_refused_with_what_there_is() -> None:
    assert "Perhaps opponent_pace" in tipoff("features", "show", "opponent_pase", expect=4).stderr
    assert "v12_noveg" in tipoff("features", "list", "--set", "v13", expect=4).stderr
    assert "final_retry" in tipoff("features", "check", str(NIGHT), "--run-mode", "whenever", expect=4).stderr


def test_the_reference_page_is_printed_and_written(tmp_path: Path) -> None:
    assert tipoff("features", "reference").stdout == reference_page()
    tipoff("features", "reference", "--write", tmp_path / "features.md")
    assert (tmp_path / "features.md").read_text(encoding="utf-8") == reference_page()


def test_a_stopped_slate_is_told_whole_and_ends_with_the_errors_own_exit_code(data_dir: Path) -> None:
    before = (data_dir / "warehouse.duckdb").read_bytes()
    done = tipoff("features", "check", str(NIGHT), "--data-dir", data_dir, "--json", expect=STOPPED)
    told = json.loads(done.stdout)
    assert (told["fit"], [alert["feature"] for alert in told["red_alerts"]]) == (False, ["team_pace"])
    assert all(player["why"] and player["mended_by"] for player in told["players"])
    assert "SlateStopped: The slate is stopped by team_pace" in done.stderr
    assert (data_dir / "warehouse.duckdb").read_bytes() == before


def test_one_player_is_explained_by_one_command(data_dir: Path) -> None:
    done = tipoff("features", "check", str(NIGHT), "--data-dir", data_dir, "--player", HERO, expect=STOPPED)
    for word in ("The gate is closed", "red alert: team_pace", "newest input of", "points_avg_last_5", "calculated"):
        assert word in done.stdout, word
    (told,) = json.loads(tipoff("features", "check", str(NIGHT), "--data-dir", data_dir, "--player", HERO, "--json", expect=STOPPED).stdout)
    assert len(told["features"]) == 65


def test_a_fit_slate_ends_well_and_an_unknown_day_or_player_does_not(data_dir: Path) -> None:
    assert "Nothing stops the slate" in tipoff("features", "check", str(FIT), "--data-dir", data_dir).stdout
    assert "tipoff coverage" in tipoff("features", "check", "2030-01-01", "--data-dir", data_dir, expect=4).stderr
    assert "Perhaps" in tipoff("features", "check", str(NIGHT), "--data-dir", data_dir, "--player", "bos", expect=4).stderr


def test_readiness_is_told_by_week(data_dir: Path) -> None:
    span = ("--start", THIS_SEASON[0], "--end", THIS_SEASON[-1], "--data-dir", data_dir)
    told = json.loads(tipoff("features", "readiness", *map(str, span), "--json").stdout)
    assert [week["week"] for week in told["weeks"]] == sorted({week["week"] for week in told["weeks"]})
    assert all(week["ready"]["n"] == week["lined"] for week in told["weeks"])
    assert "held back by" in tipoff("features", "readiness", *map(str, span)).stdout
