"""A process is killed right before each durable write of a batch, and once after the last: what the next makes of it is the same."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from faults.boundaries import OVER, TICK, Boundary
from faults.crash_scenes import AFTERNOON, LATER, MORNING, land_lines, league_with_a_model
from faults.crashes import Place, Scenario, Workshop, crash_everywhere, of_state, standing
from features.small_league import NIGHT
from postgres import Postgres

SLATE = Scenario("slate", NIGHT, AFTERNOON, {"run_mode": "first"})
SLATE_STEPS = ("slate:analyze", "slate:features", "slate:predict", "slate:publish", "slate:end", "slate:relay")


@pytest.fixture(scope="session")
def league_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The afternoon before a night: a model, and nothing said."""
    folder = tmp_path_factory.mktemp("scene") / "league"
    league_with_a_model(folder)
    return folder


@pytest.fixture(scope="session")
def slate_scene(workshop: Workshop, league_scene: Path) -> Path:
    """The same after the slate's first run."""
    place = workshop.copy(Place(league_scene))
    workshop.run(place, SLATE)
    return place.folder


def check_enumerated(seen: list[Boundary], steps: tuple[str, ...]) -> None:
    """Among the boundaries are those around the record of each step, and of a workflow's taking and end."""
    writes = [boundary.write for boundary in seen]
    assert [write.rpartition(" of ")[2] for write in writes if "operation_outputs of " in write] == list(steps)
    assert "insert workflow_status insert workflow_input" in writes[1]
    assert "update workflow_status" in writes
    assert writes[-1] == OVER
    assert "workflow_" in writes[-2]


def test_a_slate_is_the_same_wherever_its_process_is_killed(workshop: Workshop, league_scene: Path) -> None:
    seen, _ = crash_everywhere(workshop, Place(league_scene), SLATE)
    check_enumerated(seen, SLATE_STEPS)


def test_a_slate_is_the_same_wherever_its_process_is_killed_with_the_state_on_postgres(
    workshop: Workshop, postgres_server: Postgres, league_scene: Path
) -> None:
    """At every second write to it: of the warehouse and the bucket, which lie where they lay, the test above kills at each, and at each
    write to a state in SQLite."""
    place = Place(league_scene, postgres_server, postgres_server.fresh())
    turns = cycle((True, False))
    seen, _ = crash_everywhere(workshop, place, SLATE, lambda boundary: of_state(boundary) and next(turns))
    check_enumerated(seen, SLATE_STEPS)


def test_lines_that_land_after_the_slate_lead_to_one_more_run_of_it_wherever_their_process_is_killed(
    workshop: Workshop, slate_scene: Path
) -> None:
    """The load, its message, and the reaction to it: that run is asked for, and waits."""
    place = workshop.copy(Place(slate_scene))
    land_lines(place.folder)
    seen, left = crash_everywhere(workshop, place, Scenario("lines", NIGHT, LATER))
    check_enumerated(seen, ("load", "load:relay"))
    assert standing(left)["batches"] == [("lines", NIGHT, "complete"), ("slate", NIGHT, "complete"), ("slate", NIGHT, "waiting")]


def test_grades_are_the_same_wherever_their_process_is_killed(workshop: Workshop, slate_scene: Path) -> None:
    seen, _ = crash_everywhere(workshop, Place(slate_scene), Scenario("grade", NIGHT, MORNING))
    check_enumerated(seen, ("grade:grade", "grade:performance", "grade:publish", "grade:end", "grade:relay"))


def test_a_refit_gives_the_same_models_wherever_its_process_is_killed(workshop: Workshop, league_scene: Path) -> None:
    seen, _ = crash_everywhere(workshop, Place(league_scene), Scenario("train", NIGHT, AFTERNOON, {"systems": ["moving_average"]}))
    check_enumerated(seen, ("train:train", "train:end", "train:relay"))


def test_a_round_of_ticks_starts_the_slate_once_wherever_its_process_is_killed(workshop: Workshop, league_scene: Path) -> None:
    _, left = crash_everywhere(workshop, Place(league_scene), Scenario(TICK, NIGHT, AFTERNOON, settings={"sources": ()}))
    assert [batch for batch in standing(left)["batches"] if batch[0] == "slate"] == [("slate", NIGHT, "waiting")]
