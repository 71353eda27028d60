"""F01: a first payload of the day holds one game; nine arrive after its batch completed: all ten are loaded, with no one's help."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from faults.crew import DAY, FETCHED, Yard, ten


def test_f01_nine_games_that_arrive_after_the_first_batch_completed_are_loaded_by_the_one_that_their_arrival_asks_for(
    yard: Yard, tmp_path: Path
) -> None:
    hand = yard.hire()
    first, *others = ten()
    yard.land(first)
    [number] = yard.trigger(hand)
    assert hand.ask("wait", feed="lines", day=DAY.isoformat(), number=number, seconds=60) == ["complete"]
    assert len(yard.games()) == 1
    for place, document in enumerate(others):
        yard.land(document, at=FETCHED + timedelta(minutes=place))
        yard.trigger(hand)
    assert {batch.state for batch in yard.settled()} == {"complete"}
    assert len(yard.games()) == 10
    yard.check_union(tmp_path)


def test_f01_nine_games_whose_arrival_nobody_told_of_are_found_by_the_sweep(yard: Yard, tmp_path: Path) -> None:
    hand = yard.hire(at="2025-11-05T18:00:00+00:00")
    first, *others = ten()
    yard.land(first)
    yard.trigger(hand)
    yard.settled()
    yard.land(*others)
    assert len(yard.games()) == 1
    [[feed, day, number]] = hand.ask("sweep")
    assert (feed, day, number) == ("lines", DAY.isoformat(), 2)
    assert [(batch.state, batch.counts.get("documents")) for batch in yard.settled()] == [("complete", 1), ("complete", 9)]
    assert len(yard.games()) == 10
    assert hand.ask("sweep") == []
    yard.check_union(tmp_path)
