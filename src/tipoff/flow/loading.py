"""What a batch of documents is: what arrived for one feed and game day, loaded by its holder, and nothing left lying.

What lands while it runs is loaded by it, or by one that follows at once. Each commit leaves its completion message with the rows; what
follows from a load follows from that message. It must never know how a document was fetched, nor what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from dbos import DBOS

from tipoff.errors import Busy, ConfigError, StorageError, TipoffError
from tipoff.flow.arrivals import AT_ONCE, Arrival, load_arrivals, pending, read_arrivals, swept_days, unloaded
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.desk import Desk
from tipoff.flow.engine import Engine, current
from tipoff.flow.holder import Fenced, Holder, Leaves, OutOfTime, fail_unclaimed
from tipoff.flow.house import House
from tipoff.flow.lease import trigger
from tipoff.flow.messages import Execution, Outcome, completion, put
from tipoff.flow.outbox import relay
from tipoff.flow.reactions import react
from tipoff.load.counts import Counts
from tipoff.load.replay import replay_unresolved
from tipoff.store.receipts import arrival_stamp
from tipoff.store.warehouse import Work


class Poisoned(TipoffError):
    """Documents that could not be read, or that broke the loader. What is in the vault stays there, and is tried again."""

    exit_code = 70


_MAKES_KNOWN = ("box", "roster", "schedule")  # feeds by which names and games become known that rows may wait for
_NOT_A_DOCUMENTS_FAULT = (Fenced, OutOfTime, Busy, ConfigError, StorageError)  # the next document would meet it as well


def sweep(desk: Desk, days: tuple[date, ...] | None = None, *, by_hand: bool = False) -> dict[tuple[str, date], int]:
    """Ask for everything that arrived and has no rows, of every feed: of yesterday, today and tomorrow in New York, or of these days.

    What a batch has failed on waits for that batch's own repeat; what is parked, for something new to arrive, or for somebody who asks
    `by_hand`. Gives the number of each batch that will load it.
    """
    asked = {}
    for (feed, day), keys in unloaded(desk.house, days if days is not None else swept_days(desk.house)).items():
        newest = next(iter(batches(desk.house.state, day, feed, last=1)), None)
        if by_hand or newest is None or not _given_up(newest, max(arrived for _, arrived in keys)):
            asked[feed, day] = trigger(desk, feed, day, f"swept: {len(keys)} arrivals without rows")
    return asked


def _given_up(newest: Batch, arrived: str) -> bool:
    """Whether the newest batch of a feed and day repeats itself later, or is parked and nothing has arrived since."""
    if newest.state == "waiting":
        return newest.not_before is not None
    return newest.state == "parked" and newest.finished_at is not None and arrived <= arrival_stamp(newest.finished_at)


@DBOS.workflow(name="load_batch")
def load_batch(feed: str, day: str, number: int) -> str:
    """The workflow: the load is one step, so that after a kill it runs again as a whole, with a new generation; then what follows from it
    is told. Gives the batch's end state."""
    state = _load_step(feed, day, number)
    _relay_step()
    return state


@DBOS.step(name="load:relay")
def _relay_step() -> int:
    return relay(current(), react, deliver=False)


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
        return fail_unclaimed(engine, feed, game_date, number, error)
    if holder is None:
        return "over"
    total = Counts()
    try:
        for counts in _loads(engine.house, feed, game_date, holder):
            total += counts
    except Leaves:
        return "left"
    except (Fenced, OutOfTime) as error:
        # Fenced, and ours by the state: by one who was late himself, and does not go on. If by the next holder, this changes nothing.
        return holder.give_up(total.as_dict(), error.message, got_on=total.documents > 0)
    except Exception as error:  # noqa: BLE001
        return holder.fail(total.as_dict(), error)
    ended = holder.end("complete", total.as_dict())
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


def _tell(house: House, holder: Holder, work: Work, counts: Counts) -> None:
    """Leave the completion message of a commit in its transaction, where it changed anything and the fence lets it through once more."""
    changed = counts.inserted + counts.updated
    if not changed and not counts.changed_games:
        return
    holder.fence(work)
    batch, now = holder.batch, house.clock.now()
    tables = sorted(name for name in counts.merged if (counts.changed(name) and name.startswith("raw.odds")) or name == "raw.player_box")
    apart = sum(counts.set_apart.values())
    offered = counts.offered + apart
    outcome = Outcome.of(max(changed, len(counts.changed_games)), apart, 100.0 * counts.offered / offered if offered else 100.0)
    execution = Execution(
        processor_name=f"load:{batch.feed}",
        game_date=batch.game_date,
        started_at=batch.started_at or now,
        trigger=batch.cause[:200] or batch.feed,
        correlation_id=f"{batch.batch_id}.{holder.generation}",
        execution_id=f"{batch.batch_id}.{holder.generation}.{holder.commits()}",
    )
    put(work, completion("load", execution, tables[0] if tables else "raw.payloads", outcome, now))


def _load_these(house: House, arrivals: list[Arrival], holder: Holder, broken: dict[str, str]) -> Iterator[Counts]:
    """Load these documents together, and where that fails each alone: which of them it was, and why, is then in `broken`."""
    try:
        yield load_arrivals(house, arrivals, guard=holder.guard, sealed=partial(_tell, house, holder))
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
