"""Who is there to do what a command asks for."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.engine import Engine, running_engine
from tipoff.flow.house import House, open_house
from tipoff.flow.lease import LOAD, TRAIN
from tipoff.flow.living import STAFFED, living, staffed
from tipoff.flow.processes import WORKERS, workers

NOW = datetime(2025, 11, 5, 22, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(load_settings(data_dir=tmp_path), ManualClock(NOW)) as found:
        yield found


def at_work(house: House, name: str, queues: str | None) -> None:
    """A process of this machine whose heart has just beaten."""
    row = {"worker_id": name, "host": socket.gethostname(), "pid": os.getpid(), "beats": 1, "queues": queues}
    row |= {"started_at": NOW.replace(tzinfo=None), "beat_at": NOW.replace(tzinfo=None)}
    with house.state.transaction() as connection:
        connection.execute(sa.insert(WORKERS).values(**row))


@pytest.mark.parametrize(
    ("alive", "does_it_itself"),
    [
        pytest.param(["backtests"], True, id="a backtest, which does nothing else"),
        pytest.param(["load,backfill"], True, id="a backfill: it loads, and predicts nothing"),
        pytest.param(["load,backfill", "ticks,phases"], False, id="two who share the work"),
        pytest.param([None], False, id="one that is too old to say"),
    ],
)
def test_a_command_works_itself_where_nobody_alive_takes_what_it_asks_for(
    house: House, alive: list[str | None], does_it_itself: bool
) -> None:
    for number, queues in enumerate(alive):
        at_work(house, f"worker {number}", queues)
    with staffed(house) as desk:
        assert isinstance(desk, Engine) is does_it_itself


def test_who_is_at_work_says_from_which_queues_he_takes(house: House) -> None:
    with running_engine(house, {TRAIN: (), LOAD: ()}):
        [found] = workers(house.state)
        assert (found.queues, found.takes("train"), found.takes("phases")) == (("train", "load"), True, False)
        assert living(house.state, house.clock, STAFFED) == [found]
        assert living(house.state, house.clock, ("phases",)) == []
