"""Processes of their own that ask the pipeline, look at it, serve its API or work: one JSON command a line, one JSON answer a line.

They are forked from one that has imported everything and has opened nothing. A worker comes to a halt within the phase that a test has
armed: the file `halt` names it; whoever gets there first takes that file as `at-PID`, and goes on once there is a file `go`.
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
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tipoff.clock import ManualClock
from tipoff.collecting import collect_seldom
from tipoff.config import Settings, load_settings
from tipoff.errors import TipoffError
from tipoff.flow import coordinator
from tipoff.flow.engine import Desk, open_desk
from tipoff.flow.house import House, open_house
from tipoff.flow.state import Recorded, State
from tipoff.flow.worker import working
from tipoff.web.app import create_app
from tipoff.web.control import Control
from tipoff.web.server import Listener
from warm import Known, learn_from


class HaltingState(State):
    """The state database, in which each phase is recorded as it begins."""

    def __init__(self, settings: Settings, clock: ManualClock) -> None:
        super().__init__(settings, clock)
        self._folder = settings.data_dir

    @contextmanager
    def phase(self, run_id: str, phase: str, game_date: date | None) -> Iterator[Recorded]:
        with super().phase(run_id, phase, game_date) as recorded:
            halt = self._folder / "halt"
            try:
                if halt.read_text() == phase:
                    halt.rename(self._folder / f"at-{os.getpid()}")
                    while not (self._folder / "go").exists():
                        time.sleep(0.01)
            except FileNotFoundError:
                pass
            yield recorded


class Hand:
    """What this process does on command."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._house: House | None = None
        self._desk: Desk | None = None

    def open(
        self, folder: str, at: str, works: bool, beat: float, silence: float, environment: dict[str, str] | None = None, **settings: Any
    ) -> int:
        """Open a data directory, to work on it or only to ask."""
        os.environ.update(environment or {})
        clock = ManualClock(datetime.fromisoformat(at))
        inforce = load_settings(data_dir=Path(folder), **settings).model_copy(update={"league": "practice"})
        state = HaltingState(inforce, clock)
        self._open.callback(state.close)
        self._house = replace(self._open.enter_context(open_house(inforce, clock)), state=state)
        context = working(self._house, scheduled=False, beat=beat, silence=silence) if works else open_desk(self._house)
        self._desk = self._open.enter_context(context)
        return os.getpid()

    def start(self, day: str, go: str | None = None, **asked: Any) -> list[Any]:
        """Start a date, as soon as there is a file `go`: the batch, and whether it is new; or the error's kind and message."""
        while go is not None and not Path(go).exists():
            time.sleep(0.001)
        try:
            begun = coordinator.start(self.desk, date.fromisoformat(day), **asked)
        except TipoffError as error:
            return [type(error).__name__, str(error)]
        return [begun.batch_id, begun.fresh]

    def lease(self, seconds: float) -> float:
        """From now on a lease lasts so long."""
        house = self.desk.house
        self.desk.house = replace(house, settings=house.settings.model_copy(update={"lease_seconds": seconds}))
        return seconds

    def reset(self, day: str) -> list[str]:
        return [ticket.batch_id for ticket in coordinator.reset(self.desk, date.fromisoformat(day))]

    def status(self, day: str) -> dict[str, Any]:
        return coordinator.status(self.desk.house.state, date.fromisoformat(day))

    def serve(self) -> str:
        """Serve the control API as well; its address."""
        listener = Listener(create_app(self.desk.house.bucket, clock=self.desk.house.clock, control=Control.of(self.desk)))
        threading.Thread(target=listener.run, daemon=True).start()
        return listener.url

    def close(self) -> None:
        """Leave as a command does at its end."""
        self._open.close()
        self._open = ExitStack()

    @property
    def desk(self) -> Desk:
        assert self._desk is not None
        return self._desk


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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
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
