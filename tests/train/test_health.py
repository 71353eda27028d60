"""Health: the words and when each holds, which window is judged, and the daily record of all systems at once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipoff.rates import wilson
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_of
from tipoff.train.health import PERFORMANCE, Health, Window, blocked, fill_performance, healths
from tipoff.train.registry import REGISTRY
from train.graded_rows import DAY, Bet, keep, model, streak


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "warehouse.duckdb")


def of(warehouse: DuckDBWarehouse, day: date = DAY, system: str = "echo") -> Health:
    with warehouse.reading() as work:
        return next(health for health in healths(work, [day]) if health.system_id == system)


def filled(warehouse: DuckDBWarehouse, day: date = DAY) -> list[dict[str, Any]]:
    with warehouse.writing("performance") as work:
        fill_performance(work, day)
    rows: list[dict[str, Any]] = warehouse.read(PERFORMANCE).to_pylist()
    return sorted(rows, key=lambda row: (row["game_date"], row["system_id"]))


class TestTheWords:
    @pytest.mark.parametrize(
        ("won", "n", "word"),
        [
            (0, 0, "INSUFFICIENT_DATA"),
            (20, 40, "INSUFFICIENT_DATA"),
            (43, 91, "INSUFFICIENT_DATA"),
            (43, 100, "DEGRADING"),
            (42, 100, "BLOCKED"),
            (52, 100, "DEGRADING"),
            (53, 100, "WATCH"),
            (62, 100, "WATCH"),
            (63, 100, "HEALTHY"),
            (600, 1000, "HEALTHY"),
            (400, 1000, "BLOCKED"),
        ],
    )
    def test_the_first_that_holds_is_given(self, won: int, n: int, word: str) -> None:
        assert Window(7, wilson(won, n), 0.526 if n else None).word == word

    def test_break_even_on_either_end_lies_within_the_interval(self) -> None:
        rate = wilson(55, 100)
        assert [Window(7, rate, even).word for even in (rate.low, rate.rate, rate.high)] == ["WATCH", "WATCH", "DEGRADING"]

    @given(won=st.integers(0, 400), more=st.integers(0, 400), even=st.floats(0.3, 0.7))
    def test_each_word_means_what_the_page_says(self, won: int, more: int, even: float) -> None:
        rate = wilson(won, won + more)
        word = Window(7, rate, even if rate.n else None).word
        if rate.low is None or rate.high is None or rate.rate is None or rate.high - rate.low > 0.2:
            assert word == "INSUFFICIENT_DATA"
        elif word == "BLOCKED":
            assert rate.high < even
        elif word == "DEGRADING":
            assert rate.rate < even <= rate.high
        elif word == "WATCH":
            assert rate.low <= even <= rate.rate
        else:
            assert word == "HEALTHY"
            assert even < rate.low


class TestWhatCounts:
    def test_break_even_is_the_mean_of_what_each_bet_needs(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [Bet(price=2.0), Bet("LOSS", price=1.6), Bet("PUSH", price=9.0), Bet(None, side="PASS")])
        assert of(warehouse).windows[0].break_even == pytest.approx((1 / 2.0 + 1 / 1.6) / 2)

    def test_pushes_voids_passes_and_bets_without_a_price_are_in_no_rate(self, warehouse: DuckDBWarehouse) -> None:
        quiet = [Bet("PUSH"), Bet("VOID", points=None), Bet(None, side="PASS"), Bet(None, side="NO_LINE", line=None)]
        keep(warehouse, [*streak(3, 2), *quiet, Bet("WIN", price=None)])
        found = of(warehouse)
        assert [(window.rate.n, window.rate.wins) for window in found.windows] == [(5, 3)] * 3
        assert found.n_error == 9, "all but the void"

    def test_an_under_counts_as_an_over_does(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [Bet(side="UNDER", points=10.0, price=2.5), Bet("LOSS", side="UNDER", price=2.5)])
        assert (of(warehouse).windows[0].rate.rate, of(warehouse).windows[0].break_even) == (0.5, 0.4)

    def test_windows_end_with_the_day_and_begin_so_many_days_before(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [Bet(back=back) for back in (-1, 0, 6, 7, 13, 14, 29, 30)])
        assert [window.rate.n for window in of(warehouse).windows] == [2, 4, 6]

    def test_errors_stand_with_their_n(self, warehouse: DuckDBWarehouse) -> None:
        keep(
            warehouse,
            [Bet(points=25.0), Bet("LOSS", points=18.0), Bet("PUSH", line=20.0, points=20.0, push=0.06), Bet("VOID", points=None)],
        )
        found = of(warehouse)
        assert (found.n_error, found.n_brier) == (3, 2)
        assert [found.mae, found.bias, found.brier] == pytest.approx([(3 + 4 + 2) / 3, (-3 + 4 + 2) / 3, (0.46**2 + 0.54**2) / 2])

    def test_brier_is_of_the_chance_without_a_push(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [Bet(line=20.0, push=0.1, over=0.6, points=23.0)])
        assert of(warehouse).brier == pytest.approx(0.4**2)


class TestWhichWindow:
    def test_the_shortest_with_enough_bets_is_judged(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [*streak(10, 30, back=2), *streak(20, 90, back=10), *streak(300, 10, back=20)])
        found = of(warehouse)
        assert [window.word for window in found.windows] == ["INSUFFICIENT_DATA", "BLOCKED", "HEALTHY"]
        assert (found.word, found.judged.days) == ("BLOCKED", 14)
        assert found.told.startswith("BLOCKED: won 20.0% [")
        assert "of 150 bets in 14 days up to 2025-11-30, break-even 52.6%" in found.told

    def test_where_none_has_enough_the_longest_says_so(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, streak(10, 10, back=2))
        assert (of(warehouse).word, of(warehouse).judged.days) == ("INSUFFICIENT_DATA", 30)

    def test_one_without_a_bet_is_not_judged(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [Bet(None, side="PASS")])
        assert of(warehouse).told == "INSUFFICIENT_DATA: no decided bet at a real price in 30 days up to 2025-11-30"

    def test_a_day_blocks_by_the_days_before_it_and_a_silent_system_comes_back(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [*streak(30, 90), *streak(90, 30, system="well")])
        for later, held in ((0, []), (1, ["echo"]), (30, ["echo"]), (31, [])):
            with warehouse.reading() as work:
                assert list(blocked(work, DAY + timedelta(days=later))) == held, later


class TestTheDailyRecord:
    def test_a_row_a_system_with_health_beside_state(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, [*streak(30, 90), *streak(60, 60, system="other")])
        with warehouse.writing("models") as work:
            work.merge(REGISTRY, table_of(REGISTRY, [model("echo-1", state="champion")]))
        echo, other = filled(warehouse)
        assert (echo["system_id"], echo["state"], echo["health"], echo["health_days"]) == ("echo", "champion", "BLOCKED", 7)
        assert (other["system_id"], other["state"], other["health"]) == ("other", None, "DEGRADING")
        rate = wilson(30, 120)
        assert (echo["n_7d"], echo["hit_rate_7d"], echo["low_7d"], echo["high_7d"]) == (120, rate.rate, rate.low, rate.high)
        assert echo["break_even_30d"] == pytest.approx(1 / 1.9)

    def test_filling_again_changes_nothing(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, streak(30, 20))
        first = filled(warehouse)
        with warehouse.writing("again") as work:
            assert fill_performance(work, DAY).updated == 0
        assert filled(warehouse) == first

    def test_a_correction_mends_the_days_after_it_that_have_a_record(self, warehouse: DuckDBWarehouse) -> None:
        keep(warehouse, streak(30, 20, back=3))
        for back in (3, 1):
            filled(warehouse, DAY - timedelta(days=back))
        keep(warehouse, streak(20, 30, back=3))
        rows = filled(warehouse, DAY - timedelta(days=3))
        assert [(row["game_date"], row["hit_rate_7d"]) for row in rows] == [(DAY - timedelta(days=back), 0.4) for back in (3, 1)]

    def test_a_day_on_which_nothing_was_graded_writes_nothing(self, warehouse: DuckDBWarehouse) -> None:
        assert filled(warehouse) == []


BETS = st.builds(
    Bet,
    result=st.sampled_from(["WIN", "LOSS", "PUSH", "VOID", None]),
    back=st.integers(0, 35),
    system=st.sampled_from(["echo", "other"]),
    side=st.sampled_from(["OVER", "UNDER", "PASS"]),
    price=st.sampled_from([1.5, 1.9, 2.2, None]),
    points=st.sampled_from([12.0, 20.0, 23.0, 31.0, None]),
    line=st.sampled_from([19.5, 20.0, None]),
    over=st.sampled_from([0.4, 0.5, 0.61]),
    push=st.sampled_from([0.0, 0.08]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bets=st.lists(BETS, max_size=60))
def test_the_one_query_agrees_with_counting_row_by_row(bets: list[Bet], tmp_path_factory: pytest.TempPathFactory) -> None:
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("health") / "w.duckdb")
    if bets:
        keep(warehouse, bets)
    days = [DAY, DAY - timedelta(days=9)]
    with warehouse.reading() as work:
        found = {(health.game_date, health.system_id): health for health in healths(work, days)}
    for place, day in enumerate(days):
        for system in ("echo", "other"):
            mine = [bet for bet in bets if bet.system == system and 0 <= bet.back - 9 * place < 30]
            assert ((day, system) in found) == bool(mine)
            if mine:
                _compare(found[day, system], mine, 9 * place)


def _compare(health: Health, mine: list[Bet], ago: int) -> None:
    for window in health.windows:
        inside = [bet for bet in mine if bet.back - ago < window.days and bet.result in ("WIN", "LOSS")]
        priced = [bet for bet in inside if bet.price is not None and bet.side != "PASS"]
        assert (window.rate.n, window.rate.wins) == (len(priced), sum(bet.result == "WIN" for bet in priced))
        needed = [1 / bet.price for bet in priced if bet.price]
        assert window.break_even == (pytest.approx(np.mean(needed)) if needed else None)
    errors = [abs(round(bet.predicted) - bet.points) for bet in mine if bet.points is not None]
    assert (health.n_error, health.mae) == (len(errors), pytest.approx(np.mean(errors)) if errors else None)
    losses = [(bet.over - (bet.points > bet.line)) ** 2 for bet in mine if None not in (bet.points, bet.line) and bet.points != bet.line]  # type: ignore[operator]
    assert (health.n_brier, health.brier) == (len(losses), pytest.approx(np.mean(losses)) if losses else None)
