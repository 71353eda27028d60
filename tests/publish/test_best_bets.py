"""The document of a day's best bets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill, filling
from publish.json_schema import faults
from publish.reading import AFTER, BEFORE, Exported, body, document
from tipoff.market.selection import PASSES, SelectionRule
from tipoff.publish.best_bets import NOT_SHOWN, BestBets
from tipoff.publish.export import publish_date
from tipoff.publish.ledger import LEDGER, append
from tipoff.publish.write import best_bets_path
from tipoff.store.warehouse import Warehouse

PATH = best_bets_path(NIGHT)
EARLY = Night().tips()[0][3] - timedelta(hours=1)
LATE = Night().tips()[-1][3] + timedelta(minutes=1)


def bets_of(bucket: ObjectStore) -> BestBets:
    return BestBets.model_validate_json(body(bucket, PATH))


def publish(warehouse: Warehouse, bucket: ObjectStore, **options: Any) -> BestBets:
    """An export with its rows in the ledger, as the flow makes it."""
    published = publish_date(warehouse, bucket, NIGHT, **options)
    with warehouse.writing("a test") as work:
        append(work, published.shown)
    return bets_of(bucket)


def test_every_player_whom_the_leader_spoke_of_is_picked_or_passed(before: Exported) -> None:
    bets = bets_of(before.bucket)
    found = [(one.game_id, one.player_lookup) for part in (bets.picks, bets.passed) for one in part]
    spoken = [
        (game.game_id, player.player_lookup)
        for game in before.night.games
        for player in game.players
        if any(said.system_id == bets.system_id for said in player.predictions)
    ]
    assert sorted(found) == sorted(spoken)
    assert bets.picks
    assert {one.why for one in bets.passed} <= set(PASSES)


def test_a_pick_stands_at_a_real_price_with_its_reasons(before: Exported) -> None:
    bets = bets_of(before.bucket)
    assert [pick.rank for pick in bets.picks] == list(range(1, len(bets.picks) + 1))
    assert [pick.ev for pick in bets.picks] == sorted((pick.ev for pick in bets.picks), reverse=True)
    for pick in bets.picks:
        assert pick.edge == pytest.approx(pick.p - 1 / pick.price, abs=2e-4)
        assert pick.edge >= SelectionRule().least_edge
        assert pick.price > 1
        assert len(pick.reasons) == 4
        assert pick.stake is None  # there is no past to learn from


def test_it_fits_its_schema_before_and_after(before: Exported, after: Exported) -> None:
    for exported in (before, after):
        assert faults(document(exported.bucket, PATH), document(exported.bucket, "v1/schemas/best-bets.json")) == []


def test_once_it_is_graded_each_pick_has_its_result(after: Exported) -> None:
    bets = bets_of(after.bucket)
    players = {(game.game_id, player.player_lookup): player for game in after.night.games for player in game.players}
    assert bets.picks
    for pick in bets.picks:
        points = players[pick.game_id, pick.player_lookup].actual_points
        margin = None if points is None else (points - pick.line) * (1 if pick.side == "OVER" else -1)
        assert pick.result == ("VOID" if margin is None else "WIN" if margin > 0 else "LOSS" if margin < 0 else "PUSH")


def test_a_halt_keeps_picks_back_and_withdraws_none(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    shown = publish(warehouse, bucket, generated_at=EARLY)
    kept = warehouse.read(LEDGER)
    halted = publish(warehouse, bucket, generated_at=EARLY + timedelta(minutes=5), halt_reason="by_hand: a test")
    assert (halted.state, halted.picks, halted.passed) == ("halted", [], [])
    assert warehouse.read(LEDGER).equals(kept)
    resumed = publish(warehouse, bucket, generated_at=EARLY + timedelta(minutes=10))
    assert resumed.picks == shown.picks


def test_after_the_tip_the_picks_stay_whoever_leads_by_then(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    shown = publish(warehouse, bucket, generated_at=EARLY, headline_system="ridge_line")
    later = publish(warehouse, bucket, generated_at=LATE, headline_system="boosted_quantiles")
    assert (shown.system_id, later.system_id) == ("ridge_line", "boosted_quantiles")
    assert shown.picks
    assert later.picks == shown.picks
    assert any(one.why == NOT_SHOWN for one in later.passed)


def test_before_the_tip_another_leader_has_other_picks(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    shown = publish(warehouse, bucket, generated_at=EARLY, headline_system="ridge_line")
    later = publish(warehouse, bucket, generated_at=EARLY + timedelta(minutes=5), headline_system="boosted_quantiles")
    assert {pick.system_id for pick in later.picks} == {"boosted_quantiles"}
    withdrawn = [row for row in warehouse.read(LEDGER).to_pylist() if row["document"] == PATH and row["kind"] == "withdrawal"]
    assert {row["system_id"] for row in withdrawn} == {"ridge_line"}
    assert len(withdrawn) == len(shown.picks)


def test_nothing_qualified_tells_the_best_edge(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(threshold=50.0))
    bets = publish(warehouse, bucket, generated_at=BEFORE)
    best = max(one.edge for one in bets.passed if one.edge is not None)
    assert (bets.state, bets.picks) == ("nothing_qualified", [])
    assert f"the best edge is {best:+.1%}" in str(bets.state_detail)


def test_an_export_that_was_cut_off_before_its_rows_keeps_its_picks_all_the_same(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    first = publish_date(warehouse, bucket, NIGHT, generated_at=EARLY)
    assert first.best_bets
    shown = bets_of(bucket)
    later = publish(warehouse, bucket, generated_at=LATE)
    assert later.picks == shown.picks
    rows = [row for row in warehouse.read(LEDGER).to_pylist() if row["document"] == PATH]
    assert {row["published_at"] for row in rows} == {EARLY}
    assert len(rows) == len(shown.picks)


def test_after_the_tip_the_picks_are_those_that_were_shown_last_also_by_an_export_that_was_cut_off(
    warehouse: Warehouse, bucket: ObjectStore
) -> None:
    fill(warehouse)
    publish(warehouse, bucket, generated_at=EARLY, headline_system="ridge_line")
    publish_date(warehouse, bucket, NIGHT, generated_at=EARLY + timedelta(minutes=5), headline_system="boosted_quantiles")
    shown = bets_of(bucket)
    assert {pick.system_id for pick in shown.picks} == {"boosted_quantiles"}
    assert publish(warehouse, bucket, generated_at=LATE, headline_system="ridge_line").picks == shown.picks


def test_who_was_not_shown_before_his_tip_takes_no_place_of_the_day(warehouse: Warehouse, bucket: ObjectStore) -> None:
    """A game that has tipped gains candidates afterwards: the picks of the games that are open stand as they were."""
    fill(warehouse)
    tipped, _, _, tip = Night().tips()[0]
    lines = "analytics.player_line_summary"
    rows = warehouse.read(lines).to_pylist()
    thin = [row | {"book_count": 1} if row["game_id"] == tipped else row for row in rows]
    warehouse.merge(lines, filling(lines, thin), "a test")
    shown = publish(warehouse, bucket, generated_at=EARLY, headline_system="moving_average")
    assert len(shown.picks) == SelectionRule().per_day
    warehouse.merge(lines, filling(lines, rows), "a test")
    later = publish(warehouse, bucket, generated_at=tip + timedelta(minutes=1), headline_system="moving_average")
    assert later.picks == shown.picks
    assert "day_cap" not in {one.why for one in later.passed if one.game_id != tipped}


def test_where_nothing_is_picked_what_broke_is_told_before_that_nothing_qualified(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    lines = "analytics.player_line_summary"
    rows = warehouse.read(lines).to_pylist()
    warehouse.merge(lines, filling(lines, [row | {"book_count": 1} for row in rows]), "a test")
    assert publish(warehouse, bucket, generated_at=EARLY).state == "nothing_qualified"
    bets = publish(warehouse, bucket, generated_at=EARLY, failure="phase 5 (predict): a test")
    assert (bets.picks, bets.state, bets.state_detail) == ([], "broken", "phase 5 (predict): a test")


def test_a_first_export_after_the_fact_is_no_correction(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(graded=True))
    first = publish(warehouse, bucket, generated_at=AFTER)
    assert first.picks
    assert publish(warehouse, bucket, generated_at=AFTER + timedelta(hours=1)) == first.model_copy(
        update={"generated_at": AFTER + timedelta(hours=1)}
    )
