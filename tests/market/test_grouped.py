"""Reductions over groups agree with Python's own, and a group's figure hangs on its own rows alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean, median, stdev

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.market.grouped import Grouped, encode, paired
from tipoff.market.prices import FloatArray

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(-400, 400).map(lambda half: half / 2)), max_size=60)
SIZE = 8


def grouped(rows: list[tuple[int, float]]) -> tuple[Grouped, FloatArray, dict[int, list[float]]]:
    ordered = sorted(rows, key=lambda row: row[0])
    values: dict[int, list[float]] = {}
    for group, value in ordered:
        values.setdefault(group, []).append(value)
    codes = np.array([group for group, _ in ordered], dtype=np.int64)
    return Grouped(codes, SIZE), np.array([value for _, value in ordered], dtype=np.float64), values


@given(ROWS)
def test_every_figure_is_that_of_the_groups_own_values(rows: list[tuple[int, float]]) -> None:
    by, values, expected = grouped(rows)
    references: dict[str, Callable[[list[float]], float]] = {
        "mean": fmean,
        "median": median,
        "std": lambda own: stdev(own) if len(own) > 1 else math.nan,
        "total": math.fsum,
        "least": min,
        "most": max,
    }
    for name, reference in references.items():
        wanted = [reference(expected[group]) if group in expected else math.nan for group in range(SIZE)]
        assert getattr(by, name)(values) == pytest.approx(np.array(wanted), abs=1e-9, nan_ok=True), name
    assert by.count.tolist() == [len(expected.get(group, [])) for group in range(SIZE)]


@given(ROWS)
def test_the_median_of_the_others_leaves_each_row_out_of_its_own(rows: list[tuple[int, float]]) -> None:
    by, values, expected = grouped(rows)
    wanted = [
        median(own[:place] + own[place + 1 :]) if len(own) > 1 else math.nan for own in expected.values() for place in range(len(own))
    ]
    assert by.median_of_others(values) == pytest.approx(np.array(wanted), nan_ok=True)


@given(ROWS)
def test_the_first_row_of_a_group_is_first_by_the_keys_in_turn(rows: list[tuple[int, float]]) -> None:
    by, values, expected = grouped(rows)
    place = np.arange(values.size)
    found = by.first(values, -place)
    for group in range(SIZE):
        if group not in expected:
            assert found[group] == -1
            continue
        start = int(by.start[group])
        least = min(expected[group])
        assert found[group] == start + max(index for index, value in enumerate(expected[group]) if value == least)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-1e3, 1e3)), min_size=1, max_size=60))
def test_a_group_alone_has_the_same_figure_to_the_last_bit(rows: list[tuple[int, float]]) -> None:
    by, values, expected = grouped(rows)
    for group, own in expected.items():
        alone = Grouped(np.zeros(len(own), np.int64), 1)
        for name in ("mean", "median", "std", "total"):
            together, apart = getattr(by, name)(values)[group], getattr(alone, name)(np.array(own))[0]
            assert together == apart or (math.isnan(together) and math.isnan(apart)), name


@given(st.lists(st.text(max_size=3), max_size=30))
def test_codes_are_in_the_order_of_what_they_stand_for(words: list[str]) -> None:
    codes, values = encode(pa.chunked_array([pa.array(words, pa.string())]))
    assert [values[code].as_py() for code in codes.tolist()] == words
    assert values.to_pylist() == sorted(set(words), key=lambda word: word.encode())


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_pairs_have_one_number_each(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    numbers = paired(first, second).tolist()
    assert len(set(numbers)) == len(set(pairs)) == len(set(zip(numbers, pairs, strict=True)))
