"""What takes long to make and is made once for all the processes that run tests, whichever of them gets to it first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

_places: list[Path] = []


def meet_in(factory: pytest.TempPathFactory) -> None:
    """Tell where the session's processes have their folders side by side: what they share lies beside these."""
    base = factory.getbasetemp()
    _places[:] = [base.parent if "PYTEST_XDIST_WORKER" in os.environ else base]


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of this name in which `make` has been at work; to be copied before it is changed. Who comes meanwhile waits.

    Nothing in it may point to a folder of the process that made it, which may be gone by then.
    """
    [place] = _places
    folder = place / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder.with_suffix(".made")
        if not made.exists():
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
