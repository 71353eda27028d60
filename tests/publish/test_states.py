"""F57: four kinds of empty, four different documents; and a halt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill, filling
from publish.reading import BEFORE, body, night_of
from tipoff.publish.best_bets import BestBets
from tipoff.publish.export import publish_date
from tipoff.publish.write import best_bets_path, tonight_path
from tipoff.store.warehouse import Warehouse


def _no_games(warehouse: Warehouse) -> None:
    """Nothing at all: an empty warehouse."""


def _nobody_predicted(warehouse: Warehouse) -> None:
    night = Night()
    night.schedule(warehouse)
    night.people(warehouse)


def _nobody_analyzed(warehouse: Warehouse) -> None:
    Night().schedule(warehouse)


def _no_edge(warehouse: Warehouse) -> None:
    fill(warehouse, Night(threshold=50.0))


def _all_absent(warehouse: Warehouse) -> None:
    night = Night()
    night.schedule(warehouse)
    night.people(warehouse)
    rows = [
        {
            "game_id": man.game,
            "player_lookup": man.lookup,
            "system_id": "moving_average",
            "batch_id": "b",
            "game_date": NIGHT,
            "reason": "gate",
        }
        for man in night.men()
    ]
    warehouse.merge("predictions.absences", filling("predictions.absences", rows), "absent")


def _fleet_blocked(warehouse: Warehouse) -> None:
    night = fill(warehouse, Night(systems=("moving_average", "ridge_line")))
    blocked = [
        {"game_id": man.game, "player_lookup": man.lookup, "system_id": "boosted_quantiles", "batch_id": "b1", "reason": "model_blocked"}
        for man in night.men()
    ]
    warehouse.merge("predictions.absences", filling("predictions.absences", blocked), "blocked")


def _all_called_off(warehouse: Warehouse) -> None:
    night = fill(warehouse)
    rows = [
        {
            "game_id": game,
            "league_game_id": "L",
            "game_date": NIGHT,
            "commence_time": tip,
            "home": home,
            "away": away,
            "status": "postponed",
        }
        | {"known_at": BEFORE}
        for game, away, home, tip in night.tips()
    ]
    warehouse.merge("raw.schedule", filling("raw.schedule", rows), "off")


@pytest.mark.parametrize(
    ("arrange", "state"),
    [
        (_no_games, "no_games"),
        (_all_called_off, "no_games"),
        (_fleet_blocked, "halted"),
        (_nobody_predicted, "broken"),
        (_nobody_analyzed, "broken"),
        (_no_edge, "nothing_qualified"),
        (_all_absent, "nothing_qualified"),
        (fill, "ok"),
    ],
)
def test_f57_each_kind_of_empty_says_which_it_is(
    warehouse: Warehouse, bucket: ObjectStore, arrange: Callable[[Warehouse], object], state: str
) -> None:
    arrange(warehouse)
    assert publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE).state == state
    night = night_of(bucket, NIGHT)
    assert night.state == state
    assert (night.state_detail is None) == (state == "ok")
    assert night.total_recommended == 0 or state == "ok"


def test_f57_the_four_are_four_different_documents(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tipoff.store.duckdb import DuckDBWarehouse
    from tipoff.store.payloads import open_bucket

    bodies = set()
    for arrange in (_no_games, _fleet_blocked, _nobody_predicted, _no_edge):
        folder = tmp_path_factory.mktemp("state")
        warehouse, bucket = DuckDBWarehouse(folder / "w.duckdb"), open_bucket((folder / "bucket").as_uri())
        arrange(warehouse)
        publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
        bodies.add(body(bucket, tonight_path(NIGHT)))
    assert len(bodies) == 4


def test_nothing_qualified_tells_the_best_edge(warehouse: Warehouse, bucket: ObjectStore) -> None:
    _no_edge(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    night = night_of(bucket, NIGHT)
    edges = [p.prediction.edge for game in night.games for p in game.players if p.prediction is not None and p.prediction.edge is not None]
    assert night.best_edge == max(edges) > 0
    assert f"{night.best_edge:.1f}" in str(night.state_detail)


def test_a_failure_is_told_in_its_own_words(warehouse: Warehouse, bucket: ObjectStore) -> None:
    _nobody_predicted(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, failure="phase 5 (predict): the artefact of ridge_line does not match")
    assert night_of(bucket, NIGHT).state_detail == "phase 5 (predict): the artefact of ridge_line does not match"


def test_f57_what_recommends_nothing_after_a_failure_is_broken_and_not_unqualified(warehouse: Warehouse, bucket: ObjectStore) -> None:
    """Not all ran: whoever reads the state alone must not take it for an answer."""
    _no_edge(warehouse)
    failure = "phase 5 (predict): the artefact of ridge_line does not match"
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, failure=failure)
    night, bets = night_of(bucket, NIGHT), BestBets.model_validate_json(body(bucket, best_bets_path(NIGHT)))
    assert night.total_predicted > 0
    assert {(shown.state, shown.state_detail) for shown in (night, bets)} == {("broken", failure)}


def test_what_was_predicted_before_a_failure_still_stands(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    counts = publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, failure="phase 1 (scrape): the source did not answer")
    assert (counts.state, counts.recommended > 0) == ("ok", True)
    assert night_of(bucket, NIGHT).state_detail == "phase 1 (scrape): the source did not answer"


def test_a_halted_slate_recommends_nothing_and_keeps_what_was_said(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, halt_reason="slate_stopped: pace_score is constant")
    night = night_of(bucket, NIGHT)
    players = [player for game in night.games for player in game.players]
    assert night.halt.active
    assert night.halt.reason == "slate_stopped: pace_score is constant"
    assert all(player.prediction is None for player in players)
    assert night.total_predicted == sum(bool(player.predictions) for player in players) > 0


def test_a_halt_that_goes_on_keeps_its_beginning_and_a_new_one_does_not(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    later = BEFORE + timedelta(minutes=30)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, halt_reason="by hand")
    publish_date(warehouse, bucket, NIGHT, generated_at=later, halt_reason="by hand")
    assert night_of(bucket, NIGHT).halt.since == BEFORE
    publish_date(warehouse, bucket, NIGHT, generated_at=later)
    assert not night_of(bucket, NIGHT).halt.active
    publish_date(warehouse, bucket, NIGHT, generated_at=later + timedelta(minutes=5), halt_reason="by hand")
    assert night_of(bucket, NIGHT).halt.since == later + timedelta(minutes=5)


def test_a_fleet_with_fewer_than_three_left_says_who_is_blocked(warehouse: Warehouse, bucket: ObjectStore) -> None:
    _fleet_blocked(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    assert night_of(bucket, NIGHT).halt.reason == "fleet_blocked: boosted_quantiles blocked, 2 of 3 systems remain"
