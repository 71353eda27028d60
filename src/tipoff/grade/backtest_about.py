"""What stands around a backtest's figures: its plan, who was not predicted and why, and what the leak check compared, in words and rows.

In: the documents of a backtest, as they are kept. Out: plain text and numbers for its page, nothing escaped. It must never know a figure,
nor a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tipoff.grade import backtest_words as words
from tipoff.grade.backtest_figures import Figures

Told = list[tuple[str, str]]
Document = Mapping[str, Any]

TRIALS = {
    "newer": "a row says itself that it rests on something newer",
    "truncated": "what was known later is gone",
    "rewritten": "it says something else",
    "delayed": "the last days' facts came later",
}
REASONS = {
    "low_minutes": "few minutes of late, and no line",
    "not_quality_ready": "a required feature is missing, or too many are in doubt",
    "no_line": "no line, and the system speaks of a line only",
    "out": "out, by the injury report",
    "doubtful": "doubtful, by the injury report",
    "unresolved_name": "a name that is nobody's yet",
    "gate": "stopped by the gate",
    "model_blocked": "the system is blocked",
}
"""Reasons of absence, by the name on record; one that is not here is shown by its name."""
_APART = ("systems", "recipes", "summary", "created_at")
_NEAT = 6


@dataclass(frozen=True)
class Absent:
    """How much a system was heard: of `asked` player-games that could be predicted it spoke of `spoke`; `nights` were taken from it by the
    batch guard, and in `folds` it could not learn, `why` in the words of the first."""

    system_id: str
    spoke: int
    asked: int
    nights: int
    folds: int
    why: str


@dataclass(frozen=True)
class Silence:
    """Who was not predicted: `systems`, the least heard first; by reason how often any of the `asked_systems` was silent on a scheduled
    player; and how many player-games are set apart from every figure, since their line was taken in play."""

    systems: list[Absent]
    asked_systems: int
    reasons: list[tuple[str, int]]
    in_play: int

    @property
    def refused(self) -> bool:
        """Whether any system was refused for a fold."""
        return any(system.folds for system in self.systems)


@dataclass(frozen=True)
class Leaks:
    """The leak check: the checks that were made, one a span of days, all their findings, and the tables that could not be altered."""

    checks: list[Document]
    trials: list[tuple[str, str]]
    findings: list[Document]
    altered: list[str]
    unaltered: list[str]


def silence(figures: Figures, plan: Document) -> Silence:
    """From the figures and the plan's `summary` (`held_back`, `refused`, `absences`, `in_play`, over all folds)."""
    summary = plan.get("summary") or {}
    nights, refused, absences = (summary.get(name) or {} for name in ("held_back", "refused", "absences"))
    names = {
        str(name): None for name in [*figures.systems, *(system["system_id"] for system in plan.get("systems", [])), *refused, *nights]
    }
    asked, found = figures.references.player_games, []
    for name in names:
        spoke = figures.systems[name].pooled.player_games if name in figures.systems else 0
        folds = refused.get(name) or {}
        if spoke < asked or name in nights or folds:
            why = next(iter(folds.values()), "")
            found.append(Absent(name, spoke, asked, int(nights.get(name, 0)), len(folds), str(why)))
    reasons = sorted(((REASONS.get(name, name.replace("_", " ")), int(count)) for name, count in absences.items()), key=_by_count)
    least_first = sorted(found, key=lambda one: (one.spoke, one.system_id))
    return Silence(least_first, len(names), reasons, int(summary.get("in_play", 0)))


def _by_count(reason: tuple[str, int]) -> tuple[int, str]:
    return -reason[1], reason[0]


def leaks(document: Document | None) -> Leaks | None:
    """From `checks`, each as the leak check says it; None where none was made."""
    checks = list((document or {}).get("checks") or [])
    if not checks:
        return None

    def named(field: str) -> list[str]:
        return sorted({str(name) for check in checks for name in check.get(field, ())})

    trials = {str(trial): None for check in checks for trial in check.get("compared", {})}
    return Leaks(
        checks=checks,
        trials=[(trial, TRIALS.get(trial, trial)) for trial in trials],
        findings=[finding for check in checks for finding in check.get("findings", ())],
        altered=named("altered"),
        unaltered=named("unaltered"),
    )


def settings(plan: Document) -> Told:
    """What was asked for, and what it cost, one after the other; the systems stand apart."""
    told = [(str(name).replace("_", " "), _text(value)) for name, value in plan.items() if name not in _APART]
    if plan.get("created_at"):
        told.append(("begun", f"{str(plan['created_at'])[:16].replace('T', ' ')} UTC"))
    for name, value in (plan.get("summary") or {}).items():
        if not isinstance(value, Mapping):
            unit = " s" if "seconds" in name else ""
            label = str(name).removeprefix("seconds_").replace("_seconds", " time").replace("_", " ")
            told.append((label, f"{words.count(round(value))}{unit}" if isinstance(value, int | float) else _text(value)))
    return told


def recipes(plan: Document) -> list[tuple[str, dict[str, str]]]:
    """Each system of the plan, and how it is made, in the columns that any of them fills."""
    systems: Sequence[Document] = plan.get("systems", [])
    hashes = plan.get("recipes") or {}
    filled: set[str] = set()
    rows = []
    for system in systems:
        cells = {
            "family": _text(system.get("family")),
            "features": _text(system.get("features")),
            "loss": "" if system.get("loss") == "none" else _text(system.get("loss")),
            "window": _text(system.get("window")),
            "half-life, days": "" if system.get("half_life_days") is None else _text(system["half_life_days"]),
            "recommends from": f"{_text(system.get('threshold'))} {system.get('threshold_in', '')}".strip(),
            "members": ", ".join(system.get("members") or ()),
            "feature weights": _text(system.get("feature_weights") or ""),
            "parameters": _text(system.get("parameters") or ""),
            "recipe": _text(hashes.get(system.get("system_id"), "")),
        }
        filled |= {name for name, text in cells.items() if text}
        rows.append((_text(system.get("system_id")), cells))
    return [(name, {column: text for column, text in cells.items() if column in filled}) for name, cells in rows]


def _text(value: Any) -> str:
    """A value in words: lists with commas, tables one entry after the other, no more digits than tell something."""
    if value is None:
        return words.DASH
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')} {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_text(inner) for inner in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{_NEAT}g}".replace("-", words.MINUS)
    return words.count(value) if isinstance(value, int) else str(value)
