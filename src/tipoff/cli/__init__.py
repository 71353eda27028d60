"""The entrance: one command, `tipoff`. Each subcommand only calls what other rooms offer, and prints what they give.

Heavy libraries are imported inside the commands, so that `tipoff --help` answers at once.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Annotated

import typer

from tipoff.cli import (
    alerts,
    backfill,
    backtest,
    backup,
    books,
    capture,
    control,
    copy,
    coverage,
    days,
    doctor,
    export,
    features,
    feed,
    fleet,
    ingest,
    leakcheck,
    lines,
    look,
    messages,
    nights,
    practice,
    record,
    reference,
    repair,
    research,
    sql,
    upkeep,
)
from tipoff.cli.common import printable
from tipoff.collecting import collect_seldom
from tipoff.errors import BrokenInvariant, StorageError, TipoffError

INTERRUPTED = 130
"""How a command ends that Ctrl-C stopped: Typer makes the interruption this exit code."""

app = typer.Typer(
    name="tipoff",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"tipoff {version('tipoff')}")
        raise typer.Exit


@app.callback()
def tipoff(
    version: Annotated[
        bool, typer.Option("--version", help="Which version this is.", callback=_tell_version, is_eager=True, show_default=False)
    ] = False,
) -> None:
    """NBA player points against the sportsbooks' lines: scrape, load, features, models, picks, grades."""


for command in (
    nights.demo,
    nights.night,
    nights.grade,
    nights.train,
    backtest.backtest,
    backtest.backtests,
    record.record,
    fleet.fleet,
    fleet.promote,
    fleet.retire,
    fleet.rollback,
    control.up,
    control.start,
    control.reset,
    control.process_date,
    control.publish,
    ingest.import_,
    ingest.load,
    capture.scrape,
    capture.plan,
    days.day,
    capture.worker,
    capture.sweep,
    backfill.backfill,
    alerts.halt,
    alerts.resume,
    coverage.coverage,
    books.books,
    lines.summarise,
    leakcheck.leakcheck,
    research.research,
    sql.sql,
    look.status,
    doctor.doctor,
    look.serve,
    look.tables,
    feed.feed,
    look.schemas,
    reference.reference,
    backup.backup,
    backup.restore,
    copy.copy,
    upkeep.rebuild,
    upkeep.maintain,
    look.config,
    look.screenshot,
):
    app.command(name=command.__name__.rstrip("_").replace("_", "-"))(command)
app.add_typer(alerts.alerts)
app.add_typer(export.export)
app.add_typer(features.features)
app.add_typer(messages.messages)
app.add_typer(practice.practice)
app.add_typer(repair.quarantine)
app.add_typer(repair.names)


def main() -> None:
    """Run a command. An error that Tipoff raises on purpose is told in two lines, and ends with its own exit code; any other is a defect of
    ours, and told whole, but for a file of the user's that cannot be had."""
    # A file that is waited for a moment is no news.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    collect_seldom()
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stderr.write("Stopped. What was committed stays; run the command again to go on.\n")
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, a script must tell it from a leak that was found
        told = _told(error)
        sys.stderr.write(f"{type(told).__name__}: {printable(told.message)}\n")
        if told.hint:
            sys.stderr.write(f"  -> {printable(told.hint)}\n")
        sys.exit(told.exit_code)


def _told(error: Exception) -> TipoffError:
    """An error as it is told. One that nobody foresaw leaves its traceback first."""
    if isinstance(error, TipoffError):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        return StorageError(f"{error.filename}: {error.strerror}.", hint="Is it there, may it be read or written, and is there room?")
    traceback.print_exc()
    return BrokenInvariant(f"{type(error).__name__}: {error}", hint="This is a defect of Tipoff: report it, with the lines above.")
