"""F06: a re-entry that fails is reported as failed with its cause; it is retried, with backoff and a cap, then parked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from faults.crew import DAY, FETCHED, Yard, lines, ten

FAILING = {"batch_attempts": 3, "retry_seconds": 0.1}


def test_f06_a_failing_batch_tells_its_cause_is_tried_again_after_growing_pauses_is_parked_and_is_mended_by_the_sweep(
    yard: Yard, tmp_path: Path
) -> None:
    hand = yard.hire(at="2025-11-05T18:00:00+00:00", **FAILING)
    first, second, *others = ten()
    yard.land(first)
    yard.trigger(hand)
    yard.settled()
    lost, *_ = yard.land(second, *others)
    file = yard.folder / yard.house.vault.path(lost)
    aside = file.rename(tmp_path / "aside.zst")
    yard.trigger(hand)
    _, *found = yard.settled()
    assert [(batch.state, batch.attempt) for batch in found] == [("failed", 1), ("failed", 2), ("parked", 3)]
    assert {batch.error for batch in found} == {
        f"1 of the documents could not be loaded, the others are in: The vault holds no payload {lost}."
    }
    pauses = [batch.not_before - batch.created_at for batch in found if batch.not_before]
    assert pauses == [timedelta(seconds=0.1), timedelta(seconds=0.4)]
    assert len(yard.games()) == 9, "one lost document stopped its neighbours"

    yard.land(lines(0, 0), at=FETCHED + timedelta(minutes=5))
    yard.trigger(hand)
    yard.until(lambda: (lost, 10) == (lost, yard.house.warehouse.read("raw.arrivals").num_rows))
    yard.settled()

    aside.rename(file)
    assert hand.ask("sweep") == [], "what is parked waits for something new, or for somebody who asks"
    [[_, _, number]] = hand.ask("sweep", by_hand=True)
    assert yard.settled()[-1].number == number
    assert yard.settled()[-1].state == "complete"
    assert len(yard.games()) == 10
    yard.check_union(tmp_path)


@pytest.mark.parametrize("damage", [b"", None])
def test_f06_a_payload_that_is_damaged_on_disk_fails_by_name_and_its_neighbours_load(
    yard: Yard, tmp_path: Path, damage: bytes | None
) -> None:
    hand = yard.hire(batch_attempts=1)
    ids = yard.land(*ten())
    file = yard.folder / yard.house.vault.path(ids[4])
    whole = file.read_bytes()
    file.write_bytes(whole[:-7] if damage is None else damage)
    yard.trigger(hand)
    [batch] = yard.settled()
    assert batch.state == "parked"
    assert f"Payload {ids[4]} is not what it was when it was kept" in str(batch.error)
    assert len(yard.games()) == 9
    file.write_bytes(whole)
    yard.trigger(hand)
    assert yard.settled()[-1].state == "complete"
    yard.check_union(tmp_path)


def test_f06_while_a_failed_batch_waits_for_its_repeat_a_new_payload_is_loaded_at_once(yard: Yard, tmp_path: Path) -> None:
    hand = yard.hire(batch_attempts=2, retry_seconds=3600.0)
    [lost] = yard.land(lines(0))
    file = yard.folder / yard.house.vault.path(lost)
    aside = file.rename(tmp_path / "aside.zst")
    yard.trigger(hand)
    yard.until(lambda: [batch.state for batch in yard.batches()] == ["failed", "waiting"])
    assert hand.ask("wait", feed="lines", day=DAY.isoformat(), number=1, seconds=60, repeats=False) == ["waiting", "failed"]
    assert hand.ask("sweep") == [], "the repeat is on its way"
    yard.land(lines(1))
    assert yard.trigger(hand) == [3]
    yard.until(lambda: len(yard.games()) == 1)
    yard.until(lambda: [batch.state for batch in yard.batches()] == ["failed", "waiting", "failed"])
    aside.rename(file)
    yard.trigger(hand)
    yard.until(lambda: [batch.state for batch in yard.batches()] == ["failed", "waiting", "failed", "complete"])
    assert len(yard.games()) == 2
    yard.check_union(tmp_path)
