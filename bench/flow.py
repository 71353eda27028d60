"""What the flow costs: a night as a durable batch beside its phases alone, and a worker that has nothing to do.

    uv run python bench/flow.py night DATA_DIR 2025-11-05 [--repeat 5]
    uv run python bench/flow.py idle [--seconds 300] [--database postgresql://…]

`night` takes a data directory with models, such as `tipoff demo` leaves, and copies it anew for each run: once the four phases are plain
calls, once they are asked for and awaited as anybody would. `idle` runs a worker with its schedules on an empty house, without sources,
lets it settle for 70 s (DBOS looks for schedules every second for the first 60), and tells what it takes of a core, by thread. The figures
of record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

SETTLE = 70.0


def copied(source: Path, folder: Path) -> Path:
    """A data directory as it was before anything of the night was made, its state empty."""
    folder.mkdir()
    shutil.copy(source / "warehouse.duckdb", folder / "warehouse.duckdb")
    shutil.copytree(source / "models", folder / "models")
    return folder


def phases(folder: Path, day: date) -> tuple[float, float]:
    """Seconds, and seconds of the processor in this thread, of the four phases as plain calls."""
    from tipoff.clock import SystemClock
    from tipoff.config import load_settings
    from tipoff.flow.house import open_house
    from tipoff.flow.publishing import publish
    from tipoff.flow.slate import Asked, Slate, Workbench, analyze, make_features
    from tipoff.flow.speaking import predict

    with open_house(load_settings(data_dir=folder), SystemClock()) as house:
        slate = Slate(house, day, Asked.of({"run_mode": "backfill", "force": True}), None, "bench")
        bench = Workbench()
        start, used = time.perf_counter(), time.thread_time()
        analyze(slate, bench)
        make_features(slate, bench)
        predict(slate, bench)
        publish(house, day, force=True)
        return time.perf_counter() - start, time.thread_time() - used


def durable(folder: Path, day: date) -> tuple[float, float, float]:
    """The same of the durable batch: seconds from asking to its end, of the processor in the thread that works, and of the phases within by
    what is on record of them."""
    from tipoff.clock import SystemClock
    from tipoff.config import load_settings
    from tipoff.flow.house import open_house
    from tipoff.flow.lease import trigger, wait_for
    from tipoff.flow.slate import ask
    from tipoff.flow.worker import working

    with open_house(load_settings(data_dir=folder), SystemClock()) as house, working(house, scheduled=False) as engine:
        start = time.perf_counter()
        number = trigger(engine, "slate", day, "bench", ask("backfill", force=True))
        [batch] = wait_for(engine, {("slate", day, number)}, 600.0)
        seconds = time.perf_counter() - start
        used = sum(taken for name, taken in by_thread().items() if name.startswith("dbos-executor"))
        assert batch.state == "complete", batch.error
        within = [run.finished_at - run.started_at for run in house.state.runs() if run.run_id == batch.batch_id and run.finished_at]
        return seconds, used, sum(span.total_seconds() for span in within)


def night(source: Path, day: date, repeat: int) -> None:
    alone, flowing = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeat + 1):  # the first of each warms up, and does not count
            alone.append(phases(copied(source, Path(folder) / f"alone{number}"), day))
            flowing.append(durable(copied(source, Path(folder) / f"durable{number}"), day))
    print("| a night | seconds | of the processor |")
    print("|---|---|---|")
    plain, batch = ([statistics.median(column) for column in zip(*rows[1:], strict=True)] for rows in (alone, flowing))
    print(f"| four phases, called | {plain[0]:.2f} | {plain[1]:.2f} |")
    print(f"| the durable batch, from asking to its end | {batch[0]:.2f} | {batch[1]:.2f} |")
    print(f"| of it the phases | {batch[2]:.2f} | |")
    of_time, of_work = batch[0] / batch[2] - 1, batch[1] / plain[1] - 1
    print(f"\nOverhead, of the phases' own time: {of_time:.1%}; of the processor: {of_work:.1%} (medians of {repeat}).")


def idle(seconds: float, database: str | None) -> None:
    from tipoff.clock import SystemClock
    from tipoff.config import load_settings
    from tipoff.flow.house import open_house
    from tipoff.flow.worker import working

    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder), database=database).model_copy(update={"sources": ()})
        with open_house(settings, SystemClock()) as house, working(house):
            time.sleep(SETTLE)
            before, used, start = by_thread(), time.process_time(), time.perf_counter()
            time.sleep(seconds)
            spent = time.perf_counter() - start
            used = time.process_time() - used
            threads = {name: after - before.get(name, 0.0) for name, after in by_thread().items()}
    print(f"An idle worker takes {used / spent:.2%} of a core ({used:.2f} s in {spent:.0f} s).\n")
    for name, taken in sorted(threads.items(), key=lambda entry: -entry[1]):
        print(f"| {name} | {taken / spent:.3%} |")


def by_thread() -> dict[str, float]:
    """Seconds of the processor that each living thread of this process has taken (Linux)."""
    found: dict[str, float] = {}
    for thread in threading.enumerate():
        told = Path(f"/proc/self/task/{thread.native_id}/schedstat")
        if told.exists():
            found[thread.name] = found.get(thread.name, 0.0) + int(told.read_text().split()[0]) / 1e9
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    of_night = kinds.add_parser("night")
    of_night.add_argument("data_dir", type=Path)
    of_night.add_argument("day", type=date.fromisoformat)
    of_night.add_argument("--repeat", type=int, default=5)
    of_idle = kinds.add_parser("idle")
    of_idle.add_argument("--seconds", type=float, default=300.0)
    of_idle.add_argument("--database")
    given = parser.parse_args()
    if given.kind == "night":
        night(given.data_dir, given.day, given.repeat)
    else:
        idle(given.seconds, given.database)


if __name__ == "__main__":
    main()
