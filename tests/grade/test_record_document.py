"""The record as documents, beside a count row by row; and that they are written where they say something new."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tipoff.grade.record_document import Z_90, record_documents
from tipoff.grade.run import ACCURACY, grade
from tipoff.predict.activate import PREDICTIONS
from tipoff.publish.documents import Halt
from tipoff.publish.record import RECORD, ROWS, Record, SystemDetails, publish_record, record_path
from tipoff.publish.write import canonical
from tipoff.store.payloads import open_bucket
from tipoff.store.warehouse import Warehouse
from train import practice_house as house

Row = dict[str, Any]
SIDES = ("OVER", "UNDER")


def documents(warehouse: Warehouse, headline: str | None = None, halt: Halt | None = None) -> tuple[Record, list[SystemDetails]]:
    with warehouse.reading() as work:
        return record_documents(work, headline, halt=halt or Halt(), generated_at=house.MORNING, league="practice")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[house.Stage, list[Row]]:
    """The practice night graded beside a later close, and its graded rows with what was said beside each."""
    stage = house.played().copy(tmp_path_factory.mktemp("record"))
    stage.load([house.lines(game, game.tip - timedelta(minutes=2)) for game in house.games_of_night()])
    grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
    said = {row["prediction_id"]: row for row in stage.warehouse.read(PREDICTIONS, is_active=True).to_pylist()}
    return stage, [{**said[row["prediction_id"]], **row} for row in stage.warehouse.read(ACCURACY).to_pylist()]


def of(rows: list[Row], system_id: str) -> list[Row]:
    return [row for row in rows if row["system_id"] == system_id]


def would_be(row: Row) -> str | None:
    """What a pass would have become."""
    if row["recommendation"] != "PASS" or row["side"] not in SIDES:
        return None
    if row["void_reason"] is not None:
        return "VOID"
    margin = row["actual_points"] - row["line"]
    if margin == 0:
        return "PUSH"
    return "WIN" if (margin > 0) == (row["side"] == "OVER") else "LOSS"


def test_every_system_is_told_with_its_bets_its_passes_and_who_had_no_line(graded: tuple[house.Stage, list[Row]]) -> None:
    stage, rows = graded
    record, details = documents(stage.warehouse)
    assert [one.system_id for one in record.systems] == [one.system_id for one in details] == sorted({row["system_id"] for row in rows})
    assert any(one.year.passes and one.year.bets.n for one in record.systems)
    for one in record.systems:
        mine, total = of(rows, one.system_id), one.year
        assert one.all == total  # a night is less than a year
        assert total.predictions == len(mine)
        assert total.passes == sum(row["recommendation"] == "PASS" for row in mine)
        assert total.no_lines == sum(row["recommendation"] == "NO_LINE" for row in mine)
        staked = [row["result"] for row in mine if row["recommendation"] in SIDES]
        bets = total.bets
        assert (bets.won, bets.lost, bets.push, bets.void) == tuple(staked.count(word) for word in ("WIN", "LOSS", "PUSH", "VOID"))
        passed = [would_be(row) for row in mine]
        as_if = total.passes_as_if
        assert (as_if.won, as_if.lost, as_if.push, as_if.void) == tuple(passed.count(word) for word in ("WIN", "LOSS", "PUSH", "VOID"))


def test_units_stand_beside_what_the_stated_probabilities_promised(graded: tuple[house.Stage, list[Row]]) -> None:
    stage, rows = graded
    _, details = documents(stage.warehouse)
    told = 0
    for one in details:
        units, mean, variance, n = 0.0, 0.0, 0.0, 0
        for row in of(rows, one.system_id):
            if row["recommendation"] not in SIDES or row["result"] not in ("WIN", "LOSS", "PUSH") or row["units"] is None:
                continue
            win = row["p_over"] if row["recommendation"] == "OVER" else row["p_under"]
            lose = row["p_under"] if row["recommendation"] == "OVER" else row["p_over"]
            outcomes = ((win, row["price"] - 1), (lose, -1.0), (row["p_push"] or 0.0, 0.0))
            promised = sum(chance * won for chance, won in outcomes)
            units, mean, n = units + row["units"], mean + promised, n + 1
            variance += sum(chance * won**2 for chance, won in outcomes) - promised**2
        assert len(one.days) == (1 if n else 0)
        for day in one.days:
            told += 1
            half = Z_90 * math.sqrt(variance)
            assert day.n == n
            assert [day.units, day.total] == pytest.approx([units, units], abs=1e-4)
            assert [day.expected, day.low, day.high] == pytest.approx([mean, mean - half, mean + half], abs=2e-3)
    assert told


def test_reliability_counts_every_row_with_a_line_and_an_outcome_once(graded: tuple[house.Stage, list[Row]]) -> None:
    stage, rows = graded
    for one in documents(stage.warehouse)[1]:
        decided = [row for row in of(rows, one.system_id) if row["line"] is not None and row["actual_points"] not in (None, row["line"])]
        over = sum(row["actual_points"] > row["line"] for row in decided)
        assert one.reliability.n == len(decided) == sum(each.observed.n for each in one.reliability.bins)
        assert sum(round(each.observed.n * (each.observed.rate or 0)) for each in one.reliability.bins) == over
        forecasts = [each.forecast for each in one.reliability.bins]
        assert forecasts == sorted(forecasts)


def test_each_split_holds_every_prediction_once(graded: tuple[house.Stage, list[Row]]) -> None:
    for one in documents(graded[0].warehouse)[1]:
        whole = {split.by: split for split in one.splits}
        assert set(whole) == {"month", "side", "tier", "edge", "edge-probability", "quality", "book", "direction", "movement"}
        for split in whole.values():
            assert sum(part.bets.bets for part in split.parts) == one.year.bets.bets


def test_the_newest_rows_have_losers_and_passes_among_them(graded: tuple[house.Stage, list[Row]]) -> None:
    stage, rows = graded
    words = set()
    for one in documents(stage.warehouse)[1]:
        mine = of(rows, one.system_id)
        assert len(one.rows) == min(ROWS, len(mine))
        for shown in one.rows:
            row = next(row for row in mine if (row["game_id"], row["player_lookup"]) == (shown.game_id, shown.player_lookup))
            assert shown.result == (row["result"] or would_be(row))
            assert (shown.leant is not None) == (would_be(row) is not None)
            words.add((shown.recommendation in SIDES, shown.result))
    assert {(True, "WIN"), (True, "LOSS"), (False, "LOSS")} <= words


def test_equal_rows_give_equal_bytes_and_only_what_is_new_is_written(graded: tuple[house.Stage, list[Row]], tmp_path: Path) -> None:
    stage, _ = graded
    bucket = open_bucket(tmp_path.as_uri())
    record, details = documents(stage.warehouse)
    written = publish_record(bucket, record, details)
    assert written == [*(record_path(one.system_id) for one in details), RECORD]
    again = documents(stage.warehouse)
    assert canonical(again[0]) == canonical(record)
    assert publish_record(bucket, *again) == []
    leader = details[0].system_id
    assert publish_record(bucket, *documents(stage.warehouse, headline=leader)) == [record_path(leader), RECORD]


def test_before_anything_is_graded_the_record_says_so(tmp_path: Path) -> None:
    record, details = documents(house.eve().copy(tmp_path).warehouse)
    assert (record.state, record.systems, details) == ("nothing_qualified", [], [])


def test_a_halt_is_told(graded: tuple[house.Stage, list[Row]]) -> None:
    record, _ = documents(graded[0].warehouse, halt=Halt(active=True, reason="by hand"))
    assert (record.state, record.state_detail) == ("halted", "by hand")
