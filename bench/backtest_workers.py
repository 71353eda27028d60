"""A walk-forward backtest by one process and by two, one thread a fit: the whole command, from its start to its report.

    uv run python bench/backtest_workers.py ../shared/data                        # eight weekly folds of four systems
    uv run python bench/backtest_workers.py ../shared/data --systems all --rounds 2

The archive is imported once (`--house DIR` keeps the warehouse and takes it again). One and two take turns, so that what else the machine
does hits both. Beside seconds of the clock stand those of the processor, which other work hardly changes; from these follows what the clock
would say on idle cores: what cannot be shared (start, snapshot, report), and half of the rest. The tables of both must be the same bytes.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tipoff.flow.backtest_plan import backtests
from tipoff.store.bucket import open_bucket

FIRST = date(2023, 2, 27)
SYSTEMS = "lightgbm_v12,xgboost_v12,catboost_v9,market_anchored"
"""One of each family that costs something."""


@dataclass(frozen=True)
class Walk:
    """One run of the command: seconds of the clock and of the processor, of all its processes; the bytes of its tables by path."""

    clock: float
    processor: float
    tables: dict[str, bytes]


def spent() -> float:
    """Seconds of the processor that children took which are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def walk(house: Path, systems: str | None, last: date, processes: int) -> Walk:
    """The command with so many processes, to its end."""
    command = [sys.executable, "-m", "tipoff", "backtest", "--start", str(FIRST), "--end", str(last), "--refit", "7d", "--quiet"]
    command += ["--workers", str(processes), "--data-dir", str(house), *(("--systems", systems) if systems else ())]
    before, began = spent(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    clock, processor = time.perf_counter() - began, spent() - before
    newest = backtests(open_bucket(house.absolute().as_uri())).plans[-1]
    root = house / "backtests" / newest.backtest_id / "folds"
    return Walk(clock, processor, {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))})


def imported(data: Path, house: Path) -> Path:
    """A house with the archive, imported where it is not yet."""
    if not (house / "warehouse.duckdb").exists():
        command = [sys.executable, "-m", "tipoff", "import", str(data / "archive"), "--data-dir", str(house)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return house


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--house", type=Path)
    parser.add_argument("--systems", default=SYSTEMS, help="comma-separated, or all")
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    systems = None if chosen.systems == "all" else chosen.systems
    last = FIRST + timedelta(days=7 * chosen.folds - 1)
    with tempfile.TemporaryDirectory() as folder:
        house = imported(chosen.data, chosen.house or Path(folder))
        print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; {chosen.folds} folds from {FIRST}, {chosen.systems}")
        found: dict[int, list[Walk]] = {1: [], 2: []}
        for turn in range(chosen.rounds):
            for processes in (1, 2) if turn % 2 == 0 else (2, 1):
                found[processes].append(one := walk(house, systems, last, processes))
                print(f"  {processes} at a time: {one.clock:6.1f} s by the clock, {one.processor:6.1f} s of the processor", flush=True)
        alone, pair = (min(walks, key=lambda one: one.clock) for walks in found.values())
        same = all(one.tables == alone.tables for walks in found.values() for one in walks)
        told = "the same" if same else "NOT the same"
        print(f"two take {pair.clock / alone.clock:.2f} of the time of one by the clock; the tables are {told}")
        least = walk(house, systems, FIRST + timedelta(days=6), 1)  # one fold
        fold = (alone.processor - least.processor) / max(chosen.folds - 1, 1)
        extra = pair.processor - alone.processor
        serial = max(least.processor - fold, 0.0)
        idle = (serial + (alone.processor - serial + max(extra, 0.0)) / 2) / alone.processor
        print(f"of the processor: {serial:.1f} s that one does alone, {fold:.1f} s a fold, {extra:+.1f} s for the second process")
        print(f"so on two idle cores {idle:.2f} of the time of one")
        if not same:
            sys.exit(1)


if __name__ == "__main__":
    main()
