"""The state database: a phase from its start to its end, its cause where it failed, the newest first; two processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.errors import ConfigError, NotReady
from tipoff.flow import state as state_module
from tipoff.flow.state import Run, State

START = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GAME_DATE = date(2025, 11, 5)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def state(tmp_path: Path, clock: ManualClock) -> Iterator[State]:
    opened = State(Settings(data_dir=tmp_path / "house"), clock)
    yield opened
    opened.close()


def _again(tmp_path: Path) -> list[Run]:
    """What another process would read."""
    other = State(Settings(data_dir=tmp_path / "house"), ManualClock(START))
    try:
        return other.runs()
    finally:
        other.close()


class TestPhases:
    def test_a_phase_is_seen_by_others_while_it_runs(self, state: State, tmp_path: Path) -> None:
        with state.phase("r1", "load", GAME_DATE) as recorded:
            recorded.counts["rows"] = 3
            assert _again(tmp_path) == [Run("r1", "load", GAME_DATE, "running", {}, START, None, None)]

    def test_a_phase_that_ends_is_complete_with_its_counts(self, state: State, clock: ManualClock, tmp_path: Path) -> None:
        with state.phase("r1", "load", GAME_DATE) as recorded:
            recorded.counts |= {"rows": 3, "set_apart": {"F15": 1}, "note": "é 🏀"}
            clock.advance(MINUTE)
        counts: dict[str, Any] = {"rows": 3, "set_apart": {"F15": 1}, "note": "é 🏀"}
        assert _again(tmp_path) == [Run("r1", "load", GAME_DATE, "complete", counts, START, START + MINUTE, None)]

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

    def test_instants_come_back_in_utc_from_whatever_zone(self, tmp_path: Path) -> None:
        class NewYorkClock:
            def now(self) -> datetime:
                return START.astimezone(ZoneInfo("America/New_York"))

        opened = State(Settings(data_dir=tmp_path), NewYorkClock())
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

    def test_opening_again_keeps_what_is_there(self, state: State, tmp_path: Path) -> None:
        with state.phase("r1", "load", GAME_DATE):
            pass
        assert [run.run_id for run in _again(tmp_path)] == ["r1"]

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

    def test_two_that_open_a_new_state_at_once_both_may(self, tmp_path: Path, clock: ManualClock) -> None:
        """The other one comes at the worst moment: after this one has seen that the table is missing, before it makes it."""

        quicker: list[str] = []

        def other_is_quicker(*_: Any, **__: Any) -> None:
            if not quicker:
                quicker.append("the other")
                State(Settings(data_dir=tmp_path), clock).close()

        event.listen(state_module.RUNS, "before_create", other_is_quicker)
        try:
            State(Settings(data_dir=tmp_path), clock).close()
        finally:
            event.remove(state_module.RUNS, "before_create", other_is_quicker)


_WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.flow.state import State

state = State(Settings(data_dir=Path(sys.argv[1])), ManualClock(datetime(2025, 11, 5, 22, 30, tzinfo=UTC)))
print("ready", flush=True)
sys.stdin.readline()
for number in range(12):
    with state.phase(f"{sys.argv[2]}-{number}", "load", None) as recorded:
        recorded.counts["number"] = number
state.close()
"""


def test_two_processes_that_write_at_once_lose_nothing(state: State, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path / "house")]
    with (
        subprocess.Popen([*command, "a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen([*command, "b"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as second,
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
