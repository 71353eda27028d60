"""`tipoff messages` as a script would use it: what it hands in, what it is told, and what it exits with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import commands
from flow.message_house import message

WHOLE = message(status="no_data", record_count=0).to_json()
"""News that nothing follows from."""


def tipoff(*arguments: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return commands.run(*arguments, cwd=cwd, given=given)


def listed(cwd: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tipoff("messages", "list", "--json", cwd=cwd).stdout)
    return found


def test_before_there_are_any_the_list_says_so(tmp_path: Path) -> None:
    done = tipoff("messages", "list", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "No dead letters, and nothing waits.\n")
    assert listed(tmp_path) == {"dead_letters": [], "undelivered": []}


def test_a_whole_message_is_taken_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    (tmp_path / "message.json").write_text(WHOLE, encoding="utf-8")
    assert tipoff("messages", "send", "message.json", cwd=tmp_path).stdout == "Taken.\n"
    assert json.loads(tipoff("messages", "send", "-", "--json", cwd=tmp_path, given=WHOLE).stdout) == {"taken": True, "dead_letter": None}
    assert listed(tmp_path)["dead_letters"] == []


def test_what_is_refused_is_told_with_the_fields_path_kept_shown_and_replayed(tmp_path: Path) -> None:
    broken = WHOLE.replace('"status"', '"staus"')
    done = tipoff("messages", "send", "-", cwd=tmp_path, given=broken)
    assert (done.returncode, done.stdout) == (4, "")
    assert "status: is missing; staus: is no field of it (is status meant?)" in done.stderr
    (letter,) = listed(tmp_path)["dead_letters"]
    assert (letter["body"], letter["origin"], letter["count"]) == (broken, "standard input", 1)
    assert letter["letter_id"] in tipoff("messages", "list", cwd=tmp_path).stdout
    again = tipoff("messages", "replay", letter["letter_id"][:8], "--json", cwd=tmp_path)
    assert (again.returncode, json.loads(again.stdout)["taken"]) == (4, 0)
    status = tipoff("status", cwd=tmp_path)
    assert "1 dead letters wait" in status.stdout
    assert "status: is missing" in status.stdout
    (shown,) = json.loads(tipoff("status", "--json", cwd=tmp_path).stdout)["dead_letters"]
    assert shown["count"] == 2


def test_replaying_nothing_is_fine(tmp_path: Path) -> None:
    done = tipoff("messages", "replay", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "0 taken, 0 left.\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("replay", "nobody"), "Dead letter 'nobody' is none that is open.", id="a letter that nobody knows"),
        pytest.param(("send", "nowhere.json"), "nowhere.json cannot be read: No such file or directory.", id="a file that is not there"),
    ],
)
def test_an_error_names_what_is_wrong_and_the_next_thing_to_do(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = tipoff("messages", *arguments, cwd=tmp_path)
    assert (done.returncode, told in done.stderr, "->" in done.stderr) == (4, True, True), done.stderr
