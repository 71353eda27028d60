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

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.errors import BadInput, NotReady
from tipoff.grade.backtest_bets import PROBABILITY_BUCKETS, TIERS, Record, probability_bucket, records_of, tier
from tipoff.grade.backtest_rows import LOSS, NONE, PUSH, RESULT_WORDS, SIDES, VOID, WIN, Bet, Codes, codes_of, floats_of
from tipoff.grade.metrics import EDGE_BUCKETS, Errors, edge_bucket, paired_difference, point_errors, shifted_line
from tipoff.grade.run import ACCURACY
from tipoff.grade.settle import RESULTS, flat_units
from tipoff.market.closing import MEASURABLE_MINUTES
from tipoff.market.prices import FloatArray, valid_price
from tipoff.predict.activate import PREDICTIONS
from tipoff.rates import Paired
from tipoff.store.warehouse import Work, day_of

By = Literal["system", "day", "month", "side", "tier", "edge", "edge-probability", "quality", "book", "direction", "movement"]
SPLITS: tuple[By, ...] = get_args(By)
DIRECTIONS = ("fell", "stood", "rose", "not measurable")
"""Of the line, from the one taken to the close; measurable where the close stands within 15 minutes of the tip."""
MOVEMENTS = ("0", "(0,.5]", "(.5,1]", "(1,)", "not measurable")
"""How far it moved, in points."""
_MOVED = (0.0, 0.5, 1.0)
_GRADED = (
    *("game_id", "player_lookup", "system_id", "prediction_id", "game_date", "recommendation", "line", "edge", "result", "void_reason"),
    *("actual_points", "absolute_error", "line_absolute_error", "units", "price", "clv_points", "clv_prob", "close_line", "close_minutes"),
)
_SAID = ("prediction_id", "line_kind", "bookmaker", "under_price", "edge_probability", "quality_tier", "predicted_points")


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
    rows = work.ask(_rows, first, last).sort_by([(name, "ascending") for name in ("system_id", "game_date", "game_id", "player_lookup")])
    if systems:
        rows = rows.filter(pc.is_in(rows.column("system_id"), value_set=pa.array(systems, pa.string())))
    if rows.num_rows == 0:
        whose = f" of {', '.join(systems)}" if systems else ""
        raise NotReady(f"Nothing{whose} is graded from {first} to {last}.", hint="`tipoff grade DATE` grades a date.")
    graded = _Graded(rows)
    part, names = _PARTS[by](graded)
    count = len(names)
    place = graded.system * count + part
    bets = records_of(graded.bet, np.where(graded.bet.side == NONE, NONE, place), [str(number) for number in range(graded.systems * count)])
    found = []
    for number in np.unique(place[part >= 0]):
        mine = place == number
        found.append(_entry(graded, mine, graded.names[number // count], names[number % count], bets[str(number)]))
    return found


def _rows(work: Work, first: date, last: date) -> ir.Table:
    graded, said = work.table(ACCURACY), work.table(PREDICTIONS)
    mine = graded.filter(graded.game_date >= day_of(first), graded.game_date <= day_of(last)).select(*_GRADED)
    told = said.rename(quality_tier="tier").select(*_SAID)
    return mine.left_join(told, "prediction_id").drop("prediction_id_right")


def _entry(graded: _Graded, mine: NDArray[np.bool_], system_id: str, part: str, bets: Record) -> Entry:
    days, ours, line = graded.bet.days[mine], graded.error[mine], graded.line_error[mine]
    lined = np.isfinite(ours) & np.isfinite(line)
    shifted = np.abs(shifted_line(graded.bet.line[mine]) - graded.actual[mine])
    return Entry(
        system_id=system_id,
        part=part,
        predictions=int(mine.sum()),
        bets=bets,
        errors=point_errors(graded.predicted[mine], graded.actual[mine]),
        n_lined=int(lined.sum()),
        mae=_mean(ours[lined]),
        line_mae=_mean(line[lined]),
        shifted_line_mae=_mean(shifted[lined]),
        against_shifted_line=paired_difference(ours[lined], shifted[lined], days[lined]),
    )


class _Graded:
    """Graded rows as arrays, in the order of systems."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows
        self.names: list[str] = sorted(set(rows.column("system_id").to_pylist()))
        self.systems = len(self.names)
        self.system = codes_of(rows, "system_id", self.names)
        self.actual, self.predicted = floats_of(rows, "actual_points"), floats_of(rows, "predicted_points")
        self.error, self.line_error = floats_of(rows, "absolute_error"), floats_of(rows, "line_absolute_error")
        self.bet = self._bet()

    def _bet(self) -> Bet:
        """What each recommendation became; `under` as if UNDER had been taken at the same book, line and price."""
        rows, line = self.rows, floats_of(self.rows, "line")
        side = codes_of(rows, "recommendation", SIDES)
        staked, margin = side != NONE, self.actual - line
        void = np.asarray(rows.column("void_reason").is_valid())
        under = np.select([void, margin < 0.0, margin > 0.0, margin == 0.0], [VOID, WIN, LOSS, PUSH], NONE)
        under = np.where(staked, under, NONE)
        at_book = np.asarray(pc.fill_null(pc.equal(rows.column("line_kind"), "sportsbook"), False).to_numpy(zero_copy_only=False))
        return Bet(
            days=np.asarray(rows.column("game_date").cast(pa.date32()).to_numpy()).astype("datetime64[D]"),
            side=side,
            result=np.where(staked, codes_of(rows, "result", RESULTS), NONE),
            units=np.where(staked, floats_of(rows, "units"), np.nan),
            price=valid_price(np.where(staked, floats_of(rows, "price"), np.nan)),
            line=line,
            edge=floats_of(rows, "edge"),
            edge_probability=floats_of(rows, "edge_probability"),
            under_result=under,
            under_units=flat_units(RESULT_WORDS[under], np.where(at_book, floats_of(rows, "under_price"), np.nan)),
            clv_points=np.where(staked, floats_of(rows, "clv_points"), np.nan),
            clv_prob=np.where(staked, floats_of(rows, "clv_prob"), np.nan),
        )

    def moved(self) -> FloatArray:
        """How far the line went from the one taken to the close, in points; NaN where that is not measurable."""
        told = floats_of(self.rows, "close_minutes") <= MEASURABLE_MINUTES
        return np.where(told, floats_of(self.rows, "close_line") - self.bet.line, np.nan)

    def words(self, column: str) -> tuple[Codes, Sequence[str]]:
        """The parts that a column of words makes, in their order; rows without one are `none`."""
        told = pa.table({column: pc.fill_null(self.rows.column(column).cast(pa.string()), "none")})
        names = sorted(pc.unique(told.column(column)).to_pylist())
        return codes_of(told, column, names), names


Parts = tuple[Codes, Sequence[str]]


def _by_day(graded: _Graded) -> Parts:
    return graded.words("game_date")


def _by_month(graded: _Graded) -> Parts:
    months = graded.bet.days.astype("datetime64[M]").astype(str)
    names, code = np.unique(months, return_inverse=True)
    return code.astype(np.int64), names.tolist()


def _by_side(graded: _Graded) -> Parts:
    return np.where(graded.bet.side == NONE, len(SIDES), graded.bet.side), (*SIDES, "no bet")


def _by_quality(graded: _Graded) -> Parts:
    names = ("gold", "silver", "bronze", "poor", "critical")
    return codes_of(graded.rows, "quality_tier", names), names


def _by_direction(graded: _Graded) -> Parts:
    moved = graded.moved()
    return np.where(np.isnan(moved), 3, np.sign(moved) + 1).astype(np.int64), DIRECTIONS


def _by_movement(graded: _Graded) -> Parts:
    moved = np.abs(graded.moved())
    return np.where(np.isnan(moved), len(_MOVED) + 1, np.searchsorted(_MOVED, moved, side="left")).astype(np.int64), MOVEMENTS


_PARTS: dict[By, Callable[[_Graded], Parts]] = {
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
