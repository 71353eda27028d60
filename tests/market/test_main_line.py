"""The main line: one row in each group, whatever the order in which they come."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tipoff.errors import BadInput
from tipoff.market.devig import devig, main_line

Row = tuple[int, float, float, float]

price = st.sampled_from([1.5, 1.8, 1.87, 1.91, 1.95, 2.1, 3.4, 1.0, math.nan])
rows_of_books = st.lists(
    st.tuples(st.integers(0, 5), price, price, st.sampled_from([19.5, 20.0, 20.5, 24.5])),
    unique_by=lambda row: (row[0], row[3]),
    max_size=20,
)


def columns(rows: list[Row]) -> tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]:
    group, over, under, point = zip(*rows, strict=True) if rows else ((), (), (), ())
    return group, over, under, point


def slow_main_line(rows: list[Row]) -> list[bool]:
    """The domain page read aloud, one row at a time."""

    def rank(row: Row) -> tuple[float, float, float, float]:
        _, over, under, point = row
        implied = [1.0 / side for side in (over, under) if side > 1.0]
        if len(implied) == 2:
            return 0, round(abs(float(devig(over, under)) - 0.5), 12), round(1.0 - 1.0 / sum(implied), 12), point
        if len(implied) == 1:
            return 1, round(abs(implied[0] - 0.5), 12), 0.0, point
        return 2, 0.0, 0.0, point

    best: dict[int, Row] = {}
    for row in rows:
        if row[0] not in best or rank(row) < rank(best[row[0]]):
            best[row[0]] = row
    return [best[row[0]] is row for row in rows]


def test_the_sole_row_of_a_book_is_its_main_line_however_lopsided_or_bare() -> None:
    found = main_line([1, 2, 3], [1.05, np.nan, np.nan], [9.0, 1.8, np.nan], [20.5, 20.5, 20.5])
    assert found.tolist() == [True, True, True]


def test_f10_of_seventy_alternates_the_one_nearest_to_even_is_the_main_line() -> None:
    point = np.arange(70) / 2.0 + 0.5
    fair = 1.0 / (1.0 + np.exp((point - 22.5) / 4.0))
    found = main_line(np.zeros(70), 0.95 / fair, 0.95 / (1.0 - fair), point)
    assert point[found].tolist() == [22.5]


def test_equally_near_rows_are_told_apart_by_hold_and_then_by_point() -> None:
    assert main_line([1, 1], [1.91, 1.87], [1.91, 1.87], [25.5, 24.5]).tolist() == [True, False]
    assert main_line([1, 1], [1.87, 1.95], [1.95, 1.87], [25.5, 24.5]).tolist() == [False, True]


def test_rows_with_one_side_come_after_those_with_two() -> None:
    found = main_line([1, 1, 1], [2.0, 1.2, np.nan], [np.nan, 4.0, np.nan], [20.5, 21.5, 19.5])
    assert found.tolist() == [False, True, False]


def test_among_one_sided_rows_the_implied_probability_nearest_to_even_decides() -> None:
    found = main_line([1, 1, 1], [1.5, np.nan, np.nan], [np.nan, 1.9, np.nan], [20.5, 21.5, 19.5])
    assert found.tolist() == [False, True, False]


def test_an_alternate_is_the_main_line_only_where_there_is_nothing_else() -> None:
    group, over, under = [1, 1, 2, 2], [1.7, 1.91, 1.91, 1.7], [2.1, 1.91, 1.91, 2.1]
    found = main_line(group, over, under, [20.5, 21.5, 20.5, 21.5], alternate=[False, True, True, True])
    assert found.tolist() == [True, False, True, False]


@given(rows_of_books)
def test_the_fast_answer_is_the_slow_one(rows: list[Row]) -> None:
    assert main_line(*columns(rows)).tolist() == slow_main_line(rows)


@given(rows_of_books)
def test_every_group_has_exactly_one_main_line(rows: list[Row]) -> None:
    chosen = [row[0] for row, is_main in zip(rows, main_line(*columns(rows)), strict=True) if is_main]
    assert sorted(chosen) == sorted({row[0] for row in rows})


@given(st.data(), rows_of_books)
def test_the_order_of_the_rows_does_not_matter(data: st.DataObject, rows: list[Row]) -> None:
    shuffled = data.draw(st.permutations(rows))
    before = {row for row, is_main in zip(rows, main_line(*columns(rows)), strict=True) if is_main}
    after = {row for row, is_main in zip(shuffled, main_line(*columns(shuffled)), strict=True) if is_main}
    assert repr(sorted(before)) == repr(sorted(after))


@given(st.permutations([(1, 1.87, 1.95, 20.5), (1, 1.95, 1.87, 20.5), (1, 1.8, 1.9, 20.5), (1, 1.9, 1.8, math.nan)]))
def test_even_two_rows_at_one_point_are_told_apart_in_any_order(rows: list[Row]) -> None:
    found = main_line(*columns(rows))
    assert [row for row, is_main in zip(rows, found, strict=True) if is_main] == [(1, 1.87, 1.95, 20.5)]


def test_groups_may_be_named_by_text() -> None:
    over, under, point = [1.5, 1.9, 1.9], [2.4, 1.9, 1.9], [20.5, 21.5, 20.5]
    expected = [False, True, True]
    assert main_line(["dk|doncic", "dk|doncic", "fd|doncic"], over, under, point).tolist() == expected
    named = np.array(["dk|doncic", "dk|doncic", "fd|doncic"], dtype=object)
    assert main_line(named, over, under, point).tolist() == expected


def test_no_rows_have_no_main_line() -> None:
    assert main_line([], [], [], []).tolist() == []


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(BadInput, match="differ in length"):
        main_line([1, 1], [1.9], [1.9, 1.9], [20.5, 21.5])


def test_three_hundred_thousand_rows_are_no_matter_of_seconds() -> None:
    random = np.random.default_rng(3)
    size = 300_000
    group, point = random.integers(0, size // 10, size), random.integers(10, 80, size) / 2.0
    over, under = 1.2 + random.random(size), 1.2 + random.random(size)
    began = time.thread_time()
    found = main_line(group, over, under, point)
    assert time.thread_time() - began < 2.0  # of the processor, measured .18 s; the limit only tells a row loop from a sort
    assert int(found.sum()) == np.unique(group).size
