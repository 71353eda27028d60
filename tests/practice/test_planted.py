"""The planted signal, measured without any model: it is there where the rules say, of the size they say, and no book knows."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

import numpy as np
import pytest

from practice.lined import Lined, difference, lined, planted_size, true_over
from tipoff.errors import BadInput
from tipoff.practice import Rules, Season, simulate
from tipoff.practice.rules import PlantedWhen
from tipoff.rates import clustered_mean

SEED, SIZE = 7, 1.5
EVERYWHERE: tuple[PlantedWhen, ...] = get_args(PlantedWhen)


@lru_cache(maxsize=8)
def season_with(points: float, when: PlantedWhen) -> Season:
    return simulate(SEED, Rules(planted_points=points, planted_when=when))


@pytest.fixture(scope="module")
def lines(season: Season) -> Lined:
    """Of a whole season without a signal; those with one have the same (`test_books_ignore_the_planted_signal`)."""
    return lined(season, range(200))


@pytest.mark.parametrize("when", EVERYWHERE)
def test_switched_off_it_changes_nothing_to_the_bit_wherever_it_would_apply(season: Season, when: PlantedWhen) -> None:
    off = season_with(0.0, when)
    assert np.array_equal(off.played.stats, season.played.stats)
    assert np.array_equal(off.truth.points, season.truth.points)
    assert np.array_equal(off.unplanted.points, season.truth.points)
    assert (off.games, off.news, off.players) == (season.games, season.news, season.players)


@pytest.mark.parametrize("when", EVERYWHERE)
def test_a_season_tells_to_the_bit_what_would_be_expected_without_it(season: Season, when: PlantedWhen) -> None:
    assert np.array_equal(season_with(SIZE, when).unplanted.points, season.truth.points)


def test_a_place_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadInput, match="planted_when is 'on_the_moon'"):
        Rules(planted_when="on_the_moon")  # type: ignore[arg-type]


@pytest.mark.parametrize(("when", "share"), [("rested", 0.27), ("at_home", 0.49)])
def test_points_stray_from_the_line_by_its_size_where_it_applies(lines: Lined, when: PlantedWhen, share: float) -> None:
    """A season: 17,000 player-games with a line and court time."""
    season = season_with(SIZE, when)
    chosen = lines.who_played(season)
    on = chosen.of(season.truth.extra) > 0
    found = difference(chosen.of(season.points) - chosen.line, on, chosen.days)
    size = planted_size(season, chosen)
    assert found.n > 16_000
    assert on.mean() == pytest.approx(share, abs=0.02)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low < 0.5
    assert found.low < size < found.high
    assert found.low > 1
    assert size == pytest.approx(SIZE, abs=0.06)


@pytest.mark.parametrize("when", EVERYWHERE)
def test_switched_off_points_stray_from_the_line_alike_everywhere(lines: Lined, season: Season, when: PlantedWhen) -> None:
    chosen = lines.who_played(season)
    on = chosen.of(season_with(SIZE, when).truth.extra) > 0
    found = difference(chosen.of(season.points) - chosen.line, on, chosen.days)
    assert found.n > 16_000
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


@pytest.mark.parametrize("when", EVERYWHERE)
def test_the_truth_knows_how_often_the_line_is_beaten_where_it_applies(lines: Lined, when: PlantedWhen) -> None:
    season = season_with(SIZE, when)
    chosen = lines.who_played(season)
    chosen = chosen.take(chosen.of(season.truth.extra) > 0)
    chosen = chosen.take(chosen.of(season.points) != chosen.line)
    beaten = (chosen.of(season.points) > chosen.line).astype(np.float64)
    missed = clustered_mean(beaten - true_over(season, chosen), chosen.days)
    assert missed.n > 4_000
    assert missed.low is not None
    assert missed.high is not None
    assert missed.low < 0 < missed.high
    assert true_over(season_with(0.0, when), chosen).mean() < 0.5


def test_a_known_chance_is_the_season_s_own(lines: Lined) -> None:
    season = season_with(SIZE, "at_home")
    chosen = lines.take(np.arange(len(lines.rows)) % 400 == 0)
    for row, slot, line, over in zip(chosen.rows, chosen.slots, chosen.line, true_over(season, chosen), strict=True):
        player, game = season.players[season.sheets.slots[row, slot]], season.games[row // 2]
        above, _, below = season.true_chance(player, game, float(line))
        assert over == pytest.approx(above / (above + below))


@pytest.mark.parametrize(("points", "rings"), [(1.5, False), (2.0, True)])
def test_who_bets_on_it_alone_rings_the_leak_alarm_from_two_points_on(lines: Lined, points: float, rings: bool) -> None:
    """A hit rate above 60 % over 300 bets or more, by the truth: the alarm is right about a signal that no league leaves lying about."""
    season = season_with(points, "at_home")
    chosen = lines.who_played(season)
    chosen = chosen.take(chosen.of(season.truth.extra) > 0)
    assert len(chosen.rows) > 300
    assert (true_over(season, chosen).mean() > 0.60) == rings
