"""The practice league stays in houses of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faults.command import tipoff
from tipoff.errors import LeagueMismatch
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket

COMMANDS = (("demo", "--no-serve"), ("practice", "season", "--days", "1"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("where", ["warehouse", "bucket"])
def test_nothing_invented_is_put_into_a_house_of_another_league(tmp_path: Path, where: str, command: tuple[str, ...]) -> None:
    """It used to train tonight's models there, for a day of its own, and to leave its documents among the payloads."""
    real = tmp_path / "real"
    real.mkdir()
    if where == "warehouse":
        with DuckDBWarehouse(real / "warehouse.duckdb").writing("earlier") as work:
            work.claim_league("nba")
    else:
        open_bucket(real.as_uri()).put("v1/tonight/latest.json", json.dumps({"league": "nba"}).encode())
    before = {path: path.read_bytes() for path in real.rglob("*") if path.is_file()}
    places = {"warehouse": {"TIPOFF_WAREHOUSE": f"duckdb://{real / 'warehouse.duckdb'}"}, "bucket": {"TIPOFF_BUCKET": real.as_uri()}}
    told = tipoff(*command, "--data-dir", tmp_path / "own", environment=places[where], expect=LeagueMismatch.exit_code)
    assert f"{real}" in told.stderr
    assert "->" in told.stderr
    assert {path: path.read_bytes() for path in real.rglob("*") if path.is_file()} == before
