"""Artefacts: a model in its library's own format beside a manifest that says what it is; any mismatch refuses to load (F50).

Knows a bucket and manifests. It must never know how a model was trained.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from obstore.store import ObjectStore

from tipoff.errors import ArtefactMismatch, BrokenInvariant
from tipoff.features.registry import FEATURE_VERSION, feature_hash, feature_set
from tipoff.predict import families
from tipoff.predict.distribution import Calibration, Distribution
from tipoff.predict.families import Matrix, Model, Vector

CANARY_ROWS = 5
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Manifest:
    """What an artefact is. Dates are New York game days, `canary` holds feature rows with the estimates that the model gave them."""

    model_id: str
    system_id: str
    family: str
    feature_set: str
    features: tuple[str, ...]
    feature_hash: str
    feature_version: str
    loss: str
    threshold: float
    trained_from: str
    trained_until: str
    rows: int
    data_hash: str
    seed: int
    library_version: str
    sha256: str
    artefact: str
    calibration: dict[str, Any]
    metrics: dict[str, float]
    canary: dict[str, list[Any]]

    def to_bytes(self) -> bytes:
        return json.dumps(self.__dict__, sort_keys=True, indent=1).encode()


@dataclass(frozen=True)
class Loaded:
    """A model ready to speak."""

    manifest: Manifest
    model: Model
    calibration: Calibration

    def speak(self, features: Matrix) -> Distribution:
        """The predictive distribution of each row of the manifest's features."""
        return self.calibration.distribution(self.model.predict(features))


def manifest_path(model_id: str) -> str:
    """Where a manifest lies in the bucket."""
    return f"models/{model_id}/manifest.json"


def save(bucket: ObjectStore, manifest: Manifest, body: bytes) -> None:
    """Keep artefact and manifest; the manifest last, so that one without the other is never found."""
    bucket.put(manifest.artefact, body)
    bucket.put(manifest_path(manifest.model_id), manifest.to_bytes())


def canary_of(model: Model, features: Matrix) -> dict[str, list[Any]]:
    """A few rows with the estimates that the model gives them."""
    rows = features[:CANARY_ROWS]
    return {
        "features": [[None if np.isnan(value) else float(value) for value in row] for row in rows],
        "estimates": [float(value) for value in model.predict(rows)],
    }


def load(bucket: ObjectStore, model_id: str) -> Loaded:
    """A model by its id, checked: bytes, features, versions, canary. Raises ArtefactMismatch, saying what differs."""
    try:
        manifest = _manifest(model_id, bucket.get(manifest_path(model_id)).bytes().to_bytes())
        body = bucket.get(manifest.artefact).bytes().to_bytes()
    except FileNotFoundError:
        raise ArtefactMismatch(f"The model {model_id} is in the registry and not in the bucket.", hint="Train it again.") from None
    _check(manifest, body)
    model = families.load(manifest.family, body)
    try:
        _check_canary(manifest, model)
        return Loaded(manifest, model, Calibration.from_dict(manifest.calibration))
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(model_id, error) from None


def _manifest(model_id: str, body: bytes) -> Manifest:
    """The manifest in these bytes. Raises ArtefactMismatch where they are none, or another model's."""
    try:
        document = json.loads(body)
        manifest = Manifest(**{**document, "features": tuple(document["features"])})
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(model_id, error) from None
    folder = manifest_path(model_id).removesuffix("manifest.json")
    if manifest.model_id != model_id or not str(manifest.artefact).startswith(folder) or ".." in str(manifest.artefact):
        raise _unfit(model_id, f"it speaks of {manifest.model_id} at {manifest.artefact}")
    return manifest


def _unfit(model_id: str, why: object) -> ArtefactMismatch:
    return ArtefactMismatch(f"The manifest of {model_id} does not fit: {why}.", hint="Train it again.")


def _check(manifest: Manifest, body: bytes) -> None:
    try:
        now = feature_set(manifest.feature_set)
    except BrokenInvariant as error:
        raise ArtefactMismatch(f"{manifest.model_id}: {error.message}", hint="Train it again: `tipoff train`.") from None
    for what, kept, found in (
        ("the artefact's sha256", manifest.sha256, hashlib.sha256(body).hexdigest()),
        ("the feature list", manifest.features, now),
        ("the feature hash", manifest.feature_hash, feature_hash(now)),
        ("the feature version", manifest.feature_version, FEATURE_VERSION),
        ("the library", manifest.library_version, families.library_version(manifest.family)),
    ):
        if kept != found:
            raise ArtefactMismatch(f"{manifest.model_id}: {what} was {kept} and is {found}.", hint="Train it again: `tipoff train`.")


def _check_canary(manifest: Manifest, model: Model) -> None:
    rows = np.array([[np.nan if value is None else value for value in row] for row in manifest.canary["features"]], dtype=np.float64)
    expected: Vector = np.array(manifest.canary["estimates"], dtype=np.float64)
    given = model.predict(rows)
    if not np.allclose(given, expected, rtol=0, atol=TOLERANCE):
        raise ArtefactMismatch(
            f"{manifest.model_id}: its canary gave {given.tolist()} where {expected.tolist()} was expected.",
            hint="Train it again: `tipoff train`.",
        )
