"""Minutes times rate: how long a player will be on court and how many points he makes a minute are learnt apart, then multiplied.

Who plays longer and who scores more are different questions, with different causes and different noise: the minutes of a game say much of
the first, and its points a minute, weighed by these minutes, of the second. Two LightGBM models, kept in its text format within one JSON
document. It must never know tables, dates or lines.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tipoff.errors import ArtefactMismatch, NotReady
from tipoff.predict.families.lightgbm import LightGBM
from tipoff.predict.families.sample import Fitting, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System

LEAST_MINUTES = 1.0
"""A rate over less court time is taken over this much."""


class MinutesRate:
    """The system's parameters are LightGBM's own, beside `rounds`, which both models share, and `rate_learning_rate`, the rate's own
    where it is given: a game's rate is noisier than its minutes, and bears less learning."""

    library = "lightgbm"
    voice = "kernel"
    suffix = "json"

    def __init__(self, minutes: LightGBM, rate: LightGBM) -> None:
        self._minutes = minutes
        self._rate = rate

    @classmethod
    def fit(cls, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> MinutesRate:
        """On `stop` the minutes stop early; the rate then takes as many steps. Raises NotReady where the minutes are not given."""
        settings = dict(system.parameters)
        pace = settings.pop("rate_learning_rate", settings["learning_rate"])
        minutes = LightGBM.fit(
            system.model_copy(update={"parameters": settings}), _of_minutes(train), None if stop is None else _of_minutes(stop), fitting
        )
        slower = system.model_copy(update={"parameters": settings | {"learning_rate": pace}})
        rate = LightGBM.fit(slower, _of_rate(train), None, replace(fitting, rounds=minutes.rounds))
        return cls(minutes, rate)

    @property
    def rounds(self) -> int:
        return self._minutes.rounds

    def predict(self, features: Matrix) -> Vector:
        minutes, rate = (np.maximum(model.predict(features), 0.0) for model in (self._minutes, self._rate))
        return np.asarray(minutes * rate)

    def to_bytes(self) -> bytes:
        parts = {"minutes": self._minutes.to_bytes().decode(), "rate": self._rate.to_bytes().decode()}
        return json.dumps(parts, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> MinutesRate:
        try:
            document = json.loads(body)
            minutes, rate = (document[name].encode() for name in ("minutes", "rate"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtefactMismatch(f"The artefact holds no minutes and rate: {error}", hint="Train it again.") from error
        return cls(LightGBM.from_bytes(minutes), LightGBM.from_bytes(rate))


def _of_minutes(sample: Sample) -> Sample:
    return replace(sample, points=_played(sample))


def _of_rate(sample: Sample) -> Sample:
    """Points a minute; a game weighs as its minutes, so that the mean rate is that of all points to all minutes."""
    minutes = np.maximum(_played(sample), LEAST_MINUTES)
    return replace(sample, points=sample.points / minutes, weights=sample.weights * minutes / minutes.mean())


def _played(sample: Sample) -> Vector:
    if sample.minutes is None:
        raise NotReady("Minutes times rate is to be learnt from rows that do not say how long anybody played.", hint="Give minutes.")
    return sample.minutes
