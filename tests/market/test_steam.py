"""Steam, beside a slow walk over every move, and at its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipoff.market.steam import COLUMNS, steam

NOON = datetime(2025, 11, 5, 17, 0, tzinfo=UTC)
BOOKS = ("draftkings", "fanduel", "betmgm", "bovada", "espnbet")
MINUTE = timedelta(minutes=1)
MOMENT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("game_id", pa.string()),
        ("player_lookup", pa.string()),
        ("bookmaker", pa.string()),
        ("is_main", pa.bool_()),
        ("point", pa.float64()),
        ("snapshot_at", MOMENT),
        ("last_update", MOMENT),
        ("known_at_assumed", pa.bool_()),
    ]
)
Row = dict[str, Any]


def quote(book: str, minute: float, point: float, *, told: float | None = None, player: str = "him", **other: Any) -> Row:
    """A main quote so many minutes after noon; `told`: when the book says that it touched it."""
    row = {"game_id": "a game", "player_lookup": player, "bookmaker": book, "is_main": True, "point": point, "known_at_assumed": False}
    times = {"snapshot_at": NOON + minute * MINUTE, "last_update": None if told is None else NOON + told * MINUTE}
    return row | times | other


def found(rows: list[Row]) -> dict[str, tuple[int, float, int]]:
    """By player direction, minutes after noon and books."""
    table = steam(pa.Table.from_pylist(rows, SCHEMA)).to_pylist()
    return {row["player_lookup"]: (row["steam_direction"], (row["steam_at"] - NOON) / MINUTE, row["steam_books"]) for row in table}


def by_hand(rows: list[Row]) -> dict[str, tuple[int, float, int]]:
    """One quote after another."""
    moves: dict[tuple[str, int], list[tuple[datetime, str]]] = {}
    series: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["is_main"] and not row["known_at_assumed"] and row["bookmaker"] in BOOKS:
            series.setdefault((row["player_lookup"], row["bookmaker"]), []).append(row)
    for (player, book), quotes in series.items():
        ordered = sorted(quotes, key=lambda row: (row["snapshot_at"], row["point"]))
        for before, now in pairwise(ordered):
            if now["snapshot_at"] == before["snapshot_at"] or now["point"] == before["point"]:
                continue
            told = now["last_update"]
            if told is not None and before["snapshot_at"] < told <= now["snapshot_at"]:
                moment = told
            elif now["snapshot_at"] - before["snapshot_at"] <= 10 * MINUTE:
                moment = now["snapshot_at"]
            else:
                continue
            moves.setdefault((player, 1 if now["point"] > before["point"] else -1), []).append((moment, book))
    best: dict[str, tuple[datetime, int, int]] = {}
    for (player, direction), told_moves in moves.items():
        for moment, _ in told_moves:
            books = {book for other, book in told_moves if moment - 10 * MINUTE <= other <= moment}
            if len(books) >= 3:
                best[player] = max(best.get(player, (moment, 0, 0)), (moment, len(books), direction))
    return {player: (direction, (moment - NOON) / MINUTE, books) for player, (moment, books, direction) in best.items()}


quotes = st.builds(
    quote,
    st.sampled_from((*BOOKS, "prizepicks")),
    st.integers(0, 40),
    st.sampled_from((20.5, 21.5, 22.5)),
    told=st.one_of(st.none(), st.integers(0, 40)),
    player=st.sampled_from(("him", "her")),
    is_main=st.sampled_from((True, True, True, False)),
    known_at_assumed=st.sampled_from((False, False, False, True)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(quotes, max_size=60, unique_by=lambda row: (row["player_lookup"], row["bookmaker"], row["snapshot_at"])), st.randoms())
def test_it_is_what_a_walk_over_every_move_finds_in_whatever_order(rows: list[Row], shuffle: Any) -> None:
    expected = by_hand(rows)
    assert found(rows) == expected
    shuffle.shuffle(rows)
    assert found(rows) == expected


def moved(books: tuple[str, ...], at: tuple[float, ...], *, by: float = 1.0, before: float = -5) -> list[Row]:
    """Books that stood at 20.5 shortly before, and moved."""
    start = [quote(book, minute + before, 20.5) for book, minute in zip(books, at, strict=True)]
    return start + [quote(book, minute, 20.5 + by) for book, minute in zip(books, at, strict=True)]


class TestAtItsEdges:
    def test_three_books_within_ten_minutes_are_steam_and_two_are_none(self) -> None:
        assert found(moved(BOOKS[:3], (0, 4, 10))) == {"him": (1, 10.0, 3)}
        assert found(moved(BOOKS[:2], (0, 4))) == {}
        assert found(moved(BOOKS[:3], (0, 4, 11))) == {}

    def test_one_book_that_moves_three_times_is_none(self) -> None:
        assert found([quote("bovada", minute, 20.5 + minute) for minute in range(6)]) == {}

    def test_the_ways_are_counted_apart(self) -> None:
        up, down = moved(BOOKS[:2], (0, 1)), moved(BOOKS[2:4], (2, 3), by=-1.0)
        assert found(up + down) == {}
        assert found(moved(BOOKS[:3], (0, 1, 2), by=-1.0)) == {"him": (-1, 2.0, 3)}

    def test_pickem_apps_are_no_books(self) -> None:
        assert found(moved(("bovada", "betmgm", "prizepicks"), (0, 1, 2))) == {}

    def test_a_move_between_two_distant_quotes_counts_where_the_book_says_when(self) -> None:
        rows = moved(BOOKS[:3], (30, 30, 30), before=-30)
        assert found(rows) == {}
        told = [row | ({"last_update": row["snapshot_at"] - 2 * MINUTE} if row["point"] > 20.5 else {}) for row in rows]
        assert found(told) == {"him": (1, 28.0, 3)}
        stale = [row | ({"last_update": NOON - 40 * MINUTE} if row["point"] > 20.5 else {}) for row in rows]
        assert found(stale) == {}

    def test_the_newest_counts(self) -> None:
        earlier, later = moved(BOOKS[:4], (0, 1, 2, 3)), [quote(book, 20 + number, 19.5) for number, book in enumerate(BOOKS[:3])]
        between = [quote(book, 14, 21.5) for book in BOOKS[:3]]
        assert found(earlier)["him"] == (1, 3.0, 4)
        assert found(earlier + between + later)["him"] == (-1, 22.0, 3)

    def test_without_quotes_there_is_none(self) -> None:
        empty = steam(SCHEMA.empty_table())
        assert empty.num_rows == 0
        assert set(COLUMNS[:2]) < set(empty.column_names)


@pytest.mark.parametrize("column", ["is_main", "known_at_assumed"])
def test_quotes_that_are_no_main_line_or_of_an_assumed_moment_make_none(column: str) -> None:
    assert found([row | {column: column == "known_at_assumed"} for row in moved(BOOKS[:3], (0, 1, 2))]) == {}
