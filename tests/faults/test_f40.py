"""F40 A loader's query fails: its phase fails. It never yields an empty frame."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from faults.nights import SAID, evening
from tipoff.features.build import build
from tipoff.store.duckdb import DuckDBWarehouse


@pytest.mark.parametrize(("table", "phase"), [("raw.injury_submissions", "analyze"), ("ref.sources", "features")])
def test_f40_a_table_that_cannot_be_read_fails_its_phase_and_nothing_is_published_as_empty(tmp_path: Path, table: str, phase: str) -> None:
    lost = table.partition(".")[2]
    with evening(tmp_path) as tonight:
        tonight.spoil("DELETE FROM features.store", f"DROP TABLE {table}")
        with pytest.raises(Exception, match=lost):
            tonight.night()
        runs = tonight.runs()
        assert runs[phase].status == "failed"
        assert lost in str(runs[phase].error)
        assert "predict" not in runs
        assert [tonight.rows(name) for name in ("features.store", *SAID)] == [[], [], []]
        document = tonight.document()
        assert document.state == "broken"
        assert lost in str(document.state_detail)


@pytest.mark.parametrize("table", ["raw.schedule", "raw.player_box", "raw.odds_player_points", "raw.injuries"])
def test_f40_a_query_that_fails_fails_the_build(league_warehouse: DuckDBWarehouse, tmp_path: Path, table: str) -> None:
    path = tmp_path / "broken.duckdb"
    shutil.copy(league_warehouse.path, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DROP TABLE {table}")
    with DuckDBWarehouse(path).reading() as work, pytest.raises(Exception, match=table.partition(".")[2]):
        build(work, ["20251206_BOS_CHI"])
