"""A process is killed right before each durable write of a batch, and once after the last: what the next makes of it is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.crash_scenes import AFTERNOON, MORNING, league_with_a_model
from faults.boundaries import OVER, Boundary
from faults.crashes import Place, Scenario, Workshop, crash_everywhere
from features.small_league import NIGHT
from postgres import Postgres

SLATE = Scenario("slate", NIGHT, AFTERNOON, {"run_mode": "first"})


@pytest.fixture(scope="session")
def league_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene") / "league"
    league_with_a_model(folder)
    return folder


def test_a_slate_is_the_same_wherever_its_process_is_killed(workshop: Workshop, league_scene: Path) -> None:
    seen = crash_everywhere(workshop, Place(league_scene, None), SLATE)
    check_enumerated(seen, ("slate:analyze", "slate:features", "slate:predict", "slate:publish", "slate:end", "slate:relay"))


def test_a_slate_is_the_same_wherever_its_process_is_killed_with_the_state_on_postgres(
    postgres_workshop: Workshop, postgres_server: Postgres, league_scene: Path
) -> None:
    seen = crash_everywhere(postgres_workshop, Place(league_scene, postgres_server.fresh()), SLATE)
    check_enumerated(seen, ("slate:analyze", "slate:features", "slate:predict", "slate:publish", "slate:end", "slate:relay"))


def check_enumerated(seen: list[Boundary], steps: tuple[str, ...]) -> None:
    """Among the boundaries are those around the record of each step, and of the workflow's taking and end."""
    writes = [boundary.write for boundary in seen]
    recorded = [write.rpartition(" of ")[2] for write in writes if "operation_outputs of " in write]
    assert recorded == list(steps)
    assert writes[0] == "insert ops_batches"
    assert [write for write in writes if "workflow_" in write and "operation_outputs" not in write][-1].endswith("workflow_output")
    assert writes[-1] == OVER
