"""Batches where two meet: a late claim, a batch that nothing will start, a document that breaks the loader."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from faults.crew import DAY, FETCHED, Yard, lines, on_both, ten
from load import wire
from tipoff.flow.batch_log import BATCHES, batches, workflow_id
from tipoff.store.receipts import Receipt


def enter(yard: Yard, **values: Any) -> None:
    """A batch on record, as a process that died at once would leave it."""
    row = {"feed": "lines", "game_date": DAY, "number": 1, "state": "waiting", "cause": "a test", "attempt": 1, "beats": 0}
    with yard.house.state.transaction() as connection:
        connection.execute(sa.insert(BATCHES).values(**row | {"created_at": datetime(2025, 11, 5, 17), "counts": "{}"} | values))


@on_both
@pytest.mark.parametrize("second", ["reading", "merged"])
def test_two_that_hold_one_batch_at_once_load_it_once(yard: Yard, tmp_path: Path, second: str) -> None:
    """One is stopped before it claims; another takes over and has claimed; the first wakes up and claims in its turn."""
    hands = yard.hire_all(2, silence=1.5)
    yard.land(*ten())
    yard.arm("begun")
    yard.trigger(hands[0])
    late = yard.caught()
    yard.stop(late)
    yard.arm(second)
    assert yard.caught() is not late
    late.wake()
    yard.let_go()
    assert {batch.state for batch in yard.settled()} == {"complete"}
    assert yard.house.warehouse.read("raw.arrivals").num_rows == 10
    yard.check_union(tmp_path)


def test_a_batch_that_waits_for_a_workflow_that_was_never_made_is_replaced(yard: Yard, tmp_path: Path) -> None:
    yard.land(*ten())
    enter(yard)
    yard.hire(lease_seconds=1.0)
    yard.until(lambda: len(yard.batches()) == 2)
    yard.give_time()
    assert [(batch.state, batch.attempt) for batch in yard.settled()] == [("timeout", 1), ("complete", 2)]
    assert yard.batches()[0].error == "Its workflow ended, and did not say how."
    yard.check_union(tmp_path)


def test_a_batch_that_waits_for_a_workflow_that_was_never_made_gets_it_by_the_next_trigger(yard: Yard) -> None:
    yard.land(*ten())
    enter(yard)
    hand = yard.hire(watch=False)
    assert yard.trigger(hand) == [1]
    assert [batch.state for batch in yard.settled()] == ["complete"]


def test_a_batch_that_hangs_again_and_again_is_parked(yard: Yard) -> None:
    """Nobody is there to say so: the holders on record are of another machine, and their workflows are over."""
    yard.land(lines(0))
    enter(yard, state="processing", owner="another", generation=7, attempt=4)
    yard.hire(lease_seconds=0.5)
    [batch] = yard.settled()
    assert batch.state == "parked"
    assert batch.error in ("Taken from another: no progress for 0.5 s.", "Its workflow ended, and did not say how.")


def test_a_document_that_breaks_the_loader_is_named_and_its_neighbours_load(yard: Yard, tmp_path: Path) -> None:
    hand = yard.hire(batch_attempts=1)
    payload_id = yard.house.vault.put(wire.payload(lines(0)).body)
    yard.house.receipts.put(Receipt(payload_id, "a source of tomorrow", "lines", DAY, FETCHED, "https://a.test", 200))
    yard.land(*ten()[1:])
    yard.trigger(hand)
    [batch] = yard.settled()
    assert batch.state == "parked"
    assert batch.error is not None
    assert batch.error.startswith("1 of the documents could not be loaded, the others are in: ")
    assert "a source of tomorrow" in batch.error
    assert len(yard.games()) == 9
    yard.check_union(tmp_path)


def test_batches_are_told_newest_first_and_by_day_and_feed(yard: Yard) -> None:
    enter(yard)
    enter(yard, number=2)
    enter(yard, feed="props", created_at=datetime(2025, 11, 5, 18))
    assert [(batch.feed, batch.number) for batch in batches(yard.house.state)] == [("props", 1), ("lines", 2), ("lines", 1)]
    assert [batch.number for batch in batches(yard.house.state, DAY, "lines")] == [2, 1]
    [batch] = batches(yard.house.state, feed="props")
    assert batch.workflow_id == workflow_id("props", DAY, 1) == "load:props:2025-11-05:1"
    assert batch.as_dict()["created_at"].isoformat() == "2025-11-05T18:00:00+00:00"
    assert not batch.over
