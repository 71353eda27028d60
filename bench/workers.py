"""What more workers bring: the same walk-forward backtest with one, two and four folds at a time, one thread a fit.

    uv run python -m bench workers [--data-dir bench-data] [--archive ../shared/data]

Eight weekly folds of four systems on the real archive, imported once and copied for each run. Where there is none, and in little, it is the
night's house (bench/whole_night.py): there a fold is so soon done that what only one can do is most of it, and nothing is aimed at. The
whole command is timed, from its start to its report, with the seconds of the processor of all its processes; what each is held beside is
the run with one.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from bench.backtest_workers import FIRST, SYSTEMS, imported
from bench.rows import ROOT, Row, alone, in_turns, tell
from bench.whole_night import made

FOLDS, FOLDS_OF_THE_NIGHT, DAYS = 8, 4, 7
WORKERS = (1, 2, 4)
AIMS = {2: 0.65}
"""The most of one worker's time that so many may take."""


def walk(folder: Path, day: date, workers: int, systems: str, folds: int) -> None:
    """The command, whole, up to the day before this."""
    first = day - timedelta(days=DAYS * folds)
    with tempfile.TemporaryDirectory() as scratch:
        house = Path(scratch) / "house"
        shutil.copytree(folder, house)
        command = [sys.executable, "-m", "tipoff", "backtest", "--start", str(first), "--end", str(day - timedelta(days=1))]
        command += ["--refit", f"{DAYS}d", "--systems", systems, "--workers", str(workers), "--leak-days", "1", "--quiet"]
        start = time.perf_counter()
        subprocess.run([*command, "--data-dir", str(house)], stdout=subprocess.DEVNULL, cwd=ROOT, check=True)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    tell({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024})


def rows(base: Path, turns: int, archive: Path, *, quick: bool) -> Iterator[Row]:
    """A row for each number of workers."""
    is_real = not quick and (archive / "archive").is_dir()
    if is_real:
        folder, folds = imported(archive, base / "archive"), FOLDS
        day = str(FIRST + timedelta(days=DAYS * folds))
    else:
        day = made(base / "night")["day"]
        folder, folds = base / "night" / "house", 2 if quick else FOLDS_OF_THE_NIGHT
    given = ("--day", day, "--systems", "lightgbm_v12" if quick else SYSTEMS, "--folds", folds)
    counts = WORKERS[:2] if quick else WORKERS
    told = in_turns(turns, *(lambda n=n: alone("workers", "--folder", folder, "--workers", n, *given) for n in counts))
    one = told[0]
    for workers, found in zip(counts, told, strict=True):
        aim = AIMS[workers] * one["seconds"] if is_real and workers in AIMS else None
        beside = ("one worker", one["seconds"]) if workers > 1 else ("", None)
        yield Row(f"backtest of {folds} folds, {workers} at a time", found["seconds"], found["cpu"], found["mib"], *beside, aim)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--day", type=date.fromisoformat, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--systems", required=True)
    parser.add_argument("--folds", type=int, required=True)
    chosen = parser.parse_args()
    walk(chosen.folder, chosen.day, chosen.workers, chosen.systems, chosen.folds)
