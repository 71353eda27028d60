"""A crew of processes that run the engine on one data directory, and what a test does to them: stop, kill, wake; land documents, look.

Documents are of The Odds API unless a test says otherwise, one game each.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

import tipoff
from load import wire
from load.bench import FACTS, Bench, Tables
from load.benches import bench_maker, held_bench
from postgres import Postgres
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.house import House, open_house
from tipoff.flow.processes import workers
from tipoff.flow.state import LOCK
from tipoff.scrape.records import Payload
from tipoff.store.receipts import Receipt

SCRIPT = Path(__file__).with_name("batch_process.py")
TESTS = Path(__file__).parent.parent
SOURCE = Path(tipoff.__file__).parent.parent  # the same code as ours
PATIENCE = 300.0
"""Seconds: how long a loaded machine may take; the limit is only there so that a defect ends."""
DAY = date(2025, 11, 5)
FETCHED = datetime(2025, 11, 5, 17, 0, 0, 123456, tzinfo=UTC)
QUICK = {"beat": 0.1, "silence": 60.0, "wait_seconds": 60.0, "lease_seconds": 60.0, "retry_seconds": 0.0}
POINTS = ("begun", "claiming", "claimed", "looking", "reading", "merging", "merged", "ending", "ended")
PAIRS = (
    ("LAL", "BOS"),
    ("MIA", "NYK"),
    ("DEN", "PHX"),
    ("GSW", "SAC"),
    ("DAL", "HOU"),
    ("CHI", "MIL"),
    ("ATL", "ORL"),
    ("TOR", "PHI"),
    ("MIN", "OKC"),
    ("POR", "UTA"),
)
BOOKS = (*FACTS, "raw.payloads", "raw.arrivals", "ref.game_ids")


class Hand:
    """A process of the crew."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self._line = line
        self._commands = line.makefile("rw")
        self._waiting = 0

    def say(self, do: str, **more: Any) -> None:
        self._commands.write(json.dumps({"do": do, **more}) + "\n")
        self._commands.flush()
        self._waiting += 1

    def hear(self) -> Any:
        """The answer to the last that was said."""
        answer = None
        while self._waiting:
            text = self._commands.readline()
            assert text, "the process ended"
            answer = json.loads(text)
            self._waiting -= 1
        return answer

    def ask(self, do: str, **more: Any) -> Any:
        self.say(do, **more)
        return self.hear()

    def stop(self, free: Callable[[], bool]) -> None:
        """SIGSTOP, until it stands still and the state database is `free` of its threads: else nobody could go on."""
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            wait_until(lambda: Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
            if free():
                return
            self.wake()
            time.sleep(0.05)  # or it would never get on

    def wake(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL: it cannot tidy up."""
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{self.pid}").exists())
        self.let_go()

    def let_go(self) -> None:
        """Without a line it ends by itself."""
        with suppress(OSError):
            self._commands.close()
        self._line.close()


class Crew:
    """Where the processes come from; and state databases whose tables are made, since making them takes longer than most tests."""

    def __init__(self, folder: Path) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        self._parent = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env=known | {"PYTHONPATH": os.pathsep.join((str(SOURCE), str(TESTS)))},
        )
        self._socket = folder / "line"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._socket))
        self._listening.listen()
        self._listening.settimeout(PATIENCE)
        self._folder = folder
        self._made: str | None = None
        self._make_tables()
        self.state = (folder / "state.sqlite").read_bytes()

    def _make_tables(self, **settings: Any) -> None:
        first = self.hire()
        first.ask("open", folder=str(self._folder), **QUICK, **settings)
        first.ask("close")
        first.let_go()

    def database(self, server: Postgres) -> str:
        """The URL of a new state database on Postgres, its tables made."""
        if self._made is None:
            made = server.fresh()
            self._make_tables(database=made)
            self._made = made
        return server.copied(self._made)

    def hire(self) -> Hand:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{self._socket}\n")
        self._parent.stdin.flush()
        line, _ = self._listening.accept()
        line.settimeout(None)
        return Hand(int(self._parent.stdout.readline()), line)

    def dismiss(self) -> None:
        self._listening.close()
        with self._parent:
            self._parent.kill()


@pytest.fixture(scope="session")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    hired = Crew(tmp_path_factory.mktemp("crew"))
    yield hired
    hired.dismiss()


def wait_until(condition: Callable[[], Any], told: Callable[[], object] = str) -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"it did not come about: {told()}"
        time.sleep(0.02)
    return found


def open_files(pid: int) -> set[str]:
    """The files that a process has open."""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(entry.readlink()))
    return found


class Yard:
    """A data directory, the hands that work on it, and the one who looks on. Documents are of feed `lines`, one game each."""

    def __init__(self, folder: Path, house: House, crew: Crew, database: str | None = None) -> None:
        self.folder = folder
        self.database = database
        self.house = house
        self.crew = crew
        self.bench = Bench(folder)
        self.hands: list[Hand] = []
        self.landed: list[Payload] = []

    def hire(self, **settings: Any) -> Hand:
        """A process that runs the engine here."""
        [hand] = self.hire_all(1, **settings)
        return hand

    def hire_all(self, number: int, **settings: Any) -> list[Hand]:
        hands = [self.crew.hire() for _ in range(number)]
        for hand in hands:
            self.hands.append(hand)
            hand.say("open", folder=str(self.folder), **{**QUICK, "database": self.database, **settings})
        for hand in hands:
            hand.hear()
        return hands

    def trigger(self, hand: Hand, times: int = 1, threads: int = 1, feed: str = "lines", day: date = DAY) -> list[int]:
        """Ask for a batch; the numbers."""
        found: list[int] = hand.ask("trigger", feed=feed, days=[day.isoformat()] * times, threads=threads)
        return found

    def kill(self, hand: Hand) -> None:
        hand.kill()
        self.hands.remove(hand)

    def land(self, *documents: Any, feed: str = "lines", day: date = DAY, at: datetime = FETCHED) -> list[str]:
        """Documents as they come in: first into the vault, then a receipt. Their ids."""
        found = []
        for document in documents:
            payload = Payload(wire.payload(document).body, "https://a.test/odds", at, 200, feed, day)
            payload_id = self.house.vault.put(payload.body)
            source = "nba_cdn" if feed in ("box", "schedule") else "odds_api"
            self.house.receipts.put(Receipt(payload_id, source, feed, day, at, payload.origin, 200))
            self.landed.append(payload)
            found.append(payload_id)
        return found

    def by_hand(self) -> list[Payload]:
        """What landed, as it is where a process loads it by hand out of the vault."""
        return [Payload(payload.body, "a folder") for payload in self.landed]

    def batches(self, feed: str = "lines", day: date = DAY) -> list[Batch]:
        """In the order of their numbers."""
        return sorted(batches(self.house.state, day, feed), key=lambda batch: batch.number)

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is so, and give it."""
        return wait_until(condition, lambda: [(batch.number, batch.state, batch.error) for batch in batches(self.house.state)])

    def settled(self, feed: str = "lines", day: date = DAY) -> list[Batch]:
        """The batches of a feed and day once all of them are over."""

        def over() -> list[Batch]:
            found = self.batches(feed, day)
            return found if all(batch.over for batch in found) else []

        found: list[Batch] = self.until(over)
        return found

    def give_time(self) -> None:
        """From now on batches may take as long as a loaded machine needs: what was to run out of time has."""
        for hand in self.hands:
            hand.ask("set", lease_seconds=PATIENCE, batch_seconds=PATIENCE)

    def rounds(self, hand: Hand, number: int) -> None:
        """Wait until a process has looked at the others so often once more."""

        def beats() -> int:
            [worker] = [worker for worker in workers(self.house.state) if worker.pid == hand.pid]
            return worker.beats

        enough = beats() + number
        self.until(lambda: beats() >= enough)

    def arm(self, point: str) -> None:
        """The next process that gets to this point will stop there; `merging until leaving` is let go when its engine leaves."""
        (self.folder / "go").unlink(missing_ok=True)
        aside = self.folder / "halt.new"
        aside.write_text(point)
        aside.rename(self.folder / "halt")

    def stop(self, hand: Hand, *, holding_the_warehouse: bool = False) -> None:
        """Have a process stand still until it is woken; not while it has the warehouse's file open, unless that is meant."""
        file = str(self.folder / "warehouse.duckdb")
        hand.stop(lambda: self._free() and (holding_the_warehouse or file not in open_files(hand.pid)))

    def _free(self) -> bool:
        """Whether others can write to the state database: of who stands still no transaction is open."""
        if self.database is None:
            with closing(sqlite3.connect(self.folder / "state.sqlite", timeout=1, isolation_level=None)) as connection:
                with suppress(sqlite3.OperationalError):
                    connection.execute("BEGIN IMMEDIATE")
                return connection.in_transaction
        with psycopg.connect(self.database) as connection, suppress(psycopg.errors.LockNotAvailable):
            connection.execute("SET lock_timeout = 300")
            connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            return True
        return False

    def caught(self) -> Hand:
        """Who stands at the armed point."""
        at: Path = self.until(lambda: next(iter(self.folder.glob("at-*")), None))
        at.unlink()
        [hand] = [hand for hand in self.hands if hand.pid == int(at.name.removeprefix("at-"))]
        return hand

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def games(self, day: date = DAY) -> list[str]:
        """The games of a day that have lines."""
        return sorted(set(self.house.warehouse.read("raw.odds_game_lines", game_date=day).column("game_id").to_pylist()))

    def expected(self, folder: Path) -> Tables:
        """What one undisturbed load of everything that landed makes of it."""
        with held_bench(folder) as bench:
            bench.load(*self.landed)
            bench.replay()
            return bench.tables(*BOOKS)

    def check_union(self, tmp_path: Path) -> None:
        """The tables are those of one undisturbed load: nothing lost, nothing doubled."""
        assert self.bench.tables(*BOOKS) == self.expected(tmp_path / "undisturbed")

    def generation(self, feed: str = "lines", day: date = DAY) -> int:
        """How often a batch of this feed and day was claimed."""
        [row] = self.house.warehouse.read("ops.generations", scope=day.isoformat(), kind=f"load:{feed}").to_pylist()
        found: int = row["generation"]
        return found


def one_at_a_time(found: list[Batch]) -> bool:
    """Whether no batch began before the one with the generation below had ended."""
    ran = sorted((batch for batch in found if batch.generation), key=lambda batch: batch.generation or 0)
    spans = [(batch.started_at, batch.finished_at) for batch in ran]
    return all(ended is not None and began is not None and ended <= began for (_, ended), (began, _) in pairwise(spans))


@contextmanager
def open_yard(folder: Path, crew: Crew, database: str | None = None) -> Iterator[Yard]:
    """An empty data directory; its hands go back to the crew in the end. `database` is the URL of a state database on Postgres."""
    bench_maker(folder)
    if database is None:
        (folder / "state.sqlite").write_bytes(crew.state)
    with open_house(load_settings(data_dir=folder, database=database), SystemClock()) as house:
        yard = Yard(folder, house, crew, database)
        try:
            yield yard
        finally:
            yard.let_go()
            for hand in yard.hands:
                hand.wake()
                hand.say("close")
            for hand in yard.hands:
                hand.hear()
                hand.let_go()


@pytest.fixture
def yard(crew: Crew, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Yard]:
    """On SQLite, and on Postgres where a test is marked `on_both`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        with open_yard(tmp_path / "yard", crew) as found:
            yield found
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    database = crew.database(server)
    with open_yard(tmp_path / "yard", crew, database) as found:
        yield found
    server.drop(database)


on_both = pytest.mark.parametrize("yard", ["sqlite", "postgres"], indirect=True)
"""A test runs on a state database of either kind."""


def lines(game: int, later: int = 0) -> dict[str, Any]:
    """One game's totals at one book, on the day or so many days later."""
    away, home = PAIRS[game]
    tip = wire.TIP + timedelta(days=later)
    books = wire.book("fanduel", wire.totals(200.5 + game, at=tip - timedelta(hours=2)))
    return wire.event(books, event_id=f"e{game}-{later}", tip=tip, home=home, away=away)


def ten(later: int = 0) -> list[dict[str, Any]]:
    return [lines(game, later) for game in range(10)]
