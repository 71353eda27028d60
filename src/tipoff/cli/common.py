"""What the commands share: their common options, and how figures are printed for people or as JSON."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tipoff.config import Settings
    from tipoff.features.quality import RunMode
    from tipoff.grade.run import SystemRecord

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where everything is kept (default: tipoff-data).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
RunModeOption = Annotated[str, typer.Option("--run-mode", help="Gate: first, retry, final_retry, last_call, backfill …")]


def settings_of(data_dir: Path | None, **given: Any) -> Settings:
    """The settings in force for a command."""
    from tipoff.config import load_settings

    return load_settings(data_dir=data_dir, **given)


def run_mode_called(name: str) -> RunMode:
    """The run mode of this name. Raises BadInput for an unknown one."""
    from tipoff.errors import BadInput
    from tipoff.features.quality import MIN_SCORE

    for mode in MIN_SCORE:
        if mode == name:
            return mode
    raise BadInput(f"{name!r} is no run mode.", hint=f"There are {', '.join(MIN_SCORE)}.")


def print_json(value: Any) -> None:
    """One JSON document on standard output. What is no number is null there: JSON has no word for it."""
    try:
        text = json.dumps(value, indent=2, default=_plain, allow_nan=False)
    except ValueError:
        text = json.dumps(_numbers_alone(value), indent=2, default=_plain, allow_nan=False)
    sys.stdout.write(text + "\n")


def _numbers_alone(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _numbers_alone(part) for key, part in value.items()}
    return [_numbers_alone(part) for part in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime | Path):
        return value.isoformat() if not isinstance(value, Path) else str(value)
    return str(value)


_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text for a terminal, whose words may come from outside: what would move the cursor, hide, or turn the line round is escaped."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def print_line(text: str = "") -> None:
    """A line for people."""
    _console().print(printable(text), markup=False, highlight=False, soft_wrap=True)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, numeric: Sequence[int] = (), tight: bool = False
) -> None:
    """A table for people; `numeric` columns stand to the right; a `tight` one has one space between columns."""
    from rich import box
    from rich.table import Table

    table = Table(title=printable(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0 if tight else 1))
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    _console().print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value))


def _console() -> Any:
    from rich.console import Console

    # What stands in a cell comes from outside: brackets in it are text, and no markup.
    return Console(width=None if sys.stdout.isatty() else 140, markup=False, emoji=False)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, int | None], Callable[[int], None]]]:
    """Progress bars on standard error: call it with a step's name and its number of parts, and what it gives with parts done."""
    if quiet or not sys.stderr.isatty():
        yield lambda _name, _parts: lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        *(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn()),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        current: list[Any] = []

        def announce(name: str, parts: int | None) -> Callable[[int], None]:
            for task in current:
                bars.remove_task(task)
            current[:] = [bars.add_task(name, total=parts)]
            task = current[0]
            return lambda done: bars.advance(task, done)

        yield announce


@contextmanager
def busy(quiet: bool, what: str) -> Iterator[None]:
    """A sign of life on standard error, with the time that has gone, while something is done whose parts are not known."""
    with progress(quiet) as announce:
        announce(what, None)
        yield


def print_records(title: str, records: Sequence[SystemRecord]) -> None:
    """How each system fared: every rate with its N and 95 % interval, every error beside the line's on the same rows."""
    rows = []
    for record in records:
        rate = record.hit_rate
        interval = f"{rate.rate:.1%} [{rate.low:.1%}, {rate.high:.1%}]" if rate.n and rate.rate is not None else "-"
        rows.append(
            (
                record.system_id,
                record.predictions,
                f"{record.won}-{record.lost}-{record.push}",
                record.void,
                rate.n,
                interval,
                f"{record.units:+.2f}",
                record.n_lined,
                record.mae_lined,
                record.line_mae,
                record.shifted_line_mae,
            )
        )
    columns = (
        "system",
        "predictions",
        "W-L-P",
        "void",
        "N",
        "hit rate, 95 % interval",
        "units",
        "N lined",
        "MAE",
        "line's",
        "shifted line's",
    )
    print_table(title, columns, rows, numeric=(1, 3, 4, 6, 7, 8, 9, 10))
