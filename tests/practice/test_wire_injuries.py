"""The practice league's official report: its names, its moments, its rows. That it reads as the league's own is tested with its reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tipoff.clock import ManualClock, parse_instant
from tipoff.practice import Season
from tipoff.practice.server import running
from tipoff.practice.wire_injuries import NOT_YET, injury_report, printed_at, report_rows, submits_at

AFTERNOON = parse_instant("2026-01-28T22:30:00Z")


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("2025-11-05_05PM", "2025-11-05T22:30:00Z"),
        ("2025-10-28_12AM", "2025-10-28T04:30:00Z"),
        ("2026-01-28_05_30PM", "2026-01-28T22:30:00Z"),
        ("2025-12-22_12_00AM", "2025-12-22T05:00:00Z"),
    ],
)
def test_a_name_tells_when_its_report_is_printed(name: str, at: str) -> None:
    assert printed_at(name) == parse_instant(at)


@pytest.mark.parametrize(
    "name",
    ["2025-11-05_05_30PM", "2026-01-28_05PM", "2026-01-28_05_31PM", "2026-13-40_05_30PM", "2026-01-28_17_30PM", "2026-01-28", "../x", ""],
)
def test_there_is_no_report_of_any_other_name(name: str) -> None:
    assert printed_at(name) is None


def test_a_report_is_not_there_before_it_is_printed(season: Season) -> None:
    assert injury_report(season, "2026-01-28_05_30PM", AFTERNOON - timedelta(seconds=1)) is None
    found = injury_report(season, "2026-01-28_05_30PM", AFTERNOON)
    assert found is not None
    assert found == injury_report(season, "2026-01-28_05_30PM", AFTERNOON + timedelta(days=90))


def test_it_says_of_each_player_what_was_last_told_for_that_game(season: Season) -> None:
    game = next(game for game in season.games if game.tip > AFTERNOON)
    item = season.news_by_game[game.index][-1]
    player = season.players[item.player]
    name = f"{player.family_name}, {player.first_name}"
    before, after = (
        {row.status for row in report_rows(season, at) if row.player == name and row.matchup == f"{game.away}@{game.home}"}
        for at in (item.at - timedelta(seconds=1), item.at)
    )
    assert after == {item.status}
    assert before != after


def test_a_team_has_not_submitted_before_its_hour(season: Season) -> None:
    game = next(game for game in season.games if game.tip > AFTERNOON + timedelta(days=1))

    def silent(at: datetime) -> set[bool]:
        return {row.reason == NOT_YET for row in report_rows(season, at) if row.matchup == f"{game.away}@{game.home}"}

    hours = sorted(submits_at(season, game, team) for team in (game.away, game.home))
    assert hours[1] < game.tip
    assert silent(hours[0] - timedelta(seconds=1)) == {True}
    assert silent(hours[1]) == {False}


def test_it_lists_today_and_tomorrow_and_nothing_that_has_tipped(season: Season) -> None:
    at = datetime(2026, 1, 29, 1, 0, tzinfo=UTC)  # eight in the evening
    listed = {(row.date, row.matchup) for row in report_rows(season, at)}
    assert {day for day, _ in listed} == {"01/28/2026", "01/29/2026"}
    tipped = {f"{game.away}@{game.home}" for game in season.games if game.tip <= at and f"{game.game_date:%m/%d/%Y}" == "01/28/2026"}
    assert tipped
    assert not tipped & {matchup for day, matchup in listed if day == "01/28/2026"}


def test_the_server_gives_reports_that_are_printed_and_denies_the_others(season: Season) -> None:
    with running(season, ManualClock(AFTERNOON)) as url, httpx.Client(base_url=url) as client:
        found = client.get("/nba-injuries/Injury-Report_2026-01-28_05_30PM.pdf")
        assert (found.status_code, found.headers["content-type"]) == (200, "application/pdf")
        assert found.content.startswith(b"%PDF-1.7")
        for name in ("2026-01-28_05_45PM", "2026-01-28_05PM", "nothing"):
            assert client.get(f"/nba-injuries/Injury-Report_{name}.pdf").status_code == 403
        earlier = f"/at/{AFTERNOON - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}/nba-injuries"
        assert client.get(f"{earlier}/Injury-Report_2026-01-28_05_30PM.pdf").status_code == 403
        assert client.get(f"{earlier}/Injury-Report_2026-01-28_04_30PM.pdf").status_code == 200
        assert client.get("/at/yesterday/nba-injuries/Injury-Report_2026-01-28_04_30PM.pdf").status_code == 400
