"""F42 A feature that may not be is constant over the slate, or 100x, or out of range for more than 5 % of its values: the slate is stopped
with its name; one value out of range is one missing value."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.nights import SAID, Evening, evening
from tipoff.errors import SlateStopped
from train.practice_house import NIGHT, games_of_night

TOTALS = f"UPDATE raw.odds_game_lines SET point = {{}} WHERE game_date = DATE '{NIGHT}' AND market = 'totals'"
OF_ONE_GAME = f" AND game_id = '{games_of_night()[0].game_id}'"
LEVEL = f"UPDATE raw.odds_game_lines SET point = 0 WHERE game_date = DATE '{NIGHT}' AND market = 'spreads'"


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        pytest.param((TOTALS.format(220), LEVEL), "implied_team_total: one value, 110, for all", id="constant"),
        pytest.param((TOTALS.format("100 * point"),), "game_total_line: .* values out of", id="100x"),
        pytest.param((TOTALS.format("100 * point") + OF_ONE_GAME,), "game_total_line: .* values out of", id="5 %"),
    ],
)
def test_f42_a_feature_that_strays_or_stands_still_stops_the_slate_by_its_name(
    tmp_path: Path, statements: tuple[str, ...], name: str
) -> None:
    with evening(tmp_path) as tonight:
        tonight.spoil(*statements)
        with pytest.raises(SlateStopped, match=name):
            tonight.night()
        assert tonight.runs()["features"].status == "failed"
        assert [tonight.rows(table) for table in SAID] == [[], []]
        document = tonight.document()
        assert document.state == "broken"
        assert name.partition(":")[0] in str(document.state_detail)


def test_f42_one_value_out_of_range_is_one_missing_value(tmp_path: Path) -> None:
    """A book's last line on one man before his last game was a hundred times what it should be."""
    with evening(tmp_path) as tonight:
        player, last = _who_had_a_line(tonight)
        of_him = f"player_lookup = '{player}' AND game_date = DATE '{last}'"
        tonight.spoil(f"UPDATE raw.odds_player_points SET point = 100 * point WHERE {of_him}")
        tonight.night()
        strays = {
            (row["player_lookup"], name.removesuffix("_source"))
            for row in tonight.rows("features.store")
            for name, value in row.items()
            if value == "missing: out_of_range" and name in ("prop_line_delta_source", "game_total_line_source")
        }
        assert strays == {(player, "prop_line_delta")}
        assert player in {row["player_lookup"] for row in tonight.rows(SAID[0])}


def _who_had_a_line(tonight: Evening) -> tuple[str, str]:
    """Somebody who is quoted tonight and was quoted before his last game, and the day of that."""
    quoted = [row for row in tonight.rows("raw.odds_player_points") if row["is_main"]]
    before = {(row["player_lookup"], row["game_date"]) for row in quoted if row["game_date"] < NIGHT}
    tonights = {row["player_lookup"] for row in quoted if row["game_date"] == NIGHT}
    last = dict(sorted((row["player_lookup"], row["game_date"]) for row in tonight.rows("raw.player_box") if row["minutes"]))
    return next((player, str(last[player])) for player in sorted(tonights) if (player, last.get(player)) in before)
