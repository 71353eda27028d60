"""Official injury reports on their way in: out of a folder, beside other documents, of the right league."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from load import archives, wire
from load.bench import Bench
from tipoff.load.documents import folder_payloads, read_payload
from tipoff.load.rules import rule_named
from tipoff.practice.report_sheet import SheetRow, sheet

TITLE = "Injury Report: 11/05/25 05:30 PM"
PRINTED = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
LAKERS = ("11/05/2025", "07:30 (ET)", "LAL@BOS", "Los Angeles Lakers")
CELTICS = ("11/05/2025", "07:30 (ET)", "LAL@BOS", "Boston Celtics")
ROWS = (
    SheetRow(*LAKERS, "Doncic, Luka", "Questionable", "Injury/Illness - Left Finger; Sprain"),
    SheetRow(*LAKERS, "Special, Nobody", "Out", "G League - Two-Way"),
    SheetRow(*CELTICS, reason="NOT YET SUBMITTED"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "report.pdf").write_bytes(sheet(TITLE, ROWS))
    return tmp_path / "documents"


def test_a_report_out_of_a_folder_is_known_when_it_was_printed(bench: Bench, folder: Path) -> None:
    bench.load(wire.payload(wire.rosters()))
    bench.stream(map(read_payload, folder_payloads(folder)))
    told = bench.row("raw.injuries")
    assert (told["player_lookup"], told["name"], told["team"], told["status"]) == ("lukadoncic", "Doncic, Luka", "LAL", "questionable")
    assert (told["game_date"], told["known_at"], told["known_at_assumed"]) == (archives.NIGHT, PRINTED, False)
    assert (told["source"], told["reason"]) == ("nba_injuries", "Injury/Illness - Left Finger; Sprain")
    waiting = bench.row("raw.quarantine")
    assert (waiting["rule"], waiting["path"], waiting["value"]) == ("unresolved_name", "$.pages[0].rows[1]", "Special, Nobody")


def test_who_has_submitted_is_on_record_with_its_document(bench: Bench, folder: Path) -> None:
    bench.stream(map(read_payload, folder_payloads(folder)))
    rows = bench.rows("raw.injury_submissions")
    assert {(row["team"], row["game_date"], row["known_at"], row["submitted"]) for row in rows} == {
        ("LAL", date(2025, 11, 5), PRINTED, True),
        ("BOS", date(2025, 11, 5), PRINTED, False),
    }
    assert {row["payload_id"] for row in rows} == {bench.row("raw.payloads")["payload_id"]}


def test_loading_a_report_again_changes_nothing_and_waiting_names_load_once_they_are_known(bench: Bench, folder: Path) -> None:
    reports = [read_payload(path) for path in folder_payloads(folder)]
    bench.stream(reports)
    before = bench.tables("raw.injury_submissions")
    bench.load(wire.payload(wire.rosters()))
    bench.replay()
    counts = bench.stream(reports)
    assert (counts.already, counts.inserted, counts.updated) == (1, 0, 0)
    assert bench.tables("raw.injury_submissions") == before
    assert bench.row("raw.injuries")["player_lookup"] == "lukadoncic"


def test_a_report_of_the_practice_league_is_refused_by_a_real_warehouse(bench: Bench) -> None:
    bench.load(wire.payload(wire.rosters()))
    bench.load(wire.payload(sheet(f"Practice League {TITLE}", ROWS)))
    waiting = bench.row("raw.quarantine")
    assert (waiting["rule"], waiting["path"], waiting["kind"]) == ("other_league", "$", "injuries")
    assert bench.rows("raw.injuries") == bench.rows("raw.injury_submissions") == []


def test_a_game_book_stands_in_the_quarantine_with_its_reason(bench: Bench) -> None:
    book = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded" / "nba-injuries" / "gamebook.pdf"
    if not book.is_file():
        pytest.skip(f"the shared data is not at {book}")
    bench.load(read_payload(book))
    apart = bench.row("raw.quarantine")
    assert (apart["rule"], apart["source"], apart["kind"]) == ("kind_not_used", "nba_injuries", "game-book")
    assert "game book" in rule_named(apart["rule"]).meaning
