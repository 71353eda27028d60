"""The builder against the slow reference on real rows: two weeks of November 2025, of an archive that is not part of the project."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.built_rows import disagreements, rows_by_key
from features.raw_rows import Raw, rows_of
from features.slow import Slow
from tipoff.features.build import Built, build
from tipoff.features.leakcheck import leakcheck
from tipoff.load.imports import import_file, plan
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "archive"
SINCE, FIRST, LAST = date(2025, 3, 15), date(2025, 11, 3), date(2025, 11, 16)
FILES = {"games": SINCE, "player_box": SINCE, "game_lines": FIRST, "props_points_oddsapi_mylesthomas": FIRST}
SAMPLED_ROWS = 150

pytestmark = pytest.mark.skipif(not ARCHIVE.is_dir(), reason=f"the real archive is not at {ARCHIVE}")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """Games and box scores since March, lines of the two weeks."""
    folder = tmp_path_factory.mktemp("real")
    paths = []
    for name, since in FILES.items():
        rows = pq.read_table(ARCHIVE / f"{name}.parquet")
        day = rows.column("game_date")
        paths.append(folder / f"{name}.parquet")
        pq.write_table(rows.filter(pc.and_(pc.greater_equal(day, since), pc.less_equal(day, LAST))), paths[-1])
    warehouse, vault = DuckDBWarehouse(folder / "warehouse.duckdb"), Vault(open_bucket((folder / "bucket").as_uri()))
    for path, mapping in plan(paths):
        done = import_file(
            warehouse, vault, path, mapping, league="nba", level_points=4.0, run_id="real", seen_at=datetime(2025, 12, 1, tzinfo=UTC)
        )
        assert done.rows > 0
    return warehouse


@pytest.fixture(scope="module")
def raw(warehouse: DuckDBWarehouse) -> Raw:
    return rows_of(warehouse)


@pytest.fixture(scope="module")
def built(warehouse: DuckDBWarehouse, raw: Raw) -> Built:
    ids = sorted({row["game_id"] for row in raw["raw.schedule"] if FIRST <= row["game_date"] <= LAST})
    with warehouse.reading() as work:
        return build(work, ids)


def test_every_recipe_agrees_with_the_reference_on_real_rows(built: Built, raw: Raw) -> None:
    slow, rows = Slow(raw), rows_by_key(built)
    sample = sorted(rows)[:: max(len(rows) // SAMPLED_ROWS, 1)]
    assert len(sample) >= SAMPLED_ROWS
    assert len({game for game, _ in sample}) > 50
    assert [fault for key in sample for fault in disagreements(rows[key], slow.features(*key))] == []


def test_real_rows_hold_lines_and_fallbacks_and_nothing_newer_than_their_moment(built: Built) -> None:
    rows = rows_by_key(built)
    lined = [row for row in rows.values() if row["has_vegas_line"]]
    assert len(lined) > 1000
    assert {row["vegas_points_line_source"] for row in lined} == {"odds"}
    assert {row["injury_risk"] for row in rows.values()} == {None}  # no report was imported, and none is made up
    assert all("injury_risk" in row["waived"] for row in rows.values())
    assert [key for key, row in rows.items() if row["newest_known_at"] and row["newest_known_at"] > row["as_of"]] == []


def test_hardly_a_real_value_is_out_of_range(built: Built) -> None:
    strays = {name: count for name, count in built.out_of_range.items() if count > 0.02 * built.size}
    assert strays == {}


def test_the_builder_passes_the_leak_check_on_a_real_night(warehouse: DuckDBWarehouse) -> None:
    checked = leakcheck(warehouse, date(2025, 11, 12), date(2025, 11, 12))
    assert checked.findings == ()
    assert min(compared.rows for compared in checked.compared.values()) > 100
