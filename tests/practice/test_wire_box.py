from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from practice.conftest import key_paths
from tipoff.practice import Season
from tipoff.practice.wire_box import box_score


@pytest.fixture(scope="module")
def finals(season: Season) -> list[Any]:
    return [box_score(season, game, game.final_at) for game in season.games[:60]]


def test_a_box_score_has_the_recorded_keys(finals: list[Any], recorded: Callable[[str], Any]) -> None:
    real = {path for path in key_paths(recorded("nba-cdn/liveData_boxscore_0022000001.json")) if "officials[]" not in path}
    assert set().union(*(key_paths(document) for document in finals)) == real


def test_before_the_tip_there_is_no_box_score(season: Season) -> None:
    game = season.games[10]
    assert box_score(season, game, game.tip - timedelta(seconds=1)) is None


def test_a_game_under_way_has_status_2_and_then_3(season: Season) -> None:
    game = season.games[10]
    live = box_score(season, game, game.tip + timedelta(minutes=90))
    final = box_score(season, game, game.final_at)
    assert live is not None
    assert final is not None
    assert (live["game"]["gameStatus"], live["game"]["period"]) == (2, 3)
    assert live["game"]["gameStatusText"].startswith("Q3 ")
    assert final["game"]["gameStatus"] == 3
    assert live["game"]["homeTeam"]["score"] <= final["game"]["homeTeam"]["score"] == game.home_points


def test_players_add_up_to_their_team(finals: list[Any]) -> None:
    for document in finals:
        for side in ("homeTeam", "awayTeam"):
            team = document["game"][side]
            assert team["score"] == sum(p["statistics"]["points"] for p in team["players"]) == team["statistics"]["points"]
            assert team["score"] == sum(period["score"] for period in team["periods"])
            for name in ("pointsInThePaint", "assists", "reboundsTotal", "turnovers", "foulsPersonal"):
                assert team["statistics"][name] == sum(p["statistics"][name] for p in team["players"])


def test_those_who_did_not_play_are_listed_with_a_reason(finals: list[Any]) -> None:
    seen = set()
    for document in finals:
        for player in document["game"]["homeTeam"]["players"]:
            assert (player["played"] == "0") == ("notPlayingReason" in player)
            assert player["played"] == "1" or player["statistics"]["minutes"] == "PT00M00.00S"
            seen.add((player["status"], player["played"]))
    assert seen == {("ACTIVE", "1"), ("ACTIVE", "0"), ("INACTIVE", "0")}
