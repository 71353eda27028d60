"""Gradient-boosted level-wise trees, in XGBoost's JSON format."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tipoff.errors import ArtefactMismatch
from tipoff.predict.families.sample import Fitting, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System

PATIENCE = 40
_UNKNOWN = re.compile(r"Parameters: {(.*)} are not used")


class XGBoost:
    """The system's parameters are XGBoost's own, beside `rounds`."""

    library = "xgboost-cpu"
    voice = "kernel"
    suffix = "json"

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def fit(cls, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> XGBoost:
        import xgboost

        settings: dict[str, Any] = dict(system.parameters)
        rounds = int(settings.pop("rounds"))
        settings |= {name: int(settings[name]) for name in ("max_depth", "max_bin", "max_leaves") if name in settings}
        settings |= {"objective": system.loss, "seed": fitting.seed, "nthread": fitting.threads, "tree_method": "hist", "verbosity": 0}
        _refuse_unknown(settings, len(train.names))
        shared: dict[str, Any] = {
            "feature_names": list(train.names),
            "max_bin": settings.get("max_bin", 256),
            "nthread": fitting.threads,
        }
        weights = system.weights_of(train.names)
        if any(weight != 1.0 for weight in weights):
            shared["feature_weights"] = weights  # how likely a feature is drawn where only some are looked at
        learnt = xgboost.QuantileDMatrix(train.features, train.points, weight=train.weights, **shared)
        if stop is None:
            return cls(xgboost.train(settings, learnt, fitting.rounds))
        held = xgboost.QuantileDMatrix(stop.features, stop.points, weight=stop.weights, ref=learnt, **shared)
        booster = xgboost.train(settings, learnt, rounds, evals=[(held, "held")], early_stopping_rounds=PATIENCE, verbose_eval=False)
        return cls(booster[: booster.best_iteration + 1])

    @property
    def rounds(self) -> int:
        return int(self._booster.num_boosted_rounds())

    def predict(self, features: Matrix) -> Vector:
        self._booster.set_param({"nthread": 1})
        return np.asarray(self._booster.inplace_predict(features, validate_features=False), dtype=np.float64)

    def to_bytes(self) -> bytes:
        return bytes(self._booster.save_raw("json"))

    @classmethod
    def from_bytes(cls, body: bytes) -> XGBoost:
        import xgboost

        try:
            if "learner" not in json.loads(body):
                raise ValueError("it has no learner")
            booster = xgboost.Booster()
            booster.load_model(bytearray(body))
        except (ValueError, TypeError, xgboost.core.XGBoostError) as error:
            raise ArtefactMismatch(f"The artefact is no XGBoost model: {str(error).splitlines()[0]}", hint="Train it again.") from error
        return cls(booster)


def _refuse_unknown(settings: Mapping[str, Any], features: int) -> None:
    """Raises ValueError for a parameter that XGBoost would pass over."""
    import xgboost

    with warnings.catch_warnings(record=True) as said, xgboost.config_context(verbosity=1):
        warnings.simplefilter("always")
        xgboost.train({**settings, "verbosity": 1}, xgboost.DMatrix(np.zeros((2, features)), np.zeros(2)), 1)
    unknown = [name for warning in said for listed in _UNKNOWN.findall(str(warning.message)) for name in re.findall(r'"(\w+)"', listed)]
    if unknown:
        raise ValueError(f"XGBoost has no parameter {', '.join(sorted(set(unknown)))}")
