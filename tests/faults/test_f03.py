"""F03: the holder of a batch is killed (SIGKILL) at each of its steps: another process finishes it; no row is lost or doubled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from faults.crew import DAY, FETCHED, POINTS, Yard, ten

CLAIMS = {"begun": 2, "claiming": 2, "ended": 2}
"""How often the day's two batches are claimed: the second once more than these where its first holder had it, and had not ended it."""


def test_f03_a_holder_killed_at_any_of_its_steps_is_followed_by_another_process_and_no_row_is_lost_or_doubled(
    yard: Yard, tmp_path: Path
) -> None:
    """A day for each step: one game comes first and its batch completes; nine come later, and the holder of their batch is killed."""
    for place, point in enumerate(POINTS):
        if len(yard.hands) < 2:
            yard.hire_all(2 - len(yard.hands))
        day = DAY + timedelta(days=place)
        first, *others = ten(place)
        yard.land(first, day=day, at=FETCHED + timedelta(days=place))
        yard.trigger(yard.hands[0], day=day)
        assert [batch.state for batch in yard.settled(day=day)] == ["complete"]
        yard.land(*others, day=day, at=FETCHED + timedelta(days=place, minutes=1))
        yard.arm(point)
        [number] = yard.trigger(yard.hands[0], day=day)
        holder = yard.caught()
        yard.kill(holder)
        [survivor] = yard.hands
        states = survivor.ask("wait", feed="lines", day=day.isoformat(), number=number, seconds=60)
        assert states == ["complete"], point
        assert len(yard.games(day)) == 10, point
        assert yard.generation(day=day) == CLAIMS.get(point, 3), point
    yard.check_union(tmp_path)
