"""For which games a report of injuries was out: one in which nobody had handed in yet speaks for none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from features.raw_rows import empty, fill, schedule_row, submission_row
from tipoff.analyze.reports import coverage
from tipoff.analyze.slate import games_as_of

DAY = date(2025, 11, 5)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
GAME = schedule_row(DAY, "BOS", "NYK", TIP, TIP - timedelta(days=9))
AT = TIP - timedelta(hours=2)


@pytest.mark.parametrize(("submitted", "covered"), [(True, [AT]), (False, [])])
def test_a_report_covers_the_games_of_its_day_once_a_team_has_handed_in(tmp_path: Path, submitted: bool, covered: list[datetime]) -> None:
    raw = empty() | {"raw.schedule": [GAME], "raw.injury_submissions": [submission_row(DAY, "LAL", submitted, AT)]}
    with fill(tmp_path / "warehouse.duckdb", raw).reading() as work:
        found = work.ask(coverage, games_as_of(work, [str(GAME["game_id"])], None))
    assert found.column("covered_at").to_pylist() == covered
