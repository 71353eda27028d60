from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from practice.conftest import ALL_BOOKS, ALL_MARKETS, Sampled
from tipoff.config import TWELVE_BOOKS
from tipoff.practice import Rules, Season, simulate
from tipoff.practice.books import BOOKS, BY_KEY, Book
from tipoff.practice.quotes import Offers, QuoteRoom, looked
from tipoff.practice.rules import PlantedWhen
from tipoff.practice.season import Game

MAIN = frozenset({"player_points"})


def _main_rows(offers: Offers) -> list[int]:
    """The row of each player's main line: the first of his."""
    return [n for n, player in enumerate(offers.players) if n == 0 or offers.players[n - 1] is not player]


def _sample(season: Season, closing: Sampled) -> dict[str, np.ndarray]:
    """By book: point, over, under, scored, true mean of every main line of a player who played."""
    found = defaultdict(list)
    for game, all_offers in closing:
        place = {int(p): (row, slot) for row in (0, 1) for slot, p in enumerate(season.sheets.slots[2 * game.index + row])}
        for offers in all_offers:
            if offers.market != "player_points" or offers.under is None:
                continue
            for n in _main_rows(offers):
                row, slot = place[offers.players[n].index]
                row += 2 * game.index
                if season.played.stats[row, slot, :, 6].sum():
                    scored = (season.points[row, slot], season.truth.points[row, slot])
                    found[offers.book.key].append((offers.points[n], offers.over[n], offers.under[n], *scored))
    return {key: np.array(rows).T for key, rows in found.items()}


@pytest.fixture(scope="module")
def lined(season: Season, closing: Sampled) -> dict[str, np.ndarray]:
    return _sample(season, closing)


def test_all_twelve_books_quote_and_each_lists_its_own_choice(lined: dict[str, np.ndarray]) -> None:
    assert set(lined) == set(TWELVE_BOOKS)
    counts = {key: rows.shape[1] / 410 for key, rows in lined.items()}
    assert all(7 < count < 18 for count in counts.values())
    assert counts["betmgm"] > counts["fliff"] + 2


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.key)
def test_prices_carry_the_margin_that_the_book_declares(lined: dict[str, np.ndarray], book: Book) -> None:
    _, over, under, *_ = lined[book.key]
    assert (1 / over + 1 / under).mean() - 1 == pytest.approx(book.margin, abs=0.004)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.key)
def test_the_chances_in_prices_are_near_what_happens(lined: dict[str, np.ndarray], book: Book) -> None:
    point, over, under, scored, _ = lined[book.key]
    decided = scored != point
    claimed = (1 / over / (1 / over + 1 / under))[decided]
    stray = (scored > point)[decided] - claimed
    assert claimed.mean() == pytest.approx(0.5, abs=0.01)
    assert abs(stray.mean()) < 0.03 + 3 * stray.std() / np.sqrt(len(stray))


def test_an_accurate_book_misses_by_about_five_points_and_overs_come_in_a_little_under_half(lined: dict[str, np.ndarray]) -> None:
    point, _, _, scored, _ = lined["draftkings"]
    assert 4.7 < abs(scored - point).mean() < 5.25
    assert 13 < point.mean() < 16
    assert 28 < point.max() < 40
    rows = np.concatenate([np.stack([rows[3] > rows[0], rows[3] != rows[0]]) for rows in lined.values()], axis=1)
    assert 0.47 < rows[0][rows[1]].mean() < 0.5


def test_sharper_books_stand_nearer_to_the_truth(lined: dict[str, np.ndarray]) -> None:
    def error(key: str) -> float:
        point, _, _, _, truth = lined[key]
        return float(((point - truth) / np.sqrt(truth)).std())

    assert error("betonlineag") < error("draftkings") < error("fliff")


def test_only_some_books_use_whole_points(lined: dict[str, np.ndarray]) -> None:
    whole = {key for key, rows in lined.items() if (rows[0] == np.floor(rows[0])).any()}
    assert whole == {book.key for book in BOOKS if book.whole_points}


def test_three_books_offer_alternates_one_of_them_overs_only(closing: Sampled) -> None:
    rows = defaultdict(list)
    for _, all_offers in closing:
        for offers in all_offers:
            if offers.market == "player_points_alternate":
                rows[offers.book.key].append(offers)
    assert set(rows) == {"fanduel", "bovada", "betparx"}
    assert all(offers.under is None for offers in rows["fanduel"])
    assert all(offers.under is not None for offers in rows["betparx"])
    wide = rows["betparx"][0]
    assert len(wide.points) > 10 * len(set(wide.players))


def test_a_ladder_s_prices_fall_as_its_points_rise(closing: Sampled) -> None:
    for _, all_offers in closing[:40]:
        for offers in (o for o in all_offers if o.book.key == "betparx" and o.market == "player_points_alternate"):
            for name in set(offers.players):
                own = sorted((p, price) for p, price, who in zip(offers.points, offers.over, offers.players, strict=True) if who is name)
                assert all(one[1] <= other[1] for one, other in pairwise(own))


def test_one_book_puts_several_points_into_the_main_market(closing: Sampled) -> None:
    for _, all_offers in closing[:10]:
        for offers in (o for o in all_offers if o.market == "player_points"):
            several = len(offers.points) > len(set(offers.players))
            assert several == (offers.book.key == "betrivers")


def test_quotes_are_a_pure_function_of_the_question(season: Season, room: QuoteRoom, closing: Sampled) -> None:
    fresh = QuoteRoom(season)
    for game, offers in reversed(closing[::40]):
        assert fresh.player_points(game, game.tip - timedelta(minutes=5), ALL_BOOKS, ALL_MARKETS) == offers
        alone = fresh.player_points(game, game.tip - timedelta(minutes=5), frozenset({"bovada"}), ALL_MARKETS)
        assert alone == [o for o in offers if o.book.key == "bovada"]


def test_books_open_at_their_own_hours(season: Season, room: QuoteRoom) -> None:
    game = next(game for game in season.games[200:] if game.tip.hour == 0)
    keys = {hours: _keys(room, game, game.tip - timedelta(hours=hours)) for hours in (30, 20, 10, 4)}
    assert keys[30] == set()
    assert keys[20] == {book.key for book in BOOKS if book.opening == "evening"}
    assert keys[10] == {book.key for book in BOOKS if book.opening != "noon"}
    assert keys[4] == ALL_BOOKS


def _keys(room: QuoteRoom, game: Game, instant: datetime) -> set[str]:
    return {offers.book.key for offers in room.player_points(game, instant, ALL_BOOKS, MAIN)}


def test_after_the_tip_only_in_play_books_quote_and_after_the_game_none(season: Season, room: QuoteRoom) -> None:
    game = season.games[150]
    live = {book.key for book in BOOKS if book.in_play}
    assert _keys(room, game, game.tip) == live
    assert _keys(room, game, game.tip + timedelta(minutes=60)) == live
    assert _keys(room, game, game.final_at) == set()


def test_in_play_lines_follow_the_score(season: Season, room: QuoteRoom) -> None:
    strays = []
    for game in season.games[100:160]:
        for offers in room.player_points(game, game.tip + timedelta(minutes=125), frozenset({"fanduel"}), MAIN):
            for n in _main_rows(offers):
                row, slot = season.slot(offers.players[n], game)
                strays.append(abs(offers.points[n] - season.points[row, slot]))
    assert np.mean(strays) < 2.5


def test_lines_move_before_the_tip_and_drift_towards_the_truth(season: Season, room: QuoteRoom) -> None:
    early, late = [], []
    moved = 0
    for game in season.games[300:380]:
        then = _lines(room, game, game.tip - timedelta(hours=19))
        now = _lines(room, game, game.tip - timedelta(minutes=5))
        for player in set(then) & set(now):
            truth = season.true_expected(season.by_lookup[player], game)
            early.append(abs(then[player] - truth))
            late.append(abs(now[player] - truth))
            moved += then[player] != now[player]
    assert moved / len(early) > 0.4
    assert np.mean(late) < np.mean(early) - 0.1


def _lines(room: QuoteRoom, game: Game, instant: datetime, key: str = "draftkings") -> dict[str, float]:
    found = room.player_points(game, instant, frozenset({key}), MAIN)
    return {player.lookup: point for offers in found for player, point in zip(offers.players, offers.points, strict=True)}


def test_books_react_to_news_after_their_own_delay(season: Season, room: QuoteRoom) -> None:
    reports = [
        item
        for item in season.news
        if item.status == "Out"
        and timedelta(hours=1) < season.games[item.game].tip - item.at < timedelta(hours=4)
        and season.players[item.player].role_minutes > 30
    ]
    gains, seen = [], 0
    for item in reports[:60]:
        game, player = season.games[item.game], season.players[item.player]
        before, after = (_lines(room, game, item.at + timedelta(minutes=m), "betmgm") for m in (-5, 20))
        if player.lookup not in before:
            continue
        seen += 1
        assert player.lookup in _lines(room, game, item.at + timedelta(minutes=1), "betmgm"), "the news has not reached it yet"
        assert player.lookup not in after
        row, _ = season.slot(player, game)
        mates = {season.players[int(n)].lookup for n in season.sheets.slots[row]}
        gains += [after[name] - before[name] for name in mates & set(before) & set(after)]
    assert seen > 10
    assert np.mean(gains) > 0.2


def test_nothing_changes_between_two_looks(season: Season, room: QuoteRoom) -> None:
    game, book = season.games[70], BY_KEY["fliff"]
    when = looked(book, game.tip - timedelta(minutes=90))
    first = room.player_points(game, when, frozenset({"fliff"}), MAIN)
    assert first[0].last_update == when
    assert room.player_points(game, when + timedelta(minutes=book.refresh, seconds=-1), frozenset({"fliff"}), MAIN) == first


@pytest.mark.parametrize("when", ["rested", "at_home"])
def test_books_ignore_the_planted_signal(when: PlantedWhen) -> None:
    plain, planted = simulate(3), simulate(3, Rules(planted_points=2.0, planted_when=when))
    for game in plain.games[40:60]:
        instant = game.tip - timedelta(minutes=5)
        quotes = [QuoteRoom(season).player_points(season.games[game.index], instant, ALL_BOOKS, ALL_MARKETS) for season in (plain, planted)]
        assert quotes[0] == quotes[1]
