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
from tipoff.predict.distribution import Distribution, Vector
from tipoff.predict.families import Columns
from tipoff.predict.speakers import Pool, Said, Single, Speaker, Weights
from tipoff.predict.systems import ENSEMBLE
from tipoff.predict.voices import voice_of
from tipoff.store.bucket import put_whole, read

TOLERANCE = 1e-9
_AGAIN = "Train it again: `tipoff train`."


@dataclass(frozen=True)
class Manifest:
    """What an artefact is. Dates are New York game days; `recipe_hash` is the system's, of everything but the data; `canary` holds feature
    rows with the mean points that the model said of them; `members` are the models that an ensemble weighs, by their systems' ids."""

    model_id: str
    system_id: str
    family: str
    feature_set: str
    features: tuple[str, ...]
    feature_hash: str
    feature_version: str
    loss: str
    window: str
    threshold: float
    threshold_in: str
    recipe_hash: str
    trained_from: str
    trained_until: str
    rows: int
    rounds: int
    data_hash: str
    seed: int
    library_version: str
    sha256: str
    artefact: str
    voice: dict[str, Any]
    members: dict[str, str]
    metrics: dict[str, float]
    canary: dict[str, list[Any]]

    def to_bytes(self) -> bytes:
        return json.dumps(self.__dict__, sort_keys=True, indent=1).encode()


@dataclass(frozen=True)
class Loaded:
    """A model ready to speak."""

    manifest: Manifest
    speaker: Speaker

    def speak(self, rows: Columns, said: Said | None = None) -> Distribution:
        """The predictive distribution of each row; `said` is what others said of the same rows."""
        return self.speaker.speak(rows, {} if said is None else said)


def manifest_path(model_id: str) -> str:
    """Where a manifest lies in the bucket."""
    return f"models/{model_id}/manifest.json"


def save(bucket: ObjectStore, manifest: Manifest, body: bytes) -> None:
    """Keep artefact and manifest; the manifest last, so that one without the other is never found."""
    put_whole(bucket, manifest.artefact, body)
    put_whole(bucket, manifest_path(manifest.model_id), manifest.to_bytes())


def library_version(family: str) -> str:
    """The library that a family's artefacts depend on. Raises ArtefactMismatch where no family is called so."""
    return families.library_version("moving_average") if family == ENSEMBLE else families.library_version(family)


def load(bucket: ObjectStore, model_id: str, loaded: dict[str, Loaded] | None = None) -> Loaded:
    """A model by its id, checked: bytes, features, versions, canary; an ensemble with its members. `loaded` are those at hand already.

    Raises ArtefactMismatch, saying what differs.
    """
    loaded = {} if loaded is None else loaded
    if model_id in loaded:
        return loaded[model_id]
    manifest = _manifest(bucket, model_id)
    body = _read(bucket, model_id, manifest.artefact)
    try:
        _check(manifest, body)
        speaker = _speaker(bucket, manifest, body, loaded)
        _check_canary(manifest, speaker)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unfit(model_id, error) from None
    loaded[model_id] = Loaded(manifest, speaker)
    return loaded[model_id]


def _speaker(bucket: ObjectStore, manifest: Manifest, body: bytes, loaded: dict[str, Loaded]) -> Speaker:
    if manifest.family != ENSEMBLE:
        return Single(manifest.model_id, manifest.features, families.load(manifest.family, body), voice_of(manifest.voice))
    members = {}
    for system_id, model_id in manifest.members.items():
        # Asked before it is loaded: an ensemble that names itself would be loaded for ever.
        member = loaded[model_id].manifest if model_id in loaded else _manifest(bucket, model_id)
        if member.system_id != system_id or member.family == ENSEMBLE:
            raise ArtefactMismatch(f"{manifest.model_id}: its member {model_id} is not of {system_id}, or an ensemble.", hint=_AGAIN)
        members[system_id] = load(bucket, model_id, loaded).speaker
    return Pool(manifest.model_id, members, Weights.from_bytes(body))


def _read(bucket: ObjectStore, model_id: str, path: str) -> bytes:
    try:
        return read(bucket, path)
    except FileNotFoundError:
        raise ArtefactMismatch(f"The model {model_id} is in the registry and not in the bucket.", hint="Train it again.") from None


def _manifest(bucket: ObjectStore, model_id: str) -> Manifest:
    """A model's manifest. Raises ArtefactMismatch where there is none, or another model's."""
    body = _read(bucket, model_id, manifest_path(model_id))
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
        raise ArtefactMismatch(f"{manifest.model_id}: {error.message}", hint=_AGAIN) from None
    for what, kept, found in (
        ("the artefact's sha256", manifest.sha256, hashlib.sha256(body).hexdigest()),
        ("the feature list", manifest.features, now),
        ("the feature hash", manifest.feature_hash, feature_hash(now)),
        ("the feature version", manifest.feature_version, FEATURE_VERSION),
        ("the library", manifest.library_version, library_version(manifest.family)),
    ):
        if kept != found:
            raise ArtefactMismatch(f"{manifest.model_id}: {what} was {kept} and is {found}.", hint=_AGAIN)


def _check_canary(manifest: Manifest, speaker: Speaker) -> None:
    names = feature_set("v18")
    rows = np.array([[np.nan if value is None else value for value in row] for row in manifest.canary["features"]], dtype=np.float64)
    expected: Vector = np.array(manifest.canary["means"], dtype=np.float64)
    if not expected.size:
        raise ArtefactMismatch(f"{manifest.model_id}: it has no canary to tell whether it still says the same.", hint=_AGAIN)
    if rows.shape[-1] != len(names):
        wide = f"{rows.shape[-1]} features, and there are {len(names)} now"
        raise ArtefactMismatch(f"{manifest.model_id}: its canary has {wide}.", hint=_AGAIN)
    given = speaker.speak(Columns(names, rows), {}).mean()
    if not np.allclose(given, expected, rtol=0, atol=TOLERANCE):
        raise ArtefactMismatch(
            f"{manifest.model_id}: its canary gave {given.tolist()} where {expected.tolist()} was expected.", hint=_AGAIN
        )
