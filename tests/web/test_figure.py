"""The figures' geometry, and numbers in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tipoff.publish.documents import LastTen, Opinion
from tipoff.web import words
from tipoff.web.figure import HEIGHT, WIDTH, bars, curve


def _opinion(predicted: float, line: float | None, sd: float = 6.0) -> Opinion:
    shares = {"p_over": 0.5, "p_push": 0.0, "p_under": 0.5} if line is not None else {"p_over": None, "p_push": None, "p_under": None}
    rest = dict.fromkeys(("bookmaker", "over_price", "under_price", "price", "edge", "line_margin", "recommendation", "result"))
    return Opinion.model_validate({"system_id": "s", "predicted": predicted, "mean": predicted, "sd": sd, "line": line, **shares, **rest})


@pytest.mark.parametrize(("predicted", "line"), [(25.1, 24.5), (3.0, 4.5), (0.4, 0.5), (44.0, 12.5), (12.0, None)])
def test_a_curve_stays_in_its_box_with_the_line_in_the_middle(predicted: float, line: float | None) -> None:
    drawn = curve(_opinion(predicted, line), actual=70)
    assert drawn is not None
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", drawn.outline)]
    assert all(0 <= x <= WIDTH for x in numbers[::2])
    assert all(0 <= y <= HEIGHT for y in numbers[1::2])
    assert drawn.line_x == (WIDTH / 2 if line is not None else None)
    assert drawn.actual_x == WIDTH - 3


def test_a_curve_leans_where_its_median_does() -> None:
    over, under = curve(_opinion(26.0, 24.5), None), curve(_opinion(23.0, 24.5), None)
    assert over is not None
    assert under is not None
    assert (over.leans_over, under.leans_over) == (True, False)
    assert over.median_x > WIDTH / 2 > under.median_x


def test_without_a_distribution_there_is_no_curve() -> None:
    assert curve(_opinion(20.0, 20.5).model_copy(update={"sd": None}), None) is None


def test_bars_run_from_the_oldest_game_to_the_newest() -> None:
    drawn = bars(LastTen(points=[30.0, 10.0], minutes=[30.0, 20.0], lines=[20.5, None], results=["OVER", None]))
    assert [(bar.result, bar.label) for bar in drawn] == [("none", "10 points, no line"), ("over", "30 points, line 20.5")]
    assert drawn[1].height == 44


def test_a_missing_number_is_a_dash_and_a_zero_is_a_zero() -> None:
    assert (words.points(None), words.points(0.0), words.signed(0.0), words.signed(-1.5)) == ("–", "0.0", "0.0", "−1.5")
    assert [words.moved(value) for value in (None, 0.0, 0.5, -0.25, 0.75)] == ["–", "0.0", "+0.5", "−0.25", "+0.75"]
    assert words.percent(None) == "–"


def test_tips_are_told_in_new_york_time_in_winter_and_in_summer() -> None:
    assert words.eastern(datetime(2031, 2, 13, 0, 30, tzinfo=UTC)) == "7:30 PM"
    assert words.eastern(datetime(2031, 6, 13, 0, 30, tzinfo=UTC)) == "8:30 PM"


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "less than a minute"), (1, "1 minute"), (59, "59 minutes"), (60, "1 hour"), (3000, "2 days")]
)
def test_an_age_is_told_roughly(minutes: int, said: str) -> None:
    start = datetime(2031, 2, 13, tzinfo=UTC)
    assert words.age(start, start + timedelta(minutes=minutes)) == said


def test_a_reason_is_told_in_words_without_its_brackets() -> None:
    assert words.reason("not_quality_ready(points_avg_last_5)") == "Inputs incomplete"
    assert words.reason("some_new_reason") == "Some new reason"
