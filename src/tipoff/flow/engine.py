"""The engine: DBOS on the state database, in this process, for as long as a command or a worker takes.

Comes in: an open house. Goes out: a process whose workflows run, whose heartbeat others see, and which takes over what dead ones left.
Queues, recovery and schedules are DBOS's; ours are the heartbeat, and the judgement that somebody is dead. It must never know what a
workflow does.

A process is dead when its heartbeat has stood still for `SILENCE` by the watcher's own steady clock (so that a jump of the wall clock
neither kills nor revives anybody), or when it was of this machine and its process is gone. One that leaves stops taking work, and puts
what it has not finished back in the queues.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig

from tipoff.config import Settings
from tipoff.errors import Busy, NotReady
from tipoff.flow.code import code_version
from tipoff.flow.desk import APPLICATION, APPLICATION_VERSION, client_of
from tipoff.flow.desk import Desk as Desk
from tipoff.flow.desk import Queue as Queue
from tipoff.flow.house import House
from tipoff.flow.leisure import Bells, listening
from tipoff.flow.processes import BEAT, SILENCE, WORKERS, Worker, process_lives, workers
from tipoff.flow.tracing import begin as begin_tracing
from tipoff.flow.workflow_json import WorkflowJson

GLANCE = 0.5  # seconds between two looks whether the other processes of this machine are there, which costs next to nothing
LEAVING = 10.0  # seconds that running work may take to notice that its process leaves
POLLING = {"sqlite": 0.2, "postgresql": 1.0}
"""Seconds between two looks into a queue where somebody waits. A look costs 2 to 3 ms: who is up for weeks takes his time."""


class Watch:
    """What stands still: remembers when each thing's counter last moved, by a clock that nobody sets."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._seen: dict[Any, tuple[Any, float]] = {}

    def still_for(self, thing: Any, counter: Any) -> float:
        """Seconds since this watch first saw the thing with this counter."""
        now = self._steady()
        known = self._seen.get(thing)
        if known is None or known[0] != counter:
            self._seen[thing] = (counter, now)
            return 0.0
        return now - known[1]

    def forget_all_but(self, things: set[Any]) -> None:
        """Forget what is not looked at any more, so that a watch of months stays small."""
        self._seen = {thing: seen for thing, seen in self._seen.items() if thing in things}


Duty = Callable[[], None]
"""Something that a watcher does on each round, such as looking for batches that hang. It must be safe to do twice."""


class Closes(Protocol):
    """What can be closed."""

    def close(self) -> None: ...


Takes = Mapping[Queue, Sequence[Callable[..., Any]]]
"""For each queue, every workflow that may lie in it."""

T = TypeVar("T", bound=Closes)
_current: Engine | None = None


def current() -> Engine:
    """The engine of this process. Raises NotReady outside of `running_engine`."""
    if _current is None:
        raise NotReady("No engine runs in this process.", hint="Workflows run within `running_engine`.")
    return _current


class Engine(Desk):
    """The running engine; made by `running_engine`."""

    def __init__(
        self, house: House, client: DBOSClient, worker_id: str, duties: tuple[Duty, ...], beat: float, silence: float, bells: Bells
    ) -> None:
        super().__init__(house, client, bells)
        self.worker_id = worker_id
        self.leaving = threading.Event()
        """Set once this process leaves: work that takes long looks at it, stops, and is finished by another process."""
        self._duties = duties
        self._every = beat
        self._silence = silence
        self._watch = Watch()
        self._look_away, self._fall_silent = threading.Event(), threading.Event()
        self._beating = threading.Thread(target=self._keep_beating, name="tipoff-beat", daemon=True)
        self._watching = threading.Thread(target=self._look_around, name="tipoff-watch", daemon=True)
        self._here: set[int] = set()
        self._busy = 0
        self._turn = threading.Condition()
        self._kept: dict[str, Closes] = {}
        self._keeping = threading.Lock()

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """Something that work shares for as long as this engine runs, such as connections: made when it is first asked for, closed when
        the engine leaves."""
        with self._keeping:
            found = self._kept.get(name)
            if found is None:
                found = self._kept[name] = make()
            return cast("T", found)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around work that a leaving process should wait for, for a moment."""
        with self._turn:
            self._busy += 1
        try:
            yield
        finally:
            with self._turn:
                self._busy -= 1
                self._turn.notify_all()

    def start(self, queues: Iterable[str]) -> None:
        """Put this process on record with the queues from which it takes, and begin the heartbeat and the rounds."""
        row = {"worker_id": self.worker_id, "host": socket.gethostname(), "pid": os.getpid(), "version": code_version()}
        row |= {"started_at": _now(self.house), "beat_at": _now(self.house), "beats": 0, "queues": ",".join(queues)}
        with self.house.state.transaction() as connection:
            connection.execute(sa.insert(WORKERS).values(**row))
        self._beating.start()
        self._watching.start()

    def leave(self) -> None:
        """Take no more work, put back what is not finished, and leave.

        Running work hears of it when DBOS is gone, so that it cannot be taken for finished. The fence keeps a batch that does not stop
        in time from committing once another process has it.
        """
        self._look_away.set()
        self._watching.join()
        self._bells.be_still()
        DBOS.destroy()
        self.leaving.set()
        with self._turn:
            self._turn.wait_for(lambda: self._busy == 0, timeout=LEAVING)
        for kept in self._kept.values():
            kept.close()
        self._fall_silent.set()
        self._beating.join()
        self._put_back(self.worker_id)
        self._has_left(self.worker_id)

    def _put_back(self, worker_id: str) -> bool:
        """What DBOS still counts as running in a process, back in its queues; whether there was anything."""
        unfinished = self._client.list_workflows(status="PENDING", executor_id=worker_id, load_input=False, load_output=False)
        for workflow in unfinished:
            self._client.resume_workflow(workflow.workflow_id, queue_name=workflow.queue_name)
            self._bells.ring(workflow.queue_name or "")
        return bool(unfinished)

    def _keep_beating(self) -> None:
        while not self._fall_silent.wait(self._every):
            self._safely(self._beat)

    def _look_around(self) -> None:
        """A round soon after the start and then each time that the heart beats, and at once where a process of this machine is gone."""
        due = time.monotonic()
        while not self._look_away.wait(min(GLANCE, self._every)):
            if time.monotonic() >= due or not all(process_lives(pid) for pid in self._here):
                self._safely(self._round)
                due = time.monotonic() + self._every

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Busy:
            return  # the next round is near
        except Exception:  # noqa: BLE001 - a watcher that dies is a night lost; what it met is told
            sys.stderr.write(f"A round of {self.worker_id} failed; it goes on.\n{traceback.format_exc()}")

    def _beat(self) -> None:
        with self.house.state.transaction() as connection:
            mine = sa.update(WORKERS).where(WORKERS.c.worker_id == self.worker_id)
            connection.execute(mine.values(beats=WORKERS.c.beats + 1, beat_at=_now(self.house), left_at=None, vanished_at=None))

    def _round(self) -> None:
        """One look at the others. Only the oldest living process acts, so that two never take over the same work."""
        known = workers(self.house.state)
        dead = [worker for worker in known if worker.worker_id != self.worker_id and self._is_dead(worker)]
        alive = [worker for worker in known if worker not in dead]
        self._here = {worker.pid for worker in alive if worker.host == socket.gethostname()}
        if not alive or alive[0].worker_id != self.worker_id:
            return
        for worker in dead:
            self._take_over(worker)
        for duty in self._duties:
            duty()

    def _is_dead(self, worker: Worker) -> bool:
        gone = worker.host == socket.gethostname() and not process_lives(worker.pid)
        return gone or self._watch.still_for(worker.worker_id, worker.beats) >= self._silence

    def _take_over(self, worker: Worker) -> None:
        """Put the work of a dead process back in its queues; where nothing is left of it, it has left."""
        if not self._put_back(worker.worker_id):
            self._has_left(worker.worker_id, vanished=True)

    def _has_left(self, worker_id: str, *, vanished: bool = False) -> None:
        now = _now(self.house)
        with self.house.state.transaction() as connection:
            this = sa.update(WORKERS).where(WORKERS.c.worker_id == worker_id)
            connection.execute(this.values(left_at=now, vanished_at=now if vanished else None))


@contextmanager
def running_engine(
    house: House,
    takes: Takes,
    duties: tuple[Duty, ...] = (),
    *,
    beat: float = BEAT,
    silence: float = SILENCE,
    for_long: bool = False,
) -> Iterator[Engine]:
    """Run the engine in this process: it takes work from these queues alone until the block is left. One a process.

    `takes` names, for each queue, every workflow that may lie in it: what this process has not imported it could not do, and whoever put
    it there would wait for ever.

    `beat` (seconds) is how often it gives a sign of life and looks at the others, `silence` (seconds) how long another may be still
    before it counts as dead. One that is up `for_long` looks into its queues at their leisure, unless the settings say how often.

    Raises Busy where one runs already.
    """
    global _current
    if _current is not None:
        raise Busy("An engine runs in this process already.", hint="Use it.")
    logging.getLogger("dbos").addFilter(_worth_telling)
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    config = DBOSConfig(
        name=APPLICATION,
        system_database_url=house.settings.database_url,
        application_version=APPLICATION_VERSION,
        executor_id=worker_id,
        serializer=WorkflowJson(),
        enable_otlp=begin_tracing(house.settings) is not None,
        otel_attribute_format="semconv",
        log_level="ERROR",
        notification_listener_polling_interval_sec=1.0 if for_long else 0.1,  # nobody listens; who leaves waits for one look
    )
    DBOS(config=config)
    DBOS.listen_queues([queue.name for queue in takes])
    client = client_of(house.settings)
    with listening() as bells:
        engine = Engine(house, client, worker_id, duties, beat, silence, bells)
        _current = engine
        try:
            DBOS.migrate(house.settings.database_url)
            for queue in takes:  # before the launch: what is registered after it is found by a look a second later
                client.register_queue(
                    queue.name,
                    partition_concurrency=queue.each,
                    global_concurrency=1 if queue.each is None else None,
                    worker_concurrency=1 if queue.each is None else queue.here,
                    polling_interval_sec=_pause(house, queue, for_long),
                    on_conflict="always_update",
                )
            engine.start(queue.name for queue in takes)  # on record before it takes anything: nobody takes over from a stranger
            try:
                DBOS.launch()
                yield engine
            finally:
                engine.leave()
        finally:
            bells.be_still()
            DBOS.destroy()
            client.destroy()
            _current = None


@contextmanager
def open_desk(house: House) -> Iterator[Desk]:
    """A desk: work can be asked for and looked after from this process, and others do it. Makes what is missing in the state database.

    The running engine is a desk too, where there is one: then it is that one.
    """
    if _current is not None and _current.house is house:
        yield _current
        return
    DBOS.migrate(house.settings.database_url)
    client = client_of(house.settings)
    try:
        yield Desk(house, client)
    finally:
        client.destroy()


def _pause(house: House, queue: Queue, for_long: bool) -> float:
    """Seconds between two looks into a queue."""
    if house.settings.poll_seconds is not None:
        return house.settings.poll_seconds * queue.rests / Queue.rests
    return queue.rests if for_long else POLLING["sqlite" if house.settings.database_url.startswith("sqlite") else "postgresql"]


def queues_and_schedules(settings: Settings) -> tuple[int, int]:
    """How many queues and schedules DBOS has in the state database, whose tables of its own are made where they are missing."""
    DBOS.migrate(settings.database_url)
    client = client_of(settings)
    try:
        return len(client.list_queues()), len(client.list_schedules())
    finally:
        client.destroy()


def _worth_telling(record: logging.LogRecord) -> bool:
    """DBOS's log less what is no error here: that work which was taken away, or left behind, has no result of its own."""
    cause = record.exc_info[1] if record.exc_info else None
    taken_away = type(cause).__name__ == "DBOSAwaitedWorkflowCancelledError"
    left_behind = type(cause).__name__ == "DBOSException" and "before DBOS was launched" in str(cause)
    return record.levelno >= logging.ERROR and not taken_away and not left_behind


def _now(house: House) -> datetime:
    return house.clock.now().replace(tzinfo=None)
