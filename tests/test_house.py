"""The house itself: style, types, arrows between the rooms, and a README whose commands are the real ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "."), id="ruff finds nothing"),
        pytest.param(("ruff", "format", "--check", "."), id="the code is formatted"),
        pytest.param(("mypy",), id="mypy strict finds nothing"),
    ],
)
def test_the_code_is_clean(command: tuple[str, ...]) -> None:
    done = run(sys.executable, "-m", *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_one_way() -> None:
    done = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_names_only_commands_that_exist() -> None:
    named = set(re.findall(r"`?tipoff (?!is\b)([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    there = run(sys.executable, "-m", "tipoff", "--help").stdout
    known = set(re.findall(r"^  ([a-z]+) ", there, re.MULTILINE))
    assert named <= known, named - known
    assert {"demo", "night", "grade", "import", "load", "train", "status", "serve"} <= named


def test_ci_runs_the_very_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    marked = {line: readme[index + 1].strip() for index, line in enumerate(readme) if line.startswith("<!--")}
    assert marked["<!-- test command -->"].endswith("pytest -n 4")
    assert "tipoff demo" in marked["<!-- demo command -->"]
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_project_speaks_of_itself_alone() -> None:
    listed = run("git", "ls-files").stdout.split()
    telling = re.compile(r"/work/|\bsession of\b.*\bhelper\b|/root/|pyenv")
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".html", ".css", ".js"} and path.is_file() and path != Path(__file__):
            assert not telling.search(path.read_text(encoding="utf-8")), name
