"""F42: a slate is stopped, by the feature's name, where a feature strays or stands still; one stray value is one missing value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from features.built_rows import Rows
from tipoff.errors import SlateStopped
from tipoff.features import build as builder
from tipoff.features.build import Built, Strays
from tipoff.features.quality import score
from tipoff.features.registry import Feature, Ingredients, Value, features
from tipoff.features.slate_checks import RESTED, check_slate, red_alerts
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables.features import catalogue

MUST_VARY = [entry.name for entry in catalogue() if not entry.may_be_constant]
MAY_STAND = [entry.name for entry in catalogue() if entry.may_be_constant]


def slate(
    columns: dict[str, list[float]] | None = None, *, players: int = 36, games: int = 3, strays: dict[str, int] | None = None
) -> Built:
    """A slate whose features all differ from row to row, but for the columns given."""
    values = {entry.name: np.arange(players, dtype=np.float64) for entry in catalogue()}
    values |= {name: np.array(column, dtype=np.float64) for name, column in (columns or {}).items()}
    qualities = {name: np.full(players, 100.0) for name in values}
    ids = [f"20251206_AA{number % games}_BBB" for number in range(players)]
    empty = score(values, qualities, {}, players)
    apart = {name: Strays(np.arange(count), np.full(count, 1e6)) for name, count in (strays or {}).items() if count}
    return Built(
        pa.table({"game_id": ids, "last_game_days": [0.0] * players}),
        values,
        qualities,
        {},
        empty,
        np.zeros(players, dtype=np.bool_),
        apart,
    )


def test_a_slate_of_values_in_range_that_differ_passes() -> None:
    check_slate(slate())


@pytest.mark.parametrize("name", MUST_VARY)
def test_a_feature_that_may_not_be_constant_and_is_stops_the_slate_by_name(name: str) -> None:
    with pytest.raises(SlateStopped, match=f"{name}: one value, 7, for all 36 players"):
        check_slate(slate({name: [7.0] * 36}))


def after(days: float, name: str, value: float) -> Built:
    """A slate on which nobody has played for so many days, and a feature has one value."""
    built = slate({name: [value] * 36})
    since = pa.array([days] * 35 + [None], pa.float64())
    ingredients = built.ingredients.set_column(1, "last_game_days", since)
    return replace(built, ingredients=ingredients)


@pytest.mark.parametrize(("name", "least", "value"), [(name, *rested) for name, rested in RESTED.items()])
def test_after_a_break_everybody_may_be_rested_alike(name: str, least: int, value: float) -> None:
    """An opening night, or the days after a long break: nothing is wrong with what feeds the feature."""
    check_slate(after(least + 1.0, name, value))
    for days, said in ((least + 0.0, value), (least + 1.0, value + 1)):
        with pytest.raises(SlateStopped, match=f"{name}: one value"):
            check_slate(after(days, name, said))


def test_one_value_for_a_few_of_the_slate_is_no_value_of_the_slate() -> None:
    """The season's first weeks, in which a share of games won is told of a few teams only."""
    check_slate(slate({"team_win_pct": [0.4] * 30 + [np.nan] * 31}, players=61))
    with pytest.raises(SlateStopped, match="team_win_pct"):
        check_slate(slate({"team_win_pct": [0.4] * 31 + [np.nan] * 30}, players=61))


def test_lines_that_are_all_one_stop_a_slate_most_of_whose_players_have_none() -> None:
    """Of a roster a third is quoted: what the market says is judged among those."""
    lines = [*map(float, range(40)), *[np.nan] * 80]
    for name in ("vegas_points_line", "vegas_opening_line", "implied_over_probability", "consensus_line_velocity"):
        with pytest.raises(SlateStopped, match=f"{name}: one value, 0.5, for all 40 players"):
            check_slate(slate({"vegas_points_line": lines, name: [0.5] * 40 + [np.nan] * 80}, players=120))
    check_slate(slate({"vegas_points_line": lines, "implied_over_probability": [0.5] * 30 + [np.nan] * 90}, players=120, games=2))


def test_a_market_in_which_no_book_moves_stops_nothing() -> None:
    check_slate(slate({"consensus_line_velocity": [0.0] * 36}))


@pytest.mark.parametrize("name", MAY_STAND)
def test_a_feature_that_may_be_constant_passes(name: str) -> None:
    check_slate(slate({name: [1.0] * 36}))


@pytest.mark.parametrize(("players", "games"), [(29, 3), (40, 2), (10, 1)])
def test_a_small_slate_is_not_judged_by_constancy(players: int, games: int) -> None:
    check_slate(slate({"team_pace": [100.0] * players}, players=players, games=games))


def test_a_constant_beside_missing_values_counts_the_values_that_are_there() -> None:
    check_slate(slate({"team_pace": [100.0] * 29 + [np.nan] * 7}))
    with pytest.raises(SlateStopped, match="for all 30 players"):
        check_slate(slate({"team_pace": [100.0] * 30 + [np.nan] * 6}))


@given(st.integers(1, 60), st.integers(0, 60))
@example(players=40, strayed=2)
def test_more_than_five_per_cent_out_of_range_stops_and_five_do_not(players: int, strayed: int) -> None:
    strayed = min(strayed, players)
    column = [np.nan] * strayed + [float(number) for number in range(players - strayed)]
    built = slate({"points_avg_last_5": column}, players=players, games=1, strays={"points_avg_last_5": strayed})
    if strayed * 20 > players and (strayed > 1 or players <= 2):
        with pytest.raises(SlateStopped, match=f"points_avg_last_5: {strayed} of {players} values out of"):
            check_slate(built)
    else:
        check_slate(built)


@given(st.lists(st.floats(-400.0, 400.0), min_size=1, max_size=40))
def test_a_slate_whose_median_is_out_of_range_is_stopped_however_small(offered: list[float]) -> None:
    """More than 5 %, `or its median`: over the values as they were computed, those that became missing among them."""
    column = np.array(offered)
    stray = (column < 90) | (column > 115)
    built = slate({"team_pace": np.where(stray, np.nan, column).tolist()}, players=len(offered), games=1)
    built = replace(built, strays={"team_pace": Strays(np.flatnonzero(stray), column[stray])})
    np.testing.assert_array_equal(built.computed("team_pace"), column)
    if not 90 <= np.median(column) <= 115:
        with pytest.raises(SlateStopped, match=f"team_pace: {stray.sum()} of {len(offered)} values out of"):
            check_slate(built)


def a_hundredfold(feature: Feature) -> Feature:
    """The feature as a source would make it that tells a share of .45 as 45."""

    def recipe(ingredients: Ingredients) -> Value:
        value = feature.recipe(ingredients)
        return replace(value, values=100.0 * value.values)

    return replace(feature, recipe=recipe)


def test_values_a_hundred_times_too_large_stop_the_slate_by_name(
    monkeypatch: pytest.MonkeyPatch, league_warehouse: DuckDBWarehouse, season_games: list[str]
) -> None:
    """All but those of which a hundred times is in range as well: without an upper bound, or 0 throughout this league."""
    scaled = tuple(a_hundredfold(feature) for feature in features())
    monkeypatch.setattr(builder, "features", lambda: scaled)
    with league_warehouse.reading() as work:
        built = builder.build(work, season_games)
    named = {alert.feature for alert in red_alerts(built) if "values out of" in alert.fault}
    assert {entry.name for entry in catalogue()} - named == {"days_rest", "breakout_flag", "playoff_game", "rest_advantage"}


def test_all_faults_are_named_at_once() -> None:
    built = slate({"dnp_rate": [np.nan] * 36, "team_pace": [100.0] * 36}, strays={"dnp_rate": 36})
    with pytest.raises(SlateStopped, match=r"team_pace.*dnp_rate"):
        check_slate(built)


def test_an_empty_slate_passes() -> None:
    check_slate(slate(players=0, games=1))


def test_a_value_out_of_range_becomes_missing_and_is_counted(whole: Built, whole_rows: Rows) -> None:
    """It costs its own cell alone: no row is lost, and no value beyond the catalogue's range is left."""
    for entry in catalogue():
        values = whole.values[entry.name]
        present = values[np.isfinite(values)]
        assert entry.low is None or (present >= entry.low).all(), entry.name
        assert entry.high is None or (present <= entry.high).all(), entry.name
    for feature in features():
        stray = sum(row[f"{feature.name}_source"] == "missing: out_of_range" for row in whole_rows.values())
        assert stray == whole.out_of_range[feature.name], feature.name
    assert sum(whole.out_of_range.values()) > 0
