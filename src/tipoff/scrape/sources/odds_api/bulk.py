"""Many documents of The Odds API at once: the fast path beside `transform`, which says what is right.

Comes in: payloads. Goes out: a batch with what `transform` would say of each document in which nothing is unusual, to the last row; any
other is left to `transform`, whole. The outcomes of all documents are checked, paired and turned into columns together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.scrape.batches import Batch
from tipoff.scrape.records import SHAPES, Parsed, Payload, RecordKind
from tipoff.scrape.sources.odds_api.document import SOURCE, game_row
from tipoff.scrape.sources.odds_api.markets import BOUNDS, SIDES, player_named, side_of_game
from tipoff.scrape.sources.odds_api.plain import Plain, plain
from tipoff.scrape.tables import micros, tables

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

SURELY_DECIMAL = 100.0
"""A document whose prices all lie between 1 and this is in decimal odds; any other is looked at more closely."""
_POINTS = 4096  # quarters from -512 to 511.75: more than any market's range
_BAD = -1
_GAME_SIDES = ("home", "away", "over", "under")


def read_plain(payloads: Sequence[Payload]) -> Batch:
    """What the plain ones among these payloads say; the others stay None. Never raises for what stands in them."""
    batch = Batch([None] * len(payloads))
    read = [(place, document) for place, payload in enumerate(payloads) if (document := plain(payload)) is not None]
    documents = [document for _, document in read]
    quotes: dict[RecordKind, _Quotes] = {"player_quotes": _PlayerQuotes(documents), "game_quotes": _GameQuotes(documents)}
    keys_left = np.fromiter((document.keys_left for document in documents), np.int64, len(documents))
    good: Flags = keys_left == sum(found.keys for found in quotes.values())
    for found in quotes.values():
        good &= found.good
    places = np.fromiter((place for place, _ in read), np.int32, len(read))
    rows = np.zeros(len(read), np.int64)
    for kind, found in quotes.items():
        table, of_document = found.table(good)
        batch.add(kind, table, pa.array(places[of_document]))
        rows += np.bincount(of_document, minlength=len(read))
    chosen = [(*read[number], int(rows[number])) for number in np.flatnonzero(good).tolist()]
    games = [(place, document.snapshot_at, head) for place, document, _ in chosen for head in document.events]
    listed = tables({"games": [game_row(head, "scheduled", None, None, micros(at)) for _, at, head in games]})
    for kind, table in listed.items():
        batch.add(kind, table, pa.array([place for place, _, _ in games]))
    for place, document, number in chosen:
        batch.said[place] = _said(document, number)
    return batch


def _said(document: Plain, quotes: int) -> Parsed:
    return Parsed(
        SOURCE,
        document.kind,
        league=document.league,
        event_id=document.events[0].event_id if document.is_single else None,
        snapshot_at=document.snapshot_at,
        offered=quotes + len(document.events),
    )


class _Quotes(ABC):
    """The outcomes of all documents' markets of one sort, side by side.

    By document: `keys`, how many keys its outcomes have; `good`, whether nothing in them is unusual. `kind` is the shape of the rows,
    `sides` how many prices a row has.
    """

    kind: RecordKind
    sides: int

    def __init__(self, documents: list[Plain]) -> None:
        self._documents = documents
        found = [
            (number, market)
            for number, document in enumerate(documents)
            for market in document.markets
            if market.is_player == (self.sides == 2)
        ]
        self._markets = [market for _, market in found]
        self._of_market = np.fromiter((number for number, _ in found), np.int64, len(found))
        sizes = np.fromiter((len(market.outcomes) for market in self._markets), np.int64, len(found))
        self._outcomes = list(chain.from_iterable(market.outcomes for market in self._markets))
        count = len(self._outcomes)
        self._slot = np.repeat(np.arange(len(found)), sizes)
        self._index = np.arange(count) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        point = np.fromiter(map(attrgetter("point"), self._outcomes), np.float64, count)
        price = np.fromiter(map(attrgetter("price"), self._outcomes), np.float64, count)
        of_document = self._of_market[self._slot]
        self._described = pa.array(map(attrgetter("description"), self._outcomes), pa.string()).dictionary_encode()
        who, side = self._who_and_side()
        keys = 2 + _coded(self._described, lambda printed: int(printed != "")) + ~np.isnan(point)
        self.keys = np.bincount(of_document, keys, len(documents)).astype(np.int64)
        self._point = self._points(point)
        bad = (side == _BAD) | (who == _BAD) | np.isnan(self._point) | ~((price > 1) & (price < SURELY_DECIMAL))
        self._first, row = self._paired(who, bad)
        taken = row * self.sides + side
        bad |= np.bincount(taken[~bad], minlength=self.sides * len(self._first) + 1)[np.where(bad, -1, taken)] > 1
        self._prices = np.full(self.sides * len(self._first), np.nan)
        self._prices[taken[~bad]] = price[~bad]
        self.good = np.bincount(of_document, bad, len(documents)) == 0

    @abstractmethod
    def _who_and_side(self) -> tuple[Ints, Ints]:
        """For each outcome a number for whom it speaks of, the same for the same within a market, and which price of the row it is."""

    @abstractmethod
    def _points(self, point: Floats) -> Floats:
        """The lines, NaN where one is none of its market."""

    @abstractmethod
    def _labels(self, firsts: Ints) -> dict[str, pa.Array]:
        """Columns that tell whom these outcomes speak of."""

    def _paired(self, who: Ints, bad: Flags) -> tuple[Ints, Ints]:
        """The first outcome of each row, in their order, and the row of each outcome: those of one market, person and line."""
        quarter = np.where(bad, 0, self._point * 4).astype(np.int64) + _POINTS // 2
        wide = int(who.max(initial=0)) + 2
        key = (self._slot * wide + (who + 1)) * _POINTS + quarter
        encoded = pa.array(key).dictionary_encode()  # in the order in which they are met
        row: Ints = encoded.indices.to_numpy().astype(np.int64)
        first = np.empty(len(encoded.dictionary), np.int64)
        first[row[::-1]] = np.arange(len(row))[::-1]  # of several the last written stands, and that is the earliest
        return first, row

    def table(self, good: Flags) -> tuple[pa.Table, Ints]:
        """The rows of the good documents in the shape of their kind, and the document of each."""
        of_document = self._of_market[self._slot[self._first]]
        kept = np.flatnonzero(good[of_document])
        firsts = self._first[kept]
        slot = pa.array(self._slot[firsts])
        heads = [self._documents[number].events[market.event] for number, market in zip(self._of_market, self._markets, strict=True)]
        prices = self._prices.reshape(-1, self.sides)[kept]
        snapshots = [micros(document.snapshot_at) for document in self._documents]
        columns = {
            "event_id": _strings((head.event_id for head in heads), slot),
            "commence_time": _instants((head.commence_time for head in heads), slot),
            "home": _strings((head.home for head in heads), slot),
            "away": _strings((head.away for head in heads), slot),
            "bookmaker": _strings((market.book for market in self._markets), slot),
            "market": _strings((market.key for market in self._markets), slot),
            "point": pa.array(self._point[firsts]),
            "last_update": _instants((market.changed for market in self._markets), slot),
            "snapshot_at": _instants((snapshots[number] for number in self._of_market), slot),
            "path": pc.binary_join_element_wise(
                _strings((market.path for market in self._markets), slot), pa.array(self._index[firsts]).cast(pa.string()), "["
            ),
            **self._priced(prices),
            **self._labels(firsts),
        }
        columns["path"] = pc.binary_join_element_wise(columns["path"], "]", "")
        shape = SHAPES[self.kind]
        return pa.Table.from_arrays([columns[name] for name in shape.names], schema=shape), of_document[kept]

    def _priced(self, prices: Floats) -> dict[str, pa.Array]:
        names = ("over_price", "under_price") if self.sides == 2 else ("price",)
        return {name: pa.array(prices[:, side], from_pandas=True) for side, name in enumerate(names)}  # NaN is null


class _PlayerQuotes(_Quotes):
    kind = "player_quotes"
    sides = 2

    def _who_and_side(self) -> tuple[Ints, Ints]:
        lookups: dict[str, int] = {}

        def who(printed: str) -> int:
            found = player_named(printed)
            return lookups.setdefault(found[1], len(lookups)) if found else _BAD

        sides = pa.array(map(attrgetter("name"), self._outcomes), pa.string()).dictionary_encode()
        return _coded(self._described, who), _coded(sides, lambda printed: SIDES.get(printed, _BAD))

    def _points(self, point: Floats) -> Floats:
        return _of_market(point, *BOUNDS["player"])

    def _labels(self, firsts: Ints) -> dict[str, pa.Array]:
        named = [found[0] if (found := player_named(printed)) else None for printed in self._described.dictionary.to_pylist()]
        return {"name": pa.array(named, pa.string()).take(self._described.indices.take(pa.array(firsts)))}


class _GameQuotes(_Quotes):
    kind = "game_quotes"
    sides = 1

    def _who_and_side(self) -> tuple[Ints, Ints]:
        codes = {side: code for code, side in enumerate(_GAME_SIDES)}
        found = [
            codes.get(side_of_game(head.home, head.away, market.key, outcome.name) or "", _BAD)
            for number, market in zip(self._of_market, self._markets, strict=True)
            for head in (self._documents[number].events[market.event],)
            for outcome in market.outcomes
        ]
        self._said = np.array(found, np.int64)
        return self._said, np.zeros(len(found), np.int64)

    def _points(self, point: Floats) -> Floats:
        """The moneyline has point 0 by convention, whatever stands there."""
        keys = np.array([market.key for market in self._markets], np.str_)[self._slot] if self._markets else np.array([], np.str_)
        spreads, totals = (_of_market(point, *BOUNDS[market]) for market in ("spreads", "totals"))
        return np.where(keys == "h2h", 0.0, np.where(keys == "spreads", spreads, totals))

    def _labels(self, firsts: Ints) -> dict[str, pa.Array]:
        said = self._said[firsts]
        slots = self._slot[firsts]
        heads = [self._documents[self._of_market[slot]].events[self._markets[slot].event] for slot in slots.tolist()]
        teams = [{0: head.home, 1: head.away}.get(code) for head, code in zip(heads, said.tolist(), strict=True)]
        return {"outcome": pa.array(_GAME_SIDES, pa.string()).take(pa.array(np.maximum(said, 0))), "team": pa.array(teams, pa.string())}


def _of_market(point: Floats, low: float, high: float) -> Floats:
    """Lines within a range, in quarters; NaN for any other. There is no minus zero."""
    near = np.where((point >= low) & (point <= high), point, np.nan)
    return np.where(np.floor(near * 4) == near * 4, near + 0.0, np.nan)


def _coded(encoded: pa.DictionaryArray, code: Callable[[str], int]) -> Ints:
    """`code` of each value, called once for each distinct one."""
    codes: Ints = np.array([code(value) for value in encoded.dictionary.to_pylist()], np.int64)
    found: Ints = codes[encoded.indices.to_numpy()]
    return found


def _strings(values: Iterable[str], slot: pa.Array) -> pa.Array:
    return pa.array(values, pa.string()).take(slot)


def _instants(values: Iterable[int | None], slot: pa.Array) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", "UTC")).take(slot)
