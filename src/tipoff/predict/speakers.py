"""Speakers: who says something of a player-game. A single one is a model with its voice, a pool the weighted voice of others.

In: rows of features. Out: a distribution of points a row, NaN where nothing is said. Knows models and voices; it must never know how they
were learnt, nor tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tipoff.errors import ArtefactMismatch
from tipoff.predict.distribution import Distribution, Grid, Vector, pooled
from tipoff.predict.families import Columns, Model
from tipoff.predict.voices import Voice

LINE = "vegas_points_line"

Said = dict[str, Distribution]
"""What was said of the same rows already, by the speaker's key, so that a pool need not ask its members again."""


class Speaker(Protocol):
    """`key` names it among those that speak of the same rows."""

    @property
    def key(self) -> str: ...

    def speak(self, rows: Columns, said: Said) -> Distribution:
        """The predictive distribution of each row; what others said of them stands in `said`, and this joins it."""
        ...


@dataclass(frozen=True)
class Single:
    """A model with its voice; `names` are the features that it sees, in its order."""

    key: str
    names: tuple[str, ...]
    model: Model
    voice: Voice

    def speak(self, rows: Columns, said: Said) -> Distribution:
        if self.key not in said:
            said[self.key] = self.voice.distribution(self.model.predict(rows.matrix(self.names)), rows)
        return said[self.key]


@dataclass(frozen=True)
class Weights:
    """The weight of each member, by its system's id, on rows with a line and without; each sums to 1, or to 0 where nobody speaks."""

    lined: dict[str, float]
    unlined: dict[str, float]

    def of(self, members: list[str], lines: Vector) -> Grid:
        """By row the weight of each of these members."""
        with_line, without = (np.array([weights.get(name, 0.0) for name in members]) for weights in (self.lined, self.unlined))
        return np.where(np.isfinite(lines)[:, None], with_line[None, :], without[None, :])

    def to_bytes(self) -> bytes:
        return json.dumps({"lined": self.lined, "unlined": self.unlined}, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> Weights:
        """Raises ArtefactMismatch where the bytes are no weights."""
        try:
            document = json.loads(body)
            parts = [{str(name): float(weight) for name, weight in document[kind].items()} for kind in ("lined", "unlined")]
            if not all(0.0 <= weight <= 1.0 for part in parts for weight in part.values()):
                raise ValueError("a weight lies outside 0 to 1")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtefactMismatch(f"The artefact holds no weights of an ensemble: {error}", hint="Train it again.") from error
        return cls(*parts)


@dataclass(frozen=True)
class Pool:
    """An ensemble: its members, by their systems' ids, and their weights."""

    key: str
    members: dict[str, Speaker]
    weights: Weights

    def speak(self, rows: Columns, said: Said) -> Distribution:
        if self.key not in said:
            names = sorted(self.members)  # a sum has an order: the same once kept and loaded
            parts = [self.members[name].speak(rows, said) for name in names]
            said[self.key] = pooled(parts, self.weights.of(names, rows[LINE]))
        return said[self.key]


def canary_of(speaker: Speaker, rows: Columns, most: int = 5) -> dict[str, list[Any]]:
    """The first rows of which it says something, with the mean of what it says."""
    means = speaker.speak(rows, {}).mean()
    chosen = np.flatnonzero(np.isfinite(means))[:most]
    return {
        "features": [[None if np.isnan(value) else float(value) for value in row] for row in rows.features[chosen]],
        "means": [float(value) for value in means[chosen]],
    }
