"""F02: a payload lands while a batch runs: it is loaded right after, without another trigger."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.crew import Yard, lines


@pytest.mark.parametrize("point", ["merging", "ending"])
def test_f02_what_lands_while_a_batch_runs_is_loaded_right_after_without_another_trigger(yard: Yard, tmp_path: Path, point: str) -> None:
    hand = yard.hire()
    yard.land(lines(0))
    yard.arm(point)
    yard.trigger(hand)
    assert yard.caught() is hand
    yard.land(lines(1), lines(2))
    yard.let_go()
    yard.until(lambda: len(yard.games()) == 3)
    assert {batch.state for batch in yard.settled()} == {"complete"}
    assert one_follows_at_most(yard)
    yard.check_union(tmp_path)


def one_follows_at_most(yard: Yard) -> bool:
    return len(yard.batches()) <= 2


def test_f02_a_trigger_while_a_batch_runs_gives_the_number_of_the_one_that_follows(yard: Yard, tmp_path: Path) -> None:
    hand = yard.hire()
    yard.land(lines(0))
    yard.arm("merging")
    assert yard.trigger(hand) == [1]
    yard.caught()
    yard.land(lines(1))
    assert yard.trigger(hand, times=5) == [2] * 5
    assert [batch.state for batch in yard.batches()] == ["processing", "waiting"]
    yard.let_go()
    assert [batch.state for batch in yard.settled()] == ["complete", "complete"]
    assert len(yard.games()) == 2
    yard.check_union(tmp_path)
