"""ESPN's injuries feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import adds_up, rows, rules

from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import espn

FETCHED_AT = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
FIRST = "$.injuries[0].injuries[0]"


def entry(name: str = "Jayson Tatum", status: Any = "Out", **more: Any) -> dict[str, Any]:
    details = {"type": "Achilles", "detail": "Surgery", "side": "Right", "returnDate": "2026-04-01"}
    told = {"status": status, "date": "2025-11-04T17:03Z", "athlete": {"displayName": name}, "details": details}
    return {**told, "type": {"description": "out"}, "shortComment": "He will miss the season.", **more}


def feed(*entries: Any, team: Any = "Boston Celtics", **more: Any) -> dict[str, Any]:
    return {
        "timestamp": "2025-11-05T22:00:00Z",
        "status": "success",
        "injuries": [{"displayName": team, "injuries": list(entries)}],
        **more,
    }


def parse(document: Any, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8", "surrogatepass")
    parsed = espn.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


def test_a_status_becomes_a_record() -> None:
    parsed = parse(feed(entry()))
    assert (parsed.source, parsed.kind, parsed.league, parsed.snapshot_at) == ("espn", "injuries", None, FETCHED_AT)
    assert rows(parsed, "injuries") == [
        {
            "name": "Jayson Tatum",
            "team": "BOS",
            "status": "out",
            "reason": "Achilles: Surgery (Right)",
            "game_date": None,
            "known_at": FETCHED_AT,
            "path": FIRST,
        }
    ]


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("Out", "out"), ("Doubtful", "doubtful"), ("Questionable", "questionable"), ("Probable", "probable"),
        ("Day-To-Day", "questionable"), ("Available", "available"), ("Active", "available"), (" OUT ", "out"),
    ],
)  # fmt: skip
def test_statuses_are_told_in_our_words(printed: str, status: str) -> None:
    assert [row["status"] for row in rows(parse(feed(entry(status=printed))), "injuries")] == [status]


def test_from_a_folder_it_is_known_at_its_timestamp() -> None:
    assert parse(feed(entry()), None).snapshot_at == datetime(2025, 11, 5, 22, 0, tzinfo=UTC)


def test_without_a_moment_the_whole_document_is_set_apart() -> None:
    parsed = parse(feed(entry(), entry("Derrick White"), timestamp="today"), None)
    assert (rules(parsed), parsed.rows, parsed.offered) == ([("$", "no_snapshot")], 0, 2)


def test_a_team_in_full_health_is_a_success() -> None:
    parsed = parse(feed())
    assert (parsed.rows, parsed.rejects) == (0, [])


def test_the_reason_is_the_comment_where_there_are_no_details() -> None:
    found = rows(parse(feed(entry(details=None, shortComment="x" * 500))), "injuries")
    assert [row["reason"] for row in found] == ["x" * 200]


def test_the_newest_of_two_statuses_wins() -> None:
    later = entry(status="Questionable", date="2025-11-05T17:03Z")
    for order in ((entry(), later), (later, entry())):
        parsed = parse(feed(*order))
        assert ([row["status"] for row in rows(parsed, "injuries")], parsed.rejects) == (["questionable"], [])


def test_two_statuses_of_one_date_are_both_set_apart() -> None:
    parsed = parse(feed(entry(), entry(status="Questionable"), entry("Derrick White")))
    assert [rule for _, rule in rules(parsed)] == ["conflicting_statuses"] * 2
    assert [row["name"] for row in rows(parsed, "injuries")] == ["Derrick White"]


@pytest.mark.parametrize(
    ("bad", "path", "rule"),
    [
        (None, "", "not_an_object"),
        ([], "", "not_an_object"),
        (entry(status=None), ".status", "unknown_status"),
        (entry(status="Suspended?"), ".status", "unknown_status"),
        (entry(status=["Out"]), ".status", "unknown_status"),
        (entry(athlete=None), ".athlete", "unreadable_name"),
        (entry(athlete={"displayName": "???"}), ".athlete", "unreadable_name"),
        (entry(athlete={"displayName": 7}), ".athlete", "unreadable_name"),
    ],
)
def test_one_bad_status_does_not_lose_its_team(bad: Any, path: str, rule: str) -> None:
    """F13."""
    parsed = parse(feed(bad, entry("Derrick White")))
    assert rules(parsed) == [(f"{FIRST}{path}", rule)]
    assert parsed.rows == 1


@pytest.mark.parametrize(
    ("team", "rule"), [("Team LeBron", "not_a_league_team"), (None, "unreadable_team"), (14, "unreadable_team"), ([], "unreadable_team")]
)
def test_one_bad_team_does_not_lose_the_feed(team: Any, rule: str) -> None:
    document = feed(entry(), entry("Derrick White"), team=team)
    document["injuries"] += feed(entry("Luka Dončić"), team="LA Lakers")["injuries"]
    parsed = parse(document)
    assert rules(parsed) == [("$.injuries[0].displayName", rule)]
    assert (parsed.rows, parsed.offered) == (1, 3)


@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b"[]", b"{}", b'{"injuries"', b"[" * 10_000_000])
def test_what_is_no_feed_is_set_apart_whole(body: bytes) -> None:
    assert [path for path, _ in rules(parse(body))] == ["$"]


@given(
    st.sampled_from([*entry(), "displayName", "injuries", "timestamp"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(([], {}, [[]], [None])),
)
def test_no_junk_in_a_feed_crashes(key: str, junk: Any) -> None:
    parse(feed(entry(**{key: junk}), entry("Derrick White")))
    parse(feed(entry()) | {key: junk})
    parse({"injuries": [{"displayName": "Boston Celtics", "injuries": [entry()], key: junk}]})


def test_the_feed_is_asked_for_without_credits() -> None:
    request = espn.injuries()
    assert (request.url_path, request.credits) == ("/apis/site/v2/sports/basketball/nba/injuries", 0)
