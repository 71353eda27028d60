from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from practice.conftest import key_paths
from tipoff.clock import game_date_of
from tipoff.practice import Season
from tipoff.practice.wire_nba import schedule

NOW = datetime(2026, 1, 15, 2, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def document(season: Season) -> Any:
    return schedule(season, NOW)


def _games(document: Any) -> list[Any]:
    return [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]


def test_the_schedule_has_the_recorded_keys(document: Any, recorded: Callable[[str], Any]) -> None:
    real = key_paths(recorded("nba-cdn/scheduleLeagueV2_partial_2025-26.json"))
    real |= {path for path in key_paths(recorded("nba-cdn/scheduleLeagueV2_2023-24.json")) if ".weeks[]" in path}
    ours = key_paths(document)
    assert ours <= real
    assert {path for path in real - ours if "roadcaster" not in path and "pointsLeaders[]" not in path} == set()


def test_all_games_stand_under_their_new_york_date_with_practice_ids(season: Season, document: Any) -> None:
    assert document["leagueSchedule"]["leagueId"] == "99"
    games = _games(document)
    assert [game["gameId"] for game in games] == [game.league_id for game in season.games]
    for day in document["leagueSchedule"]["gameDates"]:
        for game in day["games"]:
            tip = datetime.fromisoformat(game["gameDateTimeUTC"])
            assert day["gameDate"] == f"{game_date_of(tip):%m/%d/%Y} 00:00:00"
            assert game["gameDateEst"][:10] == game_date_of(tip).isoformat()
            assert game["gameCode"] == f"{game_date_of(tip):%Y%m%d}/{game['awayTeam']['teamTricode']}{game['homeTeam']['teamTricode']}"


def test_scores_records_and_status_are_those_of_the_instant(season: Season, document: Any) -> None:
    games = _games(document)
    for game, written in zip(season.games, games, strict=True):
        expected = 3 if game.final_at <= NOW else 2 if game.tip <= NOW else 1
        assert written["gameStatus"] == expected
        score = (written["homeTeam"]["score"], written["awayTeam"]["score"])
        if expected == 3:
            assert score == (game.home_points, game.away_points)
            assert written["gameStatusText"].startswith("Final")
        elif expected == 1:
            assert score == (0, 0)
            assert written["gameStatusText"].endswith(" ET")
    assert {game["gameStatus"] for game in games} == {1, 2, 3}
    last = games[-1]["homeTeam"]
    played = [g for g in season.games if g.final_at <= NOW and last["teamTricode"] in (g.home, g.away)]
    assert last["wins"] + last["losses"] == len(played)


def test_a_game_under_way_tells_its_period_and_score(season: Season) -> None:
    game = season.games[700]
    written = _games(schedule(season, game.tip + timedelta(minutes=50)))[700]
    assert written["gameStatusText"].startswith("Q2 ")
    assert 20 < written["homeTeam"]["score"] < 90
