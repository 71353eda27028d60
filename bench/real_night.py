"""How long the commands of a real night take, each a process of its own, imports included.

    uv run python bench/real_night.py ../shared/data

Prints one table; the figures of record stand in bench/README.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def timed(folder: Path, *arguments: str) -> tuple[float, Any]:
    """Seconds of wall clock, and what the command said as JSON."""
    start = time.perf_counter()
    done = subprocess.run(
        (sys.executable, "-m", "tipoff", *arguments, "--json", "--data-dir", str(folder)), capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, json.loads(done.stdout)


def main(data: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = Path(folder)
        rows: list[tuple[str, float, str]] = []
        seconds, found = timed(house, "import", str(data / "archive"))
        rows.append(
            ("import the archive", seconds, f"{sum(item['rows'] for item in found['files']):,} rows in {len(found['files'])} files")
        )
        for again in ("load the payloads", "load them again"):
            seconds, found = timed(house, "load", "--payloads", str(data / "payloads" / "odds-api"))
            rows.append((again, seconds, f"{found['documents']:,} documents, {found['rows_inserted']:,} new rows"))
        seconds, trained = timed(house, "train", "--until", "2025-11-05")
        rows.append(("train the fleet, 1,095 days", seconds, f"{trained[0]['rows']:,} rows"))
        for again in ("night 2025-11-05", "the same night again"):
            seconds, found = timed(house, "night", "2025-11-05")
            phases = ", ".join(f"{phase['phase']} {phase['seconds']:.1f}" for phase in found["phases"])
            rows.append((again, seconds, f"{found['games']} games, {found['lined_by_kind']} with a line; {phases}"))
        seconds, found = timed(house, "grade", "2025-11-05")
        rows.append(("grade it", seconds, f"{sum(system['predictions'] for system in found['systems']):,} predictions"))
    for name, seconds, what in rows:
        print(f"| {name} | {seconds:.1f} s | {what} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
