"""What a backtest's bets came to: hit rate, break-even, return on stakes and closing line value, with always-UNDER on the same rows.

In: one bet a row. Out: dataclasses of plain numbers. "PUSH and VOID return the stake and stay out of W/(W+L)"; returns are per unit staked
on decided bets, at the prices offered, and at -110 besides; rates have Wilson intervals, means intervals clustered by game date. It must
never know how a bet was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tipoff.grade.backtest_rows import LOSS, NONE, PUSH, SIDES, VOID, WIN, Bet, Codes, Mask, standard_units
from tipoff.grade.metrics import EDGE_BUCKETS, edge_bucket
from tipoff.market.prices import FloatArray, implied_probability
from tipoff.rates import Paired, Rate, clustered_means, wilson

PROBABILITY_STARTS = (-np.inf, 0.0, 0.02, 0.04, 0.06)
PROBABILITY_BUCKETS = ("<0", "[0,.02)", "[.02,.04)", "[.04,.06)", "[.06,)", "no price")
"""Of the edge in probability, P(side) - break-even at the real price; from .02 on the one recommendation rule may take a side."""
TIER_STARTS = (-np.inf, 10.0, 15.0, 20.0, 25.0)
TIERS = ("<10", "[10,15)", "[15,20)", "[20,25)", "[25,)")
"""Of the taken line, in points."""


@dataclass(frozen=True)
class Under:
    """What UNDER had come to on the same decided rows, at the same book, line and price."""

    hit_rate: Rate
    roi: Paired
    roi_standard: Paired


@dataclass(frozen=True)
class Record:
    """What some bets came to. `bets` were staked; the rates are of the decided ones. `break_even` is the mean of 1 / price over those
    with a price, and `priced_hit_rate` the rate to hold beside it; `roi` has their n, `roi_standard` (at -110) all decided ones'. `units`
    is the sum at the prices offered. Closing line values have as n the bets where they were measurable, of all `bets`."""

    bets: int
    won: int
    lost: int
    push: int
    void: int
    hit_rate: Rate
    priced_hit_rate: Rate
    break_even: float | None
    units: float | None
    roi: Paired
    roi_standard: Paired
    under: Under
    clv_points: Paired
    clv_prob: Paired


@dataclass(frozen=True)
class Bets:
    """A record of all, and by bucket; each bet is in one bucket of a kind, those without a price in a bucket of their own."""

    total: Record
    by_edge: dict[str, Record]
    by_edge_probability: dict[str, Record]
    by_side: dict[str, Record]
    by_tier: dict[str, Record]


def bets_of(bet: Bet) -> Bets:
    """The record of all bets of a system, and of each of their buckets, empty ones with n = 0."""
    staked = _Staked.of(bet.take(bet.side != NONE))
    return Bets(
        total=staked.records(np.zeros(staked.bet.side.size, dtype=np.int64), ("all",))["all"],
        by_edge=staked.records(edge_bucket(staked.bet.edge), EDGE_BUCKETS),
        by_edge_probability=staked.records(probability_bucket(staked.bet.edge_probability), PROBABILITY_BUCKETS),
        by_side=staked.records(staked.bet.side, SIDES),
        by_tier=staked.records(tier(staked.bet.line), TIERS),
    )


def records_of(bet: Bet, bucket: Codes, names: Sequence[str]) -> dict[str, Record]:
    """The record of each bucket of these bets: `bucket` (rows,) is the place among `names`, -1 for rows that are left out."""
    return _Staked.of(bet).records(bucket, names)


def probability_bucket(edge_probability: FloatArray) -> Codes:
    """The index into `PROBABILITY_BUCKETS` of each edge in probability; the last where it is missing."""
    bucket = np.searchsorted(PROBABILITY_STARTS, edge_probability, side="right") - 1
    return np.where(np.isnan(edge_probability), len(PROBABILITY_BUCKETS) - 1, bucket).astype(np.int64)


def tier(line: FloatArray) -> Codes:
    """The index into `TIERS` of each line in points; -1 where it is missing."""
    return np.where(np.isnan(line), -1, np.searchsorted(TIER_STARTS, line, side="right") - 1).astype(np.int64)


@dataclass(frozen=True)
class _Staked:
    """Bets with what their records sum: NaN on rows that are not counted. Every split of the same bets uses it again."""

    bet: Bet
    implied: FloatArray
    means: dict[str, FloatArray]

    @classmethod
    def of(cls, bet: Bet) -> _Staked:
        decided = (bet.result == WIN) | (bet.result == LOSS)
        return cls(
            bet=bet,
            implied=np.where(decided, implied_probability(bet.price), np.nan),
            means={
                "roi": np.where(decided, bet.units, np.nan),
                "roi_standard": np.where(decided, standard_units(bet.result), np.nan),
                "under_roi": np.where(decided, bet.under_units, np.nan),
                "under_roi_standard": np.where(decided, standard_units(bet.under_result), np.nan),
                "clv_points": bet.clv_points,
                "clv_prob": bet.clv_prob,
            },
        )

    def records(self, bucket: Codes, names: Sequence[str]) -> dict[str, Record]:
        """The record of each bucket, all of them in one pass."""
        count, bet = len(names), self.bet

        def number(rows: Mask) -> list[int]:
            return [int(found) for found in np.bincount(bucket[rows & (bucket >= 0)], minlength=count)]

        decided = np.isfinite(self.means["roi_standard"])
        won, under_won = number(decided & (bet.result == WIN)), number(decided & (bet.under_result == WIN))
        every, pushes, voids = number(bucket >= 0), number(bet.result == PUSH), number(bet.result == VOID)
        under_decided = number(decided & ((bet.under_result == WIN) | (bet.under_result == LOSS)))
        decisions = number(decided)
        priced = np.isfinite(self.implied) & (bucket >= 0)
        break_even = np.bincount(bucket[priced], weights=self.implied[priced], minlength=count)
        prices, priced_won = number(priced), number(priced & (bet.result == WIN))
        mean = {name: clustered_means(values, bet.days, bucket, count) for name, values in self.means.items()}
        return {
            name: Record(
                bets=every[index],
                won=won[index],
                lost=decisions[index] - won[index],
                push=pushes[index],
                void=voids[index],
                hit_rate=wilson(won[index], decisions[index]),
                priced_hit_rate=wilson(priced_won[index], prices[index]),
                break_even=float(break_even[index]) / prices[index] if prices[index] else None,
                units=_sum(mean["roi"][index]),
                roi=mean["roi"][index],
                roi_standard=mean["roi_standard"][index],
                under=Under(
                    hit_rate=wilson(under_won[index], under_decided[index]),
                    roi=mean["under_roi"][index],
                    roi_standard=mean["under_roi_standard"][index],
                ),
                clv_points=mean["clv_points"][index],
                clv_prob=mean["clv_prob"][index],
            )
            for index, name in enumerate(names)
        }


def _sum(mean: Paired) -> float | None:
    return None if mean.mean is None else mean.mean * mean.n
