"""Readiness by week: the same counts as row by row, with N, and every lined player-game in one week."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.built_rows import Rows
from features.small_league import THIS_SEASON
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.quality import RunMode
from tipoff.features.readiness import Readiness, readiness, weeks
from tipoff.store.duckdb import DuckDBWarehouse

FIRST, LAST = THIS_SEASON[0], THIS_SEASON[-1]


def measured(warehouse: DuckDBWarehouse, run_mode: RunMode = "last_call") -> list[Readiness]:
    with warehouse.reading() as work:
        return readiness(work, FIRST, LAST, run_mode)


@given(st.dates(date(2025, 1, 1), date(2026, 1, 1)), st.integers(0, 60))
def test_weeks_cover_the_span_once_and_begin_on_mondays_but_for_the_first(first: date, length: int) -> None:
    last = date.fromordinal(first.toordinal() + length)
    found = list(weeks(first, last))
    days = [day for begin, end in found for day in range(begin.toordinal(), end.toordinal() + 1)]
    assert days == list(range(first.toordinal(), last.toordinal() + 1))
    assert all(begin.weekday() == 0 for begin, _ in found[1:])


def test_every_lined_player_game_is_counted_in_its_week_and_ready_as_its_row_says(
    league_warehouse: DuckDBWarehouse, whole_rows: Rows
) -> None:
    found = measured(league_warehouse)
    for week in found:
        assert week.week.weekday() == 0
        rows = [row for row in whole_rows.values() if 0 <= (row["game_date"] - week.week).days < 7 and row["has_vegas_line"]]
        assert (week.lined, week.ready.n) == (len(rows), len(rows))
        assert week.ready.wins == sum(row["quality_ready"] for row in rows)
        lacking = [item for row in rows for item in row["missing"].split(", ") if item]
        assert {item: number for item, number in week.blocked.items() if "=" in item} == {item: lacking.count(item) for item in lacking}
    assert sum(week.lined for week in found) == sum(row["has_vegas_line"] for row in whole_rows.values()) > 0


def test_a_stricter_gate_lets_no_more_through(league_warehouse: DuckDBWarehouse) -> None:
    for strict, lax in zip(measured(league_warehouse, "first"), measured(league_warehouse), strict=True):
        assert strict.let_through.wins <= lax.let_through.wins <= lax.ready.wins


def test_a_stopped_slate_lets_nobody_through(league_warehouse: DuckDBWarehouse) -> None:
    for week in measured(league_warehouse):
        assert week.let_through.wins + week.blocked.get("slate stopped", 0) <= week.lined
        assert ("slate stopped" in week.blocked) <= bool(week.stopped)


def test_an_empty_span_and_one_without_games_are_refused(league_warehouse: DuckDBWarehouse) -> None:
    with league_warehouse.reading() as work:
        with pytest.raises(BadInput, match="is later than"):
            readiness(work, LAST, FIRST)
        with pytest.raises(UnknownDate, match="No game is known from"):
            readiness(work, date(2030, 1, 1), date(2030, 1, 9))
