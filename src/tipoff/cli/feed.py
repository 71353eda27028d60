"""The command `feed`: rows of any table, filtered, as CSV or Parquet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tipoff.cli.common import DataDir, print_line, settings_of


def feed(
    table: Annotated[str, typer.Argument(help="A table, such as predictions.prediction_accuracy; `tipoff tables` lists them.")],
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="A condition, such as game_date>=2025-11-01 or system_id=ridge,ensemble; several must all hold."),
    ] = None,
    columns: Annotated[str | None, typer.Option("--columns", help="Only these, comma-separated.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As known at this instant, UTC: of each fact one version.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="So many rows at most.")] = None,
    kind: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file to write; default: standard output.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Rows of a table, as CSV or Parquet, in order of its key."""
    from tipoff.cli.control import names
    from tipoff.clock import parse_instant
    from tipoff.errors import BadInput
    from tipoff.publish.feeds import FORMATS, write_feed
    from tipoff.publish.feeds import feed as rows_of
    from tipoff.store import open_warehouse

    chosen = next((one for one in FORMATS if one == kind), None)
    if chosen is None:
        raise BadInput(f"{kind!r} is no format.", hint=f"There are {' and '.join(FORMATS)}.")
    if output is None and chosen == "parquet" and sys.stdout.isatty():
        raise BadInput("Parquet is nothing to read on a screen.", hint="Give -o FILE.")
    moment = parse_instant(as_of) if as_of else None
    with open_warehouse(settings_of(data_dir)).reading() as work:
        rows = rows_of(work, table, where or (), names(columns) or (), moment, limit)
    if output is None:
        write_feed(rows, sys.stdout.buffer, chosen)
        return
    write_feed(rows, output, chosen)
    print_line(f"Wrote {rows.num_rows:,} rows to {output}.")
