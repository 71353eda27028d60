"""F55, its first half: a planted leak in a feature is found by the leak check and named. (All ten are planted in `features`.)"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from faults.command import tipoff
from features.planted import LEAKS, planted
from features.small_league import NIGHT
from tipoff.features.leakcheck import leakcheck
from tipoff.store.duckdb import DuckDBWarehouse


def test_f55_the_command_passes_on_the_builder_and_says_how_much_it_compared(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    shutil.copy(league_warehouse.path, tmp_path / "warehouse.duckdb")
    span = ("--start", str(NIGHT), "--end", str(NIGHT), "--as-of-offset", "0", "--data-dir", tmp_path)
    told = json.loads(tipoff("leakcheck", *span, "--json").stdout)
    assert told["findings"] == []
    assert (told["days"], told["moments"], told["features"]) == (1, 1, 65)
    assert {"truncated", "rewritten", "delayed"} <= told["compared"].keys()
    assert all(compared["builds"] >= 1 and compared["rows"] > 10 for compared in told["compared"].values())


def test_f55_a_span_without_games_says_what_to_do(tmp_path: Path) -> None:
    done = tipoff("leakcheck", "--start", "2025-12-06", "--end", "2025-12-06", "--data-dir", tmp_path, expect=4)
    assert "No game from 2025-12-06" in done.stderr
    assert "tipoff coverage" in done.stderr


def test_f55_a_planted_leak_is_named_with_its_table_and_rows(league_warehouse: DuckDBWarehouse) -> None:
    leak = LEAKS[0]
    checked = leakcheck(league_warehouse, NIGHT, NIGHT, builder=planted(leak))
    assert {(finding.feature, finding.table) for finding in checked.findings} == {(leak.feature, leak.table)}
    assert all(finding.rows[0].player_lookup and finding.count >= len(finding.rows) for finding in checked.findings)
