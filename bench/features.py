"""What all 65 features cost: every player-game of eleven seasons in one pass, and one night's slate.

    uv run python bench/features.py ../shared/data

The archive is imported once; each measure is a process of its own, so that peak memory is its own too; medians of three. `--house DIR`
keeps the warehouse and takes it again.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tipoff.features.build import build
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

NIGHT = "2025-12-05"
"""Twelve games."""
ROUNDS = 3


def game_ids(work: Work, day: str | None) -> list[str]:
    """Games of a day, or of all days."""
    schedule = work.table("raw.schedule")
    rows = schedule if day is None else schedule.filter(schedule.game_date.cast("string") == day)
    found: list[str] = work.fetch(rows.select("game_id").distinct()).column("game_id").to_pylist()
    return found


def measure(house: Path, day: str | None) -> dict[str, Any]:
    """Seconds of the first build and, for a night, of the next: an interpreter that is up has its libraries warm. Peak memory in MiB."""
    with DuckDBWarehouse(house / "warehouse.duckdb").reading() as work:
        ids = game_ids(work, day)
        seconds = []
        for _ in range(1 if day is None else 3):
            start = time.perf_counter()
            built = build(work, ids)
            seconds.append(time.perf_counter() - start)
        box = work.table("raw.player_box")
        played = work.fetch(box.filter(box.minutes > 0).select("game_id", "player_lookup").distinct().count().as_table())
    values = sum(int((built.values[name] == built.values[name]).sum()) for name in built.values)
    return {
        "first": seconds[0],
        "next": seconds[-1],
        "rows": built.size,
        "values": values,
        "played": int(played.column(0)[0].as_py()),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_a_process_of_its_own(house: Path, day: str | None) -> dict[str, Any]:
    """The median round by its first build."""
    command = [sys.executable, __file__, "-", "--house", str(house), "--measure", day or "all"]
    rounds = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(ROUNDS)]
    middle = median(found["first"] for found in rounds)
    return next(found for found in rounds if found["first"] == middle)


def main(data: Path, house: Path) -> None:
    if not (house / "warehouse.duckdb").exists():
        command = [sys.executable, "-m", "tipoff", "import", str(data / "archive"), "--data-dir", str(house), "--json"]
        subprocess.run(command, capture_output=True, check=True)
    print("| | rows | values | seconds | rows/s | peak memory |")
    print("|---|---|---|---|---|---|")
    whole, night = in_a_process_of_its_own(house, None), in_a_process_of_its_own(house, NIGHT)
    for name, found, seconds in (
        (f"eleven seasons ({whole['played']:,} player-games played)", whole, whole["first"]),
        (f"the night of {NIGHT}, first of a process", night, night["first"]),
        ("the same, the process being up", night, night["next"]),
    ):
        speed = f"{found['rows'] / seconds:,.0f}"
        print(f"| {name} | {found['rows']:,} | {found['values']:,} | {seconds:.2f} | {speed} | {found['mib']:,.0f} MiB |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--house", type=Path)
    parser.add_argument("--measure")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.house, None if given.measure == "all" else given.measure)))
    elif given.house:
        main(given.data, given.house)
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(given.data, Path(folder))
