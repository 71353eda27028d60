"""What a family learns from, and how it is told to: rows of features with what was scored, oldest first.

Knows arrays. It must never know tables, days' names, or which system asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Days = np.ndarray[tuple[int], np.dtype[np.datetime64]]
Rows = slice | np.ndarray[tuple[int], np.dtype[np.bool_]] | np.ndarray[tuple[int], np.dtype[np.int64]]


class HasColumns(Protocol):
    """Anything that gives a feature's values by its name, one a row."""

    def __getitem__(self, name: str) -> Vector: ...


@dataclass(frozen=True)
class Columns:
    """A matrix whose columns have names."""

    names: tuple[str, ...]
    features: Matrix

    def __getitem__(self, name: str) -> Vector:
        """A feature's values. Raises KeyError for one that is not among them."""
        if name not in self.names:
            raise KeyError(name)
        return np.asarray(self.features[:, self.names.index(name)])

    @property
    def size(self) -> int:
        return len(self.features)

    def matrix(self, names: Sequence[str]) -> Matrix:
        """The columns of these features, in this order. Raises ValueError for one that is not among them."""
        return np.asarray(self.features[:, [self.names.index(name) for name in names]])


@dataclass(frozen=True)
class Sample(Columns):
    """Rows to learn from, oldest first: features (NaN for missing), points scored, weights with mean 1, the game day of each, and minutes
    played, where the caller knows them."""

    points: Vector
    weights: Vector
    days: Days
    minutes: Vector | None = None

    def take(self, rows: Rows) -> Sample:
        """Some of the rows."""
        minutes = None if self.minutes is None else self.minutes[rows]
        return Sample(self.names, self.features[rows], self.points[rows], self.weights[rows], self.days[rows], minutes)


@dataclass(frozen=True)
class Fitting:
    """How to fit: the seed, the threads that a fit may take, and the number of steps where nothing is held out to stop on."""

    seed: int
    threads: int = 2
    rounds: int = 0
