"""F54 Grading twice, or after a correction: one row per pick."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tipoff.grade.run import grade
from tipoff.names import player_lookup
from tipoff.scrape.records import Payload
from train import practice_house as house

ACCURACY = "predictions.prediction_accuracy"
LATER = house.MORNING + timedelta(hours=3)


def graded(stage: house.Stage) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Grades by pick; that there is one row each is checked on the way."""
    rows = stage.warehouse.read(ACCURACY).to_pylist()
    found = {(row["game_id"], row["player_lookup"], row["system_id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def stage(tmp_path: Path) -> house.Stage:
    """The night, played and graded once."""
    made = house.played().copy(tmp_path)
    grade(made.warehouse, house.NIGHT, now=house.MORNING, run_id="once")
    return made


def test_f54_grading_twice_is_grading_once(stage: house.Stage) -> None:
    first = graded(stage)
    again = grade(stage.warehouse, house.NIGHT, now=LATER, run_id="twice")
    second = graded(stage)
    assert sum(record.predictions for record in again) == len(first)
    assert {pick: row["graded_at"] for pick, row in second.items()} == dict.fromkeys(first, LATER)
    aside = {"graded_at", "written_at", "run_id"}
    for pick, row in first.items():
        assert {name: value for name, value in second[pick].items() if name not in aside} == {
            name: value for name, value in row.items() if name not in aside
        }


def test_f54_a_corrected_box_score_grades_again_and_touches_no_other_pick(stage: house.Stage) -> None:
    """A field goal is given to another man the next morning: his picks change, and nobody else's."""
    first = graded(stage)
    game = house.games_of_night()[0]
    pick = next(pick for pick, row in first.items() if pick[0] == game.game_id and row["result"] in ("WIN", "LOSS"))
    document = json.loads(house.box(game).body)
    corrected = {player["name"]: player for side in ("homeTeam", "awayTeam") for player in document["game"][side]["players"]}
    [player] = [player for name, player in corrected.items() if player_lookup(name) == pick[1]]
    player["statistics"]["points"] += 40
    player["statistics"]["fieldGoalsMade"] += 20
    player["statistics"]["fieldGoalsAttempted"] += 20
    stage.load([Payload(json.dumps(document).encode(), "a correction", LATER, 200)])
    grade(stage.warehouse, house.NIGHT, now=LATER, run_id="corrected")

    second = graded(stage)
    assert set(second) == set(first)
    changed = {pick for pick in first if second[pick]["actual_points"] != first[pick]["actual_points"]}
    assert changed == {(game.game_id, pick[1], system) for system in house.systems()}
    for mine in changed:
        assert second[mine]["actual_points"] == first[mine]["actual_points"] + 40
        assert second[mine]["result"] == {"OVER": "WIN", "UNDER": "LOSS"}.get(second[mine]["recommendation"])
