"""F03: the holder of a batch is killed (SIGKILL) at each of its steps: another process finishes it; no row is lost or doubled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from faults.crew import DAY, FETCHED, POINTS, Yard, ten

CLAIMS = {"begun": 1, "claiming": 1, "ended": 1}
"""How often the batch is claimed in all: once where its first holder had not got so far, or had ended it."""


def test_f03_a_holder_killed_at_any_of_its_steps_is_followed_by_another_process_and_no_row_is_lost_or_doubled(
    yard: Yard, tmp_path: Path
) -> None:
    """A day for each step, on one data directory: the tables in the end are those of an undisturbed load of them all."""
    for place, point in enumerate(POINTS):
        if len(yard.hands) < 2:
            yard.hire_all(2 - len(yard.hands))
        day = DAY + timedelta(days=place)
        yard.land(*ten(place), day=day, at=FETCHED + timedelta(days=place))
        yard.arm(point)
        [number] = yard.trigger(yard.hands[0], day=day)
        holder = yard.caught()
        yard.kill(holder)
        [survivor] = yard.hands
        states = survivor.ask("wait", feed="lines", day=day.isoformat(), number=number, seconds=60)
        assert states == ["complete"], point
        assert len(yard.games(day)) == 10, point
        assert yard.generation(day=day) == CLAIMS.get(point, 2), point
    yard.check_union(tmp_path)
