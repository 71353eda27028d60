"""The Odds API: what a well-formed document becomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from odds_documents import FETCHED_AT, at, book, event, market, outcome, pair, parse, rows, rules, two_books

from tipoff.scrape.records import SHAPES, Payload
from tipoff.scrape.sources import odds_api


def test_every_row_of_a_document_is_made_in_the_shape_that_was_agreed() -> None:
    parsed = parse(two_books())
    assert (parsed.source, parsed.kind, parsed.league, parsed.event_id) == ("odds_api", "event-odds", "nba", "e1")
    assert {kind: table.num_rows for kind, table in parsed.records.items()} == {"player_quotes": 6, "game_quotes": 12, "games": 1}
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    assert (parsed.offered, parsed.rejects) == (19, [])


def test_line_and_both_prices_of_a_row_come_from_one_point() -> None:
    """F10: seventy alternates in one market."""
    points = [10.5 + step / 2 for step in range(70)]
    ladder = [side for point in points for side in pair("Jayson Tatum", point, over=1 + point / 20, under=3 - point / 50)]
    found = rows(parse(event(book("draftkings", market("player_points", ladder[::2] + ladder[1::2])))), "player_quotes")
    assert [(row["point"], row["over_price"], row["under_price"]) for row in found] == [
        (point, 1 + point / 20, 3 - point / 50) for point in points
    ]


def test_a_real_line_of_20_0_survives() -> None:
    """F16."""
    found = rows(parse(two_books()), "player_quotes")
    assert [row["point"] for row in found if row["name"] == "Luka Dončić"] == [20.0, 20.0]


def test_one_side_alone_is_a_row() -> None:
    [row] = rows(
        parse(event(book("fliff", market("player_points_alternate", [outcome("Over", "Jayson Tatum", 34.5, 3.4)])))), "player_quotes"
    )
    assert (row["market"], row["over_price"], row["under_price"]) == ("player_points_alternate", 3.4, None)


def test_two_spellings_of_one_name_in_a_market_are_one_row() -> None:
    sides = [outcome("Over", "Luka Dončić", 30.5, 1.8), outcome("Under", "Luka Doncic", 30.5, 2.0)]
    [row] = rows(parse(event(book("betmgm", market("player_points", sides)))), "player_quotes")
    assert (row["name"], row["over_price"], row["under_price"]) == ("Luka Dončić", 1.8, 2.0)


def test_game_lines_are_keyed_to_their_side_and_a_moneyline_has_point_0() -> None:
    found = [row for row in rows(parse(two_books()), "game_quotes") if row["bookmaker"] == "fanduel"]
    assert [(row["market"], row["outcome"], row["team"], row["point"], row["price"]) for row in found] == [
        ("spreads", "home", "BOS", -4.5, 1.91),
        ("spreads", "away", "LAL", 4.5, 1.92),
        ("totals", "over", None, 231.5, 1.9),
        ("totals", "under", None, 231.5, 1.93),
        ("h2h", "home", "BOS", 0.0, 1.5),
        ("h2h", "away", "LAL", 0.0, 2.7),
    ]


def test_each_event_is_a_game_known_at_the_snapshot() -> None:
    [game] = rows(parse(two_books()), "games")
    assert game == {
        "league_game_id": None,
        "event_id": "e1",
        "espn_id": None,
        "commence_time": datetime(2025, 11, 6, 0, 30, tzinfo=UTC),
        "game_date": None,
        "home": "BOS",
        "away": "LAL",
        "game_type": None,
        "status": "scheduled",
        "home_score": None,
        "away_score": None,
        "known_at": FETCHED_AT,
    }


def test_the_path_of_a_row_leads_to_its_first_outcome() -> None:
    wrapped = {"timestamp": "2025-11-05T22:25:00Z", "data": two_books()}
    found = rows(parse(wrapped), "player_quotes")
    assert [(at(wrapped, row["path"])["description"], at(wrapped, row["path"])["point"]) for row in found] == [
        (row["name"], row["point"]) for row in found
    ]


class TestSnapshot:
    def test_the_wrappers_timestamp_goes_before_the_fetch(self) -> None:
        parsed = parse({"timestamp": "2024-01-25T03:55:40Z", "previous_timestamp": None, "next_timestamp": None, "data": two_books()})
        assert parsed.kind == "historical-event-odds"
        assert {row["snapshot_at"] for row in rows(parsed, "player_quotes")} == {datetime(2024, 1, 25, 3, 55, 40, tzinfo=UTC)}

    def test_the_fetch_goes_before_last_update(self) -> None:
        assert parse(two_books(), fetched_at=FETCHED_AT.astimezone(timezone(timedelta(hours=-5)))).snapshot_at == FETCHED_AT

    def test_from_a_folder_it_is_the_newest_last_update_of_a_market_or_a_bookmaker(self) -> None:
        document = two_books()
        document["bookmakers"][1]["markets"][0]["last_update"] = "2025-11-05T22:31:00Z"
        assert parse(document, fetched_at=None).snapshot_at == datetime(2025, 11, 5, 22, 31, tzinfo=UTC)
        document["bookmakers"][0]["last_update"] = "2025-11-05T22:32:00Z"
        assert parse(document, fetched_at=None).snapshot_at == datetime(2025, 11, 5, 22, 32, tzinfo=UTC)

    def test_without_any_of_them_the_whole_document_is_set_apart(self) -> None:
        document = two_books()
        for each in document["bookmakers"]:
            for one in each["markets"]:
                del one["last_update"]
        parsed = parse(document, fetched_at=None)
        assert (rules(parsed), parsed.rows) == ([("$", "no_snapshot")], 0)

    def test_a_wrapper_whose_timestamp_cannot_be_read_is_set_apart_even_if_it_was_fetched(self) -> None:
        parsed = parse({"timestamp": "yesterday", "data": two_books()})
        assert (rules(parsed), parsed.rows) == ([("$.timestamp", "unreadable_instant")], 0)

    def test_a_bare_list_of_events_from_a_folder_has_no_moment_and_gives_nothing(self) -> None:
        bare = event()
        del bare["bookmakers"]
        parsed = parse([bare], fetched_at=None)
        assert (parsed.kind, parsed.rows, parsed.rejects, parsed.offered) == ("events", 0, [], 0)

    def test_last_update_is_the_markets_else_the_bookmakers(self) -> None:
        document = two_books()
        del document["bookmakers"][0]["markets"][0]["last_update"]
        document["bookmakers"][0]["last_update"] = "2025-11-05T22:00:00Z"
        found = rows(parse(document), "player_quotes")
        assert [row["last_update"].minute for row in found] == [0, 0, 0, 29, 29, 29]


class TestNothingToReport:
    @pytest.mark.parametrize("document", [[], {"timestamp": "2024-01-25T03:55:40Z", "data": []}, event(), event(book("fanduel"))])
    def test_an_empty_market_is_a_success_with_zero_quotes(self, document: Any) -> None:
        parsed = parse(document)
        assert (parsed.rejects, rows(parsed, "player_quotes")) == ([], [])

    def test_a_204_is_a_success_with_zero_rows(self) -> None:
        parsed = odds_api.transform(Payload(b"", "https://api.the-odds-api.com/…", FETCHED_AT, 204))
        assert (parsed.rows, parsed.offered, parsed.rejects) == (0, 0, [])

    def test_from_a_folder_an_event_without_bookmakers_gives_neither_row_nor_reject(self) -> None:
        parsed = parse(event(), fetched_at=None)
        assert (parsed.rows, parsed.offered, parsed.rejects) == (0, 0, [])


class TestLeagues:
    def test_the_practice_league_is_known_by_its_sport(self) -> None:
        assert parse(two_books() | {"sport_key": "basketball_practice"}).league == "practice"

    def test_another_sport_is_set_apart_whole(self) -> None:
        parsed = parse(two_books() | {"sport_key": "basketball_ncaab"})
        assert (rules(parsed), parsed.rows, parsed.offered) == ([("$.sport_key", "unknown_sport")], 0, 25)

    def test_the_all_star_game_is_refused_and_the_other_events_load(self) -> None:
        stars = two_books() | {"id": "e2", "home_team": "Team LeBron", "away_team": "Team Giannis"}
        parsed = parse([two_books(), stars])
        assert rules(parsed) == [("$[1].home_team", "not_a_league_team")]
        assert parsed.rows == 19

    def test_two_leagues_do_not_meet_in_one_document(self) -> None:
        parsed = parse([two_books(), two_books() | {"id": "e2", "sport_key": "basketball_practice"}])
        assert (rules(parsed), parsed.league) == ([("$[1].sport_key", "mixed_leagues")], "nba")


class TestMarkets:
    @pytest.mark.parametrize("key", ["player_assists", "player_rebounds", "player_points_rebounds_assists", "player_points_q1", "h2h_lay"])
    def test_assists_and_rebounds_are_refused_by_market(self, key: str) -> None:
        """F15: one reject a market, which counts its outcomes."""
        document = two_books()
        document["bookmakers"][0]["markets"].insert(0, market(key, pair("Jayson Tatum", 5.5) + pair("Luka Dončić", 8.5)))
        parsed = parse(document)
        [reject] = parsed.rejects
        assert (reject.path, reject.rule, reject.value, reject.rows) == ("$.bookmakers[0].markets[0]", "market_refused", f'"{key}"', 4)
        assert parsed.rows == 19

    def test_bulk_odds_hold_many_events(self) -> None:
        parsed = parse([two_books(), two_books() | {"id": "e2"}])
        assert (parsed.kind, parsed.event_id, parsed.rows) == ("bulk-odds", None, 38)

    def test_one_event_twice_in_the_same_words_is_one(self) -> None:
        parsed = parse([two_books(), two_books()])
        assert (parsed.rows, parsed.rejects) == (19, [])

    def test_one_event_with_two_tips_is_set_apart(self) -> None:
        parsed = parse([two_books(), two_books() | {"commence_time": "2025-11-07T00:30:00Z"}, two_books() | {"id": "e2"}])
        assert rules(parsed) == [("$[0]", "conflicting_events"), ("$[1]", "conflicting_events")]
        assert parsed.rows == 19


class TestScores:
    def test_a_completed_event_is_final_with_its_score(self) -> None:
        done = {key: value for key, value in event().items() if key != "bookmakers"} | {
            "completed": True,
            "scores": [{"name": "Los Angeles Lakers", "score": "98"}, {"name": "Boston Celtics", "score": "112"}],
        }
        ahead = {**done, "id": "e2", "completed": False, "scores": None}
        live = {**done, "id": "e3", "completed": False}
        parsed = parse([done, ahead, live])
        assert parsed.kind == "scores"
        assert [(row["status"], row["home_score"], row["away_score"]) for row in rows(parsed, "games")] == [
            ("final", 112, 98),
            ("scheduled", None, None),
            ("live", None, None),
        ]

    def test_a_score_that_cannot_be_read_does_not_lose_the_game(self) -> None:
        done = {key: value for key, value in event().items() if key != "bookmakers"} | {"completed": True, "scores": {"home": 1}}
        parsed = parse([done])
        assert rules(parsed) == [("$[0].scores", "unreadable_score")]
        assert [row["home_score"] for row in rows(parsed, "games")] == [None]
