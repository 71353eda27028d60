"""Asking: what a plan's entry means in requests, whom to try next where a source is silent, and what came of it on record.

Comes in: asks for a game day. Goes out: payloads with receipts, a row an ask in the state database, and a batch asked for. It must never
read a document: what it needs to know of games and ids it takes from the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from tipoff.errors import NotReady, TipoffError, UpstreamRefused
from tipoff.flow.batch_log import Batch
from tipoff.flow.boxes import Load, ask_boxes
from tipoff.flow.engine import Engine
from tipoff.flow.house import House
from tipoff.flow.lease import trigger, wait_for
from tipoff.flow.plan import GAME_MARKETS, OPTIONAL, ROSTER_LASTS, Ask, PlannedGame, optional_feeds, props_markets, teams_of
from tipoff.flow.planned import planned_games
from tipoff.flow.state import METADATA, State
from tipoff.flow.there import final_games
from tipoff.names import TEAMS
from tipoff.scrape.access import switched_on
from tipoff.scrape.client import Client, Fetched, Patience
from tipoff.scrape.request import Request
from tipoff.scrape.sources import espn, nba_cdn, nba_injuries, nba_stats
from tipoff.scrape.sources.odds_api import Asking

ASK_FEEDS = ("schedule", "events", "lines", "props", "injuries", "scores", "box", "shots", "roster")
WORKERS = 6
REPORTS_TRIED = 4
"""So many injury reports, from the one that is due backwards, are asked for before another source is."""
PREFERRED: dict[str, tuple[str, ...]] = {"injuries": ("nba_injuries", "espn"), "scores": ("nba_stats", "espn")}
"""Whom to ask first, by feed, of the sources that are switched on; for any other feed it is the order of the settings."""
AskState = Literal["asked", "failed", "missed", "again"]
"""`again`: what came of it was not enough, and the next tick of the capture asks once more."""

ASKS = sa.Table(
    "ops_asks",
    METADATA,
    sa.Column("game_date", sa.Date, primary_key=True),
    sa.Column("feed", sa.String, primary_key=True),
    sa.Column("game_id", sa.String, primary_key=True),
    sa.Column("at", sa.DateTime, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=True),
    sa.Column("payload_id", sa.String, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("asked_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True)
class Asked:
    """What came of an ask: `error` has the cause of every source that failed, also where another then answered."""

    game_date: date
    ask: Ask
    state: AskState
    source: str | None = None
    payload_id: str | None = None
    error: str | None = None


@dataclass
class Cycle:
    """One cycle: what was asked, and the batches that loaded it."""

    asked: list[Asked] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    @property
    def failed(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.state == "failed"]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "asked": [
                {
                    "game_date": asked.game_date,
                    "feed": asked.ask.feed,
                    "game_id": asked.ask.game_id or None,
                    "state": asked.state,
                    "source": asked.source,
                    "payload_id": asked.payload_id,
                    "error": asked.error,
                }
                for asked in self.asked
            ],
            "batches": [batch.as_dict() for batch in self.batches],
        }


def teams_without_roster(house: House, at: datetime) -> set[str]:
    """The teams of which no roster was told in the week before a moment."""
    with house.warehouse.reading() as work:
        said = work.table("ref.spellings")
        told = work.fetch(said.filter(said.seen_in == "roster").group_by("team").agg(told_at=said.told_at.max())).to_pylist()
    return set(TEAMS) - {row["team"] for row in told if row["told_at"] > at - ROSTER_LASTS}


def asks_on_record(state: State, game_date: date) -> list[dict[str, Any]]:
    """Every ask of a game day and what came of it, oldest first."""
    query = sa.select(ASKS).where(ASKS.c.game_date == game_date).order_by(ASKS.c.at, ASKS.c.feed, ASKS.c.game_id)
    with state.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [{**row, "at": row["at"].replace(tzinfo=UTC), "asked_at": row["asked_at"].replace(tzinfo=UTC)} for row in rows]


def record_asks(house: House, asked: Iterable[Asked]) -> None:
    """Put on record what came of these, in the place of what stood there."""
    moment = house.clock.now().replace(tzinfo=None)
    rows = [
        {
            "game_date": one.game_date,
            "feed": one.ask.feed,
            "game_id": one.ask.game_id,
            "at": one.ask.at.astimezone(UTC).replace(tzinfo=None),
            "state": one.state,
            "source": one.source,
            "payload_id": one.payload_id,
            "error": one.error,
            "asked_at": moment,
        }
        for one in asked
    ]
    if not rows:
        return
    same = [column == sa.bindparam(f"this_{column.name}") for column in ASKS.primary_key]
    with house.state.transaction() as connection:
        connection.execute(sa.delete(ASKS).where(*same), [{f"this_{name}": value for name, value in row.items()} for row in rows])
        connection.execute(sa.insert(ASKS), rows)


class Scraper:
    """Asks with one client, and has what came loaded. Made by `scraping`."""

    def __init__(self, engine: Engine, client: Client) -> None:
        self._engine = engine
        self.house = engine.house
        self.client = client
        self._asking = Asking.of(engine.house.settings)

    def perform(self, game_date: date, asks: Sequence[Ask], games: Iterable[PlannedGame]) -> list[Asked]:
        """Ask all of these, some at a time; each leaves its row. What came of one does not stop the others."""
        by_id = {game.game_id: game for game in games}
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="ask") as pool:
            return list(pool.map(lambda ask: self._on_record(game_date, ask, by_id.get(ask.game_id)), asks))

    def _on_record(self, game_date: date, ask: Ask, game: PlannedGame | None) -> Asked:
        """Ask, and put on record at once what came of it: after a kill, what was answered is not asked and paid for again."""
        try:
            asked = self._one(game_date, ask, game)
        except Exception as error:  # noqa: BLE001 - one ask that breaks does not stop the others, and is told
            asked = Asked(game_date, ask, "failed", error=f"{type(error).__name__}: {error}")
        record_asks(self.house, [asked])
        return asked

    def load(self, feeds: Iterable[tuple[str, date]], cause: str) -> list[Batch]:
        """Have what came for these feeds and days loaded, and wait for it, though not for what failed and is tried again later.

        Raises Busy where that takes longer than the batches' own time limit.
        """
        wanted = {(feed, day, trigger(self._engine, feed, day, cause)) for feed, day in sorted(feeds)}
        return wait_for(self._engine, wanted, self.house.settings.batch_seconds, repeats=False) if wanted else []

    def cycle(self, game_date: date, asks: Sequence[Ask], cause: str) -> Cycle:
        """One cycle for a day. The schedule and the list of events are loaded first, since the others need the games and their ids; what
        waits for a box score comes last, and is left for another time where there is none yet."""
        done = Cycle()
        for feeds in (("schedule",), ("events",), ("lines", "props", "injuries", "roster", "scores"), ("box",), ("shots",)):
            now = self._ready(game_date, [ask for ask in asks if ask.feed in feeds])
            if now and feeds == ("box",):
                done.asked += self.boxes(game_date, now, lambda feed, day: done.batches.extend(self.load([(feed, day)], cause)))
            elif now:
                games = planned_games(self.house, game_date, game_date).get(game_date, [])
                asked = self.perform(game_date, now, games)
                done.asked += asked
                done.batches += self.load({(one.ask.feed, game_date) for one in asked if one.state == "asked"}, cause)
        return done

    def _ready(self, game_date: date, asks: list[Ask]) -> list[Ask]:
        final = final_games(self.house, game_date) if any(ask.after_final for ask in asks) else set()
        return [ask for ask in asks if not ask.after_final or ask.game_id in final]

    def boxes(self, game_date: date, asks: Sequence[Ask], load: Load) -> list[Asked]:
        """Ask for box scores, source after source, and have them loaded between; each ask leaves its row."""
        games = planned_games(self.house, game_date, game_date).get(game_date, [])
        found = ask_boxes(self, game_date, asks, games, load, WORKERS)
        asked = [Asked(game_date, one.ask, "asked" if one.source else "failed", one.source, one.payload_id, one.error) for one in found]
        asked = [one if one.source or one.error else replace(one, error=_NOBODY) for one in asked]
        record_asks(self.house, asked)
        return asked

    def _one(self, game_date: date, ask: Ask, game: PlannedGame | None) -> Asked:
        """Ask one source after the other until one answers. Of several requests to one source the next is made only where it says that
        it has no such document: one that is down is asked once."""
        failures: list[str] = []
        down: set[str] = set()
        try:
            for request in self._requests(game_date, ask, game):
                if request.source in down:
                    continue
                try:
                    fetched: Fetched = self.client.fetch(replace(request, game_date=game_date))
                except TipoffError as error:
                    failures.append(str(error))
                    if not (isinstance(error, UpstreamRefused) and error.status in _NOT_THERE):
                        down.add(request.source)
                    continue
                return Asked(game_date, ask, "asked", request.source, fetched.payload_id, "; ".join(failures) or None)
        except NotReady as error:
            failures.append(str(error))
        return Asked(game_date, ask, "failed", error="; ".join(failures) or _NOBODY)

    def _requests(self, game_date: date, ask: Ask, game: PlannedGame | None) -> Iterator[Request]:
        """The requests that would answer an ask: of the sources that are switched on, the preferred first."""
        on = switched_on(self.house.settings)
        first = PREFERRED.get(ask.feed, ())
        for source in (*(source for source in first if source in on), *(source for source in on if source not in first)):
            for make in _ANSWERS.get((ask.feed, source), ()):
                yield make(self, game)
            if of_the_day := _OF_A_DAY.get((ask.feed, source)):
                yield of_the_day(game_date)
            if of_the_team := _OF_A_TEAM.get((ask.feed, source)):
                yield of_the_team(ask.game_id)

    def miss(self, game_date: date, asks: Iterable[Ask], why: str) -> None:
        """Put on record that the moment of these has passed without them."""
        record_asks(self.house, (Asked(game_date, ask, "missed", error=why) for ask in asks))

    def schedule(self, _game: PlannedGame | None) -> Request:
        return nba_cdn.schedule()

    def events(self, _game: PlannedGame | None) -> Request:
        return self._asking.events()

    def lines(self, _game: PlannedGame | None) -> Request:
        return self._asking.bulk_odds(GAME_MARKETS)

    def props(self, game: PlannedGame | None) -> Request:
        return self._asking.event_odds(
            _known(game, "event_id", "the odds source lists no event for it"), props_markets(self.house.settings)
        )

    def espn_injuries(self, _game: PlannedGame | None) -> Request:
        return espn.injuries()

    def cdn_plays(self, game: PlannedGame | None) -> Request:
        return nba_cdn.play_by_play(_known(game, "league_game_id", "the league's schedule does not hold it"))

    def stats_plays(self, game: PlannedGame | None) -> Request:
        return nba_stats.play_by_play(_known(game, "league_game_id", "the league's schedule does not hold it"))


def _report_before(steps: int) -> Callable[[Scraper, PlannedGame | None], Request]:
    """The injury report that is so many steps before the one that is in force now."""
    return lambda scraper, _game: nba_injuries.official_reports(scraper.house.clock.now(), steps + 1)[steps]


_NOT_THERE = (403, 404)
_ANSWERS: dict[tuple[str, str], tuple[Callable[[Scraper, PlannedGame | None], Request], ...]] = {
    ("schedule", "nba_cdn"): (Scraper.schedule,),
    ("events", "odds_api"): (Scraper.events,),
    ("lines", "odds_api"): (Scraper.lines,),
    ("props", "odds_api"): (Scraper.props,),
    ("injuries", "nba_injuries"): tuple(_report_before(steps) for steps in range(REPORTS_TRIED)),
    ("injuries", "espn"): (Scraper.espn_injuries,),
    ("shots", "nba_cdn"): (Scraper.cdn_plays,),
    ("shots", "nba_stats"): (Scraper.stats_plays,),
}
_OF_A_DAY: dict[tuple[str, str], Callable[[date], Request]] = {
    ("schedule", "nba_stats"): nba_stats.scoreboard,  # of that day's games: enough for the day, not for the season
    ("schedule", "espn"): espn.scoreboard,
    ("scores", "nba_stats"): nba_stats.scores,
    ("scores", "espn"): espn.scores,
}
_OF_A_TEAM: dict[tuple[str, str], Callable[[str], Request]] = {("roster", "espn"): espn.roster}
_NOBODY = "No source for this is switched on."


def _known(game: PlannedGame | None, name: str, otherwise: str) -> str:
    value = getattr(game, name) if game else None
    if not value:
        raise NotReady(f"{game.game_id if game else 'The game'}: {otherwise} yet.", hint="It is asked again at its next moment.")
    return str(value)


@contextmanager
def scraping(engine: Engine, patience: Patience | None = None) -> Iterator[Scraper]:
    """A scraper. The client is the engine's: its connections, and what it knows of sources that want to be left alone, outlast a cycle.
    With a `patience` of its own it has a client of its own."""
    if patience is None:
        yield Scraper(engine, engine.keep("client", partial(_client, engine.house, None)))
        return
    with _client(engine.house, patience) as client:
        yield Scraper(engine, client)


def _client(house: House, patience: Patience | None) -> Client:
    return Client(house.settings, house.vault, house.clock, patience, WORKERS, house.receipts, house.credits)


def scrape_now(engine: Engine, game_date: date, feeds: Sequence[str] = ASK_FEEDS, patience: Patience | None = None) -> Cycle:
    """Ask for a day, now, whatever the plan says: props of the games that have not tipped, scores once one has, box scores of those past
    their buzzer, play-by-play of those whose box score is loaded, rosters of the teams that play."""
    house = engine.house
    now = house.clock.now()
    feeds = [feed for feed in feeds if feed not in OPTIONAL or feed in optional_feeds(house.settings)]
    with scraping(engine, patience) as scraper:
        first = [Ask(now, feed) for feed in ("schedule", "events") if feed in feeds]
        done = scraper.cycle(game_date, first, "tipoff scrape")
        games = planned_games(house, game_date, game_date).get(game_date, [])
        rest = [Ask(now, feed) for feed in ("lines", "injuries") if feed in feeds and any(game.tip > now for game in games)]
        if "props" in feeds:
            rest += [Ask(now, "props", game.game_id) for game in games if game.tip > now]
        if "scores" in feeds and any(game.tip <= now for game in games):
            rest += [Ask(now, "scores")]
        if "box" in feeds:
            rest += [Ask(now, "box", game.game_id) for game in games if game.tip + timedelta(hours=2) < now]
        if "shots" in feeds:
            rest += [Ask(now, "shots", game.game_id, after_final=True) for game in games]
        if "roster" in feeds:
            rest += [Ask(now, "roster", team) for team in teams_of(games)]
        later = scraper.cycle(game_date, rest, "tipoff scrape")
    return Cycle(done.asked + later.asked, done.batches + later.batches)


def moments_done(state: State, game_date: date) -> set[tuple[str, str, datetime]]:
    """(feed, game, moment) of every ask of a day that has its row."""
    return {(row["feed"], row["game_id"], row["at"]) for row in asks_on_record(state, game_date)}


def ask_again(state: State, game_date: date, wanted: Iterable[tuple[str, str]], now: datetime) -> None:
    """Have the capture's next tick ask once more for these (feed, game). What came of the newest ask of each stands until then."""
    with state.transaction() as connection:
        for feed, game in sorted(wanted):
            mine = (ASKS.c.game_date == game_date) & (ASKS.c.feed == feed) & (ASKS.c.game_id == game)
            newest = connection.execute(sa.select(sa.func.max(ASKS.c.at)).where(mine & (ASKS.c.state != "missed"))).scalar()
            if newest is not None:
                connection.execute(sa.update(ASKS).where(mine & (ASKS.c.at == newest)).values(state="again"))
                continue
            moment = now.astimezone(UTC).replace(tzinfo=None)
            row = {"game_date": game_date, "feed": feed, "game_id": game, "at": moment, "state": "again", "asked_at": moment}
            connection.execute(sa.insert(ASKS).values(**row))


def asked_again(state: State, game_date: date, games: Iterable[PlannedGame], now: datetime) -> list[Ask]:
    """What is to be asked once more at the next tick: box scores, and of games that have not tipped what is told before it."""
    tips = {game.game_id: game.tip for game in games}
    end = max(tips.values(), default=now)
    rows = [row for row in asks_on_record(state, game_date) if row["state"] == "again"]
    return [Ask(row["at"], row["feed"], row["game_id"]) for row in rows if row["feed"] == "box" or now < tips.get(row["game_id"], end)]
