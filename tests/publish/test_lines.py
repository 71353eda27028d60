"""A day's lines: equal to a slow reading of the quotes, the same bytes for the same inputs, and nothing that came later."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill, filling
from publish.invented_quotes import BEFORE_MINUTES, STRAYS
from publish.json_schema import faults
from publish.reading import AFTER, BEFORE, Exported, body, document
from tipoff.market.books import BOOKS
from tipoff.market.movement import MOST_STEPS
from tipoff.market.prices import hold
from tipoff.publish.export import publish_date
from tipoff.publish.lines import BookLine, Lines, PlayerLines
from tipoff.publish.write import lines_path
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Warehouse

PATH = lines_path(NIGHT)
MEN = Night().men()
FIRST = MEN[0]
Row = dict[str, Any]


def lines_in(bucket: ObjectStore) -> Lines:
    return Lines.model_validate_json(body(bucket, PATH))


def player_in(lines: Lines, lookup: str = FIRST.lookup) -> PlayerLines:
    (found,) = (player for game in lines.games for player in game.players if player.player_lookup == lookup)
    return found


def publish(warehouse: Warehouse, bucket: ObjectStore, at: datetime = BEFORE, **more: Any) -> Lines:
    publish_date(warehouse, bucket, NIGHT, generated_at=at, **more)
    return lines_in(bucket)


@pytest.fixture(scope="module")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The quotes of the invented night, as rows."""
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("quotes") / "warehouse.duckdb")
    fill(warehouse)
    with warehouse.reading() as work:
        rows: list[Row] = work.fetch(work.table("raw.odds_player_points")).to_pylist()
    return rows


# --- the slow reference ----------------------------------------------------------------------------------------------


def standing(quotes: list[Row], lookup: str, moment: datetime, tip: datetime) -> dict[str, Row]:
    """By book what the document should have of a player, from the rows one by one."""
    seen = [row for row in quotes if row["snapshot_at"] < tip and row["snapshot_at"] <= moment and row["known_at"] <= moment]
    found = {}
    for book in sorted({row["bookmaker"] for row in seen if row["player_lookup"] == lookup}):
        mine = sorted(
            (row for row in seen if (row["player_lookup"], row["bookmaker"]) == (lookup, book)), key=lambda row: row["snapshot_at"]
        )
        newest, event = mine[-1], [row for row in seen if row["event_id"] == mine[-1]["event_id"]]
        pulled = any(row["bookmaker"] == book and row["snapshot_at"] > newest["snapshot_at"] for row in event)
        silent = max(row["snapshot_at"] for row in event) - newest["snapshot_at"] > timedelta(hours=3)
        steps = [after for before, after in pairwise(mine) if _quote(before)[1:] != _quote(after)[1:]]
        found[book] = {"opening": mine[0], "newest": newest, "steps": steps, "pulled": pulled, "current": not pulled and not silent}
    return found


def _quote(row: Row) -> tuple[datetime, float, float | None, float | None]:
    return row["snapshot_at"], row["point"], row["over_price"], row["under_price"]


def _told(quoted: Any) -> tuple[datetime, float, float | None, float | None]:
    return quoted.at, quoted.point, quoted.over_price, quoted.under_price


def test_it_agrees_with_a_slow_reading_of_the_quotes(before: Exported, quotes: list[Row]) -> None:
    lines = lines_in(before.bucket)
    assert lines.total_players == sum(man.place < 7 for man in MEN)
    for man in MEN:
        if man.place >= 7:
            continue
        shown, expected = player_in(lines, man.lookup), standing(quotes, man.lookup, man.snapshot, man.tip)
        assert [book.bookmaker for book in shown.books] == list(expected)
        making = {book: row for book, row in expected.items() if row["current"] and BOOKS[book].kind == "sportsbook"}
        line = median(row["newest"]["point"] for row in making.values())
        assert shown.line == pytest.approx(line)
        assert shown.book_count == len(making)
        assert shown.opening_line == pytest.approx(
            median(row["opening"]["point"] for book, row in expected.items() if BOOKS[book].kind == "sportsbook")
        )
        for book in shown.books:
            row = expected[book.bookmaker]
            assert (_told(book.opening), _told(book.newest)) == (_quote(row["opening"]), _quote(row["newest"]))
            assert [_told(step) for step in book.steps] == [_quote(step) for step in row["steps"]]
            assert (book.current, book.pulled, book.in_line) == (row["current"], row["pulled"], book.bookmaker in making)
            assert book.is_outlier == (book.bookmaker in making and abs(row["newest"]["point"] - line) >= 1.5)
            assert (book.kind, book.newest.hold) == (BOOKS[book.bookmaker].kind, _hold(row["newest"]))
        over = min(making.values(), key=lambda row: (row["newest"]["point"], -row["newest"]["over_price"], row["newest"]["bookmaker"]))
        assert shown.best_over is not None
        assert (shown.best_over.bookmaker, shown.best_over.point) == (over["newest"]["bookmaker"], over["newest"]["point"])


def _hold(row: Row) -> float | None:
    both = row["over_price"] is not None and row["under_price"] is not None
    return round(float(hold(row["over_price"], row["under_price"])), 4) if both else None


def test_the_invented_night_has_what_the_reference_is_to_tell(before: Exported) -> None:
    books = [book for game in lines_in(before.bucket).games for player in game.players for book in player.books]
    assert any(book.is_outlier for book in books if book.bookmaker == STRAYS)
    assert any(book.pulled for book in books)
    assert any(not book.current and not book.pulled for book in books)
    assert any(book.steps for book in books)


# --- what happened ---------------------------------------------------------------------------------------------------


def test_news_are_changes_of_a_report_that_were_known_by_then(before: Exported) -> None:
    game = next(game for game in lines_in(before.bucket).games if game.game_id == FIRST.game)
    sixth = next(man for man in MEN if man.team == FIRST.team and man.place == 5)
    told = [(one.at, one.was, one.status) for one in game.news if one.player_lookup == sixth.lookup]
    moments = [sixth.snapshot - timedelta(minutes=minutes) for minutes in (600, 200, 45)]
    changes = [(None, "doubtful"), ("doubtful", "questionable"), ("questionable", None)]
    assert told == [(at, was, now) for at, (was, now) in zip(moments, changes, strict=True)]
    eighth = [one for one in game.news if one.status == "out"]
    assert len(eighth) == 2  # one a side, told once each: it did not change
    assert all(one.player_lookup != FIRST.lookup for one in game.news)  # that report came after the moment


def test_what_the_leader_said_stands_with_its_moments_and_only_where_it_changed(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    row = {"game_id": FIRST.game, "player_lookup": FIRST.lookup, "system_id": "boosted_quantiles", "game_date": NIGHT, "is_active": False}
    row |= {"superseded_by": "x", "recommendation": "OVER", "predicted_points": 30.0, "line": 26.5, "p_over": 0.61}
    early = [FIRST.snapshot - timedelta(hours=hours) for hours in (5, 3, 2)]
    rows = [row | {"prediction_id": f"early{place}", "as_of": at} for place, at in enumerate(early)]
    rows[2] |= {"predicted_points": 31.0}
    rows.append(row | {"prediction_id": "late", "as_of": FIRST.snapshot + timedelta(minutes=5), "predicted_points": 99.0})
    warehouse.merge("predictions.player_prop_predictions", filling("predictions.player_prop_predictions", rows), "a test")
    lines = publish(warehouse, bucket)
    assert lines.system_id == "boosted_quantiles"
    said = player_in(lines).said
    assert [(one.at, one.predicted) for one in said][:2] == [(early[0], 30.0), (early[2], 31.0)]
    assert len(said) == 3  # and the one that stands


def test_a_halt_withholds_what_was_said_and_no_line(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    lines = publish(warehouse, bucket, halt_reason="a test")
    assert lines.state == "halted"
    assert all(player.said == [] for game in lines.games for player in game.players)
    assert player_in(lines).line is not None


# --- time, bytes, bounds ---------------------------------------------------------------------------------------------


def test_nothing_after_a_games_moment_reaches_it(warehouse: Warehouse, bucket: ObjectStore, tmp_path: Path) -> None:
    fill(warehouse)
    publish(warehouse, bucket)
    with warehouse.writing("a test") as work:
        quotes = work.table("raw.odds_player_points")
        late = [row for row in work.fetch(quotes).to_pylist() if row["snapshot_at"] > row["commence_time"] - timedelta(minutes=1)]
        moved = [
            {name: row[name] for name in row if name not in ("written_at", "run_id")}
            | {"point": 99.5, "snapshot_at": man.snapshot + timedelta(minutes=3), "known_at": man.snapshot + timedelta(minutes=3)}
            for man in MEN
            for row in late
            if row["player_lookup"] == man.lookup
        ]
        work.merge("raw.odds_player_points", filling("raw.odds_player_points", moved))
    told = body(bucket, PATH)
    publish(warehouse, bucket)
    assert body(bucket, PATH) == told
    assert all(game.as_of <= game.tip_at for game in lines_in(bucket).games)


def test_an_earlier_moment_shows_what_was_quoted_then(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    as_of = min(man.snapshot for man in MEN) - timedelta(minutes=BEFORE_MINUTES[2])
    lines = publish(warehouse, bucket, as_of=as_of)
    moments = [quote.at for game in lines.games for player in game.players for book in player.books for quote in (book.newest, *book.steps)]
    assert moments
    assert max(moments) <= as_of
    assert all(one.at <= as_of for game in lines.games for one in game.news)


def test_the_same_inputs_give_the_same_bytes_and_are_written_once(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    first = publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    told = body(bucket, PATH)
    again = publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE + timedelta(minutes=5))
    assert (PATH in first.documents, PATH in again.documents) == (True, False)
    assert first.standing == again.standing
    assert body(bucket, PATH) == told
    bucket.delete(PATH)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    assert body(bucket, PATH) == told


def test_what_stands_is_told_as_before_and_a_price_that_changed_is_told_anew(
    warehouse: Warehouse, bucket: ObjectStore, quotes: list[Row]
) -> None:
    fill(warehouse)
    first = publish(warehouse, bucket)
    assert publish(warehouse, bucket, AFTER).games == first.games
    opening = min((row for row in quotes if row["player_lookup"] == FIRST.lookup), key=lambda row: row["snapshot_at"])
    offered = {name: value for name, value in opening.items() if name not in ("written_at", "run_id")}
    warehouse.merge("raw.odds_player_points", filling("raw.odds_player_points", [offered | {"over_price": 3.21}]), "a test")
    (book,) = [book for book in player_in(publish(warehouse, bucket, AFTER)).books if book.bookmaker == opening["bookmaker"]]
    assert book.opening.over_price == 3.21


def test_a_book_that_never_rests_keeps_its_opening_and_its_last_changes(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    at = [FIRST.snapshot - timedelta(minutes=500 - place) for place in range(100)]
    same = {"event_id": f"e-{FIRST.game}", "bookmaker": "betus", "market": "player_points", "player_lookup": FIRST.lookup, "is_main": True}
    same |= {"game_id": FIRST.game, "game_date": NIGHT, "commence_time": FIRST.tip, "source": "invented", "origin_rank": 1}
    rows = [same | {"point": 20.5 + place % 2, "snapshot_at": moment, "known_at": moment} for place, moment in enumerate(at)]
    warehouse.merge("raw.odds_player_points", filling("raw.odds_player_points", rows), "a test")
    (restless,) = (book for book in player_in(publish(warehouse, bucket)).books if book.bookmaker == "betus")
    assert restless.opening.at == at[0]
    assert [step.at for step in restless.steps] == at[-MOST_STEPS:]
    assert restless.newest.over_price is restless.newest.hold is None


def test_it_fits_its_schema_and_is_asked_for_by_name(warehouse: Warehouse, bucket: ObjectStore, after: Exported) -> None:
    assert faults(document(after.bucket, PATH), document(after.bucket, "v1/schemas/lines.json")) == []
    fill(warehouse)
    found = publish_date(warehouse, bucket, NIGHT, generated_at=AFTER, documents=["lines"])
    assert set(found.documents) == {PATH, "v1/schemas/lines.json"}


def test_a_date_without_games_has_a_document_that_says_so(warehouse: Warehouse, bucket: ObjectStore) -> None:
    assert (publish(warehouse, bucket).state, lines_in(bucket).games) == ("no_games", [])


def test_a_single_quote_is_its_own_opening(before: Exported) -> None:
    lines = lines_in(before.bucket)
    found: list[BookLine] = [book for game in lines.games for player in game.players for book in player.books]
    assert all(book.opening.at <= book.newest.at for book in found)
    assert all(a.at < b.at for book in found for a, b in zip([book.opening, *book.steps], book.steps, strict=False))
