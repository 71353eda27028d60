"""How alike two systems are, beside NumPy's own correlation of the rows that both have."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tipoff.grade.together import LEAST, pairs_of

SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("system_id", "game_id", "player_lookup", "recommendation")],
        *[(name, pa.float64()) for name in ("predicted_margin", "signed_error")],
    ]
)


def invented(players: int = 90, seed: int = 4) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    rows = []
    for number in range(players):
        common = chance.gauss(0, 2)
        for system in ("one", "three", "two"):
            if chance.random() < 0.15:
                continue
            margin = common + chance.gauss(0, 1)
            row: dict[str, Any] = {"system_id": system, "game_id": f"game{number // 9}", "player_lookup": f"player{number}"}
            row |= {
                "recommendation": chance.choice(("OVER", "UNDER", "PASS")),
                "predicted_margin": margin if chance.random() > 0.1 else None,
            }
            rows.append(row | {"signed_error": margin + chance.gauss(0, 5)})
    chance.shuffle(rows)
    return rows


def test_each_figure_is_that_of_the_rows_which_both_have() -> None:
    rows = invented()
    found = pairs_of(pa.Table.from_pylist(rows, SCHEMA))
    assert [(pair.first, pair.second) for pair in found] == [("one", "three"), ("one", "two"), ("three", "two")]
    by = {(row["system_id"], row["game_id"], row["player_lookup"]): row for row in rows}
    for pair in found:
        both = [(row, by[pair.second, *key[1:]]) for key, row in by.items() if key[0] == pair.first and (pair.second, *key[1:]) in by]
        for name, n, value in (("predicted_margin", pair.margins_n, pair.margins), ("signed_error", pair.errors_n, pair.errors)):
            known = [(a[name], b[name]) for a, b in both if a[name] is not None and b[name] is not None]
            assert n == len(known)
            assert value == pytest.approx(np.asarray(np.corrcoef(np.array(known, dtype=np.float64).T))[0, 1], abs=1e-4)
        sides = [
            (a["recommendation"], b["recommendation"]) for a, b in both if {a["recommendation"], b["recommendation"]} <= {"OVER", "UNDER"}
        ]
        assert pair.picks_n == len(sides)
        assert pair.same_side == pytest.approx(np.mean([a == b for a, b in sides]), abs=1e-4)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = invented()
    assert pairs_of(pa.Table.from_pylist(rows, SCHEMA)) == pairs_of(pa.Table.from_pylist(rows[::-1], SCHEMA))


def test_a_correlation_of_too_few_rows_is_not_told() -> None:
    few = [row for row in invented() if int(row["player_lookup"].removeprefix("player")) < LEAST - 1]
    assert all(
        pair.margins is None and pair.errors is None and pair.errors_n < LEAST for pair in pairs_of(pa.Table.from_pylist(few, SCHEMA))
    )


def test_without_rows_there_is_no_pair() -> None:
    assert pairs_of(pa.Table.from_pylist([], SCHEMA)) == []
