"""What is of no single date: how the fleet stands, how it fared, and the calendar."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill, filling
from publish.json_schema import faults
from publish.reading import AFTER, BEFORE, body, document
from tipoff.publish.calendar import CALENDAR, Calendar, publish_calendar, read_calendar
from tipoff.publish.documents import Halt
from tipoff.publish.systems import HEALTH, PERFORMANCE, Health, Performance, publish_systems, read_performance
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Warehouse

MODELS = "models.registry"


def record(system: str, back: int, health: str, n: int = 40) -> dict[str, Any]:
    windows = {
        f"{name}_{days}d": value for days in (7, 14, 30) for name, value in (("n", n), ("hit_rate", 0.55), ("low", 0.4), ("high", 0.69))
    }
    about = {"system_id": system, "game_date": NIGHT - timedelta(days=back), "health": health, "health_days": 30, "mae": 4.9}
    return windows | about


@pytest.fixture
def graded(warehouse: Warehouse) -> Warehouse:
    fill(warehouse, Night(graded=True, champion="ridge_line"))
    rows = [record("ridge_line", 1, "WATCH"), record("ridge_line", 2, "HEALTHY"), record("boosted_quantiles", 1, "BLOCKED")]
    warehouse.merge("models.performance_daily", table_of("models.performance_daily", rows), "a test")
    gates = [{"name": "bias", "value": 0.2, "threshold": 1.0, "n": 900, "verdict": "PASSED", "words": "small"}]
    verdicts = json.dumps([{"source": "live", "gates": gates}])
    warehouse.merge(MODELS, filling(MODELS, [_model(warehouse, "ridge_line") | {"gates": verdicts}]), "a test")
    return warehouse


def _model(warehouse: Warehouse, system: str) -> dict[str, Any]:
    row: dict[str, Any] = warehouse.read(MODELS, system_id=system).to_pylist()[0]
    return {name: value for name, value in row.items() if name not in ("written_at", "run_id")}


def publish(warehouse: Warehouse, bucket: ObjectStore, halt: Halt | None = None, later: int = 0) -> list[str]:
    served = {row["system_id"]: row for row in warehouse.read(MODELS).to_pylist()}
    with warehouse.reading() as work:
        performance = read_performance(work, NIGHT)
    told: dict[str, Any] = {"league": "practice", "halt": halt or Halt(), "headline": ("ridge_line", False)}
    return publish_systems(bucket, served, performance, day=NIGHT, generated_at=AFTER + timedelta(minutes=later), **told)[0]


def test_every_system_in_service_stands_with_its_health_its_n_and_its_age(graded: Warehouse, bucket: ObjectStore) -> None:
    assert publish(graded, bucket) == [HEALTH, PERFORMANCE]
    health = {one.system_id: one for one in Health.model_validate_json(body(bucket, HEALTH)).systems}
    assert set(health) == {"boosted_quantiles", "ridge_line"}
    ridge = health["ridge_line"]
    assert (ridge.headline, ridge.bootstrap, ridge.state, ridge.health, ridge.days_since_training) == (True, False, "champion", "WATCH", 2)
    assert [(window.days, window.n, window.low, window.high) for window in ridge.windows] == [(days, 40, 0.4, 0.69) for days in (7, 14, 30)]
    assert [(gate.source, gate.name, gate.verdict, gate.n) for gate in ridge.gates] == [("live", "bias", "PASSED", 900)]
    assert health["boosted_quantiles"].health == "BLOCKED"


def test_each_days_record_stands_newest_first(graded: Warehouse, bucket: ObjectStore) -> None:
    publish(graded, bucket)
    found = {one.system_id: one for one in Performance.model_validate_json(body(bucket, PERFORMANCE)).systems}
    assert [(day.game_date, day.health) for day in found["ridge_line"].days] == [
        (NIGHT - timedelta(days=1), "WATCH"),
        (NIGHT - timedelta(days=2), "HEALTHY"),
    ]


def test_they_fit_their_schemas_and_tell_a_halt(graded: Warehouse, bucket: ObjectStore) -> None:
    publish(graded, bucket, Halt(active=True, reason="by_hand: a test", since=AFTER))
    for path, name in ((HEALTH, "model-health"), (PERFORMANCE, "performance")):
        shown = document(bucket, path)
        assert faults(shown, document(bucket, f"v1/schemas/{name}.json")) == []
        assert (shown["state"], shown["halt"]["reason"]) == ("halted", "by_hand: a test")


def test_what_says_nothing_new_is_left_as_it_is(graded: Warehouse, bucket: ObjectStore) -> None:
    publish(graded, bucket)
    before = body(bucket, HEALTH)
    assert publish(graded, bucket, later=5) == []
    assert body(bucket, HEALTH) == before


def test_a_warehouse_without_models_says_so(warehouse: Warehouse, bucket: ObjectStore) -> None:
    publish(warehouse, bucket)
    shown = document(bucket, HEALTH)
    assert (shown["state"], shown["state_detail"], shown["systems"]) == ("nothing_qualified", "no system is trained", [])


def calendar(warehouse: Warehouse, night: Night, **options: Any) -> Calendar:
    with warehouse.reading() as work:
        told: dict[str, Any] = {"generated_at": BEFORE, "league": "practice", "halt": Halt(), "data_as_of": None}
        return read_calendar(work, night.night, **told | options)


def test_the_calendar_has_every_day_with_how_far_it_has_come(graded: Warehouse, bucket: ObjectStore) -> None:
    tomorrow = Night(night=NIGHT + timedelta(days=1))
    tomorrow.schedule(graded)
    found = calendar(graded, Night(), also={NIGHT})
    today, later = found.days
    assert (today.game_date, today.games, today.final, today.called_off) == (NIGHT, 5, 5, 0)
    assert (later.game_date, later.games, later.final, later.players_predicted, later.tonight) == (tomorrow.night, 5, 0, 0, None)
    said = {row["player_lookup"] for row in graded.read("predictions.player_prop_predictions").to_pylist()}
    assert today.players_predicted == today.players_graded == len(said)
    assert (today.tonight, today.results) == (f"v1/tonight/{NIGHT}.json", f"v1/results/{NIGHT}.json")
    assert publish_calendar(bucket, found) == [CALENDAR]
    assert publish_calendar(bucket, found.model_copy(update={"generated_at": AFTER})) == []
    assert faults(document(bucket, CALENDAR), document(bucket, "v1/schemas/calendar.json")) == []


def test_the_calendar_of_an_older_season_takes_no_newer_ones_place(graded: Warehouse, bucket: ObjectStore) -> None:
    found = calendar(graded, Night())
    assert publish_calendar(bucket, found) == [CALENDAR]
    assert publish_calendar(bucket, found.model_copy(update={"season": "2029-30"})) == []


def test_a_season_without_games_is_no_games(warehouse: Warehouse) -> None:
    found = calendar(warehouse, Night())
    assert (found.state, found.days) == ("no_games", [])
