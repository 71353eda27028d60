from __future__ import annotations

import numpy as np
import pytest

from tipoff.errors import BadInput
from tipoff.practice import Season
from tipoff.practice.expect import outlook, rows_of
from tipoff.practice.health import Absence
from tipoff.practice.odds_of_points import SUPPORT, distribution, survival


@pytest.fixture(scope="module")
def graded(season: Season) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distributions, expected and scored points of the regulars in every fourth game."""
    chances, expected, scored = [], [], []
    for game in season.games[::4]:
        pair = slice(2 * game.index, 2 * game.index + 2)
        weight = (season.health.absent[pair] == Absence.NONE).astype(float)
        sheets = rows_of(season.sheets, pair)
        seen = outlook(season.rules, sheets, weight)
        rows, slots = np.nonzero(seen.minutes > 14)
        chances.append(distribution(sheets, seen, weight, rows, slots))
        expected.append(seen.points[rows, slots])
        scored.append(season.points[pair][rows, slots])
    return np.concatenate(chances), np.concatenate(expected), np.concatenate(scored)


def test_a_distribution_sums_to_one_and_has_the_expected_mean(graded: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    chances, expected, _ = graded
    assert chances.sum(axis=1) == pytest.approx(1)
    assert (chances >= 0).all()
    assert abs(chances @ np.arange(SUPPORT) - expected).max() < 0.02


@pytest.mark.parametrize("offset", [-6, -3, 0, 3, 6])
def test_points_pass_a_line_as_often_as_the_distribution_says(graded: tuple[np.ndarray, np.ndarray, np.ndarray], offset: int) -> None:
    chances, expected, scored = graded
    at = np.maximum(np.floor(expected).astype(int) + 1 + offset, 1)
    claimed = survival(chances)[np.arange(len(at)), at]
    stray = (scored >= at) - claimed
    assert abs(stray.mean()) < 3.5 * np.sqrt((claimed * (1 - claimed)).sum()) / len(stray)


def test_points_are_spread_as_widely_as_the_distribution_says(graded: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    chances, _, scored = graded
    points = np.arange(SUPPORT)
    mean = chances @ points
    variance = chances @ points**2 - mean**2
    assert ((scored - mean) ** 2 / variance).mean() == pytest.approx(1, abs=0.09)


def test_the_season_tells_the_true_chances_of_a_player(season: Season) -> None:
    game = season.games[100]
    player = season.roster(game.home, game.game_date)[0]
    if season.absence(player, game):
        player = season.roster(game.home, game.game_date)[1]
    over, push, under = season.true_chance(player, game, 20.0)
    assert over + push + under == pytest.approx(1)
    assert push > 0
    assert season.true_chance(player, game, 19.5)[1] == 0
    assert season.true_distribution(player, game) @ np.arange(SUPPORT) == pytest.approx(season.true_expected(player, game), abs=0.02)
    stranger = next(p for p in season.players if p.first_team not in (game.home, game.away))
    with pytest.raises(BadInput, match="neither roster"):
        season.true_expected(stranger, game)
