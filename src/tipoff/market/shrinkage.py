"""Shrinkage: a claimed probability is not known to be true, and a stake that takes it for true is too large.

Two ways, of which a staking rule takes one. Either Kelly's fraction is multiplied by what is left of it once the
uncertainty of the probability is reckoned with, or the probability is drawn towards the market's. Each rests on one
number that is learned on the past: `doubt`, the standard deviation of the claimed log-odds, or `weight`, how much of the
claim against the market came true. Both are learned for every day at once, on the days before it only.

In: probabilities given that there is no push, decimal prices, days: arrays of shape (rows,) that broadcast. Out: float64
arrays. It must never know a player, a book or a side.

Sources: R. Baker, I. McHale, "Optimal betting under parameter uncertainty: improving the Kelly criterion", Decision
Analysis 10(3), 2013. C. Genest, J. Zidek, "Combining probability distributions", Statistical Science 1, 1986 (the
logarithmic pool).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.market.prices import FloatArray, valid_price

Days = NDArray[np.datetime64]

PRIOR_SD = 0.5
"""Of `weight`, around 0, the market being right until it is shown not to be: a claim that came true as stated lies two of these away."""

LEAST_PAST = 500
"""Rows with a market's probability on earlier days, before which nothing is staked under a rule that learns from them."""

_NEAREST = 1e-9
"""Log-odds are taken no nearer to 0 and 1 than this."""


def kelly_shrinkage(probability: ArrayLike, price: ArrayLike, sd: ArrayLike) -> FloatArray:
    """What to multiply Kelly's fraction by, 0 to 1, where the probability has a standard deviation `sd`.

    k = s^2 / (s^2 + ((b + 1) / b)^2 sd^2), with b = price - 1 and s = Kelly's fraction: half where the deviation is as
    large as the edge, probability - 1 / price. Source: Baker and McHale 2013, equation 5. A push scales all growth
    alike, so the probability given that there is none is the one to use. 0 where the bet is not worth making.

    >>> kelly_shrinkage(0.57, 2.0, 0.07).round(6).item()
    0.5
    """
    chance, offered, deviation = np.asarray(probability, dtype=np.float64), valid_price(price), np.asarray(sd, dtype=np.float64)
    edge = chance * offered - 1.0  # s x b
    signal, noise = edge * edge, (offered * deviation) ** 2
    return np.asarray(np.where(edge > 0.0, signal, 0.0) / np.where(edge > 0.0, signal + noise, 1.0))


def probability_sd(probability: ArrayLike, doubt: ArrayLike) -> FloatArray:
    """The standard deviation of a probability whose log-odds have that of `doubt`, by the delta method: p (1 - p) doubt."""
    chance = np.asarray(probability, dtype=np.float64)
    return np.asarray(chance * (1.0 - chance) * np.asarray(doubt, dtype=np.float64))


def towards_market(probability: ArrayLike, market: ArrayLike, weight: ArrayLike) -> FloatArray:
    """The probability with log-odds weight x its own + (1 - weight) x the market's, and never above the claim itself.

    Where a book's prices leave no margin the market may stand above a claim on which a bet is still worth making; a
    stake is not raised for that.
    """
    share = np.clip(np.asarray(weight, dtype=np.float64), 0.0, 1.0)
    chance = np.asarray(probability, dtype=np.float64)
    pooled = share * log_odds(chance) + (1.0 - share) * log_odds(market)
    return np.asarray(np.where(share == 1.0, chance, np.minimum(1.0 / (1.0 + np.exp(-pooled)), chance)))


def doubt_before(days: Days, claimed: ArrayLike, market: ArrayLike, asked: Days) -> tuple[FloatArray, NDArray[np.int64]]:
    """The doubt in the claims as of the morning of each `asked` day, and on how many rows of earlier days it rests.

    Doubt^2 is half the mean square of log-odds claimed - the market's, the other half being the market's own error, as
    Baker and McHale (2013, section 5.2) have it; a mean square rather than a variance, so that a lasting difference
    counts too. Rows that lack either probability are left out; NaN where there are none.
    """
    apart = log_odds(claimed) - log_odds(market)
    known = ~np.isnan(apart)
    squares, n = _sums_before(days[known], np.stack([0.5 * apart[known] ** 2, np.ones(int(known.sum()))]), asked)
    return np.sqrt(squares / np.where(n > 0, n, np.nan)), n.astype(np.int64)


def weight_before(
    days: Days, claimed: ArrayLike, market: ArrayLike, happened: ArrayLike, asked: Days
) -> tuple[FloatArray, NDArray[np.int64]]:
    """How much of the claim against the market came true, 0 to 1, as of the morning of each `asked` day; and on how many rows.

    The logistic regression of what happened on the market's log-odds (taken as they are) and weight x (claimed - market)
    in log-odds, with a normal prior on the weight around 0: sum of d (happened - market) / (sum of d^2 market (1 -
    market) + 1 / PRIOR_SD^2), one Newton step from 0, which is all but exact while claims stay near the market. Rows that
    lack a probability or an outcome (a push) are left out.
    """
    chance, outcome = np.asarray(market, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    apart = log_odds(claimed) - log_odds(market)
    known = ~(np.isnan(apart) | np.isnan(outcome))
    chance, outcome, apart = chance[known], outcome[known], apart[known]
    parts = np.stack([apart * (outcome - chance), apart * apart * chance * (1.0 - chance), np.ones(chance.size)])
    score, information, n = _sums_before(days[known], parts, asked)
    return np.clip(score / (information + 1.0 / PRIOR_SD**2), 0.0, 1.0), n.astype(np.int64)


def log_odds(probability: ArrayLike) -> FloatArray:
    """ln(p / (1 - p)); NaN where it is missing or no probability."""
    chance = np.asarray(probability, dtype=np.float64)
    chance = np.clip(np.where((chance >= 0.0) & (chance <= 1.0), chance, np.nan), _NEAREST, 1.0 - _NEAREST)
    return np.asarray(np.log(chance) - np.log1p(-chance))


def _sums_before(days: Days, parts: FloatArray, asked: Days) -> FloatArray:
    """Of each part, shape (parts, rows), the sum over rows of days strictly before each asked day: (parts, asked)."""
    distinct, member = np.unique(days, return_inverse=True)
    by_day = np.stack([np.bincount(member.reshape(-1), weights=part, minlength=distinct.size) for part in parts])
    running = np.concatenate([np.zeros((len(parts), 1)), np.cumsum(by_day, axis=1)], axis=1)
    return np.asarray(running[:, np.searchsorted(distinct, asked, side="left")])
