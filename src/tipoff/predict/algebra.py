"""Linear algebra on one thread: how many there are decides the order of sums, and so the last digits of what is learnt and said.

Several gain nothing on matrices as small as ours, and wait for each other by turning on the spot: with a process a core they take the
others' time. Knows BLAS alone. It must never know what is worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import threadpool_limits

_turn = Lock()
_before: list[Any] = []
"""What was before each block that was entered since nobody was in one."""
_within = 0


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Around a function, or a block: matrix products of this process, in all its threads, take one thread each meanwhile: those of the
    libraries that are loaded already. When nobody is in such a block any more all is as before."""
    global _within
    with _turn:
        _within += 1
        _before.append(threadpool_limits(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _turn:
            _within -= 1
            while _before and not _within:
                _before.pop().restore_original_limits()
