from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tipoff.practice.odds_question import OddsFault, event_filter, odds_question, snapshot_date


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"markets": "player_points"}, "MISSING_REGION"),
        ({"markets": "player_points", "regions": "us,mars"}, "INVALID_REGION"),
        ({"markets": "jumping", "regions": "us"}, "INVALID_MARKET"),
        ({"markets": "h2h", "regions": "us", "oddsFormat": "roman"}, "INVALID_ODDS_FORMAT"),
        ({"markets": "h2h", "bookmakers": "drafť kings"}, "INVALID_BOOKMAKERS"),
        ({"markets": "h2h", "regions": "us", "dateFormat": "unix"}, "INVALID_DATE_FORMAT"),
    ],
)
def test_a_wrong_parameter_is_a_422_with_the_source_s_code(given: dict[str, str], code: str) -> None:
    with pytest.raises(OddsFault) as fault:
        odds_question(given, bulk=False)
    assert (fault.value.status, fault.value.code) == (422, code)
    assert set(fault.value.document()) == {"message", "error_code", "details_url"}


def test_the_bulk_endpoint_refuses_players_markets() -> None:
    with pytest.raises(OddsFault, match="not supported by this endpoint"):
        odds_question({"markets": "h2h,player_points", "regions": "us"}, bulk=True)


def test_regions_choose_books_and_bookmakers_win_over_regions() -> None:
    assert len(odds_question({"markets": "h2h", "regions": "us"}, bulk=False).books) == 7
    assert len(odds_question({"markets": "h2h", "regions": "us,us2"}, bulk=False).books) == 12
    chosen = odds_question({"markets": "h2h", "regions": "us,us2", "bookmakers": "fliff,pinnacle"}, bulk=False)
    assert chosen.books == {"fliff", "pinnacle"}
    assert chosen.regions == 1
    eleven = ",".join(f"book{n}" for n in range(11))
    assert odds_question({"markets": "h2h", "bookmakers": eleven}, bulk=False).regions == 2


@pytest.mark.parametrize("text", ["", "2026-01-14", "2026-01-14T23:30:00+00:00", "2026-01-14T23:30:00.000Z", "2026-13-14T23:30:00Z"])
def test_a_snapshot_s_date_must_be_to_the_second_and_end_in_z(text: str) -> None:
    with pytest.raises(OddsFault) as fault:
        snapshot_date({"date": text})
    assert fault.value.code == ("INVALID_HISTORICAL_TIMESTAMP" if text else "MISSING_HISTORICAL_TIMESTAMP")


def test_events_are_chosen_by_tip_and_id() -> None:
    found = event_filter({"commenceTimeFrom": "2026-01-14T00:00:00Z", "eventIds": "a" * 32})
    assert found.start == datetime(2026, 1, 14, tzinfo=UTC)
    assert found.end is None
    assert found.ids == frozenset({"a" * 32})
    with pytest.raises(OddsFault, match="later than"):
        event_filter({"commenceTimeFrom": "2026-01-14T00:00:00Z", "commenceTimeTo": "2026-01-13T00:00:00Z"})
    with pytest.raises(OddsFault, match="eventIds"):
        event_filter({"eventIds": "../x"})
