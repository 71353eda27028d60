"""The command that measures the sportsbooks: `books`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.analyze.books import BookRecord


def books(
    until: Annotated[str, typer.Option("--until", help="Measured on the games before this New York day.", metavar="DATE")] = "TODAY",
    keep: Annotated[bool, typer.Option("--keep", help="Let the groups serve from that day on, in place of any measured for it.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Which sportsbooks are sharp: each one's closing lines against points, beside the other books' on the same players."""
    from dataclasses import asdict

    from tipoff.analyze.books import keep_groups, measure_books, measured_at
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import NotReady
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    day = resolve_date(until, clock)
    with open_house(settings, clock) as house, busy(json, "measure the books"):
        with house.warehouse.reading() as work:
            records = measure_books(work, day)
        if not records:
            raise NotReady(
                f"No sportsbook has a closing line on anybody who played before {day}.",
                hint="`tipoff coverage` shows what is on record; `tipoff import PATH` brings data in.",
            )
        if keep:
            with house.state.phase(house.run_id, "books", None) as recorded, house.warehouse.writing(house.run_id) as work:
                keep_groups(work, records, day)
                recorded.counts = {"books": len(records)}
    if json:
        rows = [{**asdict(record), "book_group": record.book_group} for record in records]
        print_json({"until": day, "measured_at": measured_at(day), "kept": keep, "books": rows})
        return
    _print(f"Closing lines before {day}", records)
    print_line(f"Kept: they serve from {measured_at(day):%Y-%m-%d %H:%M}Z on." if keep else "Not kept: --keep lets these groups serve.")


def _print(title: str, records: list[BookRecord]) -> None:
    rows = [
        (
            record.bookmaker,
            record.n,
            record.mae,
            record.bias,
            record.paired_n,
            record.mae_difference,
            "-" if record.difference_low is None else f"[{record.difference_low:+.3f}, {record.difference_high:+.3f}]",
            record.brier_n,
            record.brier,
            record.calibration_gap,
            record.book_group,
        )
        for record in records
    ]
    columns = ("book", "N", "MAE", "bias", "N paired", "- others'", "95 % interval", "N priced", "Brier", "P(over) - over", "group")
    print_table(title, columns, rows, numeric=tuple(range(1, len(columns) - 1)))
