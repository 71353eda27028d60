from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tipoff.practice import Season
from tipoff.practice.boxes import Box, BoxLine, box, progress
from tipoff.practice.play import FREE_MADE, FREE_TRIED, SECONDS, THREE_MADE, THREE_TRIED, TWO_MADE, TWO_TRIED


@pytest.fixture(scope="module")
def boxes(season: Season) -> list[Box]:
    """The final box scores of all games with overtime, and of every twentieth game."""
    return [box(season, game) for game in season.games if game.overtimes or game.index % 20 == 0]


def _lines(found: Box) -> tuple[BoxLine, ...]:
    return found.home + found.away


def test_made_shots_never_exceed_those_tried_over_the_whole_season(season: Season) -> None:
    stats = season.played.stats
    assert (stats >= 0).all()
    for made, tried in ((TWO_MADE, TWO_TRIED), (THREE_MADE, THREE_TRIED), (FREE_MADE, FREE_TRIED)):
        assert (stats[..., made] <= stats[..., tried]).all()


def test_player_seconds_fill_240_minutes_and_25_for_each_overtime_over_the_whole_season(season: Season) -> None:
    seconds = season.played.stats[..., SECONDS].sum(axis=(1, 2))
    assert (seconds == 14400 + 1500 * np.repeat(season.played.overtimes, 2)).all()
    most = season.played.stats[..., SECONDS].sum(axis=2).max(axis=1)
    assert (most <= 2880 + 300 * np.repeat(season.played.overtimes, 2)).all()


def test_nobody_scores_without_court_time_and_no_game_ends_in_a_tie(season: Season) -> None:
    seconds = season.played.stats[..., SECONDS].sum(axis=2)
    assert (season.points[seconds == 0] == 0).all()
    totals = season.points.sum(axis=1)
    assert [(g.home_points, g.away_points) for g in season.games] == list(zip(totals[0::2], totals[1::2], strict=True))
    assert (totals[0::2] != totals[1::2]).all()
    assert 5 < (season.played.overtimes > 0).sum() < 120


def test_points_follow_from_shots_in_every_row_of_a_box(boxes: list[Box]) -> None:
    for line in (line for found in boxes for line in _lines(found)):
        assert line.points == 2 * (line.fgm - line.fg3m) + 3 * line.fg3m + line.ftm
        assert line.fg3m <= line.fgm
        assert line.fg3a <= line.fga
        assert line.pf <= 6


def test_a_box_adds_up_to_its_score_by_player_and_by_period(boxes: list[Box]) -> None:
    for found in boxes:
        game = found.game
        assert sum(line.points for line in found.home) == game.home_points == sum(found.home_periods)
        assert sum(line.points for line in found.away) == game.away_points == sum(found.away_periods)
        assert len(found.home_periods) == 4 + game.overtimes
        assert sum(found.home_periods[:4]) == sum(found.away_periods[:4]) or not game.overtimes


def test_plus_minus_adds_up_to_five_times_the_lead(boxes: list[Box]) -> None:
    for found in boxes:
        lead = found.game.home_points - found.game.away_points
        assert sum(line.plus_minus for line in found.home) == 5 * lead
        assert sum(line.plus_minus for line in found.away) == -5 * lead
        assert all(line.plus_minus == 0 for line in _lines(found) if not line.played)


def test_five_start_and_those_who_did_not_play_have_a_reason(boxes: list[Box]) -> None:
    reasons = set()
    for found in boxes:
        for side in (found.home, found.away):
            assert len(side) == 15
            assert sum(line.started for line in side) == 5
            assert [line.started for line in side[:5]] == [True] * 5
        for line in _lines(found):
            assert bool(line.reason) != line.played
            assert line.description or "INJURY" not in line.reason
            reasons.add(line.reason)
    assert {"DNP_COACH", "INACTIVE_INJURY"} <= reasons


def test_rebounds_never_exceed_the_shots_missed(boxes: list[Box]) -> None:
    for found in boxes:
        for own, other in ((found.home, found.away), (found.away, found.home)):
            missed = sum(line.fga - line.fgm for line in own)
            assert sum(line.oreb for line in own) + sum(line.dreb for line in other) <= missed


def test_a_box_under_way_is_consistent_and_only_grows(season: Season) -> None:
    game = season.games[50]
    before = 0
    for minutes in (0, 20, 50, 80, 130):
        found = box(season, game, game.tip + timedelta(minutes=minutes))
        assert not found.progress.final
        for line in _lines(found):
            assert line.points == 2 * (line.fgm - line.fg3m) + 3 * line.fg3m + line.ftm
            assert line.fgm <= line.fga
        now = sum(line.points for line in _lines(found))
        assert now >= before
        before = now
    assert 0 < before <= game.home_points + game.away_points


def test_a_game_ends_two_hours_and_twenty_minutes_after_its_tip_or_later(season: Season) -> None:
    for game in season.games:
        assert game.final_at - game.tip == timedelta(minutes=140 + 12 * game.overtimes)
        assert progress(game, game.final_at).final
        assert not progress(game, game.final_at - timedelta(seconds=1)).final
    assert progress(season.games[0], season.games[0].tip - timedelta(seconds=1)).period == 0


def test_the_same_box_is_drawn_at_every_call(season: Season) -> None:
    assert box(season, season.games[9]) == box(season, season.games[9])
