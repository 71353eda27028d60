"""Receipts: what was fetched is on record by feed, day and moment, once, and comes back as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tipoff.errors import BadInput, BrokenInvariant
from tipoff.store.payloads import digest, open_bucket
from tipoff.store.receipts import FROM_FOLDER, Receipt, Receipts, arrival_moment, arrival_stamp

DAY = date(2025, 11, 5)
AT = datetime(2025, 11, 5, 17, 0, 0, 123456, tzinfo=UTC)
BODY = digest(b"a body")


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(open_bucket(tmp_path.as_uri()))


def receipt(payload_id: str = BODY, feed: str = "lines", day: date = DAY, at: datetime = AT) -> Receipt:
    return Receipt(payload_id, "odds_api", feed, day, at, "https://a.test/odds?regions=us", 200)


def test_a_receipt_comes_back_as_it_was_put(receipts: Receipts) -> None:
    receipts.put(receipt())
    [key] = receipts.names("lines", DAY)
    assert key == (BODY, "20251105T170000.123456Z")
    assert receipts.get("lines", DAY, key) == receipt()


def test_the_same_bytes_fetched_twice_are_two_receipts_and_one_put_twice_is_one(receipts: Receipts) -> None:
    receipts.put(receipt())
    receipts.put(receipt())
    receipts.put(receipt(at=AT + timedelta(microseconds=1)))
    assert len(receipts.names("lines", DAY)) == 2


def test_receipts_lie_by_feed_and_game_day(receipts: Receipts) -> None:
    other = digest(b"another")
    tomorrow = DAY + timedelta(days=1)
    receipts.put(receipt())
    receipts.put(receipt(other, "props"))
    receipts.put(receipt(other, "lines", tomorrow))
    assert receipts.kept() == {("lines", DAY), ("props", DAY), ("lines", tomorrow)}
    assert {payload_id for payload_id, _ in receipts.names("lines", DAY)} == {BODY}
    assert receipts.names("box", DAY) == set()


def test_an_empty_bucket_has_no_receipts(receipts: Receipts) -> None:
    assert receipts.kept() == set()
    assert receipts.names("lines", DAY) == set()


def test_a_receipt_that_is_not_there_is_bad_input_and_a_damaged_one_a_broken_invariant(receipts: Receipts, tmp_path: Path) -> None:
    receipts.put(receipt())
    [key] = receipts.names("lines", DAY)
    with pytest.raises(BadInput, match="There is no receipt receipts/props/2025-11-05/"):
        receipts.get("props", DAY, key)
    [file] = (tmp_path / "receipts").rglob("*.json")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(BrokenInvariant, match="is damaged"):
        receipts.get("lines", DAY, key)


@pytest.mark.parametrize("feed", ["../lines", "", "a/b", "."])
def test_a_feed_that_is_a_path_is_refused(receipts: Receipts, feed: str) -> None:
    with pytest.raises(BadInput, match="is no feed"):
        receipts.names(feed, DAY)


def test_the_moment_of_an_arrival_is_kept_to_the_microsecond_in_utc() -> None:
    abroad = AT.astimezone(timezone(timedelta(hours=13)))
    assert arrival_stamp(abroad) == arrival_stamp(AT) == "20251105T170000.123456Z"
    assert arrival_moment(arrival_stamp(abroad)) == AT
    assert arrival_stamp(None) == FROM_FOLDER
    assert arrival_moment(FROM_FOLDER) is None
