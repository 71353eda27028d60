"""What is asked of The Odds API, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from tipoff.config import Settings
from tipoff.errors import BadInput
from tipoff.scrape.sources.odds_api import GAME_MARKETS, Asking

AT = datetime(2024, 1, 25, 3, 55, tzinfo=UTC)


def test_props_of_one_event_are_asked_for_in_decimal_from_the_regions() -> None:
    request = Asking().event_odds("e1")
    assert (request.url_path, request.event_id) == ("/v4/sports/basketball_nba/events/e1/odds", "e1")
    assert dict(request.params) == {"regions": "us,us2", "markets": "player_points", "oddsFormat": "decimal", "dateFormat": "iso"}


@pytest.mark.parametrize(
    ("credits_asked", "expected"),
    [
        (Asking().events().credits, 0),
        (Asking().event_odds("e1").credits, 2),
        (Asking().event_odds("e1", ["player_points", "player_points_alternate"]).credits, 4),
        (Asking(regions=("us",)).bulk_odds().credits, 3),
        (Asking().historical_events(AT).credits, 1),
        (Asking().historical_event_odds("e1", AT).credits, 20),
        (Asking().historical_event_odds("e1", AT, GAME_MARKETS).credits, 60),
        (Asking(bookmakers=("fanduel",)).event_odds("e1").credits, 1),
        (Asking(bookmakers=tuple(f"b{index}" for index in range(12))).event_odds("e1").credits, 2),
    ],
)
def test_the_cost_is_markets_times_regions_and_ten_times_that_for_history(credits_asked: int, expected: int) -> None:
    assert credits_asked == expected


def test_the_settings_name_league_and_books_and_the_key_is_in_no_request() -> None:
    settings = Settings(league="practice", books=("fanduel", "fliff"), odds_api_key=SecretStr("not-to-be-seen"))
    request = Asking.of(settings).historical_event_odds("e1", AT)
    assert request.url_path == "/v4/historical/sports/basketball_practice/events/e1/odds"
    assert dict(request.params)["bookmakers"] == "fanduel,fliff"
    assert dict(request.params)["date"] == "2024-01-25T03:55:00Z"
    assert "not-to-be-seen" not in repr(request)


@pytest.mark.parametrize("event_id", ["", "../account", "e1?apiKey=", "e1/odds", "e 1", "e1\n"])
def test_an_id_from_outside_cannot_change_the_address(event_id: str) -> None:
    """F61."""
    with pytest.raises(BadInput, match="no id"):
        Asking().event_odds(event_id)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(BadInput, match="time zone"):
        Asking().historical_events(AT.replace(tzinfo=None))
