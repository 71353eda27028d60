"""Gradient-boosted oblivious trees, in CatBoost's binary format."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tipoff.errors import ArtefactMismatch
from tipoff.predict.families.sample import Fitting, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System

PATIENCE = 40


class CatBoost:
    """The system's parameters are CatBoost's own; `feature_weights` of a system make the library split less often on some features."""

    library = "catboost"
    voice = "kernel"
    suffix = "cbm"
    _OF_THE_MOMENT = ("model_guid", "train_finish_time", "output_options", "training")

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def fit(cls, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> CatBoost:
        from catboost import CatBoostRegressor, Pool

        settings: dict[str, Any] = dict(system.parameters)
        rounds = int(settings.pop("iterations"))
        settings |= {name: int(settings[name]) for name in ("depth", "border_count") if name in settings}
        weights = system.weights_of(train.names)
        if any(weight != 1.0 for weight in weights):
            settings["feature_weights"] = weights
        with tempfile.TemporaryDirectory() as folder:
            model = CatBoostRegressor(
                iterations=rounds if stop is not None else fitting.rounds,
                loss_function=system.loss,
                random_seed=fitting.seed,
                thread_count=fitting.threads,
                logging_level="Silent",
                allow_writing_files=False,
                train_dir=folder,
                **settings,
            )
            learnt = Pool(train.features, train.points, feature_names=list(train.names), weight=train.weights)
            if stop is None:
                model.fit(learnt)
            else:
                held = Pool(stop.features, stop.points, feature_names=list(stop.names), weight=stop.weights)
                model.fit(learnt, eval_set=held, early_stopping_rounds=PATIENCE, use_best_model=True)
        return cls(model)

    @property
    def rounds(self) -> int:
        return int(self._model.tree_count_)

    def predict(self, features: Matrix) -> Vector:
        if not len(features):
            return np.empty(0)  # the library would print that there is nothing
        return np.asarray(self._model.predict(features, thread_count=1), dtype=np.float64)

    def to_bytes(self) -> bytes:
        self._forget_the_moment()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.cbm"
            self._model.save_model(str(path))
            return path.read_bytes()

    def _forget_the_moment(self) -> None:
        """The same data, system and seed give the same bytes: so when, in which folder and with how many threads it was trained is left
        out."""
        metadata = self._model.get_metadata()
        for name in set(self._OF_THE_MOMENT) & set(metadata):
            del metadata[name]
        settings = json.loads(metadata["params"])
        for name in ("train_dir", "thread_count"):
            settings["flat_params"].pop(name, None)
        settings.pop("system_options", None)
        metadata["params"] = json.dumps(settings, sort_keys=True)

    @classmethod
    def from_bytes(cls, body: bytes) -> CatBoost:
        from catboost import CatBoostError, CatBoostRegressor

        try:
            return cls(CatBoostRegressor().load_model(blob=body))
        except CatBoostError as error:
            raise ArtefactMismatch(f"The artefact is no CatBoost model: {error}", hint="Train it again.") from error
