"""A set of games is built as each of them alone would be; what cannot be read fails the build, and nothing is dropped in silence."""

from __future__ import annotations

from features import changes as do
from features.built_rows import Rows
from features.small_league import NIGHT
from tipoff.features.build import Built, build
from tipoff.store.duckdb import DuckDBWarehouse


def test_rows_come_by_game_and_player_and_once_each(whole: Built) -> None:
    keys = list(zip(*(whole.ingredients.column(name).to_pylist() for name in ("game_id", "player_lookup")), strict=True))
    assert keys == sorted(set(keys))


def test_games_called_off_have_no_rows(whole_rows: Rows) -> None:
    assert not [key for key in whole_rows if key[0] in ("20251206_PHI_TOR", "20251110_NYK_BOS")]


def test_games_that_nobody_knows_are_no_rows_of_the_same_shape(whole: Built, league_warehouse: DuckDBWarehouse) -> None:
    with league_warehouse.reading() as work:
        nothing = build(work, ["20251206_AAA_BBB"])
    assert nothing.size == 0
    assert nothing.to_arrow().schema.names == whole.to_arrow().schema.names
    assert nothing.matrix(["home_away", "pace_score"]).shape == (0, 2)


def test_as_of_is_the_earlier_of_what_is_asked_and_the_tip(whole: Built) -> None:
    of_night = {row["game_id"]: row["as_of"] for row in whole.ingredients.to_pylist() if row["game_date"] == NIGHT}
    assert of_night == {"20251206_MIA_NYK": do.FIRST_TIP, "20251206_BOS_CHI": do.SECOND_TIP, "20251206_DEN_UTA": do.SECOND_TIP}
