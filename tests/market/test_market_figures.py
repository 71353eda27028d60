"""What prices, the last six hours and the sharp books say of a line: each against plain Python, on hand-made quotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.raw_rows import Row, fill, quote_row, schedule_row
from tipoff.analyze.slate import games_as_of
from tipoff.market import lines
from tipoff.market.board import board
from tipoff.market.devig import devig
from tipoff.market.grouped import Codes
from tipoff.market.prices import FloatArray
from tipoff.store.tables import table_named, table_of

TIP = datetime(2025, 12, 7, 0, tzinfo=UTC)
GAME = schedule_row(date(2025, 12, 6), "BOS", "NYK", TIP, TIP - timedelta(days=9))
GAME_ID = str(GAME["game_id"])
MOMENTS = pa.schema([(name, pa.timestamp("us", "UTC")) for name in ("as_of", "tip")])
QUOTES = pa.schema([*table_named("raw.odds_player_points").arrow_schema, *MOMENTS])
VARIANCE = (8.0, 2.5)
BOOKS = ("betmgm", "bovada", "draftkings", "fanduel")


def quote(book: str, point: float, minutes: float, over: float | None = 1.9, under: float | None = 1.9, **more: object) -> Row:
    return quote_row(GAME, "a", book, point, TIP - timedelta(minutes=minutes), over_price=over, under_price=under, **more)


def known_spread(as_of: Codes) -> tuple[FloatArray, FloatArray]:
    return np.full(as_of.size, VARIANCE[0]), np.full(as_of.size, VARIANCE[1])


def unknown_spread(as_of: Codes) -> tuple[FloatArray, FloatArray]:
    return np.full(as_of.size, np.nan), np.full(as_of.size, np.nan)


def groups(*rows: tuple[str, datetime, str]) -> lines.BookGroups:
    names = ("bookmaker", "measured_at", "book_group")
    return lines.BookGroups(table_of("ref.book_groups", [dict(zip(names, row, strict=True)) for row in rows]))


def line(
    quotes: Sequence[Row], as_of: datetime = TIP, spread: lines.Spread | None = known_spread, measured: lines.BookGroups | None = None
) -> Row:
    """The one player's line."""
    seen = [{**row, "as_of": as_of, "tip": TIP} for row in quotes if row["snapshot_at"] <= as_of]
    (found,) = lines.player_lines(board(pa.Table.from_pylist(seen, schema=QUOTES)), spread, measured or groups()).to_pylist()
    return dict(found)


def chance(over: float, under: float) -> float:
    return float(devig([over], [under])[0])


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def inverse(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


# --- probability -----------------------------------------------------------------------------------------------------


def test_books_are_devigged_one_by_one_and_pooled_on_the_logit_scale() -> None:
    """Mirrored prices: the pool is even, which the mean of prices would not be told from."""
    assert line([quote("betmgm", 20.5, 30, 1.8, 2.1), quote("fanduel", 20.5, 30, 2.1, 1.8)])["implied_over"] == pytest.approx(0.5)
    found = line([quote("betmgm", 20.5, 30, 1.5, 2.8), quote("fanduel", 20.5, 30, 1.9, 1.9)])
    assert found["implied_over"] == pytest.approx(inverse((logit(chance(1.5, 2.8)) + 0) / 2))


def test_a_book_with_a_higher_line_says_more_of_the_over_at_the_consensus() -> None:
    """Even money at 22.5 is more than even at 20.5: the logit falls by 1.5958 / sd a point."""
    quotes = [quote("betmgm", 20.5, 30), quote("bovada", 20.5, 30), quote("fanduel", 22.5, 30)]
    slope = 4 / math.sqrt(2 * math.pi) / math.sqrt(8.0 + 2.5 * 20.5)
    assert line(quotes)["implied_over"] == pytest.approx(inverse(2 * slope / 3))
    assert line(quotes)["implied_over"] > 0.5


def test_a_variance_below_one_counts_as_one() -> None:
    quotes = [quote("betmgm", 0.5, 30), quote("bovada", 0.5, 30), quote("fanduel", 1.5, 30)]
    found = line(quotes, spread=lambda as_of: (np.full(as_of.size, -50.0), np.full(as_of.size, 2.0)))
    assert found["implied_over"] == pytest.approx(inverse(4 / math.sqrt(2 * math.pi) / 3))


@pytest.mark.parametrize("spread", [None, unknown_spread])
def test_without_a_slope_only_books_at_the_consensus_speak(spread: lines.Spread | None) -> None:
    quotes = [quote("betmgm", 20.5, 30, 1.5, 2.8), quote("bovada", 20.5, 30, None, 1.9), quote("fanduel", 22.5, 30)]
    found = line(quotes, spread=spread)
    assert found["implied_over"] == pytest.approx(chance(1.5, 2.8))
    assert found["priced_books"] == 2


def test_no_slope_and_no_prices_are_told_apart() -> None:
    apart = line([quote("betmgm", 20.5, 30), quote("fanduel", 22.5, 30)], spread=None)
    assert (apart["consensus_line"], apart["implied_over"], apart["priced_books"]) == (21.5, None, 2)
    bare = line([quote("betmgm", 20.5, 30, 1.9, None), quote("fanduel", 20.5, 30, None, None)])
    assert (bare["implied_over"], bare["priced_books"]) == (None, 0)


def test_prices_without_margin_do_not_raise() -> None:
    assert line([quote("betmgm", 20.5, 30, 2.2, 2.2)])["implied_over"] == pytest.approx(0.5)


def test_the_slope_is_that_of_each_games_own_moment() -> None:
    asked: list[int] = []

    def spread(as_of: Codes) -> tuple[FloatArray, FloatArray]:
        asked.extend(as_of.tolist())
        return known_spread(as_of)

    early = TIP - timedelta(hours=2)
    line([quote("betmgm", 20.5, 200), quote("fanduel", 22.5, 200)], early, spread)
    assert asked == [early.timestamp() * 1e6]


# --- the last six hours ----------------------------------------------------------------------------------------------


def test_velocity_is_the_median_change_an_hour_over_books_current_at_both_ends() -> None:
    """draftkings rose by 1, fanduel by 3; betmgm is new, and bovada's quote of seven hours ago has lapsed."""
    quotes = [
        *(quote("draftkings", 20.5, 420), quote("fanduel", 20.5, 420), quote("bovada", 30.5, 700)),
        *(quote("draftkings", 21.5, 30), quote("fanduel", 23.5, 30), quote("betmgm", 40.5, 30), quote("bovada", 20.5, 30)),
    ]
    assert line(quotes)["velocity"] == pytest.approx(2.0 / 6)


def test_a_quote_that_stands_unchanged_moves_by_nothing_and_one_that_was_not_seen_again_has_no_velocity() -> None:
    assert line([quote("draftkings", 20.5, 420), quote("draftkings", 20.5, 30)])["velocity"] == 0.0
    assert line([quote("draftkings", 20.5, 420)])["velocity"] is None


def test_velocity_is_missing_where_nobody_was_current_six_hours_ago() -> None:
    assert line([quote("draftkings", 20.5, 359)])["velocity"] is None
    assert line([quote("draftkings", 20.5, 360), quote("draftkings", 21.5, 30)])["velocity"] == pytest.approx(1 / 6)


def test_what_was_pulled_six_hours_ago_and_came_back_has_no_velocity() -> None:
    other = quote_row(GAME, "b", "draftkings", 9.5, TIP - timedelta(minutes=400))
    assert line([quote("draftkings", 20.5, 500), quote("draftkings", 22.5, 30)])["velocity"] == pytest.approx(2 / 6)
    seen = [{**row, "as_of": TIP, "tip": TIP} for row in (quote("draftkings", 20.5, 500), other, quote("draftkings", 22.5, 30))]
    found = lines.player_lines(board(pa.Table.from_pylist(seen, schema=QUOTES)), None, groups()).to_pylist()
    assert {row["player_lookup"]: row["velocity"] for row in found} == {"a": None}


def test_a_quote_learned_of_late_was_not_current_then() -> None:
    late = quote("draftkings", 20.5, 420, known_at=TIP - timedelta(hours=5))
    assert line([late, quote("draftkings", 21.5, 30)])["velocity"] is None


# --- sharp and soft --------------------------------------------------------------------------------------------------


MEASURED = TIP - timedelta(days=3)
FOUR = [quote("betmgm", 20.5, 30), quote("bovada", 21.5, 30), quote("draftkings", 22.5, 30), quote("fanduel", 24.5, 30)]


def test_the_delta_is_the_sharp_groups_mean_less_the_soft_groups() -> None:
    told = groups(
        *(("betmgm", MEASURED, "sharp"), ("bovada", MEASURED, "sharp"), ("draftkings", MEASURED, "neither"), ("fanduel", MEASURED, "soft"))
    )
    found = line(FOUR, measured=told)
    assert (found["sharp_avg"], found["soft_avg"], found["sharp_soft_delta"], found["groups_measured"]) == (21.0, 24.5, -3.5, True)


def test_only_what_was_measured_by_the_moment_counts_and_of_it_the_newest() -> None:
    told = groups(
        ("betmgm", MEASURED, "sharp"),
        ("betmgm", MEASURED - timedelta(days=9), "soft"),
        ("fanduel", MEASURED, "soft"),
        ("fanduel", TIP + timedelta(microseconds=1), "sharp"),
        ("bovada", TIP, "soft"),
    )
    assert line(FOUR, measured=told)["sharp_soft_delta"] == 20.5 - (24.5 + 21.5) / 2


def test_groups_not_measured_and_a_group_without_a_line_are_told_apart() -> None:
    unmeasured = line(FOUR, measured=groups(("betmgm", TIP + timedelta(days=1), "sharp")))
    assert (unmeasured["sharp_soft_delta"], unmeasured["groups_measured"]) == (None, False)
    one_sided = line(FOUR, measured=groups(("betmgm", MEASURED, "sharp")))
    assert (one_sided["sharp_avg"], one_sided["sharp_soft_delta"], one_sided["groups_measured"]) == (20.5, None, True)


# --- whole -----------------------------------------------------------------------------------------------------------


OFFERS = st.tuples(
    st.sampled_from(BOOKS),
    st.sampled_from([700, 420, 361, 360, 200, 90, 30, 0, -20]),
    st.integers(30, 60).map(lambda half: half / 2),
    st.sampled_from([None, 1.5, 1.9, 2.2, 3.0]),
    st.sampled_from([None, 1.5, 1.9, 2.2]),
)


@settings(max_examples=60)
@given(st.lists(OFFERS, min_size=1, max_size=25, unique_by=lambda offer: offer[:2]))
def test_probability_and_velocity_agree_with_plain_python(offers: list[tuple[str, int, float, float | None, float | None]]) -> None:
    """One event and one player, so that nothing is pulled: a quote lapses only by three hours of others' documents."""

    def current(minutes_before: int) -> dict[str, tuple[str, int, float, float | None, float | None]]:
        seen = [offer for offer in offers if offer[1] >= max(minutes_before, 1)]
        newest = {book: min((offer for offer in seen if offer[0] == book), key=lambda offer: offer[1]) for book in {row[0] for row in seen}}
        last = min((offer[1] for offer in seen), default=0)
        return {book: offer for book, offer in newest.items() if offer[1] - last <= 180}

    quotes = [quote(book, point, minutes, over, under) for book, minutes, point, over, under in offers]
    before_tip = [row for row in quotes if row["snapshot_at"] < TIP]
    if not before_tip:
        return
    found, now, then = line(before_tip), current(0), current(360)
    middle = median(offer[2] for offer in now.values())
    slope = 4 / math.sqrt(2 * math.pi) / math.sqrt(VARIANCE[0] + VARIANCE[1] * middle)
    logits = [
        logit(chance(over, under)) + slope * (point - middle)
        for _, _, point, over, under in now.values()
        if over is not None and under is not None
    ]
    moved = [offer[2] - then[book][2] for book, offer in now.items() if book in then and offer[1] < 360]
    assert found["consensus_line"] == middle
    assert found["implied_over"] == (pytest.approx(inverse(fmean(logits))) if logits else None)
    assert found["velocity"] == (pytest.approx(median(moved) / 6) if moved else None)


def test_in_play_quotes_change_nothing(tmp_path: Path) -> None:
    after = [quote(book, 35.5, minutes) for book in BOOKS for minutes in (0, -30)]
    found = []
    for name, rows in (("before", FOUR), ("both", [*FOUR, *after])):
        warehouse = fill(tmp_path / f"{name}.duckdb", {"raw.schedule": [GAME], "raw.odds_player_points": rows})
        with warehouse.reading() as work:
            found.append(lines.market_as_of(work, games_as_of(work, [GAME_ID], None), known_spread))
    assert found[0] == found[1]
    assert found[0].quotes.num_rows == len(FOUR)


def test_the_close_is_the_market_as_of_the_tip(tmp_path: Path) -> None:
    warehouse = fill(tmp_path / "warehouse.duckdb", {"raw.schedule": [GAME], "raw.odds_player_points": FOUR})
    with warehouse.reading() as work:
        games = games_as_of(work, [GAME_ID], None)
        close = lines.market_at_close(work, games.select("game_id", "tip"))
        assert close == lines.market_as_of(work, games)
    assert close.lines.column("consensus_line").to_pylist() == [22.0]
    assert [(row["bookmaker"], row["chosen"], row["line_kind"]) for row in close.quotes.to_pylist()] == [
        (book, True, "sportsbook") for book in BOOKS
    ]


def test_current_quotes_hold_every_kind_that_may_make_a_line_and_say_which_do() -> None:
    rows = [*FOUR[:1], quote("bettingpros_consensus", 20.0, 30), quote("prizepicks", 9.5, 30), quote("nobodys_book", 9.5, 30)]
    seen = [{**row, "as_of": TIP, "tip": TIP} for row in rows]
    found = lines.current_quotes(board(pa.Table.from_pylist(seen, schema=QUOTES))).to_pylist()
    assert [(row["bookmaker"], row["line_kind"], row["chosen"]) for row in found] == [
        ("betmgm", "sportsbook", True),
        ("bettingpros_consensus", "consensus", False),
    ]


def test_no_quotes_are_no_lines() -> None:
    empty = board(QUOTES.empty_table())
    assert lines.player_lines(empty, known_spread, groups()).num_rows == lines.current_quotes(empty).num_rows == 0
