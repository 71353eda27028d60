"""The pages about research are the truth: recipes run, the index repeats its reports, and the reports are what the archive answers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.raw_rows import fill
from research.planted import season
from tipoff.load.imports import import_file, plan
from tipoff.research.questions import QUESTIONS, research
from tipoff.research.report import write
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket

ROOT = Path(__file__).parents[2]
FINDINGS, PAGE = ROOT / "docs" / "findings", ROOT / "docs" / "research.md"
REPORTS = sorted(path.name for path in FINDINGS.glob("*-20*.md"))
ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "archive"
FIRST, LAST = date(2024, 1, 29), date(2024, 6, 17)
FILES = {
    "games": date(2022, 10, 1),
    "player_box": date(2022, 10, 1),
    "props_points_rotowire_dhiren": FIRST,
    "props_points_oddsapi_btam": FIRST,
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return fill(tmp_path_factory.mktemp("recipes") / "warehouse.duckdb", season(days=3))


@pytest.mark.parametrize("recipe", re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
def test_every_recipe_of_the_page_runs(small: DuckDBWarehouse, recipe: str) -> None:
    assert small.query(recipe).num_columns > 1


def test_the_page_tells_of_every_question_and_of_its_system() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(told) == set(QUESTIONS)
    assert {name for name, of_system in told.items() if of_system.strip()} == {name for name, one in QUESTIONS.items() if one.of_system}


@pytest.mark.parametrize("name", REPORTS)
def test_the_index_repeats_each_report_with_its_command_and_sentence(name: str) -> None:
    report, index = ((FINDINGS / one).read_text(encoding="utf-8") for one in (name, "README.md"))
    command, told = re.search(r"^`(tipoff .*)`$", report, re.MULTILINE), re.search(r"^\*\*(.*)\*\*$", report, re.MULTILINE)
    assert command is not None
    assert told is not None
    assert f"    {command[1]} --report docs/findings/{name}\n" in index
    assert f"]({name}) | {told[1]} |" in index
    assert (FINDINGS / name).with_suffix(".svg").is_file()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """The sets of 2024, with the games and box scores that they rest on."""
    if not ARCHIVE.is_dir():
        pytest.skip(f"the real archive is not at {ARCHIVE}")
    folder = tmp_path_factory.mktemp("real")
    paths = []
    for name, since in FILES.items():
        rows = pq.read_table(ARCHIVE / f"{name}.parquet")
        day = rows.column("game_date")
        paths.append(folder / f"{name}.parquet")
        pq.write_table(rows.filter(pc.and_(pc.greater_equal(day, since), pc.less_equal(day, LAST))), paths[-1])
    warehouse, vault = DuckDBWarehouse(folder / "warehouse.duckdb"), Vault(open_bucket((folder / "bucket").as_uri()))
    for path, mapping in plan(paths):
        seen_at = datetime(2025, 12, 1, tzinfo=UTC)
        assert import_file(warehouse, vault, path, mapping, league="nba", level_points=4.0, run_id="real", seen_at=seen_at).rows > 0
    return warehouse


@pytest.mark.parametrize("question", ["movement", "closing-value", "disagreement", "juice", "books", "rest", "tiers"])
def test_a_report_is_what_the_archive_answers(real: DuckDBWarehouse, question: str, tmp_path: Path) -> None:
    with real.reading() as work:
        answer = research(work, question, FIRST, LAST)
    write(answer, tmp_path / f"{question}-2024.md")
    for suffix in (".md", ".svg"):
        ours, kept = (folder / f"{question}-2024{suffix}" for folder in (tmp_path, FINDINGS))
        assert ours.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")
