"""An empty warehouse for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from load.bench import Bench
from load.benches import held_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with held_bench(tmp_path / "bench") as found:
        yield found
