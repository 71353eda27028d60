"""Empty warehouses, each a copy of one that was made once: making the tables takes longer than most tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from load.bench import Bench
from load.benches import bench_maker


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_maker(tmp_path / "bench")


@pytest.fixture
def new_bench(tmp_path: Path) -> Callable[[], Bench]:
    """Makes one empty warehouse after another."""
    made: list[Bench] = []

    def make() -> Bench:
        made.append(bench_maker(tmp_path / f"bench {len(made)}"))
        return made[-1]

    return make
