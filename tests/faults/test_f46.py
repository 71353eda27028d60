"""F46 A team's box scores are missing for a week: coverage says so before a prediction is made on them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from faults.nights import evening
from tipoff.analyze.coverage import Gap, coverage
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.errors import SlateStopped
from tipoff.flow.alerts import EVENTS, alerts
from tipoff.flow.house import open_house
from tipoff.flow.slate import alert_gaps
from train.practice_house import MORNING, NIGHT, games_of_night

TEAM = games_of_night()[0].home
LOST = f"FROM raw.player_box WHERE team = '{TEAM}' AND game_date >= DATE '{NIGHT - timedelta(days=13)}'"
TOTALS = f"UPDATE raw.odds_game_lines SET point = {{}} WHERE game_date = DATE '{NIGHT}' AND market = 'totals'"


def test_f46_a_team_without_box_scores_for_a_week_is_told_before_anything_is_predicted_and_recovers(tmp_path: Path) -> None:
    """That it is before, a slate shows that never comes to be predicted."""
    with evening(tmp_path) as tonight:
        tonight.spoil(f"CREATE TABLE lost AS SELECT * {LOST}", f"DELETE {LOST}", TOTALS.format("100 * point"))
        with tonight.house.warehouse.reading() as work:
            gaps = coverage(work, NIGHT - timedelta(days=14), NIGHT, now=MORNING).gaps
        assert {gap.team for gap in gaps if gap.measure == "box_team"} == {TEAM}
        with pytest.raises(SlateStopped, match="game_total_line"):
            tonight.night()
        [alert] = alerts(tonight.house.state, now_only=True)
        assert f"no box score of {TEAM} in the seven days before {NIGHT}" in alert.text
        assert tonight.runs()["analyze"].counts["teams_without_boxes"] == 1

        tonight.spoil(TOTALS.format("point / 100"), "INSERT INTO raw.player_box SELECT * FROM lost")
        assert tonight.night().gaps == []
        assert alerts(tonight.house.state, now_only=True) == []


def test_f46_a_slate_of_another_day_ends_nothing_that_was_told_of_teams_that_do_not_play_in_it(tmp_path: Path) -> None:
    gap = Gap("box_team", NIGHT, NIGHT, f"no box score of {TEAM}", TEAM)
    clock = ManualClock(MORNING)
    with open_house(load_settings(data_dir=tmp_path), clock) as house:
        for _ in range(3):
            alert_gaps(house, [gap], {TEAM, "BOS"})
            alert_gaps(house, [], {"PHI", "CLE"})
        with house.state.reading() as connection:
            assert connection.execute(sa.select(EVENTS.c.what)).scalars().all() == ["began"]
        alert_gaps(house, [], {TEAM, "CLE"})
        assert alerts(house.state, now_only=True) == []
        alert_gaps(house, [gap], {TEAM})
        clock.advance(timedelta(days=8))  # it does not play any more
        alert_gaps(house, [], {"PHI", "CLE"})
        with house.state.reading() as connection:
            assert connection.execute(sa.select(EVENTS.c.what)).scalars().all() == ["began", "recovered", "began", "lapsed"]
