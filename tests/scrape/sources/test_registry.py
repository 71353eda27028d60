"""The registry: whose a document is, by its shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from odds_documents import two_books

from tipoff.errors import UnknownFormat
from tipoff.scrape.sources import SOURCES, recognise, source_named

WRAPPER = {"timestamp": "2024-01-25T03:55:40Z"}
SETS = {"resource": "leaguegamelog", "resultSets": [{"name": "LeagueGameLog", "headers": [], "rowSet": []}]}
BARE = {key: value for key, value in two_books().items() if key != "bookmakers"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (two_books(), ("odds_api", "event-odds")),
        ([two_books()], ("odds_api", "bulk-odds")),
        ([BARE], ("odds_api", "events")),
        ([], ("odds_api", "events")),
        ([BARE | {"completed": False, "scores": None}], ("odds_api", "scores")),
        (WRAPPER | {"data": two_books()}, ("odds_api", "historical-event-odds")),
        (WRAPPER | {"data": [two_books()]}, ("odds_api", "historical-bulk-odds")),
        (WRAPPER | {"data": [BARE]}, ("odds_api", "historical-events")),
        ([None, 5, two_books()], ("odds_api", "bulk-odds")),
        ({"leagueSchedule": {}}, ("nba_cdn", "schedule")),
        ({"game": {"gameId": "0022500101"}}, ("nba_cdn", "box")),
        ({"timestamp": "2025-11-05T22:00:00Z", "injuries": []}, ("espn", "injuries")),
        ({"leagues": [], "events": []}, ("espn", "scoreboard")),
        ({"boxscore": {}, "header": {}, "injuries": []}, ("espn", "box")),
        ({"boxScoreTraditional": None}, ("nba_stats", "box")),
        ({"boxScoreAdvanced": {}}, ("nba_stats", "boxscoreadvanced")),
        ({"scoreboard": {"games": []}}, ("nba_stats", "scoreboard")),
        (SETS, ("nba_stats", "leaguegamelog-sets")),
        (SETS | {"resource": "a/b"}, ("nba_stats", "sets")),
        ({"resultSets": []}, None),
        ({"data": [{"home_team": {}, "visitor_team": {}}]}, ("balldontlie", "box")),
        ({"data": [{"player": {}, "status": "Out", "return_date": ""}]}, ("balldontlie", "injuries")),
        ({"data": []}, ("balldontlie", "box")),
        ({"data": [], "meta": {}}, ("balldontlie", "injuries")),
        ({"data": [{"id": 1}]}, None),
        ({"game": {"gameId": "0022500101", "actions": []}}, ("nba_cdn", "shots")),
        ({"game": {"gameId": "0022500101", "actions": [], "videoAvailable": 0}}, ("nba_stats", "shots")),
        ({"team": {"displayName": "Boston Celtics"}, "athletes": []}, ("espn", "roster")),
        ({"message": "Unauthorized"}, None),
        ({"team": {}}, None),
        (None, None),
        (5, None),
        ("text", None),
    ],
)
def test_a_document_is_recognised_by_its_shape(document: Any, expected: tuple[str, str] | None) -> None:
    assert recognise(json.dumps(document).encode()) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe{\x00", b"[" * 100_000])
def test_a_body_that_is_no_document_is_nobodys(body: bytes) -> None:
    assert recognise(body) is None


def test_a_source_has_the_name_that_its_payloads_carry() -> None:
    assert set(SOURCES) == {"odds_api", "nba_cdn", "nba_stats", "espn", "nba_injuries", "balldontlie"}
    assert all(source_named(name).name == name for name in SOURCES)
    with pytest.raises(UnknownFormat, match="no source"):
        source_named("bettingpros")
