from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from practice.conftest import RECORDED, key_paths
from tipoff.practice import Season
from tipoff.practice.shots import tries
from tipoff.practice.wire_plays import play_by_play


def _whole(season: Season, number: int) -> Any:
    game = season.games[number]
    return play_by_play(season, game, game.final_at)


def _actions(season: Season, number: int) -> list[Any]:
    return list(_whole(season, number)["game"]["actions"])


def _of(actions: list[Any], kind: str) -> dict[str, Any]:
    return next(action for action in actions if action["actionType"] == kind and (kind == "period" or action["shotResult"] == "Made"))


def test_an_action_has_the_recorded_keys_of_its_kind(season: Season) -> None:
    if not RECORDED.is_dir():
        pytest.skip(f"recorded responses are not at {RECORDED}")
    real = json.loads(gzip.decompress((RECORDED / "nba-stats" / "playbyplay.json.gz").read_bytes()))
    sometimes = {"descriptor", "assistPlayerNameInitial", "assistPersonId", "assistTotal", "officialId"}
    mine = _actions(season, 10)
    assert key_paths(_whole(season, 10)["meta"]) == key_paths(real["meta"])
    for kind in ("period", "2pt", "3pt"):
        assert _of(mine, kind).keys() == _of(real["game"]["actions"], kind).keys() - sometimes, kind


def test_before_the_tip_there_is_none_and_under_way_it_tells_of_whole_periods(season: Season) -> None:
    game = season.games[10]
    assert play_by_play(season, game, game.tip - timedelta(seconds=1)) is None
    live = play_by_play(season, game, game.tip + timedelta(minutes=90))
    assert live is not None
    whole = _actions(season, 10)
    assert live["game"]["actions"] == whole[: len(live["game"]["actions"])]
    assert {action["period"] for action in live["game"]["actions"]} == {1, 2}
    assert [action["actionType"] for action in whole].count("game") == 1
    assert (whole[-1]["actionType"], whole[-1]["subType"]) == ("game", "end")


def test_the_running_score_ends_where_the_game_does(season: Season) -> None:
    for number in (10, 200, next(game.index for game in season.games if game.overtimes)):
        game, actions = season.games[number], _actions(season, number)
        assert (actions[-1]["scoreHome"], actions[-1]["scoreAway"]) == (str(game.home_points), str(game.away_points))
        points = Counter[int]()
        for action in actions:
            if action.get("shotResult") == "Made":
                points[action["personId"]] += {"2pt": 2, "3pt": 3}.get(action["actionType"], 1)
                assert action["pointsTotal"] == points[action["personId"]]


def test_numbers_rise_and_every_try_is_an_action(season: Season) -> None:
    actions = _actions(season, 10)
    numbers = [action["actionNumber"] for action in actions]
    assert numbers == sorted(set(numbers))
    shots = [action for action in actions if action["isFieldGoal"]]
    assert Counter(action["area"] for action in shots) == Counter(one.area for one in tries(season, season.games[10]) if one.worth > 1)
