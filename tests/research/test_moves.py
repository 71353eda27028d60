"""First moves beside a slow reference that walks through each player-game's snapshots."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from statistics import fmean, median
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tipoff.research.moves import Moves

START, DAY = datetime(2025, 11, 5, 12, tzinfo=UTC), date(2025, 11, 5)
BOOKS = ("betmgm", "bovada", "draftkings", "fanduel")
Quote = tuple[str, str, int, float]
"""Player, book, hour of the snapshot, point."""

quotes = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(BOOKS), st.integers(0, 5), st.sampled_from([10.5, 11.5, 12.5, 13.5])),
    min_size=1,
    max_size=40,
    unique_by=lambda quote: quote[:3],
)


def table(given_quotes: list[Quote]) -> pa.Table:
    return pa.table(
        {
            "game_id": ["20251105_BOS_NYK"] * len(given_quotes),
            "player_lookup": [quote[0] for quote in given_quotes],
            "bookmaker": [quote[1] for quote in given_quotes],
            "game_date": [DAY] * len(given_quotes),
            "snapshot_at": pa.array([START + timedelta(hours=quote[2]) for quote in given_quotes], pa.timestamp("us", "UTC")),
            "point": [quote[3] for quote in given_quotes],
        }
    )


def slow(given_quotes: list[Quote]) -> list[tuple[Any, ...]]:
    """(book, size, followed, kept) of each first move."""
    found = []
    for _, of_player in groupby(sorted(given_quotes), key=lambda quote: quote[0]):
        rows = list(of_player)
        end: dict[str, float] = {}
        for quote in sorted(rows, key=lambda quote: quote[2]):
            end[quote[1]] = quote[3]
        held: dict[str, float] = {}
        for hour in sorted({quote[2] for quote in rows}):
            now = {quote[1]: quote[3] for quote in rows if quote[2] == hour}
            seen = {book: point for book, point in now.items() if book in held}
            still = [book for book in seen if seen[book] == held[book]]
            moves = {book: seen[book] - held[book] for book in seen if seen[book] != held[book]}
            ways = {move > 0 for move in moves.values()}
            if still and len(ways) == 1:
                middle, way = median(held[book] for book in still), 1.0 if True in ways else -1.0
                came = way * fmean(end[book] - held[book] for book in still)
                found += [
                    (book, move, came, way * (end[book] - held[book]))
                    for book, move in moves.items()
                    if abs(seen[book] - middle) > abs(held[book] - middle)
                ]
            held |= now
    return found


@given(quotes)
def test_every_first_move_is_found_and_no_other(given_quotes: list[Quote]) -> None:
    found = Moves.of(table(given_quotes))
    ours = [
        (found.books[book], size, followed, kept)
        for book, size, followed, kept in zip(
            found.book.tolist(), found.size.tolist(), found.followed.tolist(), found.kept.tolist(), strict=True
        )
    ]
    rounded = [[(book, *(round(value, 9) for value in values)) for book, *values in one] for one in (ours, slow(given_quotes))]
    assert sorted(rounded[0]) == sorted(rounded[1])


@given(quotes, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(given_quotes: list[Quote], dice: Any) -> None:
    shuffled = list(given_quotes)
    dice.shuffle(shuffled)
    first, second = Moves.of(table(given_quotes)), Moves.of(table(shuffled))
    assert first.followed.tolist() == second.followed.tolist()
    assert first.book.tolist() == second.book.tolist()


def test_a_book_that_leads_is_told_from_one_that_catches_up() -> None:
    led = [("a", "betmgm", 0, 10.5), ("a", "bovada", 0, 10.5), ("a", "betmgm", 1, 11.5), ("a", "bovada", 1, 10.5)]
    caught_up = [("a", "betmgm", 2, 11.5), ("a", "bovada", 2, 11.5)]
    found = Moves.of(table(led + caught_up))
    assert [found.books[book] for book in found.book] == ["betmgm"]
    assert (found.size.tolist(), found.followed.tolist(), found.kept.tolist()) == ([1.0], [1.0], [1.0])


def test_without_quotes_there_are_no_moves() -> None:
    assert Moves.of(table([])).size.size == 0
