"""The official injury report: what is asked for, the recorded report as it is, and reports that the practice league prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import SHARED, adds_up, rows, rules

from tipoff.load.rules import RULES, rule_named
from tipoff.names import TEAMS, player_lookup
from tipoff.practice.report_sheet import SheetRow, sheet
from tipoff.scrape.pages import Area, Word
from tipoff.scrape.pdf import read_pdf
from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import espn, nba_injuries, recognise
from tipoff.scrape.sources.nba_injuries.document import printed_at
from tipoff.scrape.sources.nba_injuries.requests import official_reports
from tipoff.scrape.sources.nba_injuries.table import rows_of

RECORDED = SHARED / "recorded" / "nba-injuries"
ARCHIVE = SHARED / "archive"
TITLE = "Practice League Injury Report: 01/28/26 05:30 PM"
PRINTED = datetime(2026, 1, 28, 22, 30, tzinfo=UTC)
NOT_YET = "NOT YET SUBMITTED"

needs_data = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the shared data is not at {SHARED}")


def parse(body: bytes, fetched_at: datetime | None = None) -> Parsed:
    parsed = nba_injuries.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


def row(player: str = "Orlin, Bre", status: str = "Out", reason: str = "", team: str = "Boston Celtics", **more: str) -> SheetRow:
    stands = {"date": "01/28/2026", "time": "07:30 (ET)", "matchup": "LAL@BOS", **more}
    return SheetRow(**stands, team=team, player=player, status=status, reason=reason)


def printed(*printed_rows: SheetRow, title: str = TITLE) -> Parsed:
    return parse(sheet(title, printed_rows))


def told(parsed: Parsed) -> list[tuple[str, str, str | None]]:
    return [(found["name"], found["status"], found["reason"]) for found in rows(parsed, "injuries")]


def submitted(parsed: Parsed) -> dict[tuple[str, date], bool]:
    return {(found["team"], found["game_date"]): found["submitted"] for found in rows(parsed, "submissions")}


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        ("moment", "name"),
        [
            ("2025-11-05T22:30:00Z", "2025-11-05_05PM"),  # by the hour, printed at half past
            ("2025-11-05T22:29:59Z", "2025-11-05_04PM"),
            ("2025-11-05T17:45:00Z", "2025-11-05_12PM"),
            ("2025-11-05T05:10:00Z", "2025-11-04_11PM"),  # ten past midnight in New York
            ("2025-11-01T21:30:00Z", "2025-11-01_05PM"),  # daylight saving ends in the night after
            ("2025-11-02T22:30:00Z", "2025-11-02_05PM"),
            ("2025-12-22T22:40:00Z", "2025-12-22_05_30PM"),
            ("2026-01-05T22:44:59Z", "2026-01-05_05_30PM"),
            ("2026-01-05T22:45:00Z", "2026-01-05_05_45PM"),
            ("2026-03-08T21:30:00Z", "2026-03-08_05_30PM"),  # daylight saving began in the night before
            ("2026-01-05T05:00:00Z", "2026-01-05_12_00AM"),
        ],
    )
    def test_the_report_in_force_at_a_moment(self, moment: str, name: str) -> None:
        request = nba_injuries.official_report(datetime.fromisoformat(moment))
        assert (request.source, request.feed, request.credits) == ("nba_injuries", "injuries", 0)
        assert request.url_path == f"/Injury-Report_{name}.pdf"

    def test_the_reports_before_it_follow_newest_first(self) -> None:
        asked = [request.url_path[15:-4] for request in official_reports(datetime(2026, 1, 5, 5, 20, tzinfo=UTC), 3)]
        assert asked == ["2026-01-05_12_15AM", "2026-01-05_12_00AM", "2026-01-04_11_45PM"]

    def test_on_the_day_of_the_change_both_names_are_tried_the_newer_first(self) -> None:
        asked = [request.url_path[15:-4] for request in official_reports(datetime(2025, 12, 22, 22, 30, tzinfo=UTC), 3)]
        assert asked == ["2025-12-22_05_30PM", "2025-12-22_05PM", "2025-12-22_05_15PM"]

    def test_before_the_first_quarters_name_comes_the_last_hours(self) -> None:
        asked = [request.url_path[15:-4] for request in official_reports(datetime(2025, 12, 22, 5, 0, tzinfo=UTC), 2)]
        assert asked == ["2025-12-22_12_00AM", "2025-12-21_11PM"]

    @given(st.datetimes(datetime(2021, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
    def test_no_report_is_asked_for_twice(self, moment: datetime) -> None:
        asked = [request.url_path for request in official_reports(moment, 8)]
        winter_begins = len(asked) - len(set(asked))  # an hour of that night is told twice by the clocks
        assert winter_begins == 0 or moment.month == 11


@pytest.fixture(scope="module")
def report() -> Parsed:
    return parse((RECORDED / "official_injury_report.pdf").read_bytes())


@needs_data
class TestTheRecordedReport:
    def test_it_is_of_the_real_league_and_of_the_moment_printed_above_it(self, report: Parsed) -> None:
        assert (report.source, report.kind, report.league) == ("nba_injuries", "injuries", "nba")
        assert report.snapshot_at == datetime(2024, 1, 4, 17, 30, tzinfo=UTC)
        assert recognise((RECORDED / "official_injury_report.pdf").read_bytes()) == ("nba_injuries", "injuries")

    def test_every_row_is_read_and_nothing_is_set_apart(self, report: Parsed) -> None:
        assert (len(rows(report, "injuries")), len(rows(report, "submissions")), report.rejects) == (14, 32, [])
        assert Counter(found["status"] for found in rows(report, "injuries")) == {
            "out": 10,
            "questionable": 2,
            "doubtful": 1,
            "probable": 1,
        }

    def test_a_row_has_its_date_team_player_status_and_reason(self, report: Parsed) -> None:
        day, at = date(2024, 1, 4), datetime(2024, 1, 4, 17, 30, tzinfo=UTC)
        found = {one["name"]: one for one in rows(report, "injuries")}
        shared = {"game_date": day, "known_at": at}
        assert found["Bassey, Charles"] == {
            **shared,
            "name": "Bassey, Charles",
            "team": "SAS",
            "status": "out",
            "reason": "Injury/Illness - Left Acl; Tear",
            "path": "$.pages[0].rows[2]",
        }
        assert [found[name]["reason"] for name in ("Barlow, Dominick", "Green, Draymond")] == ["G League - Two-Way", "League Suspension"]
        assert {name: (one["team"], one["status"]) for name, one in found.items() if name in ("Branham, Malaki", "Jackson, Reggie")} == {
            "Branham, Malaki": ("SAS", "doubtful"),
            "Jackson, Reggie": ("DEN", "probable"),
        }

    def test_suffixes_are_part_of_the_name(self, report: Parsed) -> None:
        lookups = {player_lookup(one["name"]) for one in rows(report, "injuries")}
        assert {"daviddukejr", "garypaytonii"} <= lookups

    def test_a_team_that_has_not_submitted_is_told_from_one_that_has(self, report: Parsed) -> None:
        today, tomorrow = date(2024, 1, 4), date(2024, 1, 5)
        said = submitted(report)
        assert {team: said[team, today] for team in ("MIL", "SAS", "DEN", "GSW")} == {"MIL": False, "SAS": True, "DEN": True, "GSW": True}
        assert not any(value for (_, day), value in said.items() if day == tomorrow)

    def test_date_and_matchup_are_carried_over_a_page_break(self, report: Parsed) -> None:
        """UTA@BOS opens the second page without a date, and Denver the third, whose opponent stands on the second."""
        said = submitted(report)
        assert {(team, date(2024, 1, 5)) for team in ("UTA", "BOS", "ORL", "DEN", "TOR", "SAC")} <= said.keys()

    @pytest.mark.skipif(not ARCHIVE.is_dir(), reason=f"the shared data is not at {SHARED}")
    def test_its_teams_are_those_of_the_schedule_and_whom_it_rules_out_did_not_play(self, report: Parsed) -> None:
        games = pq.read_table(ARCHIVE / "games.parquet").to_pylist()
        of_days = {(str(game["game_date"])[:10], game[side]) for game in games for side in ("home", "away")}
        assert {(str(day), team) for team, day in submitted(report)} == {one for one in of_days if one[0] in ("2024-01-04", "2024-01-05")}
        box = pq.read_table(ARCHIVE / "player_box.parquet")
        box = box.filter(pc.starts_with(pc.cast(box.column("game_date"), "string"), "2024-01-04"))
        played = {player_lookup(one["player_name"]) for one in box.to_pylist() if (one["min"] or 0) > 0}
        out = {player_lookup(one["name"]) for one in rows(report, "injuries") if one["status"] == "out"}
        assert len(played) > 30
        assert out & played == set()

    def test_the_game_book_is_known_and_set_apart_with_one_reject(self) -> None:
        body = (RECORDED / "gamebook.pdf").read_bytes()
        parsed = parse(body)
        assert recognise(body) == ("nba_injuries", "game-book")
        assert (rules(parsed), parsed.rows, parsed.offered) == ([("$", "kind_not_used")], 0, 1)
        assert "Grizzlies - Cavaliers" in parsed.rejects[0].value


@pytest.mark.skipif(not ARCHIVE.is_dir(), reason=f"the shared data is not at {SHARED}")
def test_archived_reports_that_are_typeset_anew_are_read_as_they_were() -> None:
    """Nineteen days of real names, statuses and reasons, in the league's own layout."""
    by_day: dict[str, list[SheetRow]] = {}
    columns = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
    for one in pq.read_table(ARCHIVE / "injuries_official_report_lorenzocirla.parquet").to_pylist():
        by_day.setdefault(one["report_date"], []).append(SheetRow(*(one[column] or "" for column in columns)))
    assert len(by_day) == 19
    for day, of_day in by_day.items():
        parsed = printed(*of_day, title=f"Injury Report: {day[5:7]}/{day[8:]}/{day[2:4]} 05:30 PM")
        players = {
            (one.player, one.date): (one.player, one.status.casefold(), " ".join(one.reason.split())) for one in of_day if one.player
        }
        assert (told(parsed), parsed.rejects) == (list(players.values()), [])
        assert sum(not value for value in submitted(parsed).values()) == sum(one.reason == NOT_YET for one in of_day)


WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZéčıłØ'();/\\&.", min_size=1, max_size=20)
REASON = st.lists(WORDS, max_size=45).map(" ".join).filter(lambda text: len(text) <= 200)
NAME = st.tuples(WORDS, WORDS).map(lambda parts: f"{parts[0]}, {parts[1]}").filter(player_lookup)


@cache
def pairs() -> list[tuple[str, str]]:
    return list(zip(list(TEAMS)[::2], list(TEAMS)[1::2], strict=True))


@st.composite
def reports(draw: st.DrawFn) -> list[SheetRow]:
    """Any games of two days with any statuses; a team has rows, none, or has not submitted."""
    found: list[SheetRow] = []
    for day in draw(st.lists(st.sampled_from(["01/28/2026", "01/29/2026"]), unique=True, min_size=1).map(sorted)):
        for away, home in draw(st.lists(st.sampled_from(pairs()), unique=True, min_size=1, max_size=8)):
            for team in (away, home):
                stands = (day, "07:30 (ET)", f"{away}@{home}", TEAMS[team].name)
                names = draw(st.lists(NAME, max_size=6, unique_by=player_lookup))
                statuses = st.sampled_from(["Out", "Doubtful", "Questionable", "Probable", "Available"])
                found += [SheetRow(*stands, name, draw(statuses), draw(REASON)) for name in names]
                if not names:
                    found.append(SheetRow(*stands, reason=draw(st.sampled_from([NOT_YET, ""]))))
    return found


@given(reports(), st.booleans())
def test_whatever_a_report_says_is_read_as_it_was_printed(printed_rows: list[SheetRow], deflate: bool) -> None:
    parsed = parse(sheet(TITLE, printed_rows, deflate=deflate))
    of_players = [one for one in printed_rows if one.player]
    assert parsed.rejects == []
    assert told(parsed) == [(one.player, one.status.casefold(), one.reason or None) for one in of_players]
    assert [(f"{one['game_date']:%m/%d/%Y}", TEAMS[one["team"]].name) for one in rows(parsed, "injuries")] == [
        (one.date, one.team) for one in of_players
    ]
    assert len(submitted(parsed)) == len({(one.date, one.team) for one in printed_rows})
    assert sum(not value for value in submitted(parsed).values()) == sum(one.reason == NOT_YET and not one.player for one in printed_rows)


class TestTheMoment:
    @pytest.mark.parametrize(
        ("title", "at"),
        [
            ("Injury Report: 11/01/25 05:30 PM", "2025-11-01T21:30:00Z"),  # daylight saving
            ("Injury Report: 11/02/25 05:30 PM", "2025-11-02T22:30:00Z"),
            ("Injury Report: 03/07/26 12:15 AM", "2026-03-07T05:15:00Z"),
            ("Injury Report: 03/08/26 12:15 PM", "2026-03-08T16:15:00Z"),
            ("Practice League Injury Report: 01/28/26 05:30 PM", "2026-01-28T22:30:00Z"),
        ],
    )
    def test_the_printed_moment_is_new_yorks(self, title: str, at: str) -> None:
        assert printed_at(title) == datetime.fromisoformat(at)
        assert printed(row(), title=title).snapshot_at == datetime.fromisoformat(at)

    @pytest.mark.parametrize("title", ["Injury Report: soon", "Injury Report: 13/40/26 05:30 PM", "Injury Report: 01/28/26 17:30 PM", ""])
    def test_what_is_no_moment_is_none(self, title: str) -> None:
        assert printed_at(title) is None

    def test_without_any_moment_all_rows_are_set_apart(self) -> None:
        parsed = printed(row(), row("Brik, Dan"), title="Injury Report: soon")
        assert (rules(parsed), parsed.rows, parsed.offered) == ([("$", "no_snapshot")], 0, 2)

    def test_a_report_is_known_when_it_was_fetched(self) -> None:
        fetched = PRINTED + timedelta(minutes=9)
        parsed = parse(sheet(TITLE, [row()]), fetched)
        assert (parsed.snapshot_at, rows(parsed, "injuries")[0]["known_at"]) == (fetched, fetched)

    def test_a_report_out_of_the_archive_is_known_when_it_was_printed(self) -> None:
        """Else a backfill would tell nothing: it is fetched long after the tip."""
        assert parse(sheet(TITLE, [row()]), PRINTED + timedelta(days=40)).snapshot_at == PRINTED


class TestWhatIsNotAsItShouldBe:
    @pytest.mark.parametrize(
        ("bad", "rule"),
        [
            (row(status="Suspended"), "unknown_status"),
            (row(status=""), "unknown_status"),
            (row(player="???"), "unreadable_name"),
            (row(player="", reason="Injury/Illness - Left Ankle"), "unreadable_name"),
            (row(team="Team LeBron"), "not_a_league_team"),
            (row(team="Denver Nuggets"), "team_not_in_matchup"),
            (row(team=""), "unreadable_team"),
            (row(matchup="LALBOS"), "unreadable_matchup"),
            (row(matchup="LEB@GIA"), "not_a_league_team"),
            (row(date="28 January"), "unreadable_game_date"),
            (row(date="02/30/2026"), "unreadable_game_date"),
        ],
    )
    def test_one_bad_row_does_not_lose_its_report(self, bad: SheetRow, rule: str) -> None:
        """F13."""
        before = row("Arno, Gal", date="01/27/2026", matchup="UTA@MIA", team="Miami Heat")
        after = row("Brik, Dan", date="01/29/2026", matchup="DEN@PHX", team="Phoenix Suns")
        parsed = printed(before, bad, after)
        assert [found for _, found in rules(parsed)] == [rule]
        assert [name for name, *_ in told(parsed)] == ["Arno, Gal", "Brik, Dan"]

    def test_what_is_blank_below_a_bad_cell_is_not_taken_from_above_it(self) -> None:
        """The second player's team is that of the row above him, which is none of ours; it is not the one before."""
        parsed = printed(row("Arno, Gal"), row("Bek, Ulf", team="Team LeBron"), row("Cor, Ish", team="Team LeBron"))
        assert [found for _, found in rules(parsed)] == ["not_a_league_team"] * 2
        assert [name for name, *_ in told(parsed)] == ["Arno, Gal"]

    def test_two_statuses_of_one_player_are_both_set_apart(self) -> None:
        parsed = printed(row(), row(status="Questionable"), row("Brik, Dan"))
        assert [found for _, found in rules(parsed)] == ["conflicting_statuses"] * 2
        assert [name for name, *_ in told(parsed)] == ["Brik, Dan"]

    def test_the_same_row_twice_is_one(self) -> None:
        parsed = printed(row(), row(), row("Brik, Dan"))
        assert ([name for name, *_ in told(parsed)], parsed.rejects) == (["Orlin, Bre", "Brik, Dan"], [])

    def test_a_team_of_which_a_status_is_told_has_submitted(self) -> None:
        parsed = printed(row("", "", NOT_YET), row())
        assert submitted(parsed) == {("BOS", date(2026, 1, 28)): True}

    @pytest.mark.parametrize("body", [b"", b"null", b"<html>Access Denied</html>", b'{"injuries": []}', b"%PDF-1.7", b"\x00" * 50])
    def test_what_is_no_report_is_set_apart_whole(self, body: bytes) -> None:
        assert [path for path, _ in rules(parse(body))] == ["$"]

    def test_another_pdf_is_not_recognised(self) -> None:
        body = sheet("Officials of the night", [row()])
        assert recognise(body) is None
        assert [rule for _, rule in rules(parse(body))] == ["unrecognised"]

    def test_a_report_is_no_document_of_another_source(self) -> None:
        body = sheet(TITLE, [row()])
        assert [reject.rule for reject in espn.transform(Payload(body, "a test")).rejects] == ["unrecognised"]

    @pytest.mark.parametrize(
        "rule", ["kind_not_used", "broken_pdf", "encrypted_pdf", "empty_pdf", "too_costly", "team_not_in_matchup", "unreadable_matchup"]
    )
    def test_every_rule_is_put_into_words(self, rule: str) -> None:
        assert rule in RULES or not rule_named(rule).meaning.startswith("It broke")


def test_the_practice_league_says_so() -> None:
    assert (printed(row()).league, printed(row(), title="Injury Report: 01/28/26 05:30 PM").league) == ("practice", "nba")


def _without_area(word: Word) -> Word:
    return replace(word, area=None)


def _area_of_its_line(word: Word) -> Word:
    return replace(word, area=Area(word.x, word.y - 8, word.x + 50, word.y + 3) if word.x > 660 else word.area)


def _area_of_the_page(word: Word) -> Word:
    return replace(word, area=Area(0, 0, 842, 595))


@pytest.mark.parametrize("drawn", [_without_area, _area_of_its_line, _area_of_the_page])
def test_rows_are_told_apart_however_their_cells_are_drawn(drawn: Callable[[Word], Word]) -> None:
    longer = "Injury/Illness - Left Ankle; Return to Competition Reconditioning"  # two lines; a third would look like the next row's first
    document = read_pdf(sheet(TITLE, [row(reason="Rest"), row("Brik, Dan", reason=longer), row("Cor, Ish", reason="Rest")]))
    redrawn = replace(document, pages=tuple(tuple(map(drawn, page)) for page in document.pages))
    assert [(found.cells["player"], found.cells["status"], found.cells["reason"]) for found in rows_of(redrawn)] == [
        ("Orlin, Bre", "Out", "Rest"),
        ("Brik, Dan", "Out", longer),
        ("Cor, Ish", "Out", "Rest"),
    ]


def test_a_reason_that_a_page_cuts_in_two_is_whole() -> None:
    long = " ".join(f"word{number}" for number in range(25))
    parsed = printed(*(row(f"Orlin{letter}, Bre", reason=long) for letter in "abcdefghijklmnopqrst"))
    assert {reason for _, _, reason in told(parsed)} == {long}
    assert {found["path"].partition(".rows")[0] for found in rows(parsed, "injuries")} > {"$.pages[0]", "$.pages[1]"}
    assert any(found["path"].endswith(".pages[1].rows[1]") for found in rows(parsed, "injuries"))  # row 0 went on from the first page
