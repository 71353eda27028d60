"""Settling: each rule of the domain page's grading section, and a slow reference beside the fast path."""

from __future__ import annotations

import doctest
import math
from inspect import signature
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInput
from tipoff.grade import settle as settle_module
from tipoff.grade.metrics import hit_rate, hit_rate_by_edge, roi
from tipoff.grade.settle import Settlement, flat_units, settle
from tipoff.market.prices import STANDARD_PRICE

COLUMNS = list(signature(settle).parameters)


def one(**changes: Any) -> Settlement:
    """A winning OVER of 24.5 at 1.91, but for what is changed."""
    row: dict[str, Any] = {
        "predicted": 26.1,
        "actual_points": 27.0,
        "did_not_play": False,
        "minutes": 34.0,
        "recommendation": "OVER",
        "line": 24.5,
        "price": 1.91,
        "game_completed": True,
        "listed_out_before_tip": None,
        "reason": None,
    }
    return settle(**{**row, **changes})


def slow_settle(row: dict[str, Any]) -> dict[str, Any]:
    """The rules read aloud, one row at a time; None is missing."""
    found: dict[str, Any] = dict.fromkeys(Settlement.__dataclass_fields__)
    actual, line, side = row["actual_points"], row["line"], row["recommendation"]
    if line is not None:
        found["predicted_margin"] = row["predicted"] - line
    if not row["game_completed"]:
        found["void_reason"] = "game_not_completed"
    elif row["did_not_play"] or row["minutes"] == 0 or actual is None:
        words = row["reason"] or ""
        if row["listed_out_before_tip"] is True:
            found["void_reason"] = "dnp_injury_confirmed"
        elif row["listed_out_before_tip"] is False and words and "coach" not in words.lower():
            found["void_reason"] = "dnp_late_scratch"
        else:
            found["void_reason"] = "dnp_unknown"
    else:
        found["signed_error"] = row["predicted"] - actual
        found["absolute_error"] = abs(row["predicted"] - actual)
        if line is not None:
            found["actual_margin"] = actual - line
    if side in ("PASS", "NO_LINE"):
        return found
    if found["void_reason"]:
        return found | {"result": "VOID", "units": 0.0}
    if actual == line:
        return found | {"result": "PUSH", "units": 0.0}
    won = (actual > line) == (side == "OVER")
    price = row["price"]
    units = None if price is None else price - 1.0 if won else -1.0
    return found | {"result": "WIN" if won else "LOSS", "prediction_correct": won, "units": units}


def rows() -> st.SearchStrategy[dict[str, Any]]:
    base = st.fixed_dictionaries(
        {
            "predicted": st.floats(0.0, 60.0),
            "actual_points": st.one_of(st.none(), st.integers(18, 22).map(float)),
            "did_not_play": st.booleans(),
            "minutes": st.sampled_from([None, 0.0, 0.4, 31.0]),
            "recommendation": st.sampled_from(["OVER", "UNDER", "PASS", "NO_LINE"]),
            "line": st.sampled_from([19.5, 20.0, 20.5]),
            "price": st.sampled_from([None, 1.83, 1.91, 2.05]),
            "game_completed": st.sampled_from([True, True, True, False]),
            "listed_out_before_tip": st.sampled_from([None, True, False]),
            "reason": st.sampled_from([None, "", "DNP - Coach's Decision", "DND - Injury/Illness", "NWT - Personal"]),
        }
    )
    return base.map(lambda row: row | {"line": None} if row["recommendation"] == "NO_LINE" else row)


@given(st.lists(rows(), max_size=25))
def test_the_fast_answer_is_the_slow_one(table: list[dict[str, Any]]) -> None:
    found = settle(**{name: np.array([row[name] for row in table], dtype=object) for name in COLUMNS})
    for index, row in enumerate(table):
        for name, expected in slow_settle(row).items():
            value = getattr(found, name)[index]
            if isinstance(value, float):
                assert math.isnan(value) if expected is None else value == pytest.approx(expected, abs=1e-12), name
            else:
                assert value is expected or value == expected, name


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(settle_module).failed == 0


@pytest.mark.parametrize(
    ("side", "actual", "result", "units"),
    [
        ("OVER", 25.0, "WIN", 0.91),
        ("OVER", 24.0, "LOSS", -1.0),
        ("OVER", 24.5, "PUSH", 0.0),
        ("UNDER", 24.0, "WIN", 0.91),
        ("UNDER", 25.0, "LOSS", -1.0),
        ("UNDER", 24.5, "PUSH", 0.0),
    ],
)
def test_a_pick_is_settled_at_its_own_line_and_price(side: str, actual: float, result: str, units: float) -> None:
    found = one(recommendation=side, actual_points=actual)
    assert found.result.tolist() == [result]
    assert found.units.tolist() == pytest.approx([units])


def test_errors_and_margins_are_signed_as_the_domain_page_says() -> None:
    found = one(predicted=22.0, actual_points=27.0, line=24.5)
    assert found.signed_error.tolist() == [-5.0]
    assert found.absolute_error.tolist() == [5.0]
    assert found.predicted_margin.tolist() == [-2.5]
    assert found.actual_margin.tolist() == [2.5]


def test_an_over_is_won_by_the_outcome_and_not_by_the_prediction_being_near() -> None:
    found = one(predicted=40.0, actual_points=25.0)
    assert found.prediction_correct.tolist() == [True]
    assert found.absolute_error.tolist() == [15.0]


@pytest.mark.parametrize(
    "changes",
    [{"did_not_play": True}, {"minutes": 0.0}, {"actual_points": None}, {"actual_points": math.nan, "minutes": None}],
)
def test_a_player_without_court_time_is_void_and_returns_the_stake(changes: dict[str, Any]) -> None:
    found = one(**changes)
    assert found.result.tolist() == ["VOID"]
    assert found.void_reason.tolist() == ["dnp_unknown"]
    assert found.prediction_correct.tolist() == [None]
    assert found.units.tolist() == [0.0]
    assert np.isnan([found.signed_error, found.absolute_error, found.actual_margin]).all()


def test_zero_points_in_real_minutes_are_a_result() -> None:
    assert one(actual_points=0.0, minutes=2.5).result.tolist() == ["LOSS"]


def test_unknown_minutes_beside_points_are_court_time() -> None:
    assert one(minutes=None).result.tolist() == ["WIN"]


@pytest.mark.parametrize(
    ("listed_out", "reason", "expected"),
    [
        (True, None, "dnp_injury_confirmed"),
        (True, "DNP - Coach's Decision", "dnp_injury_confirmed"),
        (False, "DND - Right Ankle Sprain", "dnp_late_scratch"),
        (False, "DNP - COACH'S DECISION", "dnp_unknown"),
        (False, "  ", "dnp_unknown"),
        (False, None, "dnp_unknown"),
        (False, math.nan, "dnp_unknown"),
        (None, "DND - Right Ankle Sprain", "dnp_unknown"),
        (None, None, "dnp_unknown"),
    ],
)
def test_a_void_names_its_reason(listed_out: bool | None, reason: object, expected: str) -> None:
    found = one(actual_points=None, did_not_play=True, listed_out_before_tip=listed_out, reason=reason)
    assert found.void_reason.tolist() == [expected]


def test_a_player_who_played_has_no_void_reason_whatever_the_reports_said() -> None:
    assert one(listed_out_before_tip=True, reason="Injury").void_reason.tolist() == [None]


def test_a_game_that_was_not_completed_is_void_even_with_points_on_the_board() -> None:
    for completed in (False, None):
        found = one(game_completed=completed)
        assert (found.result.tolist(), found.void_reason.tolist()) == (["VOID"], ["game_not_completed"])
        assert np.isnan(found.signed_error).all()


@pytest.mark.parametrize("side", ["PASS", "NO_LINE"])
def test_pass_and_no_line_are_graded_for_error_only(side: str) -> None:
    found = one(recommendation=side, line=None if side == "NO_LINE" else 24.5, price=None)
    assert found.result.tolist() == [None]
    assert found.prediction_correct.tolist() == [None]
    assert found.signed_error.tolist() == pytest.approx([-0.9])
    assert np.isnan(found.units).all()


def test_a_pass_on_a_player_who_sat_out_is_not_forgotten() -> None:
    found = one(recommendation="PASS", actual_points=None)
    assert (found.result.tolist(), found.void_reason.tolist()) == ([None], ["dnp_unknown"])


def test_without_a_price_neither_a_win_nor_a_loss_has_units() -> None:
    found = one(actual_points=[27.0, 20.0, 24.5], price=[None, 1.0, math.nan])
    assert found.result.tolist() == ["WIN", "LOSS", "PUSH"]
    np.testing.assert_array_equal(found.units, [np.nan, np.nan, 0.0])


def test_the_same_picks_can_be_valued_at_minus_110_besides() -> None:
    found = flat_units(["WIN", "LOSS", "PUSH", "VOID", None], STANDARD_PRICE)
    np.testing.assert_allclose(found, [100 / 110, -1.0, 0.0, 0.0, np.nan])


def test_f53_pushes_and_voids_are_in_no_denominator_edges_are_absolute_and_an_under_pick_counts() -> None:
    predicted = np.array([27.0, 20.0, 27.0, 20.0, 21.0, 22.0])
    found = one(
        predicted=predicted,
        actual_points=[26.0, 26.0, 24.0, np.nan, 20.0, 20.0],
        recommendation=["OVER", "UNDER", "OVER", "UNDER", "UNDER", "PASS"],
        line=[24.5, 24.5, 24.0, 24.5, 24.5, 24.5],
        price=2.0,
    )
    assert found.result.tolist() == ["WIN", "LOSS", "PUSH", "VOID", "WIN", None]
    overall = hit_rate(found.result)
    assert (overall.wins, overall.n) == (2, 3)
    assert overall.rate == pytest.approx(2 / 3)
    returned = roi(found.result, found.units)
    assert returned.n == 3
    assert returned.value == pytest.approx(1 / 3)
    by_edge = hit_rate_by_edge(found.result, found.predicted_margin)
    assert {name: (rate.wins, rate.n) for name, rate in by_edge.items() if rate.n} == {"[1,3)": (1, 1), "[3,5)": (1, 2)}
    unders = found.predicted_margin < 0.0
    assert hit_rate(found.result[unders]).n == 2


def test_f54_settling_again_gives_the_same_and_a_correction_gives_the_corrected() -> None:
    assert one().result.tolist() == one().result.tolist() == ["WIN"]
    assert one(actual_points=24.0).result.tolist() == ["LOSS"]


def test_an_unknown_recommendation_is_refused_by_row() -> None:
    with pytest.raises(BadInput, match=r"1 of 2 .* unknown; the first is row 1, 'MAYBE'"):
        one(recommendation=["OVER", "MAYBE"])
    with pytest.raises(BadInput, match="unknown"):
        one(recommendation=None)


def test_a_pick_without_a_line_is_refused_rather_than_lost() -> None:
    with pytest.raises(BadInput, match=r"1 of 3 .* no line; the first is row 2, 'UNDER'"):
        one(recommendation=["OVER", "PASS", "UNDER"], line=[24.5, None, None])


def test_no_predictions_settle_to_nothing() -> None:
    found = settle(
        predicted=[], actual_points=[], did_not_play=[], minutes=[], recommendation=[], line=[], price=[],
        game_completed=[],
    )  # fmt: skip
    assert all(getattr(found, name).shape == (0,) for name in Settlement.__dataclass_fields__)
