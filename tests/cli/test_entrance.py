"""How a command ends that nobody foresaw, and what of the outside reaches a terminal or a program."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tipoff.cli.common import print_json, print_line, print_table

PROGRAM = """
import os, signal, sys
from tipoff import cli
ends = {"interrupted": lambda: os.kill(os.getpid(), signal.SIGINT), "defect": lambda: 1 / 0, "file": lambda: open("no/such/file")}
cli.app.command("ends")(lambda: ends[HOW]())
sys.argv = ["tipoff", "ends"]
cli.main()
"""


@pytest.mark.parametrize(
    ("how", "code", "told", "traceback"),
    [
        pytest.param("interrupted", 130, "Stopped. What was committed stays", False, id="Ctrl-C"),
        pytest.param(
            "defect", 70, "BrokenInvariant: ZeroDivisionError: division by zero\n  -> ", True, id="a defect is no leak that was found"
        ),
        pytest.param("file", 11, "StorageError: no/such/file: No such file or directory.\n  -> ", False, id="a file of the user's"),
    ],
)
def test_what_no_command_foresees_ends_with_a_code_and_words_of_its_own(how: str, code: int, told: str, traceback: bool) -> None:
    done = subprocess.run((sys.executable, "-c", f"HOW = {how!r}\n{PROGRAM}"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert ("Traceback" in done.stderr) == traceback


def test_what_is_no_number_is_null_in_json_which_has_no_word_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"mae": float("nan"), "rows": [(1.5, float("-inf")), "NaN"]})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"mae": None, "rows": [[1.5, None], "NaN"]}


def test_words_from_outside_neither_move_the_cursor_nor_turn_the_line_round(capsys: pytest.CaptureFixture[str]) -> None:
    name = "Luka\x1b[2J\x9b1mDončić\u202e"
    print_line(f"{name}, 52.4\u202f%\nand\ta second line")
    print_table(name, ("name",), [(name,)])
    told = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)
    assert told.count("Luka\\x1b[2J\\x9b1mDončić\\u202e") == 3
    assert "52.4\u202f%\nand" in told
