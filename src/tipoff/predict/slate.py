"""A slate's predictions: every system on every player who is fit to be predicted, at a real line; and a reason for everybody else.

Knows feature rows, quotes and loaded models. It must never know the games' outcomes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.features.build import Built
from tipoff.features.quality import RunMode, blocked
from tipoff.features.registry import FEATURE_VERSION, Texts, feature_set
from tipoff.features.slate_checks import red_alerts
from tipoff.market.taking import Offers, offers
from tipoff.predict.distribution import Distribution
from tipoff.predict.families import Columns
from tipoff.predict.guard import batch_guard
from tipoff.predict.opinion import Opinion, opinion
from tipoff.predict.speakers import LINE, Said, Speaker
from tipoff.predict.systems import System
from tipoff.store.tables import table_named

Places = np.ndarray[tuple[int], np.dtype[np.int64]]


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


_KEPT = ("game_id", "player_lookup", "game_date", "team", "opponent", "as_of")


def candidates(built: Built, options: SlateOptions, alerts: Sequence[str] | None = None) -> pa.Table:
    """Everybody scheduled, in the order of the feature rows, with quality_score, tier, has_line, and why he is not predicted: `reason`
    ('' where he is), `detail`, `mended_by` (the phase that would mend it, or ''). Reported absences first, then the gate, then playing
    time. `alerts` are the features that stop the slate, where they are known already."""
    size = built.size
    reason, detail, mend = (np.full(size, "", dtype=object) for _ in range(3))
    status = np.asarray(built.ingredients.column("injury_status").to_pylist(), dtype=object)
    stopped = [alert.feature for alert in red_alerts(built)] if alerts is None else alerts
    closed, why, by = blocked(built.scores, options.run_mode, stopped)
    minutes, lined = built.values["minutes_avg_last_10"], np.isfinite(built.values[LINE])
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
    return pa.table(
        {
            **{name: built.ingredients.column(name) for name in _KEPT},
            "quality_score": pa.array(built.scores.score),
            "tier": pa.array(built.scores.tier.tolist(), pa.string()),
            "has_line": pa.array(lined),
            **{
                name: pa.array(words.tolist(), pa.string()) for name, words in (("reason", reason), ("detail", detail), ("mended_by", mend))
            },
        }
    )


def _minutes_detail(minutes: np.ndarray[tuple[int], np.dtype[np.float64]], least: float) -> Texts:
    shown = ["unknown" if np.isnan(value) else f"{value:.1f}" for value in minutes]
    return np.array([f"{value} minutes a game, below {least:g}, and no line" for value in shown], dtype=object)


@dataclass(frozen=True)
class Slate:
    """Whom a fleet speaks of: everybody scheduled (see `candidates`), and of those who are fit (`rows`) the features and the quotes on
    offer. `said` fills with what each model said of the fit ones, so that an ensemble asks nobody twice; `past` is the mean of each
    system's margins on its own past slates, where it has any; `held` are the systems that the batch guard blocked for this slate before."""

    everybody: pa.Table
    rows: Places
    features: Columns
    offers: Offers
    options: SlateOptions
    said: Said
    past: Mapping[str, float]
    held: Collection[str]

    @classmethod
    def of(
        cls,
        everybody: pa.Table,
        features: Columns,
        quotes: pa.Table,
        options: SlateOptions,
        past: Mapping[str, float] | None = None,
        held: Collection[str] = (),
    ) -> Slate:
        """`features` are those of everybody, `quotes` the ones that may be taken (`tipoff.market.taking.quotes_to_take`)."""
        rows = np.flatnonzero(np.asarray(pc.equal(everybody.column("reason"), "").to_numpy(zero_copy_only=False)))
        fit = Columns(features.names, features.features[rows])
        players = everybody.select(["game_id", "player_lookup"]).take(pa.array(rows))
        return cls(everybody, rows, fit, offers(quotes, players, fit[LINE]), options, {}, past or {}, held)


def slate_of(
    built: Built, quotes: pa.Table, options: SlateOptions, past: Mapping[str, float] | None = None, held: Collection[str] = ()
) -> Slate:
    """A slate out of its feature rows."""
    names = feature_set("v18")
    return Slate.of(candidates(built, options), Columns(names, built.matrix(names)), quotes, options, past, held)


def speak(slate: Slate, system: System, model_id: str, speaker: Speaker) -> Spoken:
    """One system's predictions of a slate. The batch guard holds it back where its lined predictions stray as one from the lines; of whom
    it has nothing to say, it says so."""
    spoken = speaker.speak(slate.features, slate.said)
    heard = np.flatnonzero(spoken.spoken)
    found = opinion(system, spoken.take(heard), slate.features[LINE][heard], slate.offers.take(heard))
    guard = batch_guard(found.margin, slate.past.get(system.system_id), held=system.system_id in slate.held)
    if guard:
        return held_back(slate, system, guard)
    silent = np.setdiff1d(np.arange(len(slate.rows)), heard)
    return Spoken(_predictions(slate, system, model_id, spoken.take(heard), found, slate.rows[heard]), absences(slate, system, silent))


def _predictions(slate: Slate, system: System, model_id: str, spoken: Distribution, found: Opinion, rows: Places) -> pa.Table:
    options = slate.options
    about = slate.everybody.take(pa.array(rows))
    line = found.offer.line
    intervals = {level: spoken.interval(level / 100) for level in (80, 90)}
    table = pa.table(
        {
            **{name: about.column(name) for name in _KEPT},
            "system_id": pa.repeat(pa.scalar(system.system_id), len(rows)),
            "model_id": pa.repeat(pa.scalar(model_id), len(rows)),
            "predicted_points": pa.array(found.predicted),
            "predicted_mean": pa.array(found.mean),
            "predicted_whole": pa.array(found.whole.astype(np.int64)),
            "sd": pa.array(found.sd),
            **{f"low_{level}": pa.array(low) for level, (low, _, _) in intervals.items()},
            **{f"high_{level}": pa.array(high) for level, (_, high, _) in intervals.items()},
            "p_over": _nullable(found.over),
            "p_push": _nullable(found.push),
            "p_under": _nullable(found.under),
            "line": _nullable(line),
            "line_source": pa.array(np.where(np.isnan(line), "NO_PROP_LINE", "ACTUAL_PROP").tolist()),
            **found.offer.words,
            "over_price": _nullable(found.offer.over_price),
            "under_price": _nullable(found.offer.under_price),
            "edge": _nullable(np.abs(found.margin)),
            "line_margin": _nullable(found.margin),
            "edge_probability": _nullable(found.edge_probability),
            "side": _sides(found),
            "recommendation": pa.array(found.recommendation.tolist(), pa.string()),
            "is_active": pa.repeat(pa.scalar(True), len(rows)),
            "quality_score": about.column("quality_score"),
            "tier": about.column("tier"),
            "batch_id": pa.repeat(pa.scalar(options.batch_id), len(rows)),
            "run_mode": pa.repeat(pa.scalar(options.run_mode), len(rows)),
            "feature_version": pa.repeat(pa.scalar(FEATURE_VERSION), len(rows)),
        }
    )
    return table.append_column("prediction_id", _prediction_ids(table))


def _sides(found: Opinion) -> pa.Array:
    """The side leant to, where there is a line."""
    sides = pa.array(["UNDER", "OVER"]).take(pa.array(found.leans_over.astype(np.int64)))
    return pc.if_else(pa.array(np.isnan(found.offer.line)), None, sides)


def held_back(slate: Slate, system: System, why: str) -> Spoken:
    """A system that does not speak of this slate: an absence `model_blocked` for everybody whom it would have predicted."""
    everybody = np.arange(len(slate.rows))
    predictions = table_named("predictions.player_prop_predictions").empty()
    return Spoken(predictions, absences(slate, system, everybody, Silence("model_blocked", why, "train")), why)


@dataclass(frozen=True)
class Silence:
    """Why a system says nothing of players who are fit."""

    reason: str
    detail: str
    mended_by: str


NO_LINE = Silence("no_line", "it speaks only of players who have a line", "load")


def absences(slate: Slate, system: System, silent: Places, why: Silence = NO_LINE) -> pa.Table:
    """A row for everybody scheduled whom the system does not predict: who is not fit, and of the fit ones these, for this reason."""
    words = {name: np.asarray(slate.everybody.column(name).to_pylist(), dtype=object) for name in ("reason", "detail", "mended_by")}
    for name, values in words.items():
        values[slate.rows[silent]] = getattr(why, name)
    rows = np.flatnonzero(words["reason"] != "")
    about = slate.everybody.take(pa.array(rows))
    return pa.table(
        {
            **{name: about.column(name) for name in _KEPT if name != "opponent"},
            "system_id": pa.repeat(pa.scalar(system.system_id), len(rows)),
            "batch_id": pa.repeat(pa.scalar(slate.options.batch_id), len(rows)),
            "reason": pa.array(words["reason"][rows].tolist(), pa.string()),
            "detail": pa.array(words["detail"][rows].tolist(), pa.string()),
            "mended_by": pa.array([phase or None for phase in words["mended_by"][rows]], pa.string()),
            "has_line": about.column("has_line"),
        }
    )


def _nullable(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _prediction_ids(table: pa.Table) -> pa.Array:
    """A hash of who spoke of whom, as of when, at which quote, and of what was said: saying it again is saying the same."""
    said = ("game_id", "player_lookup", "system_id", "model_id", "as_of", "bookmaker", "line", "quote_at", "over_price", "under_price")
    rows = zip(*(table.column(name).to_pylist() for name in (*said, "predicted_points", "quality_score")), strict=True)
    return pa.array([hashlib.sha256("|".join(map(str, row)).encode()).hexdigest()[:24] for row in rows], pa.string())
