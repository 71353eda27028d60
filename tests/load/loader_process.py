"""A process of its own that loads: one JSON list of steps a line, one answer a line. The tests start two, and let them run at once.

A step is a list of documents by their number in the folder's manifest, which are loaded in one go, or the name of an archive.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from tipoff.load.documents import load_payloads
from tipoff.load.imports import import_file, plan
from tipoff.scrape.records import Payload
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket

SEEN = datetime.fromisoformat("2025-12-31T12:00:00+00:00")
MANIFEST = "manifest.json"


def documents(folder: Path) -> list[Payload]:
    """The documents of a folder, by its manifest: file, moment of the fetch or null."""
    rows: list[dict[str, Any]] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return [
        Payload(
            (folder / row["file"]).read_bytes(),
            row["file"],
            datetime.fromisoformat(row["fetched_at"]) if row["fetched_at"] else None,
            200 if row["fetched_at"] else 0,
        )
        for row in rows
    ]


def load(place: Path, folder: Path, steps: list[list[int] | str], league: str) -> None:
    """Do the steps one after the other, each a transaction of its own."""
    warehouse, vault = DuckDBWarehouse(place / "warehouse.duckdb"), Vault(open_bucket(place.as_uri()))
    known = documents(folder)
    for step in steps:
        if isinstance(step, str):
            for file, mapping in plan([folder / step]):
                import_file(warehouse, vault, file, mapping, league=league, level_points=100.0, run_id="a process", seen_at=SEEN)
        else:
            load_payloads(warehouse, vault, ((known[number], None) for number in step), seen_at=SEEN, run_id="a process")


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        command = json.loads(line)
        load(Path(command["place"]), Path(command["folder"]), command["steps"], command["league"])
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
