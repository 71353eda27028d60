"""Rows as they fill up: outcomes of one market that belong to one row, the clash of two of them, and what is lost by it.

Knows keys, sides and prices. It must never know what a market is. The counting rule of a document rests on it:

- outcomes that name the same (event, book, market, player or side, point) are one row offered, however many they are;
- an outcome that cannot be placed, because its player, side or point cannot be read, is a row by itself;
- what is set apart unread counts one row for each outcome in it, one for an event's own record, and one where not even that can be told.

A row is made as long as one side of it has a price. Else it is lost, and the first fault found in it carries the count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tipoff.scrape.reading import Ledger

Key = tuple[str, float]


class _Fault(NamedTuple):
    path: str
    rule: str
    value: Any
    row: Row


@dataclass(slots=True)
class Row:
    """One row of quotes: a label (the player as printed, or the side), and the price of each side, decimal."""

    label: str
    point: float
    path: str
    last_update: int | None
    prices: list[float | None]
    places: list[tuple[str, Any] | None]
    clashed: set[int] = field(default_factory=set)
    charged: bool = False


class Slots:
    """The rows of one (event, book, market), from wherever in the document its outcomes stand."""

    def __init__(self, ledger: Ledger, sides: int) -> None:
        self._ledger = ledger
        self._sides = sides
        self._rows: dict[Key, Row] = {}
        self._faults: list[_Fault] = []

    def row(self, key: Key, label: str, path: str, last_update: int | None) -> Row:
        """The row with this key; offered when it is first named."""
        found = self._rows.get(key)
        if found is None:
            self._ledger.offer()
            found = self._rows[key] = Row(label, key[1], path, last_update, [None] * self._sides, [None] * self._sides)
        return found

    def quote(self, row: Row, side: int, price: float, path: str, printed: Any) -> None:
        """One side's price. The same price twice is one; two different ones are both set apart, with every later one."""
        stood = row.prices[side]
        if side in row.clashed:
            self.fault(row, path, "conflicting_outcomes", printed)
        elif stood is None:
            row.prices[side], row.places[side] = price, (path, printed)
        elif stood != price:
            first = row.places[side]
            if first is not None:
                self.fault(row, first[0], "conflicting_outcomes", first[1])
            self.fault(row, path, "conflicting_outcomes", printed)
            row.clashed.add(side)
            row.prices[side] = None

    def fault(self, row: Row, path: str, rule: str, value: Any) -> None:
        """Set one outcome of a row apart."""
        self._faults.append(_Fault(path, rule, value, row))

    def close(self) -> list[Row]:
        """The rows that have a price; the faults go to the ledger, with what they cost."""
        for path, rule, value, row in self._faults:
            lost = not row.charged and not _alive(row)
            row.charged = row.charged or lost
            self._ledger.apart(path, rule, value, rows=int(lost))
        return [row for row in self._rows.values() if _alive(row)]


def _alive(row: Row) -> bool:
    return any(price is not None for price in row.prices)


def unread_event(event: Any) -> int:
    """The rows of an event that is set apart as a whole: its own record, and one an outcome."""
    return 1 + (_unread(event, ("bookmakers", "markets", "outcomes")) if type(event) is dict and "bookmakers" in event else 0)


def unread_book(book: Any) -> int:
    """The rows of a bookmaker that is set apart as a whole."""
    return _unread(book, ("markets", "outcomes"))


def unread_market(market: Any) -> int:
    """The rows of a market that is set apart as a whole."""
    return _unread(market, ("outcomes",))


def _unread(value: Any, keys: tuple[str, ...]) -> int:
    if not keys:
        return 1
    inner = value.get(keys[0]) if type(value) is dict else None
    return sum(_unread(element, keys[1:]) for element in inner) if type(inner) is list else 1
