"""How two sets of feature rows differ: named by feature, told row by row."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tipoff.features.build import Built
from tipoff.features.differences import PRESENCE, Change, differences

FEATURE = "points_avg_last_5"


@pytest.fixture(scope="module")
def rows(whole: Built) -> pa.Table:
    return whole.to_arrow().slice(0, 40)


def altered(rows: pa.Table, column: str, row: int, value: object) -> pa.Table:
    """The rows with one value changed."""
    values = rows.column(column).to_pylist()
    values[row] = value
    return rows.set_column(rows.column_names.index(column), column, pa.array(values, rows.column(column).type))


def test_the_same_rows_in_another_order_do_not_differ(rows: pa.Table) -> None:
    assert differences(rows, rows.take(pa.array(reversed(range(rows.num_rows))))) == {}


@pytest.mark.parametrize("value", [pytest.param(99.0, id="another value"), pytest.param(None, id="no value")])
def test_a_value_that_differs_is_told_with_its_row(rows: pa.Table, value: float | None) -> None:
    place = next(index for index, there in enumerate(rows.column(FEATURE).to_pylist()) if there is not None)
    game, player, before = (rows.column(name)[place].as_py() for name in ("game_id", "player_lookup", FEATURE))
    assert differences(rows, altered(rows, FEATURE, place, value)) == {FEATURE: [Change(game, player, before, value)]}


def test_what_rounding_leaves_is_no_difference(rows: pa.Table) -> None:
    place = next(index for index, there in enumerate(rows.column(FEATURE).to_pylist()) if there is not None)
    assert differences(rows, altered(rows, FEATURE, place, rows.column(FEATURE)[place].as_py() + 1e-6)) == {}


def test_another_source_of_the_same_value_differs(rows: pa.Table) -> None:
    [change] = differences(rows, altered(rows, f"{FEATURE}_source", 3, "hearsay"))[FEATURE]
    assert change.after == "hearsay"


def test_what_follows_from_features_counts_only_where_no_feature_differs(rows: pa.Table) -> None:
    tier = altered(rows, "tier", 0, "wood")
    assert differences(rows, tier).keys() == {"tier"}
    assert differences(rows, altered(tier, FEATURE, 0, 99.0)).keys() == {FEATURE}


def test_a_row_on_one_side_alone_is_told(rows: pa.Table) -> None:
    game, player = rows.column("game_id")[0].as_py(), rows.column("player_lookup")[0].as_py()
    assert differences(rows, rows.slice(1)) == {PRESENCE: [Change(game, player, True, False)]}
