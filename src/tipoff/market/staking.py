"""Stakes: how much of the bankroll each of a day's bets is worth. Kelly's fraction, shrunk, cut, and capped.

In: probabilities, decimal prices, and which bets share a game and a day: arrays of shape (bets,). Out: stakes as shares
of the morning's bankroll, float64 of that shape. The order of the rows changes nothing. It must never know a player, a
book, a side or a result; what has to be learned on the past (`doubt`, `weight`) is `tipoff.market.shrinkage`.

    >>> kelly_fraction(0.55, 1.91).round(4).item()
    0.0555
    >>> bets = Bets.of(win=[0.55, 0.55], push=0.0, price=1.91, game=["a", "a"], day="2025-11-01")
    >>> stakes(StakingRule(shrink="none"), bets).round(4).tolist()
    [0.0132, 0.0132]

Sources: J. Kelly, "A new interpretation of information rate", Bell System Technical Journal 35, 1956; E. Thorp, "The
Kelly criterion in blackjack, sports betting and the stock market", 2006 (fractional Kelly; several bets at once by the
quadratic approximation of log growth); E. Elton, M. Gruber, M. Padberg, "Simple criteria for optimal portfolio
selection", Journal of Finance 31, 1976 (constant correlation, nothing sold short).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInput
from tipoff.market.prices import FloatArray, valid_price
from tipoff.market.shrinkage import kelly_shrinkage, probability_sd, towards_market

Codes = NDArray[np.intp]
Shrink = Literal["market", "uncertainty", "none"]
SHRINKS: tuple[Shrink, ...] = get_args(Shrink)


@dataclass(frozen=True)
class StakingRule:
    """What a bet is worth. Shares are of the bankroll in the morning of the game day.

    - `fraction` (.25): of Kelly's own stake, once it is shrunk and its game's other bets are reckoned with; 0 to 1.
    - `max_per_bet` (.02), `max_per_game` (.04), `max_per_day` (.10): the most that may be at stake, as shares; above 0,
      below 1. A bet is cut; a game or a day is scaled down, each of its bets in the same proportion.
    - `correlation` (.05): between the returns of any two bets of a game, 0 to below 1. Whatever their sides: a hedge is
      given no credit, since the true sign differs between team-mates and opponents and is small (docs/staking.md).
    - `shrink` ("market"): the probability is drawn to the market's by what such claims were worth in the past
      (`towards_market`); or "uncertainty": the stake is cut by how far the claim strays (`kelly_shrinkage`); or "none".

    Raises BadInput for a value out of its range.
    """

    fraction: float = 0.25
    max_per_bet: float = 0.02
    max_per_game: float = 0.04
    max_per_day: float = 0.10
    correlation: float = 0.05
    shrink: Shrink = "market"

    def __post_init__(self) -> None:
        if not 0.0 < self.fraction <= 1.0:
            raise BadInput(f"A Kelly fraction of {self.fraction} is none.", hint="Give more than 0 and at most 1.")
        for name in ("max_per_bet", "max_per_game", "max_per_day"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise BadInput(
                    f"{name} of {getattr(self, name)} is no share.", hint="Give more than 0 and less than 1: nobody bets it all."
                )
        if not 0.0 <= self.correlation < 1.0:
            raise BadInput(f"A correlation of {self.correlation} is out of range.", hint="Give 0 or more, and less than 1.")
        if self.shrink not in SHRINKS:
            raise BadInput(f"{self.shrink!r} is no way to shrink a stake.", hint=f"Use one of {', '.join(SHRINKS)}.")


@dataclass(frozen=True)
class Bets:
    """Bets that can be made, one a row: chances of winning and of a push, decimal prices, codes of games and days."""

    win: FloatArray
    push: FloatArray
    price: FloatArray
    game: Codes
    day: Codes

    @classmethod
    def of(cls, *, win: ArrayLike, push: ArrayLike, price: ArrayLike, game: ArrayLike, day: ArrayLike) -> Self:
        """Of columns or scalars that broadcast; `game` and `day` of any type that sorts. A game id of two days is two games.

        Raises BadInput where a probability or a price is missing or impossible: what cannot be bet on is to be left
        out, and counted, by who knows why.
        """
        chance, returned, offered = (np.asarray(column, dtype=np.float64) for column in (win, push, valid_price(price)))
        chance, returned, offered, games, days = np.atleast_1d(
            *np.broadcast_arrays(chance, returned, offered, np.asarray(game), np.asarray(day))
        )
        possible = (chance >= 0.0) & (returned >= 0.0) & (returned < 1.0) & (chance + returned <= 1.0 + 1e-9) & ~np.isnan(offered)
        if not possible.all():
            row = int(np.flatnonzero(~possible)[0])
            raise BadInput(
                f"{int((~possible).sum())} of {possible.size} bets cannot be made; the first is row {row}: wins {chance[row]}, "
                f"push {returned[row]}, price {offered[row]}.",
                hint="Leave out bets without a price or a probability.",
            )
        day_code = np.unique(days, return_inverse=True)[1].reshape(-1)
        game_code = np.unique(games, return_inverse=True)[1].reshape(-1)
        both = day_code * (int(game_code.max(initial=0)) + 1) + game_code
        return cls(chance, returned, offered, np.unique(both, return_inverse=True)[1].reshape(-1), day_code)

    @property
    def decided(self) -> FloatArray:
        """P(win | no push) of each bet."""
        return np.asarray(np.minimum(self.win / (1.0 - self.push), 1.0))


def kelly_fraction(win: ArrayLike, price: ArrayLike, push: ArrayLike = 0.0) -> FloatArray:
    """The share of the bankroll whose expected log growth is greatest, 0 where the bet is not worth making.

    win x ln(1 + b f) + lose x ln(1 - f), with b = price - 1 and lose = 1 - win - push, is greatest at
    f = (win b - lose) / (b (win + lose)): the classical formula on P(win | no push), so a push changes how often the
    bet is decided, never how much to stake. NaN where a probability or a price is missing or impossible.
    """
    chance, returned = np.asarray(win, dtype=np.float64), np.asarray(push, dtype=np.float64)
    possible = (chance >= 0.0) & (returned >= 0.0) & (returned < 1.0) & (chance + returned <= 1.0 + 1e-9)
    decided = np.where(possible, 1.0 - returned, np.nan)
    profit = valid_price(price) - 1.0
    lose = np.maximum(decided - chance, 0.0)
    return np.asarray(np.maximum((chance * profit - lose) / (profit * decided), 0.0))


def stakes(
    rule: StakingRule, bets: Bets, *, doubt: ArrayLike | None = None, market: ArrayLike | None = None, weight: ArrayLike = 1.0
) -> FloatArray:
    """The stake of each bet, as a share of its day's morning bankroll; 0 where it is not worth making.

    In this order: the probability or Kelly's fraction is shrunk, the bets of a game are weighed together, the rule's
    fraction is taken, then each bet, each game and each day is held to its cap.

    With `shrink` "uncertainty" `doubt` is the standard deviation of the claimed log-odds, one for all or one a bet; with
    "market" `market` is the devigged P(win | no push) at the same point, and `weight` that of the claim beside it.
    Raises BadInput where what the rule asks for is not given.
    """
    chance = bets.decided
    if rule.shrink == "market":
        chance = towards_market(chance, _needed(market, "market", bets), weight)
    full = kelly_fraction(chance, bets.price)
    if rule.shrink == "uncertainty":
        full = full * kelly_shrinkage(chance, bets.price, probability_sd(chance, _needed(doubt, "doubt", bets)))
    together = weighed_together(full, (bets.price - 1.0) * (1.0 - bets.push), bets.game, rule.correlation)
    stake = np.minimum(rule.fraction * together, rule.max_per_bet)
    return capped(capped(stake, bets.game, rule.max_per_game), bets.day, rule.max_per_day)


def weighed_together(fractions: FloatArray, variance: FloatArray, game: Codes, correlation: float) -> FloatArray:
    """Full Kelly fractions of bets that are made at once, given each one's own fraction; rows of one game hang together.

    Log growth is, to second order, g'f - f'Sf/2, with g the expected and S the second moments of the returns. S is taken
    where each bet is fair: there its diagonal is b (1 - push) (`variance`), and a bet alone in its game keeps Kelly's
    fraction exactly. Off the diagonal stands `correlation` x the two deviations. With x = f sqrt(variance), and nothing
    sold short, the greatest growth is at x = (z - C) / (1 - correlation) for the bets with z > C, in order of z = each
    one's own x, where C = correlation / (1 - correlation + k correlation) x the sum of the first k (Elton, Gruber and
    Padberg 1976). No stake is ever above the one its bet would have alone.
    """
    if correlation == 0.0 or fractions.size == 0:
        return fractions
    deviation = np.sqrt(variance)
    alone = fractions * deviation
    order = np.lexsort((-alone, game))
    z, member = alone[order], game[order]
    starts = np.flatnonzero(np.r_[True, member[1:] != member[:-1]])
    of_game = np.repeat(np.arange(starts.size), np.diff(np.r_[starts, z.size]))
    place = np.arange(z.size) - starts[of_game] + 1
    running = _running_sums(z, starts)
    cutoff = correlation / (1.0 - correlation + place * correlation) * running
    chosen = z > cutoff  # a prefix of each game: the cut-off rises for as long as bets come in, and falls behind them
    level = np.zeros(starts.size)
    np.maximum.at(level, of_game, np.where(chosen, cutoff, 0.0))
    found = np.empty_like(alone)
    found[order] = np.where(chosen, (z - level[of_game]) / (1.0 - correlation), 0.0)
    return np.asarray(np.minimum(found / deviation, fractions))  # they differ by rounding at most, where nothing else is in the game


def capped(stake: FloatArray, group: Codes, cap: float) -> FloatArray:
    """Stakes with those of any group that sum to more than `cap` scaled down in proportion, so that they sum to it."""
    if stake.size == 0:
        return stake
    order = np.lexsort((stake, group))  # sums in order of size: floats then add up alike in whatever order rows came
    total = np.bincount(group[order], weights=stake[order])[group]
    over = total > cap
    return np.asarray(stake * np.where(over, cap / np.where(over, total, 1.0), 1.0))


def _running_sums(values: FloatArray, starts: NDArray[np.intp]) -> FloatArray:
    """Cumulative sums that begin anew at each start: by game, so that no game's rounding depends on its neighbours."""
    size = int(np.diff(np.r_[starts, values.size]).max())
    of_game = np.repeat(np.arange(starts.size), np.diff(np.r_[starts, values.size]))
    place = np.arange(values.size) - starts[of_game]
    table = np.zeros((starts.size, size))
    table[of_game, place] = values
    return np.asarray(np.cumsum(table, axis=1)[of_game, place])


def _needed(value: ArrayLike | None, name: str, bets: Bets) -> FloatArray:
    found = np.full(bets.win.shape, np.nan) if value is None else np.broadcast_to(np.asarray(value, dtype=np.float64), bets.win.shape)
    if np.isnan(found).any():
        raise BadInput(
            f"The staking rule asks for {name!r}, and {int(np.isnan(found).sum())} of {found.size} bets have none.",
            hint="Leave those bets out, or stake by a rule that shrinks in another way.",
        )
    return found
