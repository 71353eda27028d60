"""A bucket with everything that the pages of record, fleet and reports show: of an invented night, and of invented backtests."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill
from publish.reading import AFTER
from publish.test_reports import ANSWER, NOW, backtested
from tipoff.grade.record_document import record_documents
from tipoff.grade.together import together
from tipoff.publish.documents import Halt
from tipoff.publish.export import publish_date
from tipoff.publish.record import publish_record
from tipoff.publish.reports import publish_backtest, publish_finding
from tipoff.publish.systems import Judged, publish_systems, read_performance
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_of

HEADLINE = "ridge_line"
PERFORMANCE = "models.performance_daily"
GATES: list[dict[str, Any]] = [
    {"name": "no_overlap", "value": 0.0, "threshold": 0.0, "n": 900, "verdict": "PASSED", "words": "no row is of a day learnt from"},
    {"name": "bias_by_tier", "value": 1.7, "threshold": 1.0, "n": 900, "verdict": "FAILED", "words": "tier [25,)"},
    {"name": "beats_the_market", "value": None, "threshold": None, "n": 0, "verdict": "INSUFFICIENT_DATA", "words": "no row"},
]


def publish_everything(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    """Publish all of it."""
    fill(warehouse, Night(graded=True, champion=HEADLINE))
    publish_date(warehouse, bucket, NIGHT, generated_at=AFTER)
    rows = [_record(system, back) for system in (HEADLINE, "boosted_quantiles") for back in range(1, 31)]
    warehouse.merge(PERFORMANCE, table_of(PERFORMANCE, rows), "a test")
    models = {row["system_id"]: row for row in warehouse.read("models.registry").to_pylist()}
    told: dict[str, Any] = {"generated_at": AFTER, "league": "practice", "halt": Halt()}
    with warehouse.reading() as work:
        publish_record(bucket, *record_documents(work, HEADLINE, **told))
        pairs, performance = together(work, NIGHT - timedelta(days=60), NIGHT), read_performance(work, NIGHT)
    judged = Judged({HEADLINE: [{"source": "live", "gates": GATES}]}, [_standing(row) for row in models.values()], [_change(HEADLINE)])
    publish_systems(bucket, models, performance, day=NIGHT, headline=(HEADLINE, False), pairs=pairs, judged=judged, **told)
    publish_reports(bucket)


def publish_reports(bucket: ObjectStore) -> None:
    """Two backtests and a finding."""
    publish_backtest(bucket, backtested("one"))
    publish_backtest(bucket, backtested("two", NOW + timedelta(days=1)))
    publish_finding(bucket, json.loads(json.dumps(ANSWER.as_dict(), default=str)), "tipoff research tiers", now=NOW, league="nba")


def _record(system: str, back: int) -> dict[str, Any]:
    row: dict[str, Any] = {"system_id": system, "game_date": NIGHT - timedelta(days=back), "health": "WATCH", "health_days": 14, "mae": 4.9}
    for days in (7, 14, 30):
        row |= {f"n_{days}d": 10 * days, f"hit_rate_{days}d": 0.5 + 0.001 * back, f"low_{days}d": 0.44, f"high_{days}d": 0.58}
        row |= {f"break_even_{days}d": 0.535}
    return row


def _standing(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("model_id", "system_id", "state", "state_since", "trained_until")}
    return kept | {"days_since_training": 9, "training_alert": "notice"}


def _change(system: str) -> dict[str, Any]:
    about = {"model_id": f"{system}-1", "from_state": "shadow", "to_state": "champion", "changed_by": "Ada <b>", "reason": "it is better"}
    return about | {"changed_at": AFTER}
