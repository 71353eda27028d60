"""The benchmarks run in little, and their table says what is reached and what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*given: str) -> str:
    """What Python prints, started at the root of the project as people do."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run((sys.executable, *given), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_row_says_its_ratio_and_whether_every_aim_is_reached() -> None:
    rows = "Row('a', 2.0, 1.5, 100.0, 'floor', 0.5, 3.0, 200.0), Row('b', 4.0, aim=3.0), "
    rows += "Row('c', 1.0, mib=300.0, aim=3.0, mib_aim=200.0), Row('d', 1.0)"
    lines = run("-c", f"from bench.rows import Row, table; print(table([{rows}]))").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2] == ["a", "2.00", "1.50", "100 MiB", "floor", "0.500", "4.00", "3 s, 200 MiB", "yes"]
    assert [row[-1] for row in cells[3:]] == ["**no**", "**no**", ""]
    assert {len(row) for row in cells} == {9}


def test_quotes_in_little_are_measured_beside_the_peer_in_processes_of_their_own(tmp_path: Path) -> None:
    asked = f"rows(Path({str(tmp_path)!r}), 1, (20_000,), ())"
    told = run("-c", f"from pathlib import Path\nfrom bench.quotes import rows\nfrom bench.rows import table\nprint(table(list({asked})))")
    first, again = told.splitlines()[2:]
    assert first.startswith("| tonight's market of 20,000 quotes, DuckDB: first time |")
    assert again.startswith("| tonight's market of 20,000 quotes, DuckDB: again |")
    assert all("newest by ROW_NUMBER" in line for line in (first, again))


def test_what_is_no_section_is_refused() -> None:
    done = subprocess.run((sys.executable, "-m", "bench", "nothing"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'nothing' is no section; there are night, quotes" in done.stderr
