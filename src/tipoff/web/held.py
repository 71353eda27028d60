"""Answers out of what is at hand: tried first where requests are taken in, without the way to another thread and back.

Where another thread computes, each change of threads costs a turn of the interpreter. A page that stands needs none: whoever would have to
read, parse or render something says so, and is then asked again in a thread of its own. It must never know a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

P = ParamSpec("P")
R = TypeVar("R")
_ONLY_HELD: ContextVar[bool] = ContextVar("only_held", default=False)


class NotHeld(Exception):
    """It would take reading, parsing or rendering."""


def takes_time() -> None:
    """Said before anything that takes time. Raises NotHeld where only what is at hand is asked for."""
    if _ONLY_HELD.get():
        raise NotHeld


def held_only() -> bool:
    """Whether only what is at hand is asked for."""
    return _ONLY_HELD.get()


def quick(endpoint: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """The same endpoint, answered at once where all is at hand, else in a thread."""

    @wraps(endpoint)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _ONLY_HELD.set(True)
        try:
            return endpoint(*args, **kwargs)
        except NotHeld:
            pass
        finally:
            _ONLY_HELD.reset(token)
        return await run_in_threadpool(endpoint, *args, **kwargs)

    return answer
