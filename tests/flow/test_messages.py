"""The completion message: typed, whole, the same when it is told again; in the outbox with its data, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.message_house import DAY, START, Desk, desk_in, message
from tipoff.errors import BadInput
from tipoff.flow.messages import PHASES, CompletionMessage, put, read_message

FIELDS = [
    *("schema_version", "processor_name", "phase", "execution_id", "correlation_id", "game_date", "output_dataset", "output_table"),
    *("status", "record_count", "records_failed", "completion_pct", "started_at", "finished_at", "trigger", "error"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as found:
        yield found


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]))
MESSAGES = st.builds(
    message,
    phase=st.sampled_from(PHASES),
    processor_name=NAMES,
    game_date=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    status=st.sampled_from(["success", "partial", "no_data", "failed"]),
    record_count=st.integers(0, 2**63 - 1),
    records_failed=st.integers(0, 10**6),
    completion_pct=st.floats(0, 100),
    started_at=INSTANTS,
    finished_at=INSTANTS,
    trigger=NAMES,
    error=st.none() | st.builds(ValueError, st.text()),
)


class TestTheMessage:
    def test_has_the_contracts_fields_and_no_other_and_error_alone_may_be_absent(self) -> None:
        assert list(CompletionMessage.model_fields) == FIELDS
        assert [name for name, field in CompletionMessage.model_fields.items() if not field.is_required()] == ["error"]

    @given(MESSAGES)
    def test_comes_back_from_json_as_it_was(self, sent: CompletionMessage) -> None:
        assert read_message(sent.to_json()) == sent
        assert read_message(sent.to_json().encode()).message_id == sent.message_id

    def test_travels_as_plain_json_with_a_date_and_instants_in_utc(self) -> None:
        told = json.loads(message(finished_at=START.astimezone(timezone(timedelta(hours=-5)))).to_json())
        assert list(told) == FIELDS[:-1]
        assert (told["game_date"], told["finished_at"]) == ("2025-11-05", "2025-11-05T22:30:00Z")
        assert (told["output_dataset"], told["output_table"], told["completion_pct"]) == ("features", "store", 100.0)

    def test_that_ends_before_it_began_is_taken_as_clocks_are_set_back(self) -> None:
        assert message(finished_at=START - timedelta(hours=1)).status == "success"

    def test_keeps_what_went_wrong_by_kind_and_words_whatever_they_are(self) -> None:
        failed = message(status="failed", record_count=0, completion_pct=0.0, error=KeyError("\ud800"))
        assert failed.error is not None
        assert (failed.error.type, failed.error.message) == ("KeyError", "'\\ud800'")

    def test_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            message().status = "failed"  # type: ignore[misc]


class TestItsId:
    def test_is_the_same_when_a_step_says_the_same_again_at_another_time(self) -> None:
        again = message(started_at=START, finished_at=START + timedelta(minutes=5))
        assert again.message_id == message().message_id

    @pytest.mark.parametrize(
        "other",
        [
            {"phase": "predict"},
            {"processor_name": "another"},
            {"game_date": date(2025, 11, 6)},
            {"table": "features.other"},
            {"status": "partial"},
            {"record_count": 423},
            {"records_failed": 1},
            {"completion_pct": 99.5},
            {"trigger": "box of 2025-11-04"},
            {"correlation_id": "props-2025-11-05-4"},
            {"execution_id": "slate-2025-11-05-2"},
            {"error": ValueError("one player")},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_is_another_for_other_news(self, other: dict[str, Any]) -> None:
        assert message(**other).message_id != message().message_id


class TestTheOutbox:
    def test_keeps_a_message_with_its_data(self, desk: Desk) -> None:
        desk.write(message())
        (row,) = desk.outbox()
        assert read_message(row["body"]) == message()
        assert (row["message_id"], row["game_date"], row["created_at"], row["sent_at"]) == (message().message_id, DAY, START, None)

    def test_keeps_nothing_of_a_transaction_that_fails(self, desk: Desk) -> None:
        def fail() -> None:
            with desk.house.warehouse.writing("a test") as work:
                put(work, message())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert desk.outbox() == []

    def test_keeps_the_same_news_once_and_as_it_was_told_first(self, desk: Desk) -> None:
        desk.write(message(), message(started_at=START, finished_at=START + timedelta(minutes=5)))
        (row,) = desk.outbox()
        assert row["created_at"] == START

    def test_takes_two_of_one_transaction(self, desk: Desk) -> None:
        with desk.house.warehouse.writing("a test") as work:
            put(work, message())
            put(work, message(phase="predict"))
            put(work, message())
        assert len(desk.outbox()) == 2

    def test_takes_nothing_that_is_not_whole_however_it_was_made(self, desk: Desk) -> None:
        fields = message().model_dump()
        del fields["status"]
        with pytest.raises(BadInput, match="status: is missing"):
            desk.write(CompletionMessage.model_construct(None, **fields))
        with pytest.raises(BadInput, match="record_count: input should be a valid integer"):
            desk.write(message().model_copy(update={"record_count": None}))
        assert desk.outbox() == []
