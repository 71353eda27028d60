"""What may not be published: the batch guard of a slate, the halt of a fleet, and from when on a model is stale. Pure rules.

In: margins of a slate, who is blocked, days. Out: a reason in words, or nothing. It must never know a table or a model.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

GUARD_ROWS, GUARD_MEAN = 30, 1.5
ONE_SIDED, STRAYS = 0.95, 1.0
FEWEST_SYSTEMS = 3

Staleness = Literal["notice", "warning", "critical"]
STALE_FROM: tuple[tuple[int, Staleness], ...] = ((15, "critical"), (11, "warning"), (8, "notice"))


def batch_guard(margin: ArrayLike, past_mean: float | None = None, *, held: bool = False) -> str:
    """Why a system is blocked for a slate; '' where it is not.

    `margin`: predicted - line of the system's predictions, in points, NaN where there is no line. `past_mean`: the mean of these over
    its own past slates; None or NaN where it has none, and then a slate on one side is no sign of anything. Fewer than 30 lined
    predictions are not judged: a system that was blocked for the slate (`held`) stays so, when games have tipped since and few are left.
    """
    every = np.asarray(margin, dtype=np.float64).ravel()
    lined = every[np.isfinite(every)]
    if lined.size < GUARD_ROWS:
        few = f"of the games that are left it has {lined.size} lined predictions, and {GUARD_ROWS} are needed to judge it anew"
        return f"batch guard: it was blocked for this slate; {few}" if held else ""
    mean = float(lined.mean())
    if abs(mean) > GUARD_MEAN:
        strays = f"its {lined.size} lined predictions stray from the lines by {mean:+.2f} points on average"
        return f"batch guard: {strays} (limit {GUARD_MEAN:g})"
    if past_mean is None or np.isnan(past_mean) or abs(mean - past_mean) <= STRAYS:
        return ""
    over, under = float(np.mean(lined > 0)), float(np.mean(lined < 0))
    if max(over, under) <= ONE_SIDED:
        return ""
    return (
        f"batch guard: {max(over, under):.1%} of its {lined.size} lined predictions are {'above' if over > under else 'below'} the line "
        f"(limit {ONE_SIDED:.0%}), by {mean:+.2f} points on average where it used to be {past_mean:+.2f}"
    )


def halt(systems: Collection[str], blocked: Collection[str]) -> str | None:
    """Why a slate is published as halted: systems of it are blocked, and fewer than three are left. None where it is not."""
    silent = sorted(set(blocked) & set(systems))
    left = len(set(systems)) - len(silent)
    if not silent or left >= FEWEST_SYSTEMS:
        return None
    return f"fleet_blocked: {', '.join(silent)} blocked, {left} of {len(set(systems))} systems remain"


def days_since(trained_until: date | None, day: date) -> int | None:
    """Days since training: from the day that a model was trained for, the one after the last that it learnt from, to `day`. So a Monday's
    refit is 7 days old when the next is due. Derived whenever it is asked for, and never stored. None where nothing was learnt."""
    return None if trained_until is None else (day - trained_until).days - 1


def staleness(days: int | None) -> Staleness | None:
    """The alert that so many days since training are: from 8, 11 and 15 on, since a refit is due every 7."""
    return None if days is None else next((word for least, word in STALE_FROM if days >= least), None)
