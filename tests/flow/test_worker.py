"""Which queues a worker takes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from dbos import DBOS

from commands import run
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.errors import BadInput
from tipoff.flow.house import open_house
from tipoff.flow.worker import QUEUES, only, working


def test_a_worker_of_some_queues_takes_from_these_alone_and_asks_by_plan_only_with_ticks(tmp_path: Path) -> None:
    with open_house(load_settings(data_dir=tmp_path), SystemClock()) as house:
        with working(house, queues=("backfill", "backtests")):
            assert DBOS.list_schedules() == []
        with working(house, queues=("ticks",)):
            assert {schedule["schedule_name"] for schedule in DBOS.list_schedules()} == {"capture", "sweep"}
    assert [queue.name for queue in only(("backfill", "backtests"))] == ["backfill", "backtests"]
    assert {queue.name for queue in only(QUEUES)} == set(QUEUES)


def test_a_queue_that_there_is_none_of_is_refused_before_anything_is_begun(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No queue is called bakfill"):
        only(("load", "bakfill"))
    said = run("worker", "--queues", "load,bakfill", "--data-dir", tmp_path / "data")
    assert said.returncode != 0
    assert "They are ticks, load, phases, train, backfill, backtests" in said.stderr
    assert not (tmp_path / "data").exists()
