"""Which games a slate has as of a moment, with which moment each, and who may play in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from features.raw_rows import Row, empty, fill, schedule_row
from tipoff.analyze.history import newest_schedule
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import games_as_of, games_between, known_games_on, sides
from tipoff.store.warehouse import Work

DAY = date(2025, 11, 5)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
MONTH_BEFORE, WEEK = TIP - timedelta(days=30), timedelta(days=7)


def rows() -> list[Row]:
    plain = schedule_row(DAY, "BOS", "NYK", TIP, MONTH_BEFORE)
    postponed = schedule_row(DAY, "MIA", "CHI", TIP, MONTH_BEFORE)
    moved = schedule_row(DAY, "DEN", "UTA", TIP, MONTH_BEFORE)
    late = schedule_row(DAY, "PHX", "LAL", TIP, TIP - timedelta(hours=2))
    return [
        plain,
        {**plain, "status": "final", "known_at": TIP + timedelta(hours=3)},
        {**plain, "league_game_id": None, "commence_time": TIP + timedelta(minutes=30), "known_at": TIP - timedelta(hours=1)},
        postponed,
        {**postponed, "status": "postponed", "known_at": TIP - timedelta(hours=6)},
        moved,
        {**moved, "status": "postponed", "known_at": TIP - timedelta(hours=6)},
        {
            **moved,
            "status": "scheduled",
            "commence_time": TIP + WEEK,
            "game_date": DAY + WEEK,
            "known_at": TIP - timedelta(hours=3),
        },
        late,
    ]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    with fill(tmp_path_factory.mktemp("slate") / "warehouse.duckdb", {**empty(), "raw.schedule": rows()}).reading() as work:
        yield work


IDS = ["20251105_BOS_NYK", "20251105_MIA_CHI", "20251105_DEN_UTA", "20251105_PHX_LAL"]


def known(work: Work, as_of: datetime | None) -> dict[str, Row]:
    return {row["game_id"][-7:]: row for row in work.fetch(games_as_of(work, IDS, as_of)).to_pylist()}


def test_without_a_moment_each_game_is_as_of_its_own_tip(work: Work) -> None:
    found = known(work, None)
    assert {name: row["as_of"] for name, row in found.items()} == {
        "BOS_NYK": TIP,
        "DEN_UTA": TIP + WEEK,
        "PHX_LAL": TIP,
    }
    assert all(row["as_of"] == row["tip"] for row in found.values())


def test_a_moment_after_the_tip_is_the_tip(work: Work) -> None:
    assert known(work, TIP + timedelta(hours=1))["BOS_NYK"]["as_of"] == TIP


def test_a_game_that_was_not_called_off_yet_is_among_them_and_gone_once_it_was(work: Work) -> None:
    assert {"MIA_CHI", "DEN_UTA"} <= set(known(work, TIP - timedelta(hours=7)))
    assert not {"MIA_CHI", "DEN_UTA"} & set(known(work, TIP - timedelta(hours=5)))


def test_a_game_with_a_new_tip_is_back_as_of_the_moment_asked_for(work: Work) -> None:
    found = known(work, TIP - timedelta(hours=2))["DEN_UTA"]
    assert (found["tip"], found["as_of"], found["game_date"]) == (
        TIP + WEEK,
        TIP - timedelta(hours=2),
        DAY + WEEK,
    )


def test_a_game_is_unknown_until_somebody_has_told_of_it(work: Work) -> None:
    assert "PHX_LAL" not in known(work, TIP - timedelta(hours=3))
    assert known(work, TIP - timedelta(hours=2))["PHX_LAL"]["as_of"] == TIP - timedelta(hours=2)


def test_the_leagues_tip_stands_before_an_odds_sources(work: Work) -> None:
    assert known(work, None)["BOS_NYK"]["tip"] == TIP


def test_a_game_has_two_sides_each_the_others_opponent(work: Work) -> None:
    found = work.fetch(sides(games_as_of(work, IDS[:1], None))).to_pylist()
    assert {(row["team"], row["opponent"], row["home"]) for row in found} == {("BOS", "NYK", False), ("NYK", "BOS", True)}


def test_asking_twice_for_a_game_gives_it_once(work: Work) -> None:
    assert work.fetch(games_as_of(work, [*IDS[:1], *IDS[:1]], None)).num_rows == 1


def test_a_game_that_moved_to_another_day_is_on_that_day_alone_once_it_is_known(work: Work) -> None:
    schedule = Schedule.read(work)

    def on(day: date, as_of: datetime | None) -> list[str]:
        return [name[-7:] for name in known_games_on(schedule, day, day, as_of).column("game_id").to_pylist()]

    assert "20251105_DEN_UTA" in games_between(work, DAY, DAY)
    assert on(DAY, TIP - timedelta(hours=7)) == ["BOS_NYK", "DEN_UTA", "MIA_CHI"]
    assert on(DAY, None) == ["BOS_NYK", "PHX_LAL"]
    assert on(DAY + WEEK, None) == ["DEN_UTA"]
    assert on(DAY + WEEK, TIP - timedelta(hours=7)) == []


def test_a_game_that_moved_to_another_day_under_another_id_is_on_there_alone_once_that_is_known(tmp_path: Path) -> None:
    """And where it moves back it is on the first day again."""
    first, back = schedule_row(DAY, "BOS", "NYK", TIP, MONTH_BEFORE), TIP - timedelta(hours=1)
    there = {"league_game_id": first["league_game_id"], "known_at": TIP - timedelta(hours=6)}
    moved = schedule_row(DAY + WEEK, "BOS", "NYK", TIP + WEEK, **there)
    words = [first, moved, {**first, "known_at": back, "fetched_at": back}]
    days = {}
    with fill(tmp_path / "warehouse.duckdb", {**empty(), "raw.schedule": words}).reading() as work:
        for hours in (7, 3, 0.5):
            games = known_games_on(Schedule.read(work), DAY, DAY + WEEK, TIP - timedelta(hours=hours))
            days[hours] = [row["game_date"] for row in games.to_pylist()]
        newest = {row["game_id"]: row["status"] for row in work.fetch(newest_schedule(work.table("raw.schedule"))).to_pylist()}
    assert days == {7: [DAY], 3: [DAY + WEEK], 0.5: [DAY]}
    assert newest == {"20251105_BOS_NYK": "scheduled", "20251112_BOS_NYK": "postponed"}


def test_an_id_that_the_league_gives_again_in_another_season_moves_no_game(tmp_path: Path) -> None:
    year = timedelta(days=364)
    first = schedule_row(DAY, "BOS", "NYK", TIP, MONTH_BEFORE, league_game_id="17")
    again = schedule_row(DAY + year, "BOS", "NYK", TIP + year, MONTH_BEFORE + year, league_game_id="17")
    with fill(tmp_path / "warehouse.duckdb", {**empty(), "raw.schedule": [first, again]}).reading() as work:
        assert known_games_on(Schedule.read(work), DAY, DAY + year, None).num_rows == 2
        assert set(work.fetch(newest_schedule(work.table("raw.schedule"))).column("status").to_pylist()) == {"scheduled"}
