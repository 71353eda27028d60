"""The command line and the control API offer the same: every call has its command, and every field its option."""

from __future__ import annotations

import inspect
from itertools import takewhile
from typing import Any

import pytest
from pydantic import BaseModel

from tipoff.cli import app
from tipoff.web import asked
from tipoff.web.reference import TWINS

# A field is called by its parameter's name in the command, but for these: what a person gives first, or the shell's habits.
RENAMED = {
    "game_date": "day",
    "analysis_date": "day",
    "start_date": "first",
    "end_date": "last",
    "model_id": "model",
    "backtest_id": "backtest",
    "batch_id": "batch",
    "letters": "ids",
}
OF_THE_COMMAND_LINE = {"data_dir", "json", "wait"}
"""What only a command has: where everything is, how it prints, whether it waits."""


def _commands() -> dict[str, Any]:
    own = {command.name: command.callback for command in app.registered_commands if command.name}
    groups = [group.typer_instance for group in app.registered_groups if group.typer_instance is not None]
    return own | {
        f"{group.info.name} {command.name or getattr(command.callback, '__name__', '')}": command.callback
        for group in groups
        for command in group.registered_commands
    }


def _command(path: str) -> Any:
    """The command that a call's twin names."""
    words = takewhile(lambda word: word.islower() and word[0] != "-", TWINS[path].split()[1:])
    return _commands()[" ".join(words)]


def _fields(shape: type[BaseModel], *, required: bool = False) -> set[str]:
    fields = shape.model_fields.items()
    return {RENAMED.get(name, name) for name, field in fields if field.is_required() or not required}


CALLS: dict[str, type[BaseModel]] = {
    "/start": asked.StartRequest,
    "/reset": asked.ResetRequest,
    "/process-date": asked.ProcessDateRequest,
    "/export": asked.ExportRequest,
    "/grade": asked.GradeRequest,
    "/backfill": asked.BackfillRequest,
    "/train": asked.TrainRequest,
    "/promote": asked.PromoteRequest,
    "/rollback": asked.RollbackRequest,
    "/replay": asked.ReplayRequest,
}


def test_every_shape_of_a_request_belongs_to_a_call() -> None:
    shapes = {shape for name, shape in vars(asked).items() if name.endswith("Request")}
    assert shapes == set(CALLS.values())
    assert set(TWINS) == {*CALLS, "/status"}


@pytest.mark.parametrize("path", CALLS)
def test_a_call_and_its_command_take_the_same(path: str) -> None:
    command = _command(path)
    parameters = set(inspect.signature(command).parameters) - OF_THE_COMMAND_LINE
    assert parameters == _fields(CALLS[path])


@pytest.mark.parametrize("path", CALLS)
def test_what_may_be_left_out_of_a_call_may_be_left_out_of_its_command(path: str) -> None:
    command = _command(path)
    parameters = inspect.signature(command).parameters
    optional = {name for name, parameter in parameters.items() if parameter.default is not inspect.Parameter.empty}
    assert set(parameters) - optional == _fields(CALLS[path], required=True)


def test_status_is_asked_by_date_or_batch_on_both_sides() -> None:
    assert {"day", "batch"} <= set(inspect.signature(_commands()["status"]).parameters)


@pytest.mark.parametrize(("path", "twin"), TWINS.items())
def test_the_page_of_the_api_names_a_command_that_exists(path: str, twin: str) -> None:
    assert twin.split()[:1] == ["tipoff"]
    assert callable(_command(path))
    assert path.removeprefix("/") in twin.split()[1:3]
