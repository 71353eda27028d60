"""How good a row is: score, tier, categories, readiness, reasons; and the gate, which fails closed.

The score, the gate and the count of missing required features agree on every row, since all three come from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tipoff.analyze.past import Bools, Floats
from tipoff.features.labels import Labels, Lists
from tipoff.features.registry import EXCUSED, NOT_SUPPLIED, Texts
from tipoff.store.tables.features import CATEGORIES, Category, Entry, catalogue

RunMode = Literal["first", "retry", "line_check", "line_update", "final_retry", "last_call", "backfill"]

MIN_SCORE: dict[RunMode, float] = {
    "first": 85,
    "retry": 85,
    "line_check": 85,
    "line_update": 85,
    "final_retry": 80,
    "last_call": 70,
    "backfill": 70,
}
READY_SCORE, READY_MATCHUP = 70.0, 50.0
TIERS = ((95.0, "gold"), (85.0, "silver"), (70.0, "bronze"), (50.0, "poor"), (-np.inf, "critical"))
_MENDED_BY = {
    "team_unknown": "load",
    "no_line": "scrape",
    "no_game_line": "scrape",
    "no_report_covers_the_game": "scrape",
    "out_of_range": "features",
}


@dataclass(frozen=True)
class Scores:
    """By row: score 0-100, tier, category scores, count of missing required features, their names with reasons, what is waived."""

    score: Floats
    tier: Texts
    by_category: dict[Category, Floats]
    missing_required: np.ndarray[tuple[int], np.dtype[np.int64]]
    missing: Texts
    waived: Texts
    ready: Bools


def score(values: dict[str, Floats], qualities: dict[str, Floats], reasons: dict[str, Labels], size: int) -> Scores:
    """Score rows: the plain mean of qualities over the catalogue, less missing optional and waived or excused features.

    One or more missing required features cap it at 69, five or more at 49.
    """
    total, counted = np.zeros(size), np.zeros(size)
    sums = {category: np.zeros(size) for category in CATEGORIES}
    counts = {category: np.zeros(size) for category in CATEGORIES}
    missing_required = np.zeros(size, dtype=np.int64)
    missing, waived = Lists(size), Lists(size)
    for entry in catalogue():
        present = np.isfinite(values[entry.name])
        lacking, waive = _standing(entry, present, reasons.get(entry.name))
        counts_in = present | lacking
        quality = np.where(present, qualities[entry.name], 0.0)
        total += quality
        counted += counts_in
        sums[entry.category] += quality
        counts[entry.category] += counts_in
        missing_required += lacking
        if lacking.any():
            reason = reasons[entry.name]
            missing.add(lacking, Labels(tuple(f"{entry.name}={word}" for word in reason.words), reason.codes))
        waived.add(waive, Labels.all(entry.name, size))
    plain = np.divide(total, counted, out=np.zeros(size), where=counted > 0)
    capped = np.where(missing_required >= 5, np.minimum(plain, 49.0), np.where(missing_required >= 1, np.minimum(plain, 69.0), plain))
    by_category: dict[Category, Floats] = {
        category: np.divide(sums[category], counts[category], out=np.full(size, np.nan), where=counts[category] > 0)
        for category in CATEGORIES
    }
    ready = (capped >= READY_SCORE) & (by_category["matchup"] >= READY_MATCHUP) & (missing_required == 0)
    return Scores(capped, _tiers(capped), by_category, missing_required, missing.texts(), waived.texts(), ready)


def _standing(entry: Entry, present: Bools, reason: Labels | None) -> tuple[Bools, Bools]:
    """Rows where a required feature is missing and counts, and rows where it is waived; `warm_up` is neither."""
    if not entry.required or reason is None:
        nowhere = np.zeros(len(present), dtype=np.bool_)
        return nowhere, nowhere
    waive = ~present & reason.is_(NOT_SUPPLIED)
    return ~present & ~waive & ~reason.is_(EXCUSED), waive


def _tiers(scores: Floats) -> Texts:
    tiers = np.full(len(scores), "critical", dtype=object)
    for floor, name in reversed(TIERS):
        tiers[scores >= floor] = name
    return tiers


def blocked(scores: Scores, run_mode: RunMode) -> tuple[Bools, Texts, Texts]:
    """The gate by row: whether it is closed, why in words, and the phase that would mend it."""
    floor = MIN_SCORE[run_mode]
    low, matchup, lacking = scores.score < floor, ~(scores.by_category["matchup"] >= READY_MATCHUP), scores.missing_required > 0
    closed = low | matchup | lacking
    why = np.full(len(closed), "", dtype=object)
    mend = np.full(len(closed), "", dtype=object)
    for row in np.flatnonzero(closed):
        parts = []
        if lacking[row]:
            parts.append(f"missing {scores.missing[row]}")
        if low[row]:
            parts.append(f"score {scores.score[row]:.0f} below {floor:.0f} ({run_mode})")
        if matchup[row]:
            parts.append(f"matchup {scores.by_category['matchup'][row]:.0f} below {READY_MATCHUP:.0f}")
        why[row] = "; ".join(parts)
        mend[row] = mended_by(scores.missing[row])
    return closed, why, mend


def mended_by(missing: str) -> str:
    """The phase that would mend a row: of the reasons that it names, the earliest phase; box scores mend the rest."""
    phases = {_MENDED_BY.get(item.partition("=")[2], "load") for item in missing.split(", ") if item}
    return next((phase for phase in ("scrape", "load", "features") if phase in phases), "load")
