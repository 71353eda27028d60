"""Serving: a socket, an address that is told to whoever asked, and uvicorn until it is stopped; beside a worker where one is wanted.

Loopback by default. It must never print: the command line does.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from obstore.store import ObjectStore

from tipoff.clock import Clock, ManualClock, SystemClock
from tipoff.collecting import collect_seldom
from tipoff.config import Settings
from tipoff.config import clock_of as in_force
from tipoff.errors import BadInput, ConfigError
from tipoff.flow.engine import Desk, open_desk
from tipoff.flow.house import open_house
from tipoff.flow.tracing import watch_requests
from tipoff.flow.worker import working
from tipoff.store.bucket import BRIEF, open_bucket
from tipoff.web.app import create_app
from tipoff.web.control import Control
from tipoff.web.published import Published

Announce = Callable[[str, bool], None]
"""Gets the address, and whether a token is set."""
_PATIENCE = 15.0
"""So many seconds a call waits for the warehouse where another process holds it."""


class Listener:
    """A server whose socket listens already, so that `url` is true before it runs. `port` 0 takes a free one.

    Raises ConfigError where the address cannot be had.
    """

    def __init__(self, app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Said outright that it is TCP: asyncio sends small answers at once only on a socket that says so, and else 40 ms later.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
        app.state.ending = lambda: self._server.should_exit  # streams end with the server, which waits for them

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


def serve(settings: Settings, *, announce: Announce, clock: Clock | None = None) -> None:
    """Serve the pages of these settings' bucket, and the control API, until the process is told to end; `announce` is called first.

    It only asks for work: a worker elsewhere does it. Raises ConfigError for a bucket that cannot be opened, or an address that cannot be
    had.
    """
    with open_house(settings, clock or in_force(settings), wait_seconds=_PATIENCE) as house, open_desk(house) as desk:
        listener = _listener(desk, clock)
        announce(listener.url, settings.api_token is not None)
        listener.run()


def up(settings: Settings, *, announce: Announce, clock: Clock | None = None) -> None:
    """The worker with the day's plan, the pages and the control API, all in this process, until it is told to end. Raises as `serve` does.

    To be called in the main thread, which alone hears of signals.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_house(settings, clock or in_force(settings)) as house, working(house) as engine:
        listener = _listener(engine, clock)
        serving = threading.Thread(target=_until_it_ends, args=(listener, stop), name="tipoff-web")
        serving.start()
        try:
            collect_seldom()  # once more: all that this process works with is loaded now, and pages wait while garbage is looked for
            announce(listener.url, settings.api_token is not None)
            stop.wait()
        finally:
            listener.stop()
            serving.join()


def _until_it_ends(listener: Listener, stop: threading.Event) -> None:
    """A server that ends by itself takes its process along: a worker without its page would not be noticed."""
    try:
        listener.run()
    finally:
        stop.set()


def _listener(desk: Desk, clock: Clock | None) -> Listener:
    house = desk.house
    bucket = open_bucket(house.settings.bucket_url, BRIEF)  # a reader does not wait for as long as work does
    shown = in_force(house.settings) if house.settings.clock_file else clock_of(bucket)
    app = create_app(bucket, clock=clock or shown, control=Control.of(desk))
    watch_requests(app, house.settings)
    return Listener(app, house.settings.host, house.settings.port)
