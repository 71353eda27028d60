"""The command that says what is there and what is missing: `coverage`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.analyze.coverage import Coverage


def coverage(
    first: Annotated[str | None, typer.Option("--from", help="First game day (default: the first on record).", metavar="DATE")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last game day (default: today in New York).", metavar="DATE")] = None,
    by: Annotated[str, typer.Option("--by", help="week, month or season.")] = "week",
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """What is on record: games, lines, books, closes, box scores, reports by week; and the weeks that fall short of those around them."""
    from tipoff.analyze.coverage import coverage as look
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.store import open_warehouse

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    span = [resolve_date(day, clock) if day else None for day in (first, last)]
    with open_warehouse(settings).reading() as work:
        found = look(work, *span, by=by, now=clock.now())
    if json:
        print_json(found.as_dict())
    else:
        _print(found)


def _print(found: Coverage) -> None:
    if not found.periods:
        print_line("Nothing is on record for these days. `tipoff import PATH` or `tipoff load` brings data in.")
        return
    columns = (found.by, "games", "lined", "books", "others", "players", "player-games", "quotes", "closes", "assumed", "boxes", "reports")
    rows = [
        (
            row.label,
            row.games,
            row.lined_games,
            row.books,
            row.other_books,
            row.players,
            row.lines,
            row.quotes,
            row.closes,
            row.assumed_closes,
            f"{row.box_games} of {row.due}",
            f"{row.report_days} of {row.game_days}",
        )
        for row in found.periods
    ]
    print_table("What is on record", columns, rows, numeric=tuple(range(1, len(columns))))
    _print_books(found)
    if not found.gaps:
        print_line("No week falls short of those around it.")
        return
    print_table(f"Missing: {len(found.gaps)}", ("what", "where"), [(gap.measure, gap.words) for gap in found.gaps])


def _print_books(found: Coverage) -> None:
    """Periods by books: player-games with a line, and how many of them have a close."""
    totals = Counter[str]()
    cells = {}
    for row in found.books:
        totals[row.bookmaker] += row.lines
        cells[row.label, row.bookmaker] = f"{row.lines:,} ({row.closes:,})"
    books = [book for book, _ in totals.most_common()]
    for start in range(0, len(books), _BOOKS_A_TABLE):
        shown = books[start : start + _BOOKS_A_TABLE]
        rows = [(row.label, *(cells.get((row.label, book), "-") for book in shown)) for row in found.periods if row.lines]
        print_table("Player-games with a line at a book (with a close)", (found.by, *shown), rows, numeric=tuple(range(1, len(shown) + 1)))


_BOOKS_A_TABLE = 8
