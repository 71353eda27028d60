"""Injuries over real HTTP: the official report first, the one before it where it is late, ESPN where the league is silent; backfills."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flow.upstream import AFTERNOON, DAY, practice_settings, season
from tipoff.clock import ManualClock, game_date_of
from tipoff.config import Settings
from tipoff.flow.backfill import BackfillDay, Wanted, backfilling, days_of, plan_days, start, wait
from tipoff.flow.expected import write_expected
from tipoff.flow.house import House, open_house
from tipoff.flow.plan import Ask
from tipoff.flow.scraping import REPORTS_TRIED, Asked, record_asks, scrape_now
from tipoff.flow.worker import working
from tipoff.names import player_lookup
from tipoff.practice.server import running
from tipoff.practice.wire_injuries import NOT_YET, report_rows
from tipoff.scrape.client import Patience

LAST_NIGHT = DAY - timedelta(days=1)
NOWHERE = "http://127.0.0.1:9"  # the port for discarding: nobody listens
ONCE = Patience(attempts=1)
BOTH = ("nba_cdn", "espn", "nba_injuries")


@contextmanager
def house_at(folder: Path, *, reports_of: datetime = AFTERNOON, **more: Any) -> Iterator[House]:
    """A house in the afternoon, on an upstream whose newest report is that of another moment."""
    clock = ManualClock(AFTERNOON)
    with running(season(), clock) as base:
        reports = f"{base}/at/{reports_of:%Y-%m-%dT%H:%M:%SZ}/nba-injuries"
        settings: Settings = practice_settings(base, folder, **{"nba_injuries_url": reports, "sources": BOTH, **more})
        with open_house(settings, clock) as house:
            yield house


def injuries_asked(house: House) -> Asked:
    """What came of asking for the day's injuries, loaded."""
    with working(house, scheduled=False) as engine:
        done = scrape_now(engine, DAY, ("schedule", "injuries"), ONCE)
    assert {batch.state for batch in done.batches} == {"complete"}
    (asked,) = (one for one in done.asked if one.ask.feed == "injuries")
    return asked


def named(house: House) -> set[str]:
    """The reports that were fetched, by the moment in their names."""
    urls = [row["url"] for row in house.warehouse.read("raw.arrivals", feed="injuries").to_pylist()]
    return {url.rpartition("Injury-Report_")[2].removesuffix(".pdf") for url in urls}


def test_the_official_report_is_asked_first_whatever_the_order_of_the_sources(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        asked = injuries_asked(house)
        assert (asked.state, asked.source, asked.error) == ("asked", "nba_injuries", None)
        assert named(house) == {"2026-01-28_03_30PM"}
        told = {(row["team"], row["game_date"]): row["submitted"] for row in house.warehouse.read("raw.injury_submissions").to_pylist()}
        expected = report_rows(season(), AFTERNOON)
        assert len(told) == len({(row.date, row.team) for row in expected})
        assert sum(not value for value in told.values()) == sum(row.reason == NOT_YET for row in expected)


def test_a_report_that_is_late_is_stood_in_for_by_the_one_before_it(tmp_path: Path) -> None:
    with house_at(tmp_path, reports_of=AFTERNOON - timedelta(minutes=20)) as house:
        asked = injuries_asked(house)
        assert (asked.state, asked.source) == ("asked", "nba_injuries")
        assert named(house) == {"2026-01-28_03_00PM"}
        assert str(asked.error).count("HTTP 403") == 2


def test_espn_answers_where_the_league_has_no_report(tmp_path: Path) -> None:
    with house_at(tmp_path, reports_of=AFTERNOON - timedelta(hours=3)) as house:
        asked = injuries_asked(house)
        assert (asked.state, asked.source) == ("asked", "espn")
        assert str(asked.error).count("HTTP 403") == REPORTS_TRIED


def test_espn_answers_where_the_league_is_down_and_the_league_is_asked_once(tmp_path: Path) -> None:
    with house_at(tmp_path, nba_injuries_url=NOWHERE) as house:
        asked = injuries_asked(house)
        assert (asked.state, asked.source) == ("asked", "espn")
        assert str(asked.error).count("nba_injuries injuries") == 1


def test_the_causes_of_all_stay_on_record_where_nobody_answers(tmp_path: Path) -> None:
    with house_at(tmp_path, nba_injuries_url=NOWHERE, espn_url=NOWHERE) as house, working(house, scheduled=False) as engine:
        done = scrape_now(engine, DAY, ("schedule", "injuries"), ONCE)
        (asked,) = done.failed
        assert "nba_injuries injuries" in str(asked.error)
        assert "espn injuries" in str(asked.error)


def test_a_report_is_there_though_the_newest_ask_failed_until_it_is_an_hour_old(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        injuries_asked(house)
        stood = []
        assert isinstance(house.clock, ManualClock)
        for minutes in (0, 15, 61):
            now = house.clock.now() + timedelta(minutes=minutes)
            if minutes:
                house.clock.set(now)
                record_asks(house, [Asked(DAY, Ask(now, "injuries"), "failed", error="HTTP 503.")])
            stood.append({(cell.standing, cell.detail) for cell in write_expected(house, DAY) if cell.phase == "injuries"})
    assert stood == [{("COMPLETE", None)}, {("DEGRADED", "HTTP 503.")}, {("FAILED", "HTTP 503.")}]


@pytest.mark.parametrize(("on", "source"), [(("nba_cdn", "espn"), "espn"), (("nba_cdn", "nba_injuries"), "nba_injuries")])
def test_a_source_that_is_off_is_not_asked(tmp_path: Path, on: tuple[str, ...], source: str) -> None:
    with house_at(tmp_path, sources=on) as house:
        asked = injuries_asked(house)
        assert (asked.source, asked.error) == (source, None)


def statuses(house: House) -> list[dict[str, Any]]:
    """Every status on record, in all its versions."""
    with house.warehouse.reading() as work:
        rows: list[dict[str, Any]] = work.fetch(work.table("raw.injuries")).to_pylist()
    return rows


class Backfilled:
    """A house in which last night's injuries were backfilled twice, after its box scores."""

    def __init__(self, house: House) -> None:
        self.house = house
        with backfilling(house) as engine:
            for wanted in (Wanted("schedule"), Wanted("box")):
                wait(engine, start(engine, wanted, [LAST_NIGHT], None))
            self.first, self.second = (self._run(engine) for _ in range(2))

    def _run(self, engine: Any) -> BackfillDay:
        backfill = start(engine, Wanted("injuries"), [LAST_NIGHT], None)
        wait(engine, backfill)
        (day,) = days_of(self.house.state, backfill)
        return day


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    with house_at(tmp_path_factory.mktemp("backfill"), sources=("nba_cdn", "nba_injuries")) as house:
        yield Backfilled(house)


class TestABackfillOfInjuries:
    def test_it_asks_for_the_days_reports_and_again_for_nothing(self, backfilled: Backfilled) -> None:
        assert (backfilled.first.state, backfilled.first.asked, backfilled.first.failed) == ("complete", 3, 0)
        assert (backfilled.second.state, backfilled.second.there, backfilled.second.asked) == ("complete", 3, 0)
        assert [one for plan in plan_days(backfilled.house, Wanted("injuries"), LAST_NIGHT, LAST_NIGHT) for one in plan.left] == []

    def test_each_report_is_known_when_it_was_printed_not_when_it_was_fetched(self, backfilled: Backfilled) -> None:
        rows = statuses(backfilled.house)
        assert len({row["known_at"] for row in rows}) == 3
        assert {game_date_of(row["known_at"]) for row in rows} == {LAST_NIGHT}
        assert {row["source"] for row in rows} == {"nba_injuries"}

    def test_its_statuses_are_those_that_the_league_printed(self, backfilled: Backfilled) -> None:
        rows = [row for row in statuses(backfilled.house) if row["game_date"] == LAST_NIGHT]
        told = {(row["known_at"], row["player_lookup"], row["status"], row["reason"]) for row in rows}
        expected = {
            (at, player_lookup(row.player), row.status.casefold(), row.reason)
            for at in {row["known_at"] for row in rows}
            for row in report_rows(season(), at)
            if row.player and row.date == f"{LAST_NIGHT:%m/%d/%Y}"
        }
        assert len(expected) > 20
        assert told == expected

    def test_reports_that_are_not_printed_yet_are_not_planned(self, backfilled: Backfilled) -> None:
        (plan,) = plan_days(backfilled.house, Wanted("injuries"), DAY, DAY)
        assert [one.request.url_path for one in plan.planned if one.request] == ["/Injury-Report_2026-01-28_01_30PM.pdf"]
