"""Batches: what arrived for one feed and game day, loaded by one holder at a time, and nothing left lying.

A batch is a lease on (feed, game_date): waiting, processing with owner and generation, or over: complete, failed, timeout, parked. The
queue lets one at a time through for each (feed, game_date); ours are the lease that ends when its holder makes no progress, and the
fence: each holder counts the generation up in the warehouse, and every commit of his checks, in its own transaction, that it is still
his. So a holder that wakes up late is refused.

What lands while a batch runs is loaded by it, or by one that follows at once. A terminal batch blocks nothing. A batch that fails is
failed, with its cause; it is tried again with growing pauses, and parked where `status` shows it when that did not help. Each end is
written in one transaction with what follows from it, so that a process may die between any two lines of this file.
It must never know how a document was fetched, nor what it says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from dbos import DBOS

from tipoff.errors import Busy, ConfigError, TipoffError
from tipoff.flow.arrivals import AT_ONCE, Arrival, load_arrivals, pending, read_arrivals, swept_days, unloaded
from tipoff.flow.batch_log import BATCHES, Batch, BatchState, batches, naive, of_batch, workflow_id
from tipoff.flow.engine import Engine, Queue, current
from tipoff.flow.house import House
from tipoff.load.counts import Counts
from tipoff.load.replay import replay_unresolved
from tipoff.store.receipts import arrival_stamp
from tipoff.store.warehouse import Work

QUEUE = Queue("load")


class Fenced(TipoffError):
    """The batch is no longer this holder's: another took over. Nothing of the refused commit was written."""

    exit_code = 6


class OutOfTime(TipoffError):
    """The batch's time limit has passed; what it committed stays, the rest is loaded by the next."""

    exit_code = 6


class Poisoned(TipoffError):
    """Documents that could not be read, or that broke the loader. What is in the vault stays there, and is tried again."""

    exit_code = 70


class _Leaves(Exception):
    """This process leaves; its batch goes back into the queue."""


def trigger(engine: Engine, feed: str, game_date: date, cause: str) -> int:
    """Ask for what arrived for a feed and day to be loaded; the number of the batch that will do it.

    A batch that waits already will see everything that arrived before it starts: then it is that one. One that runs may have looked
    already: then another runs right after it. Asking any number of times, from anywhere, is harmless.
    """
    with engine.house.state.transaction() as connection:
        number = _waiting_or_new(connection, engine.house, feed, game_date, cause)
    _enqueue(engine, feed, game_date, number)
    if engine.ended(workflow_id(feed, game_date, number)) and _give_up_waiting(engine.house, feed, game_date, number):
        return trigger(engine, feed, game_date, cause)
    return number


def _waiting_or_new(connection: sa.Connection, house: House, feed: str, game_date: date, cause: str, attempt: int = 1) -> int:
    mine = sa.select(BATCHES.c.number).where(of_batch(feed, game_date))
    waiting = connection.execute(mine.where((BATCHES.c.state == "waiting") & BATCHES.c.not_before.is_(None))).scalars().first()
    return waiting if waiting is not None else _insert(connection, house, feed, game_date, cause, attempt)


def _insert(
    connection: sa.Connection,
    house: House,
    feed: str,
    game_date: date,
    cause: str,
    attempt: int,
    not_before: datetime | None = None,
) -> int:
    last = connection.execute(sa.select(sa.func.max(BATCHES.c.number)).where(of_batch(feed, game_date))).scalar_one()
    number: int = (last or 0) + 1
    connection.execute(
        sa.insert(BATCHES).values(
            feed=feed,
            game_date=game_date,
            number=number,
            state="waiting",
            cause=cause,
            attempt=attempt,
            not_before=naive(not_before),
            beats=0,
            created_at=naive(house.clock.now()),
            counts="{}",
        )
    )
    return number


def _give_up_waiting(house: House, feed: str, game_date: date, number: int) -> bool:
    """A batch that waits for a workflow that is over would wait for ever: it has failed. False where it does not wait."""
    values = {"state": "failed", "error": "Its workflow ended before it began.", "finished_at": naive(house.clock.now())}
    with house.state.transaction() as connection:
        waits = of_batch(feed, game_date, number) & (BATCHES.c.state == "waiting")
        return connection.execute(sa.update(BATCHES).where(waits).values(**values)).rowcount > 0


def sweep(engine: Engine, days: tuple[date, ...] | None = None, *, by_hand: bool = False) -> dict[tuple[str, date], int]:
    """Ask for everything that arrived and has no rows, of every feed: of yesterday, today and tomorrow in New York, or of these days.

    What a batch has failed on waits for that batch's own repeat; what is parked, for something new to arrive, or for somebody who asks
    `by_hand`. Gives the number of each batch that will load it.
    """
    asked = {}
    for (feed, day), keys in unloaded(engine.house, days if days is not None else swept_days(engine.house)).items():
        newest = next(iter(batches(engine.house.state, day, feed, last=1)), None)
        if by_hand or newest is None or not _given_up(newest, max(arrived for _, arrived in keys)):
            asked[feed, day] = trigger(engine, feed, day, f"swept: {len(keys)} arrivals without rows")
    return asked


def _given_up(newest: Batch, arrived: str) -> bool:
    """Whether the newest batch of a feed and day repeats itself later, or is parked and nothing has arrived since."""
    if newest.state == "waiting":
        return newest.not_before is not None
    return newest.state == "parked" and newest.finished_at is not None and arrived <= arrival_stamp(newest.finished_at)


@DBOS.workflow(name="load_batch")
def load_batch(feed: str, day: str, number: int) -> str:
    """The workflow: one step, so that after a kill it runs again as a whole, with a new generation. Gives the batch's end state."""
    return _load_step(feed, day, number)


@DBOS.step(name="load")
def _load_step(feed: str, day: str, number: int) -> str:
    return run_batch(current(), feed, date.fromisoformat(day), number)


def run_batch(engine: Engine, feed: str, game_date: date, number: int) -> str:
    """Load what arrived for a feed and day, as the holder of its batch; the batch's state in the end.

    `over` where it was over before, `fenced` where another took it over, `left` where this process leaves and another goes on.
    """
    with engine.working():
        return _run(engine, feed, game_date, number)


def _run(engine: Engine, feed: str, game_date: date, number: int) -> str:
    try:
        holder = Holder.claim(engine, feed, game_date, number)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and tried again
        return _fail(engine, (feed, game_date, number), BATCHES.c.state.in_(("waiting", "processing")), Counts(), error)
    if holder is None:
        return "over"
    total = Counts()
    try:
        for counts in _loads(engine.house, feed, game_date, holder):
            total += counts
    except _Leaves:
        return "left"
    except (Fenced, OutOfTime) as error:
        # Fenced, and ours by the state: by one who was late himself, and does not go on. If by the next holder, this changes nothing.
        return holder.give_up(total, error.message)
    except Exception as error:  # noqa: BLE001
        return holder.fail(total, error)
    ended = holder.end("complete", total)
    if ended == "complete" and pending(engine.house, feed, game_date):
        trigger(engine, feed, game_date, f"arrived while batch {number} ended")
    return ended


def _loads(house: House, feed: str, game_date: date, holder: Holder) -> Iterator[Counts]:
    """Load until nothing is pending, what lands meanwhile included; then the rows that waited for a name or a game.

    A document that cannot be read, or that breaks the loader, does not stop its neighbours: it is left out, and told of in the end.
    Raises Poisoned for it.
    """
    tried: set[tuple[str, str]] = set()
    broken: dict[str, str] = {}
    left = pending(house, feed, game_date)
    while waiting := [key for key in left if key not in tried]:
        tried |= set(waiting)
        for start in range(0, len(waiting), AT_ONCE):
            arrivals, unread = read_arrivals(house, feed, game_date, waiting[start : start + AT_ONCE])
            broken |= unread
            if arrivals:
                yield from _load_these(house, arrivals, holder, broken)
            holder.beat()
        left = pending(house, feed, game_date)
    for payload_id, _ in left:
        broken.setdefault(payload_id, f"{payload_id}: it was loaded, and no arrival of it is on record")
    if feed in _MAKES_KNOWN:
        yield replay_unresolved(
            house.warehouse, house.vault, seen_at=house.clock.now(), run_id=house.run_id, progress=holder.beat, guard=holder.guard
        )
    if broken:
        raise Poisoned(f"{len(broken)} of the documents could not be loaded, the others are in: {'; '.join(sorted(broken.values()))}")


def _load_these(house: House, arrivals: list[Arrival], holder: Holder, broken: dict[str, str]) -> Iterator[Counts]:
    """Load these documents together, and where that fails each alone: which of them it was, and why, is then in `broken`."""
    try:
        yield load_arrivals(house, arrivals, guard=holder.guard)
    except _NOT_A_DOCUMENTS_FAULT:
        raise
    except Exception as error:  # noqa: BLE001 - one of them; which, is found out below
        if len(arrivals) == 1:
            payload_id = arrivals[0].payload_id
            broken[payload_id] = str(error) if isinstance(error, TipoffError) else f"{payload_id}: {type(error).__name__}: {error}"
            return
        for arrival in arrivals:
            yield from _load_these(house, [arrival], holder, broken)
            holder.beat()


class Holder:
    """Who holds a batch: signs of progress, the fence, the end. Made by `claim`."""

    def __init__(self, engine: Engine, feed: str, game_date: date, number: int, attempt: int, generation: int) -> None:
        self._engine = engine
        self._house = engine.house
        self._key = (feed, game_date, number)
        self._attempt = attempt
        self._generation = generation
        self._deadline = time.monotonic() + self._house.settings.batch_seconds

    @classmethod
    def claim(cls, engine: Engine, feed: str, game_date: date, number: int) -> Holder | None:
        """Become the holder: the generation goes up, and whoever held it before is fenced off. None where the batch is over already."""
        house = engine.house
        with house.state.reading() as connection:
            row = connection.execute(sa.select(BATCHES.c.state, BATCHES.c.attempt).where(of_batch(feed, game_date, number))).one_or_none()
        if row is None or row.state not in ("waiting", "processing"):
            return None
        generation = _raise_fence(house, feed, game_date, engine.worker_id)
        holder = cls(engine, feed, game_date, number, row.attempt, generation)
        with house.state.transaction() as connection:
            others = of_batch(feed, game_date) & (BATCHES.c.state == "processing") & (BATCHES.c.number != number)
            lost = {"state": "timeout", "error": f"Batch {number} took over.", "finished_at": naive(house.clock.now())}
            connection.execute(sa.update(BATCHES).where(others).values(**lost))
            values = {
                "state": "processing",
                "owner": engine.worker_id,
                "generation": generation,
                "started_at": naive(house.clock.now()),
                "lease_until": holder._lease_until(),
                "beats": BATCHES.c.beats + 1,
            }
            mine = of_batch(feed, game_date, number) & BATCHES.c.state.in_(("waiting", "processing"))
            if connection.execute(sa.update(BATCHES).where(mine).values(**values)).rowcount == 0:
                return None
        return holder

    def guard(self, work: Work) -> None:
        """To be called within each transaction that commits rows. Raises Fenced or OutOfTime; nothing of it is then written."""
        feed, game_date, _ = self._key
        if _fence(work, feed, game_date) != self._generation:
            raise Fenced(f"The batch of {feed} of {game_date} was taken over by another holder; this commit was refused.")
        self._check_time()

    def beat(self, _documents: int = 0) -> None:
        """A sign of progress: the lease is renewed. Raises Fenced where it was taken away meanwhile, and OutOfTime."""
        with self._house.state.transaction() as connection:
            values = {"beats": BATCHES.c.beats + 1, "lease_until": self._lease_until()}
            if connection.execute(sa.update(BATCHES).where(self._mine()).values(**values)).rowcount == 0:
                raise Fenced(f"The batch {workflow_id(*self._key)} was taken over.")
        self._check_time()
        if self._engine.leaving.is_set():
            raise _Leaves

    def end(self, state: BatchState, counts: Counts, error: str | None = None) -> str:
        """Write how it ended; `fenced` where it was no longer ours to end."""
        with self._house.state.transaction() as connection:
            ending = sa.update(BATCHES).where(self._mine()).values(**_ending(self._house, state, error, counts))
            changed = connection.execute(ending).rowcount
        return state if changed else "fenced"

    def give_up(self, counts: Counts, error: str) -> str:
        """It ran out of its time: what is left is for the next, which follows at once; `fenced` where it was no longer ours to end."""
        attempt = 1 if counts.documents else self._attempt + 1
        return hand_on(self._engine, self._key, self._still_ours(), attempt, error, f"what batch {self._key[2]} left", counts)

    def fail(self, counts: Counts, error: Exception) -> str:
        """Failed with its cause; tried again after a pause that grows, and parked when that did not help."""
        return _fail(self._engine, self._key, self._still_ours(), counts, error)

    def _mine(self) -> Any:
        return of_batch(*self._key) & self._still_ours()

    def _still_ours(self) -> Any:
        return (BATCHES.c.state == "processing") & (BATCHES.c.generation == self._generation)

    def _lease_until(self) -> datetime:
        until = naive(self._house.clock.now() + timedelta(seconds=self._house.settings.lease_seconds))
        assert until is not None
        return until

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            feed, game_date, _ = self._key
            raise OutOfTime(f"The batch of {feed} of {game_date} took longer than {self._house.settings.batch_seconds:g} s.")


def _fail(engine: Engine, key: tuple[str, date, int], ours: Any, counts: Counts, error: Exception) -> str:
    """Failed, and again after a pause; parked after the last attempt; where another waits already, that one is the repeat."""
    house = engine.house
    feed, game_date, number = key
    cause = str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {error}"
    with house.state.transaction() as connection:
        row = connection.execute(sa.select(BATCHES.c.attempt).where(of_batch(*key) & ours)).one_or_none()
        if row is None:
            return "fenced"
        waiting = connection.execute(sa.select(BATCHES.c.number).where(of_batch(feed, game_date) & (BATCHES.c.state == "waiting"))).first()
        others = waiting is not None and waiting.number != number
        ended = "failed" if others or row.attempt < house.settings.batch_attempts else "parked"
        connection.execute(sa.update(BATCHES).where(of_batch(*key)).values(**_ending(house, ended, cause, counts)))
        if ended == "parked" or others:
            return ended
        pause = timedelta(seconds=house.settings.retry_seconds * _GROWTH ** (row.attempt - 1))
        text = f"again after {number} failed: {cause}"
        again = _insert(connection, house, feed, game_date, text, row.attempt + 1, house.clock.now() + pause)
    _enqueue(engine, feed, game_date, again, delay=pause.total_seconds())
    return ended


def hand_on(
    engine: Engine, key: tuple[str, date, int], ours: Any, attempt: int, error: str, cause: str, counts: Counts | None = None
) -> str:
    """The batch is out of time, and another follows at once; parked after the last attempt. `fenced` where it is not `ours` to end."""
    house = engine.house
    feed, game_date, _ = key
    ended = "timeout" if attempt <= house.settings.batch_attempts else "parked"
    with house.state.transaction() as connection:
        ending = sa.update(BATCHES).where(of_batch(*key) & ours).values(**_ending(house, ended, error, counts))
        if connection.execute(ending).rowcount == 0:
            return "fenced"
        if ended == "parked":
            return ended
        number = _waiting_or_new(connection, house, feed, game_date, cause, attempt)
    _enqueue(engine, feed, game_date, number)
    return ended


def _ending(house: House, state: str, error: str | None, counts: Counts | None = None) -> dict[str, Any]:
    told = {"counts": json.dumps(counts.as_dict(), sort_keys=True)} if counts else {}
    return {"state": state, "error": error, "finished_at": naive(house.clock.now()), **told}


def _enqueue(engine: Engine, feed: str, game_date: date, number: int, delay: float | None = None) -> None:
    identity = workflow_id(feed, game_date, number)
    day = game_date.isoformat()
    engine.enqueue(QUEUE.name, load_batch, feed, day, number, workflow_id=identity, partition=f"{feed}:{day}", delay=delay)


_GROWTH = 4  # how much longer each pause after a failure is than the one before
_MAKES_KNOWN = ("box", "roster", "schedule")  # feeds by which names and games become known that rows may wait for
_NOT_A_DOCUMENTS_FAULT = (Fenced, OutOfTime, Busy, ConfigError)  # the next document would meet it as well


def _raise_fence(house: House, feed: str, game_date: date, owner: str) -> int:
    with house.warehouse.writing(house.run_id) as work:
        generation = _fence(work, feed, game_date) + 1
        work.merge(
            "ops.generations",
            pa.table({"scope": [game_date.isoformat()], "kind": [f"load:{feed}"], "generation": [generation], "owner": [owner]}),
        )
    return generation


def _fence(work: Work, feed: str, game_date: date) -> int:
    known = work.table("ops.generations")
    rows = work.fetch(known.filter(known.scope == game_date.isoformat(), known.kind == f"load:{feed}").select("generation"))
    return int(rows.column(0)[0].as_py()) if rows.num_rows else 0


def wait_for(engine: Engine, wanted: set[tuple[str, date, int]], seconds: float, *, repeats: bool = True) -> list[Batch]:
    """Wait until these batches, and the repeats of those that failed, are over; all of them as they stand then. Without `repeats`, those
    that will be tried again after a pause are not waited for.

    Raises Busy where that takes longer than `seconds`; they go on by themselves.
    """
    until = time.monotonic() + seconds
    while True:
        of_days = [batch for feed, day in sorted({want[:2] for want in wanted}) for batch in batches(engine.house.state, day, feed)]
        found = [batch for batch in of_days if any(_covers(batch, want) for want in wanted)]
        if found and all(batch.over or (batch.not_before is not None and not repeats) for batch in found):
            return found
        if time.monotonic() > until:
            still = ", ".join(f"{batch.feed} of {batch.game_date} ({batch.state})" for batch in found if not batch.over)
            raise Busy(f"Still loading after {seconds:g} s: {still}.", hint="It goes on by itself; `tipoff status` tells.")
        time.sleep(0.05)


def _covers(batch: Batch, want: tuple[str, date, int]) -> bool:
    return (batch.feed, batch.game_date) == want[:2] and batch.number >= want[2]
