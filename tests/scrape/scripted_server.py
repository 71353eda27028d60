"""A real HTTP server on loopback that answers from a script, and misbehaves where the script says so."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Manner = Literal["plain", "reset", "silent", "drip", "cut"]


@dataclass(frozen=True)
class Answer:
    """One answer: plain, or the connection reset, or no word at all, or a byte at a time without end, or cut off half-way."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    manner: Manner = "plain"


@dataclass
class Script:
    """What the server will say, in order, the last for ever; and what it was asked."""

    url: str
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    together: int = 0
    most_together: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, path: str) -> Answer:
        with self.lock:
            self.asked.append(path)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        script = self.server.script
        with script.lock:
            script.together += 1
            script.most_together = max(script.most_together, script.together)
        try:
            self._answer(script, script.next(self.path))
        finally:
            with script.lock:
                script.together -= 1

    def _answer(self, script: Script, answer: Answer) -> None:
        if answer.manner == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if answer.manner == "silent":
            script.released.wait(30)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            length = len(answer.body) if answer.manner == "plain" else 10_000_000
            self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.write(answer.body)
        while answer.manner == "drip" and not script.released.wait(0.02):
            self.wfile.write(b" ")
            self.wfile.flush()
        if answer.manner != "plain":
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence: the tests look at `asked`."""


@contextmanager
def scripted_server() -> Iterator[Script]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.script = Script(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield server.script
    finally:
        server.script.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
