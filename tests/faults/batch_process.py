"""Processes of their own that run the engine: one JSON command a line, one JSON answer a line. The tests stop them and kill them.

They are forked from one that has imported everything and has opened nothing, since importing takes longer than most tests.

They come to a halt where a test has armed a point: the file `halt` names it; whichever process gets there first takes that file as
`at-PID`, and waits for the file `go`, or, where the test says so, until its engine leaves. Points lie at the borders to the disk
(warehouse, vault, state), in the order of one batch: begun, claiming, claimed, looking, reading, merging, merged, ending, ended.
Knows no test: what is right is judged by who commands.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tipoff.clock import ManualClock, SystemClock
from tipoff.collecting import collect_seldom
from tipoff.config import Settings, load_settings
from tipoff.errors import TipoffError
from tipoff.flow.engine import Engine, current, running_engine
from tipoff.flow.holder import Holder
from tipoff.flow.house import House, open_house
from tipoff.flow.lease import LOAD, trigger, wait_for
from tipoff.flow.loading import load_batch, sweep
from tipoff.flow.overseer import Overseer
from tipoff.flow.state import State
from tipoff.load.documents import load_payloads
from tipoff.scrape.records import Payload
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault
from tipoff.store.warehouse import Work
from warm import Known, learn_from

_batch = threading.local()


def _reach(folder: Path, point: str) -> None:
    """Stop here if this is the point that is armed, and if no other was quicker."""
    halt = folder / "halt"
    try:
        armed, _, until = halt.read_text().partition(" until ")
        if armed != point:
            return
        halt.rename(folder / f"at-{os.getpid()}")
    except FileNotFoundError:
        return
    engine = current()
    while not (folder / "go").exists() and not (until == "leaving" and engine.leaving.is_set()):
        time.sleep(0.01)


def _phase() -> str:
    return getattr(_batch, "phase", "")


class HaltingState(State):
    """The state database; a batch begins by looking into it, to see whether it is still to be done."""

    def __init__(self, settings: Settings, clock: Any) -> None:
        super().__init__(settings, clock)
        self._folder = settings.data_dir

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        if _phase() == "to be claimed":
            _batch.phase = "begun"
            _reach(self._folder, "begun")
        with super().reading() as connection:
            yield connection


_OF_A_BATCH = ("begun", "claimed", "looking", "merged", "ending")


def _begin(engine: Engine, feed: str, game_date: date, number: int) -> Holder | None:
    _batch.phase = "to be claimed"
    return _claim(engine, feed, game_date, number)


_claim = Holder.claim
Holder.claim = staticmethod(_begin)  # type: ignore[method-assign]


class HaltingWarehouse(DuckDBWarehouse):
    """The warehouse; a batch claims in its first transaction, and loads in the others."""

    @contextmanager
    def writing(self, run_id: str) -> Iterator[Work]:
        if _phase() not in _OF_A_BATCH:  # what follows from a load is told in transactions of its own
            with super().writing(run_id) as work:
                yield work
            return
        claims = _phase() == "begun"
        with super().writing(run_id) as work:
            yield work
            _reach(self.path.parent, "claiming" if claims else "merging")
        _batch.phase = "claimed" if claims else "merged"
        _reach(self.path.parent, _batch.phase)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        if _phase() == "claimed":
            _batch.phase = "looking"
            _reach(self.path.parent, "looking")
        with super().reading() as work:
            yield work
        if _phase() in ("merged", "ending"):
            _batch.phase = {"merged": "ending", "ending": "ended"}[_phase()]
            _reach(self.path.parent, _batch.phase)


class HaltingVault(Vault):
    """The vault; a blocked read is a stop in `get`."""

    folder: Path

    def get(self, payload_id: str) -> bytes:
        _reach(self.folder, "reading")
        return super().get(payload_id)


class Hand:
    """What this process does on command."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._house: House | None = None
        self._engine: Engine | None = None

    def open(
        self, folder: str, beat: float, silence: float, wait_seconds: float, at: str | None = None, watch: bool = True, **settings: Any
    ) -> str:
        """Run the engine on a data directory."""
        clock = ManualClock(datetime.fromisoformat(at)) if at else SystemClock()
        inforce = load_settings(data_dir=Path(folder), **settings)
        house = self._open.enter_context(open_house(inforce, clock))
        vault = HaltingVault(house.bucket)
        vault.folder = Path(folder)
        state = HaltingState(inforce, clock)
        self._open.callback(state.close)
        warehouse = HaltingWarehouse(Path(folder) / "warehouse.duckdb", wait_seconds=wait_seconds)
        self._house = replace(house, warehouse=warehouse, vault=vault, state=state)
        duties = (Overseer(),) if watch else ()
        self._engine = self._open.enter_context(running_engine(self._house, {LOAD: (load_batch,)}, duties, beat=beat, silence=silence))
        return self._engine.worker_id

    def close(self) -> None:
        """Leave as a command does at its end."""
        self._open.close()
        self._open = ExitStack()

    def trigger(self, feed: str, days: list[str], threads: int = 1) -> list[int]:
        """Ask for a batch once for each of `days`, from so many threads; the numbers."""
        engine = self.engine
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda day: trigger(engine, feed, date.fromisoformat(day), "a test"), days))

    def set(self, **settings: float) -> None:
        """Other settings, for batches that begin from now on, and for who watches over them."""
        engine = self.engine
        engine.house = replace(engine.house, settings=engine.house.settings.model_copy(update=settings))

    def set_clock(self, at: str) -> None:
        """The wall clock jumps."""
        assert self._house is not None
        assert isinstance(self._house.clock, ManualClock)
        self._house.clock.set(datetime.fromisoformat(at))

    def sweep(self, by_hand: bool = False) -> list[list[Any]]:
        return [[feed, day.isoformat(), number] for (feed, day), number in sweep(self.engine, by_hand=by_hand).items()]

    def wait(self, feed: str, day: str, number: int, seconds: float, repeats: bool = True) -> list[str]:
        """States of the batches from this one on, once they are over."""
        wanted = {(feed, date.fromisoformat(day), number)}
        return [batch.state for batch in wait_for(self.engine, wanted, seconds, repeats=repeats)]

    def wait_too_short(self, feed: str, day: str, number: int, seconds: float) -> list[str]:
        """The same where that takes too long: the error's kind and message."""
        try:
            wait_for(self.engine, {(feed, date.fromisoformat(day), number)}, seconds)
        except TipoffError as error:
            return [type(error).__name__, error.message]
        return []

    def load(self, payloads: list[str], at_once: int) -> int:
        """Load documents out of the vault by hand, as a folder of documents is loaded."""
        assert self._house is not None
        found: list[tuple[Payload, str | None]] = [(Payload(Vault.get(self._house.vault, name), "a folder"), None) for name in payloads]
        house = self._house
        counts = load_payloads(house.warehouse, house.vault, found, seen_at=house.clock.now(), run_id=house.run_id, at_once=at_once)
        return counts.documents

    @property
    def engine(self) -> Engine:
        assert self._engine is not None
        return self._engine


def work(path: str) -> None:
    """Do what is commanded over this socket, until it is closed."""
    with socket.socket(socket.AF_UNIX) as line, line.makefile("rw") as commands:
        line.connect(path)
        hand = Hand()
        while text := commands.readline():
            command: dict[str, Any] = json.loads(text)
            does: Callable[..., Any] = getattr(hand, command.pop("do"))
            commands.write(f"{json.dumps(does(**command))}\n")
            commands.flush()


def main() -> None:
    """For each line, the path of a socket, a process of its own that works there; its pid is the answer."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who dies is gone at once, as with a process that somebody looks after
    collect_seldom()
    for line in sys.stdin:
        path = line.strip()
        learn_from(Path(path).parent)
        known = Known()
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.stdin.close()
            work(path)
            known.leave(Path(path).parent)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
