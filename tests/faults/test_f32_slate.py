"""F32: the clock jumps back an hour: no lease is lost or doubled; what was known stays known, and nothing is asked or said twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from faults.nights import evening
from faults.test_f22 import Night
from tipoff.clock import ManualClock
from tipoff.flow.batch_log import batches
from tipoff.flow.engine import Watch
from tipoff.flow.holder import Holder
from tipoff.flow.lease import trigger, wait_for
from tipoff.flow.overseer import Overseer
from tipoff.flow.slate import ask
from tipoff.flow.worker import working
from train.practice_house import NIGHT, games_of_night

AN_HOUR = timedelta(hours=1)
LAST = max(games_of_night(), key=lambda game: game.tip)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[tuple[Night, ManualClock]]:
    """Minutes before the last tip: its lines are known, the other games have begun."""
    with evening(tmp_path) as found, working(found.house, scheduled=False) as engine:
        clock = found.house.clock
        assert isinstance(clock, ManualClock)
        clock.set(LAST.tip - timedelta(minutes=5))
        yield Night(found, engine), clock


def run(night: Night) -> int:
    number = trigger(night.engine, "slate", NIGHT, "a test", ask("last_call"))
    wait_for(night.engine, {("slate", NIGHT, number)}, 120)
    return number


def test_f32_a_run_after_the_jump_knows_what_the_one_before_it_knew(night: tuple[Night, ManualClock]) -> None:
    found, clock = night
    first = run(found)
    said = found.active()
    assert {key[0] for key in said} == {LAST.game_id}
    clock.set(clock.now() - AN_HOUR)
    again = run(found)
    told = {batch.number: batch for batch in batches(found.house.state, NIGHT, "slate")}
    assert told[again].state == told[first].state == "complete"
    assert told[again].progress["as_of"] == told[first].progress["as_of"]
    assert found.active() == said
    assert found.generations() == {LAST.game_id: 1}


def test_f32_a_lease_goes_by_progress_and_not_by_the_wall_clock(night: tuple[Night, ManualClock]) -> None:
    found, clock = night
    steady = [0.0]
    overseer = Overseer(lambda: found.engine, Watch(lambda: steady[0]))
    seconds = found.house.settings.lease_seconds
    number = trigger(found.engine, "held", NIGHT, "a test", delay=3600.0)
    holder = Holder.claim(found.engine, "held", NIGHT, number)
    assert holder is not None
    overseer()
    for jump in (-AN_HOUR, 3 * AN_HOUR, -AN_HOUR):
        clock.set(clock.now() + jump)
        steady[0] += seconds / 10
        overseer()
        holder.beat()
        [only] = batches(found.house.state, NIGHT, "held")
        assert (only.state, only.generation) == ("processing", holder.generation)
    overseer()
    steady[0] += seconds
    overseer()
    assert [batch.state for batch in batches(found.house.state, NIGHT, "held")][-1] == "timeout"
