"""The coordinator: what people and programs ask of the pipeline: start a date, look at it, end it; load, export, grade, train.

Comes in: a desk, from which work is asked for without doing any, and what is wanted. Goes out: the batch that will do it. Whether a start
is a new batch is decided in one transaction of the state database: so of any number of processes that start a date at the same instant one
does.
It must never know HTTP, nor the command line, nor how a phase is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import known_games_on
from tipoff.errors import BadInput, Busy, Conflict, NotReady, UnknownDate
from tipoff.features.quality import MIN_SCORE, RunMode
from tipoff.flow import holder, lease
from tipoff.flow.arrivals import pending
from tipoff.flow.backfill import DayPlan, Kind, Snapshot, Wanted, plan_days
from tipoff.flow.backfill import start as start_backfill
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.desk import Desk
from tipoff.flow.game_days import games_around
from tipoff.flow.house import House, systems_of
from tipoff.flow.slate import Asked, ask
from tipoff.flow.speaking import anything_new
from tipoff.flow.standing import status as status
from tipoff.publish.export import DOCUMENTS
from tipoff.store.warehouse import Work, day_of
from tipoff.train.registry import serving

SLATE, GRADE, TRAIN = "slate", "grade", "train"
Processor = Literal[
    "load",
    "analyze",
    "player_game_summary",
    "team_game_summary",
    "upcoming_player_game_context",
    "player_line_summary",
    "features",
]
"""What `process_date` can be asked for: a phase, or a table, which is made with the others of its phase."""
_PHASES = ("load", "analyze", "features")
_LOOK = 0.05  # seconds between two looks at a batch that is waited for


@dataclass(frozen=True)
class Expected:
    """What a start will give, as far as it is known: games and systems; players once they are, and then players x systems."""

    games: int
    systems: int
    players: int | None
    predictions: int | None


@dataclass(frozen=True)
class Ticket:
    """The batch that does what was asked for; `fresh` where it was made for this very call."""

    feed: str
    game_date: date
    number: int
    batch_id: str
    state: str
    fresh: bool


@dataclass(frozen=True)
class Started(Ticket):
    """The batch of a date; `expected` is what it was started for."""

    expected: dict[str, Any] | None


@dataclass(frozen=True)
class Processed:
    """What became of the phases asked for: each `ran`, was `up_to_date`, or is `open`: not over yet, or failed, which `problems` tell.
    `batches` see to it."""

    game_date: date
    ran: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def start(desk: Desk, game_date: date, run_mode: RunMode = "first", force: bool = False, systems: Sequence[str] | None = None) -> Started:
    """Have a date analyzed, predicted and published: phases 3 to 6, as far as they are not up to date; all of it with `force`.

    One batch per date: where one waits, or runs for all that is asked, it is that one.
    Raises UnknownDate where the date has no games, NotReady naming the data that is missing, Conflict where it is complete and nothing is
    new, or every game has begun, BadInput for an unknown system.
    """
    house = desk.house
    wanted = ask(run_mode, systems=_known_systems(house, systems), force=force)
    before = batches(house.state, game_date, SLATE)
    does = partial(_does, wanted=wanted, run_mode=run_mode, games=_open_games(house, game_date))
    running = next((batch for batch in before if not batch.over and does(batch)), None)
    if running is not None:
        return _started(running, fresh=False)
    if not any(batch.state == "waiting" and batch.not_before is None for batch in before):
        wanted |= {"expected": vars(_ready(house, game_date, wanted["systems"], run_mode))}
        if not force:
            _check_news(house, game_date, before, does, run_mode, wanted["systems"])
    seen = max((batch.number for batch in before), default=0)
    number, fresh = lease.begin(desk, SLATE, game_date, "started by hand", wanted, seen=seen, does=does)
    return _started(_batch(house, SLATE, game_date, number), fresh=fresh)


def _does(batch: Batch, *, wanted: Mapping[str, Any], run_mode: RunMode, games: Sequence[str]) -> bool:
    """Whether a batch that runs, or is complete, was asked for all that is wanted, and lets each of these games through a gate as low."""
    modes = Asked.of({"modes": batch.asked.get("modes")})
    past = run_mode != "backfill" or "backfill" in modes.modes
    return lease.covers(batch, wanted) and past and all(MIN_SCORE[modes.mode_of(game)] <= MIN_SCORE[run_mode] for game in games)


def _open_games(house: House, game_date: date) -> list[str]:
    """The games of a date that have not tipped, as far as they are on record; where none is, none by name stands for all."""
    now = house.clock.now()
    return [game.game_id for game in games_around(house.state, game_date, game_date).get(game_date, []) if game.tip > now] or [""]


def _check_news(
    house: House, game_date: date, before: Sequence[Batch], does: Callable[[Batch], bool], run_mode: RunMode, systems: list[str] | None
) -> None:
    """Raises Conflict where all of this is complete already, by a gate as low, and nothing is new since."""
    last = next((batch for batch in before if batch.asked.get("phases") is None), None)
    if last is not None and last.state == "complete" and does(last) and not anything_new(house, game_date, run_mode, systems):
        raise Conflict(
            f"{game_date} is complete by {last.batch_id}, and nothing is new since.", hint="Start it with `force` to do it all the same."
        )


def reset(desk: Desk, game_date: date) -> list[Ticket]:
    """End whatever waits or runs of a date's slate; its rows stay, and a start begins anew. Gives the batches that were ended.

    Raises UnknownDate where nothing of that date ever ran.
    """
    if not batches(desk.house.state, game_date, SLATE, last=1):
        raise UnknownDate(f"No batch of {game_date} is on record.", hint="`tipoff start DATE` starts one.")
    ended = holder.reset(desk, SLATE, game_date)
    return [_ticket(_batch(desk.house, SLATE, game_date, number), fresh=False) for number in ended]


def process_date(
    desk: Desk, analysis_date: date, processors: Sequence[str] = (), skip_dependency_check: bool = False, seconds: float = 0.0
) -> Processed:
    """Have phases 2 to 4 done for a date, or those of the processors named; what ran and what was up to date, as far as that shows within
    `seconds`.

    What a phase rests on must be there, unless `skip_dependency_check`. Raises UnknownDate where the date has no games, NotReady naming
    what is missing (documents that are still being loaded after `seconds` too), BadInput for an unknown processor.
    """
    house = desk.house
    phases = _phases(processors)
    done = Processed(analysis_date)
    if "load" in phases:
        _process_load(desk, analysis_date, done, seconds)
    later = [phase for phase in phases if phase != "load"]
    if not later:
        return done
    mode = _check_inputs(house, analysis_date, later, skip_dependency_check)
    number = lease.trigger(desk, SLATE, analysis_date, "processed by hand", ask(mode, phases=later))
    batch = _settled(desk, SLATE, analysis_date, number, seconds)
    for phase in later:
        ran = batch.progress.get("ran", {}).get(phase)
        (done.open if ran is None else done.ran if ran else done.up_to_date).append(phase)
    _note(done, batch)
    return done


def _process_load(desk: Desk, game_date: date, done: Processed, seconds: float) -> None:
    """Phase 2: every feed of which something arrived that has no rows."""
    feeds = _unloaded(desk.house, game_date)
    numbers = {feed: lease.trigger(desk, feed, game_date, "processed by hand") for feed in feeds}
    found = [_settled(desk, feed, game_date, number, seconds) for feed, number in numbers.items()]
    for batch in found:
        _note(done, batch)
    if not found:
        done.up_to_date.append("load")
    elif all(batch.state == "complete" for batch in found):
        done.ran.append("load")
    else:
        done.open.append("load")


def _settled(desk: Desk, feed: str, game_date: date, number: int, seconds: float) -> Batch:
    """A batch once it is over, or as it stands after so long."""
    with suppress(Busy):
        return _ended(desk, feed, game_date, number, seconds)
    return _batch(desk.house, feed, game_date, number)


def _note(done: Processed, batch: Batch) -> None:
    done.batches.append(batch.batch_id)
    if batch.over and batch.state != "complete":
        done.problems.append(f"{batch.batch_id} is {batch.state}: {batch.error}")


def export(desk: Desk, game_date: date, documents: Sequence[str] = ()) -> Ticket:
    """Have a date's documents published again. Raises BadInput for a document that is none, UnknownDate where the date has no games."""
    if unknown := [name for name in documents if name not in DOCUMENTS]:
        raise BadInput(f"No document is called {', '.join(unknown)}.", hint=f"There are {', '.join(DOCUMENTS)}.")
    _check_games(desk.house, game_date)
    asked = ask(phases=["publish"], force=True) | {"documents": sorted(documents) or None}
    return _asked_for(desk, SLATE, game_date, "exported by hand", asked)


def grade(desk: Desk, game_date: date) -> Ticket:
    """Have a date graded against the newest box scores, and published again. Raises UnknownDate where the date has no games."""
    _check_games(desk.house, game_date)
    return _asked_for(desk, GRADE, game_date, "graded by hand", {"force": True})


def train(desk: Desk, until: date, systems: Sequence[str] | None = None, window: str | None = None) -> Ticket:
    """Have systems trained for a day, on days before it alone. Raises BadInput for an unknown system."""
    asked = {"systems": _known_systems(desk.house, systems), "window": window}
    return _asked_for(desk, TRAIN, until, "trained by hand", asked)


def wait(desk: Desk, ticket: Ticket) -> Batch:
    """Wait until a batch is over and has told what follows, and how it stands then; not for its repeats. Raises Busy where that takes
    longer than a batch may."""
    feed, day, number = ticket.feed, ticket.game_date, ticket.number
    return _ended(desk, feed, day, number, desk.house.settings.batch_seconds)


def _ended(desk: Desk, feed: str, game_date: date, number: int, seconds: float) -> Batch:
    """A batch whose workflow is over too. Raises Busy where that takes longer than so many seconds."""
    until = time.monotonic() + seconds
    lease.wait_for(desk, {(feed, game_date, number)}, seconds, repeats=False)
    batch = _batch(desk.house, feed, game_date, number)
    while not desk.ended(batch.workflow_id):
        if time.monotonic() > until:
            raise Busy(f"{batch.batch_id} is {batch.state}, and did not tell what follows in {seconds:g} s.", hint="It goes on by itself.")
        time.sleep(_LOOK)
    return batch


def _asked_for(desk: Desk, feed: str, day: date, cause: str, asked: Mapping[str, Any]) -> Ticket:
    newest = next(iter(batches(desk.house.state, day, feed, last=1)), None)
    number = lease.trigger(desk, feed, day, cause, asked)
    return _ticket(_batch(desk.house, feed, day, number), fresh=newest is None or number > newest.number)


def wanted_backfill(kind: Kind, historical: bool, snapshots: Sequence[str]) -> Wanted:
    """What a backfill is about. Raises BadInput for past odds that are not asked of the history, or a snapshot that is none."""
    if kind == "odds" and not historical:
        raise BadInput(
            "Past odds are only in the source's history, at ten times the price.", hint="Say `historical`; a plan shows the price first."
        )
    return Wanted(kind, tuple(Snapshot.parse(text) for text in snapshots))


def backfill(
    desk: Desk, wanted: Wanted, first: date, last: date, plan_only: bool = False, max_credits: int | None = None
) -> tuple[list[DayPlan], str | None]:
    """The plan of a range of days, and the id under which what is left of it was started; None for a plan, or where nothing is left.

    Raises BadInput as `plan_days` does.
    """
    plans = plan_days(desk.house, wanted, first, last)
    due = [plan.game_date for plan in plans if plan.left]
    if plan_only or not due:
        return plans, None
    return plans, start_backfill(desk, wanted, due, max_credits)


def _started(batch: Batch, *, fresh: bool) -> Started:
    return Started(batch.feed, batch.game_date, batch.number, batch.batch_id, batch.state, fresh, batch.asked.get("expected"))


def _ticket(batch: Batch, *, fresh: bool) -> Ticket:
    return Ticket(batch.feed, batch.game_date, batch.number, batch.batch_id, batch.state, fresh)


def _batch(house: House, feed: str, game_date: date, number: int) -> Batch:
    return next(batch for batch in batches(house.state, game_date, feed) if batch.number == number)


def _known_systems(house: House, names: Sequence[str] | None) -> list[str] | None:
    """The systems asked for, sorted; None for all. Raises BadInput for one that there is not."""
    if not names:
        return None
    known = [system.system_id for system in systems_of(house.settings)]
    if unknown := sorted(set(names) - set(known)):
        raise BadInput(f"No system is called {', '.join(unknown)}.", hint=f"There are {', '.join(known)}.")
    return sorted(set(names))


def _ready(house: House, game_date: date, systems: list[str] | None, run_mode: RunMode) -> Expected:
    """What a start would give. Raises UnknownDate where there are no games, Conflict where all have begun, NotReady naming what is
    missing."""
    with house.warehouse.reading() as work:
        known = _known_games(work, game_date)
        chosen = known if run_mode == "backfill" else _open(known, house.clock.now())
        if not chosen.num_rows:
            raise Conflict(f"Every game of {game_date} has begun.", hint="Run mode `backfill` predicts each as of its tip.")
        games = chosen.column("game_id").to_pylist()
        missing = _missing_facts(work, game_date)
        trained = set(serving(work.fetch(work.table("models.registry")).to_pylist(), game_date))
        known = work.table("analytics.upcoming_player_game_context")
        players = work.fetch(known.filter(known.game_id.isin(games)).select("game_id", "player_lookup").distinct()).num_rows or None
    asked = set(systems or [system.system_id for system in systems_of(house.settings)])
    if not asked & trained:
        whose = ", ".join(sorted(asked)) if systems else "any system"
        missing.append(f"model of {whose} that was trained on days before it (`tipoff train --until {game_date}`)")
    if missing:
        raise NotReady(f"{game_date} cannot be predicted yet; there is no {', and no '.join(missing)}.", hint="Then start it again.")
    number = len(asked & trained)
    return Expected(len(games), number, players, players * number if players is not None else None)


def _known_games(work: Work, game_date: date) -> pa.Table:
    """The games of a date, as `known_games_on` has them. Raises UnknownDate where there is none."""
    known = known_games_on(Schedule.read(work), game_date, game_date, None)
    if not known.num_rows:
        raise UnknownDate(f"No game of {game_date} is known.", hint="Load a schedule or odds for that day first.")
    return known


def _open(games: pa.Table, now: datetime) -> pa.Table:
    return games.filter(pc.greater(games.column("tip"), pa.scalar(now)))


def _check_games(house: House, game_date: date) -> None:
    with house.warehouse.reading() as work:
        _known_games(work, game_date)


def _missing_facts(work: Work, game_date: date) -> list[str]:
    boxes = work.table("raw.player_box")
    if work.fetch(boxes.filter(boxes.game_date < day_of(game_date)).select("game_id").limit(1)).num_rows:
        return []
    return ["box score of any game before it (`tipoff backfill box`, or `tipoff import`)"]


def _check_inputs(house: House, game_date: date, phases: Sequence[str], skip: bool) -> RunMode:
    """What phases 3 and 4 rest on: games, box scores before them, and no document that waits to be loaded. Gives the run mode: of a date
    whose games have all begun, each as of its tip."""
    with house.warehouse.reading() as work:
        games = _known_games(work, game_date)
        missing = [] if skip else _missing_facts(work, game_date)
    waiting = [] if skip else _unloaded(house, game_date)
    if missing or waiting:
        said = [*(f"there is no {one}" for one in missing), *(f"documents of {feed} wait to be loaded" for feed in waiting)]
        hint = "Process `load` as well, or skip the dependency check."
        raise NotReady(f"{', '.join(phases)} of {game_date}: {', and '.join(said)}.", hint=hint)
    return "line_update" if _open(games, house.clock.now()).num_rows else "backfill"


def _unloaded(house: House, game_date: date) -> list[str]:
    """The feeds of which something arrived for a day that has no rows yet."""
    return [feed for feed in sorted(house.receipts.feeds()) if pending(house, feed, game_date)]


def _phases(processors: Sequence[str]) -> list[str]:
    """The phases of these processors, in their order; all where none is named."""
    if unknown := [name for name in processors if name not in get_args(Processor)]:
        raise BadInput(f"No processor is called {', '.join(unknown)}.", hint=f"There are {', '.join(get_args(Processor))}.")
    wanted = {name if name in _PHASES else "analyze" for name in processors} or set(_PHASES)
    return [phase for phase in _PHASES if phase in wanted]
