"""A warehouse made anew from its payloads is the warehouse that stood, less its defects; and until it is whole the old one is in force."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from flow.rebuilt_house import LATER, contents, fetched_late, furnish, spoil
from postgres import Postgres
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.errors import Conflict
from tipoff.flow.engine import running_engine
from tipoff.flow.house import House, open_house
from tipoff.flow.messages import read_message
from tipoff.flow.processes import WORKERS, at_work
from tipoff.flow.rebuilding import rebuild
from tipoff.store.postgres import PostgresWarehouse, close_pools
from tipoff.store.tables import ALL
from tipoff.store.versions import ANYTHING, FACTS, versions
from train import practice_house

WRITTEN = ("written_at", "run_id")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "house"
    furnish(folder)
    return folder


@pytest.fixture
def house(made: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(made, tmp_path / "house")
    settings = load_settings(data_dir=tmp_path / "house").model_copy(update={"league": "practice"})
    with open_house(settings, ManualClock(LATER)) as found:
        yield found


def file_of(house: House) -> Path:
    return house.settings.data_dir / "warehouse.duckdb"


def kept_of(house: House) -> Path:
    return house.settings.data_dir / "warehouse.duckdb.before-rebuild"


def mark(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_row_is_as_it_was_with_who_wrote_it_and_when(house: House) -> None:
    before = contents(house.warehouse)
    assert all(before[name].num_rows for name in ("raw.quarantine", "ref.aliases", "ref.unresolved_names", "raw.odds_player_points"))
    assert {0, 1} <= set(before["raw.player_box"]["origin_rank"].to_pylist())
    inode = file_of(house).stat().st_ino
    done = rebuild(house)
    assert (done.same, done.games, done.again.lost, done.again.taken) == (True, (), {}, 0), {
        name: one.examples for name, one in done.tables.items() if one
    }
    assert done.again.imports == 7
    assert contents(house.warehouse) == before
    assert kept_of(house).stat().st_ino == inode != file_of(house).stat().st_ino
    assert not list(house.settings.data_dir.glob("*.rebuild*"))


def test_what_sql_has_spoilt_is_mended_and_its_games_are_a_generation_further(house: House) -> None:
    before = contents(house.warehouse, but=WRITTEN)
    rows = before["raw.player_box"].to_pylist()
    fetched, imported = (next(row["game_id"] for row in rows if row["origin_rank"] == rank) for rank in (1, 0))
    quoted = before["raw.odds_player_points"]["game_id"].to_pylist()[-1]
    with house.warehouse.reading() as work:
        stood = versions(work, [FACTS], [fetched, imported, quoted, ANYTHING])
    day = next(row["game_date"] for row in rows if row["game_id"] == fetched)
    spoil(file_of(house), f"UPDATE predictions.player_prop_predictions SET game_date = '{day}'")
    before = contents(house.warehouse, but=WRITTEN)
    spoil(
        file_of(house),
        f"UPDATE raw.player_box SET points = points + 5 WHERE game_id = '{fetched}'",
        f"UPDATE raw.player_box SET minutes = 1 WHERE game_id = '{imported}'",
        f"DELETE FROM raw.odds_player_points WHERE game_id = '{quoted}'",
        "INSERT INTO raw.schedule BY NAME SELECT * REPLACE ('20251111_AAA_BBB' AS game_id) FROM raw.schedule LIMIT 1",
        "UPDATE ref.players SET name = 'Nobody' WHERE player_lookup = (SELECT player_lookup FROM raw.player_box LIMIT 1)",
        "DELETE FROM raw.arrivals WHERE feed IS NOT NULL",
        "DELETE FROM ref.game_ids",
    )
    spoilt = contents(house.warehouse, but=WRITTEN)
    done = rebuild(house)
    differing = {name for name, one in done.tables.items() if one}
    assert differing == {
        *("raw.player_box", "raw.odds_player_points", "raw.schedule", "raw.arrivals", "ref.players", "ref.game_ids"),
    }
    assert (done.tables["raw.schedule"].only_old, done.tables["raw.schedule"].only_new) == (1, 0)
    assert done.tables["raw.odds_player_points"].only_new == before["raw.odds_player_points"]["game_id"].to_pylist().count(quoted)
    after = contents(house.warehouse, but=WRITTEN)
    follows = ("ops.generations", "ops.outbox")
    assert {name: rows for name, rows in after.items() if name not in follows} == {
        name: rows for name, rows in before.items() if name not in follows
    }
    stood_before = before["ops.outbox"]["message_id"].to_pylist()
    told = [read_message(row["body"]) for row in after["ops.outbox"].to_pylist() if row["message_id"] not in stood_before]
    assert {one.game_date for one in told} == {day}, "the day of which something was said: its grades may be others"
    [box] = [one for one in told if one.processor_name == "load:box"]
    assert box.record_count == sum(row["game_id"] == fetched and row["points"] is not None for row in rows)
    assert spoilt["predictions.published_picks"] == after["predictions.published_picks"]
    with house.warehouse.reading() as work:
        now = versions(work, [FACTS], [fetched, imported, quoted, ANYTHING])
    assert {key: now[key].generation - version.generation for key, version in stood.items()} == dict.fromkeys(stood, 1)
    assert len(stood) == 4


def test_a_dry_run_tells_the_same_and_keeps_nothing(house: House) -> None:
    spoil(file_of(house), "UPDATE raw.schedule SET home_score = 300 WHERE game_id = (SELECT min(game_id) FROM raw.schedule)")
    before = mark(file_of(house))
    done = rebuild(house, dry_run=True)
    assert [name for name, one in done.tables.items() if one] == ["raw.schedule"]
    [example, *_] = done.tables["raw.schedule"].examples
    assert example["old"] == {"home_score": 300}
    assert (done.into, done.kept, mark(file_of(house))) == (None, None, before)
    assert {path.name for path in house.settings.data_dir.glob("*rebuild*")} == set()


def test_into_postgres_it_is_the_same_to_the_row_and_the_old_one_stays_in_force(house: House, postgres_server: Postgres) -> None:
    before = contents(house.warehouse)
    url = postgres_server.fresh()
    try:
        done = rebuild(house, into=url)
        assert done.same
        assert done.kept is None
        assert contents(PostgresWarehouse(url)) == before == contents(house.warehouse)
        with pytest.raises(Conflict, match="is not empty"):
            rebuild(house, into=url)
    finally:
        close_pools()
        postgres_server.drop(url)


def test_what_was_fetched_and_not_loaded_yet_is_loaded_too(house: House) -> None:
    late = fetched_late(house)
    done = rebuild(house)
    assert done.tables["raw.arrivals"].only_new == 1
    assert len(done.games) == 1
    assert house.warehouse.read("raw.player_box", payload_id=late).num_rows > 10


def test_rows_of_a_payload_that_is_gone_or_damaged_stand_as_they_stood_and_are_told(house: House) -> None:
    before = contents(house.warehouse)
    boxes = [row["payload_id"] for row in before["raw.player_box"].to_pylist() if row["origin_rank"]]
    gone, damaged = boxes[0], boxes[-1]
    assert gone != damaged
    (house.settings.data_dir / house.vault.path(gone)).unlink()
    (house.settings.data_dir / house.vault.path(damaged)).write_bytes(b"\0" * 40)
    done = rebuild(house)
    assert set(done.again.lost) == {gone, damaged}
    assert done.again.taken >= 20
    assert contents(house.warehouse) == before


def test_while_somebody_works_nothing_is_rebuilt_but_compared(house: House) -> None:
    with running_engine(house, {}), pytest.raises(Conflict, match="1 processes are at work"):
        rebuild(house)
    assert not kept_of(house).exists()


def test_a_worker_of_another_machine_lives_while_its_heart_beats_and_one_that_is_gone_does_not(house: House) -> None:
    moment = LATER.replace(tzinfo=None)
    with house.state.transaction() as connection:
        for name, host, pid in (("far", "elsewhere", 1), ("gone", socket.gethostname(), 2**22 + 1)):
            row = {"worker_id": name, "host": host, "pid": pid, "started_at": moment, "beats": 1, "beat_at": moment}
            connection.execute(sa.insert(WORKERS).values(**row))
    assert at_work(house.state, patience=0.1) == []
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.02):
            with house.state.transaction() as connection:
                connection.execute(sa.update(WORKERS).where(WORKERS.c.worker_id == "far").values(beats=WORKERS.c.beats + 1))

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        assert [worker.worker_id for worker in at_work(house.state)] == ["far"]
    finally:
        over.set()
        beating.join()


def test_a_warehouse_that_was_written_meanwhile_stays_in_force(house: House) -> None:
    def write(_number: int) -> None:
        with house.warehouse.writing("somebody") as work:
            work.merge("ref.league", work.fetch(work.table("ref.league")).select(["singleton", "league"]))
            work.remove("ref.bookmakers", work.fetch(work.table("ref.bookmakers").limit(1)))

    with pytest.raises(Conflict, match=r"was written while it was rebuilt: ref\.bookmakers"):
        rebuild(house, progress=write)
    assert not kept_of(house).exists()


def test_the_one_that_was_replaced_is_kept_until_it_is_dropped(house: House) -> None:
    rebuild(house)
    with pytest.raises(Conflict, match="before-rebuild is there still"):
        rebuild(house)
    size = kept_of(house).stat().st_size
    assert house.warehouse.drop_kept() == size
    assert not kept_of(house).exists()
    assert house.warehouse.drop_kept() == 0
    assert rebuild(house).same


def test_killed_half_way_the_old_one_is_in_force_and_it_can_be_rebuilt(house: House) -> None:
    before, fresh = mark(file_of(house)), house.settings.data_dir / "warehouse.duckdb.rebuild"
    command = (sys.executable, "-m", "tipoff", "rebuild", "--from", "payloads", "--data-dir", str(house.settings.data_dir))
    with subprocess.Popen(command, env={**os.environ, "TIPOFF_LEAGUE": "practice"}, stderr=subprocess.DEVNULL) as process:
        while not (fresh.exists() and fresh.with_name(f"{fresh.name}.wal").exists()):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert mark(file_of(house)) == before
    assert not kept_of(house).exists()
    stood = contents(house.warehouse)
    assert rebuild(house).same
    assert contents(house.warehouse) == stood
    assert not fresh.exists()


def test_the_rows_that_no_payload_fills_are_all_there(made: Path) -> None:
    """So that the tests above would see one of them missing."""
    with open_house(load_settings(data_dir=made), ManualClock(practice_house.MORNING)) as house:
        rows = contents(house.warehouse)
    empty = [table.name for table in ALL if not rows[table.name].num_rows]
    assert empty == []
