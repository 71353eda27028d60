"""The outbox: what was committed is received here, and at each target, at least once; what cannot be is set aside and stops nobody."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flow.message_house import SECRET, START, Desk, Posted, Receiver, desk_in, message, receiver
from tipoff.errors import BadInput, Busy
from tipoff.flow.dead_letter_log import HERE, dead_letters
from tipoff.flow.dead_letters import receive, replay
from tipoff.flow.deliveries import FIRST_PAUSE, LONGEST_PAUSE, TRIES, deliver_due, expect_deliveries, undelivered
from tipoff.flow.messages import CompletionMessage, put, read_message
from tipoff.flow.outbox import Postman, relay
from tipoff.flow.signing import is_ours
from tipoff.flow.state import State
from tipoff.flow.targets import Letter, Send, Target, TargetDown, configured_targets
from tipoff.flow.webhook import Webhook

DOCS = Path(__file__).parents[2] / "docs" / "messages.md"
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
class Shelf:
    """A target that keeps what it gets."""

    name: str = "shelf"
    kept: list[Letter] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[Send]:
        yield self.kept.append


@dataclass
class Killed(Shelf):
    """A target in the middle of which the process is killed."""

    @contextmanager
    def open(self) -> Iterator[Send]:
        def send(letter: Letter) -> None:
            self.kept.append(letter)
            raise KeyboardInterrupt

        yield send


def ids(posted: list[Posted]) -> list[str]:
    return [one.headers["x-tipoff-message-id"] for one in posted]


class TestRelay:
    def test_passes_on_each_message_once_and_marks_it(self, desk: Desk) -> None:
        desk.write(message(), NEXT)
        desk.clock.advance(timedelta(minutes=1))
        assert relay(desk, desk.react, []) == 2
        assert {row["sent_at"] for row in desk.outbox()} == {START + timedelta(minutes=1)}
        assert relay(desk, desk.react, []) == 0
        assert sorted(one.phase for one in desk.seen) == ["features", "predict"]

    def test_passes_on_the_oldest_first(self, desk: Desk) -> None:
        told = [message(execution_id=f"run {minute}", finished_at=START + timedelta(minutes=minute)) for minute in (5, 3, 4)]
        desk.write(*told)
        relay(desk, desk.react, [])
        assert [one.execution_id for one in desk.seen] == ["run 3", "run 4", "run 5"]

    def test_sends_nothing_again_when_a_step_says_it_again(self, desk: Desk) -> None:
        desk.write(message())
        relay(desk, desk.react, [])
        desk.write(message(finished_at=START + timedelta(minutes=5)))
        assert relay(desk, desk.react, []) == 0

    def test_goes_on_with_the_others_where_the_reaction_fails_on_one(self, desk: Desk) -> None:
        def react(_desk: Desk, told: CompletionMessage) -> None:
            if told.phase == "features":
                raise Busy("The date is held.", hint="Try again.")
            desk.seen.append(told)

        desk.write(message(), NEXT)
        assert relay(desk, react, []) == 2
        assert desk.seen == [NEXT]
        (letter,) = dead_letters(desk.house.state)
        assert letter.reason == "The reaction to features of 2025-11-05 failed: The date is held. Try again."
        assert (read_message(letter.body), letter.origin) == (message(), f"outbox, message {message().message_id}")

    def test_marks_what_was_received_and_no_more_when_it_is_stopped_half_way(self, desk: Desk) -> None:
        def stop(_desk: Desk, told: CompletionMessage) -> None:
            if desk.seen:
                raise KeyboardInterrupt
            desk.seen.append(told)

        desk.write(message(), NEXT)
        with pytest.raises(KeyboardInterrupt):
            relay(desk, stop, [])
        assert sorted(row["sent_at"] is None for row in desk.outbox()) == [False, True]
        relay(desk, desk.react, [])
        assert sorted(one.phase for one in desk.seen) == ["features", "predict"]

    def test_sends_again_what_was_received_by_a_process_that_died_before_it_marked_it(self, desk: Desk) -> None:
        desk.write(message())
        (row,) = desk.outbox()
        receive(desk, row["body"], desk.react, "another process, which died")
        relay(desk, desk.react, [])
        assert desk.seen == [message(), message()]


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


class TestTheWebhook:
    def test_signs_the_body_and_its_time_as_the_page_says(self, desk: Desk, hook: Receiver) -> None:
        desk.write(message())
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        (posted,) = hook.posted
        assert is_ours(SECRET, int(START.timestamp()), posted.body, posted.headers["x-tipoff-signature"])
        assert (posted.headers["x-tipoff-timestamp"], posted.headers["content-type"]) == (str(int(START.timestamp())), "application/json")
        assert read_message(posted.body) == message()

    def test_passes_the_pages_own_check_which_refuses_another_body_secret_or_time(self, desk: Desk, hook: Receiver) -> None:
        desk.write(message())
        relay(desk, desk.react, [hook.webhook(desk.clock)])
        (posted,) = hook.posted
        example: dict[str, Any] = {}
        exec(re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[0], example)
        headers = {"X-Tipoff-Timestamp": posted.headers["x-tipoff-timestamp"], "X-Tipoff-Signature": posted.headers["x-tipoff-signature"]}
        check, now = example["is_tipoffs"], START.timestamp()
        assert check(SECRET, headers, posted.body, now + 299)
        assert not check(SECRET, headers, posted.body, now + 301)
        assert not check(SECRET, headers, posted.body, now - 301)
        assert not check(SECRET, headers, posted.body + b" ", now)
        assert not check("another", headers, posted.body, now)
        assert not check(SECRET, headers | {"X-Tipoff-Timestamp": str(int(now) + 1)}, posted.body, now)
        assert not check(SECRET, {}, posted.body, now)

    def test_is_not_led_elsewhere(self, desk: Desk, hook: Receiver) -> None:
        with receiver() as elsewhere:
            hook.says = lambda _posted: (307, {"location": elsewhere.url})
            desk.write(message())
            relay(desk, desk.react, [hook.webhook(desk.clock)])
            assert elsewhere.posted == []
        assert "HTTP 307" in str(undelivered(desk.house.state)[0].error)

    @pytest.mark.parametrize("status", [200, 0, 410, 503])
    def test_tells_nobody_its_address_nor_its_secret(
        self, desk: Desk, hook: Receiver, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        hook.says = lambda _posted: (status, {})
        desk.write(message())
        webhook = hook.webhook(desk.clock)
        with caplog.at_level(logging.DEBUG):
            relay(desk, desk.react, [webhook])
        told = f"{caplog.text} {undelivered(desk.house.state)} {webhook}"
        assert "not-to-be-told" not in told
        assert SECRET not in told

    def test_is_asked_for_no_longer_than_it_takes_when_it_never_answers(self, desk: Desk) -> None:
        """Nobody listens on port 1."""
        desk.write(message())
        relay(desk, desk.react, [Webhook(SecretStr("http://127.0.0.1:1/"), SecretStr(SECRET), desk.clock)])
        assert "ConnectError" in str(undelivered(desk.house.state)[0].error)

    def test_is_configured_by_its_address_and_the_topic_by_its_name(self, tmp_path: Path) -> None:
        given = {"webhook_url": SecretStr("https://x/"), "webhook_secret": SecretStr("s"), "pubsub_topic": "projects/p/topics/t"}
        with desk_in(tmp_path, **given) as desk:
            assert [target.name for target in configured_targets(desk.house.settings, desk.clock)] == ["webhook", "pubsub"]
        with desk_in(tmp_path / "plain") as desk:
            assert configured_targets(desk.house.settings, desk.clock) == []


class TestDeadLetters:
    def test_are_one_for_the_same_bytes_however_often_they_come(self, desk: Desk) -> None:
        assert not receive(desk, b"nonsense", desk.react, "a test")
        desk.clock.advance(timedelta(minutes=1))
        assert not receive(desk, "nonsense", desk.react, "another")
        (letter,) = dead_letters(desk.house.state)
        assert (letter.count, letter.first_at, letter.last_at, letter.origin, letter.addressee) == (
            2,
            START,
            START + timedelta(minutes=1),
            "another",
            HERE,
        )

    @pytest.mark.parametrize("body", [b"", b"\xff\x00\xfe", b"\x00", "\ud800", "[" * 100_000, b"\x80" * 1000], ids=range(6))
    def test_keep_whatever_came(self, desk: Desk, body: bytes | str) -> None:
        assert not receive(desk, body, desk.react, "a test")
        (letter,) = dead_letters(desk.house.state)
        assert letter.body == (body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body)
        json.dumps(letter.as_dict()["body"])

    @pytest.mark.parametrize("name", ["\0", "\x1b[2J", "a\nb", "x" * 10_000], ids=range(4))
    def test_tell_of_a_field_from_outside_on_one_line_without_what_would_move_a_cursor(self, desk: Desk, name: str) -> None:
        receive(desk, json.dumps({name: 1}), desk.react, "a test")
        (letter,) = dead_letters(desk.house.state)
        assert letter.reason.isprintable()
        assert len(letter.reason) < 1000

    def test_keep_words_that_are_no_text_of_whoever_failed(self, desk: Desk) -> None:
        def fail(_desk: Desk, _told: CompletionMessage) -> None:
            raise OSError("no file \udcff\0 there")

        assert not receive(desk, message().to_json(), fail, "file \udcff")
        (letter,) = dead_letters(desk.house.state)
        assert ("no file \\udcff\\x00 there" in letter.reason, letter.origin) == (True, "file \\udcff")

    def test_are_over_when_the_same_message_is_taken_later(self, desk: Desk) -> None:
        body = message().to_json()

        def fail(_desk: Desk, _told: CompletionMessage) -> None:
            raise ZeroDivisionError("by zero")

        assert not receive(desk, body, fail, "a test")
        assert "ZeroDivisionError: by zero" in dead_letters(desk.house.state)[0].reason
        assert receive(desk, body, desk.react, "a test")
        assert dead_letters(desk.house.state) == []

    def test_that_were_taken_and_are_refused_again_are_open_again(self, desk: Desk) -> None:
        def fail(_desk: Desk, _told: CompletionMessage) -> None:
            raise ZeroDivisionError

        for react in (fail, desk.react, fail):
            receive(desk, message().to_json(), react, "a test")
        (letter,) = dead_letters(desk.house.state)
        assert (letter.count, letter.replayed_at) == (2, None)

    def test_are_replayed_by_the_beginning_of_an_id_and_the_others_wait(self, desk: Desk) -> None:
        def fail(_desk: Desk, _told: CompletionMessage) -> None:
            raise ZeroDivisionError

        for told in (message(), NEXT):
            receive(desk, told.to_json(), fail, "a test")
        first, second = dead_letters(desk.house.state)
        assert replay(desk, desk.react, [first.letter_id[:10]]) == 1
        assert dead_letters(desk.house.state) == [second]
        assert replay(desk, desk.react) == 1
        assert len(desk.seen) == 2

    @pytest.mark.parametrize("wanted", ["", "nobody"])
    def test_that_nobody_knows_are_told_and_nothing_is_replayed(self, desk: Desk, wanted: str) -> None:
        receive(desk, b"x", desk.react, "a test")
        before = dead_letters(desk.house.state)
        with pytest.raises(BadInput, match="none that is open"):
            replay(desk, desk.react, [before[0].letter_id, wanted])
        assert dead_letters(desk.house.state) == before


def test_messages_of_many_days_stand_in_one_outbox(desk: Desk) -> None:
    with desk.house.warehouse.writing("a test") as work:
        for number in range(30):
            put(work, message(game_date=date(2025, 11, 1) + timedelta(days=number)))
    assert relay(desk, desk.react, []) == 30


def test_a_target_that_cannot_be_opened_is_tried_again_as_one_that_is_down(desk: Desk) -> None:
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
