"""Grading a night leaves the daily record of every system that spoke, and grading it again changes nothing."""

from __future__ import annotations

from pathlib import Path

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.house import open_house
from tipoff.flow.night import grade_night
from tipoff.train.health import PERFORMANCE
from train import practice_house


def test_the_record_has_the_figures_of_the_night_for_every_system(tmp_path: Path) -> None:
    practice_house.played().copy(tmp_path)
    settings = load_settings(data_dir=tmp_path).model_copy(update={"league": "practice"})
    with open_house(settings, ManualClock(practice_house.MORNING)) as house:
        graded, phases = grade_night(house, practice_house.NIGHT)
        rows = {row["system_id"]: row for row in house.warehouse.read(PERFORMANCE).to_pylist()}
        again = grade_night(house, practice_house.NIGHT)[1]
    assert set(rows) == {record.system_id for record in graded} == set(practice_house.systems())
    for record in graded:
        row = rows[record.system_id]
        assert (row["n_7d"], row["hit_rate_7d"], row["low_7d"]) == (record.hit_rate.n, record.hit_rate.rate, record.hit_rate.low)
        assert (row["n_error"], row["state"], row["health"]) == (record.n_error, "candidate", "INSUFFICIENT_DATA")
        assert row["game_date"] == practice_house.NIGHT
    assert (phases[0].counts["performance"], again[0].counts["performance"]) == (len(rows), 0)
