"""F14 in processes of their own: a backfill over a source that refuses a share of its requests tells which and why, and the same command,
run again once the source is well, asks for these alone. The mischief is asked for over HTTP, as a user would.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from faults.command import tipoff
from faults.mischievous import KEY
from faults.upstreams import BACKFILLED, history, rows_of
from tipoff.errors import UpstreamError

DAY = ("--start-date", "2025-10-22", "--end-date", "2025-10-22")
ODDS = (*DAY, "--historical", "--snapshots", "T-15m")
REFUSED = ["403", "404", "422", {"status": 401, "body": f'{{"message": "the key {KEY} is unknown"}}'}]


@dataclass
class Lived:
    """What the commands printed, what the source says it charged, and what lies in the two directories in the end."""

    failed: dict[str, Any]
    mended: dict[str, Any]
    again: dict[str, Any]
    printed: str
    given: int
    charged: int
    spent: int
    planned: int
    rows: dict[str, set[tuple[Any, ...]]]
    undisturbed: dict[str, set[tuple[Any, ...]]]


def _spent(data_dir: Path) -> int:
    with sqlite3.connect(data_dir / "state.sqlite") as state:
        return int(state.execute("SELECT COALESCE(SUM(COALESCE(charged, reserved)), 0) FROM ops_credits").fetchone()[0])


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    disturbed, calm = tmp_path_factory.mktemp("disturbed"), tmp_path_factory.mktemp("calm")
    printed = ""
    with history(KEY) as environment:
        control = environment["TIPOFF_ODDS_API_URL"].replace("/odds-api", "/practice/mischief")

        def backfill(folder: Path, kind: str, *options: str, expect: int = 0) -> dict[str, Any]:
            nonlocal printed
            done = tipoff("backfill", kind, *options, "--json", "--data-dir", folder, environment=environment, expect=expect)
            printed += done.stdout + done.stderr
            found: dict[str, Any] = json.loads(done.stdout)
            return found

        backfill(disturbed, "schedule", *DAY)
        planned = backfill(disturbed, "odds", *ODDS, "--plan")["credits"]
        rule = {"where": "props", "faults": REFUSED, "share": 0.5, "seed": 3}
        assert httpx.post(control, json=rule).status_code == 200
        failed = backfill(disturbed, "odds", *ODDS, expect=UpstreamError.exit_code)
        given = sum(told["asked"] - told["given"].get("the true answer", 0) for told in httpx.get(control).json()["paths"].values())
        assert httpx.delete(control).status_code == 200
        mended = backfill(disturbed, "odds", *ODDS)
        again = backfill(disturbed, "odds", *ODDS)
        charged = httpx.get(control).json()["charged"]
        backfill(calm, "schedule", *DAY)
        backfill(calm, "odds", *ODDS)
    rows, undisturbed = rows_of(disturbed, *BACKFILLED), rows_of(calm, *BACKFILLED)
    return Lived(failed, mended, again, printed, given, charged, _spent(disturbed), planned, rows, undisturbed)


def test_f14_each_refused_request_was_asked_once_and_is_told_with_its_cause(lived: Lived) -> None:
    assert 0 < lived.failed["failed"] == lived.given
    assert lived.failed["asked"] > 0
    [day] = lived.failed["days"]
    assert day["state"] == "failed"
    assert any(f"HTTP {status}" in day["error"] for status in (401, 403, 404, 422))


def test_f14_the_same_command_asks_for_what_is_missing_and_ends_complete(lived: Lived) -> None:
    assert lived.mended["asked"] == lived.failed["failed"]
    assert [day["state"] for day in lived.mended["days"]] == ["complete"]
    assert lived.again["left"] == 0


def test_f14_nothing_is_paid_twice_and_the_books_are_the_sources(lived: Lived) -> None:
    assert lived.spent == lived.charged == lived.planned


def test_f14_the_tables_are_those_of_an_undisturbed_run(lived: Lived) -> None:
    assert lived.rows == lived.undisturbed


def test_f14_the_key_is_in_nothing_that_a_command_printed(lived: Lived) -> None:
    assert "HTTP 4" in lived.printed
    assert KEY not in lived.printed
