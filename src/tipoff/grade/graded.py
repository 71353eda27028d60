"""Graded rows of a stretch of days as arrays: what each system said of each player and game, and what became of it, at what it took.

Comes in: graded predictions and the predictions they grade, as the warehouse holds them. Goes out: `Graded`, row beside row. It must never
grade anything itself, nor count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.grade.backtest_rows import LOSS, NONE, OVER, PUSH, RESULT_WORDS, SIDES, UNDER, VOID, WIN, Bet, Codes, Mask, codes_of, floats_of
from tipoff.grade.run import ACCURACY
from tipoff.grade.settle import RESULTS, flat_units
from tipoff.market.closing import MEASURABLE_MINUTES
from tipoff.market.prices import FloatArray, valid_price
from tipoff.predict.activate import PREDICTIONS
from tipoff.store.warehouse import Work, day_of

_ORDER = ("system_id", "game_date", "game_id", "player_lookup")
_GRADED = (
    *("game_id", "player_lookup", "system_id", "prediction_id", "game_date", "recommendation", "line", "edge", "result", "void_reason"),
    *("actual_points", "absolute_error", "line_absolute_error", "units", "price", "clv_points", "clv_prob", "close_line", "close_minutes"),
    *("signed_error", "p_over", "graded_at"),
)
_SAID = (
    *("prediction_id", "line_kind", "bookmaker", "over_price", "under_price", "edge_probability", "quality_tier", "predicted_points"),
    *("p_push", "side"),
)
RECOMMENDATIONS = (*SIDES, "PASS", "NO_LINE")


class Graded:
    """Graded rows as arrays, in the order of systems, dates, games and players. Probabilities are given that there is no push."""

    @classmethod
    def read(cls, work: Work, first: date, last: date, systems: Sequence[str] = ()) -> Graded | None:
        """Those of the game days (New York) from the first to the last; None where there is none. `systems`: those alone; none are all."""
        rows = work.ask(_rows, first, last)
        if systems:
            rows = rows.filter(pc.is_in(rows.column("system_id"), value_set=pa.array(systems, pa.string())))
        return cls(rows.sort_by([(name, "ascending") for name in _ORDER])) if rows.num_rows else None

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows
        self.names: list[str] = sorted(pc.unique(rows.column("system_id")).to_pylist())
        self.systems = len(self.names)
        self.system = codes_of(rows, "system_id", self.names)
        self.actual, self.predicted = floats_of(rows, "actual_points"), floats_of(rows, "predicted_points")
        self.error, self.line_error = floats_of(rows, "absolute_error"), floats_of(rows, "line_absolute_error")
        self.recommendation = codes_of(rows, "recommendation", RECOMMENDATIONS)
        self.bet = self._bet()

    @property
    def span(self) -> tuple[date, date]:
        """The first game day and the last."""
        return self.bet.days.min().item(), self.bet.days.max().item()

    def take(self, rows: Mask) -> Graded:
        """Some of the rows."""
        return Graded(self.rows.filter(pa.array(rows)))

    def of(self, system_id: str) -> Graded:
        """One system's rows."""
        first, end = np.searchsorted(self.system, self.names.index(system_id) + np.arange(2))
        return Graded(self.rows.slice(first, end - first))

    def _bet(self) -> Bet:
        """What each recommendation became; `under` as if UNDER had been taken at the same book, line and price."""
        rows, line = self.rows, floats_of(self.rows, "line")
        side = codes_of(rows, "recommendation", SIDES)
        staked = side != NONE
        under = np.where(staked, self.under_result(), NONE)
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
            under_units=flat_units(RESULT_WORDS[under], np.where(self._at_book(), floats_of(rows, "under_price"), np.nan)),
            clv_points=np.where(staked, floats_of(rows, "clv_points"), np.nan),
            clv_prob=np.where(staked, floats_of(rows, "clv_prob"), np.nan),
        )

    def _at_book(self) -> Mask:
        """Whether a row's prices are a sportsbook's: nobody can bet at a consensus."""
        told = pc.fill_null(pc.equal(self.rows.column("line_kind"), "sportsbook"), False)
        return np.asarray(told.to_numpy(zero_copy_only=False), dtype=np.bool_)

    def passed(self) -> Bet:
        """What each PASS would have become, had the side that it leant to been taken, at the same book, line and price."""
        rows, bet = self.rows, self.bet
        side = np.where(self.recommendation == RECOMMENDATIONS.index("PASS"), codes_of(rows, "side", SIDES), NONE)
        margin = np.where(side == OVER, self.actual - bet.line, bet.line - self.actual)
        void = np.asarray(rows.column("void_reason").is_valid())
        result = np.select([side == NONE, void, margin > 0.0, margin < 0.0, margin == 0.0], [NONE, VOID, WIN, LOSS, PUSH], NONE)
        prices = [floats_of(rows, "over_price"), floats_of(rows, "under_price")]
        price = np.where(self._at_book(), np.select([side == OVER, side == UNDER], prices, np.nan), np.nan)
        staked = side != NONE
        under = np.where(staked, self.under_result(), NONE)
        return replace(
            bet,
            side=side,
            result=result,
            units=flat_units(RESULT_WORDS[result], price),
            price=valid_price(price),
            under_result=under,
            under_units=flat_units(RESULT_WORDS[under], np.where(self._at_book(), prices[1], np.nan)),
            clv_points=np.where(staked, floats_of(rows, "clv_points"), np.nan),
            clv_prob=np.where(staked, floats_of(rows, "clv_prob"), np.nan),
        )

    def under_result(self) -> Codes:
        """What UNDER at the line became."""
        margin = self.actual - floats_of(self.rows, "line")
        void = np.asarray(self.rows.column("void_reason").is_valid())
        return np.select([void, margin < 0.0, margin > 0.0, margin == 0.0], [VOID, WIN, LOSS, PUSH], NONE)

    def stated(self) -> tuple[FloatArray, FloatArray]:
        """P(over) and P(push) at the line, as they were stated."""
        return floats_of(self.rows, "p_over"), np.nan_to_num(floats_of(self.rows, "p_push"))

    def chance(self) -> FloatArray:
        """P(over), given that there is no push; NaN without a line, and where only a push is left."""
        over, push = self.stated()
        return np.asarray(np.divide(over, 1.0 - push, out=np.full(push.size, np.nan), where=push < 1.0))

    def went_over(self) -> FloatArray:
        """1 over the line, 0 under it, NaN for a push and where either is missing."""
        margin = self.actual - self.bet.line
        return np.select([margin > 0.0, margin < 0.0], [1.0, 0.0], np.nan)

    def moved(self) -> FloatArray:
        """How far the line went from the one taken to the close, in points; NaN where that is not measurable."""
        told = floats_of(self.rows, "close_minutes") <= MEASURABLE_MINUTES
        return np.where(told, floats_of(self.rows, "close_line") - self.bet.line, np.nan)

    def words(self, column: str) -> tuple[Codes, Sequence[str]]:
        """The parts that a column of words makes, in their order; rows without one are `none`."""
        told = pa.table({column: pc.fill_null(self.rows.column(column).cast(pa.string()), "none")})
        names = sorted(pc.unique(told.column(column)).to_pylist())
        return codes_of(told, column, names), names


def _rows(work: Work, first: date, last: date) -> ir.Table:
    graded, said = work.table(ACCURACY), work.table(PREDICTIONS)
    mine = graded.filter(graded.game_date >= day_of(first), graded.game_date <= day_of(last)).select(*_GRADED)
    told = said.rename(quality_tier="tier").select("game_id", *_SAID)
    return mine.left_join(told, ["prediction_id", "game_id"]).drop("prediction_id_right", "game_id_right")
