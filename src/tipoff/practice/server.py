"""The upstream server: the practice league over HTTP, at the clock's instant or at one given in the path.

`/at/2026-01-14T23:30:00Z/odds-api/v4/…` answers as of that instant, `/odds-api/v4/…` as of the clock; beside them
`nba-cdn/…`, `nba-stats/…`, `espn/…`, `nba-injuries/…` and `balldontlie/…`. So the client under test is the real one with another base URL.
It listens on the loopback interface only, and logs nothing. It behaves, but for what a `Mischief` says. This file and `misbehaving`
alone know the web.

    season = simulate(7)
    with running(season) as url:
        httpx.get(f"{url}/at/2026-01-14T23:30:00Z/espn/apis/site/v2/sports/basketball/nba/injuries")
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tipoff.clock import Clock, SystemClock, parse_instant
from tipoff.errors import BadInput, Busy
from tipoff.practice.feeds import FEEDS, KEYED
from tipoff.practice.misbehaving import Misbehaving, OpenProtocol
from tipoff.practice.mischief import Mischief
from tipoff.practice.odds_question import OddsFault, event_filter, odds_question, snapshot_date
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.season import Season
from tipoff.practice.wire_box import box_score
from tipoff.practice.wire_espn import injuries
from tipoff.practice.wire_injuries import injury_report
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_odds import (
    SPORT_KEY,
    SPORT_TITLE,
    Answer,
    bulk_odds,
    event_odds,
    events,
    snapshot_at,
    wrapped,
)
from tipoff.practice.wire_plays import play_by_play
from tipoff.practice.wire_roster import roster

API_KEY = "practice-key"
"""The key that the practice odds source takes when no other is given."""
CREDITS = 5_000_000
_START_WITHIN_SECONDS = 20.0
_DENIED = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'

_encode = msgspec.json.Encoder().encode


def create_app(season: Season, clock: Clock | None = None, *, api_key: str = API_KEY, allowance: int = CREDITS) -> Starlette:
    """The application. `clock` gives the instant where the path does not (default: the machine's); `allowance`
    is the credits of the odds source, of which the headers tell what is left."""
    desk = _Desk(season, clock or SystemClock(), api_key, allowance)
    sport = "/odds-api/v4/sports/{sport}"
    past = "/odds-api/v4/historical/sports/{sport}"
    routes: list[tuple[str, Callable[[Request], Response]]] = [
        ("/odds-api/v4/sports", desk.sports),
        (f"{sport}/events", desk.events),
        (f"{sport}/events/{{event_id}}/odds", desk.event_odds),
        (f"{sport}/odds", desk.bulk_odds),
        (f"{past}/events", desk.past_events),
        (f"{past}/events/{{event_id}}/odds", desk.past_event_odds),
        (f"{past}/odds", desk.past_bulk_odds),
        ("/nba-cdn/staticData/scheduleLeagueV2.json", desk.schedule),
        ("/nba-cdn/liveData/boxscore/boxscore_{league_id}.json", desk.box_score),
        ("/nba-cdn/liveData/playbyplay/playbyplay_{league_id}.json", desk.play_by_play),
        ("/espn/apis/site/v2/sports/basketball/nba/injuries", desk.injuries),
        ("/nba-injuries/Injury-Report_{name}.pdf", desk.injury_report),
        *((path, partial(desk.feed, path)) for path in FEEDS),
        ("/espn/apis/site/v2/sports/basketball/nba/teams/{team}/roster", desk.roster),
    ]
    both = [Route(prefix + path, _direct(handler)) for prefix in ("", "/at/{instant}") for path, handler in routes]
    return Starlette(routes=both)


def _direct(handler: Callable[[Request], Response]) -> Callable[[Request], Any]:
    """Runs a handler on the event loop itself: it never waits, and a thread would only cost time."""

    async def endpoint(request: Request) -> Response:
        return handler(request)

    return endpoint


class _Desk:
    """What the handlers share: the season, the clock, the key, and the credits used so far."""

    def __init__(self, season: Season, clock: Clock, api_key: str, allowance: int) -> None:
        self.season, self.clock, self.api_key, self.allowance = season, clock, api_key, allowance
        self.room = QuoteRoom(season)
        self.used = 0
        self._schedule: tuple[tuple[int, ...], bytes] | None = None

    def now(self, request: Request) -> datetime:
        """The simulated instant of a request. Raises BadInput where the path's cannot be read."""
        given = request.path_params.get("instant")
        return self.clock.now() if given is None else parse_instant(given)

    def sports(self, request: Request) -> Response:
        sport = {
            "key": SPORT_KEY,
            "group": "Basketball",
            "title": SPORT_TITLE,
            "description": "An invented league for practice",
            "active": True,
            "has_outrights": False,
        }
        return self._paid(request, lambda _now, _given: Answer([sport], 0), any_sport=True)

    def events(self, request: Request) -> Response:
        return self._paid(request, lambda now, given: events(self.season, now, event_filter(given)))

    def event_odds(self, request: Request) -> Response:
        event_id = request.path_params["event_id"]
        return self._paid(request, lambda now, given: event_odds(self.room, event_id, now, odds_question(given, bulk=False)))

    def bulk_odds(self, request: Request) -> Response:
        return self._paid(request, lambda now, given: bulk_odds(self.room, now, odds_question(given, bulk=True), event_filter(given)))

    def past_events(self, request: Request) -> Response:
        def answer(now: datetime, given: Mapping[str, str]) -> Answer:
            mark = snapshot_at(snapshot_date(given), now)
            found = events(self.season, mark, event_filter(given)).document
            return Answer(wrapped(found, mark, now), 1 if found else 0)

        return self._paid(request, answer)

    def past_event_odds(self, request: Request) -> Response:
        def answer(now: datetime, given: Mapping[str, str]) -> Answer:
            mark = snapshot_at(snapshot_date(given), now)
            asked = odds_question(given, bulk=False)
            found = event_odds(self.room, request.path_params["event_id"], mark, asked, historical=True)
            return Answer(wrapped(found.document, mark, now), found.cost)

        return self._paid(request, answer)

    def past_bulk_odds(self, request: Request) -> Response:
        def answer(now: datetime, given: Mapping[str, str]) -> Answer:
            mark = snapshot_at(snapshot_date(given), now)
            found = bulk_odds(self.room, mark, odds_question(given, bulk=True), event_filter(given), historical=True)
            return Answer(wrapped(found.document, mark, now), found.cost)

        return self._paid(request, answer)

    def schedule(self, request: Request) -> Response:
        try:
            now = self.now(request)
        except BadInput as error:
            return _json({"detail": str(error)}, 400)
        under_way = any(game.has_begun(now) and not game.is_over(now) for game in self.season.games)
        state = (
            sum(game.is_over(now) for game in self.season.games),
            self.season.changes_told(now),
            int(now.timestamp()) if under_way else 0,
        )
        if self._schedule is None or self._schedule[0] != state:
            self._schedule = (state, _encode(schedule(self.season, now)))
        return Response(self._schedule[1], media_type="application/json")

    def box_score(self, request: Request) -> Response:
        try:
            now = self.now(request)
        except BadInput as error:
            return _json({"detail": str(error)}, 400)
        game = self.season.by_league_id.get(request.path_params["league_id"])
        document = box_score(self.season, game, now) if game else None
        return _json(document) if document else Response(_DENIED, 403, media_type="application/xml")

    def play_by_play(self, request: Request) -> Response:
        try:
            now = self.now(request)
        except BadInput as error:
            return _json({"detail": str(error)}, 400)
        game = self.season.by_league_id.get(request.path_params["league_id"])
        document = play_by_play(self.season, game, now) if game else None
        return _json(document) if document else Response(_DENIED, 403, media_type="application/xml")

    def roster(self, request: Request) -> Response:
        try:
            document = roster(self.season, request.path_params["team"], self.now(request))
        except BadInput as error:
            return _json({"detail": str(error)}, 400)
        return _json(document) if document else _json({"code": 404, "message": "Failed to get team data"}, 404)

    def injuries(self, request: Request) -> Response:
        try:
            return _json(injuries(self.season, self.now(request)))
        except BadInput as error:
            return _json({"detail": str(error)}, 400)

    def injury_report(self, request: Request) -> Response:
        try:
            body = injury_report(self.season, request.path_params["name"], self.now(request))
        except BadInput as error:
            return _json({"detail": str(error)}, 400)
        return Response(body, media_type="application/pdf") if body else Response(_DENIED, 403, media_type="application/xml")

    def feed(self, path: str, request: Request) -> Response:
        """An answer of one of the other feeds of games and box scores."""
        key = request.headers.get("authorization", "")
        if path in KEYED and not secrets.compare_digest(key.encode(), self.api_key.encode()):
            return Response("Unauthorized", 401, media_type="text/plain")
        try:
            document = FEEDS[path](self.season, request.query_params, self.now(request))
        except BadInput as error:
            return _json({"detail": str(error)}, 400)
        return _json(document) if document else _json({"detail": "There is no such game."}, 404)

    def _paid(self, request: Request, answer: Callable[[datetime, Mapping[str, str]], Answer], *, any_sport: bool = False) -> Response:
        """An answer of the odds source: key and sport are checked, credits counted, faults written as it writes them."""
        given = request.query_params
        cost = 0
        try:
            self._admit(given)
            if not any_sport and request.path_params["sport"] != SPORT_KEY:
                raise OddsFault(404, "UNKNOWN_SPORT", "Unknown sport")
            found = answer(self.now(request), given)
            if found.cost > self.allowance - self.used:
                raise OddsFault(401, "OUT_OF_USAGE_CREDITS", "Usage quota has been reached. See usage plans at the source")
            cost = found.cost
            self.used += cost
            response = _json(found.document)
        except OddsFault as fault:
            response = _json(fault.document(), fault.status)
            if fault.code in ("MISSING_KEY", "INVALID_KEY"):
                return response
        except BadInput as error:
            return _json({"message": str(error), "error_code": "INVALID_PRACTICE_INSTANT"}, 400)
        response.headers["x-requests-remaining"] = str(self.allowance - self.used)
        response.headers["x-requests-used"] = str(self.used)
        response.headers["x-requests-last"] = str(cost)
        return response

    def _admit(self, given: Mapping[str, str]) -> None:
        key = given.get("apiKey")
        if not key:
            raise OddsFault(401, "MISSING_KEY", "API key is missing")
        if not secrets.compare_digest(key.encode(), self.api_key.encode()):
            raise OddsFault(401, "INVALID_KEY", "API key is not valid")


def _json(document: object, status: int = 200) -> Response:
    return Response(_encode(document), status, media_type="application/json")


class _Server(uvicorn.Server):
    """Uvicorn that tells when it listens, and leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def running(
    served: Season | ASGIApp,
    clock: Clock | None = None,
    *,
    api_key: str = API_KEY,
    allowance: int = CREDITS,
    port: int = 0,
    mischief: Mischief | None = None,
) -> Iterator[str]:
    """Serves a season, or an application, on 127.0.0.1 from a thread of this process; yields the base URL.

    `mischief` has it misbehave, also while it runs; without one, `/practice/mischief` can ask for it. `port` 0 takes a free one.
    Raises Busy where it does not come up. It has stopped when the block is left.
    """
    app = create_app(served, clock, api_key=api_key, allowance=allowance) if isinstance(served, Season) else served
    config = uvicorn.Config(
        Misbehaving(app, mischief or Mischief(clock=clock)),
        http=OpenProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    # Named as TCP, or asyncio would not switch Nagle's delay off (40 ms an answer).
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = _Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="tipoff-practice", daemon=True)
        thread.start()
        try:
            if not server.listening.wait(_START_WITHIN_SECONDS):
                raise Busy("The practice server did not start.", hint="Try again; another process may hold the machine.")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
