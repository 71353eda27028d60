"""Commands that hand out: `export documents` (or just `export DATE`), `export parquet`."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperGroup

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, settings_of
from tipoff.cli.control import Date, Documents, publish


class _OfADate(TyperGroup):
    """`tipoff export 2025-11-05` exports the documents of that date: so the API's call is named."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # Typer brings its own click
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["documents", *args]
        return super().parse_args(ctx, args)


export = typer.Typer(name="export", cls=_OfADate, help="A date's documents; or tables as Parquet, for other engines.", no_args_is_help=True)


@export.command()
def documents(day: Date, documents: Documents = None, data_dir: DataDir = None, json: AsJson = False) -> None:
    """The same as `publish`, by the name of the API's call."""
    publish(day, documents, data_dir, json)


@export.command()
def parquet(
    dest: Annotated[str, typer.Argument(metavar="DEST", help="A folder, or s3://bucket/prefix or gs://bucket/prefix.")],
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table, such as raw.player_box; may be repeated.")] = None,
    dataset: Annotated[list[str] | None, typer.Option("--dataset", help="Only this dataset, such as raw; may be repeated.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only game days from this one on; tables without one whole.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Tables as Parquet for Spark, Trino, Snowflake or DuckDB, a folder for each game day; run again, it replaces what is there."""
    from dataclasses import asdict

    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.store import open_warehouse
    from tipoff.store.bucket import open_place, place
    from tipoff.store.parquet import export as write
    from tipoff.store.parquet import tables_of

    settings = settings_of(data_dir)
    tables = tables_of(table or [], dataset or [])
    first = resolve_date(since, clock_of(settings)) if since else None
    bucket = open_place(dest)
    with busy(json, "export"):
        written = list(write(open_warehouse(settings), bucket, tables, first))
    if json:
        print_json([asdict(one) for one in written])
        return
    rows = [(one.table, one.rows, one.files, one.bytes, one.removed) for one in written]
    print_table("Parquet", ("table", "rows", "files", "bytes", "files removed"), rows, numeric=(1, 2, 3, 4))
    print_line(f"{sum(one.rows for one in written):,} rows in {place(bucket)}.")
