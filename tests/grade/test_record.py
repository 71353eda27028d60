"""The record of a graded practice night, beside a count pick by pick; and what each split does with it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tipoff.errors import BadInput, NotReady
from tipoff.grade.record import DIRECTIONS, MOVEMENTS, SPLITS, By, Entry, record
from tipoff.grade.run import ACCURACY, grade
from tipoff.predict.activate import PREDICTIONS
from tipoff.store.tables import table_of
from train import practice_house as house

Row = dict[str, Any]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[house.Stage, list[Row]]:
    """The night graded beside a later close, and its graded rows with what was said beside each."""
    stage = house.played().copy(tmp_path_factory.mktemp("record"))
    stage.load([house.lines(game, game.tip - timedelta(minutes=2)) for game in house.games_of_night()])
    grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
    said = {row["prediction_id"]: row for row in stage.warehouse.read(PREDICTIONS, is_active=True).to_pylist()}
    return stage, [{**said[row["prediction_id"]], **row} for row in stage.warehouse.read(ACCURACY).to_pylist()]


def entries(stage: house.Stage, by: By = "system", systems: tuple[str, ...] = ()) -> list[Entry]:
    with stage.warehouse.reading() as work:
        return record(work, house.NIGHT, house.NIGHT, by=by, systems=systems)


def part_of(row: Row, by: By) -> str:
    """The part of a split that a row is in, by the words of the documentation."""
    moved = row["close_line"] - row["line"] if row["close_minutes"] is not None and row["line"] is not None else None
    match by:
        case "system":
            return "all"
        case "day":
            return str(row["game_date"])
        case "month":
            return str(row["game_date"])[:7]
        case "side":
            return str(row["recommendation"]) if row["recommendation"] in ("OVER", "UNDER") else "no bet"
        case "quality":
            return str(row["tier"])
        case "book":
            return str(row["bookmaker"] or "none")
        case "direction":
            return DIRECTIONS[3] if moved is None else DIRECTIONS[int(np.sign(moved)) + 1]
        case "movement":
            return MOVEMENTS[4] if moved is None else MOVEMENTS[(abs(moved) > 0) + (abs(moved) > 0.5) + (abs(moved) > 1)]
        case _:
            raise AssertionError(by)


class TestCountedByHand:
    @pytest.mark.parametrize("by", [by for by in SPLITS if by not in ("tier", "edge", "edge-probability")])
    def test_each_part_holds_its_rows_and_their_results(self, graded: tuple[house.Stage, list[Row]], by: By) -> None:
        stage, rows = graded
        expected: dict[tuple[str, str], Counter[str]] = {}
        for row in rows:
            count = expected.setdefault((row["system_id"], part_of(row, by)), Counter())
            count["said"] += 1
            if row["recommendation"] in ("OVER", "UNDER"):
                count[row["result"]] += 1
        found = {(entry.system_id, entry.part): entry for entry in entries(stage, by)}
        assert found.keys() == expected.keys()
        for key, count in expected.items():
            bets = found[key].bets
            assert (bets.won, bets.lost, bets.push, bets.void) == tuple(count[word] for word in ("WIN", "LOSS", "PUSH", "VOID"))
            assert found[key].predictions == count["said"]
            assert (bets.hit_rate.wins, bets.hit_rate.n) == (count["WIN"], count["WIN"] + count["LOSS"])

    def test_figures_are_plain_means(self, graded: tuple[house.Stage, list[Row]]) -> None:
        stage, rows = graded
        for entry in entries(stage):
            mine = [row for row in rows if row["system_id"] == entry.system_id]
            played = [row for row in mine if row["actual_points"] is not None]
            lined = [row for row in played if row["line"] is not None]
            assert entry.errors.n == len(played)
            assert entry.errors.bias == pytest.approx(np.mean([row["predicted_points"] - row["actual_points"] for row in played]))
            assert entry.n_lined == len(lined)
            assert entry.mae == pytest.approx(np.mean([row["absolute_error"] for row in lined]))
            assert entry.line_mae == pytest.approx(np.mean([row["line_absolute_error"] for row in lined]))
            assert entry.shifted_line_mae == pytest.approx(np.mean([row["shifted_line_absolute_error"] for row in lined]))
            staked = [row for row in mine if row["recommendation"] in ("OVER", "UNDER")]
            decided = [row["units"] for row in staked if row["result"] in ("WIN", "LOSS")]
            assert entry.bets.roi.n == len(decided)
            assert entry.bets.roi.mean == pytest.approx(np.mean(decided) if decided else None)
            values = [row["clv_points"] for row in staked if row["clv_points"] is not None]
            assert entry.bets.clv_points.n == len(values)
            assert entry.bets.clv_points.mean == (pytest.approx(np.mean(values)) if values else None)
            below = [row for row in staked if row["result"] in ("WIN", "LOSS") and row["actual_points"] < row["line"]]
            assert (entry.bets.under.hit_rate.wins, entry.bets.under.hit_rate.n) == (len(below), len(decided))

    @pytest.mark.parametrize("by", SPLITS)
    def test_the_parts_of_any_split_add_up_to_the_whole(self, graded: tuple[house.Stage, list[Row]], by: By) -> None:
        stage, _ = graded
        for whole in entries(stage):
            parts = [entry for entry in entries(stage, by) if entry.system_id == whole.system_id]
            for name in ("won", "lost", "push", "void", "bets"):
                assert sum(getattr(part.bets, name) for part in parts) == getattr(whole.bets, name)
            assert all(part.predictions for part in parts)


class TestWhatIsAsked:
    def test_only_the_systems_that_are_named(self, graded: tuple[house.Stage, list[Row]]) -> None:
        stage, rows = graded
        name = rows[0]["system_id"]
        assert entries(stage, systems=(name,)) == [entry for entry in entries(stage) if entry.system_id == name]

    def test_a_day_outside_the_span_is_not_in_it(self, graded: tuple[house.Stage, list[Row]], tmp_path: Path) -> None:
        stage, _ = graded
        with stage.warehouse.reading() as work, pytest.raises(NotReady, match="Nothing is graded"):
            record(work, house.NIGHT + timedelta(days=1), house.NIGHT + timedelta(days=9))
        other = stage.copy(tmp_path)
        again = other.warehouse.read(ACCURACY).to_pylist()
        later = [{**row, "game_id": row["game_id"] + "x", "game_date": house.NIGHT + timedelta(days=1)} for row in again]
        kept = [{name: value for name, value in row.items() if name not in ("written_at", "run_id")} for row in later]
        with other.warehouse.writing("a run") as work:
            work.merge(ACCURACY, table_of(ACCURACY, kept))
        assert entries(other) == entries(stage)
        with other.warehouse.reading() as work:
            both = record(work, house.NIGHT, house.NIGHT + timedelta(days=1), by="day")
        assert {entry.part for entry in both} == {str(house.NIGHT), str(house.NIGHT + timedelta(days=1))}

    def test_a_split_that_is_none_and_a_span_the_wrong_way_round_are_refused(self, graded: tuple[house.Stage, list[Row]]) -> None:
        stage, _ = graded
        with stage.warehouse.reading() as work:
            with pytest.raises(BadInput, match="no split"):
                record(work, house.NIGHT, house.NIGHT, by="luck")  # type: ignore[arg-type]
            with pytest.raises(BadInput, match="ends before"):
                record(work, house.NIGHT, date.min)
