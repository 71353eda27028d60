"""`tipoff research`: a question put to the record, and its answer by rule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, settings_of


def research(
    question: Annotated[
        str, typer.Argument(help="disagreement, sharp-soft, juice, movement, closing-value, books, rest or tiers.", metavar="QUESTION")
    ],
    start: Annotated[str, typer.Option("--start", help="First game day (New York).", metavar="DATE")],
    end: Annotated[str, typer.Option("--end", help="Last game day.", metavar="DATE")],
    system: Annotated[str | None, typer.Option("--system", help="Ask it of this system's graded predictions.", metavar="ID")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write it to this file: .md with a picture beside it, or .html.", show_default=False)
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish it, for the page of reports.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """What the record says: groups with N and interval, comparisons corrected for their number, and one sentence that follows by rule."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.publish.documents import league_named
    from tipoff.publish.reports import publish_finding
    from tipoff.research.questions import research as ask
    from tipoff.research.report import COMPARISON_COLUMNS, GROUP_COLUMNS, about_correction, command, comparison_cells, group_cells, write
    from tipoff.store import open_warehouse
    from tipoff.store.payloads import open_bucket

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    with open_warehouse(settings).reading() as work, busy(json, "ask the record"):
        found = ask(work, question, resolve_date(start, clock), resolve_date(end, clock), system)
        league = league_named(work.league())
    written = [str(path) for path in write(found, report)] if report else []
    if publish:
        bucket = open_bucket(settings.bucket_url)
        written += publish_finding(bucket, found.as_dict(), command(found), now=clock.now(), league=league)
    if json:
        print_json(found.as_dict() | {"report": written})
        return
    print_line(found.sentence)
    print_line()
    print_table("Comparisons", COMPARISON_COLUMNS, [comparison_cells(one) for one in found.comparisons], numeric=(1, 2, 3, 5, 6))
    print_table("Groups", GROUP_COLUMNS, [group_cells(group) for group in found.groups], numeric=(2, 3, 4))
    print_table("What it rests on", ("rows", "N"), list(found.coverage.items()), numeric=(1,))
    print_line(about_correction(found))
    for note in found.notes:
        print_line(f"- {note}")
    for path in written:
        print_line(f"Wrote {path}.")
