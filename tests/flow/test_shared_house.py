"""Warehouse and state on one Postgres, objects on an S3 server: a night says to the byte what a laptop's says, and comes through what
happens to machines."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from obstore.store import ObjectStore

from faults.control_room import DAY, SYSTEM, ControlCrew, open_room
from faults.nights import evening
from postgres import Postgres
from s3 import S3, Forwarder, environment
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.copying import copy_house
from tipoff.flow.house import open_house
from tipoff.flow.night import night
from tipoff.predict.activate import PREDICTIONS
from tipoff.store.bucket import listed, open_place, read
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.postgres import PostgresWarehouse, close_pools
from train import practice_house


def documents(bucket: ObjectStore) -> dict[str, bytes]:
    """Every document that is published, but for the names of runs."""
    found = ((entry["path"], read(bucket, entry["path"])) for entry in listed(bucket, "v1"))
    return {path: re.sub(rb'"run_id":"[^"]+"', b'"run_id":""', body) for path, body in found}


@dataclass(frozen=True)
class Shared:
    """The URLs of a shared house in which the practice night can be predicted, and the way to its bucket."""

    warehouse: str
    bucket: str
    way: Forwarder

    def rows(self) -> list[tuple[Any, ...]]:
        """What was predicted, each with whether it stands."""
        rows = PostgresWarehouse(self.warehouse).read(PREDICTIONS).to_pylist()
        return sorted((row["game_id"], row["player_lookup"], row["system_id"], row["is_active"], row["predicted_points"]) for row in rows)


@pytest.fixture
def shared(postgres_server: Postgres, s3: S3, way: Forwarder, tmp_path: Path) -> Iterator[Shared]:
    """The evening before the night, copied from a laptop."""
    url, bucket = postgres_server.fresh(), s3.fresh()
    with evening(made(tmp_path / "laptop")) as laptop:
        copy_house(laptop.house, PostgresWarehouse(url), open_place(bucket))
    yield Shared(url, bucket, way)
    close_pools()
    postgres_server.drop(url)


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_a_night_on_postgres_and_s3_publishes_to_the_byte_what_a_laptop_publishes(shared: Shared, tmp_path: Path) -> None:
    with evening(made(tmp_path / "reference")) as laptop:
        said = laptop.night()
        expected = documents(laptop.house.bucket)
        rows = laptop.rows(PREDICTIONS)
    settings = load_settings(data_dir=tmp_path / "machine", warehouse=shared.warehouse, bucket=shared.bucket)
    with open_house(settings.model_copy(update={"league": "practice"}), ManualClock(practice_house.MORNING)) as house:
        found = night(house, practice_house.NIGHT)
        assert found.predicted == said.predicted
        assert documents(house.bucket) == expected
        assert len(house.warehouse.read(PREDICTIONS)) == len(rows)


@pytest.fixture
def reference(control_crew: ControlCrew, tmp_path: Path) -> tuple[list[tuple[Any, ...]], dict[str, bytes]]:
    """What one undisturbed worker on a laptop says of the night, and publishes."""
    with open_room(tmp_path / "reference", control_crew) as room:
        worker = room.hire(works=True)
        worker.ask("start", day=DAY, systems=[SYSTEM])
        assert [batch.state for batch in room.settled()] == ["complete"]
        worker.ask("close")
        rows = DuckDBWarehouse(room.folder / "warehouse.duckdb").read(PREDICTIONS).to_pylist()
        said = sorted((row["game_id"], row["player_lookup"], row["system_id"], row["is_active"], row["predicted_points"]) for row in rows)
        return said, documents(open_place(str(room.folder)))


@pytest.mark.parametrize(("phase", "away"), [("features", 2.0), ("predict", 2.0), ("publish", 20.0)])
def test_a_worker_is_killed_postgres_restarts_and_the_bucket_is_away_and_in_the_end_all_is_there_once(
    phase: str,
    away: float,
    shared: Shared,
    reference: tuple[list[tuple[Any, ...]], dict[str, bytes]],
    control_crew: ControlCrew,
    postgres_server: Postgres,
    postgres: str,
    tmp_path: Path,
) -> None:
    """Four workers; the one that holds the night is killed within a phase, then the server comes down, then the bucket goes for seconds."""
    with open_room(tmp_path / "room", control_crew, postgres) as room:
        (room.folder / "warehouse.duckdb").unlink()
        room.arm(phase)
        places = {"warehouse": shared.warehouse, "bucket": shared.bucket, "environment": environment(shared.way.port)}
        crew = room.hire_all(4, works=True, **places)
        crew[0].ask("start", day=DAY, systems=[SYSTEM])
        holder = room.caught()
        postgres_server.restart()
        shared.way.cut()
        back = threading.Timer(away, shared.way.mend)
        back.start()
        room.kill(holder)
        room.let_go()
        room.until(lambda: room.slates() and all(batch.over for batch in room.slates()))
        back.join()
        [batch] = room.slates()
        assert batch.state == "complete", batch.error
    expected, published = reference
    assert shared.rows() == expected
    assert documents(open_place(shared.bucket)) == published
