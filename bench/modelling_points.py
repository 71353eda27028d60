"""Points without the player's line, and what is said beyond the one number: the main tables of docs/modelling_points.md.

    uv run python bench/modelling_points.py --data-dir HOUSE                        # seasons 2021-22 and 2022-23
    uv run python bench/modelling_points.py --data-dir HOUSE --seasons 2023-24      # others

HOUSE holds a warehouse with the archive imported (`tipoff import ../shared/data/archive --data-dir HOUSE`). Every model is fitted anew each
28 days on 1,095 days before, of which the last 8,000 rows and their whole days are held out for the voice; it is judged on the days after.
Nothing of a fold's own days is learnt from. Differences are paired on the same rows, with 95 % intervals clustered by game date.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tipoff.features.registry import feature_set
from tipoff.grade.metrics import log_losses, paired_difference
from tipoff.predict.distribution import Distribution
from tipoff.predict.families import Fitting, family_named
from tipoff.predict.systems import System
from tipoff.predict.voices import voice_kind
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.train.dataset import DataSet, data_set

WINDOW, REFIT = 1095, 28
HELD_ROWS = 8000
SEED = 7
LINE, LAST_10 = "vegas_points_line", "points_avg_last_10"
LIGHTGBM = {
    "rounds": 350,
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "max_bin": 63,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.5,
    "lambda_l2": 10.0,
}
XGBOOST = {
    "rounds": 300,
    "eta": 0.05,
    "max_depth": 4,
    "max_bin": 64,
    "subsample": 0.7,
    "colsample_bynode": 0.5,
    "reg_lambda": 20.0,
    "min_child_weight": 100.0,
}
CATBOOST = {"iterations": 300, "learning_rate": 0.08, "depth": 6, "border_count": 32, "l2_leaf_reg": 10.0, "rsm": 0.5, "subsample": 0.7}
RECIPES: dict[str, tuple[str, str, dict[str, float]]] = {
    "LightGBM, squares": ("lightgbm", "regression", LIGHTGBM),
    "LightGBM, absolute": ("lightgbm", "regression_l1", LIGHTGBM),
    "XGBoost": ("xgboost", "reg:squarederror", XGBOOST),
    "CatBoost": ("catboost", "RMSE", CATBOOST),
    "minutes x rate": (
        "minutes_rate",
        "regression",
        LIGHTGBM | {"rounds": 300, "learning_rate": 0.06, "rate_learning_rate": 0.03},
    ),
}
"""Family, loss and parameters; the number of trees is that of `rounds` or `iterations`: early stopping gained nothing on it."""
VOICES = ("scaled", "kernel")


@dataclass(frozen=True)
class Said:
    """What one recipe with one voice said of all rows that were judged, and the processor's seconds of a fit."""

    name: str
    spoken: Distribution
    seconds: float


def folds(data: DataSet, season: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows to learn from, rows held out after them, and rows to judge on after these."""
    days = data.days[data.seasons == season]
    day = days.min()
    while day <= days.max():
        past = np.flatnonzero((data.days < day) & (data.days >= day - WINDOW))
        held = data.days[past] >= data.days[past[-HELD_ROWS]]
        later = np.flatnonzero((data.seasons == season) & (data.days >= day) & (data.days < day + REFIT))
        if later.size:
            yield past[~held], past[held], later
        day += REFIT


def walk(data: DataSet, seasons: list[str], name: str) -> tuple[np.ndarray, list[Said]]:
    """All folds of these seasons by one recipe, with each voice."""
    family_name, loss, parameters = RECIPES[name]
    names = feature_set("v12_noveg")
    system = System(system_id="bench", family=family_name, features="v12_noveg", loss=loss, parameters=parameters)
    family = family_named(family_name)
    rows, spoken, seconds = [], {voice: [] for voice in VOICES}, []
    for season in seasons:
        for train, held, later in folds(data, season):
            start = time.process_time()
            rounds = int(parameters.get("rounds", parameters.get("iterations", 0)))
            model = family.fit(system, data.sample(train, names, None), None, Fitting(SEED, 1, rounds))
            seconds.append(time.process_time() - start)
            learnt, features = (data.sample(part, data.features.names, None) for part in (held, later))
            estimates, after = (model.predict(part.matrix(names)) for part in (learnt, features))
            rows.append(later)
            for voice in VOICES:
                spoken[voice].append(voice_kind(voice).fit(estimates, learnt).distribution(after, features).cumulative)
    return np.concatenate(rows), [
        Said(f"{name}, {voice}", Distribution(np.concatenate(parts)), float(np.mean(seconds))) for voice, parts in spoken.items()
    ]


def difference(ours: ArrayLike, theirs: ArrayLike, days: np.ndarray) -> str:
    """A paired difference with its interval."""
    found = paired_difference(ours, theirs, days)
    return "–" if found.mean is None else f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def over_losses(spoken: Distribution, lines: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Log loss of P(over | no push) at the line; NaN without a line, and for a push."""
    over, _, under = spoken.against(lines)
    happened = np.where(np.isfinite(lines) & (points != lines), (points > lines).astype(np.float64), np.nan)
    return log_losses(over / (over + under), happened)


def tables(data: DataSet, seasons: list[str], recipes: list[str]) -> None:
    """Error of the whole-number median, and scores of the distributions."""
    everything: list[Said] = []
    rows = np.zeros(0, dtype=np.int64)
    for name in recipes:
        rows, said = walk(data, seasons, name)
        everything += said
    points, days = data.points[rows], data.days[rows]
    lines, last_10 = (data.features[name][rows] for name in (LINE, LAST_10))
    print(f"{', '.join(seasons)}: {len(rows):,} rows, {int(np.isfinite(lines).sum()):,} with a line\n")
    print("| | s a fit | MAE | against the last-10 mean | against the line | 80 % | 90 % |")
    print("|---|---|---|---|---|---|---|")
    for one in everything:
        missed = np.abs(one.spoken.whole_median() - points)
        cover = []
        for level in (0.8, 0.9):
            low, high, mass = one.spoken.interval(level)
            cover.append(f"{((points >= low) & (points <= high)).mean():.3f} of {mass.mean():.3f}")
        against = (difference(missed, np.abs(reference - points), days) for reference in (last_10, lines))
        print(f"| {one.name} | {one.seconds:.1f} | {missed.mean():.4f} | {' | '.join([*against, *cover])} |")
    first = everything[0]
    scores = {
        one.name: (one.spoken.crps(points), one.spoken.log_score(points), over_losses(one.spoken, lines, points)) for one in everything
    }
    print(f"\n| | CRPS | log score | log loss of P(over) | CRPS against {first.name} | log loss against it |")
    print("|---|---|---|---|---|---|")
    for name, (crps, score, loss) in scores.items():
        changes = (difference(ours, scores[first.name][place], days) for place, ours in ((0, crps), (2, loss)))
        print(f"| {name} | {crps.mean():.4f} | {score.mean():.4f} | {np.nanmean(loss):.4f} | {' | '.join(changes)} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--seasons", nargs="+", default=["2021-22", "2022-23"])
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    given = parser.parse_args()
    first, last = (date(int(season[:4]), 10, 1) for season in (min(given.seasons), max(given.seasons)))
    until = last.replace(year=last.year + 1) - timedelta(days=31)
    window = until - first + timedelta(days=WINDOW)
    tables(data_set(DuckDBWarehouse(given.data_dir / "warehouse.duckdb"), until, window), given.seasons, given.recipes)


if __name__ == "__main__":
    main()
