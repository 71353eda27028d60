"""Commands that ask for work: one that finds no worker works itself; one that finds one asks him."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.test_commands import tipoff
from tipoff.clock import SystemClock
from tipoff.flow.engine import Queue, running_engine
from tipoff.flow.house import open_house
from tipoff.flow.processes import WORKERS
from web.controlled import NIGHT, settings_in, with_fleet

DAY = NIGHT.isoformat()
Told = Callable[..., Any]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Run a command on a data directory in which the night can be predicted, and give its JSON; or its exit code and what it said."""
    with_fleet(tmp_path / "data")

    def run(*arguments: str) -> Any:
        done = tipoff(*arguments, "--data-dir", "data", "--json", cwd=tmp_path, TIPOFF_LEAGUE="practice")
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout) if done.returncode == 0 else (done.returncode, done.stderr)

    return run


def test_without_a_worker_a_command_does_the_work_itself(told: Told) -> None:
    begun = told("start", DAY, "--run-mode", "backfill", "--systems", "moving_average")
    assert (begun["state"], begun["batch_id"], begun["fresh"]) == ("complete", f"slate-{DAY}-1", True)
    assert begun["systems"]["moving_average"]["predicted"] > 0
    code, said = told("start", DAY, "--run-mode", "backfill", "--systems", "moving_average")
    assert (code, "nothing is new" in said, "force" in said) == (13, True, True)
    status = told("status", "--date", DAY)
    assert {"fresh", "expected"} == begun.keys() - status["slate"].keys()
    assert status["slate"] == told("status", "--batch", f"slate-{DAY}-1")
    assert told("process-date", DAY, "--processors", "load,features")["up_to_date"] == ["load", "features"]
    assert told("export", DAY, "--documents", "tonight,status")["state"] == "complete"
    assert told("reset", DAY) == {"game_date": DAY, "ended": []}


def test_with_a_worker_alive_a_command_only_asks(told: Told, tmp_path: Path) -> None:
    with open_house(settings_in(tmp_path / "data"), SystemClock()) as house, running_engine(house, {Queue("of_no_work"): ()}):
        with house.state.transaction() as connection:
            connection.execute(sa.update(WORKERS).values(queues=None))  # one that does not say what he takes
        begun = told("start", DAY, "--run-mode", "backfill")
        assert (begun["state"], begun["fresh"], begun["expected"]["games"]) == ("waiting", True, 8)
        again = told("start", DAY, "--run-mode", "backfill")
        assert (again["batch_id"], again["fresh"]) == (begun["batch_id"], False)
        assert told("reset", DAY) == {"game_date": DAY, "ended": [begun["batch_id"]]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("start", DAY), 13, "has begun", id="a date of the past"),
        pytest.param(("process-date", DAY, "--processors", "everything"), 4, "No processor", id="an unknown processor"),
        pytest.param(("export", DAY, "--documents", "secrets"), 4, "No document", id="an unknown document"),
        pytest.param(("status", "--batch", f"slate-{DAY}-1", "--date", DAY), 4, "either", id="a date and a batch"),
    ],
)
def test_an_error_says_what_to_do_next(told: Told, arguments: tuple[str, ...], code: int, said: str) -> None:
    found = told(*arguments)
    assert found[0] == code, found
    assert said in found[1]
    assert "->" in found[1]
