"""Serving: a socket, an address that is told to whoever asked, and uvicorn until it is stopped.

Loopback by default. It must never print: the command line does.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from obstore.store import ObjectStore

from tipoff.clock import Clock, ManualClock, SystemClock
from tipoff.config import Settings
from tipoff.config import clock_of as in_force
from tipoff.errors import BadInput, ConfigError
from tipoff.store.payloads import open_bucket
from tipoff.web.app import create_app
from tipoff.web.published import Published


class Listener:
    """A server whose socket listens already, so that `url` is true before it runs. `port` 0 takes a free one.

    Raises ConfigError where the address cannot be had.
    """

    def __init__(self, app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
            self._socket.listen(128)
        except OSError as error:
            self._socket.close()
            raise ConfigError(
                f"{host}:{port} cannot be listened on: {error.strerror or error}.", hint="Choose another --port; 0 takes a free one."
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://[{host}]:{self.port}/" if family == socket.AF_INET6 else f"http://{host}:{self.port}/"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))

    def run(self) -> None:
        """Serve until `stop` is called, or the process is told to end."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def close(self) -> None:
        """Give the address up without having served."""
        self._socket.close()

    def stop(self) -> None:
        """Ask the server to end after the requests that it is answering; from any thread."""
        self._server.should_exit = True


def clock_of(bucket: ObjectStore) -> Clock:
    """The clock that pages of this bucket go by: the machine's; for the practice league the moment at which its story stands."""
    try:
        latest = Published(bucket).tonight(None)
    except BadInput:
        return SystemClock()
    practice = latest is not None and latest[0].league == "practice"
    return ManualClock(latest[0].generated_at) if latest is not None and practice else SystemClock()


def serve(settings: Settings, *, announce: Callable[[str], None], clock: Clock | None = None) -> None:
    """Serve the pages of these settings' bucket until the process is told to end; `announce` gets the address first.

    Raises ConfigError for a bucket that cannot be opened, or an address that cannot be had.
    """
    bucket = open_bucket(settings.bucket_url)
    listener = Listener(
        create_app(bucket, clock=clock or (in_force(settings) if settings.clock_file else clock_of(bucket))), settings.host, settings.port
    )
    announce(listener.url)
    listener.run()
