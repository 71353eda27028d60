"""The alarm that a backtest raises by itself: "a hit rate above 60 % over 300 or more bets, or an MAE more than 0.15 below the line's".

In: a system's figures. Out: why they are too good to be believed. It must never know how they came about: whether there is a leak, the
leak check says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tipoff.grade.backtest_bets import Bets
from tipoff.grade.backtest_errors import Against

MOST_HIT_RATE = 0.60
LEAST_BETS = 300
MOST_BELOW_THE_LINE = 0.15


@dataclass(frozen=True)
class Alarm:
    """A figure that is too good: what it is of, its value and the value that it may not pass, with its n."""

    of: str
    value: float
    threshold: float
    n: int


def error_alarm(of: str, line: Against, least: int = 1) -> Iterator[Alarm]:
    """Where the MAE lies too far below the line's on the same rows, over at least so many of them."""
    if line.difference is not None and line.n >= least and line.difference < -MOST_BELOW_THE_LINE:
        yield Alarm(f"MAE less the line's, {of}", line.difference, -MOST_BELOW_THE_LINE, line.n)


def hit_rate_alarms(of: str, bets: Bets, *, buckets: bool) -> Iterator[Alarm]:
    """Where bets hit too often: all of them, and those of each bucket."""
    records = {of: bets.total}
    if buckets:
        kinds = {"edge": bets.by_edge, "edge in probability": bets.by_edge_probability, "side": bets.by_side, "line": bets.by_tier}
        records |= {f"{of} ({kind}: {name})": record for kind, split in kinds.items() for name, record in split.items()}
    for name, record in records.items():
        rate = record.hit_rate
        if rate.rate is not None and rate.n >= LEAST_BETS and rate.rate > MOST_HIT_RATE:
            yield Alarm(f"hit rate of {name}", rate.rate, MOST_HIT_RATE, rate.n)
