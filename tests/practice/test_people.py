from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tipoff.names import player_lookup, without_suffix
from tipoff.practice import Season


def test_no_two_of_the_450_players_could_be_mistaken_for_each_other(season: Season) -> None:
    assert len({without_suffix(player.lookup) for player in season.players}) == 450
    assert len({player.person_id for player in season.players}) == 450


def test_some_names_have_accents_and_some_a_suffix(season: Season) -> None:
    written = "".join(player.name for player in season.players)
    assert all(letter in written for letter in "Žéøı")
    assert any(player.name.endswith("Jr.") for player in season.players)
    assert any(player.name.endswith("III") for player in season.players)


def test_no_name_is_a_real_player_s(season: Season, recorded: Callable[[str], Any]) -> None:
    real = recorded("nba-stats/player_list.json")["resultSets"][0]
    first, last = (real["headers"].index(f"PLAYER_{part}_NAME") for part in ("FIRST", "LAST"))
    names = {player_lookup(f"{row[first]} {row[last]}") for row in real["rowSet"]}
    assert len(names) > 50
    assert not names & {player.lookup for player in season.players}


def test_a_healthy_team_s_roles_fill_240_minutes(season: Season) -> None:
    for first in range(0, 450, 15):
        team = season.players[first : first + 15]
        assert sum(player.role_minutes for player in team) == pytest.approx(240)
        assert all(26 < player.role_minutes < 40 for player in team[:5])
        assert all(player.role_minutes < 9 for player in team[9:])


def test_the_shares_of_a_player_s_ends_add_up_to_one(season: Season) -> None:
    for player in season.players:
        assert player.two_share + player.three_share + player.foul_share == pytest.approx(1)
        assert 0.7 < player.points_per_end < 1.5
