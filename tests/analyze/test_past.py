"""Facts at the very moments at which they begin and cease to count."""

from __future__ import annotations

import numpy as np
import pytest

from tipoff.analyze.past import NEVER, Asked, Facts, Ints

DAY = 86_400_000_000
TIP, KNOWN, CORRECTED = 500 * DAY, 501 * DAY, 503 * DAY


def ints(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


FACTS = Facts(
    key=ints(7, 7),
    at=ints(TIP, TIP),
    day=ints(500, 500),
    known=ints(KNOWN, CORRECTED),
    until=ints(CORRECTED, NEVER),
    columns={"points": ints(20, 22)},
)
"""A game of 20 points, which are 22 once they are corrected."""


def points(*, before: int = 510 * DAY, as_of: int = 510 * DAY, day: int = 510, reach: int = 400, key: int = 7) -> list[int]:
    """What is known of somebody's games, newest first; and the newest is the first of them."""
    asked = Asked(ints(key), ints(before), ints(as_of), ints(day))
    found: list[int] = FACTS.known(asked, reach)["points"].tolist()
    [place] = FACTS.newest(asked, reach)
    assert FACTS.columns["points"][place : place + 1].tolist() == found[:1]
    return found


@pytest.mark.parametrize(
    ("as_of", "expected"), [(KNOWN - 1, []), (KNOWN, [20]), (CORRECTED - 1, [20]), (CORRECTED, [22]), (CORRECTED + 1, [22])]
)
def test_of_the_versions_of_a_game_one_is_in_force_from_when_it_is_known_until_the_next_is(as_of: int, expected: list[int]) -> None:
    assert points(as_of=as_of) == expected


@pytest.mark.parametrize(("day", "expected"), [(900, [22]), (901, [])])
def test_the_last_day_within_reach_counts(day: int, expected: list[int]) -> None:
    assert points(before=day * DAY, as_of=day * DAY, day=day) == expected


@pytest.mark.parametrize(("before", "expected"), [(TIP, []), (TIP + 1, [22])])
def test_a_game_is_past_for_what_comes_after_its_tip_alone(before: int, expected: list[int]) -> None:
    assert points(before=before) == expected


def test_nobody_has_no_past() -> None:
    assert points(key=-1) == points(key=8) == []
