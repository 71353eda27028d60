"""The quote that a prediction takes: of the points nearest to the consensus the best price on its side, ties by the book's key."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.raw_rows import Raw, Row
from features.slow import Slow, of_best_kind
from features.small_league import NIGHT
from tipoff.analyze.slate import games_as_of
from tipoff.market.taking import offers, quotes_to_take
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

QUOTES = pa.schema(
    [
        *((name, pa.string()) for name in ("game_id", "player_lookup", "bookmaker", "line_kind")),
        *((name, pa.float64()) for name in ("point", "over_price", "under_price")),
        ("snapshot_at", pa.timestamp("us", "UTC")),
    ]
)
PLAYERS = pa.schema([("game_id", pa.string()), ("player_lookup", pa.string())])
BOOKS = ("betmgm", "bovada", "draftkings", "fanduel")


@pytest.fixture(scope="module")
def work(league_warehouse: DuckDBWarehouse) -> Iterator[Work]:
    with league_warehouse.reading() as work:
        yield work


def quote(player: str, book: str, point: float, over: float | None, under: float | None) -> Row:
    named = {"game_id": "g", "player_lookup": player, "bookmaker": book, "line_kind": "sportsbook"}
    return {**named, "point": point, "over_price": over, "under_price": under, "snapshot_at": None}


def taken(quotes: list[Row], players: list[Row]) -> dict[str, Row]:
    """What each player's side takes, by his name; nobody quotes who is not there."""
    asked = pa.Table.from_pylist([{name: row[name] for name in PLAYERS.names} for row in players], PLAYERS)
    consensus, over = (np.array([row[name] for row in players]) for name in ("consensus_line", "leans_over"))
    found = offers(pa.Table.from_pylist(quotes, QUOTES), asked, consensus).on(over)
    rows = zip(players, found.words["bookmaker"].to_pylist(), found.line, found.over_price, found.under_price, strict=True)
    return {
        row["player_lookup"]: {
            "bookmaker": book,
            **{name: None if np.isnan(value) else value for name, value in zip(("line", "over_price", "under_price"), values, strict=True)},
        }
        for row, book, *values in rows
        if book is not None
    }


def player(name: str, consensus: float, leans_over: bool) -> Row:
    return {"game_id": "g", "player_lookup": name, "consensus_line": consensus, "leans_over": leans_over}


def by_hand(quotes: list[Row], asked: Row) -> Row:
    """The reference: sort, and take the first."""
    side = "over_price" if asked["leans_over"] else "under_price"
    return min(quotes, key=lambda row: (abs(row["point"] - asked["consensus_line"]), -(row[side] or 0.0), row["bookmaker"]))


def test_the_nearest_point_is_taken_before_a_better_price() -> None:
    quotes = [quote("a", "draftkings", 20.5, 1.8, 2.0), quote("a", "fanduel", 21.5, 2.4, 1.6)]
    assert taken(quotes, [player("a", 20.5, True)])["a"]["bookmaker"] == "draftkings"


@pytest.mark.parametrize(("leans_over", "book"), [(True, "fanduel"), (False, "draftkings")])
def test_of_equally_near_points_the_best_price_on_the_side_leant_to_is_taken(leans_over: bool, book: str) -> None:
    quotes = [quote("a", "draftkings", 20.5, 1.85, 1.97), quote("a", "fanduel", 20.5, 1.95, 1.87)]
    found = taken(quotes, [player("a", 20.5, leans_over)])["a"]
    assert (found["bookmaker"], found["line"]) == (book, 20.5)


def test_points_on_either_side_of_the_consensus_are_equally_near() -> None:
    quotes = [quote("a", "draftkings", 20.5, 1.8, 2.1), quote("a", "fanduel", 21.5, 2.05, 1.8)]
    assert taken(quotes, [player("a", 21.0, True)])["a"]["line"] == 21.5
    assert taken(quotes, [player("a", 21.0, False)])["a"]["line"] == 20.5


def test_ties_go_by_the_books_key() -> None:
    quotes = [quote("a", book, 20.5, 1.9, 1.9) for book in ("fanduel", "bovada", "draftkings")]
    assert taken(quotes, [player("a", 20.5, True)])["a"]["bookmaker"] == "bovada"


def test_a_book_without_a_price_on_the_side_comes_last() -> None:
    quotes = [quote("a", "bovada", 20.5, None, 1.9), quote("a", "draftkings", 20.5, 1.01, 1.9)]
    assert taken(quotes, [player("a", 20.5, True)])["a"]["bookmaker"] == "draftkings"


def test_line_and_both_prices_come_from_one_quote() -> None:
    quotes = [quote("a", "draftkings", 20.5, 1.85, 1.97), quote("a", "fanduel", 21.5, 1.95, 1.87)]
    found = taken(quotes, [player("a", 21.4, False)])["a"]
    assert (found["line"], found["over_price"], found["under_price"]) == (21.5, 1.95, 1.87)


def test_who_is_not_quoted_takes_nothing() -> None:
    assert taken([quote("a", "fanduel", 20.5, 1.9, 1.9)], [player("b", 20.5, True)]) == {}


prices = st.one_of(st.none(), st.sampled_from([1.8, 1.87, 1.9, 1.95, 2.0]))
books = st.lists(
    st.tuples(st.sampled_from(BOOKS), st.integers(38, 44), prices, prices), min_size=1, max_size=4, unique_by=lambda row: row[0]
)


@given(st.lists(st.tuples(books, st.integers(76, 88), st.booleans()), min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_what_is_taken_is_what_sorting_by_hand_gives_in_any_order(
    draws: list[tuple[list[tuple[str, int, float | None, float | None]], int, bool]], dice: random.Random
) -> None:
    quotes = [quote(f"p{n:02d}", book, half / 2, over, under) for n, (rows, _, _) in enumerate(draws) for book, half, over, under in rows]
    players = [player(f"p{n:02d}", quarter / 4, over) for n, (_, quarter, over) in enumerate(draws)]
    dice.shuffle(quotes)
    found = taken(quotes, players)
    for asked in players:
        expected = by_hand([row for row in quotes if row["player_lookup"] == asked["player_lookup"]], asked)
        given_ = found[asked["player_lookup"]]
        assert (given_["bookmaker"], given_["line"], given_["over_price"], given_["under_price"]) == (
            expected["bookmaker"],
            expected["point"],
            expected["over_price"],
            expected["under_price"],
        )


def test_a_player_takes_the_same_alone_as_among_others() -> None:
    quotes = [quote(name, book, 20.5 + place, 1.9, 2.0) for place, name in enumerate("abc") for book in BOOKS[:2]]
    players = pa.Table.from_pylist([{"game_id": "g", "player_lookup": name} for name in "cxab"], PLAYERS)
    found = offers(pa.Table.from_pylist(quotes, QUOTES), players, np.array([22.5, np.nan, 20.5, 21.5]))
    some = np.array([3, 1, 0])
    over = np.array([True, False, True])
    part = found.take(some).on(over)
    whole = found.on(np.array([True, True, True, True]))
    assert np.array_equal(part.line, whole.line[some], equal_nan=True)
    assert part.line.tolist()[::2] == [21.5, 22.5]
    assert part.words["bookmaker"].to_pylist() == ["betmgm", None, "betmgm"]


def test_where_nobody_is_quoted_at_all_everybody_takes_nothing() -> None:
    players = pa.Table.from_pylist([{"game_id": "g", "player_lookup": "a"}], PLAYERS)
    found = offers(QUOTES.empty_table(), players, np.array([np.nan])).on(np.array([True]))
    assert np.isnan(found.line).all()
    assert found.words["bookmaker"].to_pylist() == [None]


def test_the_quotes_on_offer_are_the_current_ones_of_each_player_one_a_book(work: Work, league: Raw) -> None:
    slow = Slow(league)
    ids = sorted({row["game_id"] for row in league["raw.schedule"] if row["game_date"] == NIGHT})
    offered = quotes_to_take(work, games_as_of(work, ids, None)).to_pylist()
    keys = [(row["game_id"], row["player_lookup"], row["bookmaker"]) for row in offered]
    assert keys == sorted(set(keys))
    expected = {
        (game_id, name, row["bookmaker"], row["point"], row["over_price"], row["under_price"])
        for game_id in ids
        if (game := slow.game(game_id))
        for name in {row["player_lookup"] for row in slow.quotes[game_id]}
        for row in of_best_kind(slow.current(game, name))
    }
    columns = ("game_id", "player_lookup", "bookmaker", "point", "over_price", "under_price")
    assert {tuple(row[name] for name in columns) for row in offered} == expected
