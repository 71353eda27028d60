"""Closing lines, and what a quote that was taken is worth beside them.

Knows the market at the tip. It must never know how a side was chosen, or a result. A value is measurable only where the close stands 15
minutes before the tip or later, and is later than the quote that was taken; elsewhere it is missing, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.market.grouped import Codes, Mask, floats, micros
from tipoff.market.lines import STEEPEST, Spread, market_at_close
from tipoff.market.prices import FloatArray
from tipoff.store.warehouse import Work

MEASURABLE_MINUTES = 15.0
_MINUTE = 60_000_000
_ABSENT = np.iinfo(np.int64).min


def closing_lines(work: Work, games: ir.Table, spread: Spread) -> pa.Table:
    """The close of each player of these games (Ibis: game_id, tip): game_id, player_lookup, close_line, close_over (devigged P(over | no
    push) at it), close_at (UTC; missing where the archive only assumes it), close_minutes (before the tip) and close_slope (of the logit of
    P(over) per point of line)."""
    market = market_at_close(work, games)
    quotes = market.quotes.filter(market.quotes.column("chosen"))
    told = quotes.group_by(["game_id", "player_lookup"]).aggregate([("assumed", "any")])
    lines = market.lines.select(["game_id", "player_lookup", "as_of", "consensus_line", "implied_over", "newest_quote"])
    lines = lines.append_column("place", pa.array(np.arange(lines.num_rows)))
    lines = lines.join(told, ["game_id", "player_lookup"], join_type="left outer").sort_by("place")
    line = floats(lines.column("consensus_line"))
    tip, at = micros(lines.column("as_of")), micros(lines.column("newest_quote"))
    assumed = pc.fill_null(lines.column("assumed_any"), True)
    measured = pa.array(at, pa.timestamp("us", "UTC"), mask=np.asarray(assumed.to_numpy(zero_copy_only=False), dtype=np.bool_))
    minutes = np.where(np.asarray(measured.is_null()), np.nan, (tip - at) / _MINUTE)
    base, per_point = spread(tip) if tip.size else (np.empty(0), np.empty(0))
    return pa.table(
        {
            "game_id": lines.column("game_id"),
            "player_lookup": lines.column("player_lookup"),
            "close_line": lines.column("consensus_line"),
            "close_over": lines.column("implied_over"),
            "close_at": measured,
            "close_minutes": pa.array(minutes, from_pandas=True),
            "close_slope": pa.array(STEEPEST / np.sqrt(np.maximum(base + per_point * line, 1.0)), from_pandas=True),
        }
    )


@dataclass(frozen=True)
class Closed:
    """Closes by row, in step with what was taken: `line` (points), `over` (P(over | no push) there), `at` (microseconds since 1970, UTC),
    `minutes` before the tip, `slope` of the logit per point; NaN for missing."""

    line: FloatArray
    over: FloatArray
    at: Codes
    minutes: FloatArray
    slope: FloatArray

    @classmethod
    def of(cls, rows: pa.Table) -> Closed:
        """From the columns of `closing_lines`."""
        line, over, minutes, slope = (floats(rows.column(f"close_{name}")) for name in ("line", "over", "minutes", "slope"))
        at = np.asarray(rows.column("close_at").cast(pa.int64()).fill_null(_ABSENT).to_numpy(), dtype=np.int64)
        return cls(line, over, at, minutes, slope)


def closing_values(closed: Closed, over: Mask, line: FloatArray, price: FloatArray, quoted_at: Codes) -> tuple[FloatArray, FloatArray]:
    """What quotes taken are worth by the close: in points (close - taken for an over, taken - close for an under), and in probability (the
    close's P(the side wins at the taken point, no push) x the taken decimal price - 1). NaN where it is not measurable.

    The close's probability is brought to the taken point along the logit's slope.
    """
    measurable = (closed.minutes <= MEASURABLE_MINUTES) & (closed.at > quoted_at)
    points = np.where(over, closed.line - line, line - closed.line)
    logit = np.log(closed.over) - np.log1p(-closed.over) + np.where(closed.line == line, 0.0, (closed.line - line) * closed.slope)
    chance = 1.0 / (1.0 + np.exp(-logit))
    value = np.where(over, chance, 1.0 - chance) * price - 1.0
    return np.where(measurable, points, np.nan), np.where(measurable, value, np.nan)
