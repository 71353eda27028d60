"""Leases: what is asked for of a feed, or a later phase, of a game day, as a batch that one at a time holds.

A batch is a lease on (feed, game_date): waiting, processing with owner and generation, or over: complete, failed, timeout, parked, reset.
`feed` is what is loaded, or `slate` (phases 3 to 6), `grade`, `train`. The queue lets one at a time through; who holds it, and how it ends,
is `holder`'s affair.

What is asked for while a batch runs is done by one that follows at once. A terminal batch blocks nothing.
It must never know what a batch does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from tipoff.errors import Busy
from tipoff.flow.batch_log import BATCHES, Batch, batch_of, batches, naive, of_batch, workflow_id
from tipoff.flow.desk import Desk, Queue
from tipoff.flow.house import House

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
        number = waiting_or_new(connection, desk.house, feed, game_date, cause, asked or {})
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


def begin(
    desk: Desk, feed: str, game_date: date, cause: str, asked: Mapping[str, Any], *, seen: int, does: Callable[[Batch], bool]
) -> tuple[int, bool]:
    """Ask for a batch unless one is on its way: the number of the batch that will do it, and whether it is new.

    One is on its way where one waits; where one runs that `does` all of it; and where somebody made such a one since the newest was number
    `seen`, on which the caller judged that one is needed. So of all who ask at the same instant one makes it, and all get its number.
    """
    with desk.house.state.transaction() as connection:
        newer = (BATCHES.c.state.in_(("waiting", "processing"))) | (BATCHES.c.number > seen)
        query = sa.select(BATCHES).where(of_batch(feed, game_date) & newer).order_by(BATCHES.c.number.desc())
        found = [batch_of(row) for row in connection.execute(query).mappings()]
        on_its_way = next((batch.number for batch in found if does(batch)), None)
        number = on_its_way or waiting_or_new(connection, desk.house, feed, game_date, cause, asked)
    fresh = number not in {batch.number for batch in found}
    if on_its_way or _enqueued(desk, feed, game_date, number):
        return number, fresh
    return begin(desk, feed, game_date, cause, asked, seen=number, does=does)


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


def waiting_or_new(
    connection: sa.Connection, house: House, feed: str, game_date: date, cause: str, asked: Mapping[str, Any], attempt: int = 1
) -> int:
    """The number of the batch that waits for nothing but its turn, which is asked for this too; or of a new one. In the caller's
    transaction."""
    mine = sa.select(BATCHES.c.number, BATCHES.c.asked).where(of_batch(feed, game_date))
    waiting = connection.execute(mine.where((BATCHES.c.state == "waiting") & BATCHES.c.not_before.is_(None))).first()
    if waiting is None:
        return insert(connection, house, feed, game_date, cause, asked, attempt)
    ask_more(connection, (feed, game_date, waiting.number), json.loads(waiting.asked), asked)
    return int(waiting.number)


def ask_more(connection: sa.Connection, key: tuple[str, date, int], before: Mapping[str, Any], more: Mapping[str, Any]) -> None:
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


def insert(
    connection: sa.Connection,
    house: House,
    feed: str,
    game_date: date,
    cause: str,
    asked: Mapping[str, Any],
    attempt: int,
    not_before: datetime | None = None,
) -> int:
    """A new batch, in the caller's transaction; its number."""
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


def enqueue(desk: Desk, feed: str, game_date: date, number: int, delay: float | None = None) -> None:
    """Put a batch's workflow in its queue; once, however often."""
    where = route(feed, game_date)
    identity = workflow_id(feed, game_date, number)
    arguments = (feed, game_date.isoformat(), number)
    desk.enqueue(where.queue.name, where.workflow, *arguments, workflow_id=identity, partition=where.partition, delay=delay)


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
