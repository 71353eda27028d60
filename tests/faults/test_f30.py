"""F30: a game is postponed after it was predicted: its rows deactivate with the reason and it is not graded."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.crash_scenes import LATER, MORNING
from faults.slate_days import SYSTEM, lived
from features.small_league import NIGHT, game_of, small_league, tip_of
from load import wire

PUT_OFF = game_of(small_league(), NIGHT, "MIA")
PLAYED = game_of(small_league(), NIGHT, "BOS")


def told(text: str) -> bytes:
    """The league's schedule with the game as it is now."""
    found = wire.scheduled("0022500999", tip=PUT_OFF["commence_time"], home=PUT_OFF["home"], away=PUT_OFF["away"], text=text)
    return json.dumps(wire.schedule(found, at=LATER)).encode()


@dataclass(frozen=True)
class Night:
    """What stood in the end."""

    said: list[dict[str, Any]]
    active: set[tuple[str, str]]
    graded: set[tuple[str, str]]
    batches: Counter[tuple[str, str]]
    standing: dict[str, str]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Predicted in the afternoon; half an hour later the league says that one game is off; graded the next morning."""
    with lived(tmp_path_factory.mktemp("put off")) as found:
        found.ask("slate", run_mode="first")
        assert {game for game, _ in found.active()} == {PUT_OFF["game_id"], PLAYED["game_id"]}
        found.clock.set(LATER)
        found.land("schedule", told("PPD"), "nba_cdn")
        found.clock.set(MORNING)
        found.ask("grade")
        return Night(
            found.said(),
            set(found.active()),
            {(row["game_id"], row["player_lookup"]) for row in found.grades() if row["system_id"] == SYSTEM},
            Counter((feed, batch.state) for feed in ("slate", "schedule", "grade") for batch in found.batches(feed)),
            {game.game_id: game.game_status for game in found.document().games},
        )


def test_its_predictions_are_taken_down_with_the_reason_and_the_other_game_s_stand(night: Night) -> None:
    off = [row for row in night.said if row["game_id"] == PUT_OFF["game_id"]]
    assert len(off) > 5
    assert {(row["is_active"], row["invalidation_reason"]) for row in off} == {(False, "game_postponed")}
    assert {game for game, _ in night.active} == {PLAYED["game_id"]}


def test_it_took_one_run_and_no_one_s_help(night: Night) -> None:
    assert night.batches == {("slate", "complete"): 2, ("schedule", "complete"): 1, ("grade", "complete"): 1}


def test_it_is_not_graded_and_the_other_game_is(night: Night) -> None:
    assert night.graded == night.active


def test_readers_see_that_it_is_postponed(night: Night) -> None:
    assert night.standing[PUT_OFF["game_id"]] == "postponed"


def test_once_it_is_played_after_all_on_the_same_day_it_is_said_again(tmp_path: Path) -> None:
    with lived(tmp_path) as found:
        found.ask("slate", run_mode="first")
        before = {key for key in found.active() if key[0] == PUT_OFF["game_id"]}
        found.clock.set(LATER)
        found.land("schedule", told("PPD"), "nba_cdn")
        assert not {key for key in found.active() if key[0] == PUT_OFF["game_id"]}
        found.clock.set(LATER + timedelta(minutes=30))
        assert found.clock.now() < tip_of(NIGHT)
        found.land("schedule", told("7:00 pm ET"), "nba_cdn")
        assert {key for key in found.active() if key[0] == PUT_OFF["game_id"]} == before


def test_it_is_taken_down_also_where_another_fault_stops_the_slate(tmp_path: Path) -> None:
    with lived(tmp_path, sound=False) as found:
        found.ask("slate", run_mode="first")
        found.clock.set(LATER)
        found.land("schedule", told("PPD"), "nba_cdn")
        newest = found.batches("slate")[0]
        assert (newest.state, (newest.error or "")[:20]) == ("parked", "The slate is stopped")
        assert PUT_OFF["game_id"] not in {game for game, _ in found.active()}
        assert {game.game_id: game.game_status for game in found.document().games}[PUT_OFF["game_id"]] == "postponed"
