"""Several processes on one warehouse and one vault, one of them killed: the union, whole transactions, no duplicates.

Four processes, one of them in another time zone, serve all these tests; those that a test kills are its own.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from store_rows import GAME_IDS, NOON, QUOTES, SCHEDULE, arrow, as_table, batches_of, by_precedence, ids_of, quote, version

from tipoff.errors import Busy
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, digest, open_bucket

SCRIPT = Path(__file__).with_name("warehouse_process.py")
LOCKS = Path("/proc/locks")
BATCHES, ROWS = 2, 60
ABROAD = 3


class Process:
    """A `warehouse_process`, started when it is first needed, and again after it was killed."""

    def __init__(self, stack: ExitStack, environment: dict[str, str]) -> None:
        self._stack = stack
        self._environment = {**os.environ, **environment}
        self._running: subprocess.Popen[str] | None = None
        self._ready = False

    def start(self) -> subprocess.Popen[str]:
        if self._running is None:
            command = [sys.executable, str(SCRIPT)]
            pipe = subprocess.PIPE
            running = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=self._environment)
            self._stack.enter_context(running)
            self._stack.callback(running.kill)
            self._running, self._ready = running, False
        return self._running

    def ask(self, do: str, **more: Any) -> None:
        self.say(json.dumps({"do": do, **more}))

    def say(self, line: str) -> None:
        stdin = self.start().stdin
        assert stdin is not None
        stdin.write(f"{line}\n")
        stdin.flush()

    def hear(self) -> str:
        running = self.start()
        assert running.stdout is not None
        while True:
            line = running.stdout.readline().strip()
            assert line, f"the process ended with {running.wait()}"
            if self._ready:
                return line
            assert line == "ready"
            self._ready = True

    def kill(self) -> list[str]:
        """SIGKILL: it cannot tidy up. Gives what it had said and nobody had heard."""
        running = self.start()
        assert running.stdout is not None
        running.kill()
        running.wait()
        self._running = None
        return running.stdout.read().split()


@pytest.fixture(scope="module")
def four() -> Iterator[list[Process]]:
    with ExitStack() as stack:
        processes = [Process(stack, {"TZ": "Pacific/Auckland"} if place == ABROAD else {}) for place in range(4)]
        for process in processes:
            process.start()
        yield processes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def _holds(path: Path) -> bool:
    """Whether this process holds the lock on a file, as the system tells."""
    mine = re.compile(rf"POSIX +ADVISORY +WRITE +{os.getpid()} [0-9a-f]+:[0-9a-f]+:{path.stat().st_ino} ")
    return mine.search(LOCKS.read_text(encoding="ascii")) is not None


def _rows_of(seeds: list[int]) -> Iterator[dict[str, Any]]:
    return chain.from_iterable(batch for seed in seeds for batch in batches_of(seed, BATCHES, ROWS))


class TestTogether:
    @pytest.mark.parametrize("number", [2, 4])
    def test_processes_that_merge_overlapping_rows_end_in_their_union(self, number: int, four: list[Process], path: Path) -> None:
        for seed, process in enumerate(four[:number]):
            process.ask("merge", path=str(path), seed=seed, batches=BATCHES, rows=ROWS)
        assert [process.hear() for process in four[:number]] == ["done"] * number
        assert {file.name for file in path.parent.iterdir()} == {path.name}, "something was left over from making the file"
        warehouse = DuckDBWarehouse(path)
        rows = list(_rows_of(list(range(number))))
        assert as_table(warehouse.read(QUOTES).to_pylist()) == by_precedence(rows)
        assert sorted(warehouse.read(GAME_IDS).column("external_id").to_pylist()) == sorted({row["event_id"] for row in rows})

    @pytest.mark.skipif(not LOCKS.is_file(), reason="the system does not tell who holds a lock")
    def test_a_unit_of_work_holds_the_file_whatever_other_threads_open_and_close(self, path: Path) -> None:
        """Where it did not, another process would write at the same time, and what one of the two commits would be lost."""
        warehouse = DuckDBWarehouse(path)
        warehouse.league()

        def work(seed: int) -> list[bool]:
            chance, held = random.Random(seed), []
            for _ in range(150):
                with warehouse.reading():
                    held.append(_holds(path))
                time.sleep(chance.random() * 0.004)  # so that the file is open now and closed then
            return held

        with ThreadPoolExecutor(3) as pool:
            held = list(chain.from_iterable(pool.map(work, range(3))))
        assert held == [True] * 450
        assert not _holds(path)

    def test_threads_that_merge_overlapping_rows_end_in_their_union(self, path: Path) -> None:
        def load(seed: int) -> None:
            warehouse = DuckDBWarehouse(path)
            for batch in batches_of(seed, BATCHES, ROWS):
                with warehouse.writing(f"thread-{seed}") as work:
                    work.merge(QUOTES, arrow(QUOTES, batch))
                    work.merge(GAME_IDS, arrow(GAME_IDS, ids_of(batch)))
                warehouse.read(GAME_IDS)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(load, range(4)))
        assert as_table(DuckDBWarehouse(path).read(QUOTES).to_pylist()) == by_precedence(_rows_of([0, 1, 2, 3]))


class TestHeld:
    def test_a_file_that_another_holds_for_too_long_is_busy_with_a_hint(self, four: list[Process], path: Path) -> None:
        four[0].ask("hold", path=str(path))
        assert four[0].hear() == "inside"
        impatient = DuckDBWarehouse(path, wait_seconds=0.2)
        try:
            with pytest.raises(Busy, match=r"was held by another process for more than 0\.2 s") as busy, impatient.writing("r"):
                pytest.fail("the file was open to two at once")
            with pytest.raises(Busy):
                impatient.read(QUOTES)
        finally:
            four[0].say("go on")
        assert str(path) in busy.value.message
        assert "Wait for it to finish" in busy.value.hint
        assert four[0].hear() == "done"
        assert impatient.read(QUOTES).num_rows == 1

    def test_who_waits_gets_the_file_when_it_is_left(self, four: list[Process], path: Path) -> None:
        four[0].ask("hold", path=str(path))
        assert four[0].hear() == "inside"
        four[1].ask("merge", path=str(path), seed=0, batches=1, rows=1)
        four[0].say("go on")
        assert [four[0].hear(), four[1].hear()] == ["done", "done"]
        assert sorted(DuckDBWarehouse(path).read(QUOTES).column("run_id").to_pylist()) == ["holder", "process-0"]


def test_f12_a_process_in_another_time_zone_writes_and_reads_the_same_instants(four: list[Process], path: Path) -> None:
    four[ABROAD].ask("read", path=str(path), event="e")
    assert json.loads(four[ABROAD].hear()) == {"offset_hours": 12, "instants": ["2025-11-05T17:00:00+00:00"] * 2}
    assert four[ABROAD].hear() == "done"
    (row,) = DuckDBWarehouse(path).read(QUOTES, as_of=NOON).to_pylist()
    assert row["snapshot_at"] == row["fetched_at"] == row["known_at"] == NOON


def test_payloads_that_four_processes_keep_at_once_are_kept_once(four: list[Process], tmp_path: Path) -> None:
    bucket = (tmp_path / "bucket").as_uri()
    for process in four:
        process.ask("put", bucket=bucket, count=60)
    assert [process.hear() for process in four] == ["done"] * 4
    bodies = [f"payload {number} ".encode() * 1000 for number in range(60)]
    vault = Vault(open_bucket(bucket))
    assert [vault.get(digest(body)) for body in bodies] == bodies
    assert len([file for file in (tmp_path / "bucket").rglob("*") if file.is_file()]) == 60


class TestKilled:
    def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(self, four: list[Process], path: Path) -> None:
        warehouse = DuckDBWarehouse(path)
        warehouse.merge(QUOTES, arrow(QUOTES, [quote("before")]), "r")
        four[1].ask("hold", path=str(path))
        assert four[1].hear() == "inside"
        four[1].kill()
        assert warehouse.read(QUOTES).column("event_id").to_pylist() == ["before"]
        assert warehouse.read(GAME_IDS).num_rows == 0
        assert warehouse.merge(QUOTES, arrow(QUOTES, [quote("held")]), "again").inserted == 1

    def test_a_process_killed_anywhere_leaves_whole_transactions_and_a_usable_file(self, four: list[Process], path: Path) -> None:
        rows = 100
        four[2].ask("toil", path=str(path), rows=rows)
        told = [four[2].hear()]
        four[0].ask("merge", path=str(path), seed=0, batches=BATCHES, rows=ROWS)
        told += [four[2].hear() for _ in range(2)]
        told += four[2].kill()
        assert four[0].hear() == "done"
        warehouse = DuckDBWarehouse(path)
        quotes = warehouse.read(QUOTES, run_id="toiler").to_pylist()
        events = warehouse.read(GAME_IDS, run_id="toiler").column("external_id").to_pylist()
        assert len(as_table(quotes)) == len(quotes)
        assert {event: sum(row["event_id"] == event for row in quotes) for event in events} == dict.fromkeys(events, rows)
        assert len(quotes) == len(events) * rows
        assert set(told) <= set(events) <= {f"toil-{number}" for number in range(len(told) + 1)}
        others = [row for row in warehouse.read(QUOTES).to_pylist() if row["run_id"] != "toiler"]
        assert as_table(others) == by_precedence(_rows_of([0]))
        assert warehouse.merge(SCHEDULE, arrow(SCHEDULE, [version("g", NOON)]), "after").inserted == 1
