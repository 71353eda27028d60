from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np

from tipoff.practice import Season
from tipoff.practice.fixtures import DAYS, FIRST_DAY


def test_every_team_has_fifteen_players_on_every_day(season: Season) -> None:
    for day in range(DAYS):
        assert (np.bincount(season.teams[:, day], minlength=30) == 15).all()


def test_a_trade_moves_players_for_good_and_their_sheets_follow(season: Season) -> None:
    moved = np.flatnonzero(season.teams[:, 0] != season.teams[:, -1])
    assert len(moved) == 2 * sum(count for _, count in season.rules.trades)
    for player in moved.tolist():
        rows = np.flatnonzero((season.sheets.slots == player).any(axis=1))
        played_for = {season.games[row // 2].day: (season.games[row // 2].home, season.games[row // 2].away)[row % 2] for row in rows}
        assert len(set(played_for.values())) == 2
        changes = sum(one != other for one, other in pairwise(team for _, team in sorted(played_for.items())))
        assert changes == 1
        for day, team in played_for.items():
            assert season.players[player] in season.roster(team, FIRST_DAY + timedelta(days=day))


def test_rest_is_counted_in_full_days_since_the_team_s_last_game(season: Season) -> None:
    last: dict[str, int] = {}
    for game in season.games:
        for side, team in enumerate((game.home, game.away)):
            expected = game.day - last[team] - 1 if team in last else -1
            assert season.sheets.rest_days[2 * game.index + side] == expected
            last[team] = game.day


def test_ability_drifts_slowly(season: Season) -> None:
    usage: dict[int, list[float]] = {}
    for row in range(len(season.sheets.slots)):
        for player, value in zip(season.sheets.slots[row], season.sheets.usage[row], strict=True):
            usage.setdefault(int(player), []).append(value)
    steps = np.concatenate([np.diff(np.log(values)) for values in usage.values()])
    assert 0.004 < steps.std() < 0.02
