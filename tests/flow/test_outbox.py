"""The outbox: what was committed is received here, and at each target, at least once; what cannot be is set aside and stops nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from flow.message_house import START, Desk, desk_in, message
from tipoff.errors import BadInput, Busy, NotReady
from tipoff.flow.dead_letter_log import HERE, dead_letters
from tipoff.flow.dead_letters import receive, replay
from tipoff.flow.messages import CompletionMessage, put, read_message
from tipoff.flow.outbox import relay

NEXT = message(phase="predict")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as found:
        yield found


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
                raise NotReady("The date is not ready.", hint="Try again.")
            desk.seen.append(told)

        desk.write(message(), NEXT)
        assert relay(desk, react, []) == 2
        assert desk.seen == [NEXT]
        (letter,) = dead_letters(desk.house.state)
        assert letter.reason == "The reaction to features of 2025-11-05 failed: The date is not ready. Try again."
        assert (read_message(letter.body), letter.origin) == (message(), f"outbox, message {message().message_id}")

    def test_reads_again_later_what_others_kept_the_reaction_from(self, desk: Desk) -> None:
        def busy(_desk: Desk, told: CompletionMessage) -> None:
            raise Busy("The state database was held by others for too long.", hint="Try again.")

        desk.write(message(), NEXT)
        assert relay(desk, busy, []) == 0
        assert dead_letters(desk.house.state) == []
        assert relay(desk, desk.react, []) == 2

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
