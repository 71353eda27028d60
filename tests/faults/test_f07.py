"""F07: fifty concurrent triggers for one (feed, date): one batch at a time, and the union of the payloads in the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from faults.crew import DAY, FETCHED, Yard, on_both, one_at_a_time, ten


@on_both
def test_f07_fifty_triggers_from_threads_of_two_processes_while_documents_land_make_one_batch_at_a_time_and_the_union(
    yard: Yard, tmp_path: Path
) -> None:
    hands = yard.hire_all(2)
    documents = ten()
    yard.land(documents[0])

    def trigger(place: int) -> list[int]:
        return [number for _ in range(5) for number in yard.trigger(hands[place], times=5, threads=5)]

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(trigger, place) for place in range(2)]
        for minute, document in enumerate(documents[1:]):
            yard.land(document, at=FETCHED + timedelta(minutes=minute))
        numbers = [number for answers in asked for number in answers.result()]
    yard.trigger(hands[0])
    found = yard.settled()
    assert len(numbers) == 50
    assert set(numbers) <= {batch.number for batch in found}
    assert {batch.state for batch in found} == {"complete"}
    assert one_at_a_time(found)
    assert yard.generation() == len(found), "a batch was claimed twice"
    assert sum(batch.counts["documents"] for batch in found) == 10
    yard.check_union(tmp_path)


def test_f07_triggers_of_many_days_run_side_by_side_and_none_is_lost(yard: Yard, tmp_path: Path) -> None:
    hands = yard.hire_all(2)
    days = [DAY + timedelta(days=later) for later in range(6)]
    for later, day in enumerate(days):
        yard.land(*ten(later)[:2], day=day, at=FETCHED + timedelta(days=later))
    for hand in hands:
        hand.say("trigger", feed="lines", days=[day.isoformat() for day in days], threads=6)
    for hand in hands:
        hand.hear()
    for day in days:
        assert {(batch.state, batch.error) for batch in yard.settled(day=day)} == {("complete", None)}
        assert one_at_a_time(yard.settled(day=day))
        assert len(yard.games(day)) == 2
    yard.check_union(tmp_path)
