"""player_line_summary: what the market says of each player as of a moment, for people and for publishing.

Knows quotes. It must never know form, predictions or results.
"""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.market.devig import devig
from tipoff.market.lines import chosen_kind, current_quotes, median_over, player_lines, pre_tip_quotes
from tipoff.store.warehouse import Work

OUTLIER_POINTS, AGREEMENT_POINTS = 1.5, 0.5
_KEYS = ["game_id", "as_of", "player_lookup"]


def line_summary(work: Work, games: ir.Table) -> pa.Table:
    """One row a quoted player of these games (game_id, game_date, as_of, tip), in the shape of `analytics.player_line_summary`.

    Velocity and the sharp and soft groups stay missing until they are measured.
    """
    quotes = work.keep(pre_tip_quotes(work, games, "raw.odds_player_points"))
    lines = work.keep(player_lines(quotes))
    current = chosen_kind(current_quotes(quotes), tuple(_KEYS))
    current = work.keep(current.inner_join(lines.select(*_KEYS, "consensus_line"), _KEYS))
    distance = (current.point - current.consensus_line).abs()
    spread = current.group_by(_KEYS).agg(
        outlier_count=current.count(where=distance >= OUTLIER_POINTS),
        agreement_ratio=(distance <= AGREEMENT_POINTS).cast("float64").mean(),
    )
    seen = quotes.group_by(_KEYS).agg(snapshot_count=quotes.snapshot_at.nunique())
    rows = lines
    for part in (spread, seen, _best(current, "over"), _best(current, "under"), _closing(current)):
        rows = rows.left_join(part, _KEYS).drop(*(f"{key}_right" for key in _KEYS))
    rows = rows.inner_join(games.select("game_id", "game_date"), "game_id")
    summary = work.fetch(rows.rename(newest_known_at="newest_quote").order_by(_KEYS))
    implied = implied_over(work.fetch(current.filter(current.point == current.consensus_line).order_by([*_KEYS, "bookmaker"])))
    chances = [implied.get((row["game_id"], row["player_lookup"])) for row in summary.select(["game_id", "player_lookup"]).to_pylist()]
    pooled = pa.array(chances, pa.float64())
    summary = summary.append_column("implied_over", pooled)
    juice = pa.array([None if chance is None else chance - 0.5 for chance in chances], pa.float64())
    return summary.append_column("juice_asymmetry", juice)


def implied_over(quotes: pa.Table) -> dict[tuple[str, str], float]:
    """P(over) by (game, player) over books at one and the same point: devigged (power) book by book, pooled on the logit scale."""
    over, under = (
        np.asarray(quotes.column(name).to_numpy(zero_copy_only=False), dtype=np.float64) for name in ("over_price", "under_price")
    )
    logits = _logit(devig(over, under))
    pooled: dict[tuple[str, str], list[float]] = {}
    names = zip(quotes.column("game_id").to_pylist(), quotes.column("player_lookup").to_pylist(), logits, strict=True)
    for game, player, logit in names:
        if np.isfinite(logit):
            pooled.setdefault((game, player), []).append(float(logit))
    return {key: float(1 / (1 + np.exp(-np.mean(values)))) for key, values in pooled.items()}


def _logit(chance: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    known = np.isfinite(chance)
    held = np.where(known, chance, 0.5)
    return np.where(known, np.log(held / (1 - held)), np.nan)


def _best(current: ir.Table, side: str) -> ir.Table:
    """The best book for a side: the most favourable point, then the best price, then the book's key."""
    price = current[f"{side}_price"]
    point = current.point if side == "over" else ibis.desc("point")
    order = ibis.window(group_by=_KEYS, order_by=[point, ibis.desc(f"{side}_price"), "bookmaker"])
    priced = current.filter(price.notnull())
    ranked = priced.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    return ranked.select(
        *_KEYS, **{f"best_{side}_book": ranked.bookmaker, f"best_{side}_point": ranked.point, f"best_{side}_price": ranked[f"{side}_price"]}
    )


def _closing(current: ir.Table) -> ir.Table:
    """Once the moment is the tip itself, the current quotes are the closing ones."""
    closed = current.filter(current.as_of >= current.tip)
    medians = median_over(closed, _KEYS, "point", "closing_line")
    minutes = closed.group_by(_KEYS).agg(close_minutes=(closed.tip.delta(closed.snapshot_at, unit="second") / 60.0).min())
    return medians.left_join(minutes, _KEYS).drop(*(f"{key}_right" for key in _KEYS))
