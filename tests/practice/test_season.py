from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from tipoff.errors import BadInput
from tipoff.names import TEAMS
from tipoff.practice import Season, simulate


def test_the_same_seed_gives_the_same_season(season: Season) -> None:
    again = simulate(7)
    assert again.games == season.games
    assert again.players == season.players
    assert again.news == season.news
    assert np.array_equal(again.played.stats, season.played.stats)
    assert np.array_equal(again.truth.points, season.truth.points)


def test_another_seed_gives_another_season(season: Season) -> None:
    other = simulate(8)
    assert other.players[0].name != season.players[0].name
    assert not set(other.by_event) & set(season.by_event)


def test_a_game_is_found_by_each_of_its_three_ids(season: Season) -> None:
    game = season.games[321]
    assert season.game(game.game_id) is season.game(game.league_id) is season.game(game.event_id) is game
    assert game.game_id == f"{game.game_date:%Y%m%d}_{game.away}_{game.home}"
    with pytest.raises(BadInput, match="no game"):
        season.game("20260101_XXX_YYY")


def test_ids_are_distinct_and_of_the_practice_league(season: Season) -> None:
    assert len(season.by_event) == len(season.by_league_id) == len(season.by_game_id) == 1230
    assert all(len(name) == 10 and name.startswith("99225") for name in season.by_league_id)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in season.by_event)


def test_the_slate_of_a_date_and_the_roster_of_a_team(season: Season) -> None:
    slate = season.games_on(season.games[600].game_date)
    assert season.games[600] in slate
    assert season.games_on(date(2026, 2, 15)) == ()
    assert all(len(season.roster(team, date(2026, 1, 1))) == 15 for team in TEAMS)


def test_a_player_s_status_is_the_newest_report_at_the_instant(season: Season) -> None:
    item = season.news[1000]
    player = season.players[item.player]
    seen = season.status(player, item.at)
    assert seen is not None
    assert seen.at == item.at
    before = season.status(player, item.at - timedelta(minutes=1))
    assert before is None or before.at < item.at
    assert season.status(player, season.news[0].at - timedelta(days=1)) is None


def test_stars_score_like_stars(season: Season) -> None:
    played = season.played.stats[..., 6].sum(axis=2) > 0
    games = np.bincount(season.sheets.slots[played], minlength=450)
    means = np.bincount(season.sheets.slots[played], weights=season.points[played], minlength=450) / np.maximum(games, 1)
    assert 23 < means.max() < 34
    assert 40 < season.points.max() < 80
