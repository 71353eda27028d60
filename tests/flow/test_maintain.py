"""A house is kept small: every row reads as before, who works beside it goes on, and only what nobody reads any more goes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sqlalchemy as sa

from engines import ENGINES, empty_warehouse
from flow.rebuilt_house import contents
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.errors import Busy
from tipoff.flow.copying import copy_house
from tipoff.flow.deliveries import DELIVERIES
from tipoff.flow.engine import Desk, open_desk
from tipoff.flow.house import House, open_house
from tipoff.flow.maintaining import SETTLED, maintain
from tipoff.flow.processes import WORKERS, first_at_work
from tipoff.flow.state import RUNS
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import digest
from tipoff.store.postgres import PostgresWarehouse
from tipoff.store.receipts import Receipt
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Warehouse

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=100), NOW - timedelta(days=80)
WRITER = Path(__file__).parents[1] / "store" / "warehouse_process.py"


@contextmanager
def house_in(folder: Path, at: datetime = NOW, database: str | None = None) -> Iterator[House]:
    with open_house(load_settings(data_dir=folder, database=database), ManualClock(at)) as house:
        yield house


@pytest.fixture
def folder(league_warehouse: DuckDBWarehouse, tmp_path: Path) -> Path:
    (found := tmp_path / "house").mkdir()
    shutil.copyfile(league_warehouse.path, found / "warehouse.duckdb")
    return found


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    with house_in(folder) as house, open_desk(house) as found:
        yield found


@pytest.fixture(params=ENGINES)
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    yield from empty_warehouse(request, tmp_path)


def grow(warehouse: Warehouse) -> None:
    """Write the box scores over and over, and take away half of them: the engine holds room that no row needs."""
    rows = warehouse.read("raw.player_box")
    for number in range(6):
        with warehouse.writing(f"grow-{number}") as work:
            work.bring("raw.player_box", rows)
    with warehouse.writing("shrink") as work:
        work.remove("raw.player_box", rows.slice(rows.num_rows // 2))


def test_every_row_is_as_it_was_in_a_file_that_is_smaller(desk: Desk) -> None:
    house = desk.house
    grow(house.warehouse)
    before, size = contents(house.warehouse), house.warehouse.size()
    done = maintain(desk)
    assert contents(house.warehouse) == before
    assert done.warehouse.before == size > done.warehouse.after == house.warehouse.size()
    again = maintain(desk)
    assert again.warehouse.after == again.warehouse.before
    assert {path.name for path in house.settings.data_dir.glob("warehouse*")} == {"warehouse.duckdb"}


def test_either_engine_is_compacted_and_keeps_every_row(folder: Path, warehouse: Warehouse) -> None:
    with house_in(folder) as house:
        copy_house(house, warehouse, None)
    grow(warehouse)
    before = contents(warehouse)
    done = warehouse.compact()
    assert contents(warehouse) == before
    assert done.before > 0
    if isinstance(warehouse, PostgresWarehouse):  # its server looks after its files whenever it likes, so sizes move on their own
        assert vacuumed_when_told(warehouse) == {table.name for table in ALL}
    else:
        assert done.after == warehouse.size()
    grow(warehouse)  # and it is written as before


def vacuumed_when_told(warehouse: PostgresWarehouse) -> set[str]:
    """The tables that somebody vacuumed by a command, not the server by itself."""
    with psycopg.connect(warehouse.url) as connection:
        found = connection.execute("SELECT schemaname || '.' || relname FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL")
        return {name for (name,) in found}


def test_a_warehouse_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    assert (warehouse.size(), warehouse.compact().after) == (0, 0)
    assert not warehouse.path.exists()


@contextmanager
def writer_on(path: Path, **asked: object) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """A process that works on a warehouse, and how to hear what it says next."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(WRITER)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        out = process.stdout

        def hear() -> str:
            return out.readline().strip()

        assert hear() == "ready"
        process.stdin.write(json.dumps({"path": str(path), **asked}) + "\n")
        process.stdin.flush()
        try:
            yield process, hear
        finally:
            process.kill()


def test_who_writes_beside_it_in_processes_and_threads_loses_nothing(desk: Desk) -> None:
    """The file is replaced under their hands again and again: each commit that was told of is there in the end."""
    warehouse = desk.house.warehouse
    assert isinstance(warehouse, DuckDBWarehouse)
    rows = warehouse.read("raw.player_box").num_rows
    seen: set[int] = set()
    over = threading.Event()

    def read_on() -> None:
        while not over.is_set():
            seen.add(warehouse.read("raw.player_box").num_rows)

    with writer_on(warehouse.path, do="toil", rows=20) as (writer, hear), ThreadPoolExecutor(1) as pool:
        told, files = {hear()}, {warehouse.path.stat().st_ino}
        reading = pool.submit(read_on)
        try:
            for _ in range(4):
                told |= {hear() for _ in range(5)}
                grow_and_compact(warehouse)
                files.add(warehouse.path.stat().st_ino)
            told.add(hear())
            writer.kill()
        finally:
            over.set()
        reading.result()
    assert len(files) > 1
    assert seen == {rows}
    quotes = warehouse.read("raw.odds_player_points")
    assert told <= set(quotes["event_id"].to_pylist())
    counted = quotes.filter(pc.starts_with(quotes["event_id"], "toil-")).group_by("event_id").aggregate([([], "count_all")])
    assert set(counted["count_all"].to_pylist()) == {20}


def grow_and_compact(warehouse: Warehouse) -> None:
    """The file is only replaced where that makes it smaller."""
    rows = warehouse.read("raw.player_box")
    with warehouse.writing("grow") as work:
        work.bring("raw.player_box", rows)
    done = warehouse.compact()
    assert done.after <= done.before


def test_a_file_that_another_keeps_is_left_as_it_is(folder: Path) -> None:
    path = folder / "warehouse.duckdb"
    before = path.read_bytes()
    with writer_on(path, do="hold") as (_, hear):
        assert hear() == "inside"
        with pytest.raises(Busy, match="was held by another process"):
            DuckDBWarehouse(path, wait_seconds=0.2).compact()
    assert path.read_bytes() == before
    assert not path.with_name("warehouse.duckdb.compact").exists()


@pytest.fixture(params=["sqlite", "postgresql"])
def with_past(request: pytest.FixtureRequest, folder: Path) -> Iterator[Desk]:
    """A house whose state remembers things of long ago, and others of lately."""
    database = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with house_in(folder, database=database) as house, open_desk(house) as desk:
        with house.state.transaction() as connection:
            for name, at in (("old", OLD), ("young", YOUNG)):
                moment = at.replace(tzinfo=None)
                for phase in ("load", "train"):
                    run = {"run_id": name, "phase": phase, "status": "complete", "counts": "{}"}
                    connection.execute(sa.insert(RUNS).values(**run, started_at=moment, finished_at=moment))
                for number in (1, 2):
                    worker = {"worker_id": f"{name} {number}", "host": "h", "pid": number, "beats": 1, "beat_at": moment}
                    started = moment + timedelta(minutes=number)
                    connection.execute(sa.insert(WORKERS).values(**worker, started_at=started, left_at=started))
                for state, ended in (("delivered", moment), ("waits", None)):
                    letter = {"message_id": f"{name} {state}", "target": "t", "game_date": at.date(), "tries": 0}
                    connection.execute(sa.insert(DELIVERIES).values(**letter, created_at=moment, delivered_at=ended))
            running = {"run_id": "running", "phase": "load", "status": "running", "counts": "{}", "started_at": OLD.replace(tzinfo=None)}
            connection.execute(sa.insert(RUNS).values(**running))
        yield desk


def remembered(desk: Desk) -> dict[str, set[str]]:
    columns = {"runs": RUNS.c.run_id + " " + RUNS.c.phase, "workers": WORKERS.c.worker_id, "deliveries": DELIVERIES.c.message_id}
    with desk.house.state.reading() as connection:
        return {name: set(connection.execute(sa.select(column)).scalars()) for name, column in columns.items()}


def test_of_the_state_only_what_is_over_for_long_and_read_by_nobody_is_forgotten(with_past: Desk) -> None:
    first = first_at_work(with_past.house.state)
    planned = maintain(with_past, dry_run=True).forgotten
    before = remembered(with_past)
    done = maintain(with_past).forgotten
    assert planned == done == {"workflows": 0, "runs": 1, "deliveries": 1, "workers": 1, "probes": 0}
    gone = {name: before[name] - rows for name, rows in remembered(with_past).items()}
    assert gone == {"runs": {"old load"}, "workers": {"old 2"}, "deliveries": {"old delivered"}}
    assert first_at_work(with_past.house.state) == first
    assert maintain(with_past, keep=timedelta(days=30)).forgotten["runs"] == 1


def test_a_message_that_is_not_marked_as_sent_keeps_its_deliveries(with_past: Desk) -> None:
    row = {"message_id": "old delivered", "game_date": OLD.date(), "body": "{}", "created_at": OLD}
    with with_past.house.warehouse.writing("test") as work:
        schema = work.fetch(work.table("ops.outbox").limit(0)).schema
        work.merge("ops.outbox", pa.Table.from_pylist([row], schema=pa.schema([schema.field(name) for name in row])))
    assert maintain(with_past).forgotten["deliveries"] == 0


def test_workflows_that_are_over_for_long_are_forgotten_and_those_that_wait_are_not(folder: Path) -> None:
    real = datetime.now(UTC)
    with house_in(folder, real + timedelta(days=100)) as house, open_desk(house) as desk:
        for name in ("over", "waits"):
            desk.enqueue("loads", "load_batch", workflow_id=name, partition=name)
        desk.cancel("over")
        assert maintain(desk, keep=timedelta(days=101)).forgotten["workflows"] == 0
        assert maintain(desk, dry_run=True).forgotten["workflows"] == 1
        assert maintain(desk).forgotten["workflows"] == 1
        assert maintain(desk).forgotten["workflows"] == 0
        assert desk.ended("over")
        assert not desk.ended("waits")
        with house.state.reading() as connection:
            left = connection.execute(sa.text("SELECT workflow_uuid FROM workflow_status")).scalars().all()
        assert left == ["waits"]


def aged(house: House, path: str) -> Path:
    """An object as if it had been written two days ago."""
    found = house.settings.data_dir / path
    then = (datetime.now(UTC) - 2 * SETTLED).timestamp()
    os.utime(found, (then, then))
    return found


def test_payloads_that_nothing_names_are_told_and_go_only_when_they_are_to(desk: Desk) -> None:
    house = desk.house
    stranger, fetched, young = (house.vault.put(body) for body in (b"nobody's", b"fetched", b"on its way"))
    house.receipts.put(Receipt(fetched, "odds", "odds", NOW.date(), NOW, "https://example.org", 200))
    paths = {payload_id: aged(house, house.vault.path(payload_id)) for payload_id in (stranger, fetched)}
    loaded = digest(b"loaded")
    with house.warehouse.writing("test") as work:
        work.merge("raw.arrivals", pa.table({"payload_id": [loaded], "arrived": ["folder"]}))
    house.vault.put(b"loaded")
    paths[loaded] = aged(house, house.vault.path(loaded))
    told = maintain(desk)
    assert (told.unnamed.payloads, told.unnamed.removed) == (1, 0)
    assert maintain(desk, sweep=True, dry_run=True).unnamed.removed == 0
    assert paths[stranger].exists()
    assert maintain(desk, sweep=True).unnamed.removed == 1
    assert [path.exists() for path in paths.values()] == [False, True, True]
    assert house.vault.get(young) == b"on its way"


def test_files_that_a_killed_writer_left_go_and_the_documents_stay(desk: Desk) -> None:
    data = desk.house.settings.data_dir
    (data / "v1" / "tonight").mkdir(parents=True)
    for name in ("latest.json", "latest.json#1", "latest.json#2"):
        (data / "v1" / "tonight" / name).write_text("{}")
    aged(desk.house, "v1/tonight/latest.json")
    aged(desk.house, "v1/tonight/latest.json#1")
    assert maintain(desk, dry_run=True).half_written == 1
    assert maintain(desk).half_written == 1
    assert {path.name for path in (data / "v1" / "tonight").iterdir()} == {"latest.json", "latest.json#2"}


def test_a_dry_run_changes_no_file(desk: Desk) -> None:
    data = desk.house.settings.data_dir
    grow(desk.house.warehouse)
    aged(desk.house, desk.house.vault.path(desk.house.vault.put(b"nobody's")))

    def marks() -> dict[Path, str]:
        files = (path for path in data.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = marks()
    done = maintain(desk, sweep=True, dry_run=True)
    assert done.unnamed.payloads == 1
    assert marks() == before
