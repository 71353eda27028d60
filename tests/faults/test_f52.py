"""F52: OUT at 11:00, AVAILABLE at 17:00: the prediction is active again. Accented and suffixed names take part in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import pytest

from faults.slate_days import lived
from features.small_league import NIGHT, game_of, small_league
from tipoff.clock import local_instant
from tipoff.names import TEAMS
from tipoff.practice.report_sheet import SheetRow, sheet

NAMED = {"bosc": ("BOS", "Jokić, Nikola", "nikolajokic"), "nyka": ("NYK", "Butler III, Jimmy", "jimmybutleriii")}
MEN = {lookup for _, _, lookup in NAMED.values()}
PREDICTED, OUT, AVAILABLE = (local_instant(NIGHT, at) for at in (time(10, 30), time(11, 0), time(17, 0)))


def report(at: datetime, status: str) -> bytes:
    """The official injury report of a moment: the two men with a status, and nobody else of their teams."""
    rows = []
    for team, printed, _ in NAMED.values():
        game = game_of(small_league(), NIGHT, team)
        stands = (f"{NIGHT:%m/%d/%Y}", "07:00 (ET)", f"{game['away']}@{game['home']}", TEAMS[team].name)
        rows.append(SheetRow(*stands, printed, status, "Injury/Illness - Left Ankle; Sprain"))
    wall = at.astimezone(TEAMS["BOS"].zone)
    return sheet(f"Injury Report: {wall:%m/%d/%y %I:%M %p}", rows)


@dataclass(frozen=True)
class Day:
    """What stood at ten, after eleven, and after five; and every row in the end."""

    morning: dict[tuple[str, str], dict[str, Any]]
    ruled_out: dict[tuple[str, str], dict[str, Any]]
    back: dict[tuple[str, str], dict[str, Any]]
    rows: list[dict[str, Any]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    others = {given: lookup for given, (_, _, lookup) in NAMED.items()}
    with lived(tmp_path_factory.mktemp("back"), PREDICTED, others) as found:
        found.ask("slate", run_mode="last_call")
        morning, stood = found.active(), []
        for at, status in ((OUT, "Out"), (AVAILABLE, "Available")):
            found.clock.set(at)
            found.land("injuries", report(at, status), "nba_injuries")
            stood.append(found.active())
        return Day(morning, stood[0], stood[1], found.said())


def of_the_men(active: dict[tuple[str, str], dict[str, Any]]) -> set[str]:
    return {player for _, player in active} & MEN


def test_both_are_predicted_in_the_morning(day: Day) -> None:
    assert of_the_men(day.morning) == MEN


def test_ruled_out_they_are_taken_down_with_the_reason_and_nobody_else_is(day: Day) -> None:
    assert of_the_men(day.ruled_out) == set()
    assert {player for _, player in day.morning} - {player for _, player in day.ruled_out} == MEN
    reasons = [row["invalidation_reason"] for row in day.rows if row["player_lookup"] in MEN and row["as_of"] == PREDICTED]
    assert reasons == ["player_injured_out"] * 2


def test_available_again_each_has_one_active_prediction_again(day: Day) -> None:
    assert of_the_men(day.back) == MEN
    active = [row["player_lookup"] for row in day.rows if row["is_active"] and row["player_lookup"] in MEN]
    assert sorted(active) == sorted(MEN)
