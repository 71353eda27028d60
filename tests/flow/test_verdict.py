"""One sentence on a game day: what it says of each state that a night may be in, and what it tells one to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.clock import local_instant
from tipoff.flow.batch_log import Batch
from tipoff.flow.cells import NO_LINES_YET, PHASES, Expected, Standing
from tipoff.flow.grid import deadline_of
from tipoff.flow.processes import Worker
from tipoff.flow.verdict import LOOKED_AT, Next, Verdict, verdict

DAY = date(2025, 11, 5)
NOW = local_instant(DAY, time(14, 10))
GAMES = {f"20251105_{away}_{home}": local_instant(DAY, time(19, 0)) for away, home in (("LAL", "BOS"), ("PHI", "CLE"), ("OKC", "LAC"))}
WORKER = Worker("here", "here", 1, NOW, NOW, 1, False)
SOON = [Next(local_instant(DAY, time(14, 15)), "ask for injuries"), Next(local_instant(DAY, time(14, 30)), "ask for props")]
STANDINGS: tuple[Standing, ...] = ("EXPECTED", "RUNNING", "COMPLETE", "EMPTY_OK", "FAILED", "DEGRADED")


@dataclass(frozen=True)
class Words:
    """An alert, or a halt."""

    text: str = ""
    reason: str = ""
    rule: str = "by_hand"
    since: datetime = NOW
    until: datetime | None = None


def night(**changed: tuple[Standing, str | None]) -> list[Expected]:
    """A night that is predicted, in the afternoon; `changed` by phase, or by `phase_TEAM` for the game of a team."""
    usual: dict[str, Standing] = dict.fromkeys(("box", "grade"), "EXPECTED")
    cells = []
    for game, tip in GAMES.items():
        for phase in PHASES:
            own = next((changed[f"{phase}_{team}"] for team in game.split("_")[1:] if f"{phase}_{team}" in changed), None)
            standing, detail = own or changed.get(phase) or (usual.get(phase, "COMPLETE"), None)
            cells.append(Expected(DAY, game, phase, standing, deadline_of(phase, DAY, tip), detail, tip))
    return cells


def judged(cells: list[Expected], now: datetime = NOW, **more: Any) -> Verdict:
    return verdict(DAY, now, cells, **{"workers": [replace(WORKER, beat_at=now)], "upcoming": SOON, **more})


def slate(**systems: int) -> Batch:
    """A slate that is over, with the number of predictions of each system."""
    stands = {"stands": {"systems": {name: {"predicted": number} for name, number in systems.items()}}}
    return Batch("slate", DAY, 1, "complete", "", 1, None, None, None, 1, None, NOW, NOW, NOW, {}, None, {}, stands)


def test_a_night_that_is_predicted_by_everybody_is_all_right() -> None:
    found = judged(night(), batches=[slate(a=9, b=9)])
    assert found.word == "ok"
    assert found.sentence == "Tonight is all right: 3 games, 3 predicted by all 2 systems (next at 14:15: ask for injuries)."


def test_a_game_that_waits_for_its_first_lines_is_told_with_the_next_ask() -> None:
    found = judged(night(predict_OKC=("EXPECTED", NO_LINES_YET)), batches=[slate(a=9, b=0)])
    assert found.sentence == ("Tonight is all right: 3 games, 2 predicted by 1 of 2 systems, 1 waits for its first lines (next ask 14:30).")


def test_a_gap_is_told_with_its_games_its_cause_and_the_command_that_helps() -> None:
    found = judged(night(props_LAL=("FAILED", "HTTP 503."), predict_LAL=("FAILED", "Nobody ran it in time.")))
    assert found.word == "bad"
    assert found.sentence == (
        "Not all right: no points lines of LAL-BOS (HTTP 503); `tipoff scrape --kind props --date 2025-11-05` does it now."
    )
    assert found.do == "tipoff scrape --kind props --date 2025-11-05"


@pytest.mark.parametrize(
    ("phase", "do"),
    [
        ("lines", "tipoff scrape --kind lines --date 2025-11-05"), ("load", "tipoff sweep --all"), ("predict", "tipoff start 2025-11-05"),
        ("publish", "tipoff export 2025-11-05"),
        ("box", "tipoff scrape --kind box --date 2025-11-05"), ("grade", "tipoff grade 2025-11-05"),
    ],
)  # fmt: skip
def test_each_phase_has_its_command(phase: str, do: str) -> None:
    gap: dict[str, tuple[Standing, str | None]] = {phase: ("FAILED", "no")}
    assert judged(night(**gap)).do == do


def test_what_nothing_mends_any_more_is_told_without_a_command_and_after_what_can_be_mended() -> None:
    later = local_instant(DAY, time(23, 0))
    lost = judged(night(props_LAL=("FAILED", "HTTP 503")), later)
    assert (lost.word, lost.do) == ("bad", None)
    assert "they have tipped" in lost.sentence
    assert (
        judged(night(props_LAL=("FAILED", "HTTP 503"), box_OKC=("FAILED", "no")), later).do == "tipoff scrape --kind box --date 2025-11-05"
    )


def test_what_nobody_has_looked_after_since_its_deadline_is_no_news_of_being_all_right() -> None:
    found = judged(night(), local_instant(DAY + timedelta(days=4), time(12, 0)), workers=[], upcoming=[])
    assert found.sentence == (
        "Not all right: no box score of LAL-BOS, OKC-LAC, PHI-CLE (nobody has looked after it since); "
        "`tipoff scrape --kind box --date 2025-11-05` does it now."
    )


def test_a_halt_comes_before_everything_else() -> None:
    halt = Words(reason="the fleet is under review.", since=local_instant(DAY, time(11, 0)), until=local_instant(DAY, time(18, 0)))
    found = judged(night(props=("FAILED", "no")), halt=halt)
    assert found.sentence == (
        "Not all right: nothing is recommended since 11:00 until 18:00: the fleet is under review; `tipoff resume` lifts the halt."
    )


def test_too_few_systems_are_no_halt_that_anybody_can_lift() -> None:
    assert judged(night(), halt=Words(reason="two are left", rule="fleet_blocked")).do == "tipoff fleet"


@pytest.mark.parametrize("workers", [[], [replace(WORKER, beat_at=NOW - timedelta(minutes=5))], [replace(WORKER, queues=("backtests",))]])
def test_where_nobody_is_at_work_that_is_told(workers: list[Worker]) -> None:
    found = judged(night(), workers=workers)
    assert found.word == "bad"
    assert found.sentence == "Not all right: nobody is at work, and next comes at 14:15: ask for injuries; `tipoff up` does it."


def test_where_nothing_is_planned_any_more_nobody_is_missed() -> None:
    assert judged(night(), workers=[], upcoming=[]).all_right


def test_less_than_there_should_be_is_told_with_what_lacks() -> None:
    found = judged(night(predict=("DEGRADED", "Silent are 1 of 2 systems: ridge.")))
    assert found.word == "degraded"
    assert not found.all_right
    assert found.sentence.startswith(
        "Tonight goes on with less: predictions of LAL-BOS, OKC-LAC, PHI-CLE: Silent are 1 of 2 systems: ridge. 3 games, 3 predicted"
    )


def test_alerts_are_told_beside_it() -> None:
    found = judged(night(), alerts=[Words("credits at 80 %."), Words("another")])
    assert found.sentence.endswith(" 2 alerts: credits at 80 %.")


def test_of_many_games_the_first_is_named() -> None:
    cells = [
        Expected(DAY, f"20251105_A{number}_B{number}", "props", "FAILED", NOW, "no", local_instant(DAY, time(19, 0))) for number in range(8)
    ]
    assert "of A0-B0 and 7 others (no)" in judged(cells).sentence


def test_a_night_that_is_over_is_told_game_by_game() -> None:
    later = local_instant(DAY, time(23, 0))
    cells = night(box_LAL=("COMPLETE", None), box_PHI=("COMPLETE", None), grade_LAL=("COMPLETE", None))
    assert judged(cells, later, upcoming=[]).sentence == (
        "Tonight is all right: 3 games, 1 has begun, 1 is over and waits to be graded, 1 graded."
    )


def test_a_day_without_games_is_all_right_and_names_the_next() -> None:
    assert judged([], next_games=date(2025, 11, 7)).sentence == "No games today; the next are on 2025-11-07."
    assert judged([], next_games=date(2025, 11, 7)).all_right
    assert "tipoff scrape --kind schedule" in judged([]).sentence


def test_a_day_whose_games_nobody_has_looked_after_yet_is_not_told_as_empty() -> None:
    found = verdict(DAY, NOW - timedelta(days=2), [], games_known=3, upcoming=SOON)
    assert found.sentence == "2025-11-05 has 3 games, and nobody has looked after them yet; next at 2025-11-05 14:15: ask for injuries."


@given(st.lists(st.sampled_from(STANDINGS), min_size=30, max_size=30), st.integers(0, 40), st.booleans())
def test_whatever_stands_there_is_one_sentence_and_a_gap_is_never_all_right(standings: list[Standing], hours: int, worked: bool) -> None:
    cells = [replace(cell, standing=standing, detail="why") for cell, standing in zip(night(), standings, strict=True)]
    now = local_instant(DAY, time(6, 0)) + timedelta(hours=hours)
    found = judged(cells, now, workers=[replace(WORKER, beat_at=now)] if worked else [])
    assert re.fullmatch(r"[A-Z0-9].*\.", found.sentence)
    assert "\n" not in found.sentence
    overdue = any(cell.standing == "EXPECTED" and now > cell.deadline + LOOKED_AT for cell in cells)
    if "FAILED" in standings or overdue:
        assert found.word == "bad"
    elif worked:
        assert found.word == ("degraded" if "DEGRADED" in standings else "ok")
