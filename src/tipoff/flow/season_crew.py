"""Who does the work of a simulated season: this process alone, or worker processes that are killed in the middle of it and replaced.

Comes in: a moment at which the clock stands. Goes out: nothing, once the flow's round was made and everything that followed from it has
settled. It must never know what the work is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Protocol

import sqlalchemy as sa

from tipoff.clock import FileClock
from tipoff.config import environment_of
from tipoff.errors import Busy
from tipoff.flow import ticks
from tipoff.flow.batch_log import BATCHES
from tipoff.flow.dead_letters import receive
from tipoff.flow.desk import Desk
from tipoff.flow.engine import open_desk
from tipoff.flow.house import House
from tipoff.flow.lease import LOAD, PHASES, TRAIN
from tipoff.flow.outbox import relay
from tipoff.flow.processes import workers
from tipoff.flow.reactions import react
from tipoff.flow.season_chaos import Chaos, Strike
from tipoff.flow.worker import TICKS, working
from tipoff.store.warehouse import Work

QUEUES = (TICKS.name, LOAD.name, PHASES.name, TRAIN.name)
"""A season fills nothing else, and each queue that is looked into costs."""
_LOOK = 0.1  # seconds between two looks at what is still going on
_STARTED_WITHIN = 60.0
_AN_HOUR = timedelta(hours=1)


class Hands(Protocol):
    """Whoever does the work; and what was done to them."""

    kills: int
    jumps: int
    repeated: int
    failures: list[str]

    def live(self, moment: datetime, seconds: float) -> None:
        """Make the round of a moment (UTC), and wait until everything has settled. Raises Busy where that takes longer than `seconds`."""


_OPEN = sa.select(BATCHES.c.feed, BATCHES.c.game_date, BATCHES.c.number).where(BATCHES.c.state.in_(("waiting", "processing")))
"""Written once: whoever waits asks it ten times a second."""


def open_batches(desk: Desk) -> list[str]:
    """The batches that wait or run."""
    with desk.house.state.reading() as connection:
        return [f"{row.feed}-{row.game_date}-{row.number}" for row in connection.execute(_OPEN)]


def unsent(work: Work) -> int:
    """How many messages stand in the outbox that nobody has read."""
    outbox = work.table("ops.outbox")
    return int(work.fetch(outbox.filter(outbox.sent_at.isnull()).select("message_id")).num_rows)


def settled(desk: Desk, *, is_sure: bool = False) -> bool:
    """Whether nothing waits, nothing runs, and no message is unread; one that is, is read now, which may lead to more. Where it `is_sure`
    that whoever left a message has read it, as everybody does who lives, the warehouse is not opened for that."""
    if open_batches(desk) or desk.unfinished():
        return False
    if is_sure:
        return True
    with desk.house.warehouse.reading() as work:
        if not unsent(work):
            return True
    relay(desk, react)
    return False


class Alone:
    """One process does everything, and nothing happens to it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.kills = self.jumps = self.repeated = 0
        self.failures: list[str] = []

    @classmethod
    @contextmanager
    def working(cls, house: House) -> Iterator[Alone]:
        """With an engine in this process. The warehouse's file stays open meanwhile: nobody else wants it."""
        with house.warehouse.reading(), working(house, scheduled=False, queues=QUEUES) as engine:
            yield cls(engine)

    def live(self, moment: datetime, seconds: float) -> None:
        self.failures += [f"{moment.isoformat()} {why}" for why in ticks.tick(moment, None)]
        until = time.monotonic() + seconds
        while not settled(self._desk):
            if time.monotonic() > until:
                raise _never(moment, self._desk, seconds)
            time.sleep(_LOOK)


class Crew:
    """Worker processes (`tipoff worker`) beside this one, which only turns the clock, asks for the rounds, and strikes."""

    def __init__(self, desk: Desk, clock: FileClock, chaos: Chaos, log: IO[bytes]) -> None:
        self._desk, self._clock, self._chaos, self._log = desk, clock, chaos, log
        self._hands: list[subprocess.Popen[bytes]] = []
        self._rounds = 0
        self.kills = self.jumps = self.repeated = 0
        self.failures: list[str] = []

    @classmethod
    @contextmanager
    def hired(cls, house: House, clock: FileClock, chaos: Chaos) -> Iterator[Crew]:
        """With so many workers as the chaos has; they are sent home in the end."""
        with open_desk(house) as desk, Path(house.settings.data_dir, "workers.log").open("ab") as log:
            crew = cls(desk, clock, chaos, log)
            try:
                for _ in range(chaos.workers):
                    crew._hire()
                crew._all_here()
                yield crew
            finally:
                crew._send_home()

    def live(self, moment: datetime, seconds: float) -> None:
        strike = self._chaos.strike(moment)
        until = time.monotonic() + seconds
        self._round(moment, strike, until, seconds)
        if strike.kills:  # a round may have seen that one is gone, and none in his place: a later one, five minutes on, sees that there is
            self._all_here()
            self._round(moment, Strike(), until, seconds)
        if strike.jumps_back:
            self.jumps += 1
            self._clock.set(moment - _AN_HOUR)
            self._round(moment, Strike(), until, seconds)
            self._clock.set(moment)
        if strike.repeats:
            self._send_again(strike.repeats)
            self._wait(moment, Strike(), until, seconds)

    def _round(self, moment: datetime, strike: Strike, until: float, seconds: float) -> None:
        self._rounds += 1
        identity = f"season:{moment.isoformat()}:{self._rounds}"
        self._desk.enqueue(TICKS.name, ticks.tick, self._clock.now(), None, workflow_id=identity, partition=None)
        self._wait(moment, strike, until, seconds)

    def _wait(self, moment: datetime, strike: Strike, until: float, seconds: float) -> None:
        begun = time.monotonic()
        kills = list(strike.kills)
        while kills or not settled(self._desk, is_sure=not strike.kills):
            if kills and time.monotonic() - begun >= kills[0].after_seconds:
                self._kill(kills.pop(0).which)
            if time.monotonic() > until:
                raise _never(moment, self._desk, seconds)
            self._replace_lost()
            time.sleep(_LOOK)

    def _kill(self, which: int) -> None:
        victim = self._hands.pop(which % len(self._hands))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.kills += 1
        self._hire()

    def _replace_lost(self) -> None:
        """One that ended by itself is a failure of ours, and is replaced."""
        for hand in [hand for hand in self._hands if hand.poll() is not None]:
            self._hands.remove(hand)
            self.failures.append(f"{self._clock.now().isoformat()} a worker ended by itself with {hand.returncode}")
            self._hire()

    def _hire(self) -> None:
        command = [sys.executable, "-m", "tipoff", "worker", "--queues", ",".join(QUEUES)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        environment |= environment_of(self._desk.house.settings)
        hand = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)  # noqa: S603
        self._hands.append(hand)

    def _all_here(self) -> None:
        until = time.monotonic() + _STARTED_WITHIN
        while not {hand.pid for hand in self._hands} <= {worker.pid for worker in workers(self._desk.house.state)}:
            if time.monotonic() > until or any(hand.poll() is not None for hand in self._hands):
                raise Busy("The workers did not start.", hint=f"Look at {self._log.name}.")
            time.sleep(_LOOK)

    def _send_home(self) -> None:
        for hand in self._hands:
            hand.terminate()
        for hand in self._hands:
            try:
                hand.wait(30)
            except subprocess.TimeoutExpired:
                hand.kill()
                hand.wait()

    def _send_again(self, number: int) -> None:
        """The newest messages once more, the last first."""
        with self._desk.house.warehouse.reading() as work:
            outbox = work.table("ops.outbox")
            rows = work.fetch(outbox.order_by([outbox.created_at.desc(), "message_id"]).limit(number).select("body"))
        for body in rows.column("body").to_pylist():
            receive(self._desk, body, react, "a message sent twice")
            self.repeated += 1


def _never(moment: datetime, desk: Desk, seconds: float) -> Busy:
    left = ", ".join(open_batches(desk)) or "a round that does not end"
    return Busy(
        f"{moment.isoformat()} has not settled within {seconds:g} s: {left}.", hint="`tipoff status` of that data directory tells more."
    )
