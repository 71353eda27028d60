"""A process of older code: its declarations lack columns and a table that this code has. One JSON order a line, one answer a line.

Its declarations are cut before an adapter is imported, so that all the rest is what an older release would do: make its tables, merge its
columns, read whole rows and merge them again.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tipoff.store import tables

UNKNOWN_TABLE = "raw.injury_submissions"
UNKNOWN_COLUMNS = {"raw.odds_player_points": ("last_update",)}


def cut() -> None:
    """Forget what later code declares."""
    older = tuple(
        replace(table, columns=tuple(column for column in table.columns if column.name not in UNKNOWN_COLUMNS.get(table.name, ())))
        for table in tables.ALL
        if table.name != UNKNOWN_TABLE
    )
    tables.ALL = older
    tables._BY_NAME = {table.name: table for table in older}


def main(url: str) -> None:
    cut()
    from store_rows import GAME_IDS, NOON, QUOTES, arrow, ids_of, quote

    from tipoff.config import Settings
    from tipoff.store import open_warehouse

    warehouse = open_warehouse(Settings(warehouse=url), 60)
    for line in sys.stdin:
        order = json.loads(line)
        number: int = order["number"]
        batch = [quote(f"older-{number}", point=point + 0.5) for point in range(20)]
        changed = quote("shared", over_price=2.0 + number, fetched_at=NOON + timedelta(hours=number))
        with warehouse.writing("older") as work:
            work.merge(QUOTES, arrow(QUOTES, [*batch, changed]))
            work.merge(GAME_IDS, arrow(GAME_IDS, ids_of(batch)))
            if order["holds"]:
                _answer("inside")
                sys.stdin.readline()
            whole = work.fetch(work.table(QUOTES).filter(work.table(QUOTES).event_id == f"older-{number}"))
            again = work.merge(QUOTES, whole.drop_columns(["written_at", "run_id"]))
        _answer({"columns": whole.column_names, "rows": whole.num_rows, "changed": again.inserted + again.updated})


def _answer(what: Any) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
