"""F19: the credit budget ends inside a backfill: it stops with a plan of what is left, and resumes there. Real commands, real HTTP."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.command import tipoff
from faults.upstreams import BACKFILLED, history, rows_of
from tipoff.errors import BudgetSpent

RANGE = ("--start-date", "2025-10-22", "--end-date", "2025-10-23", "--historical", "--snapshots", "T-15m", "--json")
BUDGET = 500


@pytest.fixture(scope="module")
def upstream() -> Iterator[dict[str, str]]:
    with history() as environment:
        yield environment


def _backfill(data_dir: Path, upstream: dict[str, str], *more: str, expect: int = 0, **environment: str) -> dict[str, Any]:
    done = tipoff("backfill", "odds", *RANGE, *more, "--data-dir", data_dir, environment=upstream | environment, expect=expect)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _spent(data_dir: Path) -> int:
    with sqlite3.connect(data_dir / "state.sqlite") as state:
        return int(state.execute("SELECT COALESCE(SUM(COALESCE(charged, reserved)), 0) FROM ops_credits").fetchone()[0])


@pytest.fixture
def scheduled(tmp_path: Path, upstream: dict[str, str]) -> Path:
    days = ("--start-date", "2025-10-22", "--end-date", "2025-10-22")
    tipoff("backfill", "schedule", *days, "--data-dir", tmp_path, environment=upstream)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        pytest.param(("--max-credits", str(BUDGET)), {}, id="the run's own budget"),
        pytest.param((), {"TIPOFF_CREDITS_PER_DAY": str(BUDGET)}, id="the day's budget"),
    ],
)
def test_it_stops_within_the_budget_tells_what_is_left_and_goes_on_there(
    scheduled: Path,
    upstream: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    options: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    planned = _backfill(scheduled, upstream, "--plan")
    assert planned["credits"] > BUDGET

    stopped = _backfill(scheduled, upstream, *options, expect=BudgetSpent.exit_code, **environment)
    assert "stopped" in {day["state"] for day in stopped["days"]}
    assert stopped["left"] > 0
    assert 0 < _spent(scheduled) <= BUDGET

    left = _backfill(scheduled, upstream, "--plan")
    assert left["there"] > 0
    assert left["left"] == stopped["left"]

    _backfill(scheduled, upstream)
    assert _spent(scheduled) == planned["credits"]  # nothing was paid for twice
    assert _backfill(scheduled, upstream)["left"] == 0

    at_once = tmp_path_factory.mktemp("at_once")
    tipoff("backfill", "schedule", "--start-date", "2025-10-22", "--end-date", "2025-10-22", "--data-dir", at_once, environment=upstream)
    _backfill(at_once, upstream)
    assert rows_of(scheduled, *BACKFILLED) == rows_of(at_once, *BACKFILLED)
