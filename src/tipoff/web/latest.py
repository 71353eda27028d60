"""What was made last for each place, so that nobody waits while it is made anew.

Comes in: a place (an address, a document's path), the version that is wanted there, and how to make it. Goes out: that version; or, while
somebody else is making anything for the place, what stood there before. It must never know what it holds.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class _Place(Generic[Thing]):
    """One place: its version and thing, None before the first is made; whoever makes the next holds the turn."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.held: tuple[Hashable, Thing] | None = None


class Latest(Generic[Thing]):
    """The newest thing of each of the last `size` places that were asked for. Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places: OrderedDict[Hashable, _Place[Thing]] = OrderedDict()
        self._mutex = threading.Lock()

    def get(self, place: Hashable, version: Hashable, make: Callable[[], Thing]) -> tuple[Hashable, Thing]:
        """The version that is given out, and its thing: the wanted one, made if it is not at hand; or the one before, while another thread
        makes the next. Before there is any, all wait for the first. What `make` raises goes to whoever ran it; the next one tries again."""
        with self._mutex:
            mine = self._places.setdefault(place, _Place())
            self._places.move_to_end(place)
            while len(self._places) > self._size:
                self._places.popitem(last=False)
        held = mine.held
        if held is not None and held[0] == version:
            return held
        if not mine.turn.acquire(blocking=held is None):
            assert held is not None
            return held
        try:
            if mine.held is None or mine.held[0] != version:
                mine.held = version, make()
            return mine.held
        finally:
            mine.turn.release()
