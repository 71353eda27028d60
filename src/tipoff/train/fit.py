"""Fit systems on a data set in time order: train, stop early on later days, find the voice on the latest, and then learn from all of them.

An ensemble's weights are learnt on the held-out days alone, of which none of its members had seen anything. Knows data sets, families and
voices. It must never know what comes after, nor where models are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tipoff.errors import ArtefactMismatch, BadInput, NotReady, TipoffError
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.grade.metrics import brier, log_loss, point_errors
from tipoff.predict.algebra import on_one_thread
from tipoff.predict.distribution import Distribution, Vector
from tipoff.predict.families import Columns, Family, Fitting, Model, Sample, family_named
from tipoff.predict.speakers import LINE, Pool, Single, Speaker
from tipoff.predict.systems import System
from tipoff.predict.voices import MIN_ROWS, Kind, Voice, voice_kind
from tipoff.train.dataset import DataSet
from tipoff.train.weights import learn_weights

STOP_SHARE, CALIBRATION_SHARE = 0.10, 0.15
SEED = 20251021
UNHEARD_PARTS = 3
Places = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Fitted:
    """A system that has learnt: who speaks for it, its model (None of an ensemble), which rows of the data it learnt from, and what it said
    of the held-out ones (`held`, places in the data) before it had seen them."""

    system: System
    speaker: Speaker
    model: Model | None
    rows: Places
    held: Places
    spoken: Distribution
    metrics: dict[str, float]

    @property
    def margin(self) -> float | None:
        """The mean of its median - line (points) on held-out rows with a line: what its own past says to the batch guard."""
        return self.metrics.get("lined_margin")


@on_one_thread()
def fit_fleet(
    systems: Sequence[System],
    data: DataSet,
    until: date,
    *,
    seed: int = SEED,
    threads: int = 2,
    tick: Callable[[int], None] = lambda _: None,
    refused: dict[str, str] | None = None,
) -> dict[str, Fitted]:
    """Fit systems for a day, ensembles after their members, which must be among them; `tick` is called after each.

    The same data, systems and seed give the same models. A system for which there is too little to learn from, or whose table its family
    cannot do with, is left out where `refused` is given, which then says why; an ensemble makes do with the members that there are, two at
    least. Raises NotReady where there is too little to learn from or to hold out, or where the data are of another feature version;
    BadInput where a table cannot be done with; ArtefactMismatch where there is no such family.
    """
    if data.feature_version != FEATURE_VERSION:
        raise NotReady(f"The data are of feature version {data.feature_version}, not {FEATURE_VERSION}.", hint="Build them again.")
    fitted: dict[str, Fitted] = {}
    for system in sorted(systems, key=lambda one: one.is_ensemble):
        try:
            fitted[system.system_id] = (
                _ensemble(system, data, fitted, refused or {}) if system.is_ensemble else _single(system, data, until, seed, threads)
            )
        except (NotReady, BadInput, ArtefactMismatch) as error:
            if refused is None:
                raise
            refused[system.system_id] = str(error)
        tick(1)
    return fitted


def _single(system: System, data: DataSet, until: date, seed: int, threads: int) -> Fitted:
    rows = data.rows_of(system.window, until)
    stop_from, held_from = cuts(data, rows)
    names = feature_set(system.features)
    everything = data.sample(rows, names, system.half_life_days)
    train, stop = everything.take(slice(0, stop_from)), everything.take(slice(stop_from, held_from))
    family = family_named(system.family)
    model = _model(family, system, train, stop, Fitting(seed, threads))
    held = rows[held_from:]
    context = Columns(data.features.names, data.features.features[held])
    estimates = model.predict(context.matrix(names))
    heard = ~np.isnan(estimates)
    kind = voice_kind(family.voice)
    if kind.of_the_line:
        voice = _voice_of_lines(kind, data, rows)
        spoken = _voice_of_lines(kind, data, rows[:held_from]).distribution(estimates, context)
    else:
        learnt = data.sample(held[heard], data.features.names, None)
        voice = kind.fit(estimates[heard], learnt)
        spoken = _unheard(kind, voice, estimates, data.sample(held, data.features.names, None))
    if model.rounds:
        model = _model(family, system, everything, None, Fitting(seed, threads, model.rounds))
    return Fitted(system, Single(system.system_id, names, model, voice), model, rows, held, spoken, _metrics(data, held, spoken))


def _model(family: Family, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> Model:
    """The family's model of a system, whose loss and parameters only its library knows. Raises BadInput where that cannot do with them."""
    try:
        return family.fit(system, train, stop, fitting)
    except (TipoffError, MemoryError):
        raise
    except Exception as error:  # libraries raise whatever they like of what a person wrote into a table
        said = f"there is no {error} among its parameters" if isinstance(error, KeyError) else str(error).partition("\n")[0].rstrip(".")
        raise BadInput(
            f"{system.system_id} cannot be fitted: {said}.", hint="Correct its table; docs/models.md tells of each field."
        ) from error


def _unheard(kind: Kind, voice: Voice, estimates: Vector, held: Sample) -> Distribution:
    """What was said of held-out rows by voices that had not heard how they ended: of each third of their days by one learnt on the others.

    The voice that serves has heard them all; its own words on them would flatter it, and weigh it too much in an ensemble. Where a third
    leaves too little to learn from, they are its own words.
    """
    days = np.unique(held.days)
    third = np.searchsorted(days, held.days) * UNHEARD_PARTS // max(len(days), 1)
    heard = ~np.isnan(estimates)
    cumulative = voice.distribution(estimates, held).cumulative.copy()
    for part in range(UNHEARD_PARTS):
        mine, others = np.flatnonzero(third == part), np.flatnonzero((third != part) & heard)
        if len(mine) and len(others) >= MIN_ROWS:
            cumulative[mine] = kind.fit(estimates[others], held.take(others)).distribution(estimates[mine], held.take(mine)).cumulative
    return Distribution(cumulative)


def _voice_of_lines(kind: Kind, data: DataSet, rows: Places) -> Voice:
    """A voice that hangs on no model, from all of these rows that have a line. Raises NotReady where they are too few."""
    lined = rows[np.isfinite(data.features[LINE][rows])]
    if len(lined) < MIN_ROWS:
        raise NotReady(
            f"Only {len(lined)} rows have a line; at least {MIN_ROWS} are needed.", hint="Import or backfill lines, or lengthen --window."
        )
    return kind.fit(data.features[LINE][lined], data.sample(lined, data.features.names, None))


def _ensemble(system: System, data: DataSet, fitted: dict[str, Fitted], refused: Mapping[str, str]) -> Fitted:
    missing = [member for member in system.members if member not in fitted and member not in refused]
    members = {name: fitted[name] for name in system.members if name in fitted}
    if missing or len(members) < 2:
        lacking = missing or [member for member in system.members if member not in fitted]
        raise NotReady(f"{system.system_id} waits for its members {', '.join(lacking)}.", hint="Train them together.")
    held = next(iter(members.values())).held
    for member in members.values():
        held = np.intersect1d(held, member.held)
    said = {name: member.spoken.take(np.searchsorted(member.held, held)) for name, member in members.items()}
    lines = data.features[LINE][held]
    weights = learn_weights(said, data.points[held], lines)
    pool = Pool(system.system_id, {name: member.speaker for name, member in members.items()}, weights)
    context = Columns(data.features.names, data.features.features[held])
    spoken = pool.speak(context, dict(said))
    rows = np.unique(np.concatenate([member.rows for member in members.values()]))
    return Fitted(system, pool, None, rows, held, spoken, _metrics(data, held, spoken))


def cuts(data: DataSet, rows: Places) -> tuple[int, int]:
    """Where, among rows to learn from, those for stopping and those held out begin; days are never split. To stop on there is a day at
    least, however many rows it has.

    Raises NotReady where not half of the rows are left to train on.
    """
    days = data.days[rows]
    positions = [int(len(rows) * share) for share in (1 - STOP_SHARE - CALIBRATION_SHARE, 1 - CALIBRATION_SHARE)]
    stop_from, held_from = (int(np.searchsorted(days, days[position])) for position in positions)
    if stop_from == held_from > 0:
        stop_from = int(np.searchsorted(days, days[held_from - 1]))
    if not len(rows) / 2 <= stop_from < held_from:
        raise NotReady(
            f"The {len(rows)} rows to train on are of too few days, {days[0]} to {days[-1]}, to hold some of them out.",
            hint="Import or backfill more history, or lengthen --window.",
        )
    return stop_from, held_from


def _metrics(data: DataSet, held: Places, spoken: Distribution) -> dict[str, float]:
    """On the held-out days: error of the whole-number median, bias, CRPS, and P(over) at the consensus line where there is one."""
    points, lines = data.points[held], data.features[LINE][held]
    errors = point_errors(spoken.whole_median(), points)
    chance = spoken.over_decided(lines)
    decided = np.isfinite(chance) & (points != lines)
    chance, happened = chance[decided], (points > lines)[decided]
    scores = spoken.crps(points)
    margins = spoken.median() - lines
    margins = margins[np.isfinite(margins)]
    metrics: dict[str, float | None] = {
        "n": float(errors.n),
        "mae": errors.mae,
        "bias": errors.bias,
        "crps": float(np.nanmean(scores)) if errors.n else None,
        "lined_n": float(decided.sum()),
        "lined_margin": float(margins.mean()) if margins.size else None,
        "lined_log_loss": log_loss(chance, happened).value,
        "lined_brier": brier(chance, happened).value,
    }
    return {name: float(value) for name, value in metrics.items() if value is not None}
