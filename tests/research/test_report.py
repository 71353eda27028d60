"""The commands as a script would use them: `research` with its report and JSON, `sql` in its three forms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

import commands
from features.raw_rows import fill
from research.planted import FIRST_DAY, LAST_DAY, Planted, season
from tipoff.errors import BadInput
from tipoff.research.answers import Answer, Findings, answer, compare, mean, share
from tipoff.research.effects import effect
from tipoff.research.questions import QUESTIONS, research
from tipoff.research.report import markdown, page, picture, write
from tipoff.store.duckdb import DuckDBWarehouse

SPAN = ("--start", FIRST_DAY.isoformat(), "--end", LAST_DAY.isoformat())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    fill(folder / "tipoff-data" / "warehouse.duckdb", season(Planted(moved=True)))
    return folder


@pytest.fixture(scope="module")
def moved(house: Path) -> Answer:
    with DuckDBWarehouse(house / "tipoff-data" / "warehouse.duckdb").reading() as work:
        return research(work, "movement", FIRST_DAY, LAST_DAY)


def tipoff(*arguments: str, cwd: Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return commands.run(*arguments, cwd=cwd, given=given or "")


def test_the_command_prints_the_sentence_first_and_each_figure_with_its_n(house: Path, moved: Answer) -> None:
    done = tipoff("research", "movement", *SPAN, cwd=house)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == moved.sentence
    assert {"N", "corrected p", "95 % interval"} <= {cell.strip() for cell in done.stdout.replace("  ", "|").split("|")}


def test_the_json_is_the_answer_and_says_which_comparisons_hold(house: Path, moved: Answer) -> None:
    told = json.loads(tipoff("research", "movement", *SPAN, "--json", cwd=house).stdout)
    assert told["sentence"] == moved.sentence
    assert told["report"] == []
    assert [(one["name"], one["n"], one["p_corrected"], one["holds"]) for one in told["comparisons"]] == [
        (one.name, one.n, one.p_corrected, one.holds) for one in moved.comparisons
    ]


def test_a_report_in_markdown_has_its_picture_beside_it_and_names_no_folder(house: Path, moved: Answer) -> None:
    done = tipoff("research", "movement", *SPAN, "--report", "moved.md", cwd=house)
    assert done.returncode == 0, done.stderr
    text = (house / "moved.md").read_text(encoding="utf-8")
    assert moved.sentence in text
    assert "(moved.svg)" in text
    assert f"`tipoff research movement --start {FIRST_DAY} --end {LAST_DAY}`" in text
    assert str(house) not in text
    drawn = (house / "moved.svg").read_text(encoding="utf-8")
    assert "var(" not in drawn
    assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_a_report_in_html_needs_nothing_else(moved: Answer, tmp_path: Path) -> None:
    assert write(moved, tmp_path / "moved.html") == [tmp_path / "moved.html"]
    text = (tmp_path / "moved.html").read_text(encoding="utf-8")
    assert "<svg" in text
    assert not any(word in text for word in ("<script", "src=", "href=", "url("))


def test_every_comparison_and_group_stands_in_the_report(moved: Answer) -> None:
    for text in (markdown(moved, None), page(moved)):
        for name in {one.name for one in moved.comparisons} | {group.name for group in moved.groups} | set(moved.coverage):
            assert name in text


def test_what_comes_from_data_is_escaped() -> None:
    days = list(range(40))
    evil = "<script>alert(1)</script>|x"
    found = Findings(
        "Is it?",
        "nothing",
        {evil: 1},
        [share(evil, "went over", [1.0, 0.0] * 20), mean(evil, "error", "points", days, days)],
        [compare(evil, "points", effect([0.1 * day for day in days], [day % 2 for day in days], days), evil)],
        [evil],
    )
    told = answer("books", found, date(2025, 11, 1), date(2025, 12, 10), None)
    assert "<script>" not in page(told)
    assert r"</script>\|x |" in markdown(told, None)
    assert "<script>" not in str(picture(told))


def test_an_ending_that_is_neither_and_a_folder_that_is_not_there_are_refused(moved: Answer, tmp_path: Path) -> None:
    for name in ("moved.pdf", "nowhere/moved.md"):
        with pytest.raises(BadInput):
            write(moved, tmp_path / name)


def test_without_any_interval_there_is_no_picture(moved: Answer, tmp_path: Path) -> None:
    nothing = answer("movement", Findings("What?", "nothing is there", {}), FIRST_DAY, LAST_DAY, None)
    assert write(nothing, tmp_path / "none.md") == [tmp_path / "none.md"]
    assert nothing.sentence == "Not measurable: nothing is there, n = 0."


def test_the_help_names_every_question(house: Path) -> None:
    text = " ".join(tipoff("research", "--help", cwd=house).stdout.split())
    assert all(name in text for name in QUESTIONS)


class TestSql:
    QUERY = "SELECT game_id, home, commence_time, away_score FROM raw.schedule ORDER BY game_id LIMIT 2"

    def test_rows_as_a_table_as_json_and_as_csv(self, house: Path) -> None:
        first = f"{FIRST_DAY:%Y%m%d}_BOS_NYK"
        shown = tipoff("sql", self.QUERY, cwd=house)
        assert shown.returncode == 0, shown.stderr
        assert first in shown.stdout
        assert shown.stdout.rstrip().endswith("2 rows")
        told = json.loads(tipoff("sql", self.QUERY, "--json", cwd=house).stdout)
        assert told[0] == {"game_id": first, "home": "NYK", "commence_time": f"{FIRST_DAY}T23:00:00+00:00", "away_score": None}
        lines = tipoff("sql", self.QUERY, "--csv", cwd=house).stdout.splitlines()
        assert lines[:2] == ["game_id,home,commence_time,away_score", f"{first},NYK,{FIRST_DAY}T23:00:00+00:00,"]

    def test_a_statement_from_standard_input(self, house: Path) -> None:
        assert json.loads(tipoff("sql", "--json", cwd=house, given="SELECT 1 AS n;\n").stdout) == [{"n": 1}]

    @pytest.mark.parametrize(
        "query", ["DROP TABLE raw.schedule", "COPY (SELECT 1) TO 'x.csv'", "ATTACH 'x.db'", "SELECT 1; SELECT 2", "SELECT nothing"]
    )
    def test_what_does_not_only_read_is_refused_with_the_next_thing_to_do(self, house: Path, query: str) -> None:
        done = tipoff("sql", query, cwd=house)
        assert done.returncode == 4
        assert "->" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (house / "x.csv").exists()

    def test_before_anything_is_there_it_says_where_to_begin(self, tmp_path: Path) -> None:
        done = tipoff("sql", "SELECT 1", cwd=tmp_path)
        assert done.returncode == 5
        assert "tipoff import" in done.stderr

    def test_a_prompt_answers_statement_after_statement_until_one_leaves(self, house: Path) -> None:
        ours, theirs = os.openpty()
        typed = b"SELECT 40 +\n2 AS answer;\nDROP TABLE raw.schedule;\n.tables\nexit\n"
        os.write(ours, typed)
        done = subprocess.run(
            (sys.executable, "-m", "tipoff", "sql"), cwd=house, stdin=theirs, capture_output=True, text=True, check=False, timeout=60
        )
        os.close(ours)
        os.close(theirs)
        assert done.returncode == 0, done.stderr
        assert "answer" in done.stdout
        assert "42" in done.stdout
        assert "raw.player_box" in done.stdout
        assert "DROP is not for reading" in done.stderr


def test_it_is_published_where_that_is_asked_for(house: Path, moved: Answer) -> None:
    told = json.loads(tipoff("research", "movement", *SPAN, "--publish", "--json", cwd=house).stdout)
    assert told["report"] == [f"v1/findings/movement-{FIRST_DAY}-{LAST_DAY}.json", "v1/findings/index.json"]
    published = json.loads((house / "tipoff-data" / told["report"][0]).read_text())
    assert published["about"]["sentence"] == moved.sentence
    assert [one["n"] for one in published["comparisons"]] == [one.n for one in moved.comparisons]
