"""F23: two starts of one date at the same instant, on two processes: one batch; the second answers with the first's id."""

from __future__ import annotations

from datetime import timedelta

from faults.control_room import DAY, SYSTEM, Room, in_both
from tipoff.flow.batch_log import batches
from web.controlled import NIGHT


@in_both
def test_f23_starts_at_the_same_instant_on_four_processes_give_one_batch(room: Room) -> None:
    asking = room.hire_all(4, works=False)
    for round_ in range(1, 6):
        go = room.folder / f"go-{round_}"
        for hand in asking:
            hand.say("start", day=DAY, go=str(go))
        go.touch()
        answers = [hand.hear() for hand in asking]
        assert {batch for batch, _ in answers} == {f"slate-{DAY}-{round_}"}, answers
        assert sum(fresh for _, fresh in answers) == 1, answers
        assert [batch.number for batch in room.slates() if not batch.over] == [round_]
        asking[0].ask("reset", day=DAY)


def test_f23_a_start_while_one_runs_is_that_one_from_every_process(room: Room) -> None:
    room.arm("features")
    worker, other, asking = room.hire(works=True), room.hire(works=True), room.hire(works=False)
    assert asking.ask("start", day=DAY, systems=[SYSTEM]) == [f"slate-{DAY}-1", True]
    caught = room.caught()
    still = other if caught is worker else worker
    for hand in (still, asking):
        assert hand.ask("start", day=DAY, systems=[SYSTEM]) == [f"slate-{DAY}-1", False]
    room.let_go()
    assert [batch.state for batch in room.settled()] == ["complete"]
    assert asking.ask("start", day=DAY, systems=[SYSTEM])[0] == "Conflict", "it is complete, and nothing is new"
    assert asking.ask("start", day=DAY, systems=[SYSTEM], force=True) == [f"slate-{DAY}-2", True]
    assert [batch.state for batch in room.settled()] == ["complete", "complete"]


def test_f23_starts_of_several_dates_are_a_batch_each(room: Room) -> None:
    days = [NIGHT + timedelta(days=number) for number in range(3)]
    asking = room.hire_all(2, works=False)
    for day in days:
        for hand in asking:
            hand.say("start", day=day.isoformat())
        for hand in asking:
            hand.hear()
    assert sorted(batch.batch_id for batch in batches(room.state)) == [f"slate-{day.isoformat()}-1" for day in days]
