"""How far off a backtest's systems were, in points and in probability, each beside its references on the same rows.

In: what a system said, row for row beside the facts. Out: dataclasses of plain numbers; every difference is paired, below 0 where the
system errs less, with a 95 % interval clustered by game date. It must never know a price that was bet at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.grade.backtest_rows import Days, Facts, Mask, Said
from tipoff.grade.calibration import Calibration, calibration
from tipoff.grade.metrics import brier_losses, log_losses, paired_difference, point_errors, shifted_line
from tipoff.market.prices import FloatArray
from tipoff.rates import Paired, Rate, clustered_mean, wilson

EVEN = 0.5
"""What somebody says who knows nothing; the past over-rate is not in a backtest's tables."""


@dataclass(frozen=True)
class Against:
    """A mean loss beside a reference's over the `n` rows that have both, and the paired difference (ours - reference) with its interval;
    None at n = 0, and no interval on a single date."""

    n: int
    ours: float | None
    reference: float | None
    difference: float | None
    low: float | None
    high: float | None
    dates: int


@dataclass(frozen=True)
class PointErrors:
    """Errors in points: MAE of the whole-number median, RMSE and bias (predicted - actual) of the mean, and the bias of the interpolated
    median, which lies below the mean's since points have a long right tail."""

    n: int
    mae: float | None
    rmse: float | None
    bias: float | None
    median_bias: float | None


@dataclass(frozen=True)
class OverProbability:
    """P(over | no push) at the consensus line, pushes left out, beside the devigged market's, the market's as recalibrated on the past,
    and an even chance."""

    against_market: Against
    against_recalibrated: Against
    against_even: Against


@dataclass(frozen=True)
class LineErrors:
    """On rows with a line: MAE beside the line's and the shifted line's, the mean of predicted - line in points, Brier and log loss."""

    line: Against
    shifted_line: Against
    margin: Paired
    brier: OverProbability
    log_loss: OverProbability


@dataclass(frozen=True)
class Coverage:
    """How often an interval of whole points held the outcome, beside its own mean nominal mass; `difference` is held - nominal."""

    level: float
    held: Rate
    nominal: float | None
    difference: Paired


@dataclass(frozen=True)
class References:
    """What needs no model, on every player-game of the backtest: whoever is compared with it has it on their own rows besides."""

    player_games: int
    played: int
    lined: int
    priced: int
    dates: int
    shifted_line_against_line: Against
    last_10: Against
    over_rate: Rate
    market_against_even: Against
    recalibrated_against_market: Against
    market_calibration: Calibration


def against(ours: FloatArray, reference: FloatArray, days: Days) -> Against:
    """Two losses compared on the rows that have both."""
    known = np.isfinite(ours) & np.isfinite(reference)
    paired = paired_difference(ours[known], reference[known], days[known])
    if paired.n == 0:
        return Against(0, None, None, None, None, None, 0)
    mine, other = float(np.mean(ours[known])), float(np.mean(reference[known]))
    return Against(paired.n, mine, other, paired.mean, paired.low, paired.high, paired.clusters)


def errors_of(said: Said) -> PointErrors:
    """Errors over all rows with an outcome."""
    actual = said.facts.actual_points
    whole, mean, median = (point_errors(said_, actual) for said_ in (said.predicted_whole, said.predicted_mean, said.predicted_points))
    return PointErrors(whole.n, whole.mae, mean.rmse, mean.bias, median.bias)


def against_last_10(said: Said) -> Against:
    """MAE beside that of the mean of a player's last ten games."""
    actual = said.facts.actual_points
    return against(np.abs(said.predicted_whole - actual), np.abs(said.facts.last_10 - actual), said.facts.days)


def crps_of(said: Said) -> Against:
    """The continuous ranked probability score beside that of the kernel-empirical reference, in points."""
    return against(said.crps, said.facts.reference_crps, said.facts.days)


def line_errors(said: Said, where: Mask) -> LineErrors:
    """Against the line and the market on some of the lined rows."""
    said = said.take(where)
    facts = said.facts
    miss = np.abs(said.predicted_whole - facts.actual_points)
    return LineErrors(
        line=against(miss, np.abs(facts.line - facts.actual_points), facts.days),
        shifted_line=against(miss, np.abs(shifted_line(facts.line) - facts.actual_points), facts.days),
        margin=clustered_mean(said.predicted_points - facts.line, facts.days),
        brier=_probability(said.consensus_over, facts, brier=True),
        log_loss=_probability(said.consensus_over, facts, brier=False),
    )


def _probability(over: FloatArray, facts: Facts, *, brier: bool) -> OverProbability:
    losses = brier_losses if brier else log_losses
    went_over = facts.went_over
    mine = losses(over, went_over)
    return OverProbability(
        against_market=against(mine, losses(facts.market_over, went_over), facts.days),
        against_recalibrated=against(mine, losses(facts.recalibrated_over, went_over), facts.days),
        against_even=against(mine, losses(EVEN, went_over), facts.days),
    )


def calibration_of(said: Said) -> Calibration:
    """Of P(over | no push) at the consensus, on every lined row."""
    return calibration(said.consensus_over, said.facts.went_over)


def coverage_of(said: Said) -> tuple[Coverage, ...]:
    """Of the central 80 and 90 % intervals, over all rows with an outcome."""
    return (
        _coverage(0.80, said.low_80, said.high_80, said.mass_80, said.facts),
        _coverage(0.90, said.low_90, said.high_90, said.mass_90, said.facts),
    )


def _coverage(level: float, low: FloatArray, high: FloatArray, mass: FloatArray, facts: Facts) -> Coverage:
    actual = facts.actual_points
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(mass) & np.isfinite(actual)
    held = ((low <= actual) & (actual <= high))[known]
    return Coverage(
        level=level,
        held=wilson(int(held.sum()), int(held.size)),
        nominal=float(np.mean(mass[known])) if held.size else None,
        difference=clustered_mean(held - mass[known], facts.days[known]),
    )


def references(facts: Facts) -> References:
    """The references themselves. `last_10` stands beside the shifted line on rows with both."""
    actual, days, went_over = facts.actual_points, facts.days, facts.went_over
    shifted = np.abs(shifted_line(facts.line) - actual)
    market = brier_losses(facts.market_over, went_over)
    decided = went_over[np.isfinite(went_over)]
    return References(
        player_games=facts.size,
        played=int(np.isfinite(actual).sum()),
        lined=int(facts.lined.sum()),
        priced=int(facts.priced.sum()),
        dates=int(np.unique(days).size),
        shifted_line_against_line=against(shifted, np.abs(facts.line - actual), days),
        last_10=against(np.abs(facts.last_10 - actual), shifted, days),
        over_rate=wilson(int(decided.sum()), int(decided.size)),
        market_against_even=against(market, brier_losses(EVEN, went_over), days),
        recalibrated_against_market=against(brier_losses(facts.recalibrated_over, went_over), market, days),
        market_calibration=calibration(facts.market_over, went_over),
    )
