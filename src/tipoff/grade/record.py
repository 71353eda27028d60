"""The record: what was said over a stretch of days and how it turned out, one split at a time, each figure with its N and interval.

Comes in: graded predictions and the predictions they grade, as the warehouse holds them. Goes out: one entry a system and part.
It must never grade anything itself, nor know which predictions were shown to whom.

A system speaks once of a player and game, so within an entry no player-game counts twice; entries of two systems are of the same games.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np

from tipoff.errors import BadInput, NotReady
from tipoff.grade.backtest_bets import PROBABILITY_BUCKETS, TIERS, Record, probability_bucket, records_of, tier
from tipoff.grade.backtest_rows import NONE, SIDES, Bet, Codes, codes_of
from tipoff.grade.graded import Graded
from tipoff.grade.metrics import EDGE_BUCKETS, Errors, edge_bucket, paired_difference, point_errors, shifted_line
from tipoff.market.prices import FloatArray
from tipoff.rates import Paired
from tipoff.store.warehouse import Work

By = Literal["system", "day", "month", "side", "tier", "edge", "edge-probability", "quality", "book", "direction", "movement"]
SPLITS: tuple[By, ...] = get_args(By)
DIRECTIONS = ("fell", "stood", "rose", "not measurable")
"""Of the line, from the one taken to the close; measurable where the close stands within 15 minutes of the tip."""
MOVEMENTS = ("0", "(0,.5]", "(.5,1]", "(1,)", "not measurable")
"""How far it moved, in points."""
_MOVED = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Entry:
    """One system in one part of the split. `bets` are its recommendations; errors are of everybody with court time whom it predicted:
    `errors` of its median, and on the rows with a line `mae` of its whole-number median beside the line's and the shifted line's, with
    the paired difference from the latter (below 0: it errs less), clustered by game date."""

    system_id: str
    part: str
    predictions: int
    bets: Record
    errors: Errors
    n_lined: int
    mae: float | None
    line_mae: float | None
    shifted_line_mae: float | None
    against_shifted_line: Paired


def record(work: Work, first: date, last: date, *, by: By = "system", systems: Sequence[str] = ()) -> list[Entry]:
    """The record of the game days (New York) from the first to the last, by system, and within it by the parts of a split in their order;
    parts without a prediction are left out. `systems`: those alone; none are all.

    Raises BadInput for a split that is none, or a span that ends before it begins; NotReady where nothing is graded.
    """
    if by not in SPLITS:
        raise BadInput(f"{by!r} is no split.", hint=f"There are {', '.join(SPLITS)}.")
    if last < first:
        raise BadInput(f"{first} .. {last} ends before it begins.", hint="Give the earlier day first.")
    graded = Graded.read(work, first, last, systems)
    if graded is None:
        whose = f" of {', '.join(systems)}" if systems else ""
        raise NotReady(f"Nothing{whose} is graded from {first} to {last}.", hint="`tipoff grade DATE` grades a date.")
    return entries(graded, by)


def entries(graded: Graded, by: By = "system", bet: Bet | None = None) -> list[Entry]:
    """The same of rows at hand. `bet`: others than the recommendations, row for row."""
    bet = bet or graded.bet
    part, names = _PARTS[by](graded)
    count = len(names)
    place = np.where(part >= 0, graded.system * count + part, NONE)
    bets = records_of(bet, np.where(bet.side == NONE, NONE, place), [str(number) for number in range(graded.systems * count)])
    order = np.argsort(place, kind="stable")
    numbers, starts = np.unique(place[order], return_index=True)
    ends = np.append(starts[1:], order.size)
    return [
        _entry(graded, order[start:end], graded.names[number // count], names[number % count], bets[str(number)])
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends.tolist(), strict=True)
        if number >= 0
    ]


def _entry(graded: Graded, mine: Codes, system_id: str, part: str, bets: Record) -> Entry:
    days, ours, line = graded.bet.days[mine], graded.error[mine], graded.line_error[mine]
    lined = np.isfinite(ours) & np.isfinite(line)
    shifted = np.abs(shifted_line(graded.bet.line[mine]) - graded.actual[mine])
    return Entry(
        system_id=system_id,
        part=part,
        predictions=int(mine.size),
        bets=bets,
        errors=point_errors(graded.predicted[mine], graded.actual[mine]),
        n_lined=int(lined.sum()),
        mae=_mean(ours[lined]),
        line_mae=_mean(line[lined]),
        shifted_line_mae=_mean(shifted[lined]),
        against_shifted_line=paired_difference(ours[lined], shifted[lined], days[lined]),
    )


Parts = tuple[Codes, Sequence[str]]


def _by_day(graded: Graded) -> Parts:
    return graded.words("game_date")


def _by_month(graded: Graded) -> Parts:
    months = graded.bet.days.astype("datetime64[M]").astype(str)
    names, code = np.unique(months, return_inverse=True)
    return code.astype(np.int64), names.tolist()


def _by_side(graded: Graded) -> Parts:
    return np.where(graded.bet.side == NONE, len(SIDES), graded.bet.side), (*SIDES, "no bet")


def _by_quality(graded: Graded) -> Parts:
    names = ("gold", "silver", "bronze", "poor", "critical")
    return codes_of(graded.rows, "quality_tier", names), names


def _by_direction(graded: Graded) -> Parts:
    moved = graded.moved()
    return np.where(np.isnan(moved), 3, np.sign(moved) + 1).astype(np.int64), DIRECTIONS


def _by_movement(graded: Graded) -> Parts:
    moved = np.abs(graded.moved())
    return np.where(np.isnan(moved), len(_MOVED) + 1, np.searchsorted(_MOVED, moved, side="left")).astype(np.int64), MOVEMENTS


_PARTS: dict[By, Callable[[Graded], Parts]] = {
    "system": lambda graded: (np.zeros(graded.system.size, np.int64), ("all",)),
    "day": _by_day,
    "month": _by_month,
    "side": _by_side,
    "tier": lambda graded: (tier(graded.bet.line), TIERS),
    "edge": lambda graded: (edge_bucket(graded.bet.edge), EDGE_BUCKETS),
    "edge-probability": lambda graded: (probability_bucket(graded.bet.edge_probability), PROBABILITY_BUCKETS),
    "quality": _by_quality,
    "book": lambda graded: graded.words("bookmaker"),
    "direction": _by_direction,
    "movement": _by_movement,
}


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size else None
