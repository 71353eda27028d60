"""What the fleet costs: a fit of each system, a slate by all of them, and a season of weekly refits.

    uv run python bench/fleet.py ../shared/data            # fits and the slate
    uv run python bench/fleet.py ../shared/data --season   # and a season of weekly refits of all systems

The archive is imported once (`--house DIR` keeps the warehouse and takes it again). Seconds of the processor beside seconds of the clock:
the first are the cost, the second what a quiet machine waits.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa

from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.flow import backtest
from tipoff.flow.backtest_plan import finish, plan_of
from tipoff.flow.house import open_house
from tipoff.predict.families import Columns
from tipoff.predict.slate import Slate, SlateOptions, speak
from tipoff.predict.systems import System, systems_named
from tipoff.train.fit import fit_fleet
from tipoff.train.snapshot import Snapshot, take_snapshot

UNTIL = date(2025, 12, 1)
WINDOW = timedelta(days=1095)
PLAYERS = 350
OPTIONS = SlateOptions("bench", "backfill", 8.0)
SEASON = (date(2022, 10, 18), date(2023, 4, 9))


def fits(snapshot: Snapshot, systems: list[System]) -> None:
    """Each system fitted on three years, one thread: train, stop early, find the voice, learn from all."""
    data = snapshot.data(UNTIL)
    marks = [(time.perf_counter(), time.process_time())]
    fleet = fit_fleet(systems, data, UNTIL, threads=1, tick=lambda _: marks.append((time.perf_counter(), time.process_time())))
    print(f"fits on {data.size:,} rows, one thread:")
    for place, fitted in enumerate(fleet.values()):
        clock, processor = (marks[place + 1][kind] - marks[place][kind] for kind in (0, 1))
        steps = fitted.model.rounds if fitted.model else 0
        print(f"  {fitted.system.system_id:24} {clock:6.2f} s  {processor:6.2f} s of the processor  {steps:4} steps")
    print(f"  {'all':24} {marks[-1][0] - marks[0][0]:6.2f} s  {marks[-1][1] - marks[0][1]:6.2f} s of the processor")
    rows = np.flatnonzero(snapshot.days >= np.datetime64(UNTIL))
    tonight = snapshot.rows.take(pa.array(rows))
    features = Columns(snapshot.features.names, snapshot.features.features[rows])
    fit = np.flatnonzero(np.asarray([reason == "" for reason in tonight.column("reason").to_pylist()]))[:PLAYERS]
    seconds = []
    for _ in range(7):
        slate = Slate.of(tonight.take(pa.array(fit)), Columns(features.names, features.features[fit]), snapshot.quotes, OPTIONS)
        start = time.perf_counter()
        said = [speak(slate, one.system, one.system.system_id, one.speaker) for one in fleet.values()]
        seconds.append(time.perf_counter() - start)
    print(f"a slate of {len(fit)} players by {len(said)} systems: median {median(seconds):.3f} s, slowest {max(seconds):.3f} s")


def processor() -> float:
    """Seconds of the processor that this process took, and its children which are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def walk(house: Path, first: date, last: date, workers: int, refit_days: int = 7) -> float:
    """A walk forward of all systems; the seconds that its folds took, snapshot and leak check apart."""
    began: dict[str, float] = {}
    spent = processor()

    def announce(name: str, _parts: int | None) -> Callable[[int], None]:
        began[name.split(" ")[0]] = time.perf_counter()
        return lambda _: None

    with open_house(load_settings(data_dir=house), SystemClock()) as opened:
        plan = plan_of(systems_named(None), first, last, refit_days=refit_days, leak_days=1)
        plan, _ = backtest.begin(opened, plan)
        summary = backtest.run(opened, plan, announce, workers=workers)
        seconds = time.perf_counter() - began["folds"]
        finish(opened.bucket, plan)
    print(
        f"{summary['folds']} folds, {first} to {last}, {workers} at a time: {seconds:.0f} s"
        f" ({(processor() - spent) / summary['folds']:.1f} s of the processor a fold)"
    )
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--house", type=Path)
    parser.add_argument("--season", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = chosen.house or Path(folder)
        if not (house / "warehouse.duckdb").exists():
            command = [sys.executable, "-m", "tipoff", "import", str(chosen.data / "archive"), "--data-dir", str(house)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open_house(load_settings(data_dir=house), SystemClock()) as opened:
            last = UNTIL + timedelta(days=6)
            snapshot = take_snapshot(
                opened.warehouse, UNTIL - WINDOW, UNTIL, last, before=timedelta(0), options=OPTIONS, tick=lambda _: None
            )
        print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
        fits(snapshot, systems_named(None))
        if chosen.season:
            walk(house, *SEASON, workers=os.cpu_count() or 1)
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
