"""`tipoff features build`: the store is filled for a span of days, and again only where something new may reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faults.command import tipoff
from features.raw_rows import Raw, fill


@pytest.fixture(scope="module")
def folder(league: Raw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("built")
    (found / "data").mkdir()
    fill(found / "data" / "warehouse.duckdb", league)
    return found


def test_it_says_what_was_built_and_what_was_up_to_date(folder: Path) -> None:
    span = ("features", "build", "--start", "2025-12-01", "--end", "2025-12-03", "--data-dir", folder / "data")
    first = json.loads(tipoff(*span, "--json").stdout)
    assert first["rows"] > 50
    assert first | {"rows": 0} == {"start": "2025-12-01", "end": "2025-12-03", "as_of": None, "built": 4, "up_to_date": 0, "rows": 0}
    assert tipoff(*span).stdout == "2025-12-01 to 2025-12-03, as of each tip: 0 games built with 0 rows, 4 games up to date.\n"
    forced = json.loads(tipoff(*span, "--force", "--json").stdout)
    assert (forced["built"], forced["rows"]) == (4, first["rows"])


def test_a_moment_makes_rows_of_its_own(folder: Path) -> None:
    """By then the game that was called off in the evening was still on."""
    night = ("--start", "2025-12-06", "--end", "2025-12-06", "--as-of", "2025-12-06T20:00Z")
    done = tipoff("features", "build", *night, "--data-dir", folder / "data")
    assert "as of 2025-12-06 20:00Z: 4 games built with" in done.stdout


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (("--start", "2020-01-01", "--end", "2020-01-02"), "No game from 2020-01-01 to 2020-01-02 is known"),
        (("--start", "2025-12-02", "--end", "2025-12-01"), "there is no day"),
        (("--start", "2025-12-01", "--end", "2025-12-01", "--as-of", "2025-12-01T20:00"), "no time zone"),
    ],
)
def test_an_error_names_what_is_wrong_and_the_next_thing_to_do(folder: Path, span: tuple[str, ...], told: str) -> None:
    done = tipoff("features", "build", *span, "--data-dir", folder / "data", expect=4)
    assert told in done.stderr
    assert "->" in done.stderr
