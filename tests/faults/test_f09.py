"""F09: two overlapping loads of the same range, interleaved at random and one killed: the same table as one run."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from faults.crew import DAY, FETCHED, Yard, ten

DAYS = 3


@pytest.mark.parametrize("seed", [1, 2])
def test_f09_two_processes_that_load_the_same_range_in_different_orders_and_one_is_killed_make_the_table_of_one_run(
    yard: Yard, tmp_path: Path, seed: int
) -> None:
    """One goes by batches, backwards through the days; the other loads the same documents by hand, shuffled, a few at a time."""
    chance = random.Random(seed)
    batched, by_hand = yard.hire_all(2)
    days = [DAY + timedelta(days=later) for later in range(DAYS)]
    ids = [
        payload_id for later, day in enumerate(days) for payload_id in yard.land(*ten(later), day=day, at=FETCHED + timedelta(days=later))
    ]
    chance.shuffle(ids)
    yard.arm(chance.choice(["merging", "merged"]))
    by_hand.say("load", payloads=ids, at_once=chance.randint(2, 7))
    batched.say("trigger", feed="lines", days=[day.isoformat() for day in reversed(days)])
    killed = yard.caught()
    yard.kill(killed)
    [survivor] = yard.hands
    if survivor is batched:
        survivor.hear()
    third = yard.hire()
    survivor.hear()
    third.ask("trigger", feed="lines", days=[day.isoformat() for day in days])
    third.ask("load", payloads=sorted(ids), at_once=9)
    for day in days:
        assert yard.settled(day=day)[-1].state == "complete"
        assert len(yard.games(day)) == 10
    yard.landed += yard.by_hand()
    yard.check_union(tmp_path)
