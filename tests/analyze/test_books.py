"""Sportsbooks measured on their own closing lines: plain Python agrees, nothing of the day itself counts, and keeping replaces."""

from __future__ import annotations

import json
import random
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean, median

import pytest

import commands
from features.raw_rows import Raw, Row, box_row, fill, quote_row, schedule_row
from tipoff.analyze.books import MIN_LINES, BookRecord, keep_groups, measure_books, measured_at
from tipoff.market.devig import devig
from tipoff.rates import clustered_mean
from tipoff.store.duckdb import DuckDBWarehouse

FIRST_DAY, DAYS = date(2025, 11, 1), 40
UNTIL = FIRST_DAY + timedelta(days=DAYS)
STRAYS = {"betmgm": 1.0, "bovada": 6.0, "draftkings": 2.0, "fanduel": 2.0}
"""How far each book's lines stray from the player's true mean."""
TEN = [f"p{number}" for number in range(10)]


def game_of(day: date) -> Row:
    tip = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
    return schedule_row(day, "BOS", "NYK", tip, tip - timedelta(days=9), status="final")


def a_past(days: int = DAYS) -> Raw:
    """A game a day, ten players, four sportsbooks with an earlier and a closing line; one player sits out, a pick'em book is far off."""
    dice = random.Random(61)
    schedule, boxes, quotes = [], [], []
    for number in range(days):
        game = game_of(FIRST_DAY + timedelta(days=number))
        schedule.append(game)
        tip = game["commence_time"]
        for place, player in enumerate(TEN):
            mean = 10 + place
            played = {"minutes": 30.0, "points": max(0, round(dice.gauss(mean, 2)))} if place != number % 10 else {}
            boxes.append(box_row(game, player, "BOS", tip + timedelta(hours=3), **played))
            for book, strays in STRAYS.items():
                point = max(0.5, round(2 * dice.gauss(mean, strays)) / 2)
                over = dice.choice([1.8, 1.9, 2.0, None])
                quotes.append(quote_row(game, player, book, 50.5, tip - timedelta(minutes=40)))
                quotes.append(quote_row(game, player, book, point, tip - timedelta(minutes=10), over_price=over))
            quotes.append(quote_row(game, player, "prizepicks", 40.5, tip - timedelta(minutes=10)))
    return {"raw.schedule": schedule, "raw.player_box": boxes, "raw.odds_player_points": quotes}


@pytest.fixture(scope="module")
def past() -> Raw:
    return a_past()


@pytest.fixture(scope="module")
def warehouse(past: Raw, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return fill(tmp_path_factory.mktemp("books") / "warehouse.duckdb", past)


def measured(warehouse: DuckDBWarehouse, until: date) -> dict[str, BookRecord]:
    with warehouse.reading() as work:
        return {record.bookmaker: record for record in measure_books(work, until)}


def by_hand(past: Raw, book: str) -> BookRecord:
    points = {(row["game_id"], row["player_lookup"]): row["points"] for row in past["raw.player_box"] if row["minutes"] > 0}
    close: dict[tuple[str, str], dict[str, Row]] = {}
    for row in past["raw.odds_player_points"]:
        if row["point"] != 50.5 and row["bookmaker"] in STRAYS:
            close.setdefault((row["game_id"], row["player_lookup"]), {})[row["bookmaker"]] = row
    rows = [(key[0], quoted[book], quoted, points[key]) for key, quoted in close.items() if key in points]
    errors = [abs(own["point"] - scored) for _, own, _, scored in rows]
    others = [abs(median(row["point"] for name, row in quoted.items() if name != book) - scored) for _, _, quoted, scored in rows]
    difference = clustered_mean([own - other for own, other in zip(errors, others, strict=True)], [game for game, *_ in rows])
    misses = [
        float(devig([own["over_price"]], [own["under_price"]])[0]) - (scored > own["point"])
        for _, own, _, scored in rows
        if own["over_price"] is not None and scored != own["point"]
    ]
    return BookRecord(
        *(book, len(rows), fmean(errors), fmean(own["point"] - scored for _, own, _, scored in rows)),
        *(difference.n, difference.mean, difference.low, difference.high),
        *(len(misses), fmean(miss * miss for miss in misses), fmean(misses)),
    )


def test_every_figure_agrees_with_plain_python(past: Raw, warehouse: DuckDBWarehouse) -> None:
    found = measured(warehouse, UNTIL)
    assert set(found) == set(STRAYS)
    for book, record in found.items():
        wanted = by_hand(past, book)
        for name in BookRecord.__dataclass_fields__:
            value = getattr(wanted, name)
            assert getattr(record, name) == (pytest.approx(value) if isinstance(value, float) else value), (book, name)
    assert found["betmgm"].n == DAYS * 9  # one of ten did not play: a void


def test_the_nearer_book_is_sharp_the_farther_one_soft_and_the_smallest_error_comes_first(warehouse: DuckDBWarehouse) -> None:
    found = measured(warehouse, UNTIL)
    assert (found["betmgm"].book_group, found["bovada"].book_group) == ("sharp", "soft")
    assert next(iter(found)) == "betmgm"


def test_too_few_lines_put_a_book_in_neither_group(warehouse: DuckDBWarehouse) -> None:
    few = measured(warehouse, FIRST_DAY + timedelta(days=33))
    assert few["bovada"].paired_n == 33 * 9 < MIN_LINES
    assert few["bovada"].difference_low is not None
    assert few["bovada"].difference_low > 0
    assert {record.book_group for record in few.values()} == {"neither"}


def test_the_day_itself_what_comes_after_and_later_corrections_do_not_count(past: Raw, warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    day = UNTIL - timedelta(days=3)
    altered = {name: list(rows) for name, rows in past.items()}
    altered["raw.player_box"] = [
        {**row, "points": 99} if row["game_date"] >= day and row["points"] is not None else row for row in past["raw.player_box"]
    ]
    altered["raw.player_box"] += [
        {**row, "points": 99, "known_at": measured_at(day) + timedelta(seconds=1)}
        for row in past["raw.player_box"]
        if row["game_date"] < day and row["points"] is not None
    ]
    altered["raw.odds_player_points"] = [
        {**row, "point": 1.5} if row["game_date"] >= day and row["point"] != 50.5 else row for row in past["raw.odds_player_points"]
    ]
    other = fill(tmp_path / "warehouse.duckdb", altered)
    assert measured(other, day) == measured(warehouse, day)
    assert measured(other, UNTIL) != measured(warehouse, UNTIL)


def test_a_book_alone_has_an_error_and_no_difference(tmp_path: Path) -> None:
    past = a_past(days=2)
    past["raw.odds_player_points"] = [row for row in past["raw.odds_player_points"] if row["bookmaker"] == "fanduel"]
    (record,) = measured(fill(tmp_path / "warehouse.duckdb", past), UNTIL).values()
    assert (record.n, record.paired_n, record.mae_difference, record.book_group) == (18, 0, None, "neither")


def test_measuring_again_for_a_day_replaces_and_another_day_stands_beside_it(past: Raw, tmp_path: Path) -> None:
    warehouse = fill(tmp_path / "warehouse.duckdb", past)
    earlier = UNTIL - timedelta(days=1)
    for until, left_out in ((UNTIL, None), (earlier, None), (UNTIL, "bovada")):
        with warehouse.writing("books") as work:
            keep_groups(work, [record for record in measure_books(work, until) if record.bookmaker != left_out], until)
    rows = warehouse.read("ref.book_groups").to_pylist()
    kept = {(row["measured_at"].date(), row["bookmaker"]) for row in rows}
    assert kept == {(earlier, book) for book in STRAYS} | {(UNTIL, book) for book in STRAYS if book != "bovada"}
    assert {row["measured_at"] for row in rows} == {measured_at(UNTIL), measured_at(earlier)}
    assert measured_at(UNTIL) == datetime(2025, 12, 11, 5, tzinfo=UTC)


def tipoff(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return commands.run(*arguments, cwd=cwd)


def test_the_command_shows_each_figure_with_its_n_and_keeps_only_when_asked(past: Raw, tmp_path: Path) -> None:
    warehouse = fill(tmp_path / "tipoff-data" / "warehouse.duckdb", past)
    shown = tipoff("books", "--until", UNTIL.isoformat(), cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert {"N", "N paired", "N priced"} <= {cell.strip() for cell in shown.stdout.replace("  ", "|").split("|")}
    assert warehouse.read("ref.book_groups").num_rows == 0
    told = json.loads(tipoff("books", "--until", UNTIL.isoformat(), "--keep", "--json", cwd=tmp_path).stdout)
    assert {row["bookmaker"]: row["book_group"] for row in told["books"]} == {
        row["bookmaker"]: row["book_group"] for row in warehouse.read("ref.book_groups").to_pylist()
    }


def test_the_command_says_what_to_do_where_nothing_is_on_record(tmp_path: Path) -> None:
    done = tipoff("books", cwd=tmp_path)
    assert done.returncode == 5
    assert "-> `tipoff coverage`" in done.stderr
