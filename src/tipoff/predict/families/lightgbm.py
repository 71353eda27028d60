"""Gradient-boosted leaf-wise trees, in LightGBM's text format."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tipoff.errors import ArtefactMismatch
from tipoff.predict.families.sample import Fitting, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System

PATIENCE = 40
_UNKNOWN = re.compile(r"Unknown parameter: (\S+)")
# LightGBM's threads wait for each other by spinning unless told otherwise: beside other work a fit then takes fifteen times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class LightGBM:
    """The system's parameters are LightGBM's own, beside `rounds`."""

    library = "lightgbm"
    voice = "kernel"
    suffix = "txt"

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def fit(cls, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> LightGBM:
        import lightgbm

        settings: dict[str, Any] = dict(system.parameters)
        rounds = int(settings.pop("rounds"))
        whole = ("num_leaves", "max_depth", "min_data_in_leaf", "bagging_freq", "max_bin")
        settings |= {name: int(settings[name]) for name in whole if name in settings}
        settings |= {"objective": system.loss, "seed": fitting.seed, "num_threads": fitting.threads, "verbosity": -1}
        settings |= {"deterministic": True, "force_row_wise": True}
        _refuse_unknown(settings, len(train.names))
        weights = system.weights_of(train.names)
        if any(weight != 1.0 for weight in weights):
            settings["feature_contri"] = weights
        learnt = lightgbm.Dataset(train.features, train.points, weight=train.weights, feature_name=list(train.names), params=settings)
        if stop is None:
            return cls(lightgbm.train(settings, learnt, fitting.rounds))
        held = lightgbm.Dataset(stop.features, stop.points, weight=stop.weights, reference=learnt)
        stopping = lightgbm.early_stopping(PATIENCE, verbose=False)
        return cls(lightgbm.train(settings, learnt, rounds, valid_sets=[held], callbacks=[stopping]))

    @property
    def rounds(self) -> int:
        return int(self._booster.best_iteration if self._booster.best_iteration > 0 else self._booster.num_trees())

    def predict(self, features: Matrix) -> Vector:
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def to_bytes(self) -> bytes:
        text: str = self._booster.model_to_string(num_iteration=self.rounds)
        return _without_threads(text).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> LightGBM:
        import lightgbm

        try:
            return cls(lightgbm.Booster(model_str=body.decode()))
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise ArtefactMismatch(f"The artefact is no LightGBM model: {error}", hint="Train it again.") from error


class _Unknown:
    """LightGBM's logger, which it has one of: the parameters that it does not know, and passes over."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def info(self, message: str) -> None:
        self.names += _UNKNOWN.findall(message)

    warning = info


def _refuse_unknown(settings: Mapping[str, Any], features: int) -> None:
    """Raises ValueError for a parameter that LightGBM would pass over."""
    import lightgbm

    unknown = _Unknown()
    lightgbm.register_logger(unknown)
    lightgbm.Dataset(np.zeros((2, features)), np.zeros(2), params={**settings, "verbosity": 0}).construct()
    if unknown.names:
        raise ValueError(f"LightGBM has no parameter {', '.join(sorted(set(unknown.names)))}")


def _without_threads(text: str) -> str:
    """The number of threads changes nothing of a model: it leaves no trace in it either."""
    return "\n".join(line for line in text.split("\n") if not line.startswith("[num_threads:"))
