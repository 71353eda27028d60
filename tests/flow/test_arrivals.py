"""What arrived and is not loaded yet: by its key, whatever it was asked for; and what cannot be read is told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from load import wire
from load.benches import bench_maker
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.arrivals import load_arrivals, pending, read_arrivals, swept_days, unloaded
from tipoff.flow.house import House, open_house
from tipoff.store.receipts import Receipt
from tipoff.store.warehouse import Work

DAY = date(2025, 11, 5)
NOW = datetime(2025, 11, 5, 18, tzinfo=UTC)


@dataclass
class Landing:
    house: House
    clock: ManualClock

    def land(self, document: Any, feed: str = "lines", day: date = DAY, at: datetime = NOW) -> tuple[str, str]:
        """A document in the vault with its receipt; its key."""
        payload_id = self.house.vault.put(wire.payload(document).body)
        receipt = Receipt(payload_id, "odds_api", feed, day, at, "https://a.test/odds", 200)
        self.house.receipts.put(receipt)
        return payload_id, receipt.arrived

    def load(self, feed: str = "lines", day: date = DAY) -> int:
        found, _ = read_arrivals(self.house, feed, day, pending(self.house, feed, day))
        return load_arrivals(self.house, found, guard=_nobody_objects).documents


def _nobody_objects(_work: Work) -> None:
    return


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    bench_maker(tmp_path / "house")
    clock = ManualClock(NOW)
    with open_house(load_settings(data_dir=tmp_path / "house"), clock) as house:
        yield Landing(house, clock)


def lines(event_id: str = "e1") -> dict[str, Any]:
    return wire.event(wire.book("fanduel", wire.totals()), event_id=event_id)


def test_what_arrived_is_pending_oldest_first_until_it_is_loaded(landing: Landing) -> None:
    later = landing.land(lines(), at=NOW + timedelta(minutes=5))
    earlier = landing.land(lines("e2"))
    assert pending(landing.house, "lines", DAY) == [earlier, later]
    assert landing.load() == 2
    assert pending(landing.house, "lines", DAY) == []


def test_the_same_bytes_of_a_later_fetch_are_pending_again(landing: Landing) -> None:
    landing.land(lines())
    landing.load()
    again = landing.land(lines(), at=NOW + timedelta(minutes=30))
    assert pending(landing.house, "lines", DAY) == [again]


def test_the_same_bytes_of_one_instant_for_two_days_are_loaded_once_and_pending_for_neither(landing: Landing) -> None:
    """An empty list of events, asked for two days at one turn of a clock that stands: one row answers both."""
    tomorrow = DAY + timedelta(days=1)
    landing.land([], feed="events")
    landing.land([], feed="events", day=tomorrow)
    assert landing.load("events") == 1
    assert pending(landing.house, "events", DAY) == pending(landing.house, "events", tomorrow) == []


def test_a_document_that_is_lost_and_a_receipt_that_is_damaged_are_told_apart_from_their_neighbours(
    landing: Landing, tmp_path: Path
) -> None:
    lost, damaged, good = (landing.land(lines(f"e{number}")) for number in range(3))
    (tmp_path / "house" / landing.house.vault.path(lost[0])).unlink()
    [file] = (tmp_path / "house" / "receipts").rglob(f"*{damaged[0]}.json")
    file.write_text("{")
    found, unread = read_arrivals(landing.house, "lines", DAY, [lost, damaged, good])
    assert [arrival.payload_id for arrival in found] == [good[0]]
    assert set(unread) == {lost[0], damaged[0]}
    assert unread[lost[0]] == f"The vault holds no payload {lost[0]}."
    assert "is damaged" in unread[damaged[0]]


def test_a_guard_that_objects_keeps_everything_out(landing: Landing) -> None:
    landing.land(lines())
    found, _ = read_arrivals(landing.house, "lines", DAY, pending(landing.house, "lines", DAY))

    def object_to_it(_work: Work) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        load_arrivals(landing.house, found, guard=object_to_it)
    assert len(pending(landing.house, "lines", DAY)) == 1
    assert landing.house.warehouse.read("raw.odds_game_lines").num_rows == 0


def test_unloaded_counts_by_feed_and_day_and_keeps_to_the_days_asked_for(landing: Landing) -> None:
    old = DAY - timedelta(days=30)
    landing.land(lines("e1"))
    landing.land(lines("e2"))
    landing.land(lines("e3"), feed="props")
    landing.land(lines("e4"), day=old)
    waiting = {where: len(keys) for where, keys in unloaded(landing.house).items()}
    assert waiting == {("lines", DAY): 2, ("props", DAY): 1, ("lines", old): 1}
    swept = {where: len(keys) for where, keys in unloaded(landing.house, swept_days(landing.house)).items()}
    assert swept == {("lines", DAY): 2, ("props", DAY): 1}


@pytest.mark.parametrize(
    ("at", "today"),
    [
        (datetime(2025, 11, 5, 6, tzinfo=UTC), date(2025, 11, 5)),  # 01:00 in New York
        (datetime(2025, 11, 5, 4, 59, tzinfo=UTC), date(2025, 11, 4)),  # 23:59 the evening before
        (datetime(2025, 11, 2, 5, 30, tzinfo=UTC), date(2025, 11, 2)),  # 01:30, for the first time in the night of the switch
        (datetime(2025, 11, 2, 6, 30, tzinfo=UTC), date(2025, 11, 2)),  # 01:30, for the second time
    ],
)
def test_a_sweep_covers_yesterday_today_and_tomorrow_in_new_york(landing: Landing, at: datetime, today: date) -> None:
    landing.clock.set(at)
    assert swept_days(landing.house) == (today - timedelta(days=1), today, today + timedelta(days=1))
