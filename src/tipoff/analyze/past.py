"""Past facts as known at many moments at once: the one kernel behind every window over games.

    facts = Facts(key=player, at=tip, day=game_day, known=valid_from, until=valid_to, columns={"points": points})
    past = facts.known(asked, reach=400)        # by row its past facts, newest first
    past.newest(10).mean("points")

A fact holds from `known` until `until`, when a newer version of it was known: so corrections and late arrivals count from when they were
known, for tonight and for eleven seasons alike. What comes out of one row depends on that row's own facts only, added up in a fixed
order: a row alone gives the very bits that it gives among all others.

Knows arrays: keys as whole numbers, instants in microseconds since 1970 (UTC), days since 1970. It must never know what a fact means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Values = NDArray[Any]

NEVER = int(np.iinfo(np.int64).max)
FACTS_A_PART = 1_500_000


class Names:
    """Texts as whole numbers, in alphabetical order; -1 stands for one that is not among them, or for none."""

    def __init__(self, *columns: pa.ChunkedArray) -> None:
        every = pa.chunked_array([chunk for column in columns for chunk in column.cast(pa.string()).chunks], pa.string())
        known = pc.drop_null(pc.unique(every))
        self.texts = known.take(pc.sort_indices(known))

    def __len__(self) -> int:
        return len(self.texts)

    def codes(self, column: pa.ChunkedArray) -> Ints:
        """The number of each text."""
        found = pc.fill_null(pc.index_in(column.cast(pa.string()), value_set=self.texts), -1)
        return np.asarray(found.to_numpy(), dtype=np.int64)

    def column(self, codes: Ints) -> pa.Array:
        """The text of each number, null for -1."""
        return self.texts.take(pa.array(codes, mask=codes < 0))


def numbers(column: pa.ChunkedArray) -> Floats:
    """A column as float64, NaN for null; flags as 1 and 0."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def instants(column: pa.ChunkedArray, missing: int = NEVER) -> Ints:
    """Instants in microseconds since 1970, UTC."""
    return np.asarray(pc.fill_null(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()), missing).to_numpy(), dtype=np.int64)


def days(column: pa.ChunkedArray) -> Ints:
    """Dates as days since 1970."""
    return np.asarray(column.cast(pa.date32()).cast(pa.int32()).to_numpy(), dtype=np.int64)


def moment_column(moments: Ints) -> pa.Array:
    """Instants back as a column; what is before 1970 (nothing known) is null."""
    return pa.array(moments, pa.int64(), mask=moments < 0).cast(pa.timestamp("us", "UTC"))


@dataclass(frozen=True)
class Asked:
    """What is asked for, by row: facts of `key` before `before`, as known at `as_of`, the row's own day being `day`."""

    key: Ints
    before: Ints
    as_of: Ints
    day: Ints

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: Ints | slice) -> Asked:
        """Some of the rows."""
        return Asked(self.key[rows], self.before[rows], self.as_of[rows], self.day[rows])


class Facts:
    """Facts in versions, in order of key and time."""

    def __init__(self, key: Ints, at: Ints, day: Ints, known: Ints, until: Ints, columns: Mapping[str, Values]) -> None:
        order = np.lexsort((known, at, key))
        self.key, self.day, self.known_at, self.until = key[order], day[order], known[order], until[order]
        self.columns: dict[str, Values] = {name: values[order] for name, values in columns.items()}
        self.columns |= {"at": at[order], "day": self.day, "known_at": self.known_at}
        self._moments = np.unique(at)
        self._place = self._placed(self.key, self.columns["at"])

    def __len__(self) -> int:
        return len(self.key)

    def where(self, wanted: Bools) -> Facts:
        """Only the facts that are wanted."""
        columns = {name: values[wanted] for name, values in self.columns.items()}
        return Facts(self.key[wanted], columns["at"], self.day[wanted], self.known_at[wanted], self.until[wanted], columns)

    def _placed(self, key: Ints, at: Ints) -> Ints:
        placed: Ints = key * (len(self._moments) + 1) + np.searchsorted(self._moments, at)
        return placed

    def _span(self, asked: Asked, reach: int) -> tuple[Ints, Ints]:
        """Where the facts of each row's key begin and end, those of about the last `reach` days."""
        known_key = asked.key >= 0
        oldest = asked.before - (reach + 3) * 86_400_000_000
        start = np.searchsorted(self._place, self._placed(asked.key, oldest))
        end = np.searchsorted(self._place, self._placed(asked.key, asked.before))
        return np.where(known_key, start, 0), np.where(known_key, end, 0)

    def parts(self, asked: Asked, reach: int) -> Iterator[tuple[slice, Past]]:
        """The rows in parts that fit in memory, each with its past."""
        start, end = self._span(asked, reach)
        ends = np.cumsum(end - start)
        first = 0
        while first < len(asked):
            before = int(ends[first - 1]) if first else 0
            last = max(int(np.searchsorted(ends, before + FACTS_A_PART, side="right")), first + 1)
            rows = slice(first, last)
            yield rows, self._known(asked.take(rows), start[rows], end[rows], reach)
            first = last

    def newest(self, asked: Asked, reach: int) -> Ints:
        """By row the place of the newest fact that `known` would list; -1 where there is none."""
        start, end = self._span(asked, reach)
        place = end - 1
        looking = np.flatnonzero(place >= start)
        while len(looking):
            at, row = place[looking], asked.take(looking)
            good = (self.known_at[at] <= row.as_of) & (self.until[at] > row.as_of) & (self.day[at] >= row.day - reach)
            looking = looking[~good]
            place[looking] -= 1
            looking = looking[place[looking] >= start[looking]]
        return np.where(place >= start, place, -1)

    def known(self, asked: Asked, reach: int) -> Past:
        """By row the facts of its key before its moment, of the `reach` days before its day, known at its `as_of`; newest first."""
        start, end = self._span(asked, reach)
        return self._known(asked, start, end, reach)

    def _known(self, asked: Asked, start: Ints, end: Ints, reach: int) -> Past:
        every = Past(self, _countdown(end, end - start), _bounds(end - start), asked)
        in_force = (self.known_at[every.index] <= asked.as_of[every.row]) & (self.until[every.index] > asked.as_of[every.row])
        return every.where(in_force & (self.day[every.index] >= (asked.day - reach)[every.row]))


def _bounds(counts: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(counts)))


def _countdown(end: Ints, counts: Ints) -> Ints:
    """end - 1, end - 2, … by row, `counts` of each."""
    bounds = _bounds(counts)
    return np.repeat(end - 1 + bounds[:-1], counts) - np.arange(bounds[-1])


class Past:
    """By row a list of facts, newest first. `index` points into the facts; the list of row i is index[bounds[i]:bounds[i + 1]]."""

    def __init__(self, facts: Facts, index: Ints, bounds: Ints, asked: Asked) -> None:
        self.facts, self.index, self.bounds, self.asked = facts, index, bounds, asked

    @cached_property
    def counts(self) -> Ints:
        """How many facts each row has."""
        return np.diff(self.bounds)

    @cached_property
    def row(self) -> Ints:
        """The row to which each listed fact belongs."""
        return np.repeat(np.arange(len(self.asked)), self.counts)

    @cached_property
    def place(self) -> Ints:
        """0 for a row's newest fact, 1 for the one before …"""
        return np.arange(self.bounds[-1]) - self.bounds[self.row]

    @cached_property
    def age(self) -> Ints:
        """Days from each fact to its row's own day."""
        return self.asked.day[self.row] - self["day"]

    def __getitem__(self, name: str) -> Values:
        """A column of the facts, as listed."""
        return self.facts.columns[name][self.index]

    def where(self, wanted: Bools) -> Past:
        """Only the listed facts that are wanted."""
        kept = self._reduced(np.add, wanted.astype(np.int64), 0)
        return Past(self.facts, self.index[wanted], _bounds(kept), self.asked)

    def newest(self, count: int) -> Past:
        """Only the newest so many of each row."""
        return self.where(self.place < count)

    def entries(self, rows: Ints) -> tuple[Ints, Ints]:
        """The lists of some rows, one after another: (which of `rows`, where in this past's columns)."""
        counts = self.counts[rows]
        which = np.repeat(np.arange(len(rows)), counts)
        return which, np.arange(len(which)) + np.repeat(self.bounds[:-1][rows] - _bounds(counts)[:-1], counts)

    def _reduced(self, ufunc: np.ufunc, values: Values, empty: float) -> Values:
        """A reduction by row; `empty` for rows without facts. No row's reduction sees another's values, nor how many there are."""
        found = np.full(len(self.asked), empty, dtype=values.dtype)
        some = self.counts > 0
        if some.any():
            found[some] = ufunc.reduceat(values, self.bounds[:-1][some])
        return found

    def total(self, values: str | Values) -> Floats:
        """Sum by row; 0 over nothing. Facts without a value add nothing."""
        column = self[values] if isinstance(values, str) else values
        column = column.astype(np.float64)
        return self._reduced(np.add, np.where(np.isnan(column), 0.0, column), 0)

    def count(self, values: str | Values | None = None) -> Floats:
        """How many facts, or how many have a value."""
        if values is None:
            return self.counts.astype(np.float64)
        column = self[values] if isinstance(values, str) else values
        return self._reduced(np.add, (~np.isnan(column.astype(np.float64))).astype(np.float64), 0)

    def mean(self, values: str | Values) -> Floats:
        """Mean by row of the facts that have a value; NaN over none."""
        column = (self[values] if isinstance(values, str) else values).astype(np.float64)
        return divide(self.total(column), self.count(column))

    def sd(self, values: str | Values) -> Floats:
        """Sample standard deviation by row; NaN below two values."""
        column = (self[values] if isinstance(values, str) else values).astype(np.float64)
        count = self.count(column)
        spread = self.total((column - divide(self.total(column), count)[self.row]) ** 2)
        return np.sqrt(divide(spread, np.where(count >= 2, count - 1, np.nan)))

    def first(self, name: str) -> Floats:
        """The newest fact's value by row; NaN where there is none."""
        return self._at(self.bounds[:-1], name)

    def last(self, name: str) -> Floats:
        """The oldest fact's value by row; NaN where there is none."""
        return self._at(self.bounds[1:] - 1, name)

    def _at(self, places: Ints, name: str) -> Floats:
        found = np.full(len(self.asked), np.nan)
        some = self.counts > 0
        found[some] = self.facts.columns[name][self.index[places[some]]]
        return found

    def place_of_first(self, holds: Bools) -> Floats:
        """The place of the newest fact that holds; NaN where none does."""
        places = self._reduced(np.minimum, np.where(holds, self.place, NEVER), NEVER)
        return np.where(places == NEVER, np.nan, places.astype(np.float64))

    def run(self, holds: Bools) -> Floats:
        """How many of the newest facts hold in a row."""
        broken = self.place_of_first(~holds)
        return np.where(np.isnan(broken), self.count(), broken)

    def latest(self, name: str) -> Ints:
        """The largest value by row of a column of whole numbers; -1 where there is none."""
        return self._reduced(np.maximum, self[name].astype(np.int64), -1)


class Slices:
    """Rows of a table in order of a whole-number key, so that those of any key lie side by side: a join without a join.

    `slices.of(keys)` gives (row, place): for each of the keys, by its row, the places of the table's rows under it.
    """

    def __init__(self, key: Ints, *then: Ints) -> None:
        self.order = np.lexsort((*reversed(then), key))
        self.key = key[self.order]

    def of(self, keys: Ints) -> tuple[Ints, Ints]:
        start, end = np.searchsorted(self.key, keys, side="left"), np.searchsorted(self.key, keys, side="right")
        row = np.repeat(np.arange(len(keys)), end - start)
        return row, self.order[_countdown(end, end - start)]

    def one(self, keys: Ints) -> Ints:
        """The place of the row under each key, where a key has one row; -1 where it has none."""
        if not len(self.key):
            return np.full(len(keys), -1, dtype=np.int64)
        found = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        return np.where(self.key[found] == keys, self.order[found], -1)


def summed(row: Ints, values: Values, size: int) -> Floats:
    """Sum of values by row, 0 over none."""
    return np.bincount(row, weights=values.astype(np.float64), minlength=size).astype(np.float64)


def divide(top: Values, bottom: Values) -> Floats:
    """top / bottom, NaN where the bottom is 0 or missing."""
    good = np.isfinite(bottom) & (bottom != 0)
    return np.where(good, top / np.where(good, bottom, 1.0), np.nan)
