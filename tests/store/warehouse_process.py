"""A process of its own that works on warehouses and vaults: one JSON command a line, one answer a line. The tests start it, and kill it.

Knows no test: what is right is judged by the process that commands.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from store_rows import GAME_IDS, QUOTES, arrow, batches_of, ids_of, quote

from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket


def _answer(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def merge(path: str, seed: int, batches: int, rows: int) -> None:
    """Merge a loader's batches, each with its ids in one transaction."""
    warehouse = DuckDBWarehouse(Path(path))
    for batch in batches_of(seed, batches, rows):
        with warehouse.writing(f"process-{seed}") as work:
            work.merge(QUOTES, arrow(QUOTES, batch))
            work.merge(GAME_IDS, arrow(GAME_IDS, ids_of(batch)))


def hold(path: str) -> None:
    """Stand in the middle of a transaction, between its two tables, until a line comes."""
    with DuckDBWarehouse(Path(path)).writing("holder") as work:
        work.merge(QUOTES, arrow(QUOTES, [quote("held")]))
        _answer("inside")
        sys.stdin.readline()
        work.merge(GAME_IDS, arrow(GAME_IDS, ids_of([quote("held")])))


def toil(path: str, rows: int) -> None:
    """Commit one event after the other, quotes and id together, and tell of each; without end."""
    warehouse = DuckDBWarehouse(Path(path))
    number = 0
    while True:
        event = f"toil-{number}"
        batch = [quote(event, point=point + 0.5) for point in range(rows)]
        with warehouse.writing("toiler") as work:
            work.merge(QUOTES, arrow(QUOTES, batch))
            work.merge(GAME_IDS, arrow(GAME_IDS, ids_of(batch)))
        _answer(event)
        number += 1


def put(bucket: str, count: int) -> None:
    """Keep the same payloads as every other process that is asked to."""
    vault = Vault(open_bucket(bucket))
    for number in range(count):
        vault.put(f"payload {number} ".encode() * 1000)


def read(path: str, event: str) -> None:
    """Write a quote, and tell of its instants as they come back."""
    warehouse = DuckDBWarehouse(Path(path))
    warehouse.merge(QUOTES, arrow(QUOTES, [quote(event)]), "reader")
    (row,) = warehouse.read(QUOTES, event_id=event).to_pylist()
    instants = [row["snapshot_at"].isoformat(), row["fetched_at"].isoformat()]
    _answer(json.dumps({"offset_hours": time.localtime(0).tm_gmtoff // 3600, "instants": instants}))


COMMANDS: dict[str, Callable[..., None]] = {"merge": merge, "hold": hold, "toil": toil, "put": put, "read": read}


def main() -> None:
    _answer("ready")
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        COMMANDS[command.pop("do")](**command)
        _answer("done")


if __name__ == "__main__":
    main()
