"""What a quote that was taken is worth by the close: by hand, only where it can be measured, and nothing for what the close pays fairly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.raw_rows import Raw
from features.small_league import NIGHT
from tipoff.analyze.slate import games_as_of
from tipoff.market.closing import MEASURABLE_MINUTES, Closed, closing_lines, closing_values
from tipoff.market.lines import STEEPEST, market_at_close
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

MINUTE = 60_000_000
TIP = 1_762_389_000_000_000


def closed(line: float = 20.5, over: float = 0.5, minutes: float = 10.0, slope: float = 0.2) -> Closed:
    at = np.array([TIP - (round(minutes * MINUTE) if np.isfinite(minutes) else 0)])
    return Closed(np.array([line]), np.array([over]), at, np.array([minutes]), np.array([slope]))


def values(close: Closed, *, over: bool = True, line: float = 20.5, price: float = 2.0, ago: float = 60.0) -> tuple[float, float]:
    """Of one quote, taken so many minutes before the tip: in points, and in probability."""
    quoted = np.array([TIP - round(ago * MINUTE)])
    points, value = closing_values(close, np.array([over]), np.array([line]), np.array([price]), quoted)
    return float(points[0]), float(value[0])


class TestByHand:
    @pytest.mark.parametrize(
        ("over", "price", "points", "value"),
        [(True, 2.0, 0.0, 0.2), (True, 1.6, 0.0, -0.04), (False, 2.0, 0.0, -0.2), (False, 2.5, 0.0, 0.0)],
    )
    def test_at_an_unmoved_line_the_closes_chance_times_the_price_that_was_taken(
        self, over: bool, price: float, points: float, value: float
    ) -> None:
        assert values(closed(over=0.6), over=over, price=price) == pytest.approx((points, value))

    @pytest.mark.parametrize(("over", "points"), [(True, 2.0), (False, -2.0)])
    def test_a_line_that_rose_is_worth_its_rise_to_an_over_and_costs_an_under_as_much(self, over: bool, points: float) -> None:
        """From 20.5 to 22.5: at 20.5 the logit of an over is 2 x .2 above that of the close."""
        chance = 1 / (1 + np.exp(-0.4))
        expected = 2 * (chance if over else 1 - chance) - 1
        assert values(closed(line=22.5), over=over) == pytest.approx((points, expected))

    def test_both_sides_of_one_quote_share_one_chance(self) -> None:
        close = closed(line=21.0, over=0.55)
        (_, over), (_, under) = values(close, price=1.9), values(close, over=False, price=1.9)
        assert (over + 1) / 1.9 + (under + 1) / 1.9 == pytest.approx(1.0)


class TestMeasurable:
    @pytest.mark.parametrize(
        ("minutes", "measurable"), [(0.0, True), (10.0, True), (15.0, True), (15.0 + 1e-6, False), (60.0, False), (np.nan, False)]
    )
    def test_only_a_close_of_the_last_fifteen_minutes_measures(self, minutes: float, measurable: bool) -> None:
        assert MEASURABLE_MINUTES == 15.0
        assert np.isfinite(values(closed(minutes=minutes), ago=90.0)).tolist() == [measurable, measurable]

    @pytest.mark.parametrize(("ago", "measurable"), [(90.0, True), (10.1, True), (10.0, False), (5.0, False)])
    def test_only_a_close_that_is_later_than_the_quote_measures(self, ago: float, measurable: bool) -> None:
        assert np.isfinite(values(closed(minutes=10.0), ago=ago)).tolist() == [measurable, measurable]

    def test_where_the_closes_chance_is_not_known_its_points_are(self) -> None:
        points, value = values(closed(line=22.5, over=np.nan))
        assert points == 2.0
        assert np.isnan(value)

    def test_where_the_slope_is_not_known_an_unmoved_line_has_its_value_and_a_moved_one_has_none(self) -> None:
        assert values(closed(over=0.6, slope=np.nan)) == pytest.approx((0.0, 0.2))
        assert np.isnan(values(closed(line=21.5, slope=np.nan))[1])

    def test_without_a_price_there_are_points_alone(self) -> None:
        points, value = values(closed(line=21.5), price=np.nan)
        assert points == 1.0
        assert np.isnan(value)


chances = st.floats(0.02, 0.98)
half_lines = st.integers(10, 80).map(lambda half: half / 2)


@given(chances, half_lines, st.booleans(), st.floats(0.0, 0.5), st.floats(0.0, 15.0))
def test_what_is_taken_at_the_close_at_its_fair_price_is_worth_nothing(
    chance: float, line: float, over: bool, slope: float, minutes: float
) -> None:
    price = 1 / (chance if over else 1 - chance)
    points, value = values(closed(line, chance, minutes, slope), over=over, line=line, price=price, ago=20.0)
    assert points == 0.0
    assert value == pytest.approx(0.0, abs=1e-9)


@given(chances, half_lines, half_lines, st.booleans(), st.floats(0.001, 0.5))
def test_a_point_more_of_movement_is_never_worth_less(chance: float, line: float, taken: float, over: bool, slope: float) -> None:
    before, after = (values(closed(line + (by if over else -by), chance, 5.0, slope), over=over, line=taken) for by in (0.0, 1.0))
    assert after[0] == pytest.approx(before[0] + 1.0)
    assert after[1] >= before[1]


# --- closing lines ---------------------------------------------------------------------------------------------------


def flat(moments: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points stray with variance 9 + 1.5 x line, always."""
    return np.full(len(moments), 9.0), np.full(len(moments), 1.5)


@pytest.fixture(scope="module")
def work(league_warehouse: DuckDBWarehouse) -> Iterator[Work]:
    with league_warehouse.reading() as work:
        yield work


@pytest.fixture(scope="module")
def ids(league: Raw) -> list[str]:
    return sorted({row["game_id"] for row in league["raw.schedule"] if row["game_date"] <= NIGHT})


@pytest.fixture(scope="module")
def closes(work: Work, ids: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = closing_lines(work, work.keep(games_as_of(work, ids, None)), flat).to_pylist()
    return found


def test_there_is_one_close_a_player_and_it_is_the_markets_at_the_tip(work: Work, ids: list[str], closes: list[dict[str, Any]]) -> None:
    market = market_at_close(work, work.keep(games_as_of(work, ids, None)))
    expected = {(row["game_id"], row["player_lookup"]): row for row in market.lines.to_pylist()}
    assert [(row["game_id"], row["player_lookup"]) for row in closes] == list(expected)
    for row in closes:
        line = expected[row["game_id"], row["player_lookup"]]
        assert (row["close_line"], row["close_over"]) == (line["consensus_line"], line["implied_over"])
        assert row["close_slope"] == pytest.approx(STEEPEST / np.sqrt(9.0 + 1.5 * row["close_line"]))


def test_its_moment_is_that_of_the_newest_quote_where_all_are_on_record(work: Work, ids: list[str], closes: list[dict[str, Any]]) -> None:
    games = games_as_of(work, ids, None)
    tips = {row["game_id"]: row["tip"] for row in work.fetch(games.select("game_id", "tip")).to_pylist()}
    quoted: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in market_at_close(work, work.keep(games)).quotes.to_pylist():
        if row["chosen"]:
            quoted.setdefault((row["game_id"], row["player_lookup"]), []).append(row)
    for row in closes:
        mine = quoted[row["game_id"], row["player_lookup"]]
        if any(one["assumed"] for one in mine):
            assert (row["close_at"], row["close_minutes"]) == (None, None)
            continue
        newest = max(one["snapshot_at"] for one in mine)
        assert row["close_at"] == newest
        assert row["close_minutes"] == (tips[row["game_id"]] - newest) / timedelta(minutes=1) >= 0
    assert {row["close_at"] is None for row in closes} == {True, False}
