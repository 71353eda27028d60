"""An S3 protocol server for tests: moto's, a real one over HTTP on loopback, started when the first test asks; a bucket a test.

Also a forwarder that stands before it, by which a test takes the server away and gives it back. Where moto is absent such tests are
skipped, and say so.
"""

from __future__ import annotations

import itertools
import logging
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest

SECRET = "a-secret-that-is-told-nobody"


class S3:
    """A running server: buckets made in a moment."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._numbers = itertools.count(1)

    def fresh(self, prefix: str = "house/of ours") -> str:
        """The URL of a folder in a new bucket."""
        name = f"bucket-{next(self._numbers)}"
        httpx.put(f"http://{self.host}:{self.port}/{name}").raise_for_status()
        return f"s3://{name}/{prefix}".rstrip("/")


class Forwarder:
    """Hands connections on to a server, until it is cut: then those there are break, and none is taken; and on again, on the same port."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._mutex = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._listening = self._listen(0)
        self.port: int = self._listening.getsockname()[1]
        self.taken = 0
        self.drop_answers_to = b""
        """Where set: a request that begins so reaches the server, and its answer is lost, once."""
        self.cut_at = b""
        """Where set: a request that begins so is not handed on, and everything is cut."""
        self.is_cut = threading.Event()
        self._dropping: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._ended = False
        self._thread.start()

    def _listen(self, port: int) -> socket.socket:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(64)
        self._selector.register(listening, selectors.EVENT_READ)
        return listening

    def cut(self) -> None:
        """Break every connection, and take none."""
        with self._mutex:
            self._cut()
        self._wake.send(b".")

    def _cut(self) -> None:
        self._selector.unregister(self._listening)
        self._listening.close()
        for one in list(self._pairs):
            self._close(one)
        self.is_cut.set()

    def mend(self) -> None:
        """Take connections again."""
        with self._mutex:
            self._listening = self._listen(self.port)
            self.is_cut.clear()
        self._wake.send(b".")

    def close(self) -> None:
        self._ended = True
        self._wake.send(b".")
        self._thread.join()
        for one in (*self._pairs, self._listening, self._wake, self._woken):
            one.close()
        self._selector.close()

    def _close(self, one: socket.socket) -> None:
        other = self._pairs.pop(one, None)
        self._dropping.discard(one)
        with suppress(KeyError, ValueError):
            self._selector.unregister(one)
        one.close()
        if other is not None:
            self._close(other)

    def _run(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select():
                with self._mutex:
                    self._ready(key.fileobj)

    def _ready(self, ready: Any) -> None:
        if ready is self._woken:
            ready.recv(100)
        elif ready is self._listening:
            client, _ = ready.accept()
            server = socket.create_connection(self._to)
            self.taken += 1
            self._pairs |= {client: server, server: client}
            for one in (client, server):
                self._selector.register(one, selectors.EVENT_READ, client)
        elif ready in self._pairs:
            try:
                said, other = ready.recv(65536), self._pairs[ready]
                if self.drop_answers_to and said.startswith(self.drop_answers_to):
                    self.drop_answers_to = b""
                    self._dropping.add(other)
                if self.cut_at and said.startswith(self.cut_at):
                    self.cut_at = b""
                    self._cut()
                elif not said or ready in self._dropping:
                    self._close(ready)
                else:
                    other.sendall(said)
            except OSError:
                self._close(ready)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """A server of this session's own; what it holds is gone with it."""
    server: Any = pytest.importorskip("moto.server", reason="the S3 protocol server is moto's, with flask-cors")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each request would be a line
    thread = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    thread.start()
    yield S3(*thread.get_host_and_port())
    thread.stop()


def environment(port: int) -> dict[str, str]:
    """What an operator sets, for a server at this port of loopback."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "tipoff",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server, with the environment set to it."""
    for name, value in environment(s3_server.port).items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def way(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forwarder]:
    """The way to the server, which a test can cut; the environment leads over it."""
    with ExitStack() as stack:
        forwarder = Forwarder(s3.host, s3.port)
        stack.callback(forwarder.close)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{forwarder.port}")
        yield forwarder
