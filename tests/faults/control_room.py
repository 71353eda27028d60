"""A data directory in which a night can be predicted, processes that work on it, ask or serve, and what a test does to them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import tipoff
from faults.crew import PATIENCE, TESTS, Crew, Hand, wait_until
from postgres import Postgres
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.coordinator import status
from tipoff.flow.state import State
from web.controlled import AFTERNOON, NIGHT, TOKEN, with_fleet

SCRIPT = Path(__file__).with_name("control_process.py")
SOURCE = Path(tipoff.__file__).parent.parent
DAY = NIGHT.isoformat()
QUICK = {"at": AFTERNOON.isoformat(), "beat": 0.1, "silence": 60.0, "lease_seconds": 120.0, "retry_seconds": 0.0}
SYSTEM = "moving_average"
"""One system is enough where many would only take longer."""


class ControlCrew(Crew):
    """Where the processes come from."""

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


class Room:
    """The data directory, and who is at it."""

    def __init__(self, folder: Path, crew: ControlCrew, database: str | None) -> None:
        self.folder = folder
        self.hands: list[Hand] = []
        self._crew = crew
        self._database = database
        settings = load_settings(data_dir=folder, database=SecretStr(database) if database else None)
        self.state = State(settings, ManualClock(AFTERNOON))

    def hire(self, works: bool, **settings: Any) -> Hand:
        """A process that works here, or only asks."""
        [hand] = self.hire_all(1, works, **settings)
        return hand

    def hire_all(self, number: int, works: bool, **settings: Any) -> list[Hand]:
        """Several at once."""
        hands = [self._crew.hire() for _ in range(number)]
        for hand in hands:
            self.hands.append(hand)
            hand.say("open", folder=str(self.folder), works=works, database=self._database, api_token=TOKEN, **{**QUICK, **settings})
        for hand in hands:
            hand.hear()
        return hands

    def kill(self, hand: Hand) -> None:
        self.hands.remove(hand)
        hand.kill()

    def arm(self, phase: str) -> None:
        """The next process that begins this phase stops within it."""
        (self.folder / "go").unlink(missing_ok=True)
        aside = self.folder / "halt.new"
        aside.write_text(phase)
        aside.rename(self.folder / "halt")

    def caught(self) -> Hand:
        """Who stopped there."""
        at: Path = self.until(lambda: next(iter(self.folder.glob("at-*")), None))
        at.unlink()
        [hand] = [hand for hand in self.hands if hand.pid == int(at.name.removeprefix("at-"))]
        return hand

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def slates(self) -> list[Batch]:
        """The batches of the night, in the order of their numbers."""
        return sorted(batches(self.state, NIGHT, "slate"), key=lambda batch: batch.number)

    def settled(self) -> list[Batch]:
        """The batches once all of them are over."""

        def over() -> list[Batch]:
            found = self.slates()
            return found if found and all(batch.over for batch in found) else []

        found: list[Batch] = self.until(over)
        return found

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is so, and give it."""
        return wait_until(condition, lambda: [(batch.batch_id, batch.state, batch.progress, batch.error) for batch in self.slates()])


@contextmanager
def open_room(folder: Path, crew: ControlCrew, database: str | None = None) -> Iterator[Room]:
    room = Room(with_fleet(folder), crew, database)
    with closing(room.state):
        try:
            yield room
        finally:
            room.let_go()
            for hand in room.hands:
                hand.wake()
                hand.say("close")
            for hand in room.hands:
                hand.hear()
                hand.let_go()


@pytest.fixture(scope="session")
def control_crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlCrew]:
    hired = ControlCrew(tmp_path_factory.mktemp("control"))
    yield hired
    hired.dismiss()


@pytest.fixture
def room(control_crew: ControlCrew, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Room]:
    """On SQLite, and on Postgres where a test is marked `in_both`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        with open_room(tmp_path / "room", control_crew) as found:
            yield found
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    database = server.fresh()
    with open_room(tmp_path / "room", control_crew, database) as found:
        yield found
    server.drop(database)


in_both = pytest.mark.parametrize("room", ["sqlite", "postgres"], indirect=True)
"""A test runs on a state database of either kind."""


def asked_over_http(url: str) -> dict[str, Any]:
    """How the night stands, as a server tells it."""
    found: dict[str, Any] = httpx.get(f"{url}status", params={"game_date": DAY}, timeout=PATIENCE).json()
    return found


Asks = list[Callable[[], dict[str, Any]]]


def everybody(room: Room) -> Asks:
    """Every process of the room, one of them over HTTP too."""
    asks: Asks = [lambda hand=hand: hand.ask("status", day=DAY) for hand in room.hands]  # type: ignore[misc]
    url = room.hands[-1].ask("serve")
    return [*asks, lambda: asked_over_http(url)]


def same_from_all(room: Room, asks: Asks) -> dict[str, Any] | None:
    """What all tell; None where it changed while they were asked."""
    before = status(room.state, NIGHT)
    told = [ask() for ask in asks]
    if status(room.state, NIGHT) != before:
        return None
    assert all(one == before for one in told), (before, told)
    return before
