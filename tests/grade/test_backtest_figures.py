"""A backtest's figures: against slow ones computed row by row, and by hand where something is missing, pushed, void or too good."""

from __future__ import annotations

import json
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.invented import FACTS, SAID, at_random, fact, tables, word
from backtest.slow_figures import joined, period
from tipoff.errors import BadInput
from tipoff.grade.backtest_bets import PROBABILITY_BUCKETS, TIERS, probability_bucket, tier
from tipoff.grade.backtest_figures import Figures, figures
from tipoff.grade.backtest_series import monday

near: Any = pytest.approx


def alike(found: Any, expected: Any, where: str = "") -> None:
    """Every figure that is expected is found, to rounding; buckets that nobody is in are found with nothing in them."""
    if isinstance(expected, dict):
        for name, inner in expected.items():
            alike(found[name], inner, f"{where}.{name}")
        for name in found.keys() - expected.keys() - {"calibration"}:
            assert found[name]["bets"] == 0, f"{where}.{name}"
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, inner in enumerate(expected):
            alike(found[place], inner, f"{where}[{place}]")
    elif expected is None:
        assert found is None, where
    else:
        assert found == near(expected, rel=1e-9, abs=1e-9), where


@given(st.integers(0, 10**6), st.integers(0, 50))
@settings(max_examples=30)
def test_figures_equal_those_computed_row_by_row(seed: int, size: int) -> None:
    facts, said = at_random(seed, size)
    found = figures(*tables(facts, said)).as_dict()
    assert found["systems"].keys() == {row["system_id"] for row in said}
    for name, system in found["systems"].items():
        rows = joined(facts, said, name, None)
        assert system["models"] == len({row["model_id"] for row in rows})
        alike(system["pooled"], period(rows), name)
        assert system["seasons"].keys() == {row["facts"]["season"] for row in rows}
        for season, by_season in system["seasons"].items():
            alike(by_season, period(joined(facts, said, name, season)), f"{name} {season}")


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_rows_may_come_in_any_order(seed: int) -> None:
    facts, said = at_random(seed, 30)
    first = figures(*tables(facts, said))
    Random(seed).shuffle(facts)
    Random(seed).shuffle(said)
    assert figures(*tables(facts, said)) == first


def test_folds_written_apart_are_one_backtest() -> None:
    facts, said = at_random(5, 40)
    whole, parts = tables(facts, said), [tables(facts[cut], [row for row in said if row["game_id"] in {f["game_id"] for f in facts[cut]}])
                                         for cut in (slice(0, 15), slice(15, None))]  # fmt: skip
    assert figures(pa.concat_tables([part[0] for part in parts]), pa.concat_tables([part[1] for part in parts])) == figures(*whole)


def test_the_document_is_json_without_a_nan() -> None:
    found = figures(*tables(*at_random(3, 25)))
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["systems"].keys() == found.systems.keys()


def test_a_backtest_of_nothing_has_no_figures_and_does_not_fail() -> None:
    found = figures(FACTS.empty_table(), SAID.empty_table())
    assert (found.first, found.systems, found.references.player_games) == (None, {}, 0)
    assert found.references.shifted_line_against_line.difference is None


def test_a_system_that_saw_no_line_has_n_0_and_none_against_the_line_and_figures_on_all_rows() -> None:
    row = fact(1, line=None, market_over=None, recalibrated_over=None)
    said = word(row, line=None, side=None, recommendation="NO_LINE", consensus_over=None, edge=None, edge_probability=None)
    alone = figures(*tables([row], [said])).systems["one"].pooled
    assert (alone.lined.shifted_line.n, alone.lined.shifted_line.difference) == (0, None)
    assert (alone.priced.brier.against_market.n, alone.priced.brier.against_market.ours) == (0, None)
    assert (alone.picks.total.bets, alone.picks.total.hit_rate.rate, alone.picks.total.roi.mean) == (0, None, None)
    assert (alone.calibration.n, alone.calibration.error, alone.calibration.perfect_95) == (0, None, None)
    assert (alone.errors.n, alone.errors.mae) == (1, 0.0)


def test_pushes_and_voids_return_the_stake_and_are_in_no_denominator() -> None:
    rows = [fact(0), fact(1, actual_points=10.0), fact(2, line=20.0), fact(3, actual_points=None)]  # a win, a loss, a push, a void
    total = figures(*tables(rows, [word(row) for row in rows])).systems["one"].pooled.picks.total
    assert (total.bets, total.won, total.lost, total.push, total.void) == (4, 1, 1, 1, 1)
    assert (total.hit_rate.n, total.hit_rate.rate) == (2, 0.5)
    assert (total.roi.n, total.roi.mean, total.units) == (2, near((0.9 - 1) / 2), near(-0.1))
    assert total.roi_standard.mean == near((100 / 110 - 1) / 2)
    assert total.break_even == near(1 / 1.9)
    assert (total.under.hit_rate.n, total.under.roi.mean) == (2, near((1.0 - 1) / 2))


def test_a_void_of_a_game_with_points_on_record_is_a_void_for_under_as_well() -> None:
    row = fact(0, actual_points=10.0)
    said = word(row, result="VOID", side_result="VOID", units=0.0, side_units=0.0)
    found = figures(*tables([row], [said])).systems["one"]
    assert (found.pooled.picks.total.void, found.pooled.picks.total.under.hit_rate.n, found.series.units.under_bets) == (1, 0, ())


def test_bets_without_a_price_are_counted_and_have_no_return_at_real_prices() -> None:
    rows = [fact(0), fact(1), fact(2, actual_points=3.0)]
    said = [word(rows[0]), *(word(row, over_price=None, under_price=None, edge_probability=None) for row in rows[1:])]
    picks = figures(*tables(rows, said)).systems["one"].pooled.picks
    assert (picks.total.hit_rate.n, picks.total.priced_hit_rate.n, picks.total.roi.n, picks.total.roi_standard.n) == (3, 1, 1, 3)
    assert picks.total.units == near(0.9)
    assert (picks.by_edge_probability["no price"].hit_rate.n, picks.by_edge_probability["no price"].roi.mean) == (2, None)
    assert picks.by_edge_probability["no price"].break_even is None


def test_closing_line_value_has_as_n_the_bets_where_it_was_measurable() -> None:
    rows = [fact(0), fact(1)]
    said = [word(rows[0], clv_points=1.5, clv_prob=0.04), word(rows[1], clv_points=None, clv_prob=None)]
    total = figures(*tables(rows, said)).systems["one"].pooled.picks.total
    assert (total.bets, total.clv_points.n, total.clv_points.mean, total.clv_prob.mean) == (2, 1, 1.5, 0.04)


def test_a_pass_is_a_side_and_no_recommendation() -> None:
    row = fact(0)
    found = figures(*tables([row], [word(row, recommendation="PASS")])).systems["one"].pooled
    assert (found.picks.total.bets, found.sides.total.bets, found.sides.total.won) == (0, 1, 1)


def test_an_edge_starts_its_bucket() -> None:
    edges = np.array([-0.5, -1e-9, 0.0, 0.0199, 0.02, 0.04, 0.0599, 0.06, 0.9, np.nan])
    assert [PROBABILITY_BUCKETS[index] for index in probability_bucket(edges)] == [
        *("<0", "<0", "[0,.02)", "[0,.02)", "[.02,.04)", "[.04,.06)", "[.04,.06)", "[.06,)", "[.06,)", "no price")
    ]
    assert [TIERS[index] for index in tier(np.array([0.5, 9.5, 10.0, 14.5, 15.0, 24.5, 25.0]))] == [
        *("<10", "<10", "[10,15)", "[10,15)", "[15,20)", "[20,25)", "[25,)")
    ]


def season(size: int, right: int, whole: int = 21) -> Figures:
    """Lined player-games of which a system is right on so many of a hundred."""
    rows = [fact(number, actual_points=21.0 if number % 100 < right else 16.0, game_date=date(2024, 11, 4)) for number in range(size)]
    return figures(*tables(rows, [word(row, predicted_whole=whole) for row in rows]))


def test_a_system_that_knows_the_outcome_raises_the_alarm_by_its_error_and_by_its_bets() -> None:
    rows = [
        fact(number, actual_points=float(5 + number % 30), game_date=date(2024, 11, 4) + timedelta(days=number % 50))
        for number in range(400)
    ]
    said = [
        word(
            row,
            predicted_whole=int(row["actual_points"]),
            side="OVER" if row["actual_points"] > row["line"] else "UNDER",
            recommendation="OVER",
        )
        for row in rows
    ]
    for row, about in zip(said, rows, strict=True):
        row |= {"recommendation": row["side"], "result": "WIN", "side_result": "WIN", "predicted_points": about["actual_points"]}
    alarms = figures(*tables(rows, said)).systems["one"].alarms
    assert {alarm.threshold for alarm in alarms} == {0.6, -0.15}
    assert alarms[0].of == "MAE less the line's, all seasons"
    assert (alarms[0].n, alarms[1].of, alarms[1].value, alarms[1].n) == (400, "hit rate of recommendations", 1.0, 400)


@pytest.mark.parametrize(
    ("size", "right", "raised"),
    [(300, 61, True), (299, 61, False), (300, 60, False)],
    ids=["above 60 % of 300", "a bet too few", "60 % and not above"],
)
def test_a_hit_rate_raises_the_alarm_above_60_percent_over_300_bets(size: int, right: int, raised: bool) -> None:
    assert any("hit rate" in alarm.of for alarm in season(size, right).systems["one"].alarms) == raised


@pytest.mark.parametrize(("whole", "raised"), [(19, False), (20, True)], ids=["by .1", "by .3"])
def test_an_error_raises_the_alarm_more_than_15_hundredths_below_the_lines(whole: int, raised: bool) -> None:
    # On 60 of 100 rows the outcome is 21, 2.5 above the line; on 40 it is 16, 2.5 below.
    found = season(100, 60, whole).systems["one"]
    assert found.pooled.lined.line.difference == near({19: 0.6 * -0.5 + 0.4 * 0.5, 20: 0.6 * -1.5 + 0.4 * 1.5}[whole])
    assert [alarm.threshold for alarm in found.alarms] == [-0.15] * raised


def test_an_honest_system_raises_no_alarm() -> None:
    assert season(400, 54, 19).systems["one"].alarms == ()


def test_weeks_begin_on_mondays_and_hold_every_lined_row_once() -> None:
    facts, said = at_random(11, 60, ("one",))
    weeks = figures(*tables(facts, said)).systems["one"].series.weeks
    rows = [
        row for row in joined(facts, said, "one", None) if row["facts"]["line"] is not None and row["facts"]["actual_points"] is not None
    ]
    by_week: dict[str, list[float]] = {}
    for row in rows:
        day = row["facts"]["game_date"]
        by_week.setdefault(str(day - timedelta(days=day.weekday())), []).append(abs(row["predicted_whole"] - row["facts"]["actual_points"]))
    assert dict(zip(weeks.week, weeks.n, strict=True)) == {week: len(misses) for week, misses in by_week.items()}
    assert dict(zip(weeks.week, weeks.mae, strict=True)) == {week: near(sum(misses) / len(misses)) for week, misses in by_week.items()}


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)))
def test_a_monday_is_pythons(day: date) -> None:
    assert str(monday(np.array([day], dtype="datetime64[D]"))[0]) == str(day - timedelta(days=day.weekday()))


def test_units_by_date_add_up_to_the_record() -> None:
    found = figures(*tables(*at_random(23, 80))).systems["one"]
    units, total = found.series.units, found.pooled.picks.total
    assert (sum(units.bets), sum(units.under_bets)) == (total.roi.n, total.under.roi.n)
    assert sum(units.units) == near(total.units)
    assert list(units.day) == sorted(set(units.day))


def test_a_player_game_said_twice_by_one_system_is_refused() -> None:
    row = fact(0)
    with pytest.raises(BadInput, match="1 predictions of one system for one player-game stand twice in `said`"):
        figures(*tables([row], [word(row), word(row)]))
    with pytest.raises(BadInput, match="1 player-games stand twice in `facts`"):
        figures(*tables([row, row], []))


def test_what_was_said_of_nobody_is_refused_by_name() -> None:
    row = fact(0)
    with pytest.raises(BadInput, match="1 of 2 rows of `said` have no row in `facts`; the first is one, game0, somebody"):
        figures(*tables([row], [word(row), word(row, player_lookup="somebody")]))


def test_a_missing_column_is_named() -> None:
    facts, said = tables([fact(0)], [])
    with pytest.raises(BadInput, match="`facts` lacks line"):
        figures(facts.drop_columns(["line"]), said)
    with pytest.raises(BadInput, match="`said` lacks crps, clv_prob"):
        figures(facts, said.drop_columns(["crps", "clv_prob"]))


def test_at_the_prices_of_a_consensus_nobody_bets() -> None:
    """Two wins alike, one at a book and one at a consensus: both are hits, and only the book's has made money."""
    about = [fact(0), fact(1)]
    facts, said = tables(about, [word(about[0]), word(about[1], units=None, side_units=None)])
    said = said.append_column("line_kind", pa.array(["sportsbook", "consensus"]))
    total = figures(facts, said).systems["one"].pooled.picks.total
    assert (total.bets, total.hit_rate.n, total.priced_hit_rate.n) == (2, 2, 1)
    assert (total.roi.n, total.under.roi.n) == (1, 1)
