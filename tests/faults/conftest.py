"""An empty warehouse for each test that asks for one; a crew of processes, and a data directory for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.control_room import control_crew as control_crew
from faults.control_room import room as room
from faults.crashes import workshop as workshop
from faults.crew import crew as crew
from faults.crew import yard as yard
from load.bench import Bench
from load.benches import held_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with held_bench(tmp_path / "bench") as found:
        yield found
