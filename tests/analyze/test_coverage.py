"""Coverage: what is counted by week, month and season; a week that falls short is found by its neighbours and named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

import commands
from features.raw_rows import Raw, box_row, copy_of, empty, fill, game_id, quote_row, schedule_row, status_row
from tipoff.analyze.coverage import Coverage, Gap, Period, coverage
from tipoff.config import TWELVE_BOOKS
from tipoff.errors import BadInput
from tipoff.store.duckdb import DuckDBWarehouse

FIRST_MONDAY = date(2025, 12, 1)
MONDAYS = tuple(FIRST_MONDAY + timedelta(days=7 * week) for week in range(9))
BAD = date(2026, 1, 5)
SUMMER = date(2026, 7, 1)
PAIRS = (("LAL", "BOS"), ("MIA", "DEN"))
LATER = datetime(2026, 2, 10, tzinfo=UTC)


def whole() -> Raw:
    """Nine weeks, two games each Monday and Thursday, two players a game at twelve books an hour and ten minutes before the tip, box
    scores of both teams, a report on each day."""
    raw = empty()
    for monday in MONDAYS:
        for day in (monday, monday + timedelta(days=3)):
            raw["raw.injuries"].append(status_row(day, "hurt", "BOS", "out", _at(day, 17)))
            for away, home in PAIRS:
                game = schedule_row(day, away, home, _at(day, 23), _at(day - timedelta(days=9), 12), status="final")
                raw["raw.schedule"].append(game)
                raw["raw.player_box"] += [box_row(game, f"player{team}", team, _at(day, 23) + timedelta(hours=3)) for team in (away, home)]
                for book in TWELVE_BOOKS:
                    for minutes in (60, 10):
                        at = game["commence_time"] - timedelta(minutes=minutes)
                        raw["raw.odds_player_points"] += [quote_row(game, f"player{team}", book, 20.5, at) for team in (away, home)]
    return raw


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def _in_week(row: dict[str, Any], monday: date) -> bool:
    day: date = row["game_date"]
    return monday <= day < monday + timedelta(days=7)


def less(raw: Raw, table: str, *mondays: date, **where: Any) -> Raw:
    """The same without the rows of these weeks whose columns equal these values, or are among them."""
    kept = copy_of(raw)
    kept[table] = [
        row
        for row in kept[table]
        if not (
            any(_in_week(row, monday) for monday in mondays)
            and all(row[name] in (value if isinstance(value, tuple) else (value,)) for name, value in where.items())
        )
    ]
    return kept


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return fill(tmp_path_factory.mktemp("full") / "warehouse.duckdb", whole())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def look(warehouse: DuckDBWarehouse, *span: date | None, by: str = "week", now: datetime = LATER) -> Coverage:
    with warehouse.reading() as work:
        return coverage(work, *span, by=by, now=now)


def gaps(folder: Path, raw: Raw, now: datetime = LATER) -> list[Gap]:
    return list(look(fill(folder / f"{len(list(folder.iterdir()))}.duckdb", raw), now=now).gaps)


def words(found: list[Gap]) -> list[str]:
    return [gap.words for gap in found]


WEEK = Period(
    label="2026-01-05",
    first=BAD,
    season="2025-26",
    game_days=2,
    games=4,
    due=4,
    lined_games=4,
    books=12,
    players=4,
    lines=8,
    quotes=192,
    closes=8,
    box_games=4,
    report_days=2,
)


class TestCounts:
    def test_a_whole_week_is_counted_to_the_last_row_and_nothing_is_missing(self, full: DuckDBWarehouse) -> None:
        found = look(full)
        assert [week.first for week in found.periods] == list(MONDAYS)
        assert found.periods[MONDAYS.index(BAD)] == WEEK
        assert found.gaps == ()

    def test_each_book_is_told_by_itself_week_by_week(self, folder: Path) -> None:
        thin = fill(folder / "thin.duckdb", less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[2:]))
        books = look(thin).books
        assert {row.bookmaker for row in books if row.label == BAD.isoformat()} == set(TWELVE_BOOKS[:2])
        assert {row.bookmaker for row in books} == set(TWELVE_BOOKS)
        whole_weeks = [row for row in books if row.label != BAD.isoformat()]
        assert {(row.lines, row.closes) for row in whole_weeks} == {(WEEK.lines, WEEK.closes)}

    def test_months_and_seasons_count_each_book_once(self, full: DuckDBWarehouse) -> None:
        months = look(full, by="month").periods
        assert [(row.label, row.games, row.books, row.lines) for row in months] == [("2025-12", 18, 12, 36), ("2026-01", 18, 12, 36)]
        [season] = look(full, by="season").periods
        assert (season.label, season.first, season.games, season.books, season.quotes) == ("2025-26", date(2025, 8, 1), 36, 12, 9 * 192)

    def test_a_season_turns_as_the_clock_says_also_in_2020(self, folder: Path) -> None:
        days = (date(2019, 7, 31), date(2019, 8, 1), date(2020, 7, 31), date(2020, 10, 11), date(2020, 11, 1), date(2021, 7, 20))
        raw = empty()
        raw["raw.schedule"] = [schedule_row(day, "LAL", "BOS", _at(day, 23), _at(day, 1)) for day in days]
        seasons = look(fill(folder / "pandemic.duckdb", raw), by="season").periods
        assert [(row.label, row.games) for row in seasons] == [("2018-19", 1), ("2019-20", 3), ("2020-21", 2)]

    def test_only_the_days_asked_for_are_counted_though_their_week_is_longer(self, full: DuckDBWarehouse) -> None:
        [week] = look(full, BAD + timedelta(days=1), BAD + timedelta(days=4)).periods
        assert (week.label, week.games, week.quotes) == ("2026-01-05", 2, 96)

    def test_what_is_quoted_in_play_is_no_line_and_a_quote_an_hour_before_the_tip_no_close(self, folder: Path) -> None:
        raw = empty()
        game = schedule_row(BAD, "LAL", "BOS", _at(BAD, 23), _at(BAD, 1))
        raw["raw.schedule"] = [game]
        moments = {"early": -60, "late": -15, "inplay": 5}
        raw["raw.odds_player_points"] = [
            quote_row(game, player, "fanduel", 20.5, _at(BAD, 23) + timedelta(minutes=minutes)) for player, minutes in moments.items()
        ]
        [week] = look(fill(folder / "w.duckdb", raw)).periods
        assert (week.lines, week.quotes, week.closes) == (2, 2, 1)

    def test_a_close_whose_moment_is_assumed_is_counted_apart(self, folder: Path) -> None:
        raw = empty()
        game = schedule_row(BAD, "LAL", "BOS", _at(BAD, 23), _at(BAD, 1))
        at = _at(BAD, 23) - timedelta(minutes=5)
        raw["raw.schedule"] = [game]
        raw["raw.odds_player_points"] = [
            quote_row(game, "both", "fanduel", 20.5, at),
            quote_row(game, "both", "bettingpros_consensus", 20.5, at, known_at_assumed=True),
            quote_row(game, "assumed", "bettingpros_consensus", 20.5, at, known_at_assumed=True),
        ]
        [week] = look(fill(folder / "w.duckdb", raw)).periods
        assert (week.closes, week.assumed_closes, week.books, week.other_books) == (2, 1, 1, 1)

    def test_a_game_called_off_or_moved_to_another_day_is_not_waited_for(self, folder: Path) -> None:
        raw = whole()
        off = next(row for row in raw["raw.schedule"] if row["game_date"] == BAD)
        moved = next(row for row in raw["raw.schedule"] if row["game_date"] == BAD and row is not off)
        off["status"] = "postponed"
        later = schedule_row(SUMMER, "MIA", "DEN", _at(SUMMER, 23), _at(BAD, 1), league_game_id=moved["league_game_id"])
        raw["raw.schedule"].append(later)
        raw["raw.player_box"] = [row for row in raw["raw.player_box"] if row["game_id"] not in (off["game_id"], moved["game_id"])]
        assert gaps(folder, raw) == []


class TestGaps:
    def test_a_week_with_two_books_among_weeks_with_twelve_is_found_and_named(self, folder: Path) -> None:
        raw = less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[2:])
        assert gaps(folder, raw) == [Gap("books", BAD, BAD, "2026-01-05: 2 of 12 books")]

    def test_weeks_that_follow_each_other_are_one_gap(self, folder: Path) -> None:
        raw = less(whole(), "raw.odds_player_points", BAD, BAD + timedelta(days=7), bookmaker=TWELVE_BOOKS[2:])
        assert words(gaps(folder, raw)) == ["2026-01-05: 2 of 12 books (and so on until 2026-01-12, 2 weeks)"]

    def test_an_outage_that_outlasts_the_neighbourhood_is_one_gap_as_well(self, folder: Path) -> None:
        raw = less(whole(), "raw.odds_player_points", *MONDAYS[1:8])
        assert words(gaps(folder, raw)) == ["2025-12-08: 0 of 12 books (and so on until 2026-01-19, 7 weeks)"]

    def test_eight_books_of_twelve_are_enough_and_seven_are_not(self, folder: Path) -> None:
        assert gaps(folder, less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[8:])) == []
        assert words(gaps(folder, less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[7:]))) == [
            "2026-01-05: 7 of 12 books"
        ]

    def test_the_first_and_the_newest_week_have_neighbours_on_one_side(self, folder: Path) -> None:
        raw = less(whole(), "raw.odds_player_points", MONDAYS[0], MONDAYS[-1], bookmaker=TWELVE_BOOKS[2:])
        assert words(gaps(folder, raw)) == ["2026-01-26: 2 of 12 books", "2025-12-01: 2 of 12 books"]

    def test_a_team_whose_box_scores_are_missing_for_a_week_is_named(self, folder: Path) -> None:
        raw = less(whole(), "raw.player_box", BAD, team="BOS")
        found = gaps(folder, raw)
        assert Gap("box_team", BAD, BAD, "2026-01-05: no box score of BOS, which played 2", "BOS") in found
        assert words(found)[1:] == ["2026-01-05: 2 of 4 games without box scores of both teams"]

    def test_one_box_score_missing_is_a_gap_and_no_team_is_blamed(self, folder: Path) -> None:
        raw = whole()
        lost = game_id(BAD, "LAL", "BOS")
        raw["raw.player_box"] = [row for row in raw["raw.player_box"] if row["game_id"] != lost]
        assert words(gaps(folder, raw)) == ["2026-01-05: 1 of 4 games without box scores of both teams"]

    def test_a_game_that_is_just_over_is_not_missed_yet(self, folder: Path) -> None:
        raw = less(whole(), "raw.player_box", MONDAYS[-1])
        tip = _at(MONDAYS[-1], 23)
        assert gaps(folder, raw, now=tip + timedelta(hours=5)) == []
        assert words(gaps(folder, raw, now=tip + timedelta(hours=7)))[0] == "2026-01-26: 2 of 2 games without box scores of both teams"

    @pytest.mark.parametrize(
        ("table", "where", "told"),
        [
            ("raw.injuries", {}, "2026-01-05: injury reports for 0 of 2 game days; around it for 100%"),
            ("raw.odds_player_points", {"player_lookup": ("playerBOS", "playerMIA")}, "lines on 1.0 players a game; around it on 2.0"),
            (
                "raw.odds_player_points",
                {"game_id": game_id(BAD, "LAL", "BOS")},
                None,
            ),
            (
                "raw.odds_player_points",
                {"game_id": tuple(game_id(BAD + timedelta(days=n), *pair) for n in (0, 3) for pair in PAIRS[:1])},
                "2026-01-05: lines on 2 of 4 games; around it on 100%",
            ),
            ("raw.odds_player_points", {"minutes_to_tip": 10.0}, "2026-01-05: closes for 0 of 8 player-games; around it for 100%"),
        ],
        ids=["no reports", "half the players", "three games of four", "half the games", "no closes"],
    )
    def test_every_measure_is_compared_with_the_weeks_around(
        self, folder: Path, table: str, where: dict[str, Any], told: str | None
    ) -> None:
        found = words(gaps(folder, less(whole(), table, BAD, **where)))
        assert len(found) == (1 if told else 0)
        assert told is None or told in found[0]

    def test_gaps_are_found_by_week_whatever_the_periods_and_only_in_the_days_asked_for(self, folder: Path) -> None:
        raw = less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[2:])
        warehouse = fill(folder / "w.duckdb", raw)
        assert words(list(look(warehouse, by="season").gaps)) == ["2026-01-05: 2 of 12 books"]
        assert words(list(look(warehouse, BAD, BAD + timedelta(days=6)).gaps)) == ["2026-01-05: 2 of 12 books"]
        assert look(warehouse, BAD + timedelta(days=7), None).gaps == ()


class TestTheCommand:
    def test_it_prints_a_table_and_names_the_gap(self, folder: Path) -> None:
        fill(folder / "warehouse.duckdb", less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[2:]))
        shown = _tipoff(folder, "--from", "2025-12-01", "--to", "2026-01-31")
        assert "2026-01-05: 2 of 12 books" in shown
        assert "2025-12-01" in shown

    def test_json_holds_the_same(self, folder: Path) -> None:
        warehouse = fill(folder / "warehouse.duckdb", less(whole(), "raw.odds_player_points", BAD, bookmaker=TWELVE_BOOKS[2:]))
        printed = json.loads(_tipoff(folder, "--from", "2025-12-01", "--to", "2026-01-31", "--json"))
        assert printed == json.loads(json.dumps(look(warehouse, date(2025, 12, 1), date(2026, 1, 31)).as_dict(), default=str))

    def test_an_empty_warehouse_says_where_to_begin(self, folder: Path) -> None:
        assert "tipoff import" in _tipoff(folder)


def test_an_unknown_period_and_a_span_that_ends_before_it_begins_are_bad_input(full: DuckDBWarehouse) -> None:
    with pytest.raises(BadInput, match="no kind of period"):
        look(full, by="fortnight")
    with pytest.raises(BadInput, match="no day"):
        look(full, BAD, BAD - timedelta(days=1))


def test_a_span_to_the_ends_of_the_calendar_is_answered(full: DuckDBWarehouse) -> None:
    assert look(full, date.min, date.max).periods == tuple(replace(row) for row in look(full).periods)


def _tipoff(folder: Path, *arguments: str) -> str:
    done = commands.run("coverage", "--data-dir", folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout
