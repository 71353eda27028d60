from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from practice.conftest import ALL_BOOKS
from tipoff.practice import Season
from tipoff.practice.books import BOOKS
from tipoff.practice.lines import game_lines
from tipoff.practice.quotes import QuoteRoom


def test_spread_and_total_are_unbiased_and_as_wide_as_the_league_s(season: Season, room: QuoteRoom) -> None:
    rows = []
    for game in season.games[::3]:
        lines = game_lines(room, game, game.tip - timedelta(minutes=5), frozenset({"betonlineag"}))[0]
        lead, total = game.home_points - game.away_points, game.home_points + game.away_points
        rows.append((lead + lines.spread, total - lines.total))
    strays = np.array(rows).T
    for values in strays:
        assert abs(values.mean()) < 3.5 * values.std() / np.sqrt(len(values)) + 0.2
    assert 11.5 < strays[0].std() < 15
    assert 14 < strays[1].std() < 21


def test_each_book_charges_its_margin_on_game_lines(season: Season, room: QuoteRoom) -> None:
    game = season.games[500]
    found = game_lines(room, game, game.tip - timedelta(hours=2), ALL_BOOKS)
    assert [lines.book for lines in found] == list(BOOKS)
    for lines in found:
        for one, other in ((lines.home_spread_price, lines.away_spread_price), (lines.over_price, lines.under_price)):
            assert 1 / one + 1 / other - 1 == pytest.approx(lines.book.line_margin, abs=0.03)
        assert (lines.home_price < lines.away_price) == (lines.spread < 0)


def test_game_lines_open_before_players_and_go_on_in_play(season: Season, room: QuoteRoom) -> None:
    game = season.games[500]
    assert game_lines(room, game, game.tip - timedelta(hours=35), ALL_BOOKS) == []
    assert len(game_lines(room, game, game.tip - timedelta(hours=33), ALL_BOOKS)) == 12
    late = game_lines(room, game, game.final_at - timedelta(minutes=3), ALL_BOOKS)
    assert {lines.book for lines in late} == {book for book in BOOKS if book.in_play}
    assert late[0].total == pytest.approx(game.home_points + game.away_points, abs=8)
    assert game_lines(room, game, game.final_at, ALL_BOOKS) == []
