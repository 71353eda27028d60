"""Where alerts arrive in tests: a web server and a mail server on loopback, which keep what comes and answer as they are told."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    """A web server: the next posts get these statuses, then every one gets `status`. `meanwhile` is called before it answers one. Who asks
    for a document gets an empty list. `date`, where it is set, is what it says the time is."""

    url: str = ""
    status: int = 204
    statuses: deque[int] = field(default_factory=deque)
    posts: list[Post] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    date: str = ""
    meanwhile: Callable[[], None] = lambda: None


@contextmanager
def web() -> Iterator[Web]:
    """A web server for as long as the block takes."""
    sink = Web()

    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return sink.date or super().date_time_string(timestamp)

        def do_GET(self) -> None:
            sink.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.posts.append(Post(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            sink.meanwhile()
            status = sink.statuses.popleft() if sink.statuses else sink.status
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", sink.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink.url = f"http://127.0.0.1:{server.server_port}"
    with _serving(server):
        yield sink


@dataclass
class Mail:
    """A mail server. `refuses`: what it answers to a word instead of what is right."""

    port: int = 0
    login: tuple[str, str] | None = None
    refuses: dict[str, str] = field(default_factory=dict)
    messages: list[EmailMessage] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@contextmanager
def mail(tls: ssl.SSLContext | None = None, *, from_the_start: bool = False, login: tuple[str, str] | None = None) -> Iterator[Mail]:
    """A mail server for as long as the block takes; with `tls` it offers STARTTLS, or speaks TLS from the start."""
    sink = Mail(login=login)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if tls is not None and from_the_start and not self._encrypt(tls):
                return
            self._say("220 here")
            encrypted = from_the_start
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                sink.words.append(word)
                if word in sink.refuses:
                    self._say(sink.refuses[word])
                elif word == "EHLO":
                    offers = ["localhost", *(["STARTTLS"] if tls and not encrypted else []), *(["AUTH PLAIN"] if login else [])]
                    self._say("\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"]))
                elif word == "STARTTLS" and tls is not None:
                    self._say("220 go on")
                    if not self._encrypt(tls):
                        return
                    encrypted = True
                elif word == "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    self._say("235 welcome" if (user, password) == login else f"535 no {password}")
                elif word == "DATA":
                    self._say("354 go on")
                    self._take()
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 well")

        def _take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line[1:] if line.startswith(b"..") else line)
            message = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(message, EmailMessage)
            sink.messages.append(message)
            self._say("250 taken")

        def _say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

        def _encrypt(self, context: ssl.SSLContext) -> bool:
            try:
                self.connection = context.wrap_socket(self.connection, server_side=True)
            except OSError:
                return False
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            return True

        def finish(self) -> None:
            for file in (self.wfile, self.rfile, self.connection):
                file.close()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

        def handle_error(self, *_: Any) -> None:
            """Who hangs up in the middle is no news here."""

    server = Server(("127.0.0.1", 0), Handler)
    sink.port = server.server_address[1]
    with _serving(server):
        yield sink


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
