"""Does it tell the result which side the prices lean to? Devigged P(over) at the books' median, less one half.

Knows player-games with lines, prices and results. It must never know how far books agree, or where a line came from.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from tipoff.grade.metrics import brier_losses
from tipoff.market.prices import FloatArray
from tipoff.rates import clustered_mean
from tipoff.research.answers import Findings, compare, direction, mean, share
from tipoff.research.effects import effect
from tipoff.research.evidence import Lined
from tipoff.store.warehouse import Work

EDGES = (-0.03, -0.015, -0.005, 0.005, 0.015, 0.03)
BINS = ("[,-.03)", "[-.03,-.015)", "[-.015,-.005)", "[-.005,.005)", "[.005,.015)", "[.015,.03)", "[.03,)")
LEANS = 0.015
_ASKS = "Does the asymmetry of the juice tell the result?"


def juice(work: Work, start: date, end: date, system: str | None) -> Findings:  # noqa: ARG001 - every question is asked alike
    """Over-rate by asymmetry, its slope, the prices' Brier beside an even chance's, and what betting the dearer side comes to."""
    every = Lined.read(work, start, end)
    rows = every.where(np.isfinite(every.of("juice_asymmetry")))
    lean, over, day = rows.of("juice_asymmetry"), rows.over, rows.day
    place = np.searchsorted(EDGES, lean, side="right")
    groups = []
    for at, name in enumerate(BINS):
        own = place == at
        groups.append(share(name, "went over", over[own]))
        groups.append(mean(name, "P(over) by the prices", "share", np.where(np.isnan(over), np.nan, lean + 0.5)[own], day[own]))
    dearer, cheaper = side_units(rows, lean > 0), side_units(rows, lean < 0)
    leaning = np.abs(lean) >= LEANS
    groups.append(mean("leaning .015 or more", "units on the dearer side", "stake", dearer[leaning], day[leaning]))
    groups.append(mean("leaning .015 or more", "units on the cheaper side", "stake", cheaper[leaning], day[leaning]))
    slope = effect(over, lean, day)
    gain = clustered_mean(brier_losses(lean + 0.5, over) - 0.25, day)
    comparisons = [
        compare(
            "over a unit of P(over)",
            "slope",
            slope,
            f"overs {direction(slope, 'follow', 'run against')} the juice (a slope of 1 is prices that are right)",
        ),
        compare("Brier - even chance's", "brier", gain, f"the prices' probability loses {direction(gain)} than .5"),
        compare("dearer side, units", "stake", clustered_mean(dearer[leaning], day[leaning])),
        compare("cheaper side, units", "stake", clustered_mean(cheaper[leaning], day[leaning])),
        compare("dearer - cheaper, units", "stake", clustered_mean((dearer - cheaper)[leaning], day[leaning])),
        compare("leaning over - under", "share", effect(over[leaning], lean[leaning] > 0, day[leaning])),
        compare("went over - P(over)", "share", clustered_mean(over - 0.5 - lean, day)),
    ]
    notes = [
        "Asymmetry is devigged P(over) - 1/2 (power method), book by book, brought to the median line and pooled on the logit scale.",
        "Sides are backed at the best point that a sportsbook offers, at its best price there, one unit each; a push returns it.",
        "Pushes at the median line leave the over-rate.",
    ]
    coverage = {**every.coverage, "of them with both prices": len(rows), "pushes": int(np.isnan(over).sum())}
    return Findings(_ASKS, "no player-game has both prices of a sportsbook before the tip", coverage, groups, comparisons, notes)


def side_units(rows: Lined, over: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> FloatArray:
    """Profit on one unit, by row on the over or the under, at the best point and price of the sportsbooks; NaN without a price."""
    point = np.where(over, rows.of("best_over_point"), rows.of("best_under_point"))
    price = np.where(over, rows.of("best_over_price"), rows.of("best_under_price"))
    return units(rows.points, point, price, over)


def units(points: FloatArray, line: FloatArray, price: FloatArray, over: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> FloatArray:
    """Profit on one unit staked at a point and decimal price: price - 1, -1, or 0 at a push; NaN where one is missing."""
    margin = np.where(over, points - line, line - points)
    return np.where(np.isnan(margin) | np.isnan(price), np.nan, np.where(margin > 0, price - 1.0, np.where(margin < 0, -1.0, 0.0)))
