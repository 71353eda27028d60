from __future__ import annotations

from collections import Counter
from statistics import correlation, fmean

from tipoff.practice import Season
from tipoff.practice.boxes import box
from tipoff.practice.shots import paint_share, tries


def test_every_players_tries_are_those_of_his_box_score(season: Season) -> None:
    for game in season.games[::60]:
        final = box(season, game)
        found = Counter((one.player.index, one.worth, one.made) for one in tries(season, game))
        for line in (*final.home, *final.away):
            mine = {(worth, made): found[line.player.index, worth, made] for worth in (1, 2, 3) for made in (True, False)}
            assert sum(mine[worth, True] for worth in (2, 3)) == line.fgm
            assert sum(mine[worth, made] for worth in (2, 3) for made in (True, False)) == line.fga
            assert (mine[3, True], mine[3, True] + mine[3, False]) == (line.fg3m, line.fg3a)
            assert (mine[1, True], mine[1, True] + mine[1, False]) == (line.ftm, line.fta)
        assert found.total() == sum(line.fga + line.fta for line in (*final.home, *final.away))


def test_they_come_in_order_the_same_at_every_call_and_of_their_own_team(season: Season) -> None:
    game = next(game for game in season.games if game.overtimes)
    found = tries(season, game)
    assert found == tries(season, game)
    assert list(found) == sorted(found, key=lambda one: (one.period, one.part))
    assert {one.period for one in found} == set(range(1, 5 + game.overtimes))
    sides = {line.player.index: line.team for line in (*box(season, game).home, *box(season, game).away)}
    assert all(one.team == sides[one.player.index] for one in found)


def test_a_player_shoots_from_where_it_is_his_habit_to(season: Season) -> None:
    twos: dict[int, list[bool]] = {}
    for game in season.games[:300]:
        for one in tries(season, game):
            if one.worth == 2:
                twos.setdefault(one.player.index, []).append(one.zone == "paint")
    met = [(paint_share(season, season.players[index]), fmean(found)) for index, found in twos.items() if len(found) >= 60]
    assert len(met) > 150
    assert correlation(*zip(*met, strict=True)) > 0.85
    assert abs(fmean(share for share, _ in met) - fmean(share for _, share in met)) < 0.01
