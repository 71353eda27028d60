"""Reductions over groups of rows: sums, means, medians of what lies together, without a loop over rows.

Rows lie in order of their group's number. A group's figure depends on its own rows and their order alone, to the last bit, so that a night
by itself and eleven seasons at once agree. Knows arrays. It must never know what they mean.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.market.prices import FloatArray

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


def encode(column: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Each row's number among the column's distinct values in ascending order, and these values. Nothing may be null."""
    coded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    return rank[coded.indices.to_numpy()], coded.dictionary.take(pa.array(order))


def paired(first: Codes, second: Codes) -> Codes:
    """Numbers from 0 up, in no order, that tell apart every pair of numbers (each at least 0)."""
    width = int(second.max(initial=0)) + 1
    coded = pa.array(first * width + second).dictionary_encode()
    return np.asarray(coded.indices.to_numpy(), dtype=np.int64)


def micros(column: pa.ChunkedArray) -> Codes:
    """Instants as microseconds since 1970 in UTC."""
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def instants(values: Codes) -> pa.Array:
    """The reverse of `micros`."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", "UTC"))


def floats(column: pa.ChunkedArray) -> FloatArray:
    """Numbers, NaN where one is missing."""
    return np.asarray(column.to_numpy(), dtype=np.float64)


def flags(column: pa.ChunkedArray) -> Mask:
    """Truth values; what is missing is not true."""
    return np.asarray(column.fill_null(False).to_numpy(), dtype=np.bool_)


class Grouped:
    """Rows in order of `group` (numbers from 0 up to, and without, `size`); each figure is an array of shape (size,).

    A group without rows has NaN, and a count of 0.
    """

    def __init__(self, group: Codes, size: int) -> None:
        self.group, self.size = group, size
        self.count: Codes = np.bincount(group, minlength=size).astype(np.int64)
        self.start: Codes = np.cumsum(self.count) - self.count
        self._there = np.flatnonzero(self.count)

    def _reduced(self, reduction: np.ufunc, values: FloatArray) -> FloatArray:
        found = np.full(self.size, np.nan)
        if self._there.size:
            found[self._there] = reduction.reduceat(values, self.start[self._there])
        return found

    def total(self, values: FloatArray) -> FloatArray:
        return self._reduced(np.add, values)

    def least(self, values: FloatArray) -> FloatArray:
        return self._reduced(np.minimum, values)

    def most(self, values: FloatArray) -> FloatArray:
        return self._reduced(np.maximum, values)

    def mean(self, values: FloatArray) -> FloatArray:
        return np.asarray(self.total(values) / np.maximum(self.count, 1))

    def std(self, values: FloatArray) -> FloatArray:
        """The sample standard deviation; NaN below two rows."""
        squares = self.total((values - self.mean(values)[self.group]) ** 2)
        return np.where(self.count >= 2, np.sqrt(squares / np.maximum(self.count - 1, 1)), np.nan)

    def median(self, values: FloatArray) -> FloatArray:
        """The middle row, or the mean of the two middle ones."""
        found = np.full(self.size, np.nan)
        ordered = values[np.lexsort((values, self.group))]
        low = self.start + (self.count - 1) // 2
        high = self.start + self.count // 2
        there = self._there
        found[there] = (ordered[low[there]] + ordered[high[there]]) / 2
        return found

    def first(self, *order: FloatArray | Codes) -> Codes:
        """The row of each group that comes first by `order`, the first key counting most; -1 where there is none."""
        found = np.full(self.size, -1, np.int64)
        placed = np.lexsort((*reversed(order), self.group))
        found[self._there] = placed[self.start[self._there]]
        return found

    def median_of_others(self, values: FloatArray) -> FloatArray:
        """For every row the median of its group's other rows, of shape (rows,); NaN where it stands alone."""
        order = np.lexsort((values, self.group))
        ordered, own = values[order], self.group[order]
        start, others = self.start[own], self.count[own] - 1
        place = np.arange(order.size) - start

        def nth(wanted: Codes) -> FloatArray:
            """The wanted one of the others, counted past the row itself."""
            return np.asarray(ordered[np.where(others > 0, start + wanted + (wanted >= place), 0)])

        found = np.empty(order.size)
        found[order] = np.where(others > 0, (nth((others - 1) // 2) + nth(others // 2)) / 2, np.nan)
        return found
