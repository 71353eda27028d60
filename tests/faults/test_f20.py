"""F20: a completion message without a status, with a null game date, or with an unknown or misnamed field is refused at the sender with the
field's path; at the receiver it goes to a dead-letter list that status shows and that can be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.message_house import DAY, START, Desk, desk_in, message
from tipoff.errors import BadInput
from tipoff.flow.dead_letter_log import dead_letters
from tipoff.flow.dead_letters import receive, replay
from tipoff.flow.messages import CompletionMessage, put, read_message
from tipoff.flow.outbox import relay
from tipoff.flow.overview import overview
from tipoff.store.tables import table_of

Told = dict[str, Any]
WHOLE: Told = json.loads(message().to_json())
REQUIRED = sorted(set(CompletionMessage.model_fields) - {"error"})
KIND = {"schema_version": "count", "record_count": "count", "records_failed": "count", "completion_pct": "number"}
KIND |= {"game_date": "moment", "started_at": "moment", "finished_at": "moment", "phase": "word", "status": "word"}
TEXTS = ["", "three", "3", "1762381800", "2025-11-5", "05.11.2025", "2025-11-05T22:30:00"]
OTHERS: dict[str, list[Any]] = {
    "text": [None, True, [], {}, "", 3, 3.5],
    "word": [None, True, [], {}, 3, 3.5, *TEXTS],
    "moment": [None, True, [], {}, 3, 3.5, *TEXTS],
    "count": [None, True, [], {}, 3.5, -1, *TEXTS],
    "number": [None, True, [], {}, -0.5, 100.5, *TEXTS],
}


def without(name: str) -> Told:
    return {key: value for key, value in WHOLE.items() if key != name}


def misnamed(name: str, as_what: str) -> Told:
    return {as_what if key == name else key: value for key, value in WHOLE.items()}


BROKEN: dict[str, tuple[Told, tuple[str, ...]]] = {
    "no status": (without("status"), ("status: is missing",)),
    "a null status": (WHOLE | {"status": None}, ("status: ",)),
    "an unknown status": (WHOLE | {"status": "done"}, ("status: input should be 'success', 'partial', 'no_data' or 'failed'",)),
    "a null date": (WHOLE | {"game_date": None}, ("game_date: input should be a valid date",)),
    "a date that is none": (WHOLE | {"game_date": "2025-02-30"}, ("game_date: ",)),
    "a date with a time": (WHOLE | {"game_date": "2025-11-05T00:00:00Z"}, ("game_date: ",)),
    "an unknown field": (WHOLE | {"mood": "good"}, ("mood: is no field of it",)),
    "a misnamed field": (misnamed("status", "staus"), ("status: is missing", "staus: is no field of it (is status meant?)")),
    "a field in other letters": (misnamed("game_date", "gameDate"), ("game_date: is missing", "gameDate: is no field of it")),
    "an unknown field within": (
        WHOLE | {"error": {"type": "X", "message": "y", "mesage": "z"}},
        ("error.mesage: is no field of it (is message meant?)",),
    ),
    "half an error": (WHOLE | {"error": {"type": "X"}}, ("error.message: is missing",)),
    "an instant without a zone": (WHOLE | {"finished_at": "2025-11-05T22:30:00"}, ("finished_at: ",)),
    "an instant at the end of the calendar": (WHOLE | {"finished_at": "0001-01-01T00:00:00+14:00"}, ("finished_at: ",)),
    "more than all": (WHOLE | {"completion_pct": 100.5}, ("completion_pct: ",)),
    "fewer than none": (WHOLE | {"record_count": -1}, ("record_count: ",)),
    "a number that is none": (WHOLE | {"completion_pct": float("nan")}, ("completion_pct: ",)),
    "an empty name": (WHOLE | {"output_table": ""}, ("output_table: ",)),
    "another version": (WHOLE | {"schema_version": 2}, ("schema_version: ",)),
    "a phase that is none": (WHOLE | {"phase": "phase_4"}, ("phase: ",)),
}
UNKNOWN = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda name: name not in {*WHOLE, "error"})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as found:
        yield found


def paths(told: str) -> set[str]:
    """The paths in an error's words."""
    return {fault.split(": ")[0] for fault in told.removeprefix("A completion message does not fit: ").split("; ")}


class TestTheSender:
    @pytest.mark.parametrize("name", sorted(set(REQUIRED) - {"schema_version", "output_dataset", "output_table"}))
    def test_is_refused_with_the_path_of_a_field_that_it_leaves_empty(self, name: str) -> None:
        with pytest.raises(BadInput, match=rf"does not fit: {name}: ") as refused:
            message(**{name: None})
        assert "docs/messages.md" in refused.value.hint

    def test_is_refused_where_its_table_is_none(self) -> None:
        for table, path in (("store", "output_table"), (".store", "output_dataset"), ("", "output_dataset"), (None, "output_dataset")):
            with pytest.raises(BadInput, match=f"does not fit: {path}: "):
                message(table=table)

    @pytest.mark.parametrize("name", REQUIRED)
    def test_writes_nothing_to_the_outbox_and_none_of_its_data_without_one_of_the_fields(self, desk: Desk, name: str) -> None:
        fields = message().model_dump()
        del fields[name]

        def write() -> None:
            with desk.house.warehouse.writing("a test") as work:
                work.claim_league("practice")
                put(work, CompletionMessage.model_construct(None, **fields))

        with pytest.raises(BadInput, match=f"{name}: is missing"):
            write()
        assert (desk.outbox(), desk.house.warehouse.league()) == ([], None)


class TestTheReceiver:
    @pytest.mark.parametrize("case", sorted(BROKEN))
    def test_sets_aside_with_the_fields_path_what_is_not_whole_and_does_not_react(self, desk: Desk, case: str) -> None:
        body, told = json.dumps(BROKEN[case][0]), BROKEN[case][1]
        assert not receive(desk, body, desk.react, "another program")
        assert desk.seen == []
        (letter,) = dead_letters(desk.house.state)
        assert [words for words in told if words not in letter.reason] == []
        assert (letter.body.decode(), letter.origin) == (body, "another program")

    @pytest.mark.parametrize("name", REQUIRED)
    @given(st.data())
    def test_takes_no_value_of_another_type_and_names_the_field(self, name: str, data: st.DataObject) -> None:
        value = data.draw(st.sampled_from(OTHERS[KIND.get(name, "text")]))
        with pytest.raises(BadInput) as refused:
            read_message(json.dumps(WHOLE | {name: value}))
        assert paths(refused.value.message) == {name}

    @given(st.sets(st.sampled_from(REQUIRED), min_size=1))
    def test_names_every_field_that_is_missing(self, names: set[str]) -> None:
        with pytest.raises(BadInput) as refused:
            read_message(json.dumps({key: value for key, value in WHOLE.items() if key not in names}))
        assert paths(refused.value.message) == names

    @given(UNKNOWN)
    def test_takes_no_field_that_it_does_not_know(self, name: str) -> None:
        with pytest.raises(BadInput, match="is no field of it"):
            read_message(json.dumps(WHOLE | {name: 1}))

    def test_names_twenty_faults_and_counts_the_others(self) -> None:
        with pytest.raises(BadInput, match="; and 5 more"):
            read_message(json.dumps(WHOLE | {f"mood {number}": 1 for number in range(25)}))

    def test_takes_no_field_that_stands_there_twice(self) -> None:
        with pytest.raises(BadInput, match="status: stands there twice"):
            read_message(message().to_json()[:-1] + ', "status": "failed"}')

    def test_takes_a_whole_number_of_percent_and_an_error_that_is_null(self) -> None:
        assert read_message(json.dumps(WHOLE | {"completion_pct": 100, "error": None})) == message()


class TestTheDeadLetters:
    def test_are_shown_by_status_with_the_reason_and_the_body(self, desk: Desk) -> None:
        receive(desk, json.dumps(without("status")), desk.react, "another program")
        found = overview(desk.house.state, desk.clock, desk.house.settings).as_dict()
        (letter,) = found["dead_letters"]
        assert "status: is missing" in letter["reason"]
        assert json.loads(letter["body"]) == without("status")

    def test_do_not_stop_the_messages_behind_them(self, desk: Desk) -> None:
        break_outbox(desk, lambda told: {key: value for key, value in told.items() if key != "status"})
        desk.write(message(phase="predict"))
        assert relay(desk, desk.react, []) == 2
        assert [one.phase for one in desk.seen] == ["predict"]
        (letter,) = dead_letters(desk.house.state)
        assert letter.origin.startswith("outbox, message ")

    def test_that_are_replayed_and_refused_again_stay_with_their_count(self, desk: Desk) -> None:
        receive(desk, json.dumps(without("status")), desk.react, "another program")
        assert replay(desk, desk.react) == 0
        (letter,) = dead_letters(desk.house.state)
        assert (letter.count, letter.origin) == (2, "another program")

    def test_are_taken_when_they_are_replayed_once_the_reason_is_gone(self, desk: Desk) -> None:
        """The reaction was at fault, say for want of room; nothing of the message was lost."""
        full = [True]

        def react(desk: Desk, told: CompletionMessage) -> None:
            if full:
                raise OSError("no space left on device")
            desk.seen.append(told)

        receive(desk, message().to_json(), react, "another program")
        assert replay(desk, react) == 0
        full.clear()
        assert replay(desk, react) == 1
        assert desk.seen == [message()]
        assert overview(desk.house.state, desk.clock, desk.house.settings).dead_letters == []


def break_outbox(desk: Desk, how: Callable[[Told], Told]) -> None:
    """A message in the outbox as another version of this program might have left it there."""
    row = {"message_id": "from elsewhere", "game_date": DAY, "body": json.dumps(how(WHOLE)), "created_at": START}
    with desk.house.warehouse.writing("a test") as work:
        work.merge("ops.outbox", table_of("ops.outbox", [row]))
