"""The market as of a moment: each book's current and first quote, and the lines that they add up to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, stdev

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.raw_rows import Raw, Row, empty, fill, game_line_rows, quote_row, schedule_row
from features.slow import Slow, of_best_kind
from features.small_league import NIGHT, THIS_SEASON
from tipoff.analyze.slate import games_as_of
from tipoff.load.main_lines import mark_main_lines
from tipoff.market import lines
from tipoff.market.board import Board, board
from tipoff.market.books import BOOKS
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_named, table_of

TIP = datetime(2025, 12, 7, 0, tzinfo=UTC)
GAME = schedule_row(date(2025, 12, 6), "BOS", "NYK", TIP, TIP - timedelta(days=9))
GAME_ID = str(GAME["game_id"])
QUOTES = pa.schema(
    [
        *(field for field in table_named("raw.odds_player_points").arrow_schema if field.name not in ("written_at", "run_id")),
        pa.field("as_of", pa.timestamp("us", "UTC")),
        pa.field("tip", pa.timestamp("us", "UTC")),
    ]
)
NO_GROUPS = lines.BookGroups(table_named("ref.book_groups").empty())


def board_of(quotes: Sequence[Row]) -> Board:
    return board(pa.Table.from_pylist(list(quotes), schema=QUOTES))


def on_board(quotes: Sequence[Row]) -> list[Row]:
    """The board's rows, names for numbers."""
    found = board_of(quotes)
    names = zip(found.player.tolist(), found.book.tolist(), strict=True)
    figures = zip(found.point.tolist(), found.current.tolist(), found.first_point.tolist(), found.earlier_point.tolist(), strict=True)
    return [
        {
            "player": found.players[player].as_py(),
            "book": found.books[book].as_py(),
            **dict(zip(("point", "current", "first_point", "earlier_point"), values, strict=True)),
        }
        for (player, book), values in zip(names, figures, strict=True)
    ]


def player_lines(quotes: Sequence[Row]) -> list[Row]:
    found: list[Row] = lines.player_lines(board_of(quotes), None, NO_GROUPS).to_pylist()
    return found


def before(minutes: float) -> datetime:
    return TIP - timedelta(minutes=minutes)


def quote(player: str, book: str, point: float, minutes: float, **more: object) -> Row:
    return quote_row(GAME, player, book, point, before(minutes), **more)


def seen(quotes: Sequence[Row], as_of: datetime = TIP) -> list[Row]:
    """As `pre_tip_quotes` hands them on."""
    return [{**row, "as_of": as_of, "tip": TIP} for row in quotes if row["snapshot_at"] <= as_of]


def current(quotes: Sequence[Row], as_of: datetime = TIP) -> set[tuple[str, str, float]]:
    return {(row["player"], row["book"], row["point"]) for row in on_board(seen(quotes, as_of)) if row["current"]}


def line(quotes: Sequence[Row], as_of: datetime = TIP) -> Row:
    """The one player's line."""
    (found,) = player_lines(seen(quotes, as_of))
    return found


# --- current quotes --------------------------------------------------------------------------------------------------


def test_a_books_own_newest_quote_is_current_not_the_newest_documents() -> None:
    quotes = [quote("a", "draftkings", 20.5, 90), quote("a", "fanduel", 21.5, 60), quote("a", "fanduel", 22.5, 30)]
    assert current(quotes) == {("a", "draftkings", 20.5), ("a", "fanduel", 22.5)}


def test_a_quote_is_pulled_when_a_newer_document_holds_the_book_without_the_player() -> None:
    quotes = [quote("a", "draftkings", 20.5, 90), quote("b", "draftkings", 9.5, 90), quote("b", "draftkings", 9.5, 60)]
    assert current(quotes) == {("b", "draftkings", 9.5)}


def test_a_pulled_quote_that_comes_back_is_current_again() -> None:
    quotes = [quote("a", "draftkings", 20.5, 90), quote("b", "draftkings", 9.5, 60), quote("a", "draftkings", 21.5, 30)]
    assert ("a", "draftkings", 21.5) in current(quotes)


def test_a_quote_lapses_when_the_documents_go_on_for_more_than_three_hours_without_the_book() -> None:
    held, gone = quote("a", "draftkings", 20.5, 190), quote("a", "fanduel", 20.0, 190.1)
    assert current([held, gone, quote("a", "betmgm", 21.0, 10)]) == {("a", "draftkings", 20.5), ("a", "betmgm", 21.0)}


def test_silence_is_counted_up_to_the_newest_document_and_not_to_the_moment() -> None:
    """Nobody has asked for five hours: nothing has lapsed."""
    assert current([quote("a", "draftkings", 20.5, 300)]) == {("a", "draftkings", 20.5)}


def test_what_comes_after_the_moment_pulls_nothing_before_it() -> None:
    quotes = [quote("a", "draftkings", 20.5, 90), quote("b", "draftkings", 9.5, 60)]
    assert current(quotes, before(75)) == {("a", "draftkings", 20.5)}


def test_a_document_of_another_source_pulls_nothing() -> None:
    quotes = [quote("a", "draftkings", 20.5, 90), quote("b", "draftkings", 9.5, 50, source="another")]
    assert ("a", "draftkings", 20.5) in current(quotes)


def test_quotes_lapse_with_the_documents_of_the_game_though_the_source_has_given_its_event_another_id() -> None:
    """draftkings has taken him off, fanduel is silent for more than three hours: under the old id neither would ever be seen again."""
    quotes = [quote("a", book, 20.5, 220) for book in ("draftkings", "fanduel", "betmgm")]
    quotes += [quote(player, "betmgm", 21.5, 30, event_id="event-anew") for player in "ab"]
    quotes += [quote("b", "draftkings", 9.5, 30, event_id="event-anew")]
    assert current(quotes) == {("a", "betmgm", 21.5), ("b", "betmgm", 21.5), ("b", "draftkings", 9.5)}


def test_an_archive_with_one_assumed_snapshot_lapses_nothing() -> None:
    quotes = [quote("a", "draftkings", 20.5, 300), quote("b", "draftkings", 9.5, 5, known_at_assumed=True)]
    assert ("a", "draftkings", 20.5) in current(quotes)


def test_a_book_in_two_events_of_one_game_has_one_quote() -> None:
    quotes = [quote("a", "draftkings", 20.5, 60), quote("a", "draftkings", 22.5, 30, event_id="event-second")]
    assert current(quotes) == {("a", "draftkings", 22.5)}


def test_of_two_quotes_at_one_moment_the_payloads_beats_the_imports() -> None:
    quotes = [quote("a", "draftkings", 20.5, 30, origin_rank=0), quote("a", "draftkings", 22.5, 30, event_id="event-z")]
    assert current(quotes) == {("a", "draftkings", 22.5)}


# --- lines -----------------------------------------------------------------------------------------------------------


def test_sportsbooks_come_before_any_consensus_and_other_kinds_make_no_line() -> None:
    others = [quote("a", book.key, 40.5, 30) for book in BOOKS.values() if book.kind != "sportsbook"]
    found = line([quote("a", "draftkings", 20.5, 30), *others, quote("a", "nobodys_book", 41.5, 30)])
    assert (found["line_kind"], found["consensus_line"], found["book_count"], found["line_std"]) == ("sportsbook", 20.5, 1, None)


def test_without_sportsbooks_the_consensus_that_is_asked_first_stands_and_says_so() -> None:
    found = line(
        [quote("a", "consensus_mean_line", 20.2, 10), quote("a", "bettingpros_consensus", 21.5, 30), quote("a", "prizepicks", 9.5, 5)]
    )
    assert (found["line_kind"], found["consensus_line"], found["book_count"]) == ("consensus", 21.5, 1)


def test_pickem_and_unknown_books_alone_make_no_line() -> None:
    assert player_lines(seen([quote("a", "prizepicks", 20.5, 30), quote("a", "nobodys_book", 21.5, 30)])) == []


def test_movement_is_over_the_books_quoted_at_both_instants() -> None:
    """draftkings moved by 2, fanduel by 1; betmgm is new at 30 and did not move; bovada's first quote has lapsed."""
    quotes = [
        *(quote("a", "draftkings", 20.5, 240), quote("a", "fanduel", 21.5, 240), quote("a", "bovada", 10.5, 240)),
        *(quote("a", "draftkings", 22.5, 30), quote("a", "fanduel", 22.5, 30), quote("a", "betmgm", 30.5, 30)),
    ]
    found = line(quotes)
    assert found["line_movement"] == 1.0
    assert found["consensus_line"] == 22.5
    assert found["opening_line"] == 21.0  # of 10.5, 20.5, 21.5, 30.5: each book's own first quote


def test_seventy_alternates_make_one_main_line_whose_point_and_prices_are_of_one_row(tmp_path: Path) -> None:
    """F10."""
    rows = [
        quote(
            "a",
            "draftkings",
            0.5 + step,
            30,
            is_main=None,
            over_price=round(1.02 + 0.03 * step, 2),
            under_price=round(3.14 - 0.03 * step, 2),
        )
        for step in range(70)
    ]
    random.Random(10).shuffle(rows)
    warehouse = fill(tmp_path / "warehouse.duckdb", {"raw.schedule": [GAME], "raw.odds_player_points": rows})
    with warehouse.writing("main") as work:
        mark_main_lines(work, table_of("raw.odds_player_points", rows))
    with warehouse.reading() as work:
        games = games_as_of(work, [GAME_ID], None)
        market = lines.market_as_of(work, games)
    (main,), (found,) = market.quotes.to_pylist(), market.lines.to_pylist()
    offered = {row["point"]: (row["over_price"], row["under_price"]) for row in rows}
    assert (main["over_price"], main["under_price"]) == offered[main["point"]]
    assert abs(main["over_price"] - main["under_price"]) == min(abs(over - under) for over, under in offered.values())
    assert (found["consensus_line"], found["book_count"], found["line_std"]) == (main["point"], 1, None)


@pytest.mark.parametrize(
    ("minutes", "own_tip"),
    [pytest.param(0, before(-30), id="at the tip, by its document before it"), pytest.param(5, before(5), id="at its document's own tip")],
)
def test_f11_a_quote_of_the_tip_or_later_is_in_play_whichever_tip_it_is(tmp_path: Path, minutes: float, own_tip: datetime) -> None:
    quotes = [quote("a", "draftkings", 20.5, 10), quote("a", "draftkings", 25.5, minutes, commence_time=own_tip)]
    warehouse = fill(tmp_path / "warehouse.duckdb", {"raw.schedule": [GAME], "raw.odds_player_points": quotes})
    with warehouse.reading() as work:
        (found,) = lines.market_as_of(work, games_as_of(work, [GAME_ID], None)).lines.to_pylist()
    assert (found["consensus_line"], found["newest_quote"]) == (20.5, before(10))


# --- against the slow reference --------------------------------------------------------------------------------------


OFFERS = st.tuples(
    st.sampled_from("abcdef"),
    st.sampled_from(["draftkings", "fanduel", "betmgm", "bettingpros_consensus", "consensus_mean_line", "prizepicks"]),
    st.sampled_from([600, 420, 400, 221, 220, 181, 40, 30, 5]),
    st.sampled_from(["event-one", "event-one", "event-two"]),
    st.sampled_from(["odds_api", "odds_api", "archive"]),
    st.integers(10, 60).map(lambda half: half / 2),
    st.sampled_from(["main", "main", "main", "alternate", "both"]),
    st.booleans(),
)


def offered(draws: list[tuple[str, str, int, str, str, float, str, bool]]) -> list[Row]:
    """One main line an (event, book, player, snapshot), alternates beside it or alone; one source an event."""
    found: dict[tuple[str, str, int, str], list[Row]] = {}
    for player, book, minutes, event, source, point, shape, assumed in draws:
        more = {
            "event_id": f"{event}-{source}",
            "source": source,
            "known_at_assumed": assumed and source == "archive",
            "origin_rank": int(source != "archive"),
        }
        rows = [quote(player, book, point, minutes, **more)]
        if shape != "main":
            rows = [quote(player, book, point + 3, minutes, **more, market="player_points_alternate", is_main=shape == "alternate")]
            rows += [quote(player, book, point, minutes, **more)] if shape == "both" else []
        found[player, book, minutes, f"{event}-{source}"] = rows
    return [row for rows in found.values() for row in rows]


def league_of(quotes: list[Row]) -> Raw:
    return {**empty(), "raw.schedule": [GAME], "raw.odds_player_points": quotes}


@settings(max_examples=20)
@given(st.lists(OFFERS, max_size=80), st.sampled_from([0, 35, 200]))
def test_current_and_first_quotes_and_lines_agree_with_the_slow_reference(
    draws: list[tuple[str, str, int, str, str, float, str, bool]], minutes: int
) -> None:
    quotes, as_of = offered(draws), before(minutes)
    slow = Slow(league_of(quotes))
    game = slow.game(GAME_ID, as_of)
    assert game is not None
    expected = {player: slow.current(game, player) for player in "abcdef"}
    assert current(quotes, as_of) == {(player, row["bookmaker"], row["point"]) for player, rows in expected.items() for row in rows}
    first = {(row["player"], row["book"], row["first_point"]) for row in on_board(seen(quotes, as_of))}
    assert first == {(player, row["bookmaker"], row["point"]) for player in "abcdef" for row in slow.first(game, player)}
    found = {row["player_lookup"]: row for row in player_lines(seen(quotes, as_of))}
    lined = {player: rows for player, quoted in expected.items() if (rows := of_best_kind(quoted))}
    assert set(found) == set(lined)
    for player, rows in lined.items():
        points = [row["point"] for row in rows]
        opening = {row["bookmaker"]: row["point"] for row in slow.first(game, player)}
        assert found[player]["consensus_line"] == pytest.approx(median(points))
        assert found[player]["opening_line"] == pytest.approx(median(row["point"] for row in of_best_kind(slow.first(game, player))))
        assert found[player]["line_movement"] == pytest.approx(median(row["point"] - opening[row["bookmaker"]] for row in rows))
        assert found[player]["book_count"] == len({row["bookmaker"] for row in rows}) == len(rows)
        assert found[player]["line_range"] == max(points) - min(points)
        assert found[player]["line_std"] == (pytest.approx(stdev(points)) if len(points) >= 2 else None)
        assert found[player]["newest_quote"] == max(row["snapshot_at"] for row in rows)


@settings(max_examples=10)
@given(st.lists(OFFERS, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(draws: list[tuple[str, str, int, str, str, float, str, bool]], dice: random.Random) -> None:
    quotes = seen(offered(draws))
    told = player_lines(quotes)
    dice.shuffle(quotes)
    assert player_lines(quotes) == told


# --- game lines ------------------------------------------------------------------------------------------------------


def test_totals_and_home_spreads_are_medians_of_the_latest_quotes_of_every_game(league_warehouse: DuckDBWarehouse, league: Raw) -> None:
    slow = Slow(league)
    ids = sorted({row["game_id"] for row in league["raw.schedule"] if row["game_date"] in THIS_SEASON})
    with league_warehouse.reading() as work:
        found = {row["game_id"]: row for row in lines.game_lines(work, games_as_of(work, ids, None)).to_pylist()}
    for game_id in ids:
        game = slow.game(game_id)
        totals = [row["point"] for row in slow.game_quotes(game, "totals", "over")] if game else []
        spreads = [row["point"] for row in slow.game_quotes(game, "spreads", "home")] if game else []
        row = found.get(game_id)
        assert (row and row["game_total"], row and row["home_spread"]) == (
            median(totals) if totals else None,
            median(spreads) if spreads else None,
        )
    assert sum(row["game_date"] == NIGHT for row in league["raw.schedule"]) > 3


def test_a_games_line_says_whose_it_is(tmp_path: Path) -> None:
    """A consensus stands in where no sportsbook quotes, market by market."""
    own, others = game_line_rows(GAME, "fanduel", -5.5, 220.5, before(30)), game_line_rows(GAME, "kaggle_closing", -6.5, 222.5, before(5))
    quotes = [*(row for row in own if row["market"] == "totals"), *others]
    warehouse = fill(tmp_path / "warehouse.duckdb", {"raw.schedule": [GAME], "raw.odds_game_lines": quotes})
    with warehouse.reading() as work:
        (found,) = lines.game_lines(work, games_as_of(work, [GAME_ID], None)).to_pylist()
    assert (found["game_total"], found["total_kind"]) == (220.5, "sportsbook")
    assert (found["home_spread"], found["spread_kind"]) == (-6.5, "consensus")


def test_a_games_line_is_of_the_home_side_whatever_the_away_sides_quotes_say(tmp_path: Path) -> None:
    """A median over both sides is a bug: it is always 0."""
    quotes = [
        row
        for book, spread in (("draftkings", -6.5), ("fanduel", -5.5), ("betmgm", -5.5))
        for row in game_line_rows(GAME, book, spread, 220.5, before(30))
    ]
    warehouse = fill(tmp_path / "warehouse.duckdb", {"raw.schedule": [GAME], "raw.odds_game_lines": quotes})
    with warehouse.reading() as work:
        (found,) = lines.game_lines(work, games_as_of(work, [GAME_ID], None)).to_pylist()
    assert (found["home_spread"], found["game_total"]) == (-5.5, 220.5)


@pytest.mark.parametrize(
    ("loser", "winner"),
    [
        ({"origin_rank": 0, "event_id": "a"}, {"origin_rank": 1, "event_id": "b"}),
        ({"event_id": "b"}, {"event_id": "a"}),
        ({"spread": -5.5, "total": 221.5}, {"spread": -6.5}),
    ],
    ids=["the payload's", "the first event's", "the lower point"],
)
def test_of_a_books_two_quotes_on_a_game_at_one_moment_one_counts(tmp_path: Path, loser: Row, winner: Row) -> None:
    usual: Row = {"game": GAME, "bookmaker": "fanduel", "total": 220.5, "snapshot_at": before(30), "origin_rank": 1}
    quotes = [*game_line_rows(**{**usual, "spread": -4.5, **loser}), *game_line_rows(**{**usual, "spread": -6.5, **winner})]
    warehouse = fill(tmp_path / "warehouse.duckdb", {"raw.schedule": [GAME], "raw.odds_game_lines": quotes})
    with warehouse.reading() as work:
        (found,) = lines.game_lines(work, games_as_of(work, [GAME_ID], None)).to_pylist()
    assert found["home_spread"] == -6.5
