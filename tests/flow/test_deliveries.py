"""Deliveries: each target gets each message at least once, whatever it does, and holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from flow.message_house import START, Desk, Receiver, Shelf, desk_in, ids, message, receiver
from tipoff.flow.dead_letter_log import dead_letters
from tipoff.flow.dead_letters import replay
from tipoff.flow.deliveries import FIRST_PAUSE, LONGEST_PAUSE, TRIES, deliver_due, expect_deliveries, undelivered
from tipoff.flow.outbox import Postman, relay
from tipoff.flow.state import State
from tipoff.flow.targets import Letter, Send, Target, TargetDown
from tipoff.flow.webhook import Webhook

NEXT, LAST = message(phase="predict"), message(phase="publish")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as found:
        yield found


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@dataclass
class Killed(Shelf):
    """A target in the middle of which the process is killed."""

    @contextmanager
    def open(self) -> Iterator[Send]:
        def send(letter: Letter) -> None:
            self.kept.append(letter)
            raise KeyboardInterrupt

        yield send


class TestTargets:
    def test_each_gets_each_message_once_byte_by_byte(self, desk: Desk) -> None:
        shelves = [Shelf("one"), Shelf("two")]
        desk.write(message(), NEXT)
        relay(desk, desk.react, shelves)
        relay(desk, desk.react, shelves)
        bodies = sorted(row["body"].encode() for row in desk.outbox())
        assert [sorted(letter.body for letter in shelf.kept) for shelf in shelves] == [bodies, bodies]
        assert undelivered(desk.house.state) == []

    def test_one_that_is_down_stops_neither_the_reaction_nor_the_others(self, desk: Desk, hook: Receiver) -> None:
        hook.says = lambda _posted: (0, {})
        shelf = Shelf()
        desk.write(message(), NEXT)
        relay(desk, desk.react, [hook.webhook(desk.clock), shelf])
        assert (len(desk.seen), len(shelf.kept)) == (2, 2)
        (waiting,) = undelivered(desk.house.state)
        assert (waiting.target, waiting.waiting, waiting.tries, waiting.since) == ("webhook", 2, 1, START)
        assert len(ids(hook.posted)) == 3, "it is tried again at once, for the first message alone: the second would fare the same"

    def test_one_that_was_down_gets_everything_at_a_later_relay(self, desk: Desk, hook: Receiver) -> None:
        hook.says = lambda _posted: (503, {})
        desk.write(message(), NEXT)
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        hook.says, tried = lambda _posted: (200, {}), len(hook.posted)
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        assert len(hook.posted) == tried, "the pause is not over"
        desk.clock.advance(FIRST_PAUSE)
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        assert sorted(ids(hook.posted[tried:])) == sorted([message().message_id, NEXT.message_id])
        assert undelivered(desk.house.state) == []

    def test_a_message_that_is_refused_does_not_stop_the_others(self, desk: Desk, hook: Receiver) -> None:
        hook.says = lambda posted: (500 if b'"phase":"features"' in posted.body else 200, {})
        desk.write(message(), NEXT, LAST)
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        assert sorted(ids(hook.posted)) == sorted(one.message_id for one in (message(), NEXT, LAST)), "each was posted once"
        (waiting,) = undelivered(desk.house.state)
        assert waiting.waiting == 1
        assert waiting.error is not None
        assert "HTTP 500" in waiting.error
        assert "as the test said" in waiting.error

    def test_what_is_tried_often_enough_is_a_dead_letter_and_can_be_delivered_after_all(self, desk: Desk, hook: Receiver) -> None:
        hook.says = lambda _posted: (410, {})
        targets: list[Target] = [hook.webhook(desk.clock)]
        desk.write(message())
        for _ in range(TRIES):
            relay(desk, desk.react, targets)
            desk.clock.advance(LONGEST_PAUSE)
        assert len(hook.posted) == TRIES
        relay(desk, desk.react, targets)
        assert len(hook.posted) == TRIES, "it is not tried for ever"
        (letter,) = dead_letters(desk.house.state)
        assert (letter.addressee, letter.body) == ("webhook", message().to_json().encode())
        assert f"Not delivered in {TRIES} tries: The webhook at 127.0.0.1: HTTP 410" in letter.reason
        assert replay(desk, desk.react, None, targets) == 0, "it is still refused"
        hook.says = lambda _posted: (204, {})
        desk.clock.advance(LONGEST_PAUSE)
        relay(desk, desk.react, targets)
        assert ids(hook.posted[-1:]) == [message().message_id]
        assert dead_letters(desk.house.state) == []
        (mended,) = dead_letters(desk.house.state, everything=True)
        assert mended.replayed_at == desk.clock.now()
        assert len(desk.seen) == 1, "the reaction is not asked again for a target's sake"

    def test_pauses_grow_to_an_hour_and_a_receiver_may_ask_for_a_longer_one(self, desk: Desk, hook: Receiver) -> None:
        hook.says = lambda _posted: (429, {"retry-after": "600"})
        targets: list[Target] = [hook.webhook(desk.clock)]
        desk.write(message())
        relay(desk, desk.react, targets)
        assert len(hook.posted) == 1, "who asks for a pause is not asked again at once"
        desk.clock.advance(timedelta(seconds=599))
        relay(desk, desk.react, targets)
        assert len(hook.posted) == 1
        desk.clock.advance(timedelta(seconds=1))
        relay(desk, desk.react, targets)
        assert len(hook.posted) == 2

    def test_a_clock_that_is_put_back_holds_nothing_up_for_longer_than_a_pause(self, desk: Desk, hook: Receiver) -> None:
        hook.says = lambda _posted: (410, {})
        desk.write(message())
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        desk.clock.advance(timedelta(days=-1))
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        assert len(hook.posted) == 2

    def test_of_two_processes_that_see_one_delivery_at_the_same_time_one_makes_it(self, desk: Desk) -> None:
        began, go_on = threading.Event(), threading.Event()

        class Late(Shelf):
            """The other process booked the delivery, and is in the middle of it."""

            @contextmanager
            def open(self) -> Iterator[Send]:
                def send(letter: Letter) -> None:
                    began.set()
                    go_on.wait(30)
                    self.kept.append(letter)

                yield send

        class Early(Shelf):
            """This process saw the delivery before the other booked it."""

            @contextmanager
            def open(self) -> Iterator[Send]:
                thread.start()
                began.wait(30)
                yield self.kept.append

        late, early = Late(), Early()
        desk.write(message())
        with closing(State(desk.house.settings, desk.clock)) as other:
            thread = threading.Thread(target=deliver_due, args=(other, desk.clock, [late]))
            relay(desk, desk.react, [early])
            go_on.set()
            thread.join()
        assert (len(early.kept), len(late.kept)) == (0, 1)

    def test_a_process_that_is_killed_at_a_delivery_leaves_it_to_be_tried_again(self, desk: Desk) -> None:
        desk.write(message())
        with pytest.raises(KeyboardInterrupt):
            relay(desk, desk.react, [Killed()])
        shelf = Shelf()
        desk.clock.advance(FIRST_PAUSE)
        assert relay(desk, desk.react, [shelf]) == 0
        assert len(shelf.kept) == 1

    def test_putting_a_delivery_on_record_twice_is_harmless_also_when_it_was_made_meanwhile(self, desk: Desk) -> None:
        shelf = Shelf()
        desk.write(message())
        relay(desk, desk.react, [shelf])
        expect_deliveries(desk.house.state, shelf.kept, ["shelf"], desk.clock.now())
        assert deliver_due(desk.house.state, desk.clock, [shelf]) == 0

    def test_that_are_not_set_up_are_told_of_and_stop_nothing(self, desk: Desk) -> None:
        desk.write(message())
        shelf = Shelf()
        relay(desk, desk.react, [Webhook(SecretStr("https://127.0.0.1:1/x"), None, desk.clock), shelf])
        assert (len(desk.seen), len(shelf.kept)) == (1, 1)
        (waiting,) = undelivered(desk.house.state)
        assert waiting.error is not None
        assert "TIPOFF_WEBHOOK_SECRET is not" in waiting.error

    def test_a_target_that_cannot_be_opened_is_tried_again_as_one_that_is_down(self, desk: Desk) -> None:
        class Locked(Shelf):
            @contextmanager
            def open(self) -> Iterator[Send]:
                yield refuse()

        def refuse() -> Send:
            raise TargetDown("No credentials.", hint="Look for them.")

        desk.write(message())
        relay(desk, desk.react, [Locked()])
        shelf = Shelf()
        desk.clock.advance(FIRST_PAUSE)
        relay(desk, desk.react, [shelf])
        assert len(shelf.kept) == 1


class TestThePostman:
    def test_delivers_in_a_round_of_its_own_what_a_relay_left_to_it(self, desk: Desk) -> None:
        shelf = Shelf()
        desk.write(message(), NEXT)
        relay(desk, desk.react, [shelf], deliver=False)
        assert (len(desk.seen), shelf.kept) == (2, [])
        postman = Postman(lambda: desk, [shelf])
        postman()
        rounds_over()
        assert sorted(letter.message_id for letter in shelf.kept) == sorted([message().message_id, NEXT.message_id])
        postman()
        assert not posting(), "nothing is due: no round begins"

    def test_begins_no_second_round_while_one_runs_and_holds_nobody_up(self, desk: Desk) -> None:
        held = threading.Event()

        class Slow(Shelf):
            @contextmanager
            def open(self) -> Iterator[Send]:
                held.wait(30)
                yield self.kept.append

        slow = Slow()
        desk.write(message())
        relay(desk, desk.react, [slow], deliver=False)
        postman = Postman(lambda: desk, [slow])
        for _ in range(3):
            postman()
        assert len(posting()) == 1
        held.set()
        rounds_over()
        assert len(slow.kept) == 1


def posting() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tipoff-post"]


def rounds_over() -> None:
    for thread in posting():
        thread.join()
