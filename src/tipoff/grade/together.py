"""How alike the systems are: what each two of them said of the same player-games, and how they erred there.

Comes in: graded predictions of some days. Goes out: one entry a pair of systems, each figure with its N. It must never know which of them
stands for the slate.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.grade.backtest_rows import NONE, SIDES, codes_of, floats_of
from tipoff.grade.run import ACCURACY
from tipoff.market.prices import FloatArray
from tipoff.publish.systems import Pair
from tipoff.rates import wilson
from tipoff.store.warehouse import Work, day_of

LEAST = 30
"""A correlation of fewer rows is not told."""


def together(work: Work, after: date, until: date) -> list[Pair]:
    """Every pair of systems over the game days (New York) after one up to and with another, in order of their names."""
    return pairs_of(work.ask(_rows, after, until))


def pairs_of(rows: pa.Table) -> list[Pair]:
    """The same of rows at hand: system_id, game_id, player_lookup, recommendation, predicted_margin, signed_error; once a system and
    player-game, in any order."""
    names = sorted(pc.unique(rows.column("system_id")).to_pylist())
    system = codes_of(rows, "system_id", names)
    player_game = pc.binary_join_element_wise(rows.column("game_id"), rows.column("player_lookup"), "/")
    keys = sorted(pc.unique(player_game).to_pylist())
    place = np.asarray(pc.index_in(player_game, value_set=pa.array(keys, pa.string())).to_numpy(), dtype=np.int64)

    def spread(values: NDArray[Any], empty: float) -> NDArray[Any]:
        grid = np.full((len(names), len(keys)), empty)
        grid[system, place] = values
        return grid

    margins, errors = (_correlations(spread(floats_of(rows, name), np.nan)) for name in ("predicted_margin", "signed_error"))
    side = spread(codes_of(rows, "recommendation", SIDES), NONE)
    one_hot = [(side == number).astype(np.float64) for number in range(len(SIDES))]
    took = one_hot[0] + one_hot[1]
    same, both = sum(part @ part.T for part in one_hot), took @ took.T
    return list(_told(names, margins, errors, np.asarray(same), both))


def _told(names: list[str], margins: Any, errors: Any, same: FloatArray, both: FloatArray) -> Iterator[Pair]:
    for one, other in combinations(range(len(names)), 2):
        share = wilson(round(same[one, other]), round(both[one, other]))
        (n_margins, margin), (n_errors, error) = (
            (int(n[one, other]), _known(value[one, other], n[one, other])) for n, value in (margins, errors)
        )
        alike = {"picks_n": share.n, "same_side": share.rate, "low": share.low, "high": share.high}
        about: dict[str, Any] = {"margins_n": n_margins, "margins": margin, "errors_n": n_errors, "errors": error}
        yield Pair(first=names[one], second=names[other], **about, **alike)


def _correlations(grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """N and Pearson's correlation of each two rows of a grid over the columns that both have: all pairs in a few products of matrices."""
    here = np.isfinite(grid)
    known = here.astype(np.float64)
    mean = np.divide(np.where(here, grid, 0.0).sum(axis=1), known.sum(axis=1), out=np.zeros(len(grid)), where=known.any(axis=1))
    value = np.where(here, grid - mean[:, None], 0.0)  # near its mean, so that no digit is lost in the squares
    n, sums, squares, product = known @ known.T, value @ known.T, value**2 @ known.T, value @ value.T
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = product - sums * sums.T / n
        spread = np.sqrt(np.maximum(squares - sums**2 / n, 0.0))
        return n, shared / (spread * spread.T)


def _known(value: float, n: float) -> float | None:
    return float(np.clip(value, -1.0, 1.0)) if n >= LEAST and np.isfinite(value) else None


def _rows(work: Work, after: date, until: date) -> ir.Table:
    graded = work.table(ACCURACY).filter(lambda t: t.game_date > day_of(after), lambda t: t.game_date <= day_of(until))
    return graded.select("system_id", "game_id", "player_lookup", "recommendation", "predicted_margin", "signed_error")
