"""A real house with an outbox, a message as a phase would write it, and a receiver of webhooks on loopback. For tests of messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.flow.house import House, open_house
from tipoff.flow.messages import CompletionMessage, Execution, Outcome, completion, put
from tipoff.flow.targets import Letter, Send
from tipoff.flow.webhook import Patience, Webhook

START = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
DAY = date(2025, 11, 5)
SECRET = "a secret that both sides know"
BRISK = Patience(attempts=3, wait_initial=0.0, wait_max=0.0, wait_jitter=0.0, connect=30.0, read=30.0, whole=60.0)


@dataclass
class Desk:
    """The house, and what the reaction was told, in order."""

    house: House
    clock: ManualClock
    seen: list[CompletionMessage] = field(default_factory=list)

    def react(self, _desk: Desk, message: CompletionMessage) -> None:
        self.seen.append(message)

    def write(self, *messages: CompletionMessage) -> None:
        """Each in a transaction of its own."""
        for message in messages:
            with self.house.warehouse.writing("a test") as work:
                put(work, message)

    def outbox(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.house.warehouse.read("ops.outbox").sort_by("created_at").to_pylist()
        return rows


@contextmanager
def desk_in(folder: Path, **settings: Any) -> Iterator[Desk]:
    clock = ManualClock(START)
    with open_house(Settings(data_dir=folder, league="practice", **settings), clock) as house:
        yield Desk(house, clock)


def message(**more: Any) -> CompletionMessage:
    """The features of a day are there; whatever is given differs."""
    execution: dict[str, Any] = {
        "processor_name": "features",
        "game_date": DAY,
        "started_at": START - timedelta(minutes=1),
        "trigger": "props of 2025-11-05",
        "correlation_id": "props-2025-11-05-3",
        "execution_id": "slate-2025-11-05-1",
    }
    outcome: dict[str, Any] = {"status": "success", "record_count": 424, "records_failed": 0, "completion_pct": 100.0, "error": None}
    rest: dict[str, Any] = {"phase": "features", "table": "features.store", "finished_at": START}
    for given in (execution, outcome, rest):
        given |= {name: more.pop(name) for name in [*given] if name in more}
    assert not more, f"No message has {', '.join(more)}."
    return completion(execution=Execution(**execution), outcome=Outcome(**outcome), **rest)


@dataclass(frozen=True)
class Posted:
    """A request that came; headers by their lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Shelf:
    """A target that keeps what it gets."""

    name: str = "shelf"
    kept: list[Letter] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[Send]:
        yield self.kept.append


Says = Callable[[Posted], tuple[int, dict[str, str]]]
"""What the receiver answers: a status and headers."""


@dataclass
class Receiver:
    """A receiver of webhooks, with everything that it was posted. `says` may be changed while it runs."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    says: Says = lambda _posted: (204, {})

    def webhook(self, clock: ManualClock, **more: Any) -> Webhook:
        return Webhook(SecretStr(self.url), SecretStr(SECRET), clock, **{"patience": BRISK, **more})


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            posted = Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with lock:
                found.posted.append(posted)
                status, headers = found.says(posted)
            if status == 0:  # hang up without a word
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            told = b"" if status == 204 else b'{"detail": "as the test said"}'
            if status != 204:
                self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silence: the tests look at `posted`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook?token=not-to-be-told"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ids(posted: list[Posted]) -> list[str]:
    return [one.headers["x-tipoff-message-id"] for one in posted]
