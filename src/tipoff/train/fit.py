"""Fit systems on a data set in time order: train, then stop early on later days, then calibrate on the latest.

Knows data sets, families and the registry. It must never know what comes after.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
from obstore.store import ObjectStore

from tipoff.errors import BadInput, NotReady
from tipoff.features.registry import FEATURE_VERSION, feature_hash, feature_set
from tipoff.grade.metrics import brier, log_loss, point_errors
from tipoff.predict import families
from tipoff.predict.artefacts import Manifest, canary_of, save
from tipoff.predict.distribution import Calibration
from tipoff.predict.systems import System
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Warehouse
from tipoff.train.dataset import DataSet

STOP_SHARE, CALIBRATION_SHARE = 0.10, 0.15
SEED = 20251021


def fit_system(warehouse: Warehouse, bucket: ObjectStore, system: System, data: DataSet, *, created_at: datetime, run_id: str) -> Manifest:
    """Train one system, keep its artefact, enter it in the registry as a candidate, and give its manifest.

    The same data, system and seed give the same model and the same id. Raises NotReady where no days are left to hold out.
    """
    names = feature_set(system.features)
    matrix = data.matrix(names)
    stop_from, calibrate_from = _cuts(data)
    if not 0 < stop_from < calibrate_from:
        raise NotReady(
            f"The {data.size} rows to train on are of too few days, {data.first} to {data.last}, to hold some of them out.",
            hint="Import or backfill more history, or lengthen --window.",
        )
    train, stop, held = slice(0, stop_from), slice(stop_from, calibrate_from), slice(calibrate_from, None)
    model = families.fit(system, names, matrix[train], data.points[train], (matrix[stop], data.points[stop]), SEED)
    estimates = model.predict(matrix[held])
    calibration = Calibration.fit(estimates, data.points[held])
    body = model.to_bytes()
    digest = data.digest()
    recipe = hashlib.sha256(f"{system.model_dump_json()} {digest} {FEATURE_VERSION} {SEED}".encode()).hexdigest()[:8]
    model_id = f"{system.system_id}-{data.last:%Y%m%d}-{recipe}"
    manifest = Manifest(
        model_id=model_id,
        system_id=system.system_id,
        family=system.family,
        feature_set=system.features,
        features=names,
        feature_hash=feature_hash(names),
        feature_version=FEATURE_VERSION,
        loss=system.loss,
        threshold=system.threshold,
        trained_from=data.first.isoformat(),
        trained_until=data.last.isoformat(),
        rows=data.size,
        data_hash=digest,
        seed=SEED,
        library_version=families.library_version(system.family),
        sha256=hashlib.sha256(body).hexdigest(),
        artefact=f"models/{model_id}/model.{model.suffix}",
        calibration=calibration.as_dict(),
        metrics=_metrics(data, held, estimates, calibration),
        canary=canary_of(model, matrix[held]),
    )
    save(bucket, manifest, body)
    _register(warehouse, manifest, created_at, run_id)
    return manifest


def _cuts(data: DataSet) -> tuple[int, int]:
    """Where the rows for stopping and for calibrating begin; days are never split."""
    positions = [int(data.size * share) for share in (1 - STOP_SHARE - CALIBRATION_SHARE, 1 - CALIBRATION_SHARE)]
    stop_from, calibrate_from = (int(np.searchsorted(data.days, data.days[position])) for position in positions)
    return stop_from, calibrate_from


def _metrics(data: DataSet, held: slice, estimates: families.Vector, calibration: Calibration) -> dict[str, float]:
    """On the held-out days: error of the whole-number median, bias, and P(over) at the consensus line where there is one."""
    points, lines = data.points[held], data.values["vegas_points_line"][held]
    spoken = calibration.distribution(estimates)
    errors = point_errors(spoken.whole_median().astype(np.float64), points)
    over, push, _ = spoken.against(lines)
    decided = np.isfinite(lines) & (points != lines)
    chance = np.divide(over, 1 - push, out=np.full(len(over), 0.5), where=decided & (push < 1))[decided]
    happened = (points > lines)[decided]
    metrics: dict[str, float | None] = {
        "n": float(errors.n),
        "mae": errors.mae,
        "bias": errors.bias,
        "lined_n": float(decided.sum()),
        "lined_log_loss": log_loss(chance, happened).value,
        "lined_brier": brier(chance, happened).value,
    }
    return {name: float(value) for name, value in metrics.items() if value is not None}


def _register(warehouse: Warehouse, manifest: Manifest, created_at: datetime, run_id: str) -> None:
    known = warehouse.read("models.registry", model_id=manifest.model_id)
    if known.num_rows:
        return
    row = {
        "model_id": manifest.model_id,
        "system_id": manifest.system_id,
        "family": manifest.family,
        "feature_set": manifest.feature_set,
        "feature_hash": manifest.feature_hash,
        "feature_version": manifest.feature_version,
        "loss": manifest.loss,
        "trained_from": date.fromisoformat(manifest.trained_from),
        "trained_until": date.fromisoformat(manifest.trained_until),
        "rows": manifest.rows,
        "data_hash": manifest.data_hash,
        "seed": manifest.seed,
        "artefact": manifest.artefact,
        "sha256": manifest.sha256,
        "library_version": manifest.library_version,
        "metrics": json.dumps(manifest.metrics, sort_keys=True),
        "state": "candidate",
        "state_since": created_at,
        "created_at": created_at,
    }
    schema = table_named("models.registry").arrow_schema
    warehouse.merge("models.registry", pa.Table.from_pylist([row], schema=pa.schema([schema.field(name) for name in row])), run_id)


def parse_window(text: str) -> timedelta:
    """`1095d` as a span of days. Raises BadInput for anything else."""
    if not re.fullmatch("0*[1-9][0-9]{0,4}d", text):
        raise BadInput(f"{text!r} is no window.", hint="Write a number of days, such as 1095d.")
    return timedelta(days=int(text[:-1]))
