"""Documents of The Odds API of which nothing is unusual: told from all others, and taken apart into market after market.

Comes in: a payload. Goes out: its events and markets as they stand, with every check done that is not of a single outcome; or None,
which says nothing but "let `transform` read it". Who is slow here is wrong here; who is lenient here is wrong altogether: what this
reads must mean to `transform` exactly the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from tipoff.clock import as_utc
from tipoff.names import find_team
from tipoff.scrape.decode import MAX_BYTES
from tipoff.scrape.reading import instant, text
from tipoff.scrape.records import League, Payload
from tipoff.scrape.sources.odds_api.document import EVENT_ID, LEAGUES
from tipoff.scrape.sources.odds_api.markets import GAME_MARKETS, PLAYER_MARKETS, Event
from tipoff.scrape.tables import micros

MISSING = float("nan")
"""Stands for a point that is not there: JSON has no such number, so that nothing else can be taken for it."""


class Outcome(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One side of a quote, as it stands."""

    name: str
    price: float
    description: str = ""
    point: float = MISSING


class _Market(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    key: str
    outcomes: list[Outcome]
    last_update: str | msgspec.UnsetType | None = msgspec.UNSET


class _Book(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    key: str
    markets: list[_Market]
    title: str | msgspec.UnsetType | None = msgspec.UNSET
    last_update: str | msgspec.UnsetType | None = msgspec.UNSET


class _Event(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    id: str
    sport_key: str
    commence_time: str
    home_team: str
    away_team: str
    bookmakers: list[_Book]
    sport_title: str | msgspec.UnsetType | None = msgspec.UNSET


class _Wrapper(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    timestamp: str
    data: _Event | list[_Event]
    previous_timestamp: str | msgspec.UnsetType | None = msgspec.UNSET
    next_timestamp: str | msgspec.UnsetType | None = msgspec.UNSET


_DECODERS = (msgspec.json.Decoder(_Wrapper), msgspec.json.Decoder(_Event | list[_Event]))


@dataclass(slots=True)
class Market:
    """One market of one book: `event` is its place among the document's events, `changed` microseconds since 1970 UTC, `path` where
    its outcomes stand."""

    event: int
    book: str
    key: str
    changed: int | None
    path: str
    outcomes: list[Outcome]

    @property
    def is_player(self) -> bool:
        return self.key in PLAYER_MARKETS


@dataclass(slots=True)
class Plain:
    """A document taken apart. `keys_left` is how many keys its outcomes must have in all, or some key stands in it twice."""

    kind: str
    league: League
    is_single: bool
    snapshot_at: datetime
    events: list[Event]
    markets: list[Market]
    keys_left: int


def plain(payload: Payload) -> Plain | None:
    """The document in a payload, or None where anything about it calls for a closer look. Never raises for what stands in it."""
    body = payload.body
    if payload.status == 204 or len(body) > MAX_BYTES or b"\x00" in body or b"\\u003" in body:  # an escape may hide a colon
        return None
    found = _decoded(body)
    if found is None:
        return None
    wrapper, inner = (found, found.data) if isinstance(found, _Wrapper) else (None, found)
    events = inner if isinstance(inner, list) else [inner]
    reading = _Reading()
    if not events or not reading.events(events, "$.data" if wrapper else "$", is_single=not isinstance(inner, list)):
        return None
    if wrapper:
        reading.key(wrapper.timestamp, 2)
        reading.key(wrapper.previous_timestamp)
        reading.key(wrapper.next_timestamp)
        snapshot = instant(wrapper.timestamp)
    else:
        snapshot = as_utc(payload.fetched_at) if payload.fetched_at is not None else max(reading.moments, default=None)
    if snapshot is None or reading.league is None:
        return None
    return Plain(
        kind=("historical-" if wrapper else "") + ("bulk-odds" if isinstance(inner, list) else "event-odds"),
        league=reading.league,
        is_single=not isinstance(inner, list),
        snapshot_at=snapshot,
        events=reading.heads,
        markets=reading.markets,
        keys_left=body.count(b":") - reading.colons,
    )


def _decoded(body: bytes) -> _Wrapper | _Event | list[_Event] | None:
    for decoder in _DECODERS:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            continue
    return None


class _Reading:
    """What is gathered on the way through a document. `colons` counts those of every key and every instant met: a body with more
    has a key twice, or a colon where none is usual."""

    def __init__(self) -> None:
        self.league: League | None = None
        self.heads: list[Event] = []
        self.markets: list[Market] = []
        self.moments: list[datetime] = []
        self.colons = 0

    def key(self, value: str | msgspec.UnsetType | None, keys: int = 1) -> None:
        """Count a key that may be missing, and the colons of the instant behind it."""
        if value is not msgspec.UNSET:
            self.colons += keys + (value.count(":") if isinstance(value, str) else 0)

    def events(self, events: list[_Event], root: str, *, is_single: bool) -> bool:
        """Whether all of a document's events are as they should be."""
        for number, event in enumerate(events):
            head = self._head(event)
            if head is None or not self._books(event, number, root if is_single else f"{root}[{number}]"):
                return False
            self.heads.append(head)
        return len({head.event_id for head in self.heads}) == len(events)

    def _head(self, event: _Event) -> Event | None:
        league = LEAGUES.get(event.sport_key)
        at = instant(event.commence_time)
        home, away = (find_team(name) if text(name) else None for name in (event.home_team, event.away_team))
        if league is None or at is None or home is None or away is None or home == away or not EVENT_ID.fullmatch(event.id):
            return None
        if self.league not in (None, league):
            return None
        self.league = league
        self.key(event.commence_time, 6)
        self.colons += event.sport_title is not msgspec.UNSET
        tip = micros(at)
        return Event(event.id, tip, home.tricode, away.tricode) if tip is not None else None

    def _books(self, event: _Event, number: int, path: str) -> bool:
        met: set[str] = set()
        for place, book in enumerate(event.bookmakers):
            key = text(book.key)
            if key is None or key in met:
                return False
            met.add(key)
            self.colons += 2 + (book.title is not msgspec.UNSET)
            if not self._moment(book.last_update):
                return False
            markets = {market.key for market in book.markets}
            if len(markets) != len(book.markets) or not markets <= _KNOWN:
                return False
            for index, market in enumerate(book.markets):
                self.colons += 2
                if not self._moment(market.last_update):
                    return False
                changed = instant(market.last_update) or instant(book.last_update)
                self.markets.append(
                    Market(
                        number, key, market.key, micros(changed), f"{path}.bookmakers[{place}].markets[{index}].outcomes", market.outcomes
                    )
                )
        return True

    def _moment(self, value: str | msgspec.UnsetType | None) -> bool:
        """Whether a `last_update` can be read, or is not there."""
        if not isinstance(value, str):
            self.key(value)
            return True
        at = instant(value)
        if at is None:
            return False
        self.key(value)
        self.moments.append(at)
        return True


_KNOWN = {*PLAYER_MARKETS, *GAME_MARKETS}
