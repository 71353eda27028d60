"""A house copied from a laptop to a shared warehouse and bucket, and back: every row as it stood."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from s3 import S3
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.errors import Conflict, LeagueMismatch
from tipoff.flow.copying import copy_house
from tipoff.flow.house import House, open_house
from tipoff.store.bucket import open_place, read
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.postgres import PostgresWarehouse, close_pools
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Warehouse


def contents(warehouse: Warehouse) -> dict[str, pa.Table]:
    """Every row of every table, by key."""
    found = {}
    with warehouse.reading() as work:
        for table in ALL:
            rows = work.fetch(work.table(table.name)).select(list(table.column_names)).cast(table.arrow_schema)
            found[table.name] = rows.sort_by([(name, "ascending") for name in table.key])
    return found


@pytest.fixture
def shared(postgres: str) -> Iterator[PostgresWarehouse]:
    yield PostgresWarehouse(postgres)
    close_pools()


@pytest.fixture
def house(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> Iterator[House]:
    (folder := tmp_path / "laptop").mkdir()
    shutil.copyfile(league_warehouse.path, folder / "warehouse.duckdb")
    with open_house(load_settings(data_dir=folder), SystemClock()) as found:
        found.vault.put(b"a payload")
        yield found


def test_there_and_back_every_row_is_as_it_was_with_who_wrote_it_and_when(
    house: House, shared: PostgresWarehouse, s3: S3, tmp_path: Path
) -> None:
    before = contents(house.warehouse)
    bucket = open_place(s3.fresh())
    there = copy_house(house, shared, bucket)
    assert (there.objects, sum(there.rows.values())) == (1, sum(rows.num_rows for rows in before.values()))
    assert contents(shared) == before

    back = DuckDBWarehouse(tmp_path / "back" / "warehouse.duckdb")
    with open_house(load_settings(data_dir=tmp_path / "other"), SystemClock()) as other:
        copy_house(replace(other, warehouse=shared, bucket=bucket), back, open_place(str(tmp_path / "bucket")))
    assert contents(back) == before
    [path] = [entry["path"] for chunk in bucket.list() for entry in chunk]
    assert read(open_place(str(tmp_path / "bucket")), path) == read(house.bucket, path)


def test_what_is_there_already_is_not_copied_over_without_a_word(house: House, shared: PostgresWarehouse) -> None:
    copy_house(house, shared, None)
    with pytest.raises(Conflict, match="is not empty"):
        copy_house(house, shared, None)
    before = contents(shared)
    copy_house(house, shared, None, replace=True)
    assert contents(shared) == before


def test_one_league_is_not_copied_into_another(house: House, shared: PostgresWarehouse) -> None:
    with house.warehouse.writing("test") as work:
        if work.league() is None:
            work.claim_league("practice")
    league = house.warehouse.league()
    with shared.writing("test") as work:
        work.claim_league("nba" if league == "practice" else "practice")
    with pytest.raises(LeagueMismatch):
        copy_house(house, shared, None, replace=True)
