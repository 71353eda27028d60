"""An event's bookmakers to quotes: books, markets, outcomes, each tolerated by itself.

Knows one event at a time. Only points are taken of the players' markets: assists and rebounds are refused by market (F15).
A row's line and both its prices come from one point (F10).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tipoff.names import find_team, player_lookup
from tipoff.scrape.reading import Ledger, fault_of_object, instant, number, objects, text
from tipoff.scrape.sources.odds_api.prices import decimal_price, fault_of_price
from tipoff.scrape.sources.odds_api.slots import Row, Slots, unread_book, unread_market
from tipoff.scrape.tables import micros

PLAYER_MARKETS = ("player_points", "player_points_alternate")
GAME_MARKETS = ("spreads", "totals", "h2h")
BOUNDS = {"player": (0.0, 100.0), "spreads": (-100.0, 100.0), "totals": (0.5, 500.0)}
"""The least and the largest line of a market, in points; \"player\" is that of both players' markets."""
SIDES = {"Over": 0, "Under": 1}


@dataclass(frozen=True)
class Event:
    """The head of an event: `commence_time` in microseconds since 1970 UTC, teams as tricodes."""

    event_id: str
    commence_time: int
    home: str
    away: str


class Quotes:
    """Quotes of a document as they are read; call `rows` once, at the end."""

    def __init__(self, ledger: Ledger, american: bool) -> None:
        self._ledger = ledger
        self._american = american
        self._slots: dict[tuple[Event, str, str], Slots] = {}

    def read(self, event: Event, bookmakers: Any, path: str) -> None:
        """Read the bookmakers of an event, which stand at `path`."""
        if type(bookmakers) is not list:
            self._ledger.lost(path, "not_a_list", bookmakers)
        for at, book in objects(bookmakers, path):
            if fault := fault_of_object(book):
                self._ledger.lost(at, fault, book, rows=unread_book(book))
            elif (key := text(book.get("key"))) is None:
                self._ledger.lost(f"{at}.key", "unreadable_bookmaker", book.get("key"), rows=unread_book(book))
            elif type(book.get("markets")) is not list:
                self._ledger.lost(f"{at}.markets", "not_a_list", book.get("markets"))
            else:
                changed = self._last_update(book, at, None)
                for place, market in objects(book["markets"], f"{at}.markets"):
                    self._market(event, key, market, place, changed)

    def _market(self, event: Event, book: str, market: Any, path: str, changed: int | None) -> None:
        if fault := fault_of_object(market):
            self._ledger.lost(path, fault, market, rows=unread_market(market))
            return
        key, outcomes = market.get("key"), market.get("outcomes")
        if text(key) is None:
            self._ledger.lost(f"{path}.key", "unreadable_market", key, rows=unread_market(market))
        elif key not in PLAYER_MARKETS and key not in GAME_MARKETS:
            self._ledger.lost(path, "market_refused", key, rows=unread_market(market))
        elif type(outcomes) is not list:
            self._ledger.lost(f"{path}.outcomes", "not_a_list", outcomes)
        else:
            is_player = key in PLAYER_MARKETS
            slots = self._slots.setdefault((event, book, key), Slots(self._ledger, 2 if is_player else 1))
            changed = self._last_update(market, path, changed)
            for place, outcome in objects(outcomes, f"{path}.outcomes"):
                if fault := fault_of_object(outcome):
                    self._ledger.lost(place, fault, outcome)
                elif is_player:
                    self._player(slots, outcome, place, changed)
                else:
                    self._game(slots, event, key, outcome, place, changed)

    def _last_update(self, holder: dict[str, Any], path: str, otherwise: int | None) -> int | None:
        """`last_update` stands on the market in event odds and on the bookmaker in bulk odds: read either."""
        value = holder.get("last_update")
        if value is None:
            return otherwise
        at = instant(value)
        if at is None:
            self._ledger.apart(f"{path}.last_update", "unreadable_instant", value)
        return micros(at) or otherwise

    def _player(self, slots: Slots, outcome: dict[str, Any], path: str, changed: int | None) -> None:
        printed, side = outcome.get("description"), outcome.get("name")
        name = player_named(printed) if type(printed) is str else None
        if name is None:
            self._ledger.lost(f"{path}.description", "unreadable_name", printed)
            return
        point = _point(outcome.get("point"), "player")
        if point is None:
            self._ledger.lost(f"{path}.point", "unreadable_point", outcome.get("point"))
            return
        row = slots.row((name[1], point), name[0], path, changed)
        if type(side) is not str or side not in SIDES:
            slots.fault(row, f"{path}.name", "not_a_side", side)
        else:
            self._price(slots, row, SIDES[side], outcome, path)

    def _game(self, slots: Slots, event: Event, market: str, outcome: dict[str, Any], path: str, changed: int | None) -> None:
        printed = outcome.get("name")
        side = side_of_game(event.home, event.away, market, printed) if type(printed) is str else None
        if side is None:
            self._ledger.lost(f"{path}.name", "not_a_side", printed)
            return
        point = 0.0 if market == "h2h" else _point(outcome.get("point"), market)  # no part of a key is null
        if point is None:
            self._ledger.lost(f"{path}.point", "unreadable_point", outcome.get("point"))
            return
        self._price(slots, slots.row((side, point), side, path, changed), 0, outcome, path)

    def _price(self, slots: Slots, row: Row, side: int, outcome: dict[str, Any], path: str) -> None:
        printed = outcome.get("price")
        if rule := fault_of_price(printed, self._american):
            slots.fault(row, f"{path}.price", rule, printed)
        else:
            slots.quote(row, side, decimal_price(printed, self._american), f"{path}.price", printed)  # type: ignore[arg-type]

    def rows(self, snapshot_at: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Player quotes and game quotes in the order of their shapes; what was set apart goes to the ledger."""
        players: list[tuple[Any, ...]] = []
        games: list[tuple[Any, ...]] = []
        for (event, book, market), slots in self._slots.items():
            head = (event.event_id, event.commence_time, event.home, event.away, book, market)
            sides = {"home": event.home, "away": event.away}
            for row in slots.close():
                tail = (row.point, *row.prices, row.last_update, snapshot_at, row.path)
                if market in PLAYER_MARKETS:
                    players.append((*head, row.label, *tail))
                else:
                    games.append((*head, row.label, sides.get(row.label), *tail))
        return players, games


@lru_cache(maxsize=65536)
def player_named(printed: str) -> tuple[str, str] | None:
    """A player's name as printed, and what he is paired by: two spellings of one name are one row."""
    name = text(printed)
    lookup = player_lookup(name) if name else ""
    return (name, lookup) if name and lookup else None


def _point(value: Any, kind: str) -> float | None:
    """A line in points, of the kind's range, in quarters; a real line of 20.0 is one (F16)."""
    point = number(value)
    low, high = BOUNDS[kind]
    return point + 0.0 if point is not None and low <= point <= high and (point * 4).is_integer() else None  # + 0.0: no minus zero


@lru_cache(maxsize=65536)
def side_of_game(home: str, away: str, market: str, printed: str) -> str | None:
    """The side that a printed name means in a market of a game between two tricodes: over, under, home or away; None for any other."""
    if market == "totals":
        return printed.casefold() if printed in SIDES else None
    team = find_team(printed) if text(printed) else None
    return {home: "home", away: "away"}.get(team.tricode) if team else None
