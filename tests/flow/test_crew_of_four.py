"""Four workers and a process that serves the API, on one Postgres: one batch, one answer, and work that goes on when a worker is killed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from faults.control_room import DAY, SYSTEM, ControlCrew, Room, everybody, open_room, same_from_all
from faults.crew import PATIENCE, Hand
from tipoff.flow.batch_log import batches
from tipoff.flow.processes import workers
from web.controlled import TOKEN


@pytest.fixture
def shared(control_crew: ControlCrew, postgres: str, tmp_path: Path) -> Iterator[Room]:
    """A room whose state lies on Postgres, in a database in which nothing is made yet."""
    with open_room(tmp_path / "room", control_crew, postgres) as found:
        yield found


def started(url: str, together: Barrier) -> tuple[int, str]:
    """What the API says to a start, asked at the same instant as others ask."""
    together.wait()
    answer = httpx.post(
        f"{url}start",
        json={"game_date": DAY, "systems": [SYSTEM]},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=PATIENCE,
    )
    return answer.status_code, answer.json()["batch_id"]


def test_starts_at_the_same_instant_give_one_batch_all_tell_the_same_and_a_killed_workers_batch_is_done_by_another(shared: Room) -> None:
    shared.arm("features")
    crew = shared.hire_all(4, works=True)
    api = shared.hire(works=False)
    url = api.ask("serve")
    assert {worker.pid for worker in workers(shared.state)} == {hand.pid for hand in crew}

    go = shared.folder / "go-start"
    for hand in crew[:2]:
        hand.say("start", day=DAY, systems=[SYSTEM], go=str(go))
    together = Barrier(3, action=go.touch)
    with ThreadPoolExecutor(3) as pool:
        over_http = [asked.result() for asked in [pool.submit(started, url, together) for _ in range(3)]]
    by_workers = [hand.hear() for hand in crew[:2]]
    assert {batch for _, batch in over_http} | {batch for batch, _ in by_workers} == {f"slate-{DAY}-1"}
    assert [code for code, _ in over_http].count(202) + sum(fresh for _, fresh in by_workers) == 1
    assert {code for code, _ in over_http} <= {200, 202}

    holder: Hand = shared.caught()
    asks = everybody(shared)
    standing = shared.until(lambda: same_from_all(shared, asks))
    assert (standing["state"], standing["phase"], standing["ran"]) == ("processing", "analyze", ["analyze"])
    assert f"-{holder.pid}-" in standing["lease"]["owner"]

    shared.kill(holder)
    asks = everybody(shared)
    seen = [standing]
    while seen[-1]["state"] == "processing":
        seen.append(shared.until(lambda: same_from_all(shared, asks)))
    assert (seen[-1]["state"], seen[-1]["batch_id"]) == ("complete", f"slate-{DAY}-1")
    assert seen[-1]["ran"] == ["analyze", "features", "predict", "publish"]
    assert seen[-1]["systems"][SYSTEM]["predicted"] > 0
    [batch] = batches(shared.state)
    assert f"-{holder.pid}-" not in str(batch.owner), "another took it up"
    shared.until(lambda: holder.pid not in {worker.pid for worker in workers(shared.state)})
