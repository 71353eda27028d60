"""Postgres as a warehouse: what one unit of work sees, who writes when, what is said where it will not, and a person's own SQL."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import psycopg
import pyarrow as pa
import pytest
from store_rows import NOON, QUOTES, SCHEDULE, arrow, quote, version

from postgres import Postgres
from tipoff.errors import BadInput, Busy, ConfigError
from tipoff.store import warehouse_at
from tipoff.store.postgres import PostgresWarehouse, close_pools
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Work

GENERATIONS = "ops.generations"


@pytest.fixture
def warehouse(postgres: str) -> Iterator[PostgresWarehouse]:
    yield PostgresWarehouse(postgres)
    close_pools()


def one_more(work: Work) -> None:
    """Read a number and write the next one: what two at a time would lose."""
    stood = work.fetch(work.table(GENERATIONS).select("generation")).column(0).to_pylist()
    after = (stood[0] if stood else 0) + 1
    work.merge(GENERATIONS, pa.table({"scope": ["here"], "kind": ["count"], "generation": [after], "made_from": [""]}))


class TestUnits:
    def test_every_declared_table_is_there_with_a_key_of_the_databases_own(self, warehouse: PostgresWarehouse, postgres: str) -> None:
        assert warehouse.league() is None
        with psycopg.connect(postgres) as connection:
            keyed = connection.execute(
                "SELECT conrelid::regclass::text, array_length(conkey, 1) FROM pg_constraint WHERE contype = 'p' AND conrelid >= 16384"
            ).fetchall()
        assert {name.replace('"', ""): size for name, size in keyed} == {table.name: len(table.key) for table in ALL}

    def test_a_reader_sees_one_moment_whatever_is_committed_meanwhile(self, warehouse: PostgresWarehouse) -> None:
        with warehouse.reading() as work:
            assert work.fetch(work.table(QUOTES)).num_rows == 0
            with ThreadPoolExecutor(1) as pool:
                pool.submit(warehouse.merge, QUOTES, arrow(QUOTES, [quote("e1")]), "other").result()
            assert work.fetch(work.table(QUOTES)).num_rows == 0
        assert warehouse.read(QUOTES).num_rows == 1

    def test_what_fails_leaves_nothing(self, warehouse: PostgresWarehouse) -> None:
        def fail() -> None:
            with warehouse.writing("run") as work:
                work.merge(QUOTES, arrow(QUOTES, [quote("e1")]))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert warehouse.read(QUOTES).num_rows == 0

    def test_of_many_who_read_and_then_write_none_is_lost(self, warehouse: PostgresWarehouse) -> None:
        def more(_: int) -> None:
            with warehouse.writing("run") as work:
                one_more(work)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(more, range(30)))
        assert warehouse.read(GENERATIONS).column("generation").to_pylist() == [30]

    def test_strings_are_ordered_by_their_bytes_whatever_the_databases_language(self, warehouse: PostgresWarehouse) -> None:
        names = ["b", "B", "a", "Z", "é", "_"]
        rows = pa.table({"scope": names, "kind": ["x"] * 6, "generation": [1] * 6, "made_from": [""] * 6})
        warehouse.merge(GENERATIONS, rows, "run")
        with warehouse.reading() as work:
            found = work.fetch(work.table(GENERATIONS).order_by("scope").select("scope")).column(0).to_pylist()
        assert found == sorted(names, key=str.encode)

    def test_a_table_of_many_rows_is_handed_over_as_one_of_few(self, warehouse: PostgresWarehouse) -> None:
        rows = pa.table({"scope": [f"s{n:05}" for n in range(2_000)], "kind": ["x"] * 2_000, "generation": range(2_000)})
        warehouse.merge(GENERATIONS, rows.append_column("made_from", pa.array([""] * 2_000)), "run")
        for size in (3, 1_500):
            wanted = pa.table({"scope": [f"s{n:05}" for n in range(size)]})
            with warehouse.reading() as work:
                assert work.ask(_among, wanted).column("generation").to_pylist() == list(range(size))

    def test_dividing_by_zero_gives_nothing(self, warehouse: PostgresWarehouse) -> None:
        rows = pa.table({"scope": ["a", "b"], "kind": ["x", "x"], "generation": [0, 4], "made_from": ["", ""]})
        warehouse.merge(GENERATIONS, rows, "run")
        with warehouse.reading() as work:
            table = work.table(GENERATIONS)
            found = work.fetch(table.order_by("scope").select(share=12 / table.generation)).column("share").to_pylist()
        assert found == [None, 3.0]


def _among(work: Work, wanted: object) -> object:
    table = work.table(GENERATIONS)
    return table.semi_join(wanted, "scope").order_by("scope").select("generation")


class TestTurns:
    def test_a_writer_who_waits_too_long_is_told_that_others_write(self, postgres: str) -> None:
        first, second = PostgresWarehouse(postgres), PostgresWarehouse(postgres, wait_seconds=0.2)
        with first.writing("first"), ThreadPoolExecutor(1) as pool:
            told = pool.submit(second.merge, QUOTES, arrow(QUOTES, [quote("e1")]), "second").exception()
        close_pools()
        assert isinstance(told, Busy)
        assert "others write" in str(told)

    def test_a_writer_that_hangs_is_cut_off_and_commits_nothing(self, postgres: str) -> None:
        hanging, other = PostgresWarehouse(postgres, wait_seconds=1.0), PostgresWarehouse(postgres)
        written, goes_on = threading.Event(), threading.Event()

        def hang() -> None:
            with hanging.writing("late") as work:
                work.merge(QUOTES, arrow(QUOTES, [quote("late")]))
                written.set()
                assert goes_on.wait(60)

        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(hang)
            assert written.wait(60)
            other.merge(QUOTES, arrow(QUOTES, [quote("punctual")]), "other")  # waits until the server has cut the other off
            goes_on.set()
            assert isinstance(late.exception(), Busy)
        assert other.read(QUOTES).column("event_id").to_pylist() == ["punctual"]
        close_pools()

    def test_after_a_restart_of_the_server_the_next_unit_finds_it(self, warehouse: PostgresWarehouse, postgres_server: Postgres) -> None:
        warehouse.merge(QUOTES, arrow(QUOTES, [quote("e1")]), "run")

        def interrupted() -> None:
            with warehouse.reading() as work:
                postgres_server.restart()
                work.fetch(work.table(QUOTES))

        with pytest.raises(Busy, match="cannot be reached, or went away"):
            interrupted()
        assert warehouse.read(QUOTES).num_rows == 1

    def test_a_forked_process_makes_connections_of_its_own_and_leaves_the_parents_alone(self, warehouse: PostgresWarehouse) -> None:
        warehouse.merge(QUOTES, arrow(QUOTES, [quote("parent")]), "run")
        if (pid := os.fork()) == 0:
            try:
                warehouse.merge(QUOTES, arrow(QUOTES, [quote("child")]), "run")
                gc.collect()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
        assert sorted(warehouse.read(QUOTES).column("event_id").to_pylist()) == ["child", "parent"]


class TestTelling:
    @pytest.mark.parametrize(
        ("of", "instead", "kind", "words"),
        [
            ("postgres:@", "stranger:hunter2@", ConfigError, "refuses"),
            ("/test_", "/none_such_", ConfigError, "refuses"),
            ("/data", "/nowhere", Busy, "cannot be reached"),
        ],
    )
    def test_what_cannot_be_opened_is_said_without_its_password(
        self, postgres: str, of: str, instead: str, kind: type[Exception], words: str
    ) -> None:
        head, _, tail = postgres.rpartition(of)
        with pytest.raises(kind, match=words) as told:
            warehouse_at(f"{head}{instead}{tail}").league()
        assert "hunter2" not in str(told.value)


class TestAsking:
    def test_a_persons_sql_gives_rows(self, warehouse: PostgresWarehouse) -> None:
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g1", NOON)]), "run")
        found = warehouse.query("SELECT count(*) AS n, avg(home_score) AS mean, max(known_at) AS last FROM raw.schedule;")
        assert found.column("n").to_pylist() == [1]
        assert found.schema.field("mean").type == pa.float64()
        assert found.schema.field("last").type == pa.timestamp("us", "UTC")

    @pytest.mark.parametrize(
        "sql",
        [
            "DELETE FROM raw.schedule",
            "SELECT 1; DROP TABLE raw.schedule",
            "COPY raw.schedule TO PROGRAM 'cat'",
            "WITH gone AS (DELETE FROM raw.schedule RETURNING 1) SELECT * FROM gone",
            "SELECT set_config('transaction_read_only', 'off', false)",
            "EXPLAIN ANALYZE DELETE FROM raw.schedule",
            "SET TRANSACTION READ WRITE",
            "SELECT * FROM nowhere",
            "",
        ],
    )
    def test_what_does_not_only_read_is_refused(self, warehouse: PostgresWarehouse, sql: str) -> None:
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g1", NOON)]), "run")
        with pytest.raises(BadInput):
            warehouse.query(sql)
        assert warehouse.read(SCHEDULE).num_rows == 1


def test_dates_and_instants_come_back_as_they_were(warehouse: PostgresWarehouse) -> None:
    moment = datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC)
    warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g1", NOON) | {"known_at": moment, "game_date": date(2026, 3, 28)}]), "run")
    [row] = warehouse.read(SCHEDULE, as_of=moment).to_pylist()
    assert (row["known_at"], row["game_date"]) == (moment, date(2026, 3, 28))
