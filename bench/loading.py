"""A season of documents loaded, beside the floor: bench/ingest.py's measures as rows of the one table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.ingest import measured, write_documents
from bench.rows import Row, in_turns

TIMES_THE_FLOOR = 3.0
MEMORY_AIM = 1024.0


def rows(turns: int, games: int) -> Iterator[Row]:
    """One row; the aim follows from the floor of the same run."""
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        folder = base / "documents"
        count = write_documents(folder, games)
        measured("prepare", folder, base / "people")

        def run(part: str) -> dict[str, Any]:
            house = base / "house"
            shutil.rmtree(house, ignore_errors=True)
            if part == "load":
                shutil.copytree(base / "people", house)
            return measured(part, folder, house)

        ours, floor = in_turns(turns, lambda: run("load"), lambda: run("floor"))
        aims = (round(TIMES_THE_FLOOR * floor["seconds"], 2), MEMORY_AIM)
        name = f"{count:,} documents loaded, {int(ours['rows']):,} rows"
        yield Row(name, ours["seconds"], ours.get("cpu"), ours["mib"], "floor: orjson, one insert", floor["seconds"], *aims)
