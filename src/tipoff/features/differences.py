"""How two sets of feature rows differ: by feature, and within it by row.

Comes in: two tables in the shape of `features.store`, the same games built on other facts. Knows the catalogue's columns; it must never
know why the two should agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.store.tables.features import catalogue

KEY = ["game_id", "player_lookup"]
PRESENCE = "(whether there is a row)"
ROUNDING = 2e-6
"""Values are rounded to six decimals: sums that an engine added in another order may fall on either side of a rounding."""


@dataclass(frozen=True)
class Change:
    """What one row of a feature says before and after: the value, or where that is the same, its source or its quality."""

    game_id: str
    player_lookup: str
    before: Any
    after: Any


def differences(before: pa.Table, after: pa.Table) -> dict[str, list[Change]]:
    """By feature the rows that differ, in order of game and player.

    Columns that follow from the features (scores, tiers, the newest moment) count only where no feature differs; a row that stands on
    one side alone counts as `PRESENCE`.
    """
    before, after = before.sort_by([(name, "ascending") for name in KEY]), after.sort_by([(name, "ascending") for name in KEY])
    left, right = (list(zip(*(rows.column(name).to_pylist() for name in KEY), strict=True)) for rows in (before, after))
    found: dict[str, list[Change]] = {}
    if left != right:
        found[PRESENCE] = [
            Change(game, player, (game, player) in set(left), (game, player) in set(right))
            for game, player in sorted(set(left) ^ set(right))
        ]
        before, after = _rows_of(before, left, set(right)), _rows_of(after, right, set(left))
    for feature, columns in _columns_by_feature().items():
        if changes := _changes(before, after, columns):
            found[feature] = changes
    if found:
        return found
    others = set(before.column_names) - {name for columns in _columns_by_feature().values() for name in columns}
    return {name: changes for name in sorted(others) if (changes := _changes(before, after, (name,)))}


@lru_cache(maxsize=1)
def _columns_by_feature() -> dict[str, tuple[str, ...]]:
    return {entry.name: (entry.name, f"{entry.name}_source", f"{entry.name}_quality") for entry in catalogue()}


def _rows_of(rows: pa.Table, keys: list[Any], wanted: set[Any]) -> pa.Table:
    return rows.filter(pa.array([key in wanted for key in keys], pa.bool_()))


def _changes(before: pa.Table, after: pa.Table, columns: tuple[str, ...]) -> list[Change]:
    """The rows in which any of the columns differs, each told by the first of them that does."""
    told: dict[int, Change] = {}
    for name in columns:
        for row in _unlike(before.column(name), after.column(name)):
            if row not in told:
                values = (
                    table.column(column)[row].as_py()
                    for table, column in ((before, KEY[0]), (before, KEY[1]), (before, name), (after, name))
                )
                told[row] = Change(*values)
    return [told[row] for row in sorted(told)]


def _unlike(one: pa.ChunkedArray, other: pa.ChunkedArray) -> list[int]:
    """The places at which two columns differ; numbers by more than rounding leaves."""
    if one.equals(other):
        return []
    missing = np.asarray(pc.is_null(one)) != np.asarray(pc.is_null(other))
    is_float = pa.types.is_floating(one.type)
    apart = pc.greater(pc.abs(pc.subtract(one, other)), ROUNDING) if is_float else pc.not_equal(one, other)
    found: list[int] = np.flatnonzero(missing | np.asarray(pc.fill_null(apart, False))).tolist()
    return found
