"""Figures of this room as the shapes that documents are made of.

In: records, errors, shares and means, each with its N and interval. Out: the same, as `publish.record` declares them. It must never work
out a figure.
"""

from __future__ import annotations

from tipoff.grade.backtest_bets import Record
from tipoff.grade.calibration import Calibration
from tipoff.grade.record import Entry
from tipoff.publish.record import Bets, Bin, Errors, Mean, Reliability, Share
from tipoff.rates import Paired, Rate


def bets_shape(found: Record) -> Bets:
    same = {name: getattr(found, name) for name in ("bets", "won", "lost", "push", "void", "break_even", "units")}
    return Bets(
        **same,
        n=found.hit_rate.n,
        hit_rate=share_shape(found.hit_rate),
        priced=share_shape(found.priced_hit_rate),
        roi=mean_shape(found.roi),
        always_under=share_shape(found.under.hit_rate),
        clv_points=mean_shape(found.clv_points),
        clv_prob=mean_shape(found.clv_prob),
    )


def errors_shape(entry: Entry) -> Errors:
    return Errors(
        n=entry.errors.n,
        bias=entry.errors.bias,
        lined_n=entry.n_lined,
        mae=entry.mae,
        line_mae=entry.line_mae,
        shifted_line_mae=entry.shifted_line_mae,
        against_shifted_line=mean_shape(entry.against_shifted_line),
    )


def share_shape(rate: Rate) -> Share:
    return Share(n=rate.n, rate=rate.rate, low=rate.low, high=rate.high)


def mean_shape(mean: Paired) -> Mean:
    return Mean(n=mean.n, mean=mean.mean, low=mean.low, high=mean.high)


def reliability_shape(found: Calibration) -> Reliability:
    bins = [Bin(forecast=one.mean_probability, observed=share_shape(one.happened)) for one in found.bins]
    return Reliability(n=found.n, error=found.error, perfect_mean=found.perfect_mean, perfect_95=found.perfect_95, bins=bins)
