"""Devig: P(over) out of a two-way market's prices, by six methods, and the main line of a book.

In: decimal prices of over and under at one book and one point, any shapes that broadcast; None and NaN are missing.
Out: float64 probabilities inside (0, 1), NaN where a side is missing or no price (<= 1, infinite). Markets without
margin (the best prices of several books) are ordinary input: nothing here raises for a price. Swapping the sides gives
the complement. P(over) is among bets that are decided: a push returns the stake, so prices do not speak of it.

With a = 1/over and b = 1/under, each method finds p and 1 - p that it could have turned into a and b:

    multiplicative  p = a / (a + b)               margin in proportion to the probability
    additive        p = (1 + a - b) / 2           the same margin on either side
    power           a^k + b^k = 1, p = a^k        Vovk and Zhdanov 2009; Clarke, Kovalchik and Ingram 2017
    shin            as additive, see `_shin`      Shin 1992 and 1993: margin against insiders
    odds_ratio      odds(a)/odds(p) = odds(b)/odds(1 - p)                              Cheung 2015
    probit          z(a) - z(p) = z(b) - z(1 - p), z the normal quantile: one shift on the latent scale

All but power have a closed form for two outcomes. Sources: S. Clarke, S. Kovalchik, M. Ingram, "Adjusting bookmaker's
odds to allow for overround", American Journal of Sports Science 5(6), 2017; V. Vovk, F. Zhdanov, "Prediction with
expert advice for the Brier game", JMLR 10, 2009; H. S. Shin, "Prices of state contingent claims with insider traders",
Economic Journal 102, 1992, and 103, 1993; K. Cheung, "Fixed-odds betting and traditional odds", 2015.

It must never know a player, a book's name, or which method turned out to be the better one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInput
from tipoff.market.prices import FloatArray, hold, implied_probability, valid_price

DevigMethod = Literal["multiplicative", "additive", "power", "shin", "odds_ratio", "probit"]
METHODS: tuple[DevigMethod, ...] = get_args(DevigMethod)

_SMALLEST, _LARGEST = float(np.finfo(np.float64).tiny), 1.0 - 2.0**-53
_NEWTON_STEPS = 4
_CHUNK = 8192


def devig(over_price: ArrayLike, under_price: ArrayLike, method: DevigMethod = "power") -> FloatArray:
    """P(over), margin removed, of each pair of decimal prices.

    Raises BadInput for a method that does not exist.

    >>> devig([1.87, 2.10], [1.95, 2.10]).round(4).tolist()
    [0.5112, 0.5]
    """
    if method not in METHODS:
        raise BadInput(f"{method!r} is not a devig method.", hint=f"Use one of {', '.join(METHODS)}.")
    over, under = np.broadcast_arrays(valid_price(over_price), valid_price(under_price))
    found = np.full(over.shape, np.nan)
    priced = ~(np.isnan(over) | np.isnan(under))
    found[priced] = np.clip(_BY_NAME[method](over[priced], under[priced]), _SMALLEST, _LARGEST)
    return found


def worst_case(
    over_price: ArrayLike,
    under_price: ArrayLike,
    methods: Sequence[DevigMethod] = METHODS,
) -> tuple[FloatArray, FloatArray]:
    """The least P(over) and the least P(under) that any of the methods gives: what a cautious bettor reckons with.

    The two sum to 1 or less; to 1 only where the methods agree, as they do on equal prices.
    """
    if not methods:
        raise BadInput("The worst case over no method is nothing.", hint=f"Name some of {', '.join(METHODS)}.")
    over = np.stack([devig(over_price, under_price, method) for method in methods])
    under = np.stack([devig(under_price, over_price, method) for method in methods])
    return np.asarray(over.min(axis=0)), np.asarray(under.min(axis=0))


def main_line(
    group_ids: ArrayLike,
    over_price: ArrayLike,
    under_price: ArrayLike,
    point: ArrayLike,
    *,
    alternate: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Which rows are the main line: exactly one in each group (one event, book, player, snapshot).

    All arguments are of shape (rows,); `group_ids` may be of any type that sorts, whole numbers being the fastest. The
    main line is the sole row; among several, two-sided rows before one-sided before unpriced ones; then the one whose
    power-devigged P(over) (one-sided: whose implied probability) is nearest to 0.5; ties: lower hold, lower point. Rows
    equal in all that are told apart by their prices, so that no order of the rows changes the answer. Distances within
    1e-12 are ties. `alternate` marks rows of an alternates' market: they count only where their group has no other.
    """
    groups = np.asarray(group_ids).ravel()
    over, under = valid_price(over_price).ravel(), valid_price(under_price).ravel()
    points = np.asarray(point, dtype=np.float64).ravel()
    alternates = np.zeros(groups.size, np.bool_) if alternate is None else np.asarray(alternate, np.bool_).ravel()
    if len({groups.size, over.size, under.size, points.size, alternates.size}) != 1:
        raise BadInput("Groups, prices and points differ in length.", hint="Give one of each for every row.")
    chosen = np.zeros(groups.size, dtype=np.bool_)
    if groups.size == 0:
        return chosen

    by_group = np.argsort(groups, kind="stable")
    ordered = groups[by_group]
    starts_group = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    number = np.cumsum(starts_group) - 1
    contested = np.bincount(number)[number] > 1
    chosen[by_group[~contested]] = True

    rows, number = by_group[contested], number[contested]
    if rows.size:
        over, under = over[rows], under[rows]
        rank = _distance_from_even(over, under) + 3.0 * alternates[rows]
        order = np.lexsort((under, over, points[rows], np.round(hold(over, under), 12), rank, number))
        placed = number[order]
        chosen[rows[order[np.concatenate(([True], placed[1:] != placed[:-1]))]]] = True
    return chosen


def _distance_from_even(over: FloatArray, under: FloatArray) -> FloatArray:
    """How far a row is from even money, plus its rank: 0 where both sides have a price, 1 where one has, 2 where none.

    In [0, 2.5): a distance is 0.5 at most, so that ranks never mix; rounded to 1e-12, so that mirrored prices tie.
    """
    one_sided = np.abs(np.fmax(implied_probability(over), implied_probability(under)) - 0.5)
    two_sided = np.abs(devig(over, under) - 0.5)
    rank = np.isnan(over).astype(np.float64) + np.isnan(under)
    distance = np.where(rank == 0.0, two_sided, np.where(rank == 1.0, one_sided, 0.0))
    return np.asarray(np.round(distance, 12) + rank)


def _multiplicative(over: FloatArray, under: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + over / under))


def _additive(over: FloatArray, under: FloatArray) -> FloatArray:
    return np.asarray(0.5 + 0.5 * (1.0 / over - 1.0 / under))


def _shin(over: FloatArray, under: FloatArray) -> FloatArray:
    """Shin's p = (sqrt(z^2 + 4(1-z) a^2/(a+b)) - z) / (2(1-z)), with z such that both sides sum to 1.

    For two outcomes that is the additive answer, whatever z comes out as: p - (1-p) = a - b (Clarke, Kovalchik and
    Ingram 2017; the tests solve for z and compare). Where there is no margin z is negative and means nothing, but the
    answer goes on smoothly.
    """
    return _additive(over, under)


def _odds_ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    """odds(p) = sqrt(odds(a) / odds(b)), with odds(a) = 1 / (over - 1)."""
    return np.asarray(1.0 / (1.0 + np.sqrt(over - 1.0) / np.sqrt(under - 1.0)))


def _probit(over: FloatArray, under: FloatArray) -> FloatArray:
    """p = N((z(a) - z(b)) / 2), N the normal distribution function and z its inverse.

    z(1/price) is taken on the shorter tail: near 1 it is the complement that floats can tell apart.
    """
    from scipy.special import ndtr, ndtri  # a third of a second to import, and only this method needs it

    def score(price: FloatArray) -> FloatArray:
        favourite = price < 2.0
        tail: FloatArray = ndtri(np.where(favourite, price - 1.0, 1.0) / price)
        return np.where(favourite, -tail, tail)

    probability: FloatArray = ndtr(0.5 * (score(over) - score(under)))
    return probability


def _power(over: FloatArray, under: FloatArray) -> FloatArray:
    """p with ln(1 - p) / ln p = ln b / ln a = r, by Newton's method on the logit x of p.

    g(x) = ln softplus(x) - ln softplus(-x) = ln r is odd, and for x > 0 increasing and concave with a slope between
    g'(0) = 1 / ln 2 and 1. So for |ln r| the root lies in [ln 2 |ln r|, |ln r|], and Newton's steps from below rise to
    it and never pass it: no bisection is needed, the clip to that interval only guards against rounding, and the sign
    put back in the end makes the sides mirror each other. Three steps reach the accuracy of floats for every price
    that a float can hold; a fourth is to spare. Rows go in chunks that stay in the processor's cache.
    """
    log_ratio = np.log(np.log(under)) - np.log(np.log(over))
    size, logit = np.abs(log_ratio), np.empty_like(log_ratio)
    for start in range(0, size.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        logit[part] = _logit_of(size[part])
    return np.asarray(1.0 / (1.0 + np.exp(-np.copysign(logit, log_ratio))))


def _logit_of(target: FloatArray) -> FloatArray:
    """The x >= 0 with g(x) = target >= 0, g as in `_power`."""
    low = np.log(2.0) * target
    x: FloatArray = low
    for _ in range(_NEWTON_STEPS):
        tail = np.exp(-x)
        short = np.log1p(tail)
        long = x + short
        slope = (1.0 / long + tail / short) / (1.0 + tail)
        x = np.clip(x + (target - np.log(long / short)) / slope, low, target)
    return x


_BY_NAME: dict[DevigMethod, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "multiplicative": _multiplicative,
    "additive": _additive,
    "power": _power,
    "shin": _shin,
    "odds_ratio": _odds_ratio,
    "probit": _probit,
}
