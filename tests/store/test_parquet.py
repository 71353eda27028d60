"""Tables as Parquet: other engines read back the rows of the warehouse, and writing again replaces."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from s3 import S3
from tipoff.errors import BadInput
from tipoff.store import parquet
from tipoff.store.bucket import listed, open_bucket, open_place, read
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.parquet import Written, export, tables_of
from tipoff.store.schema import Table
from tipoff.store.tables import ALL, table_named

BOX, LEAGUE = table_named("raw.player_box"), table_named("ref.league")


def written(warehouse: DuckDBWarehouse, place: str, *tables: Table, since: date | None = None) -> list[Written]:
    return list(export(warehouse, open_place(place), list(tables or ALL), since))


def expected(warehouse: DuckDBWarehouse, table: Table) -> pa.Table:
    with warehouse.reading() as work:
        return in_order(table, work.fetch(work.table(table.name)))


def in_order(table: Table, rows: pa.Table) -> pa.Table:
    shaped = rows.select(list(table.column_names)).cast(table.arrow_schema)
    return shaped.sort_by([(name, "ascending") for name in table.key])


def by_duckdb(folder: Path, table: Table) -> pa.Table:
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        found = f"read_parquet('{folder}/{table.dataset}/{table.short_name}/**/*.parquet', hive_partitioning = true)"
        return in_order(table, engine.execute(f"SELECT * FROM {found}").to_arrow_table())


def by_pyarrow(folder: Path, table: Table) -> pa.Table:
    hive = ds.partitioning(pa.schema([("game_date", pa.date32())]), flavor="hive")
    return in_order(table, ds.dataset(folder / table.dataset / table.short_name, format="parquet", partitioning=hive).to_table())


def test_other_engines_read_the_rows_of_every_table(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    told = {one.table: one for one in written(league_warehouse, str(tmp_path))}
    filled = [table for table in ALL if told[table.name].rows]
    assert {"raw.odds_player_points", "raw.player_box", "raw.schedule"} <= {table.name for table in filled}
    for table in filled:
        rows = expected(league_warehouse, table)
        assert told[table.name].rows == rows.num_rows
        assert by_duckdb(tmp_path, table) == rows, table.name
        if "game_date" in table.column_names:
            assert by_pyarrow(tmp_path, table) == rows, table.name


def test_instants_are_microseconds_of_utc_and_files_are_zstd(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    written(league_warehouse, str(tmp_path), BOX)
    file = pq.ParquetFile(next(tmp_path.rglob("*.parquet")))
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    known = file.schema.column(file.schema_arrow.names.index("known_at")).logical_type
    assert "isAdjustedToUTC=true, timeUnit=microseconds" in str(known)


def test_writing_again_gives_the_same_bytes_and_doubles_nothing(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    written(league_warehouse, str(tmp_path), BOX)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    (again,) = written(league_warehouse, str(tmp_path), BOX)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before
    assert again.removed == 0


def test_a_day_of_many_rows_is_several_files(league_warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "CELLS_A_FILE", 7 * len(BOX.columns))
    (told,) = written(league_warehouse, str(tmp_path), BOX)
    assert by_duckdb(tmp_path, BOX) == expected(league_warehouse, BOX)
    assert max(pq.read_metadata(path).num_rows for path in tmp_path.rglob("*.parquet")) == 7
    assert told.files > told.rows / 7
    monkeypatch.undo()
    (whole,) = written(league_warehouse, str(tmp_path), BOX)
    assert whole.removed > 0
    assert by_duckdb(tmp_path, BOX) == expected(league_warehouse, BOX)


def test_since_leaves_earlier_days_alone(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    days = sorted(set(expected(league_warehouse, BOX).column("game_date").to_pylist()))
    since = days[len(days) // 2]
    (told,) = written(league_warehouse, str(tmp_path), BOX, since=since)
    assert sorted(path.name for path in (tmp_path / "raw" / "player_box").iterdir()) == [f"game_date={day}" for day in days if day >= since]
    written(league_warehouse, str(tmp_path), BOX)
    assert written(league_warehouse, str(tmp_path), BOX, since=since) == [told]
    assert by_duckdb(tmp_path, BOX) == expected(league_warehouse, BOX)


def test_files_of_others_in_the_folder_are_left_alone(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    (mine := tmp_path / "raw" / "player_box" / "notes.txt").parent.mkdir(parents=True)
    mine.write_text("mine")
    written(league_warehouse, str(tmp_path), BOX)
    assert mine.read_text() == "mine"


def test_a_bucket_takes_the_same_files_as_a_folder(league_warehouse: DuckDBWarehouse, tmp_path: Path, s3: S3) -> None:
    url = s3.fresh("lake")
    written(league_warehouse, url, BOX, LEAGUE)
    written(league_warehouse, str(tmp_path), BOX, LEAGUE)
    bucket = open_bucket(url)
    found = {entry["path"]: read(bucket, entry["path"]) for entry in listed(bucket, "")}
    assert found == {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.parquet")}


def test_a_name_that_no_table_has_is_refused() -> None:
    with pytest.raises(BadInput, match=r"no table or dataset 'raw\.boxes'"):
        tables_of(["raw.boxes"], [])
    assert {table.dataset for table in tables_of([], ["ref"])} == {"ref"}


def test_the_command_writes_what_is_asked_for(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    house = str(league_warehouse.path.parent)
    arguments = ("export", "parquet", str(tmp_path), "--table", "raw.player_box", "--data-dir", house, "--json")
    done = subprocess.run((sys.executable, "-m", "tipoff", *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert by_duckdb(tmp_path, BOX) == expected(league_warehouse, BOX)
