"""A statement of a person's own: it reads every table, and nothing that it says can write, anywhere."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.raw_rows import fill, schedule_row
from tipoff.errors import BadInput, Busy, NotReady
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.duckdb_query import READ_ONLY, rows_of, statement_of
from tipoff.store.tables import ALL

TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    rows = [schedule_row(date(2025, 11, 5), "BOS", "NYK", TIP, TIP, home_score=99)]
    return fill(tmp_path_factory.mktemp("query") / "warehouse.duckdb", {"raw.schedule": rows})


def digest(warehouse: DuckDBWarehouse) -> str:
    return hashlib.sha256(warehouse.path.read_bytes()).hexdigest()


def test_every_table_is_there_by_its_name(warehouse: DuckDBWarehouse) -> None:
    for table in ALL:
        (row,) = warehouse.query(f"SELECT COUNT(*) AS n FROM {table.name}").to_pylist()
        assert row["n"] == (1 if table.name == "raw.schedule" else 0)


def test_instants_are_in_utc_and_dates_are_dates(warehouse: DuckDBWarehouse) -> None:
    (row,) = warehouse.query("FROM raw.schedule SELECT game_date, commence_time, hour(commence_time) AS hour;").to_pylist()
    assert row == {"game_date": date(2025, 11, 5), "commence_time": TIP, "hour": 0}


@pytest.mark.parametrize("sql", ["WITH a AS (SELECT 1 AS n) FROM a", "DESCRIBE raw.schedule", "SUMMARIZE raw.schedule", "EXPLAIN SELECT 1"])
def test_what_reads_is_answered(warehouse: DuckDBWarehouse, sql: str) -> None:
    assert warehouse.query(sql).num_rows > 0


WRITES = (
    "INSERT INTO raw.schedule SELECT * FROM raw.schedule",
    "UPDATE raw.schedule SET home_score = 1",
    "DELETE FROM raw.schedule",
    "MERGE INTO raw.schedule USING raw.schedule AS s ON FALSE WHEN NOT MATCHED THEN INSERT",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "DROP TABLE raw.schedule",
    "ALTER TABLE raw.schedule ADD COLUMN more INTEGER",
    "COPY (SELECT 1) TO 'there.csv'",
    "COPY raw.schedule FROM 'there.csv'",
    "EXPORT DATABASE 'there'",
    "ATTACH 'there.duckdb'",
    "ATTACH ':memory:' AS there",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "PRAGMA memory_limit = '1GB'",
    "BEGIN TRANSACTION",
    "CHECKPOINT",
    "CALL duckdb_settings()",
    "VACUUM",
)


@pytest.mark.parametrize("sql", WRITES)
def test_what_writes_attaches_or_sets_is_refused_and_nothing_is_done(
    warehouse: DuckDBWarehouse, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = digest(warehouse)
    with pytest.raises(BadInput):
        warehouse.query(sql)
    assert digest(warehouse) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sql", ["SELECT 1; DROP TABLE raw.schedule", "", "  ;", "-- nothing", "SELECT 'never ends", "nonsense"])
def test_several_statements_none_and_what_cannot_be_read_are_refused(warehouse: DuckDBWarehouse, sql: str) -> None:
    with pytest.raises(BadInput):
        warehouse.query(sql)


@pytest.mark.parametrize(
    "sql", [sql for sql in WRITES if sql.split()[0] in ("INSERT", "UPDATE", "DELETE", "DROP", "COPY", "ATTACH", "SET")]
)
def test_the_open_file_itself_takes_no_write_even_past_the_first_wall(warehouse: DuckDBWarehouse, sql: str, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse.path), **READ_ONLY) as connection, pytest.raises(BadInput):
        rows_of(connection, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM read_text('/etc/hosts')",
    ],
)
def test_no_other_file_is_read(warehouse: DuckDBWarehouse, sql: str) -> None:
    with pytest.raises(BadInput):
        warehouse.query(sql)


def test_a_variable_of_the_program_is_no_table(warehouse: DuckDBWarehouse) -> None:
    secret = warehouse.read("raw.schedule")
    assert secret.num_rows == 1
    with pytest.raises(BadInput, match="secret"):
        warehouse.query("SELECT * FROM secret")


@given(st.text(max_size=60))
def test_no_text_gets_past_as_anything_but_one_reading_statement(text: str) -> None:
    try:
        told = statement_of(text)
    except BadInput:
        return
    (one,) = duckdb.extract_statements(told)
    assert one.type in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def test_writing_goes_on_after_a_query_and_a_query_after_writing(tmp_path: Path) -> None:
    warehouse = fill(tmp_path / "warehouse.duckdb", {})
    assert warehouse.query("SELECT COUNT(*) AS n FROM raw.schedule").to_pylist() == [{"n": 0}]
    with warehouse.lingering():
        fill(warehouse.path, {"raw.schedule": [schedule_row(date(2025, 11, 5), "BOS", "NYK", TIP, TIP)]})
        assert warehouse.query("SELECT COUNT(*) AS n FROM raw.schedule").to_pylist() == [{"n": 1}]


def test_where_there_is_no_warehouse_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotReady):
        DuckDBWarehouse(tmp_path / "none.duckdb").query("SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_process_holds_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    path = fill(tmp_path / "warehouse.duckdb", {}).path
    holding = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen((sys.executable, "-c", holding, str(path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy):
            DuckDBWarehouse(path, wait_seconds=0.2).query("SELECT 1")
        soon = threading.Timer(0.3, holder.stdin.close)
        soon.start()
        assert DuckDBWarehouse(path).query("SELECT 1 AS n").to_pylist() == [{"n": 1}]
        soon.join()
