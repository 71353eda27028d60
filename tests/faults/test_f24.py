"""F24: status asked of any process tells the same, also while the one that works is killed."""

from __future__ import annotations

from faults.control_room import DAY, SYSTEM, Room, everybody, in_both, same_from_all
from tipoff.flow.coordinator import status
from web.controlled import NIGHT


@in_both
def test_f24_status_is_the_same_from_every_process_while_the_working_one_is_killed_and_after(room: Room) -> None:
    room.arm("features")
    room.hire_all(4, works=True)
    asking = room.hire_all(2, works=False)
    asking[0].ask("start", day=DAY, systems=[SYSTEM])
    worker = room.caught()
    asks = everybody(room)
    standing = room.until(lambda: same_from_all(room, asks))
    assert (standing["state"], standing["phase"], standing["ran"]) == ("processing", "analyze", ["analyze"])
    held_by = standing["lease"]["owner"]
    room.kill(worker)
    asks = everybody(room)
    seen = [standing]
    while seen[-1]["state"] == "processing":
        seen.append(room.until(lambda: same_from_all(room, asks)))
    assert (seen[-1]["state"], seen[-1]["batch_id"]) == ("complete", f"slate-{DAY}-1")
    assert (seen[-1]["ran"], seen[-1]["lease"]) == (["analyze", "features", "predict", "publish"], None)
    assert seen[-1]["systems"][SYSTEM]["predicted"] > 0
    assert room.slates()[0].owner != held_by, "another took it up"


def test_f24_where_nobody_is_left_to_work_all_tell_who_held_it_last(room: Room) -> None:
    room.arm("predict")
    worker = room.hire(works=True)
    asking = room.hire_all(2, works=False)
    asking[0].ask("start", day=DAY, systems=[SYSTEM])
    assert room.caught() is worker
    before = status(room.state, NIGHT)
    room.kill(worker)
    told = same_from_all(room, everybody(room))
    assert told == before
    assert told is not None
    assert (told["state"], told["phase"]) == ("processing", "features")
