"""Back-up and restore: what is brought back is what was there, and nothing half is taken for whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from postgres import Postgres
from s3 import S3, Forwarder
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.errors import BadInput, Conflict, StorageError
from tipoff.flow.backup import MANIFEST, ROOTS, Manifest, back_up, restore
from tipoff.flow.backup_state import rows_of_state
from tipoff.flow.copying import copy_house
from tipoff.flow.house import House, open_house
from tipoff.store.bucket import listed, open_place, put_whole, read
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.postgres import close_pools
from tipoff.store.tables import ALL

NOW = datetime(2026, 1, 28, 12, tzinfo=UTC)
DAY = date(2026, 1, 28)
FILE, ROWS = ("file", "file"), ("rows", "rows")


@dataclass(frozen=True)
class Contents:
    """All that a house holds."""

    tables: dict[str, pa.Table]
    state: dict[str, bytes]
    objects: dict[str, bytes]
    status: list[str]


def contents(house: House) -> Contents:
    with house.warehouse.reading() as work:
        tables = {}
        for table in ALL:
            rows = work.fetch(work.table(table.name)).select(list(table.column_names)).cast(table.arrow_schema)
            tables[table.name] = rows.sort_by([(name, "ascending") for name in table.key])
    objects = {entry["path"]: read(house.bucket, entry["path"]) for root in ROOTS for entry in listed(house.bucket, root)}
    return Contents(tables, dict(rows_of_state(house.state)), objects, [repr(run) for run in house.state.runs()])


@contextmanager
def house_in(folder: Path, bucket: str | None = None, database: str | None = None, warehouse: str | None = None) -> Iterator[House]:
    settings = load_settings(data_dir=folder, bucket=bucket, database=database, warehouse=warehouse)
    with open_house(settings, ManualClock(NOW)) as house:
        yield house


def furnish(house: House) -> None:
    for number in range(20):
        house.vault.put(f"payload {number}".encode())
    put_whole(house.bucket, "v1/status.json", b"{}\n")
    put_whole(house.bucket, "models/m/model.txt", b"a tree\n")
    with house.state.phase("run-1", "scrape", DAY) as recorded:
        recorded.counts["rows"] = 3
    house.publish_status()


@pytest.fixture
def furnished(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> Path:
    (folder := tmp_path / "house").mkdir()
    shutil.copyfile(league_warehouse.path, folder / "warehouse.duckdb")
    with house_in(folder) as house:
        furnish(house)
    return folder


def backed_up(folder: Path, to: str, *, portable: bool = False, bucket: str | None = None) -> Manifest:
    with house_in(folder, bucket) as house:
        return back_up(house, open_place(to), portable=portable)


def restored(folder: Path, source: str, bucket: str | None = None) -> Contents:
    with house_in(folder, bucket) as house:
        restore(house, open_place(source))
        return contents(house)


def test_what_was_destroyed_comes_back_as_it_was(furnished: Path, tmp_path: Path) -> None:
    with house_in(furnished) as house:
        before = contents(house)
    manifest = backed_up(furnished, str(tmp_path / "kept"))
    assert (manifest.warehouse, manifest.state) == FILE
    assert before.tables["raw.player_box"].num_rows
    shutil.rmtree(furnished)
    assert restored(furnished, str(tmp_path / "kept")) == before
    assert not list(furnished.glob("restor*"))


def test_rows_come_back_as_they_were(furnished: Path, tmp_path: Path) -> None:
    manifest = backed_up(furnished, str(tmp_path / "kept"), portable=True)
    assert (manifest.warehouse, manifest.state) == ROWS
    with house_in(furnished) as house:
        before = contents(house)
    assert restored(tmp_path / "other", str(tmp_path / "kept")) == before


def test_a_shared_house_is_backed_up_destroyed_and_restored(furnished: Path, tmp_path: Path, postgres_server: Postgres, s3: S3) -> None:
    """Warehouse and state on Postgres, objects in a bucket: into new ones."""
    kept, first, second = s3.fresh("kept"), postgres_server.fresh(), postgres_server.fresh()
    with house_in(furnished) as laptop:
        ours = s3.fresh()
        with house_in(tmp_path / "a", ours, first, first) as house:
            copy_house(laptop, house.warehouse, house.bucket)
            furnish(house)
            before = contents(house)
            assert back_up(house, open_place(kept)).warehouse == "rows"
    close_pools()
    postgres_server.drop(first)
    with house_in(tmp_path / "b", s3.fresh("again"), second, second) as house:
        restore(house, open_place(kept))
        assert contents(house) == before
    close_pools()
    postgres_server.drop(second)


def test_state_in_rows_comes_back_in_postgres_and_counts_on(furnished: Path, tmp_path: Path, postgres: str) -> None:
    with house_in(furnished) as house:
        before = dict(rows_of_state(house.state))
        back_up(house, open_place(str(tmp_path / "kept")), portable=True)
    with house_in(tmp_path / "other", database=postgres) as house:
        restore(house, open_place(str(tmp_path / "kept")))
        assert dict(rows_of_state(house.state)) == before
        assert [run.run_id for run in house.state.runs()] == ["run-1"]


def test_a_house_in_a_bucket_is_backed_up_into_another(furnished: Path, tmp_path: Path, s3: S3) -> None:
    ours, kept = s3.fresh(), s3.fresh("kept")
    with house_in(furnished, ours) as house:
        furnish(house)
        before = contents(house)
        back_up(house, open_place(kept))
    assert restored(tmp_path / "new", kept, s3.fresh("again")) == before


class TestRefusals:
    def test_a_house_that_is_not_empty_is_not_restored_over(self, furnished: Path, tmp_path: Path) -> None:
        backed_up(furnished, str(tmp_path / "kept"))
        with house_in(furnished) as house:
            before = contents(house)
            with pytest.raises(Conflict, match="not empty: it has payloads, models, v1, warehouse, state"):
                restore(house, open_place(str(tmp_path / "kept")))
            assert contents(house) == before

    def test_a_place_that_holds_something_is_not_written_over(self, furnished: Path, tmp_path: Path) -> None:
        backed_up(furnished, str(tmp_path / "kept"))
        with pytest.raises(Conflict, match="already"):
            backed_up(furnished, str(tmp_path / "kept"))
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("mine")
        with pytest.raises(Conflict, match="not empty"):
            backed_up(furnished, str(tmp_path / "mine"))

    def test_a_place_without_a_back_up_is_told(self, tmp_path: Path) -> None:
        with house_in(tmp_path / "new") as house, pytest.raises(BadInput, match="holds no back-up"):
            restore(house, open_place(str(tmp_path / "nothing")))

    @pytest.mark.parametrize("damaged", ["objects/v1/status.json", "warehouse/warehouse.duckdb", "state/state.sqlite"])
    @pytest.mark.parametrize("how", ["flipped", "gone"])
    def test_a_file_that_is_not_what_it_was_is_not_brought_in(self, furnished: Path, tmp_path: Path, damaged: str, how: str) -> None:
        backed_up(furnished, str(tmp_path / "kept"))
        file = tmp_path / "kept" / damaged
        if how == "gone":
            file.unlink()
        else:
            body = bytearray(file.read_bytes())
            body[len(body) // 2] ^= 1
            file.write_bytes(bytes(body))
        with house_in(tmp_path / "new") as house, pytest.raises(StorageError, match=damaged):
            restore(house, open_place(str(tmp_path / "kept")))
        assert not (tmp_path / "new" / "warehouse.duckdb").exists()
        assert not (tmp_path / "new" / "v1" / "status.json").exists() or damaged != "objects/v1/status.json"

    def test_a_back_up_of_a_later_version_is_refused(self, furnished: Path, tmp_path: Path) -> None:
        backed_up(furnished, str(tmp_path / "kept"))
        path = tmp_path / "kept" / MANIFEST
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
        with house_in(tmp_path / "new") as house, pytest.raises(BadInput, match="version 2"):
            restore(house, open_place(str(tmp_path / "kept")))


def tipoff(*arguments: str, bucket: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen((sys.executable, "-m", "tipoff", *arguments), env=os.environ | {"TIPOFF_BUCKET": bucket})


class TestKills:
    def test_one_that_was_killed_half_way_is_no_back_up_and_the_next_is_whole(
        self, furnished: Path, tmp_path: Path, s3: S3, way: Forwarder
    ) -> None:
        ours, kept = s3.fresh("ours"), str(tmp_path / "kept")
        with house_in(furnished, ours) as house:
            furnish(house)
            before = contents(house)
        way.cut_at = b"GET /" + ours.removeprefix("s3://").encode() + b"/payloads/"
        process = tipoff("backup", kept, "--data-dir", str(furnished), bucket=ours)
        assert way.is_cut.wait(60)
        process.kill()
        process.wait()
        way.mend()
        assert (tmp_path / "kept" / "state" / "state.sqlite").exists()
        with house_in(tmp_path / "new", s3.fresh()) as house, pytest.raises(BadInput, match="broken off"):
            restore(house, open_place(kept))
        backed_up(furnished, kept, bucket=ours)
        assert restored(tmp_path / "newer", kept, s3.fresh()) == before

    def test_a_restoring_that_was_killed_is_gone_on_with(self, furnished: Path, tmp_path: Path, s3: S3, way: Forwarder) -> None:
        with house_in(furnished) as house:
            before = contents(house)
        kept, ours = str(tmp_path / "kept"), s3.fresh("ours")
        backed_up(furnished, kept)
        way.cut_at = b"PUT /" + ours.removeprefix("s3://").encode() + b"/models/"
        process = tipoff("restore", kept, "--data-dir", str(tmp_path / "new"), bucket=ours)
        assert way.is_cut.wait(60)
        process.kill()
        process.wait()
        way.mend()
        assert not (tmp_path / "new" / "warehouse.duckdb").exists()
        assert restored(tmp_path / "new", kept, ours) == before
