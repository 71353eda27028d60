"""Commands about what is wrong, as an operator uses them: `alerts`, `alerts test`, `halt`, `resume`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.test_commands import tipoff
from flow.sinks import web

WHY = "the injury feed is wrong"


def test_a_halt_is_told_by_status_alerts_and_the_published_status_until_it_is_lifted(tmp_path: Path) -> None:
    def reason() -> str | None:
        found: str | None = json.loads((tmp_path / "tipoff-data/v1/status.json").read_bytes())["halt"]["reason"]
        return found

    halted = tipoff("halt", "--reason", WHY, "--by", "ann", cwd=tmp_path)
    assert halted.returncode == 0, halted.stderr
    assert f"Halted: by_hand: {WHY}" in halted.stdout
    assert reason() == f"by_hand: {WHY}"
    [alert] = json.loads(tipoff("alerts", "--json", cwd=tmp_path).stdout)
    assert (alert["severity"], alert["text"]) == ("warning", f"Halted by ann, by_hand: {WHY}")
    assert alert in json.loads(tipoff("status", "--json", cwd=tmp_path).stdout)["alerts"]
    lifted = tipoff("resume", "--json", cwd=tmp_path)
    assert [halt["reason"] for halt in json.loads(lifted.stdout)["halts"]] == [WHY]
    assert reason() is None
    assert json.loads(tipoff("alerts", "--json", cwd=tmp_path).stdout) == []
    [over] = json.loads(tipoff("alerts", "--all", "--json", cwd=tmp_path).stdout)
    assert over["recovered_at"] is not None
    assert "Nothing was halted." in tipoff("resume", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("halt", "--reason", " "), "A halt has a reason"),
        (("halt", "--reason", WHY, "--until", "soon"), "neither an instant nor a date"),
        (("halt", "--reason", WHY, "--until", "2020-01-01"), "is past"),
        (("halt", "--reason", WHY, "--date", "someday"), "is not a date"),
    ],
)
def test_a_halt_that_cannot_be_is_refused_and_halts_nothing(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = tipoff(*arguments, cwd=tmp_path)
    assert (done.returncode, told in done.stderr) == (4, True), done.stderr
    assert json.loads(tipoff("alerts", "--all", "--json", cwd=tmp_path).stdout) == []


def test_alerts_test_says_which_channel_took_it_and_which_did_not(tmp_path: Path) -> None:
    with web() as hook, web() as chat:
        chat.status = 404
        addresses = {"TIPOFF_ALERT_WEBHOOK_URL": f"{hook.url}/T0KEN", "TIPOFF_ALERT_CHAT_URL": f"{chat.url}/T0KEN"}
        done = tipoff("alerts", "test", "--json", cwd=tmp_path, **addresses)
    assert done.returncode == 7
    assert json.loads(done.stdout) == {
        "log": None,
        "webhook": None,
        "chat": "The chat refused it: HTTP 404. Is its address right, and still in force?",
    }
    assert (len(hook.posts), len(chat.posts)) == (1, 1)
    assert "Not told: chat." in done.stderr
    assert "T0KEN" not in done.stdout + done.stderr


def test_with_nothing_set_alerts_test_tells_the_log_and_names_the_settings(tmp_path: Path) -> None:
    done = tipoff("alerts", "test", cwd=tmp_path)
    assert done.returncode == 0
    assert "alert_webhook_url" in done.stdout
    assert "Nothing alerts." in tipoff("alerts", cwd=tmp_path).stdout
