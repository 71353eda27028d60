"""A real server on loopback, for as long as a block lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx
from obstore.store import ObjectStore

from tipoff.clock import ManualClock
from tipoff.web.app import create_app
from tipoff.web.server import Listener


@contextmanager
def serving(bucket: ObjectStore, now: datetime) -> Iterator[httpx.Client]:
    """A real server on a free port of loopback, and a client of it."""
    listener = Listener(create_app(bucket, clock=ManualClock(now)))
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        with httpx.Client(base_url=listener.url, timeout=30) as client:
            yield client
    finally:
        listener.stop()
        thread.join()
