"""F12 A tip at 00:30 UTC, a daylight-saving switch night, and a process in another time zone: the same game_date."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from faults.command import load_folder
from load import archives, wire
from load.bench import Bench

TIPS = {
    "2025-11-06T00:30:00": date(2025, 11, 5),  # half past seven in the evening of the day before
    "2025-11-06T05:00:00": date(2025, 11, 6),  # midnight in New York
    "2025-11-02T03:59:00": date(2025, 11, 1),  # a minute before the day on which the clocks go back
    "2025-11-02T05:30:00": date(2025, 11, 2),  # half past one, for the first time
    "2025-11-02T06:30:00": date(2025, 11, 2),  # half past one again
    "2025-11-03T04:59:00": date(2025, 11, 2),  # its last minute
    "2026-03-08T04:59:00": date(2026, 3, 7),  # a minute before the day on which they go forward
    "2026-03-08T07:30:00": date(2026, 3, 8),  # half past three: half past two did not exist
    "2026-03-09T03:59:00": date(2026, 3, 8),  # its last minute
}


def documents() -> list[wire.Document]:
    teams = ("ATL", "BKN", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW")
    return [
        wire.event(wire.book("fanduel", wire.totals()), event_id=f"e{place}", tip=_utc(tip), away=team)
        for place, (tip, team) in enumerate(zip(TIPS, teams, strict=True))
    ]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(bench: Bench) -> dict[datetime, set[date]]:
    """The game days on record for each tip, by schedule and by line; that each stands in its game's id is checked on the way."""
    found: dict[datetime, set[date]] = {}
    for row in (*bench.rows("raw.schedule"), *bench.rows("raw.odds_game_lines")):
        assert row["game_id"].startswith(f"{row['game_date']:%Y%m%d}_")
        found.setdefault(row["commence_time"], set()).add(row["game_date"])
    return found


EXPECTED = {_utc(tip): {day} for tip, day in TIPS.items()}


def test_f12_the_game_date_is_new_yorks_whatever_the_hour(bench: Bench) -> None:
    bench.load(*map(wire.payload, documents()))
    assert days(bench) == EXPECTED


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati"])
def test_f12_so_it_is_in_a_process_in_another_time_zone_and_whatever_the_folder_is_called(tmp_path: Path, zone: str) -> None:
    folder = tmp_path / "2025-12-25"
    folder.mkdir()
    for place, document in enumerate(documents()):
        (folder / f"2025-12-25T1{place}.json").write_text(json.dumps(document))
    load_folder(folder, tmp_path / "data", TZ=zone)
    assert days(Bench(tmp_path / "data")) == EXPECTED


def test_f12_an_archive_whose_day_is_not_its_tips_in_new_york_is_set_apart(bench: Bench, tmp_path: Path) -> None:
    rows = [archives.game(), archives.game(game_date=date(2025, 11, 6), home="DEN", away="MIA")]
    bench.imports(archives.write(tmp_path / "games.csv", rows))
    assert {row["game_id"] for row in bench.rows("raw.schedule")} == {archives.BOSTON}
    assert bench.row("raw.quarantine")["rule"] == "tip_on_another_day"
