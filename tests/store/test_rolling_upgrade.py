"""A rolling upgrade: newer code adds what it declares while a process of older code works on, on every engine, and nobody loses a row."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from older_process import UNKNOWN_COLUMNS, UNKNOWN_TABLE
from pydantic import SecretStr
from store_rows import GAME_IDS, NOON, QUOTES, arrow, quote

import commands
from engines import ENGINES
from postgres import Postgres
from tipoff.clock import SystemClock
from tipoff.config import Settings
from tipoff.flow.processes import workers
from tipoff.flow.state import State
from tipoff.store import open_warehouse
from tipoff.store.postgres import close_pools
from tipoff.store.schema import fingerprint
from tipoff.store.tables import ALL, table_named
from tipoff.store.warehouse import Warehouse

HERE = Path(__file__).parent
[NEW_COLUMN] = UNKNOWN_COLUMNS[QUOTES]


class Older:
    """A process of older code at work on a warehouse."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def step(self, number: int) -> Any:
        """Merge a batch of its own and a row that is everybody's, read what it wrote, and merge that again."""
        self.say(json.dumps({"number": number, "holds": False}))
        return self.hear()


@contextmanager
def older_code(url: str) -> Iterator[Older]:
    environment = commands.clean() | {"PYTHONPATH": f"{commands.SOURCE}:{HERE}"}
    command = [sys.executable, str(HERE / "older_process.py"), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield Older(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "duckdb":
        yield f"duckdb://{tmp_path / 'warehouse.duckdb'}"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    found = server.fresh()
    yield found
    close_pools()
    server.drop(found)


def migrations(warehouse: Warehouse) -> list[str]:
    rows = warehouse.query("SELECT fingerprint FROM ops.schema_version ORDER BY migrated_at")
    found: list[str] = rows.column(0).to_pylist()
    return found


def test_older_and_newer_code_work_on_one_warehouse_while_it_is_migrated(url: str) -> None:
    declared = table_named(QUOTES).column_names
    with older_code(url) as older:
        made = older.step(1)
        assert NEW_COLUMN not in made["columns"]
        newer = open_warehouse(Settings(warehouse=url), 60)
        older.say(json.dumps({"number": 2, "holds": True}))
        assert older.hear() == "inside"
        with ThreadPoolExecutor(1) as pool:  # the newer code comes while the older is in the middle of a change
            opening = pool.submit(lambda: newer.read(QUOTES))
            older.say("on")
            assert older.hear()["rows"] == 20
            assert set(opening.result(timeout=60).column_names) == set(declared)
        newer.merge(UNKNOWN_TABLE, arrow(UNKNOWN_TABLE, [{"team": "BOS", "game_date": date(2025, 11, 5), "known_at": NOON}]), "newer")
        newer.merge(QUOTES, arrow(QUOTES, [quote("newer", **{NEW_COLUMN: NOON})]), "newer")
        shared = quote("shared", **{NEW_COLUMN: NOON}, over_price=4.5, fetched_at=NOON.replace(hour=20))
        newer.merge(QUOTES, arrow(QUOTES, [shared]), "newer")
        for number in (5, 6):  # the process that was there before
            again = older.step(number)
            assert (again["rows"], again["changed"], NEW_COLUMN in again["columns"]) == (20, 0, False)
    with older_code(url) as restarted:  # and one that starts on what the newer code has made
        again = restarted.step(7)
        assert (again["rows"], again["changed"], NEW_COLUMN in again["columns"]) == (20, 0, False)

    rows = newer.read(QUOTES).to_pylist()
    assert len(rows) == len({tuple(row[name] for name in table_named(QUOTES).key) for row in rows}) == 5 * 20 + 2
    [everybodys] = [row for row in rows if row["event_id"] == "shared"]
    assert (everybodys["over_price"], everybodys[NEW_COLUMN]) == (9.0, NOON), "the older code's word, and what it does not know stays"
    assert {row[NEW_COLUMN] for row in rows if row["event_id"].startswith("older")} == {None}
    assert newer.read(GAME_IDS).num_rows == 5
    assert newer.read(UNKNOWN_TABLE).num_rows == 1
    assert len(migrations(newer)) == 2, "each code made what it lacked once, and nobody does it over and over"
    assert newer.about().fingerprint == fingerprint(ALL)


def test_what_was_dropped_to_look_older_is_made_again_and_rows_stay(url: str) -> None:
    made = open_warehouse(Settings(warehouse=url), 60)
    made.merge(QUOTES, arrow(QUOTES, [quote("before")]), "before")
    _forget(url)
    code = (
        "import sys; from tipoff.config import Settings; from tipoff.store import open_warehouse\n"
        "rows = open_warehouse(Settings(warehouse=sys.argv[1])).read('raw.odds_player_points')\n"
        "print(rows.num_rows, rows.column('last_update').to_pylist())\n"
    )
    environment = commands.clean() | {"PYTHONPATH": str(commands.SOURCE)}
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout.strip()) == (0, "1 [None]"), done.stderr
    assert made.read(UNKNOWN_TABLE).num_rows == 0


def _forget(url: str) -> None:
    """Take a column and a table away, and that they were ever made."""
    statements = (
        f"ALTER TABLE {QUOTES} DROP COLUMN {NEW_COLUMN}",
        f"DROP TABLE {UNKNOWN_TABLE}",
        "UPDATE ops.schema_version SET fingerprint = 'older'",
    )
    close_pools()
    if url.startswith("duckdb"):
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb://")) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_process_of_older_code_beats_on_in_a_state_database_that_newer_code_has_extended(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = SecretStr(request.getfixturevalue("postgres")) if engine == "postgres" else None
    settings = Settings(data_dir=tmp_path, database=database)
    State(settings, SystemClock()).close()
    older = sa.create_engine(settings.database_url)
    with older.begin() as connection:
        connection.execute(sa.text("ALTER TABLE ops_workers DROP COLUMN version"))
        connection.execute(sa.text("DROP TABLE ops_runs"))
    beat = sa.text(
        "INSERT INTO ops_workers (worker_id, host, pid, started_at, beats, beat_at)"
        " VALUES (:worker, 'elsewhere', 1, '2026-01-14 12:00:00.000000', 0, '2026-01-14 12:00:00.000000')"
    )
    with older.begin() as connection:
        connection.execute(beat, {"worker": "before"})
    state = State(settings, SystemClock())
    with older.begin() as connection:
        connection.execute(beat, {"worker": "beside"})
        connection.execute(sa.text("UPDATE ops_workers SET beats = beats + 1"))
    assert [(one.worker_id, one.beats, one.version) for one in workers(state)] == [("before", 1, None), ("beside", 1, None)]
    state.close()
    older.dispose()
