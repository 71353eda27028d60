"""`tipoff summarise`: the line summary over past days is what each game's own would be, and again changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from faults.command import tipoff
from features.raw_rows import Raw, fill
from tipoff.analyze.slate import games_as_of
from tipoff.market.summary import line_summary
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.schema import WRITTEN_NAMES

SUMMARY = "analytics.player_line_summary"
SPAN = ("summarise", "--start", "2025-11-01", "--end", "2025-12-03")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(league: Raw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("summed") / "data"
    found.mkdir()
    fill(found / "warehouse.duckdb", league)
    return found


def rows_of(folder: Path) -> list[Row]:
    rows = DuckDBWarehouse(folder / "warehouse.duckdb").read(SUMMARY).to_pylist()
    return sorted(
        ({name: row[name] for name in row if name not in WRITTEN_NAMES} for row in rows), key=lambda row: str(sorted(row.items(), key=str))
    )


def test_each_game_has_the_rows_that_it_would_have_alone(folder: Path) -> None:
    told = json.loads(tipoff(*SPAN, "--data-dir", folder, "--json").stdout)
    rows = rows_of(folder)
    assert told == {"start": "2025-11-01", "end": "2025-12-03", "before_minutes": 0, "rows": len(rows), "inserted": len(rows), "updated": 0}
    games = sorted({row["game_id"] for row in rows})
    assert len(games) > 10
    with DuckDBWarehouse(folder / "warehouse.duckdb").reading() as work:
        for game in games[::7]:
            alone = line_summary(work, games_as_of(work, [game], None)).to_pylist()
            mine = {row["player_lookup"]: row for row in rows if row["game_id"] == game}
            assert {row["player_lookup"] for row in alone} == mine.keys()
            for row in alone:
                for name in ("as_of", "consensus_line", "book_count", "closing_line", "best_over_price", "pulled_books", "steam_books"):
                    assert mine[row["player_lookup"]][name] == row[name]


def test_again_leaves_the_same_and_another_moment_has_rows_of_its_own(folder: Path) -> None:
    tipoff(*SPAN, "--data-dir", folder)
    stood = rows_of(folder)
    assert json.loads(tipoff(*SPAN, "--data-dir", folder, "--json").stdout)["inserted"] == 0
    assert rows_of(folder) == stood
    done = tipoff(*SPAN, "--before", "60", "--data-dir", folder)
    assert "as of 60 minutes before the tip" in done.stdout
    found = rows_of(folder)
    assert [row for row in found if row in stood] == stood
    assert len(found) > len(stood)
    assert all(row["closing_line"] is None for row in found if row not in stood)


def test_a_span_the_wrong_way_round_is_refused(folder: Path) -> None:
    done = tipoff("summarise", "--start", "2025-12-03", "--end", "2025-11-01", "--data-dir", folder, expect=4)
    assert "ends before it begins" in done.stderr
    assert "->" in done.stderr
