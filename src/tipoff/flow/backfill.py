"""Backfill: history asked for day by day, priced before it runs, within a budget, and resumed where it stopped.

Comes in: a kind, a range of days, which snapshots. Goes out: a plan that says of each request what it costs and whether its answer is there
already, and then the documents, loaded. What is there already is told from the warehouse alone: so a plan made again after a kill is what
was left. A day of a kind is one workflow in a partitioned queue: two backfills of one range never ask for the same thing twice.
It must never read a document but the source's own lists of events, and those through the loader.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from datetime import time as wall_time
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from dbos import DBOS

from tipoff.clock import local_instant
from tipoff.errors import BadInput, BudgetSpent, TipoffError
from tipoff.flow.arrivals import pending
from tipoff.flow.desk import Desk, Queue
from tipoff.flow.duties import duties
from tipoff.flow.engine import Engine, current, running_engine
from tipoff.flow.expected import write_expected
from tipoff.flow.house import House
from tipoff.flow.lease import LOAD, trigger, wait_for
from tipoff.flow.loading import load_batch
from tipoff.flow.plan import BUZZER, GAME_MARKETS, Ask, PlannedGame, optional_feeds, props_markets
from tipoff.flow.planned import planned_games
from tipoff.flow.scraping import Scraper, scraping
from tipoff.flow.state import METADATA, State
from tipoff.flow.there import games_in
from tipoff.load.documents import load_payloads
from tipoff.scrape.client import Failed, Fetched
from tipoff.scrape.records import Payload
from tipoff.scrape.request import Request
from tipoff.scrape.sources import nba_cdn, nba_injuries
from tipoff.scrape.sources.odds_api import Asking
from tipoff.store.warehouse import day_of

Kind = Literal["odds", "box", "schedule", "injuries"]
KINDS: tuple[Kind, ...] = ("odds", "box", "schedule", "injuries")
QUEUE = Queue("backfill", here=2, rests=30.0)
SNAPSHOTS = ("T-3h", "T-15m")
FIRST_PROPS = date(2023, 5, 3)
"""The odds source has players' markets from this day on."""
LIST_BEFORE = timedelta(hours=1)
"""How long before its day's first tip a day's events are listed."""
WORKERS = 6

BACKFILLS = sa.Table(
    "ops_backfills",
    METADATA,
    sa.Column("backfill_id", sa.String, primary_key=True),
    sa.Column("game_date", sa.Date, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # waiting, processing, complete, failed, stopped
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("there", sa.Integer, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("left", sa.Integer, nullable=False),
    sa.Column("credits", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime, nullable=True),
)


@dataclass(frozen=True)
class Snapshot:
    """A moment before each tip, such as `T-3h` or `T-15m`."""

    text: str
    before: timedelta

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """Raises BadInput for anything but T-<number>h or T-<number>m."""
        found = re.fullmatch(r"T-(\d{1,3})(h|m)", text.strip())
        if not found:
            raise BadInput(f"{text!r} is no snapshot.", hint="Write it like T-3h or T-15m: so long before each tip.")
        number = int(found[1])
        return cls(text.strip(), timedelta(hours=number) if found[2] == "h" else timedelta(minutes=number))


@dataclass(frozen=True)
class Wanted:
    """What a backfill is about: its kind, and for odds the moments before each tip."""

    kind: Kind
    snapshots: tuple[Snapshot, ...] = tuple(Snapshot.parse(text) for text in SNAPSHOTS)

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "snapshots": [snapshot.text for snapshot in self.snapshots]}

    @classmethod
    def of(cls, given: dict[str, Any]) -> Wanted:
        return cls(given["kind"], tuple(Snapshot.parse(text) for text in given["snapshots"]))


@dataclass(frozen=True)
class Planned:
    """One request of a plan: `request` is None where its id will only be known once the day's events are listed."""

    game_date: date
    what: str
    game_id: str
    credits: int
    there: bool
    request: Request | None


@dataclass
class DayPlan:
    """The plan of one day: what is there, what is left, and its price."""

    game_date: date
    planned: list[Planned] = field(default_factory=list)

    @property
    def left(self) -> list[Planned]:
        return [one for one in self.planned if not one.there]

    @property
    def credits(self) -> int:
        return sum(one.credits for one in self.left)


def plan_days(house: House, wanted: Wanted, first: date, last: date) -> list[DayPlan]:
    """The plan of each day of a range that has something to ask for, by day.

    Raises BadInput where the range is upside down, or where there is no schedule to plan by.
    """
    if last < first:
        raise BadInput(f"{first} to {last} is no range.", hint="Give --start-date before --end-date.")
    if wanted.kind == "schedule":  # one document holds the season
        return [plan_day(house, wanted, first, ())]
    games = planned_games(house, first, last)
    if not games:
        raise BadInput(
            f"No games are known from {first} to {last}.", hint="`tipoff backfill schedule`, or import a schedule, then plan again."
        )
    return [plan for day in sorted(games) if (plan := plan_day(house, wanted, day, games[day])).planned]


def plan_day(house: House, wanted: Wanted, day: date, games: Sequence[PlannedGame]) -> DayPlan:
    """The plan of one day, from what the warehouse holds now."""
    makers = {"odds": _odds, "box": _box, "schedule": _schedule, "injuries": _injuries}
    return DayPlan(day, list(makers[wanted.kind](house, wanted, day, games)))


def _schedule(_house: House, _wanted: Wanted, day: date, _games: Sequence[PlannedGame]) -> Iterator[Planned]:
    yield Planned(day, "schedule", "", 0, False, nba_cdn.schedule())


def _odds(house: House, wanted: Wanted, day: date, games: Sequence[PlannedGame]) -> Iterator[Planned]:
    asking = Asking.of(house.settings)
    markets = (*(props_markets(house.settings) if day >= FIRST_PROPS else ()), *GAME_MARKETS)
    asked = _asked(house, day, ("props", "events"))
    listing = asking.historical_events(min(game.tip for game in games) - LIST_BEFORE)
    if any(game.event_id is None for game in games):
        yield Planned(day, _LIST, "", listing.credits, _is_there(listing, asked), listing)
    price = asking.historical_event_odds("any", games[0].tip, markets).credits
    for game in games:
        for snapshot in wanted.snapshots:
            request = asking.historical_event_odds(game.event_id, game.tip - snapshot.before, markets) if game.event_id else None
            there = request is not None and _is_there(request, asked)
            yield Planned(day, snapshot.text, game.game_id, price, there, request)


def _box(house: House, _wanted: Wanted, day: date, games: Sequence[PlannedGame]) -> Iterator[Planned]:
    """Box scores, and play-by-play where it is switched on, after the box scores by which its players are known."""
    there = games_in(house, "raw.player_box", day)
    for game in games:
        if game.league_game_id and game.tip < house.clock.now():
            yield Planned(day, "box score", game.game_id, 0, game.game_id in there, nba_cdn.box_score(game.league_game_id))
    if "shots" in optional_feeds(house.settings):
        there = games_in(house, "raw.shots", day)
        for game in games:
            if game.league_game_id and game.tip + BUZZER < house.clock.now():
                yield Planned(day, "play-by-play", game.game_id, 0, game.game_id in there, nba_cdn.play_by_play(game.league_game_id))


def _injuries(house: House, _wanted: Wanted, day: date, games: Sequence[PlannedGame]) -> Iterator[Planned]:
    asked = _asked(house, day, ("injuries",))
    moments = [local_instant(day, wall_time(hour, minute)) for hour, minute in ((13, 30), (17, 30))]
    moments.append(max(game.tip for game in games) - timedelta(minutes=30))
    now = house.clock.now()
    requests = {nba_injuries.official_report(moment): moment for moment in sorted(moments) if moment <= now}
    for request, moment in requests.items():
        yield Planned(day, f"report of {moment:%H:%M}Z", "", 0, _is_there(request, asked), request)


def _asked(house: House, day: date, feeds: tuple[str, ...]) -> dict[str, list[str]]:
    """What was answered for a day already, however long ago: paths by parameters. What is set apart whole was no answer."""
    with house.warehouse.reading() as work:
        known = work.table("raw.arrivals")
        apart = work.table("raw.quarantine").filter(lambda t: (t.path == _WHOLE) & t.replayed_at.isnull())
        mine = known.filter(known.game_date == day_of(day), known.feed.isin(list(feeds)))
        mine = mine.left_join(apart.select("payload_id", apart=apart.path), "payload_id")
        rows = work.fetch(mine.filter(lambda t: t.apart.isnull() | (t.status == _NO_CONTENT)).select("url").distinct())
    found: dict[str, list[str]] = {}
    for url in rows.column(0).to_pylist():
        parts = urlsplit(url or "")
        found.setdefault(_sorted(parse_qsl(parts.query, keep_blank_values=True)), []).append(parts.path)
    return found


def _is_there(request: Request, asked: dict[str, list[str]]) -> bool:
    return any(path.endswith(request.url_path) for path in asked.get(_sorted(request.params), ()))


def _sorted(parameters: Iterable[tuple[str, str]]) -> str:
    return urlencode(sorted(parameters))


@dataclass(frozen=True)
class BackfillDay:
    """How a day of a backfill stands. `left` counts requests that the budget did not allow; `credits` what was reserved for it."""

    backfill_id: str
    game_date: date
    kind: str
    state: str
    planned: int
    there: int
    asked: int
    failed: int
    left: int
    credits: int
    error: str | None


def days_of(state: State, backfill_id: str) -> list[BackfillDay]:
    """The days of a backfill, by date."""
    names = [field.name for field in fields(BackfillDay)]
    query = sa.select(*(BACKFILLS.c[name] for name in names)).where(BACKFILLS.c.backfill_id == backfill_id).order_by(BACKFILLS.c.game_date)
    with state.reading() as connection:
        return [BackfillDay(**row) for row in connection.execute(query).mappings()]


def start(desk: Desk, wanted: Wanted, days: Sequence[date], max_credits: int | None) -> str:
    """Put each day in the queue; the backfill's id. It goes on in whatever process works, also when this one is killed."""
    house = desk.house
    backfill_id = f"{house.run_id}-{uuid.uuid4().hex[:6]}"
    rows = [
        {
            "backfill_id": backfill_id,
            "game_date": day,
            "kind": wanted.kind,
            "state": "waiting",
            **dict.fromkeys(("planned", "there", "asked", "failed", "left", "credits"), 0),
            "created_at": house.clock.now().replace(tzinfo=None),
        }
        for day in days
    ]
    with house.state.transaction() as connection:
        connection.execute(sa.insert(BACKFILLS), rows)
    for day in days:
        desk.enqueue(
            QUEUE.name,
            backfill_day,
            backfill_id,
            wanted.as_json(),
            day.isoformat(),
            max_credits,
            workflow_id=f"backfill:{backfill_id}:{day.isoformat()}",
            partition=f"{wanted.kind}:{day.isoformat()}",
        )
    return backfill_id


def stop(desk: Desk, backfill_id: str) -> None:
    """Take the days that have not begun out of the queue; what was loaded stays."""
    for day in days_of(desk.house.state, backfill_id):
        if day.state == "waiting":
            desk.cancel(f"backfill:{backfill_id}:{day.game_date.isoformat()}")
            _write(desk.house, backfill_id, day.game_date, state="stopped", error="Stopped by hand.")


def wait(desk: Desk, backfill_id: str, progress: Callable[[int], None] | None = None) -> list[BackfillDay]:
    """Wait until every day is over."""
    told = 0
    while True:
        days = days_of(desk.house.state, backfill_id)
        over = sum(day.state not in ("waiting", "processing") for day in days)
        if progress and over > told:
            progress(over - told)
        told = over
        if over == len(days):
            return days
        time.sleep(0.1)


@DBOS.workflow(name="backfill_day")
def backfill_day(backfill_id: str, wanted: dict[str, Any], day: str, max_credits: int | None) -> str:
    """The workflow of one day: one step, which after a kill plans anew and finds what was left."""
    return _day_step(backfill_id, wanted, day, max_credits)


@DBOS.step(name="backfill_day")
def _day_step(backfill_id: str, wanted: dict[str, Any], day: str, max_credits: int | None) -> str:
    return run_day(current(), backfill_id, Wanted.of(wanted), date.fromisoformat(day), max_credits)


def run_day(engine: Engine, backfill_id: str, wanted: Wanted, day: date, max_credits: int | None) -> str:
    """Ask for what is left of a day, within the budget, and load it; how it ended: complete, stopped or failed."""
    house = engine.house
    _write(house, backfill_id, day, state="processing")
    try:
        with scraping(engine) as scraper:
            ended, error = _ask_day(scraper, backfill_id, wanted, day, max_credits)
    except Exception as failure:  # noqa: BLE001 - one bad day is told, and the others go on
        cause = str(failure) if isinstance(failure, TipoffError) else f"{type(failure).__name__}: {failure}"
        ended, error = ("stopped" if isinstance(failure, BudgetSpent) else "failed"), cause
    write_expected(house, day)
    _write(house, backfill_id, day, state=ended, error=error, finished_at=house.clock.now().replace(tzinfo=None))
    return ended


@dataclass
class _Outcome:
    """What became of a day's requests: `refused` counts those that a budget did not allow."""

    asked: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)


def _ask_day(scraper: Scraper, backfill_id: str, wanted: Wanted, day: date, max_credits: int | None) -> tuple[str, str | None]:
    house = scraper.house
    for feed in _FEEDS[wanted.kind]:
        _load_pending(current(), feed, day)  # what was paid for, and not loaded when somebody was killed
    outcome = _Outcome()
    plan = _current_plan(house, wanted, day)
    lists = [one for one in plan.left if one.what == _LIST]
    if lists:
        _fetch(scraper, _afford(house, backfill_id, day, lists, max_credits, outcome), outcome)
        plan = _current_plan(house, wanted, day)
    causes = sorted(set(outcome.failures))  # told first: without the list every game lacks its event
    left = [one for one in plan.left if one.what != _LIST]
    allowed = _afford(house, backfill_id, day, [one for one in left if one.request], max_credits, outcome)
    if wanted.kind in ("box", "schedule"):  # several sources may answer
        for feed in _FEEDS[wanted.kind]:
            asks = [Ask(house.clock.now(), feed, one.game_id) for one in allowed if one.request and one.request.feed == feed]
            if feed == "box":
                asked = scraper.boxes(day, asks, partial(_load_pending, current()))
            else:
                asked = scraper.perform(day, asks, planned_games(house, day, day).get(day, []))
            outcome.asked += len(asked)
            outcome.failures += [f"{one.ask.game_id}: {one.error}" for one in asked if one.state == "failed"]
            _load_pending(current(), feed, day)
    else:
        _fetch(scraper, allowed, outcome)
    outcome.failures += [f"{one.game_id}: the source's history lists no event for it." for one in left if not one.request]
    counts = {"planned": len(plan.planned), "there": len(plan.planned) - len(plan.left), "asked": outcome.asked}
    _write(house, backfill_id, day, **counts, failed=len(outcome.failures), left=outcome.refused)
    told = "; ".join(list(dict.fromkeys([*causes, *sorted(set(outcome.failures))]))[:_TOLD])
    if outcome.refused:
        budget = f"The budget leaves {outcome.refused} requests for later; the same command goes on there."
        return "stopped", f"{budget} {told}".strip()
    return ("failed" if outcome.failures else "complete"), told or None


def _current_plan(house: House, wanted: Wanted, day: date) -> DayPlan:
    return plan_day(house, wanted, day, planned_games(house, day, day).get(day, []))


def _afford(
    house: House, backfill_id: str, day: date, wished: Sequence[Planned], max_credits: int | None, outcome: _Outcome
) -> list[Planned]:
    """As many of these, in order, as the backfill's own budget still allows; their price is reserved for this day at once."""
    with house.state.transaction() as connection:
        mine = BACKFILLS.c.backfill_id == backfill_id
        spent = connection.execute(sa.select(sa.func.sum(BACKFILLS.c.credits)).where(mine)).scalar_one() or 0
        allowed: list[Planned] = []
        for one in wished:
            if max_credits is not None and spent + one.credits > max_credits:
                break
            spent += one.credits
            allowed.append(one)
        price = sum(one.credits for one in allowed)
        today = mine & (BACKFILLS.c.game_date == day)
        connection.execute(sa.update(BACKFILLS).where(today).values(credits=BACKFILLS.c.credits + price))
    outcome.refused += len(wished) - len(allowed)
    return allowed


def _fetch(scraper: Scraper, chosen: Sequence[Planned], outcome: _Outcome) -> None:
    """Ask for these and load what comes, both at once."""

    came: list[Fetched] = []

    def answers() -> Iterator[tuple[Payload, str | None]]:
        for answer in scraper.client.fetch_all([replace(one.request, game_date=one.game_date) for one in chosen if one.request], WORKERS):
            if not isinstance(answer, Failed):
                outcome.asked += 1
                came.append(answer)
                yield answer.payload, answer.request.source
            elif isinstance(answer.error, BudgetSpent):
                outcome.refused += 1
            else:
                outcome.failures.append(str(answer.error))

    house = scraper.house
    counts = load_payloads(house.warehouse, house.vault, answers(), seen_at=house.clock.now(), run_id=house.run_id)
    outcome.failures += [
        f"{answer.request}: its answer is set apart whole; `tipoff quarantine list` says why, and the same command asks again."
        for answer in came
        if (answer.payload_id, _WHOLE) in counts.apart and answer.payload.status != _NO_CONTENT
    ]


def _load_pending(engine: Engine, feed: str, day: date) -> None:
    if pending(engine.house, feed, day):
        number = trigger(engine, feed, day, "a backfill")
        wait_for(engine, {(feed, day, number)}, engine.house.settings.batch_seconds)


def _write(house: House, backfill_id: str, day: date, **values: Any) -> None:
    with house.state.transaction() as connection:
        this = (BACKFILLS.c.backfill_id == backfill_id) & (BACKFILLS.c.game_date == day)
        connection.execute(sa.update(BACKFILLS).where(this).values(**values))


_LIST = "list of events"
_TOLD = 3
_WHOLE = "$"
_NO_CONTENT = 204
_FEEDS: dict[Kind, tuple[str, ...]] = {
    "odds": ("events", "props"),
    "box": ("box", "shots"),
    "schedule": ("schedule",),
    "injuries": ("injuries",),
}


@contextmanager
def backfilling(house: House) -> Iterator[Engine]:
    """An engine in this process that works on backfills, and on the batches that they ask for."""
    with running_engine(house, {LOAD: (load_batch,), QUEUE: (backfill_day,)}, duties()) as engine:
        yield engine
