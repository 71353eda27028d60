"""Who is alive to do what is asked for; and a desk with somebody behind it.

A command that finds a worker alive asks him; one that finds none works itself, for as long as it takes. It must never know what is asked.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from tipoff.clock import Clock
from tipoff.flow.desk import Desk
from tipoff.flow.engine import open_desk
from tipoff.flow.house import House
from tipoff.flow.lease import LOAD, PHASES
from tipoff.flow.processes import SILENCE, Worker, process_lives, workers
from tipoff.flow.state import State
from tipoff.flow.worker import working

STAFFED = (LOAD.name, PHASES.name)
"""The queues in which lies what commands ask for."""


def living(state: State, clock: Clock, queues: Collection[str] = ()) -> list[Worker]:
    """The processes that gave a sign of life lately, and whose process is still there where it is of this machine, oldest first; where
    `queues` are named, those that take from one of them: a backtest lives too, and does nothing else.

    By the wall clock, since whoever asks has watched nobody: where it has jumped, a worker may be overlooked. That costs nothing but a
    second one.
    """
    now = clock.now()
    here = socket.gethostname()
    fresh = [worker for worker in workers(state) if abs((now - worker.beat_at).total_seconds()) < SILENCE]
    there = [worker for worker in fresh if worker.host != here or process_lives(worker.pid)]
    return [worker for worker in there if not queues or any(worker.takes(queue) for queue in queues)]


@contextmanager
def staffed(house: House) -> Iterator[Desk]:
    """A desk behind which somebody loads and does phases: workers that are alive, or else this process until the block is left."""
    alive = living(house.state, house.clock)
    if all(any(worker.takes(queue) for worker in alive) for queue in STAFFED):
        with open_desk(house) as desk:
            yield desk
        return
    with working(house, scheduled=False) as engine:
        yield engine
