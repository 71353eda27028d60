"""Families of models: each fits a matrix of features, gives one estimate of points a row, and keeps itself in its library's own format.

Knows arrays and libraries. It must never know tables, dates or lines. No pickle: a model file is data (F62). A new family is a class here.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tipoff.errors import ArtefactMismatch
from tipoff.predict.systems import System

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
PATIENCE = 40
# LightGBM's threads wait for each other by spinning unless told otherwise: beside other work a fit then takes fifteen times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Model(Protocol):
    """A fitted model."""

    suffix: str

    def predict(self, features: Matrix) -> Vector:
        """One estimate of points a row; never missing."""
        ...

    def to_bytes(self) -> bytes:
        """In the library's own format."""
        ...


class MovingAverage:
    """A weighted mean of past averages; where one is missing the others share its weight."""

    suffix = "json"

    def __init__(self, weights: dict[str, float], names: tuple[str, ...], fallback: float) -> None:
        self._weights = weights
        self._names = names
        self._fallback = fallback
        self._columns = [names.index(name) for name in weights]

    @classmethod
    def fit(cls, system: System, names: tuple[str, ...], points: Vector) -> MovingAverage:
        return cls(system.parameters, names, float(points.mean()))

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


class CatBoost:
    """Gradient-boosted oblivious trees, in CatBoost's binary format."""

    suffix = "cbm"
    _OF_THE_MOMENT = ("model_guid", "train_finish_time", "output_options", "training")

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def fit(
        cls, system: System, names: tuple[str, ...], features: Matrix, points: Vector, stop: tuple[Matrix, Vector], seed: int
    ) -> CatBoost:
        from catboost import CatBoostRegressor, Pool

        settings = dict(system.parameters)
        with tempfile.TemporaryDirectory() as folder:
            model = CatBoostRegressor(
                iterations=int(settings.pop("iterations")),
                depth=int(settings.pop("depth")),
                loss_function=system.loss,
                random_seed=seed,
                thread_count=2,
                logging_level="Silent",
                allow_writing_files=False,
                train_dir=folder,
                **settings,
            )
            train, held = (Pool(x, y, feature_names=list(names)) for x, y in ((features, points), stop))
            model.fit(train, eval_set=held, early_stopping_rounds=PATIENCE, use_best_model=True)
        return cls(model)

    def predict(self, features: Matrix) -> Vector:
        return np.asarray(self._model.predict(features, thread_count=1), dtype=np.float64)

    def to_bytes(self) -> bytes:
        self._forget_the_moment()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.cbm"
            self._model.save_model(str(path))
            return path.read_bytes()

    def _forget_the_moment(self) -> None:
        """The same data, system and seed give the same bytes: so when and in which folder it was trained is left out."""
        metadata = self._model.get_metadata()
        for name in set(self._OF_THE_MOMENT) & set(metadata):
            del metadata[name]
        settings = json.loads(metadata["params"])
        settings["flat_params"].pop("train_dir", None)
        metadata["params"] = json.dumps(settings, sort_keys=True)

    @classmethod
    def from_bytes(cls, body: bytes) -> CatBoost:
        from catboost import CatBoostError, CatBoostRegressor

        try:
            return cls(CatBoostRegressor().load_model(blob=body))
        except CatBoostError as error:
            raise ArtefactMismatch(f"The artefact is no CatBoost model: {error}", hint="Train it again.") from error


class LightGBM:
    """Gradient-boosted leaf-wise trees, in LightGBM's text format."""

    suffix = "txt"

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def fit(
        cls, system: System, names: tuple[str, ...], features: Matrix, points: Vector, stop: tuple[Matrix, Vector], seed: int
    ) -> LightGBM:
        import lightgbm

        settings: dict[str, Any] = dict(system.parameters)
        rounds = int(settings.pop("rounds"))
        for name in ("num_leaves", "min_data_in_leaf", "bagging_freq"):
            settings[name] = int(settings[name])
        settings |= {"objective": system.loss, "seed": seed, "num_threads": 2, "verbosity": -1, "deterministic": True}
        train = lightgbm.Dataset(features, points, feature_name=list(names), free_raw_data=False)
        held = lightgbm.Dataset(stop[0], stop[1], reference=train, free_raw_data=False)
        stopping = lightgbm.early_stopping(PATIENCE, verbose=False)
        return cls(lightgbm.train(settings, train, rounds, valid_sets=[held], callbacks=[stopping]))

    def predict(self, features: Matrix) -> Vector:
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def to_bytes(self) -> bytes:
        text: str = self._booster.model_to_string(num_iteration=self._booster.best_iteration)
        return text.encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> LightGBM:
        import lightgbm

        try:
            return cls(lightgbm.Booster(model_str=body.decode()))
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise ArtefactMismatch(f"The artefact is no LightGBM model: {error}", hint="Train it again.") from error


_LOADERS: dict[str, Callable[[bytes], Model]] = {
    "moving_average": MovingAverage.from_bytes,
    "catboost": CatBoost.from_bytes,
    "lightgbm": LightGBM.from_bytes,
}
_LIBRARY = {"moving_average": "numpy", "catboost": "catboost", "lightgbm": "lightgbm"}


def fit(system: System, names: tuple[str, ...], features: Matrix, points: Vector, stop: tuple[Matrix, Vector], seed: int) -> Model:
    """Fit a system. `stop` are later rows than the others, on which training stops early."""
    if system.family == "moving_average":
        return MovingAverage.fit(system, names, points)
    family = CatBoost if system.family == "catboost" else LightGBM
    return family.fit(system, names, features, points, stop, seed)


def load(family: str, body: bytes) -> Model:
    """A model from its bytes. Raises ArtefactMismatch where they are not one, or where no family is called so."""
    return _LOADERS[_known(family)](body)


def _known(family: str) -> str:
    if family not in _LOADERS:
        raise ArtefactMismatch(f"No family of models is called {family!r}.", hint=f"There are {', '.join(_LOADERS)}.")
    return family


def library_version(family: str) -> str:
    """The library of a family with its version. Raises ArtefactMismatch where no family is called so."""
    library = _LIBRARY[_known(family)]
    return f"{library} {version(library)}"
