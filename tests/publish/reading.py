"""Documents read back, as a consumer would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from obstore.store import ObjectStore

from publish.invented import Night, fill
from tipoff.publish.documents import Player, Results, Tonight
from tipoff.publish.export import Published, publish_date
from tipoff.publish.write import get, results_path, tonight_path
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket

BEFORE = datetime(2031, 2, 12, 23, 14, tzinfo=UTC)
AFTER = datetime(2031, 2, 13, 10, 0, tzinfo=UTC)


def body(bucket: ObjectStore, path: str) -> bytes:
    found = get(bucket, path)
    assert found is not None, path
    return found


def document(bucket: ObjectStore, path: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(body(bucket, path))
    return parsed


def night_of(bucket: ObjectStore, day: date) -> Tonight:
    return Tonight.model_validate_json(body(bucket, tonight_path(day)))


def results_of(bucket: ObjectStore, day: date) -> Results:
    return Results.model_validate_json(body(bucket, results_path(day)))


@dataclass(frozen=True)
class Exported:
    """One export, and what came of it."""

    bucket: ObjectStore
    counts: Published
    night: Tonight

    @property
    def players(self) -> list[Player]:
        return [player for game in self.night.games for player in game.players]


def export(folder: Path, night: Night, at: datetime, **options: Any) -> Exported:
    """Fill a warehouse in a folder, and publish its night."""
    warehouse, bucket = DuckDBWarehouse(folder / "warehouse.duckdb"), open_bucket((folder / "bucket").as_uri())
    fill(warehouse, night)
    counts = publish_date(warehouse, bucket, night.night, generated_at=at, **options)
    return Exported(bucket, counts, night_of(bucket, night.night))
