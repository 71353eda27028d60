"""The engine: DBOS on the state database, in this process, for as long as a command or a worker takes.

Comes in: an open house. Goes out: a process whose workflows run, whose heartbeat others see, and which takes over what dead ones left.
Queues, recovery and schedules are DBOS's; ours are the heartbeat, and the judgement that somebody is dead. It must never know what a
workflow does.

A process is dead when its heartbeat has stood still for `SILENCE` by the watcher's own steady clock (so that a jump of the wall clock
neither kills nor revives anybody), or when it was of this machine and its process is gone. One that leaves stops taking work, and puts
what it has not finished back in the queues.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions
from dbos import Serializer as DBOSSerializer

from tipoff.config import Settings
from tipoff.errors import Busy, NotReady, TipoffError
from tipoff.flow.code import code_version
from tipoff.flow.house import House
from tipoff.flow.leisure import Bells, let_begin, listening
from tipoff.flow.state import METADATA, State
from tipoff.flow.tracing import begin as begin_tracing

APPLICATION = "tipoff"
APPLICATION_VERSION = "1"  # a constant: DBOS strands pending work of another version; the code's own version is a column of the run
SILENCE = 12.0  # seconds without a heartbeat after which a process is dead
BEAT = 3.0  # seconds between two heartbeats, and between two looks at the others
GLANCE = 0.5  # seconds between two looks whether the other processes of this machine are there, which costs next to nothing
LEAVING = 10.0  # seconds that running work may take to notice that its process leaves
_UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")
POLLING = {"sqlite": 0.2, "postgresql": 1.0}
"""Seconds between two looks into a queue where somebody waits. A look costs 2 to 3 ms: who is up for weeks takes his time."""

WORKERS = sa.Table(
    "ops_workers",
    METADATA,
    sa.Column("worker_id", sa.String, primary_key=True),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("beats", sa.Integer, nullable=False),
    sa.Column("beat_at", sa.DateTime, nullable=False),
    sa.Column("left_at", sa.DateTime, nullable=True),
    sa.Column("vanished_at", sa.DateTime, nullable=True),  # it did not leave: others found it dead
    sa.Column("version", sa.String, nullable=True),  # of its code
)

_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_AT_ONCE = 500


@dataclass(frozen=True)
class Queue:
    """A queue: `here` at a time in one process, and at most `each` at a time for one partition key; where `each` is None it knows no
    partitions, and lets one through at a time whatever it is. `rests`: seconds between two looks into it by a process that is up for
    long; what is looked into less often than others is so at any pace that is set."""

    name: str
    each: int | None = 1
    here: int = 4
    rests: float = 5.0


class WorkflowFailed(TipoffError):
    """A workflow ended with an error that was raised in another process; the message is that error's."""


class _Json(DBOSSerializer):
    """What workflows take and give, as JSON: no pickle anywhere. Instants and dates are told apart, errors keep kind and message."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_tagged)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data, object_hook=_untagged)

    def name(self) -> str:
        return "tipoff_json"


def _tagged(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, BaseException):
        return {"$error": type(value).__name__, "message": str(value)}
    raise TypeError(f"{type(value).__name__} is not JSON")


def _untagged(found: dict[str, Any]) -> Any:
    if "$instant" in found:
        return datetime.fromisoformat(found["$instant"])
    if "$date" in found:
        return date.fromisoformat(found["$date"])
    if "$error" in found:
        return WorkflowFailed(f"{found['$error']}: {found['message']}")
    return found


@dataclass(frozen=True)
class Worker:
    """A process on record. Times are UTC; `version` is that of its code, None where it was too old to say."""

    worker_id: str
    host: str
    pid: int
    started_at: datetime
    beat_at: datetime
    beats: int
    left: bool
    version: str | None = None


def workers(state: State, *, here: bool = False) -> list[Worker]:
    """The processes that have not left, oldest first; with `here` only those of this machine."""
    with state.reading() as connection:
        query = sa.select(WORKERS).where(WORKERS.c.left_at.is_(None)).order_by(WORKERS.c.started_at, WORKERS.c.worker_id)
        rows = connection.execute(query).mappings().all()
    found = [
        Worker(
            row["worker_id"],
            row["host"],
            row["pid"],
            row["started_at"].replace(tzinfo=UTC),
            row["beat_at"].replace(tzinfo=UTC),
            row["beats"],
            row["left_at"] is not None,
            row["version"],
        )
        for row in rows
    ]
    return [worker for worker in found if not here or worker.host == socket.gethostname()]


def at_work(state: State, patience: float = SILENCE) -> list[Worker]:
    """The processes that live: those of this machine that are there, and those of others whose heart beats within `patience` seconds."""
    known = workers(state)
    there = [worker for worker in known if worker.host == socket.gethostname() and process_lives(worker.pid)]
    elsewhere = {worker.worker_id: worker.beats for worker in known if worker.host != socket.gethostname()}
    until = time.monotonic() + patience
    while elsewhere:
        beaten = [worker for worker in workers(state) if worker.beats != elsewhere.get(worker.worker_id, worker.beats)]
        there += beaten
        if beaten or time.monotonic() >= until:
            break
        time.sleep(BEAT / 4)
    return there


def first_at_work(state: State) -> datetime | None:
    """When a process was first at work on this state database (UTC); None where none ever was."""
    with state.reading() as connection:
        first: datetime | None = connection.execute(sa.select(sa.func.min(WORKERS.c.started_at))).scalar_one()
    return None if first is None else first.replace(tzinfo=UTC)


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


class Desk:
    """From where work is asked for and looked after, without doing any: an open house, and DBOS's queues. Made by `open_desk`. What this
    process itself takes from, it looks into at once where something was put there."""

    def __init__(self, house: House, client: DBOSClient, bells: Bells | None = None) -> None:
        self.house = house
        self._client = client
        self._bells = bells or Bells()

    def enqueue(
        self,
        queue: str,
        workflow: Callable[..., Any] | str,
        *arguments: Any,
        workflow_id: str,
        partition: str | None,
        delay: float | None = None,
    ) -> None:
        """Put a workflow, itself or by its name, in a queue, once for a workflow id; also from within a step, where DBOS itself would not
        have it. `partition` is None for a queue that knows none."""
        name: str = workflow if isinstance(workflow, str) else workflow.dbos_function_name  # type: ignore[attr-defined]
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": name,
            "workflow_id": workflow_id,
            "app_version": APPLICATION_VERSION,
        }
        if partition is not None:
            options["queue_partition_key"] = partition
        if delay:
            options["delay_seconds"] = delay
        self._client.enqueue(options, *arguments)
        if not delay:
            self._bells.ring(queue)

    def hasten(self, queue: str, workflow_id: str) -> None:
        """Let a workflow that waits in a queue for a delay to be over begin now; nothing where it does not."""
        self._client.set_workflow_delay(workflow_id, delay_seconds=0)
        let_begin(self._client)
        self._bells.ring(queue)

    def ended(self, workflow_id: str) -> bool:
        """Whether a workflow is over, well or not; True where it was never known."""
        found = self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        return all(status.status not in _UNFINISHED for status in found)

    def at_work(self, name: str) -> bool:
        """Whether a workflow of this name has begun and is not over, in whichever process."""
        return bool(self._client.list_workflows(status="PENDING", name=name, limit=1, load_input=False, load_output=False))

    def unfinished(self, queue: str | None = None) -> dict[str, str | None]:
        """The workflows of a queue, or of all, that are not over, by their ids: which process has begun it, or None where it waits."""
        found = self._client.list_workflows(status=list(_UNFINISHED), queue_name=queue, load_input=False, load_output=False)
        return {status.workflow_id: status.executor_id if status.status == "PENDING" else None for status in found}

    def forget(self, before: datetime, *, dry_run: bool = False) -> int:
        """Have DBOS forget the workflows that were over before a moment (UTC), with their steps; how many. A workflow that another waits
        for, which is not over, stays. In a dry run they are only counted."""
        until = int(before.timestamp() * 1000)
        unfinished = {
            status.workflow_id
            for status in self._client.list_workflows(status=["PENDING", "ENQUEUED", "DELAYED"], load_input=False, load_output=False)
        }
        found = kept = 0
        while True:
            page = self._client.list_workflows(
                status=_OVER, end_time=before.isoformat(), limit=_AT_ONCE, offset=kept, load_input=False, load_output=False
            )
            gone = [
                status.workflow_id
                for status in page
                if (status.completed_at or status.updated_at or until) < until and status.parent_workflow_id not in unfinished
            ]
            if gone and not dry_run:
                self._client.delete_workflows(gone)
            found += len(gone)
            kept += len(page) - (0 if dry_run else len(gone))
            if len(page) < _AT_ONCE:
                return found

    def cancel(self, workflow_id: str) -> None:
        """Take a workflow out of its queue, if it is there: its partition is free, and its result is refused."""
        if self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False):
            self._client.cancel_workflow(workflow_id)


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

    def start(self) -> None:
        """Begin the heartbeat and the rounds."""
        self._beat(first=True)
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

    def _beat(self, *, first: bool = False) -> None:
        with self.house.state.transaction() as connection:
            if first:
                connection.execute(
                    sa.insert(WORKERS).values(
                        worker_id=self.worker_id,
                        host=socket.gethostname(),
                        pid=os.getpid(),
                        started_at=_now(self.house),
                        beat_at=_now(self.house),
                        beats=0,
                        version=code_version(),
                    )
                )
                return
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
        serializer=_Json(),
        enable_otlp=begin_tracing(house.settings) is not None,
        otel_attribute_format="semconv",
        log_level="ERROR",
        notification_listener_polling_interval_sec=1.0 if for_long else 0.1,  # nobody listens; who leaves waits for one look
    )
    DBOS(config=config)
    DBOS.listen_queues([queue.name for queue in takes])
    client = _client_of(house.settings)
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
            DBOS.launch()
            engine.start()
            try:
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
    client = _client_of(house.settings)
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
    client = _client_of(settings)
    try:
        return len(client.list_queues()), len(client.list_schedules())
    finally:
        client.destroy()


def first_seen(state: State) -> dict[str, datetime]:
    """When each version of the code was first at work (UTC)."""
    version = WORKERS.c.version
    query = sa.select(version, sa.func.min(WORKERS.c.started_at)).where(version.is_not(None)).group_by(version)
    with state.reading() as connection:
        return {name: first.replace(tzinfo=UTC) for name, first in connection.execute(query)}


def _client_of(settings: Settings) -> DBOSClient:
    return DBOSClient(system_database_url=settings.database_url, serializer=_Json(), application_name=APPLICATION, lazy=True)


def _worth_telling(record: logging.LogRecord) -> bool:
    """DBOS's log less what is no error here: that work which was taken away, or left behind, has no result of its own."""
    cause = record.exc_info[1] if record.exc_info else None
    taken_away = type(cause).__name__ == "DBOSAwaitedWorkflowCancelledError"
    left_behind = type(cause).__name__ == "DBOSException" and "before DBOS was launched" in str(cause)
    return record.levelno >= logging.ERROR and not taken_away and not left_behind


def process_lives(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _now(house: House) -> datetime:
    return house.clock.now().replace(tzinfo=None)
