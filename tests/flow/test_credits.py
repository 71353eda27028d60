"""Credits: no limit is overrun by however many ask at once, and each level alerts once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tipoff.clock import ManualClock
from tipoff.config import Settings, load_settings
from tipoff.errors import BudgetSpent
from tipoff.flow.alerts import EVENTS, alerts
from tipoff.flow.credits import Credits
from tipoff.flow.state import State
from tipoff.scrape.request import Request

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
FREE = Request("odds_api", "events", "/v4/events")


def costing(price: int) -> Request:
    return Request("odds_api", "event-odds", "/v4/odds", credits=price)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path).model_copy(update={"credits_per_day": 100, "credits_per_month": 1000})


@pytest.fixture
def state(settings: Settings, clock: ManualClock) -> Iterator[State]:
    opened = State(settings, clock)
    yield opened
    opened.close()


@pytest.fixture
def books(state: State, clock: ManualClock, settings: Settings) -> Credits:
    return Credits(state, clock, settings)


def told(state: State) -> list[str]:
    return sorted(alert.key.rpartition(" ")[2] for alert in alerts(state, now_only=True))


def test_however_many_ask_at_once_no_limit_is_overrun(books: Credits) -> None:
    def ask(_: int) -> bool:
        try:
            books.reserve(costing(7))
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(40))) == 100 // 7
    assert books.spent().day == 98


def test_what_an_exchange_cost_less_is_there_for_the_next(books: Credits) -> None:
    books.reserve(costing(90)).settle(10, None)
    books.reserve(costing(90))
    assert books.spent().day == 100


def test_where_nobody_knows_what_it_cost_it_cost_what_was_reserved(books: Credits) -> None:
    books.reserve(costing(60)).settle(None, None)
    with pytest.raises(BudgetSpent, match="60 of the 100 of this day are spent"):
        books.reserve(costing(60))


def test_each_level_alerts_when_it_is_reached(books: Credits, state: State) -> None:
    seen = []
    for price in (49, 1, 29, 1, 20):
        books.reserve(costing(price))
        seen.append(told(state))
    assert seen == [[], ["50"], ["50"], ["50", "80"], ["100", "50", "80"]]


def test_a_refused_request_is_the_whole_and_what_is_free_does_not_end_the_alert(books: Credits, state: State) -> None:
    books.reserve(costing(95))
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            books.reserve(costing(6))
        books.reserve(FREE)
    assert told(state) == ["100", "50", "80"]
    [alert] = [alert for alert in alerts(state) if alert.key.endswith(" 100")]
    assert (alert.first_at, alert.recovered_at) == (NOON, None)


def test_a_level_alerts_once_however_it_is_crossed_again_and_is_over_where_the_limit_is_raised(
    books: Credits, state: State, clock: ManualClock, settings: Settings
) -> None:
    """What is reserved counts until the answer says that it was free; and a dear request is refused where a cheap one is allowed."""
    books.reserve(costing(98))
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            books.reserve(costing(3))
        books.reserve(costing(1)).settle(0, None)
    with state.reading() as connection:
        told_of = connection.execute(sa.select(EVENTS.c.key, EVENTS.c.what)).all()
    assert sorted((key.rpartition(" ")[2], what) for key, what in told_of) == [(level, "began") for level in ("100", "50", "80")]
    Credits(state, clock, settings.model_copy(update={"credits_per_day": 1000})).reserve(costing(1))
    assert told(state) == []


def test_with_a_new_day_its_alerts_are_over_and_may_come_again(books: Credits, state: State, clock: ManualClock) -> None:
    books.reserve(costing(60))
    clock.advance(timedelta(days=1))
    books.reserve(costing(1))
    assert told(state) == []
    books.reserve(costing(60))
    assert told(state) == ["50"]


def test_an_account_that_says_it_has_less_left_is_believed(books: Credits) -> None:
    books.reserve(costing(1)).settle(1, 5)
    with pytest.raises(BudgetSpent, match="the account at odds_api has 5 left"):
        books.reserve(costing(6))
    books.reserve(costing(5))
