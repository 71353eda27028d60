"""Commands as a script would use them: exit codes, JSON, errors that say what to do next."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import commands


def tipoff(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return commands.run(*arguments, cwd=cwd, environment=variables)


def test_it_tells_which_version_it_is(tmp_path: Path) -> None:
    done = tipoff("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"tipoff {version('tipoff')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(("night", "2025-11-05"), 4, "No game of 2025-11-05 is known", id="a night without games"),
        pytest.param(("night", "soon"), 4, "'soon' is not a date", id="a date that is none"),
        pytest.param(("night", "2025-11-05", "--as-of", "2025-11-05T20:00:00"), 4, "no time zone", id="a moment without a zone"),
        pytest.param(("night", "2025-11-05", "--run-mode", "whenever"), 4, "no run mode", id="an unknown run mode"),
        pytest.param(("grade", "2025-11-05"), 5, "no predictions", id="nothing to grade"),
        pytest.param(("train", "--until", "2025-11-05"), 5, "rows to train on", id="nothing to learn from"),
        pytest.param(("train", "--window", "soon"), 4, "is no window", id="a window that is none"),
        pytest.param(("train", "--systems", "oracle"), 3, "No system is called oracle", id="an unknown system"),
        pytest.param(("import", "nowhere.parquet"), 4, "There is no nowhere.parquet", id="a file that is not there"),
        pytest.param(("load", "--payloads", "nowhere"), 4, "There is no folder nowhere", id="a folder that is not there"),
        pytest.param(("scrape", "--kind", "assists"), 4, "assists: no such kind", id="a kind of document that is none"),
        pytest.param(("grade", "0205-11-05"), 4, "lies in no season", id="a year in which nobody plays"),
        pytest.param(
            ("backtest", "--start", "2025-11-05", "--end", "2025-11-05", "--json", "."), 4, "as a file", id="a folder for figures"
        ),
        pytest.param(("maintain", "--keep", "99999999999d"), 4, "no number of days", id="more days than there are"),
        pytest.param(
            ("leakcheck", "--start", "2025-11-05", "--end", "2025-11-05", "--as-of-offset", "nan"), 4, "at a tip or before", id="no hours"
        ),
        pytest.param(("tables", "raw.nothing"), 4, "No table is called", id="an unknown table"),
    ],
)
def test_an_error_names_what_is_wrong_and_the_next_thing_to_do(tmp_path: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = tipoff(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "->" in done.stderr
    assert "Traceback" not in done.stderr


def test_play_by_play_that_is_switched_off_is_not_asked_for_and_says_so(tmp_path: Path) -> None:
    done = tipoff("scrape", "--kind", "shots", cwd=tmp_path, TIPOFF_PLAY_BY_PLAY="false")
    assert (done.returncode, "shots: switched off" in done.stderr) == (4, True), done.stderr
    assert "play_by_play" in done.stderr


def test_status_before_anything_has_run_says_where_to_begin(tmp_path: Path) -> None:
    done = tipoff("status", cwd=tmp_path)
    assert done.returncode == 0
    assert "tipoff demo" in done.stdout
    told = json.loads(tipoff("status", "--json", cwd=tmp_path).stdout)
    assert told.pop("credits") == {"day": 0, "month": 0, "day_limit": None, "month_limit": None, "remaining": None}
    assert told.pop("game_date")
    assert "none are known" in told.pop("verdict")["sentence"]
    assert told == {name: [] for name in ("alerts", "runs", "batches", "workers", "expected", "dead_letters", "undelivered")}


def test_config_shows_each_value_with_its_origin_and_never_a_secret(tmp_path: Path) -> None:
    (tmp_path / "tipoff.toml").write_text("port = 9000\n", encoding="utf-8")
    secrets = {"TIPOFF_ODDS_API_KEY": "very-secret-key", "TIPOFF_DATABASE": "postgresql://me:hidden@host/db"}
    done = tipoff("config", "--json", "--data-dir", "here", cwd=tmp_path, **secrets)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert (rows["data_dir"]["value"], rows["data_dir"]["origin"]) == ("here", "command line")
    assert (rows["port"]["value"], rows["port"]["origin"]) == ("9000", "tipoff.toml")
    assert rows["odds_api_key"] | {"description": ""} == {
        "name": "odds_api_key",
        "value": "******",
        "origin": "environment (TIPOFF_ODDS_API_KEY)",
        "description": "",
    }
    assert "very-secret-key" not in done.stdout
    assert "hidden" not in done.stdout


def test_tables_prints_every_table_with_key_unit_and_description(tmp_path: Path) -> None:
    listed = json.loads(tipoff("tables", "--json", cwd=tmp_path).stdout)
    assert {"raw.player_box", "features.store", "predictions.player_prop_predictions"} <= {table["name"] for table in listed}
    for table in listed:
        assert table["key"]
        assert all(column["description"] for column in table["columns"])
    assert "pts" in tipoff("tables", "raw.odds_player_points", cwd=tmp_path).stdout


def test_a_misspelt_setting_is_refused_by_name(tmp_path: Path) -> None:
    done = tipoff("config", cwd=tmp_path, TIPOFF_DATADIR="x")
    assert done.returncode == 3
    assert "TIPOFF_DATADIR is not a setting" in done.stderr


def test_help_imports_nothing_heavy() -> None:
    probe = "import sys, tipoff.cli; print([name for name in ('ibis', 'duckdb', 'pandas', 'catboost', 'fastapi') if name in sys.modules])"
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
