"""A backtest whose units are taken by several processes: workers, the command, those beside it; killed, told to stop; the same tables."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from faults.crew import wait_until
from flow.test_backtest import ASKED, REFITS, Run, Yard, lives
from flow.test_backtest import processes as processes
from flow.test_backtest import whole as whole
from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.flow.backtest_plan import LEAKS, Folder, Unit, leaks
from tipoff.flow.backtest_units import QUEUE, asker_of
from tipoff.flow.copying import copy_house
from tipoff.flow.engine import open_desk
from tipoff.flow.house import House, open_house
from tipoff.flow.living import living
from tipoff.flow.processes import WORKERS
from tipoff.store.postgres import PostgresWarehouse, close_pools

UNITS = len(REFITS) + 1
"""A fold a refit, and the leak check."""


@dataclass
class Shop:
    """A data directory with a snapshot and nothing else of the backtest, and who works there."""

    yard: Yard
    house: House
    shared: dict[str, str]
    crew: list[Run] = field(default_factory=list)

    def work(self, meet: int = 0) -> Run:
        """A worker, once it is at work."""
        answer = self.yard.folder / f"worker-{len(self.crew)}.json"
        until = str(self.yard.folder / "go-home")
        order = {"folder": str(self.yard.folder), "answer": str(answer), "until": until, "meet": meet, **self.shared}
        run = Run(self.yard.processes.start(order), answer)
        self.crew.append(run)
        wait_until(lambda: run.pid in {worker.pid for worker in living(self.house.state, self.house.clock)})
        return run

    def start(self, **more: Any) -> Run:
        """The command."""
        return self.yard.start(shared=self.shared, **more)

    def there(self, run: Run) -> None:
        """Wait until a process is about to leave its first result."""
        wait_until(lambda: (self.yard.folder / f"there-{run.pid}").exists() or not lives(run.pid))
        assert lives(run.pid)

    def missing(self) -> list[Unit]:
        plan = self.yard.plan()
        return Folder(self.yard.bucket, plan.backtest_id).missing([LEAKS, *map(Unit, REFITS)])

    def processes(self) -> list[tuple[bool, bool]]:
        """Of every process that was ever at work: whether it left, and whether it was found dead."""
        with self.house.state.reading() as connection:
            rows = connection.execute(sa.select(WORKERS.c.left_at, WORKERS.c.vanished_at)).all()
        return [(left is not None, vanished is not None) for left, vanished in rows]

    def queue(self) -> dict[str, str | None]:
        with open_desk(self.house) as desk:
            return desk.unfinished(QUEUE.name)

    def check(self, whole: Yard) -> None:
        """All is there, byte for byte as one process leaves it that nobody disturbed."""
        plan = self.yard.plan()
        assert self.yard.tables(plan) == whole.tables(whole.plan())
        assert leaks(self.yard.bucket, plan) == leaks(whole.bucket, whole.plan())
        assert self.queue() == {}


@pytest.fixture
def shop(whole: Yard, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """On SQLite and a DuckDB file; or, where a test says so, with state and warehouse on Postgres."""
    yard = whole.copy(tmp_path / "data")
    yard.inside(yard.plan(), "leakcheck.json").unlink()
    (yard.folder / "state.sqlite").unlink()
    shared: dict[str, str] = {}
    if getattr(request, "param", "sqlite") == "postgres":
        url = request.getfixturevalue("postgres")
        with open_house(load_settings(data_dir=yard.folder, league="practice"), SystemClock()) as house:
            copy_house(house, PostgresWarehouse(url), None)
        close_pools()
        (yard.folder / "warehouse.duckdb").unlink()
        shared = {"database": url, "warehouse": url}
    with open_house(load_settings(data_dir=yard.folder, league="practice", **shared), SystemClock()) as house:
        found = Shop(yard, house, shared)
        try:
            yield found
        finally:
            (yard.folder / "go-home").touch()
            wait_until(lambda: not any(lives(run.pid) for run in found.crew))
    close_pools()


on_both = pytest.mark.parametrize("shop", ["sqlite", "postgres"], indirect=True)


@on_both
def test_three_workers_and_the_command_hold_a_unit_each_at_once_and_leave_what_one_process_leaves(shop: Shop, whole: Yard) -> None:
    """None leaves its first result before all four are about to: so each of them holds a unit of its own."""
    for _ in range(3):
        shop.work(meet=4)
    outcome = shop.start(meet=4).outcome()
    assert outcome.get("error") is None
    assert outcome["summary"]["folds"] == len(REFITS)
    assert len(list(shop.yard.folder.glob("there-*"))) == 4
    shop.check(whole)


@on_both
def test_the_unit_of_a_worker_that_is_killed_is_taken_over(shop: Shop, whole: Yard) -> None:
    """Killed when all but its result is in the bucket; the command had not left any by then."""
    killed = shop.work(meet=99)
    shop.crew.remove(killed)
    command = shop.start(meet=2)
    shop.there(killed)
    held = [workflow for workflow, holder in shop.queue().items() if holder is not None and f"-{killed.pid}-" in holder]
    assert len(held) == 1
    killed.kill()
    outcome = command.outcome()
    assert outcome.get("error") is None
    shop.check(whole)


@on_both
def test_when_the_command_is_killed_the_workers_go_on_and_the_same_command_finds_it_done(shop: Shop, whole: Yard) -> None:
    shop.work(meet=2)
    command = shop.start(meet=99)
    shop.there(command)
    asked = shop.queue()
    command.kill()
    assert len({asker_of(workflow) for workflow in asked}) == 1
    wait_until(lambda: not shop.missing())
    wait_until(lambda: not shop.queue())
    outcome = shop.start().outcome()
    assert (outcome["resumed"], outcome.get("error")) == (True, None)
    assert outcome["told"][f"folds of {outcome['id']}"] == [0, 0]
    shop.check(whole)


def test_a_worker_that_is_told_to_go_leaves_its_unit_to_others(shop: Shop, whole: Yard) -> None:
    """It stands in the middle of a fold when it hears of it, and goes without it."""
    going = shop.work(meet=99)
    shop.crew.remove(going)
    command = shop.start(meet=2)
    shop.there(going)
    os.kill(going.pid, signal.SIGINT)
    outcome = command.outcome()
    assert outcome.get("error") is None
    going.kill()
    shop.check(whole)


class TestBesideTheCommand:
    def test_they_do_units_with_it_and_are_gone_when_it_is_over(self, shop: Shop, whole: Yard) -> None:
        outcome = shop.start(workers=3).outcome()
        assert outcome.get("error") is None
        assert shop.processes() == [(True, False)] * 3
        shop.check(whole)

    def test_no_more_are_started_than_there_are_units(self, shop: Shop, whole: Yard) -> None:
        shop.start().outcome()
        outcome = shop.start(workers=9).outcome()
        assert outcome["told"][f"folds of {outcome['id']}"] == [0, 0]
        assert shop.processes() == [(True, False)] * 2
        shop.check(whole)

    def test_they_leave_when_the_command_is_killed(self, shop: Shop, whole: Yard) -> None:
        command = shop.start(workers=2, meet=99)
        shop.there(command)
        wait_until(lambda: len(shop.processes()) == 2)
        command.kill()
        wait_until(lambda: (True, False) in shop.processes())
        assert shop.start().outcome().get("error") is None
        shop.check(whole)


def test_ctrl_c_takes_what_was_not_begun_out_of_the_queue(shop: Shop, whole: Yard) -> None:
    command = shop.start(meet=2)
    shop.there(command)
    assert len(shop.queue()) == UNITS
    os.kill(command.pid, signal.SIGINT)
    wait_until(lambda: not shop.queue())
    (shop.yard.folder / "there-it-goes").touch()
    wait_until(lambda: not lives(command.pid))
    assert not command.answer.exists()
    assert len(shop.missing()) >= UNITS - 2  # what each of the two had begun may be done by now
    assert shop.start().outcome().get("error") is None
    shop.check(whole)


def test_two_questions_at_once_share_the_workers(shop: Shop, whole: Yard) -> None:
    shop.work()
    runs = [shop.start(), shop.start(refit_days=int(ASKED["refit_days"]) * 2)]
    outcomes = [run.outcome() for run in runs]
    assert [outcome.get("error") for outcome in outcomes] == [None, None]
    assert len({outcome["id"] for outcome in outcomes}) == 2
    [ours] = [plan for plan in shop.yard.plans() if plan.refit_days == ASKED["refit_days"]]
    assert shop.yard.tables(ours) == whole.tables(whole.plan())
    assert shop.queue() == {}
