"""The engine: who is dead, who takes over, what is left behind, and in what words workflows are kept."""

from __future__ import annotations

import json
import pickle
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS

from faults.crew import Yard, ten
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.errors import NotReady
from tipoff.flow.engine import Watch, current, running_engine
from tipoff.flow.house import open_house
from tipoff.flow.processes import workers
from tipoff.flow.workflow_json import WorkflowFailed, WorkflowJson


class TestWatch:
    def test_what_is_seen_for_the_first_time_has_not_stood_still(self) -> None:
        assert Watch(lambda: 1000.0).still_for("a", 0) == 0

    def test_a_thing_stands_still_from_when_its_counter_was_first_seen_until_it_moves(self) -> None:
        now = [10.0]
        watch = Watch(lambda: now[0])
        watch.still_for("a", 1)
        now[0] = 14.0
        assert watch.still_for("a", 1) == 4
        assert watch.still_for("b", 1) == 0
        assert watch.still_for("a", 2) == 0
        now[0] = 15.0
        assert (watch.still_for("a", 2), watch.still_for("b", 1)) == (1, 1)

    def test_a_counter_that_goes_back_has_moved(self) -> None:
        now = [0.0]
        watch = Watch(lambda: now[0])
        watch.still_for("a", 5)
        now[0] = 9.0
        assert watch.still_for("a", 4) == 0

    def test_what_is_forgotten_is_seen_for_the_first_time_again_and_the_rest_is_not(self) -> None:
        now = [0.0]
        watch = Watch(lambda: now[0])
        watch.still_for("a", 1)
        watch.still_for("b", 1)
        watch.forget_all_but({"a"})
        now[0] = 3.0
        assert (watch.still_for("a", 1), watch.still_for("b", 1)) == (3, 0)


class TestWords:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            "text",
            {"args": [1, 2.5, True], "kwargs": {}},
            [date(2025, 11, 5), datetime(2025, 11, 5, 17, 0, 0, 5, tzinfo=UTC)],
            {"day": date(2025, 11, 5), "inner": [{"at": datetime(2025, 3, 9, 7, tzinfo=UTC)}]},
        ],
    )
    def test_what_workflows_take_and_give_comes_back_as_it_was(self, value: Any) -> None:
        words = WorkflowJson().serialize(value)
        json.loads(words)
        assert WorkflowJson().deserialize(words) == value

    def test_an_error_comes_back_with_its_kind_and_message(self) -> None:
        found = WorkflowJson().deserialize(WorkflowJson().serialize(NotReady("It is not there.", hint="Make it.")))
        assert isinstance(found, WorkflowFailed)
        assert found.message == "NotReady: It is not there. Make it."

    def test_what_json_cannot_hold_is_refused(self) -> None:
        with pytest.raises(TypeError, match="Path is not JSON"):
            WorkflowJson().serialize({"path": Path("a")})


def test_there_is_no_engine_outside_of_its_block() -> None:
    with pytest.raises(NotReady, match="No engine runs in this process"):
        current()


def test_a_process_is_on_record_before_it_takes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed with work of which nobody knows the taker leaves it lying, and where one at a time is let through, the queue shut."""
    launch, seen = DBOS.launch, []

    def launched() -> None:
        seen.append([worker.worker_id for worker in workers(house.state)])
        launch()

    monkeypatch.setattr(DBOS, "launch", launched)
    with open_house(load_settings(data_dir=tmp_path), SystemClock()) as house, running_engine(house, {}) as engine:
        assert seen == [[engine.worker_id]]
    with open_house(load_settings(data_dir=tmp_path), SystemClock()) as house:
        assert workers(house.state) == []


def test_the_state_database_holds_no_pickle(yard: Yard) -> None:
    hand = yard.hire(batch_attempts=1)
    [lost, *_] = yard.land(*ten())
    (yard.folder / yard.house.vault.path(lost)).unlink()
    yard.trigger(hand)
    yard.settled()
    hand.ask("close")
    told = 0
    with closing(sqlite3.connect(yard.folder / "state.sqlite")) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                values = [value for value in row if isinstance(value, str | bytes)]
                told += sum("load:lines" in str(value) for value in values)
                assert not [value for value in values if _is_pickle(value)], table
        kept = connection.execute("SELECT DISTINCT serialization FROM workflow_status WHERE serialization IS NOT NULL").fetchall()
    assert told > 0
    assert kept == [("tipoff_json",)]


def _is_pickle(value: str | bytes) -> bool:
    """A pickle of any protocol from 2 on, plain or in base64: its first two bytes tell."""
    raw = value.encode() if isinstance(value, str) else value
    return raw[:1] == pickle.PROTO or raw[:3] in (b"gAI", b"gAM", b"gAQ", b"gAS", b"gAU")


class TestTakeover:
    def test_only_the_oldest_living_process_takes_over_the_work_of_a_dead_one(self, yard: Yard, tmp_path: Path) -> None:
        oldest = yard.hire()
        younger = yard.hire()
        yard.land(*ten())
        yard.stop(oldest)
        holder = yard.hire()
        yard.arm("reading")
        yard.trigger(holder)
        caught = yard.caught()
        if caught is younger:
            younger, holder = holder, younger
        yard.kill(holder)
        yard.rounds(younger, 5)
        assert [batch.state for batch in yard.batches()] == ["processing"]
        assert holder.pid in {worker.pid for worker in workers(yard.house.state)}
        oldest.wake()
        [batch] = yard.settled()
        assert (batch.state, batch.generation) == ("complete", 2)
        yard.until(lambda: holder.pid not in {worker.pid for worker in workers(yard.house.state)})
        yard.check_union(tmp_path)

    def test_one_of_this_machine_that_is_gone_is_missed_long_before_the_next_beat(self, yard: Yard, tmp_path: Path) -> None:
        holder, other = yard.hire(beat=3600.0), yard.hire(beat=3600.0)
        yard.land(*ten())
        yard.arm("reading")
        yard.stop(other)
        yard.trigger(holder)
        assert yard.caught() is holder
        yard.kill(holder)
        other.wake()
        [batch] = yard.settled()
        assert (batch.state, batch.generation) == ("complete", 2)
        yard.check_union(tmp_path)

    def test_a_process_that_leaves_in_the_middle_of_a_batch_puts_it_back_and_nothing_is_pending(self, yard: Yard, tmp_path: Path) -> None:
        leaver = yard.hire()
        yard.land(*ten())
        yard.arm("merging until leaving")
        yard.trigger(leaver)
        assert yard.caught() is leaver
        leaver.ask("close")
        assert workers(yard.house.state) == []
        with closing(sqlite3.connect(yard.folder / "state.sqlite")) as connection:
            assert connection.execute("SELECT status, owner_xid FROM workflow_status").fetchall() == [("ENQUEUED", None)]
        assert [batch.state for batch in yard.batches()] == ["processing"]
        yard.hire()
        [batch] = yard.settled()
        assert (batch.state, batch.generation, batch.attempt) == ("complete", 2, 1)
        yard.check_union(tmp_path)

    def test_f32_the_wall_clock_jumps_by_an_hour_and_no_lease_is_lost_or_doubled(self, yard: Yard, tmp_path: Path) -> None:
        """Both processes jump forth and back while one of them holds a batch; it is still his, by the watchers' steady clocks."""
        hands = yard.hire_all(2, at="2025-11-05T18:00:00+00:00")
        yard.land(*ten())
        yard.arm("reading")
        yard.trigger(hands[0])
        yard.caught()
        for at in ("2025-11-05T19:00:00+00:00", "2025-11-05T17:00:00+00:00"):
            for hand in hands:
                hand.ask("set_clock", at=at)
            for hand in hands:
                yard.rounds(hand, 3)
            assert [(batch.state, batch.generation) for batch in yard.batches()] == [("processing", 1)]
        yard.let_go()
        [batch] = yard.settled()
        assert (batch.state, batch.generation, yard.generation()) == ("complete", 1, 1)
        yard.check_union(tmp_path)

    def test_f32_a_lease_ends_though_the_wall_clock_stands_still(self, yard: Yard, tmp_path: Path) -> None:
        hands = yard.hire_all(2, at="2025-11-05T18:00:00+00:00", lease_seconds=3.0)
        yard.land(*ten())
        yard.arm("reading")
        yard.trigger(hands[0])
        yard.caught()
        yard.until(lambda: len(yard.batches()) == 2)
        yard.give_time()
        assert [batch.state for batch in yard.settled()] == ["timeout", "complete"]
        yard.let_go()
        yard.check_union(tmp_path)
