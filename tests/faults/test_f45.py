"""F45 A box score is corrected two days later: the features as of then stay; those after it change; both are reproducible."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from features.built_rows import Rows, differences, rows_by_key
from tipoff.features.build import build
from tipoff.names import player_lookup
from tipoff.practice import Game
from tipoff.scrape.records import Payload
from train import practice_house as house


def rows(stage: house.Stage, game: Game, as_of: datetime | None) -> Rows:
    with stage.warehouse.reading() as work:
        return rows_by_key(build(work, [game.game_id], as_of))


def corrected(game: Game, at: datetime) -> tuple[str, Payload]:
    """The box score with 20 more field goals for the home side's first starter, and who he is."""
    document = json.loads(house.box(game).body)
    first = next(player for player in document["game"]["homeTeam"]["players"] if player["played"] == "1")
    for name, more in (("points", 40), ("fieldGoalsMade", 20), ("fieldGoalsAttempted", 20)):
        first["statistics"][name] += more
    return player_lookup(first["name"]), Payload(json.dumps(document).encode(), "a correction", at, 200)


def test_f45_a_correction_of_two_days_later_is_seen_from_then_on_and_never_before(tmp_path: Path) -> None:
    game = min(house.games_of_night(), key=lambda game: game.tip)
    at = game.final_at + timedelta(days=1, hours=13)
    two_days_on = house.season().games_on(house.NIGHT + timedelta(days=2))
    [after] = [found for found in two_days_on if game.home in (found.home, found.away)]
    assert at < after.tip
    stage = house.played().copy(tmp_path)
    eve = at - timedelta(minutes=1)
    as_of_then, uncorrected = rows(stage, after, eve), rows(stage, after, None)
    player, payload = corrected(game, at)
    stage.load([payload])

    assert differences(rows(stage, after, eve), as_of_then) == []
    seen = rows(stage, after, None)
    assert differences(rows(stage, after, None), seen) == []
    mine, before = seen[after.game_id, player], uncorrected[after.game_id, player]
    assert mine["points_avg_last_5"] == pytest.approx(before["points_avg_last_5"] + 40 / 5)
    assert {key[1] for key in seen if seen[key]["points_avg_last_5"] != uncorrected[key]["points_avg_last_5"]} == {player}
