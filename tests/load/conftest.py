"""Empty warehouses, each a copy of one that was made once: making the tables takes longer than most tests. They are held open between two
units of work, by one thread, as a worker holds them: opening them was half of what was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from load.bench import Bench
from load.benches import held_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with held_bench(tmp_path / "bench") as found:
        yield found


@pytest.fixture
def new_bench(tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    """Makes one empty warehouse after another."""
    made: list[Bench] = []

    def make() -> Bench:
        made.append(stack.enter_context(held_bench(tmp_path / f"bench {len(made)}")))
        return made[-1]

    with ExitStack() as stack:
        yield make
