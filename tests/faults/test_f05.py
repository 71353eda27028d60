"""F05: a batch's time limit passes: the call returns within it, and no second writer is left running."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from faults.crew import DAY, Yard, ten


def test_f05_a_batch_that_runs_out_of_time_ends_there_commits_nothing_more_and_the_next_loads_the_rest(yard: Yard, tmp_path: Path) -> None:
    hand = yard.hire(batch_seconds=2)
    yard.land(*ten())
    yard.arm("reading")
    yard.trigger(hand)
    yard.caught()
    [batch] = yard.batches()
    assert batch.started_at is not None
    late = batch.started_at + timedelta(seconds=2)
    yard.until(lambda: yard.house.clock.now() > late)
    yard.give_time()
    yard.let_go()
    found = yard.settled()
    assert [(batch.state, batch.counts.get("documents"), batch.generation) for batch in found] == [
        ("timeout", 0, 1),
        ("complete", 10, 2),
    ]
    assert str(found[0].error).endswith("took longer than 2 s.")
    assert yard.generation() == 2
    assert len(yard.games()) == 10
    yard.check_union(tmp_path)


def test_f05_a_call_that_waits_returns_at_its_limit_and_says_what_still_runs(yard: Yard, tmp_path: Path) -> None:
    hand = yard.hire()
    yard.land(*ten())
    yard.arm("reading")
    [number] = yard.trigger(hand)
    yard.caught()
    told = hand.ask("wait_too_short", feed="lines", day=DAY.isoformat(), number=number, seconds=0.2)
    assert told == ["Busy", "Still at work after 0.2 s: lines of 2025-11-05 (processing)."]
    yard.let_go()
    assert [batch.state for batch in yard.settled()] == ["complete"]
    yard.check_union(tmp_path)
