"""A weighted mean of past averages; where one is missing the others share its weight."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from tipoff.errors import ArtefactMismatch, BadInput
from tipoff.predict.families.sample import Fitting, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System


class MovingAverage:
    """The system's parameters are the weights, by feature."""

    library = "numpy"
    voice = "kernel"
    suffix = "json"
    rounds = 0

    def __init__(self, weights: dict[str, float], names: tuple[str, ...], fallback: float) -> None:
        self._weights = weights
        self._names = names
        self._fallback = fallback
        self._columns = [names.index(name) for name in weights]

    @classmethod
    def fit(cls, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> MovingAverage:  # noqa: ARG003 - all families' signature
        """Nothing is learnt but the mean of all points, for who has no average. Raises BadInput for a weight of what is not among the
        features."""
        if unknown := sorted(set(system.parameters) - set(train.names)):
            raise BadInput(
                f"{system.system_id}: {', '.join(unknown)} cannot be averaged.",
                hint=f"Give weights of features of the set {system.features}.",
            )
        return cls(dict(system.parameters), train.names, float(train.points.mean()))

    def predict(self, features: Matrix) -> Vector:
        averages = features[:, self._columns]
        weights = np.where(np.isnan(averages), 0.0, np.array(list(self._weights.values())))
        total = weights.sum(axis=1)
        summed = np.nansum(averages * weights, axis=1)
        return np.where(total > 0, summed / np.where(total > 0, total, 1.0), self._fallback)

    def to_bytes(self) -> bytes:
        return json.dumps({"weights": self._weights, "names": self._names, "fallback": self._fallback}, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> MovingAverage:
        try:
            document = json.loads(body)
            weights = {str(name): float(weight) for name, weight in document["weights"].items()}
            return cls(weights, tuple(document["names"]), float(document["fallback"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtefactMismatch(f"The artefact is no moving average: {error}", hint="Train it again.") from error
