"""The rows that questions are put to: player-games with sportsbooks' lines before the tip, and what became of them; graded predictions.

Knows the market's summary as of a moment, box scores and grades. It must never know which question is asked of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.analyze.slate import AT_TIP, games_as_of, games_between
from tipoff.analyze.slope import spread_of_points
from tipoff.grade.backtest_bets import TIER_STARTS
from tipoff.market.closing import MEASURABLE_MINUTES
from tipoff.market.grouped import Codes, Mask, floats
from tipoff.market.prices import FloatArray
from tipoff.market.summary import line_summary
from tipoff.store.warehouse import Work, day_of

KEY = ["game_id", "player_lookup"]
Words = NDArray[np.object_]


@dataclass(frozen=True)
class Lined:
    """Player-games on which sportsbooks had a current line at the games' moments, and which were played; one row each.

    `table` has the columns of `analytics.player_line_summary` and `points`, `minutes`. `day` is in days since 1970. `quoted` counts the
    player-games with a line of any kind, `no_sportsbook` those that only others quoted, `void` those without court time.
    """

    table: pa.Table
    quoted: int
    no_sportsbook: int
    void: int

    @classmethod
    def read(cls, work: Work, start: date, end: date, before: timedelta = AT_TIP) -> Lined:
        """Those of the game days from `start` to `end`, both included, as of so long `before` each tip."""
        games = games_as_of(work, games_between(work, start, end), None, before)
        lines = line_summary(work, games, partial(spread_of_points, work))
        of_books = lines.filter(pc.equal(lines.column("line_kind"), "sportsbook"))
        joined = with_results(work, of_books, start, end)
        return cls(joined, lines.num_rows, lines.num_rows - of_books.num_rows, of_books.num_rows - joined.num_rows)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def of(self, name: str) -> FloatArray:
        """A column as floats, NaN where it is missing."""
        return floats(self.table.column(name).cast(pa.float64()))

    def where(self, wanted: Mask) -> Lined:
        """Only these rows; the counts stay those of all."""
        return Lined(self.table.filter(pa.array(wanted)), self.quoted, self.no_sportsbook, self.void)

    @property
    def day(self) -> Codes:
        return days(self.table)

    @property
    def line(self) -> FloatArray:
        return self.of("consensus_line")

    @property
    def points(self) -> FloatArray:
        return self.of("points")

    @property
    def error(self) -> FloatArray:
        """|line - points| of the books' median."""
        return np.abs(self.line - self.points)

    @property
    def over(self) -> FloatArray:
        """1 where he scored more than the line, 0 where less, NaN at a push."""
        return went_over(self.points, self.line)

    @property
    def at_close(self) -> Mask:
        """Whether the newest quote stands so near the tip that it is a close; one at an assumed moment is not measurable."""
        minutes = self.of("close_minutes")
        return np.isfinite(minutes) & (minutes <= MEASURABLE_MINUTES)

    @property
    def coverage(self) -> dict[str, int]:
        """What is there and what was left out, for an answer."""
        return {
            "player-games with a line before the tip": self.quoted,
            "of them without a sportsbook": self.no_sportsbook,
            "of them void (no court time)": self.void,
            "player-games kept": len(self),
            "book rows behind them": int(self.of("book_count").sum()),
            "whose newest quote stands at an assumed moment": int(np.isnan(self.of("close_minutes")).sum()),
            "with a close (15 minutes or less before the tip)": int(self.at_close.sum()),
            "whose close is not measurable": int((~self.at_close).sum()),
        }


def days(table: pa.Table) -> Codes:
    """`game_date` in days since 1970."""
    return np.asarray(table.column("game_date").cast(pa.int32()).to_numpy(), dtype=np.int64)


def went_over(points: FloatArray, line: FloatArray) -> FloatArray:
    """1 over the line, 0 under it, NaN at a push or where either is missing."""
    margin = points - line
    return np.where(np.isnan(margin) | (margin == 0.0), np.nan, (margin > 0.0).astype(np.float64))


def whole_point(line: FloatArray) -> Codes:
    """The line's whole point, -1 where it is missing: errors grow with the line, so they are compared at equal lines."""
    return np.where(np.isnan(line), -1.0, np.floor(line)).astype(np.int64)


def tier_of(line: FloatArray) -> Codes:
    """Which of `tipoff.grade.backtest_bets.TIERS` each line lies in; -1 where it is missing."""
    return np.where(np.isnan(line), 0, np.searchsorted(TIER_STARTS, line, side="right")).astype(np.int64) - 1


def with_results(work: Work, rows: pa.Table, start: date, end: date) -> pa.Table:
    """These rows of (game_id, player_lookup) that were played, with `points` and `minutes` by the newest box scores, in their own order."""
    placed = rows.append_column("place", pa.array(np.arange(rows.num_rows)))
    return placed.join(work.ask(_played, start, end), KEY, join_type="inner").sort_by("place").drop_columns(["place"])


def _played(work: Work, start: date, end: date) -> ir.Table:
    box = work.as_of("raw.player_box")
    box = box.filter(box.game_date >= day_of(start), box.game_date <= day_of(end), box.minutes > 0, box.points.notnull())
    return box.select(*KEY, "points", "minutes")


@dataclass(frozen=True)
class Graded:
    """One system's graded predictions of some days, one row a player-game, as `predictions.prediction_accuracy` has them."""

    system: str
    table: pa.Table

    @classmethod
    def read(cls, work: Work, system: str, start: date, end: date) -> Graded:
        """Those of the game days from `start` to `end`, both included; none is an answer too."""
        return cls(system, work.ask(_graded, system, start, end))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def of(self, name: str) -> FloatArray:
        """A column as floats, NaN where it is missing."""
        return floats(self.table.column(name).cast(pa.float64()))

    @property
    def day(self) -> Codes:
        return days(self.table)

    @property
    def won(self) -> FloatArray:
        """1 for WIN, 0 for LOSS, NaN for what was not decided."""
        return won(words(self.table, "result"))

    @property
    def coverage(self) -> dict[str, int]:
        """What is there, for an answer."""
        result = words(self.table, "result")
        counts = {name: int(np.count_nonzero(result == word)) for name, word in (("decided by a win", "WIN"), ("by a loss", "LOSS"))}
        return {"graded predictions": len(self), **counts, "void": int(np.count_nonzero(result == "VOID"))}


def _graded(work: Work, system: str, start: date, end: date) -> ir.Table:
    rows = work.table("predictions.prediction_accuracy")
    rows = rows.filter(rows.system_id == system, rows.game_date >= day_of(start), rows.game_date <= day_of(end))
    return rows.order_by(KEY)


def won(result: Words) -> FloatArray:
    """1 for WIN, 0 for LOSS, else NaN."""
    return np.where(result == "WIN", 1.0, np.where(result == "LOSS", 0.0, np.nan))


def words(table: pa.Table, name: str) -> Words:
    """A column of strings, None where one is missing."""
    return np.array(table.column(name).to_pylist(), dtype=np.object_)
