"""What may not be published: a slate that strays as one, a fleet that is too small, and from when on a model is stale."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tipoff.predict.guard import GUARD_MEAN, GUARD_ROWS, batch_guard, days_since, halt, staleness


def sided(rows: int, above: int, size: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """So many margins, `above` of them over the line, all of one size."""
    return np.where(np.arange(rows) < above, size, -size)


class TestTheBatchGuard:
    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_slate_that_strays_as_one_is_blocked_whatever_the_past_was(self, sign: int) -> None:
        for past in (None, sign * 1.6, float("nan")):
            assert f"stray from the lines by {sign * 1.6:+.2f}" in batch_guard(np.full(GUARD_ROWS, sign * 1.6), past)

    def test_at_the_limit_it_is_not(self) -> None:
        assert batch_guard(np.full(40, GUARD_MEAN)) == ""

    @pytest.mark.parametrize(
        ("above", "past", "blocked"),
        [
            (96, 2.35, True),
            (96, -0.2, True),
            (95, -0.2, False),
            (96, 0.4, False),
            (96, None, False),
            (96, float("nan"), False),
            (50, -1.5, False),
            (4, 0.2, True),
            (4, -0.4, False),
        ],
    )
    def test_a_slate_on_one_side_is_blocked_only_where_it_strays_from_its_own_past(
        self, above: int, past: float | None, blocked: bool
    ) -> None:
        told = batch_guard(sided(100, above, 1.4), past)
        assert bool(told) == blocked
        if blocked:
            assert f"96.0% of its 100 lined predictions are {'above' if above > 50 else 'below'} the line" in told

    def test_fewer_than_thirty_with_a_line_are_not_judged(self) -> None:
        margins = np.concatenate([np.full(GUARD_ROWS - 1, 5.0), np.full(50, np.nan)])
        assert batch_guard(margins, -5.0) == ""

    def test_who_was_blocked_for_the_slate_stays_so_while_too_few_are_left_to_judge_him_anew(self) -> None:
        assert batch_guard(np.full(GUARD_ROWS - 1, 0.1), held=True).startswith("batch guard: it was blocked for this slate")
        assert batch_guard(np.full(GUARD_ROWS, 0.1), held=True) == ""


class TestTheHalt:
    @pytest.mark.parametrize(
        ("blocked", "halted"), [([], False), (["a"], False), (["a", "b"], True), (["a", "b", "c", "d"], True), (["x", "y"], False)]
    )
    def test_a_fleet_of_which_fewer_than_three_are_left_is_halted(self, blocked: list[str], halted: bool) -> None:
        assert (halt("abcd", blocked) is not None) == halted

    def test_it_says_who_is_blocked_and_how_many_are_left(self) -> None:
        assert halt(["c", "a", "b"], ["b", "a"]) == "fleet_blocked: a, b blocked, 1 of 3 systems remain"

    def test_a_fleet_that_never_had_three_is_not_halted_for_that(self) -> None:
        assert halt(["a", "b"], []) is None


@pytest.mark.parametrize(
    ("days", "alert"),
    [
        (None, None),
        (-3, None),
        (7, None),
        (8, "notice"),
        (10, "notice"),
        (11, "warning"),
        (14, "warning"),
        (15, "critical"),
        (400, "critical"),
    ],
)
def test_a_model_is_stale_from_eight_eleven_and_fifteen_days_on(days: int | None, alert: str | None) -> None:
    assert staleness(days) == alert


def test_days_since_training_are_counted_and_never_made_up() -> None:
    """A refit of Monday the 3rd, which learnt from Sunday: on the next Monday it is no alert before the next one is made."""
    sunday = date(2025, 11, 2)
    assert [days_since(sunday, date(2025, 11, day)) for day in (3, 5, 10, 11)] == [0, 2, 7, 8]
    assert [staleness(days_since(sunday, date(2025, 11, day))) for day in (10, 11)] == [None, "notice"]
    assert days_since(None, date(2025, 11, 5)) is None
