"""Leases: one holder at a time for a feed, or a later phase, of a game day; and nothing left lying when he dies, hangs or fails.

A batch is a lease on (feed, game_date): waiting, processing with owner and generation, or over: complete, failed, timeout, parked, reset.
`feed` is what is loaded, or `slate` (phases 3 to 6), `grade`, `train`. The queue lets one at a time through; ours are the lease that ends
when its holder makes no progress, and the fence: each holder counts the generation up in the warehouse, and every commit of his checks, in
its own transaction, that it is still his. So a holder that wakes up late is refused.

What is asked for while a batch runs is done by one that follows at once. A terminal batch blocks nothing. A batch that fails is failed,
with its cause; it is tried again with growing pauses, and parked where `status` shows it when that did not help. Each end is written in
one transaction with what follows from it, so that a process may die between any two lines of this file.
It must never know what a batch does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from tipoff.errors import Busy, TipoffError
from tipoff.flow.batch_log import BATCHES, Batch, BatchState, batch_of, batches, naive, of_batch, workflow_id
from tipoff.flow.engine import Desk, Engine, Queue
from tipoff.flow.house import House
from tipoff.store.versions import generation
from tipoff.store.warehouse import Work

LOAD = Queue("load")
PHASES = Queue("phases", here=2)
TRAIN = Queue("train", here=1, rests=30.0)


@dataclass(frozen=True)
class Route:
    """Which workflow does the batches of a feed, in which queue, and of which of them one at a time."""

    workflow: str
    queue: Queue
    partition: str


def route(feed: str, game_date: date) -> Route:
    """Where a batch goes. Slates and grades of one day take turns, since they publish the same documents; training is one at a time."""
    if feed in ("slate", "grade"):
        return Route(f"{feed}_batch", PHASES, game_date.isoformat())
    if feed == "train":
        return Route("train_batch", TRAIN, "train")
    return Route("load_batch", LOAD, f"{feed}:{game_date.isoformat()}")


HELD = ("slate", "grade")
"""What may be asked for with a delay."""
_LONGER = {"train": 4}
"""So many times the limit of a batch may take what is known to take long."""


class Fenced(TipoffError):
    """The batch is no longer this holder's: another took over. Nothing of the refused commit was written."""

    exit_code = 6


class OutOfTime(TipoffError):
    """The batch's time limit has passed; what it committed stays, the rest is done by the next."""

    exit_code = 6


class Leaves(Exception):
    """This process leaves; its batch goes back into the queue."""


def trigger(
    desk: Desk, feed: str, game_date: date, cause: str, asked: Mapping[str, Any] | None = None, *, delay: float | None = None
) -> int:
    """Ask for what there is to do for a feed, or phase, and day; the number of the batch that will do it.

    A batch that waits already will see everything that is there before it starts: then it is that one, and what is `asked` for is added to
    what it was asked for. One that runs may have looked already: then another runs right after it. Asking any number of times, from
    anywhere, is harmless. A new batch begins after `delay` seconds: what else arrives by then is done with it. Without one it begins as
    soon as it can, also where it was to wait.
    """
    with desk.house.state.transaction() as connection:
        number = _waiting_or_new(connection, desk.house, feed, game_date, cause, asked or {})
    if _enqueued(desk, feed, game_date, number, delay):
        if feed in HELD and not delay:
            desk.hasten(PHASES.name, workflow_id(feed, game_date, number))
        return number
    return trigger(desk, feed, game_date, cause, asked)


def release(desk: Desk) -> None:
    """Let what was asked for with a delay begin: nothing more is on its way that should be done with it."""
    waits = sa.select(BATCHES.c.feed, BATCHES.c.game_date, BATCHES.c.number).where(BATCHES.c.feed.in_(HELD), BATCHES.c.state == "waiting")
    with desk.house.state.reading() as connection:
        found = connection.execute(waits.where(BATCHES.c.not_before.is_(None))).all()
    for row in found:
        desk.hasten(PHASES.name, workflow_id(row.feed, row.game_date, row.number))


def begin(desk: Desk, feed: str, game_date: date, cause: str, asked: Mapping[str, Any], *, seen: int) -> tuple[int, bool]:
    """Ask for a batch unless one is on its way: the number of the batch that will do it, and whether it is new.

    One is on its way where one waits; where one runs that was asked for all of it; and where somebody made one since the newest was number
    `seen`, on which the caller judged that one is needed. So of all who ask at the same instant one makes it, and all get its number.
    """
    with desk.house.state.transaction() as connection:
        newer = (BATCHES.c.state.in_(("waiting", "processing"))) | (BATCHES.c.number > seen)
        query = sa.select(BATCHES).where(of_batch(feed, game_date) & newer).order_by(BATCHES.c.number.desc())
        found = [batch_of(row) for row in connection.execute(query).mappings()]
        on_its_way = next((batch.number for batch in found if covers(batch, asked)), None)
        number = on_its_way or _waiting_or_new(connection, desk.house, feed, game_date, cause, asked)
    fresh = number not in {batch.number for batch in found}
    if on_its_way or _enqueued(desk, feed, game_date, number):
        return number, fresh
    return begin(desk, feed, game_date, cause, asked, seen=number)


def covers(batch: Batch, asked: Mapping[str, Any]) -> bool:
    """Whether a batch that runs, or has ended well, was asked for all of this: of each list, where None is everything, no less."""
    lists = {name: value for name, value in asked.items() if value is None or isinstance(value, list)}
    if any(value is True and not batch.asked.get(name) for name, value in asked.items()):
        return False
    return batch.state in ("processing", "complete") and all(_within(value, batch.asked.get(name)) for name, value in lists.items())


def _within(part: Collection[str] | None, whole: Collection[str] | None) -> bool:
    """None is everything."""
    return whole is None or (part is not None and set(part) <= set(whole))


def _enqueued(desk: Desk, feed: str, game_date: date, number: int, delay: float | None = None) -> bool:
    """Put a batch in its queue, where it may be already; False where its workflow is over, and the batch was given up."""
    enqueue(desk, feed, game_date, number, delay)
    return not (desk.ended(workflow_id(feed, game_date, number)) and _give_up_waiting(desk.house, feed, game_date, number))


def _waiting_or_new(
    connection: sa.Connection, house: House, feed: str, game_date: date, cause: str, asked: Mapping[str, Any], attempt: int = 1
) -> int:
    mine = sa.select(BATCHES.c.number, BATCHES.c.asked).where(of_batch(feed, game_date))
    waiting = connection.execute(mine.where((BATCHES.c.state == "waiting") & BATCHES.c.not_before.is_(None))).first()
    if waiting is None:
        return _insert(connection, house, feed, game_date, cause, asked, attempt)
    _ask_more(connection, (feed, game_date, waiting.number), json.loads(waiting.asked), asked)
    return int(waiting.number)


def _ask_more(connection: sa.Connection, key: tuple[str, date, int], before: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    """Have a batch that waits do what it was asked `before`, and `more`."""
    this = sa.update(BATCHES).where(of_batch(*key))
    connection.execute(this.values(asked=json.dumps(joined(before, more), sort_keys=True)))


def joined(before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for twice, as one: lists together, and all (None) where one wants all; what is true of one; groups one by one; else
    the newer word."""
    found = dict(before)
    for name, value in more.items():
        stood = before.get(name)
        if name not in before:
            found[name] = value
        elif isinstance(value, bool):
            found[name] = value or bool(stood)
        elif isinstance(value, Mapping) and isinstance(stood, Mapping):
            found[name] = joined(stood, value)
        elif isinstance(value, list) and isinstance(stood, list):
            found[name] = sorted({*stood, *value})
        elif isinstance(value, list) or isinstance(stood, list):
            found[name] = None
        else:
            found[name] = value
    return found


def _insert(
    connection: sa.Connection,
    house: House,
    feed: str,
    game_date: date,
    cause: str,
    asked: Mapping[str, Any],
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
            asked=json.dumps(dict(asked), sort_keys=True),
            progress="{}",
        )
    )
    return number


def _give_up_waiting(house: House, feed: str, game_date: date, number: int) -> bool:
    """A batch that waits for a workflow that is over would wait for ever: it has failed. False where it does not wait."""
    values = {"state": "failed", "error": "Its workflow ended before it began.", "finished_at": naive(house.clock.now())}
    with house.state.transaction() as connection:
        waits = of_batch(feed, game_date, number) & (BATCHES.c.state == "waiting")
        return connection.execute(sa.update(BATCHES).where(waits).values(**values)).rowcount > 0


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
        """To be called within each transaction that commits rows. Raises Fenced or OutOfTime; nothing of it is then written."""
        feed, game_date, _ = self._key
        if _fence(work, feed, game_date) != self.generation:
            raise Fenced(f"The batch of {feed} of {game_date} was taken over by another holder; this commit was refused.")
        self._check_time()

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
            _ask_more(connection, (feed, game_date, others.number), json.loads(row.asked), json.loads(others.asked))
        if ended == "parked" or others:
            return ended
        pause = timedelta(seconds=house.settings.retry_seconds * _GROWTH ** (row.attempt - 1))
        text = f"again after {number} failed: {cause}"
        asked = json.loads(row.asked)
        again = _insert(connection, house, feed, game_date, text, asked, row.attempt + 1, house.clock.now() + pause)
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
        follows = _waiting_or_new(connection, house, feed, game_date, cause, asked, attempt)
    enqueue(engine, feed, game_date, follows)
    return ended


def _ending(house: House, state: str, error: str | None, counts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    told = {"counts": json.dumps(dict(counts), sort_keys=True)} if counts else {}
    return {"state": state, "error": error, "finished_at": naive(house.clock.now()), **told}


def enqueue(desk: Desk, feed: str, game_date: date, number: int, delay: float | None = None) -> None:
    """Put a batch's workflow in its queue; once, however often."""
    where = route(feed, game_date)
    identity = workflow_id(feed, game_date, number)
    arguments = (feed, game_date.isoformat(), number)
    desk.enqueue(where.queue.name, where.workflow, *arguments, workflow_id=identity, partition=where.partition, delay=delay)


_GROWTH = 4  # how much longer each pause after a failure is than the one before


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


def wait_for(desk: Desk, wanted: set[tuple[str, date, int]], seconds: float, *, repeats: bool = True) -> list[Batch]:
    """Wait until these batches, and the repeats of those that failed, are over; all of them as they stand then. Without `repeats`, those
    that will be tried again after a pause are not waited for.

    Raises Busy where that takes longer than `seconds`; they go on by themselves.
    """
    until = time.monotonic() + seconds
    first = {key: min(number for *other, number in wanted if tuple(other) == key) for key in sorted({want[:2] for want in wanted})}
    while True:
        if time.monotonic() < until and _go_on(desk, first):
            time.sleep(_LOOK)
            continue
        of_days = [batch for feed, day in first for batch in batches(desk.house.state, day, feed, since=first[feed, day])]
        found = [batch for batch in of_days if any(_covers(batch, want) for want in wanted)]
        if found and all(batch.over or (batch.not_before is not None and not repeats) for batch in found):
            return found
        if time.monotonic() > until:
            still = ", ".join(f"{batch.feed} of {batch.game_date} ({batch.state})" for batch in found if not batch.over)
            raise Busy(f"Still at work after {seconds:g} s: {still}.", hint="It goes on by itself; `tipoff status` tells.")
        time.sleep(_LOOK)


_LOOK = 0.05
_OPEN = sa.select(BATCHES.c.feed, BATCHES.c.game_date, BATCHES.c.number).where(
    BATCHES.c.state.in_(("waiting", "processing")), BATCHES.c.not_before.is_(None)
)
"""Written once, and read without what they were asked: whoever waits looks twenty times a second."""


def _go_on(desk: Desk, first: Mapping[tuple[str, date], int]) -> bool:
    """Whether any batch of these feeds and days, from a number on, waits or runs now."""
    with desk.house.state.reading() as connection:
        return any(number >= first.get((feed, day), sys.maxsize) for feed, day, number in connection.execute(_OPEN))


def _covers(batch: Batch, want: tuple[str, date, int]) -> bool:
    return (batch.feed, batch.game_date) == want[:2] and batch.number >= want[2]
