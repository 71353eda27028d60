"""F44 Changing the result of a game changes no feature of that game, nor of any other that tipped before it ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb

from features.built_rows import Rows, differences, games, rows_by_key
from tipoff.features.build import build
from train import practice_house as house

ANOTHER_RESULT = (
    "UPDATE raw.player_box SET points = 3 * points, fgm = fga, fga = 2 * fga, minutes = minutes / 2, tov = tov + 5 WHERE game_id = $1"
)


def rows(stage: house.Stage, ids: list[str]) -> Rows:
    with stage.warehouse.reading() as work:
        return rows_by_key(build(work, ids))


def test_f44_another_result_is_seen_in_no_game_that_tipped_before_it_was_known(tmp_path: Path) -> None:
    first = min(house.games_of_night(), key=lambda game: game.tip)
    before = [game.game_id for game in house.games_of_night() if game.tip <= first.final_at]
    two_days_on = house.season().games_on(house.NIGHT + timedelta(days=2))
    later = [game.game_id for game in two_days_on if {first.home, first.away} & {game.home, game.away}]
    assert (len(before), len(later)) == (6, 2)
    stage = house.played().copy(tmp_path)
    told = rows(stage, [*before, *later])
    with duckdb.connect(str(stage.warehouse.path)) as connection:
        connection.execute(ANOTHER_RESULT, [first.game_id])
    otherwise = rows(stage, [*before, *later])
    assert len(games(told, *before)) > 100
    assert differences(games(told, *before), games(otherwise, *before)) == []
    seen = differences(games(told, *later), games(otherwise, *later))
    assert any("points_avg_last_5" in fault for fault in seen)
    assert any("team_pace" in fault for fault in seen)
