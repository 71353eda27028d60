"""F13: each malformed body, book, market and outcome is set apart with its path and rule, and the rest loads."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from odds_documents import FETCHED_AT, book, event, market, outcome, pair, parse, rows, rules, two_books

from tipoff.scrape.records import Payload
from tipoff.scrape.sources import odds_api

FIRST = "$.bookmakers[0].markets[0].outcomes[0]"  # Over, Jayson Tatum, 27.5


def spoilt(key: str, value: Any) -> dict[str, Any]:
    document = two_books()
    document["bookmakers"][0]["markets"][0]["outcomes"][0][key] = value
    return document


def body_with(key: str, literal: str) -> bytes:
    """A document whose first outcome has a literal, as it stands, that Python's own encoder would not write."""
    return json.dumps(spoilt(key, "@@")).replace('"@@"', literal).encode()


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "rule"),
        [
            (b"", "empty_body"),
            (b" \n\t", "empty_body"),
            (b"\xef\xbb\xbf", "empty_body"),
            (b"null", "unrecognised"),
            (b"42", "unrecognised"),
            (b'"text"', "unrecognised"),
            (b"{}", "unrecognised"),
            (b"[1, 2, 3]", "unrecognised"),
            (b'{"message": "Unknown event", "error_code": "EVENT_NOT_FOUND"}', "unrecognised"),
            (b'{"timestamp": "2024-01-25T03:55:40Z", "data": null}', "unrecognised"),
            (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "not_json"),
            (b'{"id": "e1", "sport_key": ', "not_json"),
            (b'{"id": "e1"} trailing', "not_json"),
            (b"\x1f\x8b\x08\x08 compressed twice", "not_json"),
            ('{"id": "e1"}'.encode("utf-16"), "wrong_encoding"),
            ('{"id": "e1"}'.encode("utf-16-le"), "wrong_encoding"),
            ('{"id": "e1"}'.encode("utf-32"), "wrong_encoding"),
        ],
    )
    def test_a_body_that_is_no_document_is_set_apart_whole(self, body: bytes, rule: str) -> None:
        parsed = parse(body)
        assert rules(parsed) == [("$", rule)]
        assert (parsed.offered, parsed.rows) == (1, 0)

    def test_what_stood_there_is_shown_cut_to_200_characters(self) -> None:
        [reject] = parse(b"<html>" + b"\x01" * 1000).rejects
        assert reject.value.startswith("<html>")
        assert len(reject.value) == 200
        assert "\x01" not in reject.value

    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"bookmakers":['])
    def test_ten_megabytes_of_nesting_are_set_apart_at_once(self, opening: bytes) -> None:
        began = time.thread_time()
        assert rules(parse(opening * (10_000_000 // len(opening)))) == [("$", "too_deep")]
        assert time.thread_time() - began < 5

    def test_nesting_within_an_outcome_takes_only_that_outcome(self) -> None:
        deep: Any = 1.9
        for _ in range(400):
            deep = [deep]
        assert rules(parse(spoilt("price", deep))) == [(f"{FIRST}.price", "unreadable_price")]

    def test_a_body_beyond_64_megabytes_is_not_read(self) -> None:
        assert rules(parse(b" " * (64 * 1024 * 1024 + 1))) == [("$", "too_large")]

    def test_a_utf8_byte_order_mark_is_accepted(self) -> None:
        assert parse(b"\xef\xbb\xbf" + json.dumps(two_books()).encode()).rows == 19

    def test_a_latin_1_byte_in_a_name_takes_only_that_outcome(self) -> None:
        body = json.dumps(spoilt("description", "Nikola Jokic"), ensure_ascii=False).encode().replace(b"Jokic", b"Joki\xe6")
        parsed = parse(body)
        assert rules(parsed) == [(f"{FIRST}.description", "unreadable_name")]
        assert parsed.rejects[0].value.encode().decode() == parsed.rejects[0].value

    def test_an_unreadable_document_from_a_folder_is_set_apart_too(self) -> None:
        assert rules(parse(b"", fetched_at=None)) == [("$", "empty_body")]


class TestOutcomes:
    @pytest.mark.parametrize(
        "literal",
        ["null", "true", "false", '"1.91"', "[]", "{}", "[1.91]", "NaN", "Infinity", "-Infinity", "1e999", "9" * 5000],
    )
    def test_a_price_that_is_no_number_is_set_apart_and_the_other_side_stays(self, literal: str) -> None:
        parsed = parse(body_with("price", literal))
        assert rules(parsed) == [(f"{FIRST}.price", "unreadable_price")]
        [row] = [row for row in rows(parsed, "player_quotes") if row["path"] == FIRST]
        assert (row["over_price"], row["under_price"]) == (None, 1.95)
        assert parsed.rows == 19

    @pytest.mark.parametrize("price", [0, 1, 1.0, 0.5, -1.91, -140, 1000, 1e308, -1e308])
    def test_a_price_beyond_its_range_is_set_apart(self, price: float) -> None:
        parsed = parse(spoilt("price", price))
        assert [path for path, _ in rules(parsed)] == [f"{FIRST}.price"]
        assert parsed.rows == 19

    @pytest.mark.parametrize("key", ["price", "name"])
    def test_a_missing_price_or_side_leaves_the_other_side(self, key: str) -> None:
        document = two_books()
        del document["bookmakers"][0]["markets"][0]["outcomes"][0][key]
        parsed = parse(document)
        assert [path for path, _ in rules(parsed)] == [f"{FIRST}.{key}"]
        assert (parsed.rows, parsed.offered) == (19, 19)

    @pytest.mark.parametrize("key", ["point", "description"])
    def test_an_outcome_that_cannot_be_placed_is_a_row_by_itself(self, key: str) -> None:
        document = two_books()
        del document["bookmakers"][0]["markets"][0]["outcomes"][0][key]
        parsed = parse(document)
        assert [path for path, _ in rules(parsed)] == [f"{FIRST}.{key}"]
        assert (parsed.rows, parsed.offered) == (19, 20)

    @pytest.mark.parametrize("literal", ["null", "true", '"27.5"', "[]", "-0.5", "100.5", "27.3", "NaN", "Infinity", "1e308", "1e999"])
    def test_a_point_that_is_no_line_is_set_apart(self, literal: str) -> None:
        parsed = parse(body_with("point", literal))
        assert rules(parsed) == [(f"{FIRST}.point", "unreadable_point")]
        assert parsed.rows == 19

    @pytest.mark.parametrize("name", [None, "", "  ", "!!!", "Jayson\x00Tatum", "x" * 201, 7, True, ["Jayson Tatum"], {"first": "Jayson"}])
    def test_a_name_that_is_nobodys_is_set_apart(self, name: Any) -> None:
        assert rules(parse(spoilt("description", name))) == [(f"{FIRST}.description", "unreadable_name")]

    def test_a_lone_surrogate_in_a_name_is_set_apart(self) -> None:
        assert rules(parse(body_with("description", '"Jayson \\ud800 Tatum"'))) == [(f"{FIRST}.description", "unreadable_name")]

    @pytest.mark.parametrize("side", [None, "", "over", "Yes", 1, [], {}])
    def test_a_side_that_is_neither_over_nor_under_is_set_apart(self, side: Any) -> None:
        assert rules(parse(spoilt("name", side))) == [(f"{FIRST}.name", "not_a_side")]

    @pytest.mark.parametrize("value", [None, 5, "text", [], True])
    def test_an_outcome_that_is_no_object_is_set_apart(self, value: Any) -> None:
        document = two_books()
        document["bookmakers"][0]["markets"][0]["outcomes"][0] = value
        assert rules(parse(document)) == [(FIRST, "not_an_object")]

    def test_when_both_sides_of_a_row_are_bad_the_row_is_lost_once(self) -> None:
        document = two_books()
        for side in document["bookmakers"][0]["markets"][0]["outcomes"][:2]:
            side["price"] = None
        parsed = parse(document)
        assert [reject.rows for reject in parsed.rejects] == [1, 0]
        assert (parsed.rows, parsed.offered) == (18, 19)

    def test_a_spread_of_a_third_team_is_set_apart(self) -> None:
        document = two_books()
        document["bookmakers"][0]["markets"][1]["outcomes"][0]["name"] = "Miami Heat"
        assert rules(parse(document)) == [("$.bookmakers[0].markets[1].outcomes[0].name", "not_a_side")]

    def test_a_draw_in_a_moneyline_is_set_apart(self) -> None:
        document = two_books()
        document["bookmakers"][0]["markets"][3]["outcomes"].append({"name": "Draw", "price": 15.0})
        assert rules(parse(document)) == [("$.bookmakers[0].markets[3].outcomes[2].name", "not_a_side")]


class TestConflicts:
    def test_the_same_outcome_twice_is_one(self) -> None:
        parsed = parse(event(book("betmgm", market("player_points", pair("Jayson Tatum", 27.5) * 2))))
        assert (parsed.rows, parsed.offered, parsed.rejects) == (2, 2, [])

    def test_two_prices_for_one_side_at_one_point_are_both_set_apart(self) -> None:
        sides = [*pair("Jayson Tatum", 27.5), outcome("Over", "Jayson Tatum", 27.5, 1.99)]
        parsed = parse(event(book("betmgm", market("player_points", sides))))
        path = "$.bookmakers[0].markets[0].outcomes"
        assert rules(parsed) == [(f"{path}[0].price", "conflicting_outcomes"), (f"{path}[2].price", "conflicting_outcomes")]
        [row] = rows(parsed, "player_quotes")
        assert (row["over_price"], row["under_price"]) == (None, 1.95)

    def test_a_third_quote_does_not_settle_a_conflict(self) -> None:
        prices = (1.87, 1.99, 1.87)
        sides = [outcome("Over", "Jayson Tatum", 27.5, price) for price in prices]
        parsed = parse(event(book("betmgm", market("player_points", sides))))
        assert len(parsed.rejects) == 3
        assert rows(parsed, "player_quotes") == []

    def test_a_conflict_is_seen_across_two_entries_of_one_book(self) -> None:
        first, second = (book("betmgm", market("player_points", pair("Jayson Tatum", 27.5, over))) for over in (1.87, 1.99))
        parsed = parse(event(first, second))
        assert [rule for _, rule in rules(parsed)] == ["conflicting_outcomes"] * 2


class TestDuplicateKeys:
    def doubled(self, fragment: str, doubled: str) -> bytes:
        body = json.dumps(two_books(), ensure_ascii=False)
        assert fragment in body
        return body.replace(fragment, doubled, 1).encode()

    def test_an_outcome_that_names_a_key_twice_is_set_apart_with_its_path(self) -> None:
        parsed = parse(self.doubled('"price": 1.87,', '"price": 1.87, "price": 2.40,'))
        assert rules(parsed) == [(FIRST, "duplicate_key")]
        assert parsed.rows == 19  # the under side stays

    def test_so_is_a_market(self) -> None:
        parsed = parse(self.doubled('"key": "player_points",', '"key": "player_assists", "key": "player_points",'))
        assert rules(parsed) == [("$.bookmakers[0].markets[0]", "duplicate_key")]
        assert parsed.rows == 16

    def test_so_is_a_bookmaker(self) -> None:
        parsed = parse(self.doubled('"key": "draftkings",', '"key": "draftkings", "key": "fliff",'))
        assert rules(parsed) == [("$.bookmakers[0]", "duplicate_key")]
        assert parsed.rows == 10

    def test_so_is_an_event_and_the_whole_document_with_it(self) -> None:
        parsed = parse(self.doubled('"id": "e1",', '"id": "e1", "id": "e2",'))
        assert rules(parsed) == [("$", "duplicate_key")]

    def test_a_doubled_key_in_what_is_not_read_does_no_harm(self) -> None:
        body = self.doubled('"sport_title": "NBA",', '"sport_title": {"a": 1, "a": 2},')
        assert parse(body).rows == 19

    def test_a_doubled_key_is_found_however_it_is_spaced(self) -> None:
        assert rules(parse(self.doubled('"price": 1.87,', '"price" \n : 1.87, "price"\t:2.40,'))) == [(FIRST, "duplicate_key")]

    def test_a_text_that_looks_like_keys_is_none(self) -> None:
        document = two_books() | {"sport_title": 'a": 1, "a": 2'}
        assert parse(document).rows == 19


class TestStructure:
    @pytest.mark.parametrize("value", [None, {}, "text", 5, True])
    def test_bookmakers_that_are_no_list_leave_the_game(self, value: Any) -> None:
        parsed = parse(two_books() | {"bookmakers": value})
        assert rules(parsed) == [("$.bookmakers", "not_a_list")]
        assert list(parsed.records) == ["games"]

    @pytest.mark.parametrize(
        ("key", "value", "path", "rule"),
        [
            ("markets", None, ".markets", "not_a_list"),
            ("markets", {}, ".markets", "not_a_list"),
            ("key", None, ".key", "unreadable_bookmaker"),
            ("key", 7, ".key", "unreadable_bookmaker"),
        ],
    )
    def test_one_bad_book_does_not_lose_its_event(self, key: str, value: Any, path: str, rule: str) -> None:
        document = two_books()
        document["bookmakers"][0][key] = value
        parsed = parse(document)
        assert rules(parsed) == [(f"$.bookmakers[0]{path}", rule)]
        assert parsed.rows == 10

    @pytest.mark.parametrize(
        ("key", "value", "path", "rule"),
        [
            ("outcomes", None, ".outcomes", "not_a_list"),
            ("outcomes", {"Over": 1.9}, ".outcomes", "not_a_list"),
            ("key", None, ".key", "unreadable_market"),
            ("key", ["player_points"], ".key", "unreadable_market"),
        ],
    )
    def test_one_bad_market_does_not_lose_its_book(self, key: str, value: Any, path: str, rule: str) -> None:
        document = two_books()
        document["bookmakers"][0]["markets"][0][key] = value
        parsed = parse(document)
        assert rules(parsed) == [(f"$.bookmakers[0].markets[0]{path}", rule)]
        assert parsed.rows == 16

    @pytest.mark.parametrize("level", ["book", "market"])
    @pytest.mark.parametrize("value", [None, 5, "text", []])
    def test_a_book_or_market_that_is_no_object_is_set_apart(self, level: str, value: Any) -> None:
        document = two_books()
        if level == "book":
            document["bookmakers"][0] = value
        else:
            document["bookmakers"][0]["markets"][0] = value
        [(_, rule)] = rules(parse(document))
        assert rule == "not_an_object"

    def test_a_last_update_that_cannot_be_read_costs_no_row(self) -> None:
        document = two_books()
        document["bookmakers"][0]["markets"][0]["last_update"] = "soon"
        parsed = parse(document)
        assert rules(parsed) == [("$.bookmakers[0].markets[0].last_update", "unreadable_instant")]
        assert parsed.rows == 19

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("commence_time", None, "unreadable_instant"),
            ("commence_time", "tonight", "unreadable_instant"),
            ("commence_time", "2025-11-06T00:30:00", "unreadable_instant"),
            ("commence_time", "2025-11-06", "unreadable_instant"),
            ("commence_time", 1762389000, "unreadable_instant"),
            ("commence_time", "0001-01-01T00:00:00+14:00", "unreadable_instant"),
            ("commence_time", "9999-12-31T23:59:59-14:00", "unreadable_instant"),
            ("id", None, "unreadable_id"),
            ("id", "../../etc/passwd", "unreadable_id"),
            ("id", "", "unreadable_id"),
            ("sport_key", None, "unknown_sport"),
            ("sport_key", ["basketball_nba"], "unknown_sport"),
            ("home_team", None, "unreadable_team"),
            ("away_team", 14, "unreadable_team"),
            ("away_team", "Eastern All-Stars", "not_a_league_team"),
            ("away_team", "Boston Celtics", "same_team_twice"),
        ],
    )
    def test_one_bad_event_does_not_lose_a_bulk_document(self, key: str, value: Any, rule: str) -> None:
        parsed = parse([two_books() | {key: value}, two_books() | {"id": "e2"}])
        assert rules(parsed) == [(f"$[0].{key}", rule)]
        assert (parsed.rows, parsed.offered) == (19, 19 + 25)

    @pytest.mark.parametrize("key", ["id", "sport_key", "commence_time", "home_team", "away_team"])
    def test_an_event_that_lacks_a_field_of_its_head_is_set_apart(self, key: str) -> None:
        document = two_books()
        del document[key]
        parsed = parse(document)
        assert [path for path, _ in rules(parsed)] == [f"$.{key}"]
        assert parsed.rows == 0

    def test_a_hundred_thousand_outcomes_are_read_in_seconds(self) -> None:
        sides = [outcome("Over", f"Player {index // 100}", 0.5 + index % 100, 1.9) for index in range(100_000)]
        began = time.thread_time()
        parsed = parse(event(book("fliff", market("player_points", sides))))
        assert parsed.rows == 100_001
        assert time.thread_time() - began < 10


def test_a_naive_fetch_is_an_error_of_ours_and_said_so() -> None:
    from tipoff.errors import BadInput

    with pytest.raises(BadInput):
        odds_api.transform(Payload(json.dumps(two_books()).encode(), "a test", FETCHED_AT.replace(tzinfo=None), 200))
