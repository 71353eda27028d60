"""`tipoff sql`: a read-only shell on the warehouse, for questions that no command asks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tipoff.store.warehouse import Warehouse

MOST_SHOWN = 100
"""Rows that are shown to people; `--json` and `--csv` give all."""
_LEAVE = ("exit", "quit", "\\q", ".exit", ".quit")


def sql(
    query: Annotated[str | None, typer.Argument(help="One statement; without it a prompt, or what stands on standard input.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values and nothing else.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Ask the warehouse in DuckDB's SQL: every table by its name, such as raw.player_box. Nothing can be changed."""
    from tipoff.errors import BadInput
    from tipoff.store import open_warehouse

    if csv and json:
        raise BadInput("Both --csv and --json were given.", hint="Give one of them.")
    warehouse = open_warehouse(settings_of(data_dir))
    form = "csv" if csv else "json" if json else "table"
    if query is None and sys.stdin.isatty():
        _prompt(warehouse, form)
        return
    _print(warehouse.query(sys.stdin.read() if query is None else query), form)


def _prompt(warehouse: Warehouse, form: str) -> None:
    """Statements until one leaves, each ended by a semicolon. The file is open only while one is answered: others get their turn."""
    from contextlib import suppress

    from tipoff.errors import TipoffError
    from tipoff.store.tables import ALL

    with suppress(ImportError):
        import readline  # noqa: F401 - with it, the arrow keys bring earlier lines back
    print_line("DuckDB's SQL, for reading; end with a semicolon. `.tables` lists what is there, `exit` leaves.")
    asked: list[str] = []
    while True:
        try:
            line = input("   ...> " if asked else "tipoff> ")
        except EOFError:
            print_line()
            return
        except KeyboardInterrupt:
            print_line()
            asked.clear()
            continue
        word = line.strip().rstrip(";").casefold()
        if not asked and word in _LEAVE:
            return
        if not asked and word == ".tables":
            print_line("\n".join(table.name for table in ALL))
        elif asked or word:
            asked.append(line)
        if asked and line.rstrip().endswith(";"):
            try:
                _print(warehouse.query("\n".join(asked)), form)
            except TipoffError as error:
                sys.stderr.write(f"{error.message}\n" + (f"  -> {error.hint}\n" if error.hint else ""))
            asked.clear()


def _print(rows: pa.Table, form: str) -> None:
    if form == "json":
        print_json(rows.to_pylist())
    elif form == "csv":
        _print_csv(rows)
    else:
        numeric = tuple(place for place, column in enumerate(rows.columns) if _is_number(column.type))
        print_table("", rows.column_names, [list(row.values()) for row in _named(rows.slice(0, MOST_SHOWN))], numeric=numeric)
        more = f", the first {MOST_SHOWN} shown: --csv or --json gives all" if rows.num_rows > MOST_SHOWN else ""
        print_line(f"{rows.num_rows:,} row{'' if rows.num_rows == 1 else 's'}{more}")


def _named(rows: pa.Table) -> list[dict[str, object]]:
    """Rows as dicts, whatever their columns are called: a query may name two alike."""
    found: list[dict[str, object]] = rows.rename_columns([str(place) for place in range(rows.num_columns)]).to_pylist()
    return found


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _print_csv(rows: pa.Table) -> None:
    import csv
    from datetime import date

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in _named(rows):
        writer.writerow([value.isoformat() if isinstance(value, date) else value for value in row.values()])
