"""What a process learns by working, told to the one that it was forked from: so the next ones need not learn it again.

Processes of the tests are forked from one that has imported everything and has opened nothing, since importing takes longer than most of
what they do. They are processes of their own nevertheless: with their own connections and threads, and killed like any other. What they
import on first use, and the SQL that they write for each question, was half of what was left of their work.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import ibis

from tipoff.collecting import collect_seldom
from tipoff.store import duckdb_work

_MEMORIES: tuple[dict[Any, Any], ...] = (duckdb_work._STATEMENTS._questions, duckdb_work._STATEMENTS._shapes)

LEARNT = ".learnt"
# Looks for it among all installed packages, once a process.
_ = ibis.duckdb


class Known:
    """What is known now; a child tells what it has learnt since."""

    def __init__(self) -> None:
        self._modules = set(sys.modules)
        self._statements = [len(memory) for memory in _MEMORIES]

    def learnt(self) -> bytes:
        """The modules imported and the statements written since."""
        found: list[bytes] = []
        for place, memory in enumerate(_MEMORIES):
            for entry in islice(memory.items(), self._statements[place], None):
                with suppress(pickle.PicklingError, AttributeError, TypeError):  # one that cannot be told is written again
                    found.append(pickle.dumps((place, *entry)))
        return pickle.dumps((sorted(set(sys.modules) - self._modules), found))

    def leave(self, folder: Path) -> None:
        """The same in a file, for a parent that does not wait for its children."""
        aside = folder / f"{os.getpid()}.new"
        aside.write_bytes(self.learnt())
        aside.rename(aside.with_suffix(LEARNT))


def learn(told: bytes) -> None:
    """The same for all who are forked from here on; nothing where a child died before it told."""
    if not told:
        return
    modules, statements = pickle.loads(told)
    for name in modules:
        with suppress(ImportError, AttributeError):
            importlib.import_module(name)
    for one in statements:
        place, key, value = pickle.loads(one)
        _MEMORIES[place].setdefault(key, value)
    collect_seldom()


def learn_from(folder: Path) -> None:
    """What children left there."""
    for path in folder.glob(f"*{LEARNT}"):
        learn(path.read_bytes())
        path.unlink()
