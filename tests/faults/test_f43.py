"""F43 The games a player did not play are in no average. Zero games, zero points, zero rest are values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from features import golden_league as tiny
from features.raw_rows import Row, box_row, fill, schedule_row
from tipoff.features.build import build

EVE = date(2025, 12, 1)
SAT, SCORELESS = ("lala", tiny.DAYS[1]), ("lala", tiny.DAYS[2])
RESTED = ("lalb", (tiny.DAYS[-1], EVE))
"""lalb sits on 26 November and on the eve, lala on 8 November; on the 15th he plays and scores nothing."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The night's rows of the golden league as the store has them, by player; its last game is played again on the eve."""
    raw = tiny.golden_league()
    eve = schedule_row(EVE, *tiny.TEAMS, tiny.tip_of(EVE), tiny.tip_of(EVE) - timedelta(days=30))
    raw["raw.schedule"].append(eve)
    last = [row for row in raw["raw.player_box"] if row["game_date"] == tiny.DAYS[-1]]
    known_at = tiny.tip_of(EVE) + tiny.BOX_AFTER
    again: dict[str, Any] = {"game_id": eve["game_id"], "game_date": EVE, "known_at": known_at, "fetched_at": known_at}
    raw["raw.player_box"] = [_as_it_went(row) for row in (*raw["raw.player_box"], *({**row, **again} for row in last))]
    warehouse = fill(tmp_path_factory.mktemp("f43") / "warehouse.duckdb", raw)
    with warehouse.writing("features") as work:
        work.merge("features.store", build(work, [tiny.GAME]).to_arrow())
    return {row["player_lookup"]: row for row in warehouse.read("features.store").to_pylist()}


def _as_it_went(row: Row) -> Row:
    who, day = row["player_lookup"], row["game_date"]
    if (who, day) == SAT or (who == RESTED[0] and day in RESTED[1]):
        game = {"game_id": row["game_id"], "game_date": day, "season": row["season"], "home": tiny.TEAMS[1], "away": tiny.TEAMS[0]}
        return box_row(game, who, row["team"], row["known_at"], reason="coach's decision", minutes=0.0, did_not_play=True, points=None)
    return {**row, "points": 0} if (who, day) == SCORELESS else row


@pytest.mark.parametrize(
    ("player", "name", "value"),
    [
        # lala: 14, sat, 0, 22, 26 and 26, in 24 minutes each
        ("lala", "points_avg_last_5", 17.6),  # (14 + 0 + 22 + 26 + 26) / 5
        ("lala", "points_avg_season", 17.6),
        ("lala", "minutes_avg_last_10", 24.0),
        ("lala", "dnp_rate", 1 / 6),
        ("lala", "games_vs_opponent", 5.0),
        ("lala", "days_rest", 0.0),  # he played on the eve
        ("lala", "back_to_back", 1.0),
        ("lalb", "games_in_last_7_days", 0.0),
        ("lalb", "minutes_load_last_7d", 0.0),
        ("lalb", "points_avg_last_3", 20.0),  # 18, 20 and 22, before the two that he sat out
    ],
)
def test_f43_what_he_did_not_play_counts_for_nothing_and_nought_is_a_value(
    rows: dict[str, dict[str, Any]], player: str, name: str, value: float
) -> None:
    row = rows[player]
    assert row[name] == pytest.approx(value, abs=1e-6)
    assert row[f"{name}_quality"] >= 90
