"""The holder of a batch: the fence around what he commits, his signs of progress, and its end, also where he dies, hangs or fails.

Ours are the lease that ends when its holder makes no progress, and the fence: each holder counts the generation up in the warehouse, and
every commit of his checks, in its own transaction, that it is still his. So a holder that wakes up late is refused. A batch that fails is
failed, with its cause; it is tried again with growing pauses, and parked where `status` shows it when that did not help. Each end is
written in one transaction with what follows from it, so that a process may die between any two lines of this file.
It must never know what a batch does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from tipoff.errors import TipoffError
from tipoff.flow.batch_log import BATCHES, Batch, BatchState, batch_of, naive, of_batch, workflow_id
from tipoff.flow.desk import Desk
from tipoff.flow.engine import Engine
from tipoff.flow.house import House
from tipoff.flow.lease import ask_more, enqueue, insert, joined, waiting_or_new
from tipoff.store.versions import generation
from tipoff.store.warehouse import Work

_LONGER = {"train": 4}
"""So many times the limit of a batch may take what is known to take long."""
_GROWTH = 4  # how much longer each pause after a failure is than the one before


class Fenced(TipoffError):
    """The batch is no longer this holder's: another took over. Nothing of the refused commit was written."""

    exit_code = 6


class OutOfTime(TipoffError):
    """The batch's time limit has passed; what it committed stays, the rest is done by the next."""

    exit_code = 6


class Leaves(Exception):
    """This process leaves; its batch goes back into the queue."""


class Holder:
    """Who holds a batch: signs of progress, the fence, the end. Made by `claim`; `asked` is what the batch was asked for, `progress` how
    far it is."""

    def __init__(self, engine: Engine, batch: Batch, generation: int) -> None:
        self._engine = engine
        self._house = engine.house
        self._key = (batch.feed, batch.game_date, batch.number)
        self._attempt = batch.attempt
        self.generation = generation
        self._commits = 0
        self._begin_step()
        self.batch = batch
        self.asked = batch.asked
        self.progress = batch.progress

    @classmethod
    def take_up(cls, engine: Engine, feed: str, game_date: date, number: int) -> Holder | None:
        """Be the holder that this process was at the step before, with the time of a new step; `claim` where it was none, or somebody took
        the batch over since."""
        holders = engine.keep("held", _Held).holders
        if (holder := holders.get((feed, game_date, number))) is not None:
            with engine.house.state.reading() as connection:
                found = _open_batch(connection, feed, game_date, number)
            if found is not None and found.state == "processing" and found.generation == holder.generation:
                holder._begin_step()
                return holder
        if (holder := cls.claim(engine, feed, game_date, number)) is not None:
            holders[feed, game_date, number] = holder
        return holder

    def let_go(self) -> None:
        """Hold it no more: `take_up` will claim it."""
        self._engine.keep("held", _Held).holders.pop(self._key, None)

    @classmethod
    def claim(cls, engine: Engine, feed: str, game_date: date, number: int) -> Holder | None:
        """Become the holder: the generation goes up, and whoever held it before is fenced off. None where the batch is over already."""
        house = engine.house
        with house.state.reading() as connection:
            if _open_batch(connection, feed, game_date, number) is None:
                return None
        generation = _raise_fence(house, feed, game_date, engine.worker_id)
        with house.state.transaction() as connection:
            found = _open_batch(connection, feed, game_date, number)  # as it stands now: somebody may have asked for more meanwhile
            if found is None:
                return None
            others = of_batch(feed, game_date) & (BATCHES.c.state == "processing") & (BATCHES.c.number != number)
            for left in connection.execute(sa.select(BATCHES.c.asked).where(others)).scalars().all():
                found = replace(found, asked=joined(json.loads(left), found.asked))  # what he was asked for and did not come to do
            holder = cls(engine, found, generation)
            lost = {"state": "timeout", "error": f"Batch {number} took over.", "finished_at": naive(house.clock.now())}
            connection.execute(sa.update(BATCHES).where(others).values(**lost))
            values = {
                "state": "processing",
                "owner": engine.worker_id,
                "generation": generation,
                "started_at": sa.func.coalesce(BATCHES.c.started_at, naive(house.clock.now())),
                "lease_until": holder._lease_until(),
                "beats": BATCHES.c.beats + 1,
                "asked": json.dumps(found.asked, sort_keys=True),
            }
            connection.execute(sa.update(BATCHES).where(of_batch(feed, game_date, number)).values(**values))
        return holder

    def commits(self) -> int:
        """Counts the commits of this holder: 1, 2, … with each call."""
        self._commits += 1
        return self._commits

    def guard(self, work: Work) -> None:
        """To be called within each transaction that commits rows, before it writes. Raises Fenced or OutOfTime; nothing of it is then
        written."""
        self.fence(work)
        self._check_time()

    def fence(self, work: Work) -> None:
        """To be called again when it has written: where an engine's transaction begins with its first write, what `guard` read was not in
        it. Raises Fenced."""
        feed, game_date, _ = self._key
        if _fence(work, feed, game_date) != self.generation:
            raise Fenced(f"The batch of {feed} of {game_date} was taken over by another holder; this commit was refused.")

    def beat(self, _documents: int = 0, **told: Any) -> None:
        """A sign of progress: the lease is renewed. Raises Fenced where it was taken away meanwhile, and OutOfTime."""
        with self._house.state.transaction() as connection:
            values = {"beats": BATCHES.c.beats + 1, "lease_until": self._lease_until(), **told}
            if connection.execute(sa.update(BATCHES).where(self._mine()).values(**values)).rowcount == 0:
                raise Fenced(f"The batch {workflow_id(*self._key)} was taken over.")
        self._check_time()
        if self._engine.leaving.is_set():
            raise Leaves

    def note(self, **progress: Any) -> None:
        """Put on record how far it is, for those who ask meanwhile: a sign of progress too. Raises as `beat` does."""
        self.progress = {**self.progress, **progress}
        self.beat(progress=json.dumps(self.progress, sort_keys=True, default=str))

    def end(self, state: BatchState, counts: Mapping[str, Any], error: str | None = None) -> str:
        """Write how it ended; `fenced` where it was no longer ours to end."""
        with self._house.state.transaction() as connection:
            ending = sa.update(BATCHES).where(self._mine()).values(**_ending(self._house, state, error, counts))
            changed = connection.execute(ending).rowcount
        return state if changed else "fenced"

    def give_up(self, counts: Mapping[str, Any], error: str, *, got_on: bool) -> str:
        """It ran out of its time: what is left is for the next, which follows at once; `fenced` where it was no longer ours to end. One
        that `got_on` does not count as an attempt."""
        attempt = 1 if got_on else self._attempt + 1
        return hand_on(self._engine, self._key, self._still_ours(), attempt, error, f"what batch {self._key[2]} left", counts)

    def fail(self, counts: Mapping[str, Any], error: Exception) -> str:
        """Failed with its cause; tried again after a pause that grows, and parked when that did not help."""
        return _fail(self._engine, self._key, self._still_ours(), counts, error)

    def _begin_step(self) -> None:
        self._deadline = time.monotonic() + self._house.settings.batch_seconds * _LONGER.get(self._key[0], 1)

    def _mine(self) -> Any:
        return of_batch(*self._key) & self._still_ours()

    def _still_ours(self) -> Any:
        return (BATCHES.c.state == "processing") & (BATCHES.c.generation == self.generation)

    def _lease_until(self) -> datetime:
        until = naive(self._house.clock.now() + timedelta(seconds=self._house.settings.lease_seconds))
        assert until is not None
        return until

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            feed, game_date, _ = self._key
            raise OutOfTime(f"The batch of {feed} of {game_date} took longer than {self._house.settings.batch_seconds:g} s.")


class _Held:
    """What this process holds between two steps."""

    def __init__(self) -> None:
        self.holders: dict[tuple[str, date, int], Holder] = {}

    def close(self) -> None:
        """Let go of everything."""
        self.holders.clear()


def fail_unclaimed(engine: Engine, feed: str, game_date: date, number: int, error: Exception) -> str:
    """A batch that could not be claimed, and why: failed, and tried again as any other."""
    return _fail(engine, (feed, game_date, number), BATCHES.c.state.in_(("waiting", "processing")), {}, error)


def _fail(engine: Engine, key: tuple[str, date, int], ours: Any, counts: Mapping[str, Any], error: Exception) -> str:
    """Failed, and again after a pause; parked after the last attempt; where another waits already, that one is the repeat."""
    house = engine.house
    feed, game_date, number = key
    cause = str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {error}"
    with house.state.transaction() as connection:
        row = connection.execute(sa.select(BATCHES.c.attempt, BATCHES.c.asked).where(of_batch(*key) & ours)).one_or_none()
        if row is None:
            return "fenced"
        waits = of_batch(feed, game_date) & (BATCHES.c.state == "waiting") & (BATCHES.c.number != number)
        others = connection.execute(sa.select(BATCHES.c.number, BATCHES.c.asked).where(waits)).first()
        ended = "failed" if others or row.attempt < house.settings.batch_attempts else "parked"
        connection.execute(sa.update(BATCHES).where(of_batch(*key)).values(**_ending(house, ended, cause, counts)))
        if others:
            ask_more(connection, (feed, game_date, others.number), json.loads(row.asked), json.loads(others.asked))
        if ended == "parked" or others:
            return ended
        pause = timedelta(seconds=house.settings.retry_seconds * _GROWTH ** (row.attempt - 1))
        text = f"again after {number} failed: {cause}"
        asked = json.loads(row.asked)
        again = insert(connection, house, feed, game_date, text, asked, row.attempt + 1, house.clock.now() + pause)
    enqueue(engine, feed, game_date, again, pause.total_seconds())
    return ended


def hand_on(
    engine: Engine, key: tuple[str, date, int], ours: Any, attempt: int, error: str, cause: str, counts: Mapping[str, Any] | None = None
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
        asked = json.loads(connection.execute(sa.select(BATCHES.c.asked).where(of_batch(*key))).scalar_one())
        follows = waiting_or_new(connection, house, feed, game_date, cause, asked, attempt)
    enqueue(engine, feed, game_date, follows)
    return ended


def _ending(house: House, state: str, error: str | None, counts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    told = {"counts": json.dumps(dict(counts), sort_keys=True)} if counts else {}
    return {"state": state, "error": error, "finished_at": naive(house.clock.now()), **told}


def reset(desk: Desk, feed: str, game_date: date) -> list[int]:
    """End, by hand, whatever waits or runs of a feed, or phase, and day; the numbers of those batches. What they committed stays.

    First the fence, so that a holder cannot commit any more; then the record; then the fence again, for one who claimed in between; then
    the workflows, so that the queue lets the next through.
    """
    house = desk.house
    open_ones = of_batch(feed, game_date) & BATCHES.c.state.in_(("waiting", "processing"))
    _raise_fence(house, feed, game_date, "reset")
    with house.state.transaction() as connection:
        numbers = list(connection.execute(sa.select(BATCHES.c.number).where(open_ones)).scalars())
        connection.execute(sa.update(BATCHES).where(open_ones).values(**_ending(house, "reset", "Reset by hand.")))
    _raise_fence(house, feed, game_date, "reset")
    for number in numbers:
        desk.cancel(workflow_id(feed, game_date, number))
    return numbers


def _open_batch(connection: sa.Connection, feed: str, game_date: date, number: int) -> Batch | None:
    """A batch that is not over, as it stands."""
    row = connection.execute(sa.select(BATCHES).where(of_batch(feed, game_date, number))).mappings().one_or_none()
    found = batch_of(row) if row is not None else None
    return found if found is not None and not found.over else None


def _raise_fence(house: House, feed: str, game_date: date, owner: str) -> int:
    with house.warehouse.writing(house.run_id) as work:
        generation = _fence(work, feed, game_date) + 1
        work.merge(
            "ops.generations",
            pa.table({"scope": [game_date.isoformat()], "kind": [f"load:{feed}"], "generation": [generation], "owner": [owner]}),
        )
    return generation


def _fence(work: Work, feed: str, game_date: date) -> int:
    return generation(work, f"load:{feed}", game_date.isoformat())
