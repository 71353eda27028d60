"""Commands for completion messages: `messages list|replay|send`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.flow.dead_letter_log import DeadLetter
    from tipoff.flow.engine import Desk

SHOWN = 160

messages = typer.Typer(name="messages", help="Completion messages: those that did not arrive, and handing one in.", no_args_is_help=True)


@messages.command(name="list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also dead letters that were taken since.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Dead letters, the oldest first, and what waits for a target."""
    from contextlib import closing
    from dataclasses import asdict

    from tipoff.config import clock_of
    from tipoff.flow.dead_letter_log import dead_letters
    from tipoff.flow.deliveries import undelivered
    from tipoff.flow.state import State

    settings = settings_of(data_dir)
    with closing(State(settings, clock_of(settings))) as state:
        letters, waiting = dead_letters(state, everything=everything), undelivered(state)
    if json:
        print_json({"dead_letters": [letter.as_dict() for letter in letters], "undelivered": [asdict(one) for one in waiting]})
        return
    for one in waiting:
        last = f"; the last try: {one.error}" if one.error else ""
        print_line(f"{one.waiting:,} messages wait for {one.target}, since {one.since:%Y-%m-%d %H:%M}Z{last}")
    if letters:
        _print_letters(letters)
        print_line("`tipoff messages replay [ID]` takes one, or all that wait, again once the reason is gone; `--json` shows bodies.")
    elif not waiting:
        print_line("No dead letters, and nothing waits.")


def _print_letters(letters: list[DeadLetter]) -> None:
    from tipoff.cli.repair import plain

    rows = [
        (
            letter.letter_id,
            letter.addressee,
            plain(letter.origin),
            plain(letter.reason),
            letter.count,
            f"{letter.last_at:%Y-%m-%d %H:%M}Z",
            f"{letter.replayed_at:%Y-%m-%d %H:%M}Z" if letter.replayed_at else "-",
        )
        for letter in letters
    ]
    print_table("Dead letters", ("id", "for", "from", "reason", "times", "last", "taken"), rows, numeric=(4,))


@messages.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Dead letters, by id or its beginning; default: all that wait.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Take dead letters again: received again here, or delivered again to their target. Ends with 4 where one is refused again."""
    from tipoff.flow.dead_letter_log import dead_letters
    from tipoff.flow.dead_letters import replay as take_again
    from tipoff.flow.reactions import react

    with _desk(data_dir) as desk:
        asked = len(set(ids)) if ids else len(dead_letters(desk.house.state))
        taken = take_again(desk, react, ids or None)
        left = dead_letters(desk.house.state)
    if json:
        print_json({"taken": taken, "left": [letter.as_dict() for letter in left]})
    else:
        print_line(f"{taken:,} taken, {len(left):,} left.")
        if left:
            _print_letters(left)
    if taken < asked:
        raise typer.Exit(4)


@messages.command()
def send(
    file: Annotated[str, typer.Argument(help="A file with one message as JSON, or - for standard input.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Hand in a message from a program of your own. What is refused becomes a dead letter, and this ends with 4."""
    from tipoff.cli.repair import plain
    from tipoff.errors import BadInput
    from tipoff.flow.dead_letter_log import HERE, dead_letters, letter_id
    from tipoff.flow.dead_letters import receive
    from tipoff.flow.reactions import react

    body = _body(file)
    with _desk(data_dir) as desk:
        taken = receive(desk, body, react, "standard input" if file == "-" else f"file {Path(file).name}")
        letters = [] if taken else dead_letters(desk.house.state, [letter_id(HERE, body)])
    if json:
        print_json({"taken": taken, "dead_letter": letters[0].as_dict() if letters else None})
    elif taken:
        print_line("Taken.")
    for letter in letters:
        raise BadInput(
            f"Not taken, and kept as dead letter {letter.letter_id}. {plain(letter.reason)}", hint="`tipoff messages list` shows it."
        )


def _body(file: str) -> bytes:
    from tipoff.errors import BadInput

    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", hint="Give a file with a message, or - for standard input.") from error


@contextmanager
def _desk(data_dir: Path | None) -> Iterator[Desk]:
    """What is asked for from here waits in the queues for whoever works."""
    from tipoff.config import clock_of
    from tipoff.flow.engine import open_desk
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, open_desk(house) as desk:
        yield desk
