"""Linear algebra on one thread: how many there are decides the order of sums, and so the last digits of what is learnt and said.

Several gain nothing on matrices as small as ours, and wait for each other by turning on the spot: with a process a core they take the
others' time. Knows BLAS alone. It must never know what is worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Around a function, or a block: matrix products of this process, of all its threads, take one thread each meanwhile."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
