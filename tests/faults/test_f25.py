"""F25: a batch with no progress is taken over when its lease ends; reset keeps the rows it produced."""

from __future__ import annotations

from faults.control_room import DAY, SYSTEM, Room
from tipoff.store.duckdb import DuckDBWarehouse

CONTEXT = "analytics.upcoming_player_game_context"
SAID = "predictions.player_prop_predictions"


def rows(room: Room, table: str) -> int:
    """The night's rows of a table."""
    found = DuckDBWarehouse(room.folder / "warehouse.duckdb").read(table)
    days = [game_id.startswith(DAY.replace("-", "")) for game_id in found.column("game_id").to_pylist()]
    return sum(days)


def test_f25_a_holder_that_makes_no_progress_loses_the_batch_when_its_lease_ends_and_commits_nothing_late(room: Room) -> None:
    room.arm("predict")
    workers, asking = room.hire_all(2, works=True), room.hire(works=False)
    asking.ask("start", day=DAY, systems=[SYSTEM])
    room.caught()
    for hand in workers:  # whichever of them watches over the leases
        hand.ask("lease", seconds=3.0)
    room.until(lambda: len(room.slates()) == 2)
    for hand in workers:  # the other one may take its time
        hand.ask("lease", seconds=120.0)
    done = room.until(lambda: [batch for batch in room.slates() if batch.number == 2 and batch.over])
    assert (done[0].state, "after batch 1" in done[0].cause) == ("complete", True)
    predicted = rows(room, SAID)
    assert predicted > 0
    room.let_go()
    assert [batch.state for batch in room.settled()] == ["timeout", "complete"]
    told = asking.ask("status", day=DAY)
    assert (told["batch_id"], [batch["state"] for batch in told["before"]]) == (f"slate-{DAY}-2", ["timeout"])
    assert rows(room, SAID) == predicted


def test_f25_reset_keeps_the_rows_and_what_was_ended_commits_nothing_more(room: Room) -> None:
    room.arm("predict")
    worker, asking = room.hire(works=True), room.hire(works=False)
    asking.ask("start", day=DAY, systems=[SYSTEM])
    assert room.caught() is worker
    kept = rows(room, CONTEXT)
    assert kept > 0
    assert asking.ask("reset", day=DAY) == [f"slate-{DAY}-1"]
    assert asking.ask("status", day=DAY)["state"] == "reset"
    room.let_go()
    assert asking.ask("start", day=DAY, systems=[SYSTEM]) == [f"slate-{DAY}-2", True]
    assert [batch.state for batch in room.settled()] == ["reset", "complete"]
    told = asking.ask("status", day=DAY)
    assert (told["up_to_date"], told["ran"]) == (["analyze", "features"], ["predict", "publish"]), "it went on where that one was"
    assert rows(room, CONTEXT) == kept
