"""The DuckDB adapter on one file: made and extended by the code, transactions, as-of reads, and what cannot be opened."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import GAME_IDS, KEY, NOON, QUOTES, SCHEDULE, Row, arrow, columns_of, ids_of, quote, version

from tipoff.config import Settings
from tipoff.errors import BadInput, BrokenInvariant, ConfigError, LeagueMismatch
from tipoff.store import open_warehouse
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import ALL
from tipoff.store.warehouse import day_of

NEW_YORK = ZoneInfo("America/New_York")
HOURS = st.integers(0, 5).map(lambda hours: NOON + timedelta(hours=hours))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "house" / "warehouse.duckdb"


@pytest.fixture
def new(path: Path) -> DuckDBWarehouse:
    """A warehouse that nobody has opened: there is no file yet, and no folder."""
    return DuckDBWarehouse(path)


@pytest.fixture
def warehouse(path: Path, empty_file: Path) -> DuckDBWarehouse:
    """A warehouse without rows: a copy of a file that was made once, which is quicker than making it."""
    path.parent.mkdir()
    copyfile(empty_file, path)
    return DuckDBWarehouse(path)


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    DuckDBWarehouse(path).league()
    return path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path_factory.mktemp("shared") / "warehouse.duckdb")


@pytest.fixture(scope="module")
def fresh() -> Callable[[], str]:
    numbers = count()
    return lambda: f"g{next(numbers):05d}"


def _tables_of(path: Path) -> dict[str, dict[str, str]]:
    """The columns of every table in a file and their types, as DuckDB tells."""
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute("SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns").fetchall()
    found: dict[str, dict[str, str]] = {}
    for dataset, table, column, kind in rows:
        found.setdefault(f"{dataset}.{table}", {})[column] = kind
    return found


class TestMaking:
    def test_every_declared_table_is_made_on_first_use_with_its_folder(self, new: DuckDBWarehouse, path: Path) -> None:
        assert new.league() is None
        there = _tables_of(path)
        assert {table.name: set(table.column_names) for table in ALL} == {table.name: set(there.get(table.name, ())) for table in ALL}
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    def test_kinds_become_the_engines_types(self, new: DuckDBWarehouse, path: Path) -> None:
        new.league()
        box = _tables_of(path)["raw.player_box"]
        assert {name: box[name] for name in ("team", "game_date", "minutes", "points", "home", "known_at")} == {
            "team": "VARCHAR",
            "game_date": "DATE",
            "minutes": "DOUBLE",
            "points": "BIGINT",
            "home": "BOOLEAN",
            "known_at": "TIMESTAMP WITH TIME ZONE",
        }

    def test_naming_a_warehouse_makes_nothing(self, path: Path) -> None:
        DuckDBWarehouse(path)
        assert not path.parent.exists()

    def test_opening_again_migrates_nothing(self, new: DuckDBWarehouse, path: Path) -> None:
        new.league()
        DuckDBWarehouse(path).league()
        with duckdb.connect(str(path)) as connection:
            assert connection.execute("SELECT count(*) FROM ops.schema_version").fetchone() == (1,)

    def test_the_settings_name_the_file(self, tmp_path: Path) -> None:
        opened = open_warehouse(Settings(data_dir=tmp_path / "my data"))
        opened.league()
        assert (tmp_path / "my data" / "warehouse.duckdb").is_file()

    def test_an_engine_without_an_adapter_is_refused_and_its_password_is_not_told(self) -> None:
        with pytest.raises(ConfigError, match="No adapter for the warehouse mysql") as refused:
            open_warehouse(Settings(warehouse="mysql://u:hunter2@h/d"))
        assert "hunter2" not in str(refused.value)
        assert "duckdb://" in refused.value.hint


class TestMigrating:
    def _older(self, path: Path, *statements: str) -> None:
        path.parent.mkdir(parents=True)
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def test_an_older_file_gains_columns_and_tables_and_keeps_its_rows(self, new: DuckDBWarehouse, path: Path) -> None:
        self._older(
            path,
            "CREATE SCHEMA raw",
            "CREATE SCHEMA ops",
            "CREATE TABLE raw.schedule (known_at TIMESTAMPTZ, game_id VARCHAR, status VARCHAR)",
            "INSERT INTO raw.schedule VALUES ('2025-11-05T17:00:00Z', 'g', 'scheduled')",
            "CREATE TABLE ops.schema_version (fingerprint VARCHAR, migrated_at TIMESTAMPTZ)",
            "INSERT INTO ops.schema_version VALUES ('older', '2025-11-01T00:00:00Z')",
        )
        (row,) = new.read(SCHEDULE).to_pylist()
        assert {name: value for name, value in row.items() if value is not None} == {
            "game_id": "g",
            "known_at": NOON,
            "status": "scheduled",
        }
        assert set(row) == columns_of(SCHEDULE)
        there = _tables_of(path)
        assert {table.name for table in ALL} <= set(there)

    def test_a_migrated_table_takes_merges(self, new: DuckDBWarehouse, path: Path) -> None:
        self._older(
            path,
            "CREATE SCHEMA raw",
            "CREATE TABLE raw.schedule (known_at TIMESTAMPTZ, game_id VARCHAR, status VARCHAR)",
            "INSERT INTO raw.schedule VALUES ('2025-11-05T17:00:00Z', 'g', 'scheduled')",
        )
        rows = [version("g", NOON, home="BOS"), version("h", NOON)]
        merged = new.merge(SCHEDULE, arrow(SCHEDULE, rows), "r")
        assert (merged.inserted, merged.updated) == (1, 1)

    def test_older_code_goes_on_beside_newer_code(self, new: DuckDBWarehouse, path: Path) -> None:
        new.league()
        with duckdb.connect(str(path)) as connection:
            connection.execute("ALTER TABLE raw.schedule ADD COLUMN arena VARCHAR")
            connection.execute("INSERT INTO ops.schema_version VALUES ('newer', now() + INTERVAL 1 HOUR)")
            connection.execute("INSERT INTO raw.schedule (game_id, known_at, arena) VALUES ('g', now(), 'TD Garden')")
        new.merge(SCHEDULE, arrow(SCHEDULE, [version("h", NOON)]), "r")
        with duckdb.connect(str(path)) as connection:
            assert connection.execute("SELECT game_id, arena FROM raw.schedule ORDER BY 1").fetchall() == [("g", "TD Garden"), ("h", None)]


class TestTransactions:
    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
    def test_a_transaction_that_fails_leaves_nothing_in_any_table(self, error: type[BaseException], warehouse: DuckDBWarehouse) -> None:
        warehouse.merge(QUOTES, arrow(QUOTES, [quote("e", source="before")]), "before")
        before = warehouse.read(QUOTES)

        def fail() -> None:
            with warehouse.writing("fails") as work:
                work.merge(QUOTES, arrow(QUOTES, [quote("e", payload_id="b", source="fails"), quote("f")]))
                work.merge(GAME_IDS, arrow(GAME_IDS, ids_of([quote("e")])))
                work.annotate(QUOTES, arrow(QUOTES, [{name: quote("e")[name] for name in KEY} | {"is_main": True}]))
                raise error

        with pytest.raises(error):
            fail()
        assert warehouse.read(QUOTES).equals(before)
        assert warehouse.read(GAME_IDS).num_rows == 0

    def test_a_merge_that_is_refused_leaves_the_rest_of_its_transaction_out_too(self, warehouse: DuckDBWarehouse) -> None:

        def fail() -> None:
            with warehouse.writing("fails") as work:
                work.merge(QUOTES, arrow(QUOTES, [quote("e")]))
                work.merge(QUOTES, arrow(QUOTES, [quote("f", point=None)]))

        with pytest.raises(BrokenInvariant, match="without point"):
            fail()
        assert warehouse.read(QUOTES).num_rows == 0

    def test_the_file_can_be_used_after_a_failure(self, warehouse: DuckDBWarehouse) -> None:
        with pytest.raises(RuntimeError), warehouse.writing("fails"):
            raise RuntimeError
        assert warehouse.merge(QUOTES, arrow(QUOTES, [quote("e")]), "r").inserted == 1

    def test_a_transaction_sees_its_own_writes(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.writing("r") as work:
            work.merge(QUOTES, arrow(QUOTES, [quote("e")]))
            assert work.fetch(work.as_of(QUOTES)).column("event_id").to_pylist() == ["e"]
            work.merge(QUOTES, arrow(QUOTES, [quote("e", payload_id="b"), quote("f")]))
            assert sorted(work.fetch(work.table(QUOTES)).column("payload_id").to_pylist()) == ["a", "b"]

    def test_several_tables_are_committed_as_one(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.writing("r") as work:
            work.merge(QUOTES, arrow(QUOTES, [quote("e")]))
            work.merge(GAME_IDS, arrow(GAME_IDS, ids_of([quote("e")])))
        assert {row["run_id"] for name in (QUOTES, GAME_IDS) for row in warehouse.read(name).to_pylist()} == {"r"}

    def test_what_is_kept_is_computed_once_and_is_gone_with_the_unit_of_work(self, warehouse: DuckDBWarehouse, path: Path) -> None:
        warehouse.merge(QUOTES, arrow(QUOTES, [quote("e")]), "r")
        with warehouse.writing("r") as work:
            first = work.keep(work.table(QUOTES).select("event_id"))
            work.merge(QUOTES, arrow(QUOTES, [quote("f")]))
            second = work.keep(work.table(QUOTES).select("event_id"))
            assert work.fetch(first).column("event_id").to_pylist() == ["e"]
            assert sorted(work.fetch(second).column("event_id").to_pylist()) == ["e", "f"]
        assert {name for name in _tables_of(path) if "kept" in name} == set()


def _known(versions: list[Row], as_of: datetime | None) -> dict[str, Row]:
    """The slow reference: of each game the newest version that was known."""
    newest: dict[str, Row] = {}
    for row in versions:
        if as_of is not None and row["known_at"] > as_of:
            continue
        if row["game_id"] not in newest or newest[row["game_id"]]["known_at"] < row["known_at"]:
            newest[row["game_id"]] = row
    return newest


_VERSIONS = st.lists(
    st.tuples(st.integers(0, 2), HOURS, st.sampled_from(["scheduled", "postponed", "final"])),
    min_size=1,
    max_size=9,
    unique_by=lambda drawn: (drawn[0], drawn[1]),
)


class TestAsOf:
    @settings(deadline=None, max_examples=10)
    @given(
        drawn=_VERSIONS,
        moments=st.lists(st.none() | HOURS, min_size=1, max_size=2),
        statuses=st.sets(st.sampled_from(["scheduled", "final"])),
    )
    def test_a_read_gives_what_the_slow_reference_says_was_known_then(
        self,
        drawn: list[tuple[int, datetime, str]],
        moments: list[datetime | None],
        statuses: set[str],
        shared: DuckDBWarehouse,
        fresh: Callable[[], str],
    ) -> None:
        games = [fresh() for _ in range(3)]
        versions = [version(games[game], known_at, status=status) for game, known_at, status in drawn]
        with shared.writing("r") as work:
            work.merge(SCHEDULE, arrow(SCHEDULE, versions))
            for as_of in moments:
                rows = work.fetch(work.as_of(SCHEDULE, as_of, game_id=games)).to_pylist()
                known = _known(versions, as_of)
                assert {row["game_id"]: (row["known_at"], row["status"]) for row in rows} == {
                    game: (row["known_at"], row["status"]) for game, row in known.items()
                }
                assert len(rows) == len(known)
                some = work.fetch(work.as_of(SCHEDULE, as_of, game_id=games, status=statuses)).column("game_id").to_pylist()
                assert sorted(some) == sorted(game for game, row in known.items() if row["status"] in statuses)

    def test_what_became_known_at_that_very_moment_is_known(self, warehouse: DuckDBWarehouse) -> None:
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g", NOON)]), "r")
        assert warehouse.read(SCHEDULE, as_of=NOON).num_rows == 1
        assert warehouse.read(SCHEDULE, as_of=NOON - timedelta(microseconds=1)).num_rows == 0

    def test_a_moment_may_be_given_in_any_zone(self, warehouse: DuckDBWarehouse) -> None:
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g", NOON)]), "r")
        assert warehouse.read(SCHEDULE, as_of=datetime(2025, 11, 5, 12, tzinfo=NEW_YORK)).num_rows == 1
        assert warehouse.read(SCHEDULE, as_of=datetime(2025, 11, 5, 11, 59, tzinfo=NEW_YORK)).num_rows == 0

    def test_a_moment_without_a_zone_is_refused(self, warehouse: DuckDBWarehouse) -> None:
        with pytest.raises(BadInput, match="has no time zone"):
            warehouse.read(SCHEDULE, as_of=datetime(2025, 11, 5, 17))

    def test_a_postponed_game_is_no_longer_found_on_its_former_day(self, warehouse: DuckDBWarehouse) -> None:
        first = version("g", NOON, game_date=date(2025, 11, 5))
        moved = version("g", NOON + timedelta(hours=1), game_date=date(2025, 11, 9), status="postponed")
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [first, moved]), "r")
        assert warehouse.read(SCHEDULE, game_date=date(2025, 11, 5)).num_rows == 0
        assert warehouse.read(SCHEDULE, game_date=date(2025, 11, 9)).num_rows == 1
        assert warehouse.read(SCHEDULE, as_of=NOON, game_date=date(2025, 11, 5)).num_rows == 1

    def test_quotes_are_no_versions_of_each_other(self, warehouse: DuckDBWarehouse) -> None:
        rows = [quote("e", snapshot_at=NOON + timedelta(hours=hours), known_at=NOON + timedelta(hours=hours)) for hours in range(3)]
        warehouse.merge(QUOTES, arrow(QUOTES, rows), "r")
        assert warehouse.read(QUOTES, as_of=NOON + timedelta(hours=1)).num_rows == 2

    def test_a_table_without_knowledge_is_read_whole(self, warehouse: DuckDBWarehouse) -> None:
        warehouse.merge(GAME_IDS, arrow(GAME_IDS, ids_of([quote("e"), quote("f")])), "r")
        assert warehouse.read(GAME_IDS, as_of=datetime(1990, 1, 1, tzinfo=UTC)).num_rows == 2

    @pytest.mark.parametrize(
        ("where", "expected"),
        [({"event_id": "e"}, 1), ({"event_id": ["e", "f"]}, 2), ({"event_id": set()}, 0), ({"event_id": "e", "bookmaker": "betmgm"}, 0)],
    )
    def test_where_keeps_equal_rows_or_those_of_a_list(self, where: dict[str, Any], expected: int, warehouse: DuckDBWarehouse) -> None:
        warehouse.merge(QUOTES, arrow(QUOTES, [quote("e"), quote("f"), quote("g")]), "r")
        assert warehouse.read(QUOTES, **where).num_rows == expected

    def test_a_name_from_outside_is_a_value_and_never_a_query(self, warehouse: DuckDBWarehouse) -> None:
        event = "' OR 1=1; DROP TABLE raw.odds_player_points; --"
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event), quote("f")]), "r")
        assert warehouse.read(QUOTES, event_id=event).column("event_id").to_pylist() == [event]

    def test_instants_come_back_in_utc_and_days_as_days(self, warehouse: DuckDBWarehouse) -> None:
        tip = datetime(2025, 11, 5, 19, 30, 0, 1, tzinfo=NEW_YORK)
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g", NOON, commence_time=tip, game_date=date(2025, 11, 5))]), "r")
        rows = warehouse.read(SCHEDULE)
        assert {str(field.type) for field in rows.schema if field.name in {"known_at", "commence_time", "written_at"}} == {
            "timestamp[us, tz=UTC]"
        }
        (row,) = rows.to_pylist()
        assert row["commence_time"] == datetime(2025, 11, 6, 0, 30, 0, 1, tzinfo=UTC)
        assert row["game_date"] == date(2025, 11, 5)

    def test_a_day_as_a_literal_is_that_day(self, warehouse: DuckDBWarehouse) -> None:
        days = [date(2025, 11, 1), date(2025, 11, 2)]
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version(str(day), NOON, game_date=day) for day in days]), "r")
        with warehouse.reading() as work:
            rows = work.table(SCHEDULE)
            assert work.fetch(rows.filter(rows.game_date >= day_of(days[1]))).column("game_date").to_pylist() == [days[1]]


class TestLeagues:
    def test_the_first_to_come_names_the_league(self, warehouse: DuckDBWarehouse) -> None:
        assert warehouse.league() is None
        with warehouse.writing("r") as work:
            work.claim_league("practice")
        assert warehouse.league() == "practice"

    def test_the_same_league_is_let_in_again_and_nothing_is_rewritten(self, warehouse: DuckDBWarehouse) -> None:
        for run in ("first", "second"):
            with warehouse.writing(run) as work:
                work.claim_league("nba")
        (row,) = warehouse.read("ref.league").to_pylist()
        assert row["run_id"] == "first"

    def test_another_league_is_refused_and_nothing_is_written(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.writing("real") as work:
            work.claim_league("nba")

        def mix() -> None:
            with warehouse.writing("invented") as work:
                work.merge(QUOTES, arrow(QUOTES, [quote("invented")]))
                work.claim_league("practice")

        with pytest.raises(LeagueMismatch, match="holds the league 'nba'; data of 'practice' was refused") as refused:
            mix()
        assert "--data-dir" in refused.value.hint
        assert warehouse.league() == "nba"
        assert warehouse.read(QUOTES).num_rows == 0


class TestWhatCannotBeOpened:
    @pytest.mark.parametrize("folder", ["house", "blocks and locks"])
    @pytest.mark.parametrize("body", [b"", b"hello", b"hello, I am no database " * 1000], ids=["empty", "short", "long"])
    def test_a_file_of_another_kind_is_a_matter_of_configuration(self, folder: str, body: bytes, tmp_path: Path) -> None:
        """Whatever the folder is called: an error about a lock is known by its words, not by a path."""
        path = tmp_path / folder / "warehouse.duckdb"
        path.parent.mkdir()
        path.write_bytes(body)
        with pytest.raises(ConfigError, match="cannot be opened") as refused:
            DuckDBWarehouse(path, wait_seconds=0.1).league()
        assert str(path) in refused.value.message
        assert refused.value.hint
        assert path.read_bytes() == body

    def test_a_damaged_file_is_not_taken_for_one_that_is_held(self, path: Path) -> None:
        DuckDBWarehouse(path).league()
        body = bytearray(path.read_bytes())
        body[4096 + 16 : 4096 + 80] = b"\xff" * 64
        body[8192 + 16 : 8192 + 80] = b"\xff" * 64
        path.write_bytes(body)
        with pytest.raises(ConfigError, match="cannot be opened"):
            DuckDBWarehouse(path, wait_seconds=0.1).league()

    def test_a_folder_in_place_of_the_file_is_a_matter_of_configuration(self, path: Path) -> None:
        path.mkdir(parents=True)
        with pytest.raises(ConfigError, match="cannot be opened"):
            DuckDBWarehouse(path, wait_seconds=0.1).league()

    def test_a_folder_that_cannot_be_made_is_a_matter_of_configuration(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(ConfigError, match="cannot be made") as refused:
            DuckDBWarehouse(tmp_path / "file" / "warehouse.duckdb").league()
        assert "--data-dir" in refused.value.hint

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
    def test_a_folder_that_cannot_be_written_is_a_matter_of_configuration(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        try:
            with pytest.raises(ConfigError, match="cannot be opened"):
                DuckDBWarehouse(tmp_path / "warehouse.duckdb", wait_seconds=0.1).league()
        finally:
            tmp_path.chmod(0o700)


def test_a_read_that_nobody_answers_has_the_declared_shape(warehouse: DuckDBWarehouse) -> None:
    rows: pa.Table = warehouse.read(SCHEDULE, game_id="none")
    assert set(rows.column_names) == columns_of(SCHEDULE)
    assert rows.num_rows == 0


def test_who_spares_asks_in_one_thread_also_of_a_file_that_is_opened_meanwhile(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")

    def threads() -> int:
        with warehouse.reading() as work:
            return int(work._connection.execute("SELECT current_setting('threads')").fetchone()[0])  # type: ignore[attr-defined]

    usual = threads()
    with warehouse.sparing():
        assert threads() == 1
    assert threads() == usual
    with warehouse.reading():
        with warehouse.sparing():
            assert threads() == 1
        assert threads() == usual


TAKEN = "import duckdb, sys; duckdb.connect(sys.argv[1])"


def test_a_file_that_two_linger_at_stays_open_until_both_have_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipoff.store.duckdb._LINGER_SECONDS", 3600.0)
    monkeypatch.setattr("tipoff.store.duckdb._HOLD_SECONDS", 3600.0)
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    command = (sys.executable, "-c", TAKEN, str(warehouse.path))
    with warehouse.lingering():
        with warehouse.lingering(), warehouse.reading() as work:
            work.league()
        assert "lock" in subprocess.run(command, capture_output=True, text=True, check=False).stderr
    subprocess.run(command, check=True)
