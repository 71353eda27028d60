"""Score, tier, caps, waivers, readiness and gate, over random rows, against the domain page's words row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tipoff.features.labels import Labels
from tipoff.features.quality import MIN_SCORE, RunMode, Scores, blocked, mended_by, score
from tipoff.store.tables.features import CATEGORIES, catalogue

GATE = {"first": 85, "retry": 85, "line_check": 85, "line_update": 85, "final_retry": 80, "last_call": 70, "backfill": 70}
QUALITIES = (100.0, 95.0, 90.0, 87.0, 40.0)
REASONS = ("no_games", "not_supplied", "warm_up", "out_of_range", "no_report_covers_the_game", "team_unknown")


@dataclass(frozen=True)
class Cell:
    """One feature of one row: its quality, None where it is missing, for `reason`."""

    quality: float | None
    reason: str


def cells(missing: float) -> st.SearchStrategy[Cell]:
    """A cell that is missing about so often."""
    present = st.sampled_from(QUALITIES).map(lambda quality: Cell(quality, "no_games"))
    absent = st.sampled_from(REASONS).map(lambda reason: Cell(None, reason))
    return st.integers(0, 99).flatmap(lambda draw: absent if draw < 100 * missing else present)


RowOf = list[Cell]
rows_strategy = st.lists(
    st.sampled_from((0.0, 0.02, 0.08, 0.3, 1.0)).flatmap(lambda missing: st.lists(cells(missing), min_size=65, max_size=65)), max_size=4
)


def labels(words: list[str]) -> Labels:
    known = tuple(dict.fromkeys(words))
    return Labels(known, np.array([known.index(word) for word in words], dtype=np.int8))


def scored(rows: list[RowOf]) -> Scores:
    values, qualities, reasons = {}, {}, {}
    for place, entry in enumerate(catalogue()):
        column = [row[place] for row in rows]
        values[entry.name] = np.array([math.nan if cell.quality is None else 1.0 for cell in column], dtype=np.float64)
        qualities[entry.name] = np.array([cell.quality or 0.0 for cell in column], dtype=np.float64)
        reasons[entry.name] = labels([cell.reason for cell in column])
    return score(values, qualities, reasons, len(rows))


@dataclass(frozen=True)
class Expected:
    """What the domain page says of a row."""

    score: float
    tier: str
    by_category: dict[str, float | None]
    missing: list[str]
    waived: list[str]

    @property
    def ready(self) -> bool:
        matchup = self.by_category["matchup"]
        return self.score >= 70 and matchup is not None and matchup >= 50 and not self.missing

    def closed(self, mode: str) -> bool:
        matchup = self.by_category["matchup"]
        return self.score < GATE[mode] or matchup is None or matchup < 50 or bool(self.missing)


def expected_of(row: RowOf) -> Expected:
    """`The plain mean over the catalogue, optional missing ones left out`; waived and excused ones are out of it as well."""
    counted: dict[str, list[float]] = {category: [] for category in CATEGORIES}
    missing, waived = [], []
    for entry, cell in zip(catalogue(), row, strict=True):
        if cell.quality is not None:
            counted[entry.category].append(cell.quality)
        elif entry.required and cell.reason == "not_supplied":
            waived.append(entry.name)
        elif entry.required and cell.reason != "warm_up":
            missing.append(f"{entry.name}={cell.reason}")
            counted[entry.category].append(0.0)
    everything = [quality for qualities in counted.values() for quality in qualities]
    plain = sum(everything) / len(everything) if everything else 0.0
    capped = min(plain, 49.0) if len(missing) >= 5 else min(plain, 69.0) if missing else plain
    tier = next((name for floor, name in ((95, "gold"), (85, "silver"), (70, "bronze"), (50, "poor")) if capped >= floor), "critical")
    categories = {name: sum(qualities) / len(qualities) if qualities else None for name, qualities in counted.items()}
    return Expected(capped, tier, categories, missing, waived)


PERFECT = [Cell(100.0, "no_games")] * 65
NOTHING = [Cell(None, "no_games")] * 65
AT_A_FLOOR = [
    *([Cell(floor, "no_games")] * 65 for floor in (95.0, 85.0, 80.0, 70.0, 50.0)),
    [Cell(50.0 if entry.category == "matchup" else 100.0, "no_games") for entry in catalogue()],
]
"""Rows whose score is just enough, for a tier or for a gate; and one whose match-up is."""


@settings(max_examples=60)
@given(rows_strategy)
@example([PERFECT, NOTHING])
@example([])
@example(AT_A_FLOOR)
def test_score_tier_categories_counts_and_readiness_are_what_the_page_says_on_every_row(rows: list[RowOf]) -> None:
    found = scored(rows)
    for place, row in enumerate(rows):
        expected = expected_of(row)
        assert found.score[place] == pytest.approx(expected.score)
        assert found.tier[place] == expected.tier
        assert found.missing_required[place] == len(expected.missing)
        assert [name for name in found.missing[place].split(", ") if name] == expected.missing
        assert [name for name in found.waived[place].split(", ") if name] == expected.waived
        assert bool(found.ready[place]) == expected.ready
        for category in CATEGORIES:
            value = expected.by_category[category]
            assert found.by_category[category][place] == pytest.approx(math.nan if value is None else value, nan_ok=True)


@settings(max_examples=60)
@given(rows_strategy, st.sampled_from(get_args(RunMode)))
@example(AT_A_FLOOR, "first")
@example(AT_A_FLOOR, "final_retry")
@example(AT_A_FLOOR, "last_call")
def test_the_gate_agrees_with_score_and_count_on_every_row_and_says_why(rows: list[RowOf], mode: RunMode) -> None:
    found = scored(rows)
    closed, why, mend = blocked(found, mode)
    for place, row in enumerate(rows):
        expected = expected_of(row)
        assert bool(closed[place]) == expected.closed(mode)
        assert bool(why[place]) == bool(mend[place]) == expected.closed(mode)
        assert ("missing " in why[place]) == bool(expected.missing)
        for name in expected.missing:
            assert name in why[place]
        if not closed[place]:
            assert bool(found.ready[place])


def test_the_gates_floors_are_the_pages() -> None:
    assert MIN_SCORE == GATE
    assert set(get_args(RunMode)) == set(GATE)


@pytest.mark.parametrize(("lacking", "most"), [(0, 100.0), (1, 69.0), (4, 69.0), (5, 49.0), (20, 49.0)])
def test_missing_required_features_cap_the_score(lacking: int, most: float) -> None:
    required = [place for place, entry in enumerate(catalogue()) if entry.required]
    row = [Cell(None, "no_games") if place in required[:lacking] else Cell(100.0, "") for place in range(65)]
    assert scored([row]).score[0] == min(most, 100.0 * (65 - lacking) / 65)


def test_a_waived_and_an_excused_feature_cost_nothing() -> None:
    places = [place for place, entry in enumerate(catalogue()) if entry.required][:6]
    row = [Cell(None, "not_supplied" if place % 2 else "warm_up") if place in places else Cell(100.0, "") for place in range(65)]
    found = scored([row])
    assert (found.score[0], found.missing_required[0], bool(found.ready[0])) == (100.0, 0, True)


def test_a_silent_source_waives_nothing() -> None:
    row = [Cell(None, "no_report_covers_the_game") if entry.name == "injury_risk" else Cell(100.0, "") for entry in catalogue()]
    found = scored([row])
    assert (found.missing_required[0], bool(found.ready[0]), found.waived[0]) == (1, False, "")


def test_a_row_whose_matchup_is_wholly_waived_is_not_ready_and_the_gate_stays_closed() -> None:
    """It fails closed: what is not there is not good enough."""
    row = [Cell(None, "not_supplied") if entry.category == "matchup" else Cell(100.0, "") for entry in catalogue()]
    found = scored([row])
    assert math.isnan(found.by_category["matchup"][0])
    assert not found.ready[0]
    assert blocked(found, "last_call")[0].tolist() == [True]


@pytest.mark.parametrize(
    ("missing", "phase"),
    [
        ("injury_risk=no_report_covers_the_game", "scrape"),
        ("points_avg_last_5=no_games, injury_risk=no_report_covers_the_game", "scrape"),
        ("home_away=team_unknown", "load"),
        ("team_pace=out_of_range", "features"),
        ("team_pace=out_of_range, points_avg_last_5=no_games", "load"),
        ("", "load"),
    ],
)
def test_a_row_is_mended_by_the_earliest_phase_that_its_reasons_name(missing: str, phase: str) -> None:
    assert mended_by(missing) == phase
