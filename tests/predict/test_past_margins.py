"""A system's own past: the mean of what stands, of the days before, and nothing where there is too little of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.past_margins import past_margins
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_of

DAY = date(2025, 11, 5)


def said(back: int, margin: float | None, count: int, active: bool = True) -> list[dict[str, Any]]:
    """So many predictions of a day before `DAY`, all by the same margin."""
    about = {"system_id": "echo", "game_date": DAY - timedelta(days=back), "line_margin": margin, "is_active": active}
    return [about | {"prediction_id": f"{back} {active} {place}"} for place in range(count)]


def test_it_is_the_mean_of_what_stands_of_the_thirty_days_before(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    days = [said(0, 9.0, 40), said(1, 1.0, 20), said(30, -0.5, 10), said(31, 9.0, 40), said(2, None, 40), said(3, 9.0, 40, active=False)]
    warehouse.merge(PREDICTIONS, table_of(PREDICTIONS, [row for day in days for row in day]), "said")
    with warehouse.reading() as work:
        assert past_margins(work, DAY) == {"echo": pytest.approx(0.5)}
        assert past_margins(work, DAY - timedelta(days=1)) == {"echo": pytest.approx((10 * -0.5 + 40 * 9.0) / 50)}
        assert past_margins(work, DAY + timedelta(days=40)) == {}, "nothing is no past"
        assert past_margins(work, DAY - timedelta(days=31)) == {}
