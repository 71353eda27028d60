"""What a system makes of a slate's distributions: its numbers, the quote that it takes, its edge, and its recommendation.

One rule for the whole project, tonight and in every backtest. In: distributions, consensus lines, offers. It must never know a model or a
table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.features.registry import Texts
from tipoff.market.taking import Offer, Offers
from tipoff.predict.distribution import Distribution, Vector
from tipoff.predict.systems import System

Sides = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Opinion:
    """By player. `predicted` is the interpolated median, `whole` the whole-number one; `over`, `push`, `under` are chances at the line
    taken; `margin` is predicted - line (points), `edge_probability` P(side, no push) - 1 / its price; NaN where something is missing.

    `leans_over` is the side leant to; the offer taken is the best for it.
    """

    predicted: Vector
    mean: Vector
    whole: Vector
    sd: Vector
    offer: Offer
    leans_over: Sides
    over: Vector
    push: Vector
    under: Vector
    margin: Vector
    edge_probability: Vector
    recommendation: Texts

    @property
    def price(self) -> Vector:
        """The decimal price of the side leant to."""
        return np.where(self.leans_over, self.offer.over_price, self.offer.under_price)


def opinion(system: System, spoken: Distribution, consensus: Vector, offers: Offers) -> Opinion:
    """A system's opinion of each player. Systems that think in points lean to the side of the consensus on which their median is; those
    that think in probability to the side whose chance is further above what its price asks for."""
    predicted = spoken.median()
    if system.threshold_in == "probability":
        over = _lean_by_probability(spoken, predicted, consensus, offers)
    else:
        over = predicted > np.where(np.isnan(consensus), np.inf, consensus)
    offer = offers.on(over)
    chances = spoken.against(offer.line)
    margin = predicted - offer.line
    edge = _edge(spoken, offer, over)
    decides = edge if system.threshold_in == "probability" else np.where(over, margin, -margin)
    side = np.where(decides >= system.threshold, np.where(over, "OVER", "UNDER"), "PASS")
    recommendation = np.where(np.isnan(offer.line), "NO_LINE", side).astype(object)
    return Opinion(predicted, spoken.mean(), spoken.whole_median(), spoken.sd(), offer, over, *chances, margin, edge, recommendation)


def _lean_by_probability(spoken: Distribution, predicted: Vector, consensus: Vector, offers: Offers) -> Sides:
    """Where a side has no price there is nothing to compare it with, and the median decides."""
    everybody = np.ones(len(predicted), dtype=np.bool_)
    edges = [_edge(spoken, offers.on(over), over) for over in (everybody, ~everybody)]
    unpriced = np.isnan(edges[0]) | np.isnan(edges[1])
    return np.where(unpriced, predicted > np.where(np.isnan(consensus), np.inf, consensus), edges[0] > edges[1])


def _edge(spoken: Distribution, offer: Offer, over: Sides) -> Vector:
    """P(side | no push) - break-even at its price."""
    decided = spoken.over_decided(offer.line)
    price = np.where(over, offer.over_price, offer.under_price)
    return np.asarray(np.where(over, decided, 1.0 - decided) - 1.0 / price)
