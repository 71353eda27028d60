"""How good a row is: score, tier, categories, readiness, reasons; and the gate, which fails closed.

The score, the gate and the count of missing required features agree on every row, since all three come from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tipoff.analyze.past import Bools, Floats, Ints
from tipoff.features.labels import Labels, Lists
from tipoff.features.reasons import PHASES, reason_named
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
CAPS = ((1, 69.0), (5, 49.0))
"""How many required features are missing, at least, and the score that a row then has at most."""
TIERS = ((95.0, "gold"), (85.0, "silver"), (70.0, "bronze"), (50.0, "poor"), (-np.inf, "critical"))


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

    def take(self, rows: Ints) -> Scores:
        """Some of the rows."""
        return Scores(
            self.score[rows],
            self.tier[rows],
            {category: values[rows] for category, values in self.by_category.items()},
            self.missing_required[rows],
            self.missing[rows],
            self.waived[rows],
            self.ready[rows],
        )


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
    capped = plain
    for least, most in CAPS:
        capped = np.where(missing_required >= least, np.minimum(capped, most), capped)
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


@dataclass(frozen=True)
class Gate:
    """The gate of a run mode by row: where the score is too low, the match-up too weak, a required feature missing. Red alerts close it
    for every row."""

    scores: Scores
    run_mode: RunMode
    red_alerts: tuple[str, ...]
    low: Bools
    weak: Bools
    lacking: Bools

    @property
    def closed(self) -> Bools:
        """Where nobody is let through."""
        return self.low | self.weak | self.lacking | bool(self.red_alerts)

    def why(self, row: int) -> str:
        """Why it is closed to a row, in words; empty where it is open."""
        parts = []
        if self.lacking[row]:
            parts.append(f"missing {self.scores.missing[row]}")
        if self.low[row]:
            parts.append(f"score {_floored(self.scores.score[row])} below {MIN_SCORE[self.run_mode]:.0f} ({self.run_mode})")
        if self.weak[row]:
            matchup = self.scores.by_category["matchup"][row]
            told = "wholly waived" if np.isnan(matchup) else f"{_floored(matchup)} below {READY_MATCHUP:.0f}"
            parts.append(f"matchup {told}")
        if self.red_alerts:
            parts.append(f"red alert: {', '.join(self.red_alerts)}")
        return "; ".join(parts)

    def mended_by(self, row: int) -> str:
        """The phase that would open it; empty where it is open."""
        if not self.closed[row]:
            return ""
        alone = self.red_alerts and not (self.low[row] or self.weak[row] or self.lacking[row])
        return "features" if alone else mended_by(self.scores.missing[row])


def gate(scores: Scores, run_mode: RunMode, red_alerts: Sequence[str] = ()) -> Gate:
    """The gate of a run mode; `red_alerts` are the features that stop the slate as a whole (`tipoff.features.slate_checks`)."""
    return Gate(
        scores,
        run_mode,
        tuple(red_alerts),
        low=~(scores.score >= MIN_SCORE[run_mode]),
        weak=~(scores.by_category["matchup"] >= READY_MATCHUP),
        lacking=scores.missing_required > 0,
    )


def blocked(scores: Scores, run_mode: RunMode, red_alerts: Sequence[str] = ()) -> tuple[Bools, Texts, Texts]:
    """The gate by row: whether it is closed, why in words, and the phase that would mend it."""
    found = gate(scores, run_mode, red_alerts)
    closed = found.closed
    why = np.full(len(closed), "", dtype=object)
    mend = np.full(len(closed), "", dtype=object)
    for row in np.flatnonzero(closed):
        why[row], mend[row] = found.why(int(row)), found.mended_by(int(row))
    return closed, why, mend


def _floored(score: float) -> str:
    """To one decimal, never rounded up to a floor that it does not reach: 84.9 of 84.96, and 60 of 60."""
    return f"{np.floor(score * 10) / 10:g}"


def mended_by(missing: str) -> str:
    """The phase that would mend a row: of the reasons that it names, the earliest phase; box scores mend the rest."""
    phases = {reason_named(item.partition("=")[2]).phase for item in missing.split(", ") if item}
    return next((phase for phase in PHASES if phase in phases), "load")
