"""The market's own probability, corrected a little by what the past says of such rows: P(over | no push) at the consensus line.

    logit P = logit(market) + constant + (priced) + slope x logit(market) + weights x causes

The market counts in full, where there is no price as an even chance; everything after it is shrunk towards nothing (a ridge, in units of
each cause's own spread), so that with little or nothing to learn from the market is what is left. Rows without a line: nothing is said.

In: features of rows with a line, and points. Out: a probability a row. It must never know dates, players or books.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tipoff.errors import ArtefactMismatch, BadInput
from tipoff.predict.families.sample import Columns, Fitting, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System

LINE, MARKET = "vegas_points_line", "implied_over_probability"
AGAINST_LINE = (
    *("points_avg_last_5", "points_avg_last_10", "points_avg_season", "points_avg_last_3", "avg_points_vs_opponent"),
    "points_per_minute_times_minutes",
)
"""Taken as (value - line) / sqrt(line + 1): how far the line lies from form, in units that grow as points vary."""
OF_THE_LINE = ("margin_vs_line_avg_last_5", "vegas_line_move", "prop_line_delta", "points_std_last_10", "pts_slope_10g")
"""Taken as value / sqrt(line + 1)."""
AS_IT_IS = (
    *("over_rate_last_10", "prop_over_streak", "prop_under_streak", "minutes_change", "minutes_volatility_last_10", "minutes_avg_last_10"),
    *("ppm_avg_last_10", "pts_vs_season_zscore", "deviation_from_avg_last3", "recent_trend", "scoring_trend_slope", "spread_magnitude"),
    *("game_total_line", "implied_team_total", "opponent_pace", "opponent_def_rating", "pace_score", "team_pace", "team_off_rating"),
    *("team_win_pct", "home_away", "back_to_back", "rest_advantage", "days_rest", "fatigue_score", "games_in_last_7_days"),
    *("minutes_load_last_7d", "playoff_game", "usage_spike_score", "usage_rate_last_5", "dnp_rate", "games_since_structural_change"),
    *("blowout_minutes_risk", "pct_three", "pct_free_throw", "consecutive_games_below_avg", "breakout_flag", "games_vs_opponent"),
)
FARTHEST = 4.0
"""No cause counts for more than this many of its standard deviations."""
MAIN = (0.40, 0.60)
"""A main line's probability lies within; prices outside are of another kind (a line in play, an alternate), and nothing is learnt there."""
SHRINKAGE = {"constant": 1.0, "priced": 30.0, "slope": 30.0, "causes": 3000.0}
"""By default: the penalty on half the square of each weight. A row tells of a weight as a coin does, 1/4: so 3,000 is as strong as 12,000
rows, the newest counting one each, that say nothing."""
_STEPS = 12


@dataclass(frozen=True)
class MarketAnchored:
    """What was learnt: `weights` of the constant, of having a price, of the market's logit, and of each cause, whose `centres` and
    `spreads` make it comparable; `names` are the features in the order in which they come."""

    names: tuple[str, ...]
    centres: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[float, ...]

    library = "numpy"
    voice = "tilted"
    suffix = "json"
    rounds = 1
    """One step, so that after the held-out days have given the voice, it learns from all of them: the newest weigh most here."""

    @classmethod
    def fit(cls, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> MarketAnchored:  # noqa: ARG003 - all families' signature
        """By penalised maximum likelihood (Newton's method); the newest row weighs 1, pushes and rows without a line are left out.

        Nothing stops early, so the rows of `stop` are learnt from as well. Parameters: those of `SHRINKAGE`, by name. Raises BadInput where
        the system's features lack the line or the market's probability, or where a parameter is unknown.
        """
        unknown = sorted(set(system.parameters) - set(SHRINKAGE))
        lacking = [name for name in (LINE, MARKET) if name not in train.names]
        if unknown or lacking:
            raise BadInput(
                f"{system.system_id}: {', '.join(unknown + lacking)} cannot be used, or is lacking.",
                hint=f"Give it features with {LINE} and {MARKET}, such as v18, and parameters among {', '.join(SHRINKAGE)}.",
            )
        parts = [train] if stop is None else [train, stop]
        features = np.concatenate([part.features for part in parts])
        points = np.concatenate([part.points for part in parts])
        weight = np.concatenate([part.weights for part in parts])
        rows = Columns(train.names, features)
        line, market = rows[LINE], rows[MARKET]
        main = np.isnan(market) | ((market >= MAIN[0]) & (market <= MAIN[1]))
        learnt = np.isfinite(line) & (points != line) & main
        rows = Columns(train.names, features[learnt])
        causes = _causes(rows)
        centres, spreads = _centred(causes)
        design = _design(rows, causes, centres, spreads)
        shrinkage = SHRINKAGE | system.parameters
        penalty = np.full(design.shape[1], shrinkage["causes"])
        penalty[:3] = shrinkage["constant"], shrinkage["priced"], shrinkage["slope"]
        newest = weight.max() if len(weight) else 1.0
        weights = _shrunk_logit(design, points[learnt] > line[learnt], _market_logit(rows[MARKET]), weight[learnt] / newest, penalty)
        return cls(train.names, _numbers(centres), _numbers(spreads), _numbers(weights))

    def predict(self, features: Matrix) -> Vector:
        """P(over | no push) at the consensus line, of shape (rows,); NaN where there is none."""
        rows = Columns(self.names, features)
        design = _design(rows, _causes(rows), np.array(self.centres), np.array(self.spreads))
        chance = 1.0 / (1.0 + np.exp(-(_market_logit(rows[MARKET]) + (design * np.array(self.weights)).sum(axis=1))))
        return np.where(np.isfinite(rows[LINE]), chance, np.nan)

    def to_bytes(self) -> bytes:
        kept = {"names": self.names, "centres": self.centres, "spreads": self.spreads, "weights": self.weights}
        return json.dumps(kept, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> MarketAnchored:
        try:
            document: dict[str, Any] = json.loads(body)
            names = tuple(str(name) for name in document["names"])
            centres, spreads, weights = (tuple(float(value) for value in document[part]) for part in ("centres", "spreads", "weights"))
            causes = len(_used(names))
            if (len(centres), len(spreads), len(weights)) != (causes, causes, causes + 3) or LINE not in names or MARKET not in names:
                raise ValueError(f"{len(names)} features, {len(centres)} centres, {len(spreads)} spreads, {len(weights)} weights")
            if not np.isfinite([*centres, *spreads, *weights]).all():
                raise ValueError("a number is missing")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtefactMismatch(f"The artefact is no market-anchored model: {error}", hint="Train it again.") from error
        return cls(names, centres, spreads, weights)


def _used(names: Sequence[str]) -> list[str]:
    """The causes that these features allow, in order, after the line's own level (twice: itself and its square)."""
    has = {*names}
    if {"ppm_avg_last_10", "minutes_avg_last_10"} <= has:
        has.add("points_per_minute_times_minutes")
    return ["level", "level_squared", *(name for name in (*AGAINST_LINE, *OF_THE_LINE, *AS_IT_IS) if name in has)]


def _causes(rows: Columns) -> Matrix:
    """What may make the market err, one column each, NaN for missing."""
    line = rows[LINE]
    unit = np.sqrt(np.maximum(line, 0.0) + 1.0)
    level = np.log(np.maximum(line, 0.5)) - 2.6
    columns = []
    for name in _used(rows.names):
        if name == "level":
            column = level
        elif name == "level_squared":
            column = level * level
        elif name == "points_per_minute_times_minutes":
            column = (rows["ppm_avg_last_10"] * rows["minutes_avg_last_10"] - line) / unit
        elif name in AGAINST_LINE:
            column = (rows[name] - line) / unit
        elif name in OF_THE_LINE:
            column = rows[name] / unit
        else:
            column = rows[name]
        columns.append(column)
    return np.column_stack(columns)


def _centred(causes: Matrix) -> tuple[Vector, Vector]:
    """Mean and standard deviation of each cause over the rows that have it: 0 and 1 where none does, or where it never varies."""
    known = np.isfinite(causes)
    count = np.maximum(known.sum(axis=0), 1)
    centres = np.where(known, causes, 0.0).sum(axis=0) / count
    away = np.where(known, causes - centres, 0.0)
    spreads = np.sqrt((away * away).sum(axis=0) / count)
    return centres, np.where(spreads > 1e-9, spreads, 1.0)


def _design(rows: Columns, causes: Matrix, centres: Vector, spreads: Vector) -> Matrix:
    """The columns that have weights; a missing cause stands at its mean, where it says nothing."""
    priced = np.isfinite(rows[MARKET])
    scaled = np.clip(np.nan_to_num((causes - centres) / spreads), -FARTHEST, FARTHEST)
    return np.column_stack([np.ones(len(priced)), priced, _market_logit(rows[MARKET]), scaled])


def _market_logit(market: Vector) -> Vector:
    """The market's logit, 0 (an even chance) where it has no price."""
    chance = np.clip(np.where(np.isnan(market), 0.5, market), 0.01, 0.99)
    return np.asarray(np.log(chance) - np.log1p(-chance))


def _shrunk_logit(design: Matrix, happened: Vector, offset: Vector, weight: Vector, penalty: Vector) -> Vector:
    """The weights that make what happened likeliest, less half of penalty x weight^2, beside an offset that counts in full."""
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(offset + design @ found)))
        curvature = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, design.T @ (weight * (happened - chance)) - penalty * found)
        found = found + step
        if np.abs(step).max() < 1e-10:
            break
    return found


def _numbers(values: Vector) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
