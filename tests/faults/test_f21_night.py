"""F21, end to end: messages of a night's box scores are lost, doubled, delayed or reordered: the same grades, and the same daily record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.nights import evening
from faults.test_f22 import Night
from tipoff.clock import ManualClock, local_instant
from tipoff.flow.batch_log import batches
from tipoff.flow.dead_letters import receive
from tipoff.flow.lease import wait_for
from tipoff.flow.messages import CompletionMessage, Execution, Outcome, completion, put
from tipoff.flow.outbox import relay
from tipoff.flow.reactions import react
from tipoff.flow.ticks import start_tasks
from tipoff.flow.worker import working
from train import practice_house
from train.practice_house import NIGHT

Rows = list[dict[str, Any]]


def message(number: int, night: Night) -> CompletionMessage:
    """What the load of a box score says."""
    now = night.house.clock.now()
    execution = Execution("load:box", NIGHT, now, "a test", f"box-{number}", f"box-{number}")
    return completion("load", execution, "raw.player_box", Outcome.whole(26), now)


def in_order(night: Night, messages: list[CompletionMessage]) -> None:
    with night.house.warehouse.writing("test") as work:
        for one in messages:
            put(work, one)
    relay(night.engine, react, deliver=False)


def doubled_and_reversed(night: Night, messages: list[CompletionMessage]) -> None:
    for one in [*reversed(messages), *messages]:
        assert receive(night.engine, one.to_json(), react, "a test")


def delayed(night: Night, messages: list[CompletionMessage]) -> None:
    """The last comes when the others have led to grades."""
    in_order(night, messages[:-1])
    settle(night)
    in_order(night, messages[-1:])


def lost(night: Night, messages: list[CompletionMessage]) -> None:
    """Nobody reads them; the morning's backstop of the plan comes."""
    clock = night.house.clock
    assert isinstance(clock, ManualClock)
    clock.set(local_instant(NIGHT + timedelta(days=1), time(9, 31)))
    assert "grade" in {task.kind for task in start_tasks(night.engine).started}


def settle(night: Night) -> None:
    for batch in batches(night.house.state, NIGHT, "grade"):
        wait_for(night.engine, {("grade", NIGHT, batch.number)}, 120)


def outcome(folder: Path, deliver: Callable[[Night, list[CompletionMessage]], None]) -> tuple[Rows, Rows]:
    """The grades, and the daily record, that a delivery ends with; without the moments at which they were written."""
    folder.mkdir()
    with evening(folder) as found, working(found.house, scheduled=False) as engine:
        night = Night(found, engine)
        night.run()
        night.load(*practice_house.aftermath())
        deliver(night, [message(number, night) for number in range(3)])
        settle(night)
        return rows(night, "predictions.prediction_accuracy"), rows(night, "models.performance_daily")


def rows(night: Night, table: str) -> Rows:
    apart = {"written_at", "run_id", "graded_at"}
    found = night.house.warehouse.read(table).to_pylist()
    return sorted(({name: value for name, value in row.items() if name not in apart} for row in found), key=str)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, Rows]:
    grades, record = outcome(tmp_path_factory.mktemp("calm") / "night", in_order)
    assert grades
    assert record
    return grades, record


@pytest.mark.parametrize("deliver", [doubled_and_reversed, delayed, lost])
def test_f21_however_messages_come_the_grades_are_the_same(
    deliver: Callable[[Night, list[CompletionMessage]], None], expected: tuple[Rows, Rows], tmp_path: Path
) -> None:
    assert outcome(tmp_path / "night", deliver) == expected
