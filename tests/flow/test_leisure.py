"""What DBOS looks after: as often as is said, as often as it likes where nothing is, and at once where a bell is rung."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dbos import DBOS, _dbos, _workflow_commands

from faults.crew import wait_until
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.engine import Engine, Queue, running_engine
from tipoff.flow.house import open_house
from tipoff.flow.lease import release, trigger, wait_for
from tipoff.flow.leisure import DELAYED, FIRST_PAUSE, ITS_OWN, Bells, _Pause, looking_every
from tipoff.flow.worker import working


def _pauses() -> tuple[float, float]:
    queue = _dbos._get_or_create_dbos_registry().get_internal_queue()
    return _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC, queue._polling_interval_sec


@pytest.mark.parametrize("seconds", [DELAYED, 0.2])
def test_dbos_looks_as_often_as_is_said_seldom_into_its_own_queue_and_all_is_left_as_it_was(seconds: float) -> None:
    before = _pauses()
    with looking_every(seconds):
        assert _pauses() == (seconds, ITS_OWN)
    assert _pauses() == before


def test_where_nothing_is_said_dbos_looks_as_often_as_it_likes() -> None:
    before = _pauses()
    with looking_every(None):
        assert _pauses() == before


DAY = date(2025, 11, 5)
FOR_EVER = 3_600.0


@contextmanager
def at_leisure(folder: Path) -> Iterator[Engine]:
    """A process that by itself would look into its queues, and for delays that are over, once an hour."""
    settings = load_settings(data_dir=folder, poll_seconds=FOR_EVER, settle_seconds=FOR_EVER)
    with open_house(settings, ManualClock(datetime(2025, 11, 5, 22, tzinfo=UTC))) as house, working(house, scheduled=False) as engine:
        yield engine


def queue_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("queue-worker")]


def test_what_is_asked_for_here_begins_here_and_now(tmp_path: Path) -> None:
    with at_leisure(tmp_path) as engine:
        for _ in range(3):
            [slate] = wait_for(engine, {("slate", DAY, trigger(engine, "slate", DAY, "a test"))}, 60.0)
            assert slate.state == "complete"


def test_so_does_what_need_wait_no_longer(tmp_path: Path) -> None:
    with at_leisure(tmp_path) as engine:
        number = trigger(engine, "slate", DAY, "a test", delay=FOR_EVER)
        release(engine)
        [slate] = wait_for(engine, {("slate", DAY, number)}, 60.0)
        assert slate.state == "complete"


def test_what_waits_for_another_to_be_over_is_looked_for_again_soon(tmp_path: Path) -> None:
    """Both are of one partition: when the second is rung for, the first is not over."""
    with at_leisure(tmp_path) as engine:
        wanted = {("grade", DAY, trigger(engine, "grade", DAY, "a test")), ("slate", DAY, trigger(engine, "slate", DAY, "a test"))}
        assert {batch.state for batch in wait_for(engine, wanted, 60.0)} == {"complete"}


def test_who_leaves_does_not_wait_for_the_next_look_and_leaves_nobody_listening(tmp_path: Path) -> None:
    with at_leisure(tmp_path):
        wait_until(lambda: {"queue-worker-load", "queue-worker-phases"} <= set(queue_threads()))
    assert queue_threads() == []


ONE_AT_A_TIME = Queue("one_at_a_time", here=1)
_here: list[int] = []
_most: list[int] = []


@DBOS.workflow(name="is_alone_here")
def is_alone_here(number: int) -> None:
    _here.append(number)
    _most.append(len(_here))
    threading.Event().wait(0.02)  # as long as a few looks take
    _here.remove(number)


def test_one_after_the_other_and_no_more_at_a_time_than_a_process_may_do(tmp_path: Path) -> None:
    """DBOS counts what runs here once its thread has begun: a look before that must not take the next as well. And what is over leads to
    the next look: by pauses that grow the last of them would begin tomorrow."""
    settings = load_settings(data_dir=tmp_path, poll_seconds=FOR_EVER)
    _most.clear()
    with (
        open_house(settings, ManualClock(datetime(2025, 11, 5, 22, tzinfo=UTC))) as house,
        running_engine(house, {ONE_AT_A_TIME: (is_alone_here,)}) as engine,
    ):
        for number in range(30):
            engine.enqueue(ONE_AT_A_TIME.name, is_alone_here, number, workflow_id=f"alone:{number}", partition=str(number))
        wait_until(lambda: not engine.unfinished(ONE_AT_A_TIME.name))
    assert _most == [1] * 30


class TestPause:
    """What the thread of a queue waits for."""

    @staticmethod
    def waits(turns: int, puts: dict[int, bool]) -> list[float | None]:
        """For how long it waits at most, turn by turn, where the bell is rung before some of them."""
        waited: list[float | None] = []

        class Counted(Bells):
            def heard(self, queue: str, seen: int, seconds: float | None) -> int:
                waited.append(seconds)
                return super().heard(queue, seen, 0.0)

        bells = Counted()
        pause = _Pause(threading.Event(), bells, "load")
        for turn in range(turns):
            if turn in puts:
                bells.ring("load", put=puts[turn])
            assert pause.wait(0.5) is False
        return waited

    def test_after_a_ring_pauses_begin_short_and_grow_until_they_are_as_long_as_they_were(self) -> None:
        growing = [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
        assert self.waits(8, {1: True}) == [0.5, 0.5, *growing, 0.5, 0.5]

    def test_where_something_is_over_one_look_is_enough(self) -> None:
        assert self.waits(4, {1: False}) == [0.5] * 4
        assert self.waits(5, {1: True, 2: False}) == [0.5, 0.5, FIRST_PAUSE, FIRST_PAUSE, 2 * FIRST_PAUSE]

    def test_another_queues_ring_is_not_heard(self) -> None:
        bells = Bells()
        bells.ring("phases")
        assert bells.heard("load", 0, 0.0) == 0
        assert bells.heard("phases", 0, FOR_EVER) == 1

    def test_a_ring_before_anybody_waits_is_heard(self) -> None:
        bells = Bells()
        bells.ring("load")
        bells.ring("load")
        assert bells.heard("load", 0, FOR_EVER) == 2

    def test_it_stops_when_it_is_told_to(self) -> None:
        stop, bells = threading.Event(), Bells()
        pause = _Pause(stop, bells, "load")
        stop.set()
        bells.be_still()
        assert pause.is_set()
        assert pause.wait(FOR_EVER)
