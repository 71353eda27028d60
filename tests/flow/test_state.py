"""The state database: a phase from its start to its end, its cause where it failed, the newest first; two processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.errors import BrokenInvariant, ConfigError, NotReady
from tipoff.flow import state as state_module
from tipoff.flow.state import Run, State

START = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GAME_DATE = date(2025, 11, 5)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A state database of each kind, not made yet."""
    database = SecretStr(request.getfixturevalue("postgres")) if request.param == "postgres" else None
    return Settings(data_dir=tmp_path / "house", database=database)


@pytest.fixture
def state(settings: Settings, clock: ManualClock) -> Iterator[State]:
    opened = State(settings, clock)
    yield opened
    opened.close()


def _again(settings: Settings) -> list[Run]:
    """What another process would read."""
    other = State(settings, ManualClock(START))
    try:
        return other.runs()
    finally:
        other.close()


class TestPhases:
    def test_a_phase_is_seen_by_others_while_it_runs(self, state: State, settings: Settings) -> None:
        with state.phase("r1", "load", GAME_DATE) as recorded:
            recorded.counts["rows"] = 3
            assert _again(settings) == [Run("r1", "load", GAME_DATE, "running", {}, START, None, None)]

    def test_a_phase_that_ends_is_complete_with_its_counts(self, state: State, clock: ManualClock, settings: Settings) -> None:
        with state.phase("r1", "load", GAME_DATE) as recorded:
            recorded.counts |= {"rows": 3, "set_apart": {"F15": 1}, "note": "é 🏀"}
            clock.advance(MINUTE)
        counts: dict[str, Any] = {"rows": 3, "set_apart": {"F15": 1}, "note": "é 🏀"}
        assert _again(settings) == [Run("r1", "load", GAME_DATE, "complete", counts, START, START + MINUTE, None)]

    def test_a_phase_that_fails_keeps_its_cause_and_goes_on_upwards(self, state: State, clock: ManualClock) -> None:
        def fail() -> None:
            with state.phase("r1", "predict", GAME_DATE) as recorded:
                recorded.counts["players"] = 7
                clock.advance(MINUTE)
                raise NotReady("There are no features.", hint="Run `tipoff night` first.")

        with pytest.raises(NotReady, match="no features"):
            fail()
        cause = "There are no features. Run `tipoff night` first."
        assert state.runs() == [Run("r1", "predict", GAME_DATE, "failed", {"players": 7}, START, START + MINUTE, cause)]

    @pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), KeyboardInterrupt(), SystemExit(3)])
    def test_whatever_ends_a_phase_is_recorded_by_its_kind_and_raised_as_it_was(self, error: BaseException, state: State) -> None:
        def fail() -> None:
            with state.phase("r1", "grade", None):
                raise error

        with pytest.raises(type(error)) as raised:
            fail()
        assert raised.value is error
        (run,) = state.runs()
        assert (run.status, run.error, run.game_date) == ("failed", f"{type(error).__name__}: {error}", None)

    def test_a_phase_that_runs_again_in_its_run_takes_its_own_place(self, state: State, clock: ManualClock) -> None:
        def fail() -> None:
            with state.phase("r1", "load", GAME_DATE):
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        clock.advance(MINUTE)
        with state.phase("r1", "load", GAME_DATE) as recorded:
            recorded.counts["rows"] = 1
        assert state.runs() == [Run("r1", "load", GAME_DATE, "complete", {"rows": 1}, START + MINUTE, START + MINUTE, None)]

    def test_phases_of_one_run_and_of_other_runs_stand_beside_each_other(self, state: State) -> None:
        with state.phase("r1", "analyze", GAME_DATE), state.phase("r1", "load", GAME_DATE), state.phase("r2", "load", None):
            pass
        assert {(run.run_id, run.phase, run.game_date) for run in state.runs()} == {
            ("r1", "analyze", GAME_DATE),
            ("r1", "load", GAME_DATE),
            ("r2", "load", None),
        }

    def test_a_game_date_and_a_name_from_outside_are_values_and_never_a_query(self, state: State) -> None:
        with state.phase("'; DROP TABLE ops_runs; --", "a'b", GAME_DATE):
            pass
        (run,) = state.runs()
        assert (run.run_id, run.phase) == ("'; DROP TABLE ops_runs; --", "a'b")


class TestReading:
    def test_a_state_without_runs_is_empty(self, state: State) -> None:
        assert state.runs() == []

    def test_the_newest_come_first_and_no_more_than_asked_for(self, state: State, clock: ManualClock) -> None:
        for number in range(5):
            with state.phase(f"r{number}", "load", GAME_DATE):
                clock.advance(MINUTE)
        assert [run.run_id for run in state.runs()] == ["r4", "r3", "r2", "r1", "r0"]
        assert [run.run_id for run in state.runs(last=2)] == ["r4", "r3"]

    def test_instants_come_back_in_utc_from_whatever_zone(self, settings: Settings) -> None:
        class NewYorkClock:
            def now(self) -> datetime:
                return START.astimezone(ZoneInfo("America/New_York"))

        opened = State(settings, NewYorkClock())
        with opened.phase("r1", "load", GAME_DATE):
            pass
        (run,) = opened.runs()
        opened.close()
        assert run.started_at == run.finished_at == START
        assert run.started_at.tzinfo is UTC


class TestOpening:
    def test_the_folder_and_the_table_are_made_on_first_use(self, tmp_path: Path, clock: ManualClock) -> None:
        State(Settings(data_dir=tmp_path / "a" / "b"), clock).close()
        assert (tmp_path / "a" / "b" / "state.sqlite").is_file()

    def test_opening_again_keeps_what_is_there(self, state: State, settings: Settings) -> None:
        with state.phase("r1", "load", GAME_DATE):
            pass
        assert [run.run_id for run in _again(settings)] == ["r1"]

    def test_a_file_of_another_kind_is_a_matter_of_configuration(self, tmp_path: Path, clock: ManualClock) -> None:
        (tmp_path / "state.sqlite").write_text("hello, I am no database " * 100)
        with pytest.raises(ConfigError, match="state database cannot be opened") as refused:
            State(Settings(data_dir=tmp_path), clock)
        assert "TIPOFF_DATABASE" in refused.value.hint

    def test_an_engine_that_does_not_exist_is_a_matter_of_configuration_and_its_password_is_not_told(self, clock: ManualClock) -> None:
        with pytest.raises(ConfigError, match="state database cannot be opened") as refused:
            State(Settings.model_validate({"database": "nonsense://u:hunter2@h/d"}), clock)
        assert "hunter2" not in str(refused.value)

    def test_a_url_that_cannot_be_read_is_a_matter_of_configuration(self, clock: ManualClock) -> None:
        with pytest.raises(ConfigError):
            State(Settings.model_validate({"database": "nonsense"}), clock)

    def test_a_folder_that_cannot_be_made_is_a_matter_of_configuration(self, tmp_path: Path, clock: ManualClock) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(ConfigError):
            State(Settings(data_dir=tmp_path / "file"), clock)


class TestColumns:
    """Columns that were declared after the table was made."""

    def test_a_column_that_came_later_is_added_and_what_stood_there_stays(self, settings: Settings, clock: ManualClock) -> None:
        state = State(settings, clock)
        with state.phase("r1", "load", GAME_DATE):
            pass
        with state.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE ops_runs DROP COLUMN error")
        state.close()
        opened = State(settings, clock)
        with pytest.raises(RuntimeError), opened.phase("r2", "load", GAME_DATE):
            raise RuntimeError("why")
        assert {run.run_id: run.error for run in opened.runs()} == {"r1": None, "r2": "RuntimeError: why"}
        opened.close()

    def test_a_column_that_the_code_does_not_know_is_left_alone(self, settings: Settings, clock: ManualClock) -> None:
        """As an older process finds it beside a newer one."""
        state = State(settings, clock)
        with state.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE ops_runs ADD COLUMN of_tomorrow VARCHAR DEFAULT 'x'")
        state.close()
        opened = State(settings, clock)
        with opened.phase("r1", "load", GAME_DATE):
            pass
        with opened.reading() as connection:
            assert connection.exec_driver_sql("SELECT run_id, of_tomorrow FROM ops_runs").all() == [("r1", "x")]
        opened.close()

    def test_a_column_with_a_servers_default_has_it_in_rows_of_before(
        self, settings: Settings, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, after = sa.MetaData(), sa.MetaData()
        sa.Table("ops_things", before, sa.Column("name", sa.String, primary_key=True))
        later = sa.Column("times", sa.Integer, nullable=False, server_default="1")
        sa.Table("ops_things", after, sa.Column("name", sa.String, primary_key=True), later)
        monkeypatch.setattr(state_module, "METADATA", before)
        state = State(settings, clock)
        with state.transaction() as connection:
            connection.execute(sa.insert(before.tables["ops_things"]).values(name="old"))
        state.close()
        monkeypatch.setattr(state_module, "METADATA", after)
        opened = State(settings, clock)
        with opened.reading() as connection:
            assert connection.execute(sa.select(after.tables["ops_things"])).all() == [("old", 1)]
        opened.close()

    def test_a_column_that_rows_of_before_could_not_have_is_a_defect(
        self, settings: Settings, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        State(settings, clock).close()
        declared = sa.MetaData()
        sa.Table("ops_runs", declared, sa.Column("run_id", sa.String, primary_key=True), sa.Column("more", sa.String, nullable=False))
        monkeypatch.setattr(state_module, "METADATA", declared)
        with pytest.raises(BrokenInvariant, match=r"ops_runs\.more came later than its table"):
            State(settings, clock)


@pytest.mark.parametrize("old", [False, True])
def test_many_that_open_a_state_at_once_all_may(settings: Settings, clock: ManualClock, old: bool) -> None:
    """Of a new one, and of one that lacks a column."""
    if old:
        state = State(settings, clock)
        with state.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE ops_runs DROP COLUMN error")
        state.close()
    together = Barrier(6)

    def enter(number: int) -> None:
        together.wait()
        state = State(settings, clock)
        with state.phase(f"r{number}", "load", None):
            pass
        state.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(enter, range(6)))
    state = State(settings, clock)
    assert {run.run_id for run in state.runs()} == {f"r{number}" for number in range(6)}
    state.close()


_WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.flow.state import State

state = State(Settings(data_dir=Path(sys.argv[1]), database=sys.argv[3] or None), ManualClock(datetime(2025, 11, 5, 22, 30, tzinfo=UTC)))
print("ready", flush=True)
sys.stdin.readline()
for number in range(12):
    with state.phase(f"{sys.argv[2]}-{number}", "load", None) as recorded:
        recorded.counts["number"] = number
state.close()
"""


def test_two_processes_that_write_at_once_lose_nothing(state: State, settings: Settings) -> None:
    database = settings.database.get_secret_value() if settings.database else ""
    with (
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, settings.data_dir, "a", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as first,
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, settings.data_dir, "b", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as second,
    ):
        for process in (first, second):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (first, second):
            process.communicate("go\n")
    assert (first.returncode, second.returncode) == (0, 0)
    runs = state.runs()
    assert {run.run_id: run.counts["number"] for run in runs} == {f"{who}-{number}": number for who in "ab" for number in range(12)}
    assert {run.status for run in runs} == {"complete"}
