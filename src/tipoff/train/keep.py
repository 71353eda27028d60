"""Keep what was fitted: an artefact with its manifest in the bucket, and a row in the registry, as a candidate.

Knows the bucket and the registry. It must never know how a system was fitted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime

import numpy as np
from obstore.store import ObjectStore

from tipoff.features.registry import FEATURE_VERSION, feature_hash, feature_set
from tipoff.predict.artefacts import Manifest, library_version, save
from tipoff.predict.families import Columns
from tipoff.predict.speakers import LINE, Pool, Single, canary_of
from tipoff.predict.voices import kept
from tipoff.store.warehouse import Warehouse, Work
from tipoff.train.dataset import DataSet
from tipoff.train.fit import SEED, Fitted
from tipoff.train.registry import enter

CANARY_FROM, CANARY_ROWS = 400, 5
"""So many of the newest rows, and the newest with a line, are looked through for the rows of a canary."""


def keep_fleet(
    warehouse: Warehouse,
    bucket: ObjectStore,
    fitted: Mapping[str, Fitted],
    data: DataSet,
    *,
    created_at: datetime,
    run_id: str,
    guard: Callable[[Work], None] = lambda _work: None,
    seed: int = SEED,
) -> list[Manifest]:
    """Save every system that was fitted, ensembles after their members, and enter it in the registry.

    `guard` is called within each transaction: where it raises, that system is not entered. The same data, systems and seed give the same
    ids and the same bytes. Gives the manifests, in the order of `fitted`.
    """
    manifests: dict[str, Manifest] = {}
    for system_id, one in fitted.items():
        members = {name: manifests[name].model_id for name in one.system.members if name in manifests}
        manifest, body = _manifest(one, data, members, seed)
        save(bucket, manifest, body)
        _register(warehouse, manifest, created_at, run_id, guard)
        manifests[system_id] = manifest
    return list(manifests.values())


def _manifest(one: Fitted, data: DataSet, members: dict[str, str], seed: int) -> tuple[Manifest, bytes]:
    system, names = one.system, feature_set(one.system.features)
    digest = data.digest(one.rows)
    days = data.days[one.rows]
    recipe = hashlib.sha256(
        f"{system.recipe_hash} {digest} {seed} {sorted(members.items())} {library_version(system.family)}".encode()
    ).hexdigest()[:8]
    model_id = f"{system.system_id}-{days[-1].item():%Y%m%d}-{recipe}"
    body, suffix, voice = _body(one)
    lined = np.flatnonzero(np.isfinite(data.features[LINE]))  # an archive's newest season may have none
    looked_at = data.features.features[np.union1d(np.arange(data.size)[-CANARY_FROM:], lined[-CANARY_ROWS:])]
    newest = Columns(data.features.names, looked_at)
    lined_last = np.argsort(np.isnan(newest[LINE]), kind="stable")
    return Manifest(
        model_id=model_id,
        system_id=system.system_id,
        family=system.family,
        feature_set=system.features,
        features=names,
        feature_hash=feature_hash(names),
        feature_version=FEATURE_VERSION,
        loss=system.loss,
        window=system.window,
        threshold=system.threshold,
        threshold_in=system.threshold_in,
        recipe_hash=system.recipe_hash,
        trained_from=days[0].item().isoformat(),
        trained_until=days[-1].item().isoformat(),
        rows=len(one.rows),
        rounds=one.model.rounds if one.model else 0,
        data_hash=digest,
        seed=seed,
        library_version=library_version(system.family),
        sha256=hashlib.sha256(body).hexdigest(),
        artefact=f"models/{model_id}/model.{suffix}",
        voice=voice,
        members=members,
        metrics=one.metrics,
        canary=canary_of(one.speaker, Columns(newest.names, newest.features[lined_last]), CANARY_ROWS),
    ), body


def _body(one: Fitted) -> tuple[bytes, str, dict[str, object]]:
    if isinstance(one.speaker, Pool):
        return one.speaker.weights.to_bytes(), "json", {}
    assert isinstance(one.speaker, Single)
    assert one.model is not None
    return one.model.to_bytes(), one.model.suffix, kept(one.speaker.voice)


def _register(warehouse: Warehouse, manifest: Manifest, created_at: datetime, run_id: str, guard: Callable[[Work], None]) -> None:
    row = {
        "model_id": manifest.model_id,
        "system_id": manifest.system_id,
        "family": manifest.family,
        "feature_set": manifest.feature_set,
        "feature_hash": manifest.feature_hash,
        "feature_version": manifest.feature_version,
        "loss": manifest.loss,
        "window": manifest.window,
        "trained_from": date.fromisoformat(manifest.trained_from),
        "trained_until": date.fromisoformat(manifest.trained_until),
        "rows": manifest.rows,
        "data_hash": manifest.data_hash,
        "seed": manifest.seed,
        "artefact": manifest.artefact,
        "sha256": manifest.sha256,
        "library_version": manifest.library_version,
        "metrics": json.dumps(manifest.metrics, sort_keys=True),
    }
    with warehouse.writing(run_id) as work:
        guard(work)
        enter(work, row, now=created_at)
