"""Voices: how the estimates of a model become distributions of whole points, learnt on days that the model did not see.

Knows estimates, features and points of held-out rows. It must never know a family's insides, or a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from tipoff.errors import ArtefactMismatch
from tipoff.predict.distribution import MOST_POINTS, Distribution, Vector
from tipoff.predict.families.sample import HasColumns, Sample
from tipoff.predict.kernel import Kernel
from tipoff.predict.tilted import Tilted

LEVELS = 199
MIN_ROWS = 100


class Voice(Protocol):
    """Gives each estimate a distribution."""

    kind: ClassVar[str]

    def distribution(self, estimates: Vector, features: HasColumns) -> Distribution:
        """The predictive distribution of each row; NaN where the estimate is."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """In JSON's own types."""
        ...


class Kind(Protocol):
    """How a voice is learnt, and comes back from its document."""

    @property
    def of_the_line(self) -> bool:
        """It looks at lines and points alone, never at what a model said: so it learns from all rows, not from held-out ones only."""
        ...

    def fit(self, estimates: Vector, held: Sample) -> Voice:
        """From held-out estimates, and what was scored."""
        ...

    def from_dict(self, document: dict[str, Any]) -> Voice:
        """Raises KeyError, TypeError or ValueError where the document does not fit."""
        ...


@dataclass(frozen=True)
class Scaled:
    """The estimate plus what was missed on held-out games, scaled by its own level, so that skew and tails are the data's own.

    A miss is (points - estimate) / spread(estimate). Spread of the misses is `floor + slope x estimate` (points); kept are the quantiles of
    the scaled misses at (i + .5) / n.
    """

    kind: ClassVar[str] = "scaled"
    of_the_line: ClassVar[bool] = False

    floor: float
    slope: float
    quantiles: tuple[float, ...]

    @classmethod
    def fit(cls, estimates: Vector, held: Sample) -> Scaled:
        """The spread by least squares on absolute misses."""
        misses = held.points - estimates
        design = np.column_stack([np.ones_like(estimates), estimates])
        floor, slope = np.linalg.lstsq(design, np.abs(misses), rcond=None)[0]
        slope = max(float(slope), 0.0)
        floor = max(float(floor), 0.5)
        scaled = misses / (floor + slope * np.maximum(estimates, 0.0))
        levels = (np.arange(LEVELS) + 0.5) / LEVELS
        return cls(floor, slope, tuple(float(q) for q in np.quantile(scaled, levels)))

    def as_dict(self) -> dict[str, Any]:
        return {"floor": self.floor, "slope": self.slope, "quantiles": list(self.quantiles)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Scaled:
        return cls(float(document["floor"]), float(document["slope"]), tuple(float(q) for q in document["quantiles"]))

    def distribution(self, estimates: Vector, features: HasColumns) -> Distribution:  # noqa: ARG002 - the level alone
        spread = self.floor + self.slope * np.maximum(estimates, 0.0)
        edges = np.arange(MOST_POINTS + 1) + 0.5
        scaled = (edges[None, :] - estimates[:, None]) / spread[:, None]
        quantiles = np.asarray(self.quantiles)
        step = np.maximum(quantiles[-1] - quantiles[-2], 1e-6), np.maximum(quantiles[1] - quantiles[0], 1e-6)
        known = np.concatenate([[quantiles[0] - 3 * step[1]], quantiles, [quantiles[-1] + 3 * step[0]]])
        levels = np.concatenate([[0.0], (np.arange(len(quantiles)) + 0.5) / len(quantiles), [1.0]])
        cumulative = np.interp(scaled, known, levels)
        cumulative[:, -1] = 1.0
        cumulative[np.isnan(estimates)] = np.nan
        return Distribution(cumulative)


VOICES: Mapping[str, Kind] = {"scaled": Scaled, "kernel": Kernel, "tilted": Tilted}


def voice_kind(name: str) -> Kind:
    """How voices of a kind are learnt. Raises ArtefactMismatch where there is none."""
    if name not in VOICES:
        raise ArtefactMismatch(f"No voice is called {name!r}.", hint=f"There are {', '.join(VOICES)}.")
    return VOICES[name]


def kept(voice: Voice) -> dict[str, Any]:
    """A voice with its kind, for a manifest."""
    return {"kind": voice.kind, **voice.as_dict()}


def voice_of(document: dict[str, Any]) -> Voice:
    """A voice out of a manifest. Raises ArtefactMismatch, KeyError, TypeError or ValueError where it does not fit."""
    rest = dict(document)
    return voice_kind(rest.pop("kind")).from_dict(rest)
