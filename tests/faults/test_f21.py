"""F21: a message is lost, doubled, delayed or reordered: the same end state.

Here: the outbox, the receiver and the targets, with a reaction that is as idempotent as the pipeline's own must be. The end-to-end part,
through the real phases, is `test_f21_night`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults.relay_process import POINTS
from flow.message_house import DAY, START, Desk, Posted, Receiver, desk_in, message, receiver
from tipoff.flow.dead_letter_log import dead_letters
from tipoff.flow.dead_letters import Reaction, receive, replay
from tipoff.flow.deliveries import FIRST_PAUSE, LONGEST_PAUSE, undelivered
from tipoff.flow.messages import CompletionMessage
from tipoff.flow.outbox import relay

SCRIPT = Path(__file__).with_name("relay_process.py")
TESTS = Path(__file__).parent.parent
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@dataclass
class World:
    """Facts by day, each with its version, and what was last made of them. The reaction looks at the facts and not at the message: it
    makes what is not made of the newest, whatever it was told, and how often."""

    facts: Counter[date] = field(default_factory=Counter)
    made: dict[date, int] = field(default_factory=dict)
    runs: list[tuple[date, int]] = field(default_factory=list)

    def change(self, day: date) -> CompletionMessage:
        """New facts of a day, and the message of them."""
        self.facts[day] += 1
        return message(phase="load", game_date=day, execution_id=f"props-{day}-{self.facts[day]}", record_count=self.facts[day])

    def react(self, _desk: Desk, told: CompletionMessage) -> None:
        day = told.game_date
        if self.made.get(day) != self.facts[day]:
            self.made[day] = self.facts[day]
            self.runs.append((day, self.facts[day]))

    @property
    def is_complete(self) -> bool:
        return self.made == dict(self.facts) and len(set(self.runs)) == len(self.runs)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One house for all examples of a property, its warehouse held open: to open it each time would take most of the time."""
    with desk_in(tmp_path) as found, found.house.warehouse.reading():
        yield found


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


DAYS = st.sampled_from([DAY + timedelta(days=number) for number in range(3)])


class TestTheReceiver:
    @FEW
    @given(st.lists(DAYS, min_size=1, max_size=6), st.data())
    def test_comes_to_the_same_end_from_any_order_and_number_of_deliveries(self, desk: Desk, days: list[date], data: st.DataObject) -> None:
        """Each message at least once, which is what the outbox promises; some more often, in any order, some while facts still change."""
        world = World()
        waiting: list[CompletionMessage] = []
        for day in days:
            waiting.append(world.change(day))
            for told in data.draw(st.lists(st.sampled_from(waiting), max_size=3), label="early"):
                assert receive(desk, told.to_json(), world.react)
        again = data.draw(st.lists(st.sampled_from(waiting), max_size=4), label="doubled")
        for told in data.draw(st.permutations([*waiting, *again]), label="order"):
            assert receive(desk, told.to_json(), world.react)
        assert world.is_complete
        assert dead_letters(desk.house.state) == []

    @FEW
    @given(st.lists(DAYS, min_size=1, max_size=5), st.data())
    def test_comes_to_the_same_end_when_the_reaction_failed_on_some_and_those_are_replayed(
        self, desk: Desk, days: list[date], data: st.DataObject
    ) -> None:
        world = World()
        fails = data.draw(st.lists(st.booleans(), min_size=len(days), max_size=len(days)), label="fails")

        def react(desk: Desk, told: CompletionMessage) -> None:
            if fails.pop():
                raise OSError("not now")
            world.react(desk, told)

        for day in days:
            receive(desk, world.change(day).to_json(), react)
        replay(desk, world.react)
        assert world.is_complete
        assert dead_letters(desk.house.state) == []


class Stopped(BaseException):
    """As if the process were told to end: nobody catches it."""


class TestTheRelay:
    @FEW
    @given(st.lists(st.tuples(DAYS, st.integers(0, 3)), min_size=1, max_size=5), st.data())
    def test_comes_to_the_same_end_however_often_it_is_stopped_while_facts_arrive(
        self, desk: Desk, plan: list[tuple[date, int]], data: st.DataObject
    ) -> None:
        """Between two changes the relay is stopped some times, each time before or after it acted on some message."""
        relay(desk, desk.react, [])  # what an example left that was broken off
        world = World()
        number = len(desk.outbox())

        def stopping(after: int, acted: bool) -> Reaction[Desk]:
            left = [after]

            def react(desk: Desk, told: CompletionMessage) -> None:
                if acted:
                    world.react(desk, told)
                if left[0] == 0:
                    raise Stopped
                left[0] -= 1
                if not acted:
                    world.react(desk, told)

            return react

        for day, stops in plan:
            told = world.change(day)
            number += 1
            desk.write(told.model_copy(update={"correlation_id": f"example {number}"}))
            for _ in range(stops):
                react = stopping(data.draw(st.integers(0, 2)), data.draw(st.booleans()))
                try:
                    relay(desk, react, [])
                except Stopped:
                    continue
        relay(desk, world.react, [])
        assert world.is_complete
        assert all(row["sent_at"] is not None for row in desk.outbox())

    @FEW
    @given(st.lists(st.sampled_from([200, 200, 0, 410, 500, 503]), max_size=8), st.integers(1, 4))
    def test_brings_every_message_to_a_target_that_fails_as_it_likes(
        self, desk: Desk, hook: Receiver, answers: list[int], number: int
    ) -> None:
        left = list(answers)
        taken: list[str] = []

        def says(posted: Posted) -> tuple[int, dict[str, str]]:
            status = left.pop() if left else 200
            if status in (200, 0):  # one that hangs up may have taken it
                taken.append(posted.headers["x-tipoff-message-id"])
            return status, {}

        hook.says = says
        told = [message(execution_id=f"run {len(desk.outbox())} {each}") for each in range(number)]
        desk.write(*told)
        targets = [hook.webhook(desk.clock)]
        relay(desk, desk.react, targets)
        for _ in answers:
            desk.clock.advance(LONGEST_PAUSE)
            relay(desk, desk.react, targets)
        assert set(taken) == {one.message_id for one in told}
        assert undelivered(desk.house.state) == []
        assert dead_letters(desk.house.state) == []


def relaying(folder: Path, hook: Receiver, point: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    command = (sys.executable, "-W", "error", str(SCRIPT), str(folder), hook.url, point)
    paths = os.pathsep.join([str(TESTS), clean.get("PYTHONPATH", "")])
    return subprocess.Popen(command, env=clean | {"PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True)


def reacted(folder: Path) -> list[str]:
    record = folder / "reacted"
    return record.read_text().split() if record.exists() else []


class TestProcesses:
    @pytest.mark.parametrize("point", POINTS)
    def test_one_that_is_killed_loses_nothing(self, tmp_path: Path, hook: Receiver, point: str) -> None:
        told = [message(), message(phase="predict")]
        with desk_in(tmp_path) as desk:
            desk.write(*told)
        with relaying(tmp_path, hook, point) as process:
            process.communicate(timeout=60)
        assert process.returncode == -9, f"it never came to {point}"
        with desk_in(tmp_path) as desk:
            desk.clock.set(START + timedelta(minutes=1) + FIRST_PAUSE)
            relay(desk, desk.react, [hook.webhook(desk.clock)])
            wanted = {one.message_id for one in told}
            assert {*reacted(tmp_path), *(one.message_id for one in desk.seen)} == wanted
            assert {posted.headers["x-tipoff-message-id"] for posted in hook.posted} == wanted
            assert all(row["sent_at"] is not None for row in desk.outbox())
            assert (undelivered(desk.house.state), dead_letters(desk.house.state)) == ([], [])

    def test_two_at_once_pass_on_everything_and_tell_the_target_once(self, tmp_path: Path, hook: Receiver) -> None:
        told = [message(execution_id=f"run {number}") for number in range(12)]
        with desk_in(tmp_path) as desk:
            desk.write(*told)
        with relaying(tmp_path, hook, "none") as one, relaying(tmp_path, hook, "none") as other:
            assert sum(int(process.communicate(timeout=60)[0]) for process in (one, other)) >= len(told)
        assert (one.returncode, other.returncode) == (0, 0)
        wanted = {one.message_id for one in told}
        assert set(reacted(tmp_path)) == wanted
        assert Counter(posted.headers["x-tipoff-message-id"] for posted in hook.posted) == Counter(wanted)
        with desk_in(tmp_path) as desk:
            assert all(row["sent_at"] is not None for row in desk.outbox())
            assert dead_letters(desk.house.state) == []
