"""F04: the holder hangs past its lease, another takes over, the first wakes up: its late commit is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from faults.crew import DAY, Yard, lines, on_both, ten
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.flow.holder import Fenced, Holder
from tipoff.flow.house import open_house
from tipoff.flow.lease import trigger
from tipoff.flow.messages import Outcome
from tipoff.flow.slate_batch import sealed
from tipoff.flow.worker import working
from tipoff.store.duckdb import DuckDBWarehouse


@on_both
@pytest.mark.parametrize("point", ["claimed", "reading"])
def test_f04_a_holder_whose_process_is_stopped_is_taken_over_and_commits_nothing_when_it_wakes_up(
    yard: Yard, tmp_path: Path, point: str
) -> None:
    """SIGSTOP outside of a transaction: the whole process stands still, heartbeat included."""
    first, second = yard.hire_all(2, silence=0.6)
    yard.land(*ten())
    yard.arm(point)
    yard.trigger(first)
    holder = yard.caught()
    yard.stop(holder)
    [other] = {first, second} - {holder}
    assert other.ask("wait", feed="lines", day=DAY.isoformat(), number=1, seconds=60) == ["complete"]
    [batch] = yard.batches()
    written = run_ids(yard)
    yard.let_go()
    holder.wake()
    assert holder.ask("trigger", feed="lines", days=[DAY.isoformat()]) == [2]
    assert [batch.state for batch in yard.settled()] == ["complete", "complete"]
    assert run_ids(yard) == written, "the late holder wrote rows"
    assert batch.owner == yard.batches()[0].owner
    assert f"-{other.pid}-" in str(batch.owner)
    yard.check_union(tmp_path)


def run_ids(yard: Yard) -> set[tuple[str, str]]:
    rows = yard.house.warehouse.read("raw.arrivals").to_pylist()
    return {(row["payload_id"], row["run_id"]) for row in rows}


def test_f04_a_holder_that_hangs_in_a_live_process_loses_its_lease_and_its_late_commit_is_refused(yard: Yard, tmp_path: Path) -> None:
    """Its heartbeat goes on; only the batch stands still, in a read of the vault that does not come back."""
    first, second = yard.hire_all(2, lease_seconds=3.0)
    yard.land(*ten())
    yard.arm("reading")
    yard.trigger(first)
    holder = yard.caught()
    taken = yard.until(lambda: [batch for batch in yard.batches() if batch.state == "timeout"])
    yard.give_time()
    found = yard.settled()
    assert [(batch.number, batch.state) for batch in found] == [(1, "timeout"), (2, "complete")]
    assert taken[0].error == f"Taken from {taken[0].owner}: no progress for 3 s."
    assert f"-{holder.pid}-" in str(taken[0].owner)
    assert found[1].counts["documents"] == 10
    written = run_ids(yard)
    generation = yard.generation()
    yard.let_go()
    yard.land(lines(0, 1))
    yard.trigger(second)
    assert [batch.state for batch in yard.settled()] == ["timeout", "complete", "complete"]
    assert yard.generation() == generation + 1
    assert written < run_ids(yard), "the late holder wrote rows"
    assert len(run_ids(yard) - written) == 1
    yard.check_union(tmp_path)


def test_f04_while_a_process_is_stopped_inside_a_transaction_others_are_told_who_holds_the_file_and_go_on_once_it_is_killed(
    yard: Yard, tmp_path: Path
) -> None:
    """DuckDB's file is then the stopped process's alone, and no takeover can change that: the batch fails with that cause, and waits."""
    first, _ = yard.hire_all(2, silence=0.6, wait_seconds=0.3, batch_attempts=5, retry_seconds=0.1)
    yard.land(*ten())
    yard.arm("merging")
    yard.trigger(first)
    holder = yard.caught()
    yard.stop(holder, holding_the_warehouse=True)
    [failed, *_] = yard.until(lambda: [batch for batch in yard.batches() if batch.state == "failed"])
    path = DuckDBWarehouse(yard.folder / "warehouse.duckdb").path
    assert failed.error is not None
    assert failed.error.startswith(f"{path} was held by another process for more than 0.3 s")
    assert f"PID {holder.pid}" in failed.error
    yard.kill(holder)
    yard.until(lambda: yard.batches()[-1].state == "complete")
    assert len(yard.games()) == 10
    yard.check_union(tmp_path)


def test_f04_where_a_transaction_begins_with_its_first_write_the_fence_is_looked_at_after_it_too(tmp_path: Path) -> None:
    """As in BigQuery, where what was read before is not in it: whoever hangs in between would commit what another has taken over."""
    with open_house(load_settings(data_dir=tmp_path), SystemClock()) as house, working(house, scheduled=False) as engine:
        number = trigger(engine, "slate", DAY, "a test", delay=3600.0)
        late = Holder.claim(engine, "slate", DAY, number)
        assert late is not None
        taken = {"scope": [DAY.isoformat()], "kind": ["load:slate"], "generation": [late.generation + 1], "owner": ["another"]}
        with pytest.raises(Fenced), house.warehouse.writing(house.run_id) as work:  # noqa: PT012 - all of it is the transaction
            late.guard(work)
            work.merge("ops.generations", pa.table(taken))
            sealed(late, house)(work, "features", "features.store", Outcome.whole(1))
