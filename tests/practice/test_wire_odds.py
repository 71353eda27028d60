from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from practice.conftest import key_paths
from tipoff.names import find_team
from tipoff.practice import Season
from tipoff.practice.odds_question import EventFilter, OddsFault, odds_question
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.wire_odds import bulk_odds, event_odds, events, snapshot_at, stamp, wrapped

BOTH = {"regions": "us,us2"}


def test_events_list_what_tips_within_two_days_or_is_under_way(season: Season) -> None:
    game = season.games[400]
    now = game.tip - timedelta(hours=5)
    listed = events(season, now, EventFilter())
    ids = {event["id"] for event in listed.document}
    assert game.event_id in ids
    assert listed.cost == 0
    assert ids == {g.event_id for g in season.games if now < g.final_at and g.tip <= now + timedelta(hours=48)}
    for event in listed.document:
        assert event["sport_key"] == "basketball_practice"
        assert find_team(event["home_team"]) is not None


def test_event_odds_have_the_recorded_keys(season: Season, room: QuoteRoom, recorded: Callable[[str], Any]) -> None:
    game = season.games[400]
    asked = odds_question({"markets": "player_points", **BOTH}, bulk=False)
    ours = event_odds(room, game.event_id, game.tip - timedelta(minutes=4), asked).document
    assert key_paths(ours) == key_paths(recorded("odds-api/event-odds_player-markets_2024-02-22_BKN-TOR.json"))


def test_historical_event_odds_have_the_recorded_keys(season: Season, room: QuoteRoom, recorded: Callable[[str], Any]) -> None:
    game = season.games[400]
    mark = snapshot_at(game.tip - timedelta(minutes=4), game.tip)
    asked = odds_question({"markets": "spreads,totals", **BOTH}, bulk=False)
    found = event_odds(room, game.event_id, mark, asked, historical=True)
    ours = wrapped(found.document, mark, game.tip)
    assert key_paths(ours) == key_paths(recorded("odds-api/historical-event-odds_spreads-totals_2024-01-25.json"))
    assert found.cost == 2 * 2 * 10


def test_historical_events_have_the_recorded_keys(season: Season, recorded: Callable[[str], Any]) -> None:
    now = season.games[400].tip
    ours = wrapped(events(season, now, EventFilter()).document, now, now)
    assert key_paths(ours) == key_paths(recorded("odds-api/historical-events_2024-01-25.json"))


def test_bulk_odds_have_the_recorded_keys(season: Season, room: QuoteRoom, recorded: Callable[[str], Any]) -> None:
    asked = odds_question({"markets": "h2h,spreads,totals", "regions": "us"}, bulk=True)
    ours = bulk_odds(room, season.games[400].tip - timedelta(hours=3), asked, EventFilter()).document
    real = recorded("odds-api/odds_h2h-spreads-totals_2022-11-22.json")
    added = {path for path in key_paths(real) if path.startswith(("[].odds", "[].startTime"))}
    assert key_paths(ours) == key_paths(real) - added


def test_over_and_under_stand_in_pairs_with_one_point(season: Season, room: QuoteRoom) -> None:
    game = season.games[400]
    asked = odds_question({"markets": "player_points", **BOTH}, bulk=False)
    for book in event_odds(room, game.event_id, game.tip - timedelta(hours=2), asked).document["bookmakers"]:
        outcomes = book["markets"][0]["outcomes"]
        assert len(outcomes) > 10
        for over, under in zip(outcomes[::2], outcomes[1::2], strict=True):
            assert (over["name"], under["name"]) == ("Over", "Under")
            assert (over["description"], over["point"]) == (under["description"], under["point"])
            assert 1 < over["price"] < 4


def test_the_spread_of_the_home_team_is_the_other_way_round_for_the_away_team(season: Season, room: QuoteRoom) -> None:
    game = season.games[400]
    asked = odds_question({"markets": "spreads,h2h", "regions": "us"}, bulk=False)
    for book in event_odds(room, game.event_id, game.tip - timedelta(hours=2), asked).document["bookmakers"]:
        spreads, winner = book["markets"]
        assert [market["key"] for market in book["markets"]] == ["spreads", "h2h"]
        assert spreads["outcomes"][0]["point"] == -spreads["outcomes"][1]["point"]
        assert "point" not in winner["outcomes"][0]


def test_american_prices_are_whole_numbers_of_the_same_quotes(season: Season, room: QuoteRoom) -> None:
    game = season.games[400]
    prices = []
    for form in ("decimal", "american"):
        asked = odds_question({"markets": "player_points", "bookmakers": "fanduel", "oddsFormat": form}, bulk=False)
        document = event_odds(room, game.event_id, game.tip - timedelta(hours=1), asked).document
        prices.append([row["price"] for row in document["bookmakers"][0]["markets"][0]["outcomes"]])
    for decimal, american in zip(*prices, strict=True):
        assert isinstance(american, int)
        assert decimal == pytest.approx(1 + (american / 100 if american > 0 else -100 / american), abs=0.006)


def test_an_event_before_its_books_open_has_no_bookmakers_and_costs_nothing(season: Season, room: QuoteRoom) -> None:
    game = season.games[400]
    asked = odds_question({"markets": "player_points", **BOTH}, bulk=False)
    found = event_odds(room, game.event_id, game.tip - timedelta(hours=40), asked)
    assert found.document["bookmakers"] == []
    assert found.cost == 0


def test_only_markets_that_are_returned_are_billed(season: Season, room: QuoteRoom) -> None:
    game = season.games[400]
    asked = odds_question({"markets": "player_points,player_assists,totals", **BOTH}, bulk=False)
    assert event_odds(room, game.event_id, game.tip - timedelta(hours=1), asked).cost == 2 * 2


def test_an_event_that_is_over_or_unknown_is_not_found(season: Season, room: QuoteRoom) -> None:
    game = season.games[400]
    asked = odds_question({"markets": "h2h", "regions": "us"}, bulk=False)
    for event_id, instant in ((game.event_id, game.final_at), ("f" * 32, game.tip)):
        with pytest.raises(OddsFault) as fault:
            event_odds(room, event_id, instant, asked)
        assert (fault.value.status, fault.value.code) == (404, "EVENT_NOT_FOUND")


def test_a_snapshot_is_the_five_minute_mark_at_or_before_and_never_in_the_future() -> None:
    now = datetime(2026, 1, 14, 23, 31, 30, tzinfo=UTC)
    assert stamp(snapshot_at(datetime(2026, 1, 14, 20, 4, 59, tzinfo=UTC), now)) == "2026-01-14T20:00:00Z"
    latest = snapshot_at(datetime(2026, 2, 1, tzinfo=UTC), now)
    assert stamp(latest) == "2026-01-14T23:30:00Z"
    assert wrapped([], latest, now)["next_timestamp"] is None
    assert wrapped([], latest - timedelta(minutes=5), now)["next_timestamp"] == "2026-01-14T23:30:00Z"


def test_no_quote_is_newer_than_its_document(season: Season, room: QuoteRoom) -> None:
    game = season.games[401]
    asked = odds_question({"markets": "player_points,h2h", **BOTH}, bulk=False)
    for minutes in (600, 61, 7, 0, -50):
        now = game.tip - timedelta(minutes=minutes)
        for book in event_odds(room, game.event_id, now, asked).document["bookmakers"]:
            assert all(market["last_update"] <= stamp(now) for market in book["markets"])
