"""Feature rows as dicts, and how two sets of them differ: by row and column, so that a leak is named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from features.eras import numbers, shifted_value
from features.slow import Found
from tipoff.features.build import Built

Key = tuple[str, str]
Rows = dict[Key, dict[str, Any]]


def rows_by_key(built: Built) -> Rows:
    """The rows as `features.store` has them, by game and player."""
    return {(row["game_id"], row["player_lookup"]): row for row in built.to_arrow().to_pylist()}


def by_era(rows: Rows, eras: int) -> list[Rows]:
    """The rows of each era, told in our own time."""
    found: dict[int, Rows] = {era: {} for era in numbers(eras)}
    for (game_id, _), row in rows.items():
        era = (int(game_id[:4]) - 2025 + (int(game_id[4:6]) < 8)) // 4
        told = {name: shifted_value(name, value, -era) for name, value in row.items()}
        found[era][told["game_id"], told["player_lookup"]] = told
    return list(found.values())


def games(rows: Rows, *game_ids: str) -> Rows:
    """The rows of some games."""
    return {key: row for key, row in rows.items() if key[0] in game_ids}


def differences(left: Rows, right: Rows, *, but: Iterable[str] = ()) -> list[str]:
    """What stands differently in two sets of rows, beyond rounding: `game player column: this, that`."""
    found = [f"{game} {player}: on one side only" for game, player in sorted(left.keys() ^ right.keys())]
    for key in sorted(left.keys() & right.keys()):
        for name, value in left[key].items():
            other = right[key][name]
            if name not in but and not same(value, other):
                found.append(f"{key[0]} {key[1]} {name}: {value}, {other}")
    return found


def same(value: Any, other: Any) -> bool:
    """Equal, and for numbers within what rounding to six decimals leaves."""
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=0.0, abs_tol=1.5e-6)
    return bool(value == other)


def disagreements(row: Mapping[str, Any], reference: Mapping[str, Found]) -> list[str]:
    """Where a built row and the slow reference differ, in value or in source: `column: built, reference`."""
    found = []
    for name, expected in reference.items():
        value, source = row[name], row[f"{name}_source"]
        if not same(value, expected.value):
            found.append(f"{row['game_id']} {row['player_lookup']} {name}: {value}, {expected.value}")
        elif expected.value is not None and source != expected.source:
            found.append(f"{row['game_id']} {row['player_lookup']} {name} comes from {source}, not {expected.source}")
    return found
