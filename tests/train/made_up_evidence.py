"""Evidence with known properties: points fall around a level that a model knows, in part; the market knows only the line."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from tipoff.train.evidence import Evidence

SPREAD = 6.0
FIRST = np.datetime64("2025-01-01")


def evidence(rows: int = 6000, *, seed: int = 2, days: int = 100, skill: float = 0.8, noise: float = 0.0, **given: Any) -> Evidence:
    """A perfect model where `noise` is 0: it knows the mean of the points, which strays from the line by `skill` points (sd); `noise` (sd,
    points) is what it errs by. The market gives even chances, which is what a perfect market that knows the line alone would."""
    chance = np.random.default_rng(seed)
    line = chance.integers(5, 30, rows) + 0.5
    level = line + chance.normal(0, skill, rows)
    points = np.round(chance.normal(level, SPREAD))
    believed = level + chance.normal(0, noise, rows)
    over = ndtr((believed - line) / SPREAD)
    margin = believed - line
    over_wins = (points > line).astype(np.float64)
    bet = np.where(margin >= 1, over_wins, np.where(margin <= -1, 1 - over_wins, np.nan))
    values: dict[str, Any] = {
        "system_id": "echo",
        "source": "backtest b",
        "days": FIRST + np.arange(rows) * days // rows,
        "players": np.array([f"g{row // 20}/p{row:06d}" for row in range(rows)], dtype=object),
        "trained_until": np.full(rows, FIRST - 1),
        "points": points,
        "predicted": believed,
        "whole": np.round(believed),
        "line": line,
        "over": over,
        "market_over": np.full(rows, 0.5),
        "recalibrated_over": np.full(rows, 0.5),
        "side_wins": bet,
        "price": np.where(np.isfinite(bet), 1.9, np.nan),
        "bet_line": line,
    }
    return Evidence(**(values | given))
