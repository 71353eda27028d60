"""Projected minutes: the kernel against the slow reference, and what the words of its module promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.slow_minutes import Man, slow_minutes
from tipoff.analyze.minutes import (
    GAMES_BACK,
    NO_GAMES,
    NOT_COVERED,
    OUT,
    Matrix,
    Sheets,
    chance_to_play,
    games_missed_class,
    projected_minutes,
    why_none,
)
from tipoff.analyze.past import Floats
from tipoff.errors import BrokenInvariant

_played = st.floats(0.5, 53, allow_nan=False).map(lambda value: round(value, 2))
_chance = st.sampled_from((0.0, 0.1, 0.46, 0.55, 0.94, 1.0))


@st.composite
def _man(draw: st.DrawFn, team_season_games: int, team_games: int) -> Man:
    here = draw(st.integers(0, team_games))
    minutes: list[float | None] = [draw(st.one_of(st.just(0.0), _played)) for _ in range(here)]
    return Man(
        own_minutes=draw(st.lists(_played, max_size=GAMES_BACK)),
        own_season_games=draw(st.integers(0, GAMES_BACK)),
        team_minutes=minutes + [None] * (GAMES_BACK - here),
        team_started=[draw(st.booleans()) if value else False for value in minutes] + [False] * (GAMES_BACK - here),
        team_season_games=team_season_games,
        days_since_last=draw(st.one_of(st.none(), st.integers(1, 40))),
        chance=draw(_chance),
    )


@st.composite
def _side(draw: st.DrawFn) -> list[Man]:
    games, season_games = draw(st.integers(0, GAMES_BACK)), draw(st.integers(0, GAMES_BACK))
    side = draw(st.lists(_man(season_games, games), min_size=1, max_size=6))
    return [replace(man, chance=None) for man in side] if draw(st.integers(0, 9)) == 0 else side


def _padded(values: Sequence[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in values] + [np.nan] * (GAMES_BACK - len(values))


def _matrix(rows: list[list[float]]) -> Matrix:
    return np.array(rows, dtype=np.float64).reshape(len(rows), GAMES_BACK)


def sheets_of(sides: Sequence[Sequence[Man]]) -> tuple[Sheets, Floats]:
    """The sides as the kernel takes them, and chances to play."""
    men = [man for side in sides for man in side]
    return Sheets(
        side=np.repeat(np.arange(len(sides), dtype=np.int64), [len(side) for side in sides]),
        own_minutes=_matrix([_padded(man.own_minutes) for man in men]),
        own_season_games=np.array([man.own_season_games for man in men], dtype=np.float64),
        team_minutes=_matrix([_padded(man.team_minutes) for man in men]),
        team_started=_matrix([[float(started) for started in man.team_started] for man in men]),
        team_season_games=np.array([man.team_season_games for man in men], dtype=np.float64),
        days_since_last=np.array(_padded([man.days_since_last for man in men])[: len(men)], dtype=np.float64),
    ), np.array(_padded([man.chance for man in men])[: len(men)], dtype=np.float64)


def regular(minutes: float, *, starts: bool = True, chance: float = 1.0, missed: Sequence[int] = ()) -> Man:
    """Somebody who always plays so long, but for the games missed (0 the newest)."""
    played = [0.0 if back in missed else minutes for back in range(GAMES_BACK)]
    return Man(
        own_minutes=[minutes] * (GAMES_BACK - len(missed)),
        own_season_games=GAMES_BACK,
        team_minutes=played,
        team_started=[starts and value > 0 for value in played],
        team_season_games=GAMES_BACK,
        days_since_last=2 + 2 * min(set(range(GAMES_BACK)) - set(missed)),
        chance=chance,
    )


ROTATION = (*(regular(34) for _ in range(5)), *(regular(70 / 4, starts=False) for _ in range(4)))
"""Nine who share out 240 minutes, game after game."""


@given(st.lists(_side(), min_size=1, max_size=4))
def test_the_kernel_agrees_with_one_side_at_a_time_in_plain_python(sides: list[list[Man]]) -> None:
    sheets, chance = sheets_of(sides)
    expected = [value for side in sides for value in slow_minutes(side)]
    np.testing.assert_allclose(projected_minutes(sheets, chance), np.array(_padded(expected)[: len(expected)]), rtol=1e-9, atol=1e-9)


@given(st.lists(_side(), min_size=2, max_size=6))
def test_a_side_alone_gives_the_same_bits_as_among_others(sides: list[list[Man]]) -> None:
    together = projected_minutes(*sheets_of(sides))
    alone = np.concatenate([projected_minutes(*sheets_of([side])) for side in sides])
    assert together.tobytes() == alone.tobytes()


def test_a_night_alone_gives_the_same_bits_as_a_season() -> None:
    random = np.random.default_rng(5)
    sides = [
        [
            regular(float(random.uniform(3, 40)), chance=float(random.choice([0, 0.55, 0.94])), missed=random.permutation(9)[:3].tolist())
            for _ in range(int(random.integers(9, 19)))
        ]
        for _ in range(300)
    ]
    sheets, chance = sheets_of(sides)
    season = projected_minutes(sheets, chance)
    for first in range(0, 300, 7):
        rows = np.isin(sheets.side, np.arange(first, first + 3))
        night = Sheets(*(getattr(sheets, field.name)[rows] for field in fields(Sheets)))
        assert projected_minutes(night, chance[rows]).tobytes() == season[rows].tobytes()


def test_a_settled_rotation_is_expected_to_play_as_it_always_did() -> None:
    values = projected_minutes(*sheets_of([ROTATION]))
    assert values == pytest.approx([34.0] * 5 + [17.5] * 4, abs=1.0)
    assert values.sum() == pytest.approx(240, abs=3.0)


def test_what_a_starter_leaves_goes_to_the_others_and_most_to_the_bench() -> None:
    before = projected_minutes(*sheets_of([ROTATION]))
    after = projected_minutes(*sheets_of([[replace(ROTATION[0], chance=0.0), *ROTATION[1:]]]))
    assert np.isnan(after[0])
    more = after[1:] - before[1:]
    assert (more > 0).all()
    assert more[4:].min() > more[:4].max()


def test_games_in_which_the_absent_one_was_absent_count_for_more() -> None:
    star = regular(36, chance=0.0, missed=(3, 4))
    deputy = replace(regular(12, starts=False), team_minutes=[30.0 if back in (3, 4) else 12.0 for back in range(GAMES_BACK)])
    others = [regular(30) for _ in range(6)]
    without, beside = (projected_minutes(*sheets_of([[replace(star, chance=chance), deputy, *others]]))[1] for chance in (0.0, 1.0))
    assert without > beside + 3


def test_a_doubtful_mate_leaves_less_than_one_who_is_out() -> None:
    values = [projected_minutes(*sheets_of([[replace(ROTATION[0], chance=chance), *ROTATION[1:]]]))[5] for chance in (0.0, 0.1, 0.55, 0.94)]
    assert values == sorted(values, reverse=True)


def test_who_comes_back_from_a_long_absence_is_expected_to_play_less() -> None:
    back = regular(34, missed=range(12))
    assert projected_minutes(*sheets_of([[back, *ROTATION[1:]]]))[0] < 31


def test_why_there_is_no_value_is_told() -> None:
    unseen = replace(ROTATION[0], own_minutes=[], team_minutes=[None] * GAMES_BACK)
    silent = [replace(man, chance=None) for man in ROTATION]
    sheets, chance = sheets_of([[replace(ROTATION[0], chance=0.0), unseen, ROTATION[2]], silent])
    assert why_none(sheets, chance).tolist() == [OUT, NO_GAMES, "", *[NOT_COVERED] * 9]
    assert np.isnan(projected_minutes(sheets, chance)).tolist() == [True, True, False, *[True] * 9]


def test_a_chance_is_what_the_report_says_and_else_what_his_absences_say() -> None:
    gone = replace(regular(34, missed=range(5)), own_season_games=0)
    sheets, _ = sheets_of([[*ROTATION[:6], regular(12, missed=range(5)), gone]])
    status = np.array(["out", "doubtful", "questionable", "probable", "available", "", "", ""], dtype=object)
    chance = chance_to_play(sheets, status)
    assert chance[0] == 0
    assert (np.diff(chance[:5]) > 0).all()
    assert chance[5] > chance[6] > chance[7]
    assert np.isnan(chance_to_play(sheets, np.full(8, None, dtype=object))).all()


def test_a_status_that_nobody_knows_is_refused() -> None:
    sheets, _ = sheets_of([[ROTATION[0]]])
    with pytest.raises(BrokenInvariant, match="day-to-day"):
        chance_to_play(sheets, np.array(["day-to-day"], dtype=object))


def test_games_before_he_joined_are_not_missed() -> None:
    new = replace(ROTATION[0], team_minutes=[0.0, *[None] * (GAMES_BACK - 1)])
    sheets, _ = sheets_of([[new, regular(20, missed=(0, 1))]])
    assert games_missed_class(sheets).tolist() == [1, 2]


def test_rows_of_a_side_that_lie_apart_are_refused() -> None:
    sheets, _ = sheets_of([ROTATION, ROTATION])
    with pytest.raises(BrokenInvariant, match="neighbours"):
        replace(sheets, side=np.arange(18) % 2)


def test_matrices_of_another_width_are_refused() -> None:
    sheets, _ = sheets_of([ROTATION])
    with pytest.raises(BrokenInvariant, match="9 x 20"):
        replace(sheets, team_minutes=sheets.team_minutes[:, :10])


def test_no_rows_give_no_values() -> None:
    assert projected_minutes(*sheets_of([])).shape == (0,)
