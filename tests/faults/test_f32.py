"""F32: the clock jumps back an hour: no lease is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from faults.crash_scenes import AFTERNOON
from faults.slate_days import Lived, lived, prepared
from features.small_league import NIGHT
from flow.upstream import AFTERNOON as HALF_PAST_THREE
from flow.upstream import DAY, practice_house
from tipoff.flow.batch_log import batches
from tipoff.flow.engine import Watch, running_engine
from tipoff.flow.holder import Fenced, Holder
from tipoff.flow.lease import trigger
from tipoff.flow.overseer import Overseer
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import asks_on_record
from tipoff.flow.worker import TICKS, working

AN_HOUR = timedelta(hours=1)


@dataclass
class Steady:
    """A clock that nobody sets, in seconds."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Lived]:
    with lived(tmp_path) as found:
        yield found


@pytest.mark.parametrize("jump", [-AN_HOUR, AN_HOUR])
def test_a_lease_is_neither_lost_nor_doubled_whichever_way_the_clock_jumps(tmp_path: Path, jump: timedelta) -> None:
    steady = Steady()
    with prepared(tmp_path) as (house, clock), running_engine(house, {TICKS: ()}) as engine:  # nobody else takes the batch
        overseer, nearly = Overseer(lambda: engine, Watch(steady)), house.settings.lease_seconds - 1
        number = trigger(engine, "lines", NIGHT, "a test")
        holder = Holder.claim(engine, "lines", NIGHT, number)
        assert holder is not None
        overseer()
        clock.advance(jump)
        for _ in range(3):
            steady.seconds += nearly
            overseer()
            holder.beat()  # raises where the lease was taken away
            overseer()
        assert holder.end("complete", {}) == "complete"
        [batch] = batches(house.state, NIGHT, "lines")
        assert (batch.state, batch.owner) == ("complete", engine.worker_id)


def test_a_holder_that_stands_still_loses_it_also_while_the_clock_says_that_no_time_has_passed(tmp_path: Path) -> None:
    steady = Steady()
    with prepared(tmp_path) as (house, clock), running_engine(house, {TICKS: ()}) as engine:
        overseer = Overseer(lambda: engine, Watch(steady))
        holder = Holder.claim(engine, "lines", NIGHT, trigger(engine, "lines", NIGHT, "a test"))
        assert holder is not None
        overseer()
        clock.advance(-AN_HOUR)
        steady.seconds += house.settings.lease_seconds
        overseer()
        with pytest.raises(Fenced):
            holder.beat()
        assert sorted(batch.state for batch in batches(house.state, NIGHT, "lines")) == ["timeout", "waiting"]


def test_a_slate_after_the_jump_knows_what_was_known_before_it_and_says_nothing_twice(night: Lived) -> None:
    night.ask("slate", run_mode="first")
    before = night.said()
    night.clock.set(AFTERNOON - AN_HOUR)
    night.ask("slate", run_mode="line_update")
    assert night.said() == before
    night.clock.set(AFTERNOON)
    night.ask("slate", run_mode="line_update")
    assert night.said() == before
    assert {batch.progress["as_of"] for batch in night.batches("slate")} == {AFTERNOON.isoformat()}


def test_what_was_asked_is_not_asked_and_paid_for_again(tmp_path: Path) -> None:
    with practice_house(tmp_path, HALF_PAST_THREE) as (house, clock), working(house, scheduled=False) as engine:
        capture_tick(engine)  # the schedule comes
        asked = capture_tick(engine).as_dict()["asked"]
        record = asks_on_record(house.state, DAY)
        assert asked or record
        for moment in (HALF_PAST_THREE - AN_HOUR, HALF_PAST_THREE):
            clock.set(moment)
            assert capture_tick(engine).as_dict() == {"asked": 0, "failed": 0, "missed": 0}
        assert asks_on_record(house.state, DAY) == record
