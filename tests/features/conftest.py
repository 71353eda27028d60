"""What many tests look at, each made once: the eras of the small league, and its slow reference."""

from __future__ import annotations

from datetime import date

import pytest

from features import changes as do
from features.built_rows import Rows, by_era, rows_by_key
from features.eras import ERA, numbers, together
from features.raw_rows import Raw, fill
from features.slow import Slow
from features.small_league import THIS_SEASON
from tipoff.features.build import build

ERAS: dict[str, do.Change] = {
    "as it was": do.unchanged,
    "deleted after the first tip": do.deleted_after(do.FIRST_TIP),
    "deleted after the second tip": do.deleted_after(do.SECOND_TIP),
    **{f"{table} altered": do.altered_after(do.SECOND_TIP, table) for table in do.FACTS},
    "all altered after the first tip": do.altered_after(do.FIRST_TIP, *do.FACTS),
    "everybody ruled out": do.everybody_ruled_out_after_the_tip,
    "first result rewritten": do.first_result_rewritten,
    "in play added": do.in_play_rows_added,
    "in play taken away": do.in_play_rows_taken_away,
    "never corrected": do.never_corrected,
    "right from the start": do.right_from_the_start,
    "late rows never came": do.late_rows_never_came,
    "late rows in time": do.late_rows_came_in_time,
    "corrected at the tip": do.corrected_again(do.SECOND_TIP),
    "corrected just after the tip": do.corrected_again(do.SECOND_TIP.replace(microsecond=1)),
}
WATCHED = THIS_SEASON[-4:]


@pytest.fixture(scope="session")
def slow(league: Raw) -> Slow:
    return Slow(league)


@pytest.fixture(scope="session")
def eras(league: Raw, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """The rows of the last four rounds by what was done to the history, all told in its own time."""
    histories = together([change(league) for change in ERAS.values()])
    days: set[date] = {day + number * ERA for number in numbers(len(ERAS)) for day in WATCHED}
    ids = sorted({row["game_id"] for row in histories["raw.schedule"] if row["game_date"] in days})
    with fill(tmp_path_factory.mktemp("eras") / "warehouse.duckdb", histories).reading() as work:
        rows = rows_by_key(build(work, ids))
    return dict(zip(ERAS, by_era(rows, len(ERAS)), strict=True))
