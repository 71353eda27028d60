"""A slate's predictions: every system on every player who is fit to be predicted, at a real line; and a reason for everybody else.

Knows feature rows, quotes and loaded models. It must never know the games' outcomes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tipoff.features.build import Built
from tipoff.features.quality import RunMode, blocked
from tipoff.features.registry import FEATURE_VERSION, Texts
from tipoff.features.slate_checks import red_alerts
from tipoff.market.taking import take
from tipoff.predict.artefacts import Loaded
from tipoff.predict.systems import System
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Work

GUARD_ROWS, GUARD_MEAN = 30, 1.5


@dataclass(frozen=True)
class SlateOptions:
    """How a slate is run. `min_minutes` is the mean of the last ten games below which a player without a line is not predicted."""

    batch_id: str
    run_mode: RunMode
    min_minutes: float


@dataclass(frozen=True)
class Spoken:
    """What a system said of a slate: predictions and absences, and why the whole system was held back, if it was."""

    predictions: pa.Table
    absences: pa.Table
    guard: str = ""


@dataclass(frozen=True)
class Fitness:
    """By row of the slate: the reason why the player is not predicted ('' where he is), detail, the phase that would mend it."""

    reason: Texts
    detail: Texts
    mended_by: Texts

    @property
    def fit(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray(self.reason == "", dtype=np.bool_)


def fitness(built: Built, options: SlateOptions) -> Fitness:
    """Who is fit to be predicted: reported absences first, then the gate, then playing time."""
    size = built.size
    reason, detail, mend = (np.full(size, "", dtype=object) for _ in range(3))
    status = np.asarray(built.ingredients.column("injury_status").to_pylist(), dtype=object)
    closed, why, by = blocked(built.scores, options.run_mode, [alert.feature for alert in red_alerts(built)])
    minutes, lined = built.values["minutes_avg_last_10"], np.isfinite(built.values["vegas_points_line"])
    idle = ~lined & ~(minutes >= options.min_minutes)
    ready = built.scores.missing_required == 0
    for mask, name, words, phase in (
        (idle, "low_minutes", _minutes_detail(minutes, options.min_minutes), ""),
        (closed & ready, "gate", why, by),
        (closed & ~ready, "not_quality_ready", why, by),
        (status == "doubtful", "doubtful", "listed doubtful by the newest report", ""),
        (status == "out", "out", "listed out by the newest report", ""),
    ):
        reason[mask] = name
        detail[mask] = words[mask] if isinstance(words, np.ndarray) else words
        mend[mask] = phase[mask] if isinstance(phase, np.ndarray) else phase
    return Fitness(reason, detail, mend)


def _minutes_detail(minutes: np.ndarray[tuple[int], np.dtype[np.float64]], least: float) -> Texts:
    shown = ["unknown" if np.isnan(value) else f"{value:.1f}" for value in minutes]
    return np.array([f"{value} minutes a game, below {least:g}, and no line" for value in shown], dtype=object)


def speak(work: Work, built: Built, quotes: pa.Table, system: System, loaded: Loaded, options: SlateOptions) -> Spoken:
    """One system's predictions of a slate. The batch guard holds it back where its lined predictions stray as one from the lines."""
    fit = fitness(built, options)
    rows = np.flatnonzero(fit.fit)
    features = built.matrix(loaded.manifest.features)[rows]
    distribution = loaded.speak(features)
    median = distribution.median()
    consensus = built.values["vegas_points_line"][rows]
    taken = _taken(work, built, quotes, rows, median > np.where(np.isnan(consensus), np.inf, consensus))
    line = taken.numbers["line"]
    over, push, under = distribution.against(line)
    guard = _guard(median - line)
    if guard:
        return held_back(built, fit, system, guard, options)
    identity = built.ingredients.select(["game_id", "player_lookup", "game_date", "team", "opponent", "as_of"]).take(pa.array(rows))
    margin = median - line
    table = pa.table(
        {
            **{name: identity.column(name) for name in identity.column_names},
            "system_id": pa.repeat(pa.scalar(system.system_id), len(rows)),
            "model_id": pa.repeat(pa.scalar(loaded.manifest.model_id), len(rows)),
            "predicted_points": pa.array(median),
            "predicted_mean": pa.array(distribution.mean()),
            "predicted_whole": pa.array(distribution.whole_median()),
            "sd": pa.array(distribution.sd()),
            "p_over": _nullable(over),
            "p_push": _nullable(push),
            "p_under": _nullable(under),
            "line": _nullable(line),
            "line_source": pa.array(np.where(np.isnan(line), "NO_PROP_LINE", "ACTUAL_PROP").tolist()),
            "line_kind": pa.array(taken.words["line_kind"].tolist(), pa.string()),
            "bookmaker": pa.array(taken.words["bookmaker"].tolist(), pa.string()),
            "over_price": _nullable(taken.numbers["over_price"]),
            "under_price": _nullable(taken.numbers["under_price"]),
            "quote_at": pa.array(taken.words["quote_at"].tolist(), pa.timestamp("us", "UTC")),
            "edge": _nullable(np.abs(margin)),
            "line_margin": _nullable(margin),
            "recommendation": pa.array(recommend(margin, system.threshold).tolist(), pa.string()),
            "is_active": pa.repeat(pa.scalar(True), len(rows)),
            "quality_score": pa.array(built.scores.score[rows]),
            "tier": pa.array(built.scores.tier[rows].tolist(), pa.string()),
            "batch_id": pa.repeat(pa.scalar(options.batch_id), len(rows)),
            "run_mode": pa.repeat(pa.scalar(options.run_mode), len(rows)),
            "feature_version": pa.repeat(pa.scalar(FEATURE_VERSION), len(rows)),
        }
    )
    table = table.append_column("prediction_id", _prediction_ids(table))
    return Spoken(table, absences(built, fit, system, options))


def held_back(built: Built, fit: Fitness, system: System, why: str, options: SlateOptions) -> Spoken:
    """A system that does not speak of this slate: an absence `model_blocked` for everybody whom it would have predicted."""
    reason = np.where(fit.fit, "model_blocked", fit.reason).astype(object)
    held = Fitness(reason, np.where(fit.fit, why, fit.detail).astype(object), np.where(fit.fit, "train", fit.mended_by).astype(object))
    return Spoken(table_named("predictions.player_prop_predictions").empty(), absences(built, held, system, options), why)


def recommend(margin: np.ndarray[tuple[int], np.dtype[np.float64]], threshold: float) -> Texts:
    """The one rule: OVER or UNDER where the edge (points) reaches the threshold, else PASS; NO_LINE without a line."""
    side = np.where(margin >= threshold, "OVER", np.where(margin <= -threshold, "UNDER", "PASS"))
    return np.where(np.isnan(margin), "NO_LINE", side).astype(object)


def absences(built: Built, fit: Fitness, system: System, options: SlateOptions) -> pa.Table:
    """A row for everybody scheduled whom the system does not predict."""
    rows = np.flatnonzero(~fit.fit)
    identity = built.ingredients.select(["game_id", "player_lookup", "game_date", "team", "as_of"]).take(pa.array(rows))
    lined = np.isfinite(built.values["vegas_points_line"][rows])
    return pa.table(
        {
            **{name: identity.column(name) for name in identity.column_names},
            "system_id": pa.repeat(pa.scalar(system.system_id), len(rows)),
            "batch_id": pa.repeat(pa.scalar(options.batch_id), len(rows)),
            "reason": pa.array(fit.reason[rows].tolist(), pa.string()),
            "detail": pa.array(fit.detail[rows].tolist(), pa.string()),
            "mended_by": pa.array([phase or None for phase in fit.mended_by[rows]], pa.string()),
            "has_line": pa.array(lined),
        }
    )


@dataclass(frozen=True)
class _Taken:
    """The quote taken for each row: line and prices; kind, book and time. Missing where nobody quotes the player."""

    numbers: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]
    words: dict[str, Texts]


def _taken(
    work: Work,
    built: Built,
    quotes: pa.Table,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    leans_over: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> _Taken:
    keys = built.ingredients.select(["game_id", "player_lookup"]).take(pa.array(rows))
    asking = keys.append_column("consensus_line", _nullable(built.values["vegas_points_line"][rows])).append_column(
        "leans_over", pa.array(leans_over)
    )
    found = {(row["game_id"], row["player_lookup"]): row for row in take(work, quotes, asking).to_pylist()}
    ordered = [found.get((row["game_id"], row["player_lookup"]), {}) for row in keys.to_pylist()]
    numbers = {name: np.array([row.get(name) for row in ordered], dtype=np.float64) for name in ("line", "over_price", "under_price")}
    words = {name: np.array([row.get(name) for row in ordered], dtype=object) for name in ("line_kind", "bookmaker", "quote_at")}
    return _Taken(numbers, words)


def _guard(margin: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    lined = margin[np.isfinite(margin)]
    if len(lined) >= GUARD_ROWS and abs(lined.mean()) > GUARD_MEAN:
        return f"batch guard: its {len(lined)} lined predictions stray from the lines by {lined.mean():+.2f} points on average"
    return ""


def _nullable(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _prediction_ids(table: pa.Table) -> pa.Array:
    """A hash of who spoke of whom, as of when, at which quote, and of what was said: saying it again is saying the same."""
    said = ("game_id", "player_lookup", "system_id", "model_id", "as_of", "bookmaker", "line", "quote_at", "over_price", "under_price")
    rows = zip(*(table.column(name).to_pylist() for name in (*said, "predicted_points", "quality_score")), strict=True)
    return pa.array([hashlib.sha256("|".join(map(str, row)).encode()).hexdigest()[:24] for row in rows], pa.string())
