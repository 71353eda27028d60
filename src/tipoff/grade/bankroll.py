"""A simulated bankroll: what a staking rule would have made of one system's graded recommendations, day by day.

In: the Arrow tables `said` (one system) and `facts` of a backtest, and a `StakingRule`. Out: a `Bankroll`, of plain
Python values; the bankroll begins at 1. Stakes are decided in the morning for the whole day: nothing that a day brings
changes a stake of that day. It must never know how a pick was made.

Beside what happened stands what was to be expected: the 5th to 95th percentile of simulated paths with the same stakes,
if each bet wins with the probability claimed for it, and if with the one at which it breaks even. A path inside the
second band has shown no skill; one below the first has not kept what was claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from tipoff.grade.bets import Choice, choose
from tipoff.grade.settle import RESULTS, flat_units
from tipoff.market.prices import FloatArray, break_even
from tipoff.market.staking import Bets, Codes, StakingRule, stakes
from tipoff.rates import Paired, clustered_mean

LEAST_EDGE = 0.02
"""In probability over break-even, as recommendations have it by default."""

PATHS = 2000
BAND = (0.05, 0.5, 0.95)
_CELLS = 2_000_000


@dataclass(frozen=True)
class Day:
    """A game day with bets: how many, what was staked and made (shares of the morning's bankroll), the bankroll after it."""

    game_date: date
    bets: int
    staked: float
    made: float
    bankroll: float


@dataclass(frozen=True)
class Band:
    """Percentiles 5, 50 and 95 of the simulated bankrolls after each day of the path, and the share of them that end below 1."""

    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    ends_below_start: float


@dataclass(frozen=True)
class Learned:
    """What the rule learned: the doubt in the log-odds, or the weight of the claim beside the market's; on `n` earlier rows."""

    first: float
    first_n: int
    last: float
    last_n: int


@dataclass(frozen=True)
class Bankroll:
    """What became of 1.

    - `recommended` = `bets` + the sum of `left_out` (why: `tipoff.grade.bets.REASONS`); `results` counts the bets'.
    - `growth`: mean log growth a day with bets, n the days. `max_drawdown`: the deepest fall below an earlier height at a
      day's end, as a share of it. `turnover`: all stakes, each a share of its morning's bankroll, summed.
    - `roi`: profit per unit staked on decided bets, at real prices, each day in shares of its own morning's bankroll, so
      that early luck does not weigh late bets; interval clustered by game date; n the decided bets.
    - `game_correlation`: mean product, over pairs of decided bets of one game, of (won - P(win | no push)), centred, over
      its deviation: what the rule's `correlation` is assumed of; n the games with pairs.
    - `as_claimed`, `as_fair`: the bands if each bet wins as claimed, or as it would break even; None without a bet.
    """

    rule: StakingRule
    least_edge: float
    real_books_only: bool
    recommended: int
    bets: int
    results: dict[str, int]
    left_out: dict[str, int]
    days: int
    path: tuple[Day, ...]
    final: float
    growth: Paired
    max_drawdown: float | None
    turnover: float
    roi: Paired
    game_correlation: Paired
    learned: Learned | None
    as_claimed: Band | None
    as_fair: Band | None
    seed: int
    paths: int

    def as_dict(self) -> dict[str, Any]:
        """JSON's types only; dates in ISO format."""
        document = asdict(self)
        document["path"] = [{**day, "game_date": day["game_date"].isoformat()} for day in document["path"]]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()} | {
            name: document[name] and {key: list(part) if isinstance(part, tuple) else part for key, part in document[name].items()}
            for name in ("as_claimed", "as_fair")
        }


def simulate(
    said: pa.Table,
    facts: pa.Table,
    rule: StakingRule | None = None,
    *,
    least_edge: float = LEAST_EDGE,
    real_books_only: bool = True,
    seed: int = 0,
    paths: int = PATHS,
) -> Bankroll:
    """The bankroll of `rule` (the default one where None) over the recommendations with an edge in probability of `least_edge`.

    `real_books_only` leaves out prices of a consensus, at which nobody can bet. The same tables in any order of rows, rule
    and seed give the same answer. Raises BadInput as `choose` does.
    """
    rule = rule or StakingRule()
    choice = choose(said, facts, rule.shrink, least_edge=least_edge, real_books_only=real_books_only)
    stake = stakes(rule, choice.bets, doubt=choice.learned, market=choice.market, weight=choice.learned)
    placed = np.flatnonzero(stake > 0.0)
    bets, stake = _take(choice.bets, placed), stake[placed]
    result, days = choice.result[placed], choice.days[placed]
    profit = stake * flat_units(result, bets.price)
    distinct, starts, counts = np.unique(days, return_index=True, return_counts=True)
    made, staked = _by_day(profit, starts), _by_day(stake, starts)
    heights = np.asarray(np.cumprod(1.0 + made), dtype=np.float64)
    decided = (result == "WIN") | (result == "LOSS")
    void = result == "VOID"
    path = zip(distinct.tolist(), counts.tolist(), staked.tolist(), made.tolist(), heights.tolist(), strict=True)
    hypotheses = (bets.win, break_even(bets.price, bets.push))
    as_claimed, as_fair = _bands(bets, hypotheses, stake, void, starts, rule.correlation, seed, paths)
    return Bankroll(
        rule=rule,
        least_edge=least_edge,
        real_books_only=real_books_only,
        recommended=choice.recommended,
        bets=int(placed.size),
        results={name: int((result == name).sum()) for name in RESULTS},
        left_out={**choice.left_out, "not_worth_it": int(choice.days.size - placed.size)},
        days=int(distinct.size),
        path=tuple(Day(*values) for values in path),
        final=float(heights[-1]) if heights.size else 1.0,
        growth=clustered_mean(np.log1p(made), distinct),
        max_drawdown=_drawdown(heights) if heights.size else None,
        turnover=math.fsum(stake.tolist()),
        roi=_ratio(profit[decided], stake[decided], days[decided]),
        game_correlation=_game_correlation(bets, result == "WIN", decided, days),
        learned=_learned(choice),
        as_claimed=as_claimed,
        as_fair=as_fair,
        seed=seed,
        paths=paths,
    )


def simulate_each(said: pa.Table, facts: pa.Table, rule: StakingRule, least_edge: Mapping[str, float]) -> dict[str, Bankroll]:
    """The bankroll of each system of `said`, by its name; `least_edge` by system, `LEAST_EDGE` for one that it does not name."""
    names = sorted(name for name in pc.unique(said["system_id"]).to_pylist() if name is not None)
    return {
        name: simulate(said.filter(pc.equal(said["system_id"], name)), facts, rule, least_edge=least_edge.get(name, LEAST_EDGE))
        for name in names
    }


def _take(bets: Bets, rows: NDArray[np.intp]) -> Bets:
    return Bets(bets.win[rows], bets.push[rows], bets.price[rows], bets.game[rows], bets.day[rows])


def _by_day(values: FloatArray, starts: NDArray[np.intp]) -> FloatArray:
    return np.asarray(np.add.reduceat(values, starts)) if starts.size else np.zeros(0)


def _drawdown(heights: FloatArray) -> float:
    """The deepest fall, as a share of the greatest height before it; the start, 1, is a height too."""
    every = np.concatenate([[1.0], heights])
    return float(np.max(1.0 - every / np.maximum.accumulate(every)))


def _ratio(above: FloatArray, below: FloatArray, clusters: ArrayLike) -> Paired:
    """Sum of `above` over sum of `below`, with the clustered interval of a ratio, linearised.

    Source: W. Cochran, "Sampling Techniques", 1977, chapter 6: the ratio varies as the mean of (above - ratio x below) /
    mean of below does.
    """
    if below.size == 0:
        return Paired(0, None, None, None, 0)
    ratio = float(np.sum(above) / np.sum(below))
    return clustered_mean(ratio + (above - ratio * below) / float(np.mean(below)), clusters)


def _game_correlation(bets: Bets, won: NDArray[np.bool_], decided: NDArray[np.bool_], days: NDArray[np.datetime64]) -> Paired:
    """The correlation of bets within a game as it turned out; games with one decided bet say nothing of it."""
    chance = np.clip(bets.decided, 1e-6, 1.0 - 1e-6)[decided]
    surprise = (won[decided] - chance) / np.sqrt(chance * (1.0 - chance))
    surprise = surprise - (surprise.mean() if surprise.size else 0.0)
    games, first, member = np.unique(bets.game[decided], return_index=True, return_inverse=True)
    member = member.reshape(-1)
    count, total, squares = (
        np.bincount(member, weights=values, minlength=games.size) for values in (np.ones_like(surprise), surprise, surprise**2)
    )
    paired = count > 1.0
    products, pairs = (0.5 * (total**2 - squares))[paired], (0.5 * count * (count - 1.0))[paired]
    return _ratio(np.asarray(products, dtype=np.float64), np.asarray(pairs, dtype=np.float64), days[decided][first][paired])


def _learned(choice: Choice) -> Learned | None:
    if choice.days.size == 0 or np.isnan(choice.learned).any():
        return None
    return Learned(float(choice.learned[0]), int(choice.learned_from[0]), float(choice.learned[-1]), int(choice.learned_from[-1]))


def _bands(
    bets: Bets,
    hypotheses: tuple[FloatArray, ...],
    stake: FloatArray,
    void: NDArray[np.bool_],
    starts: Codes,
    correlation: float,
    seed: int,
    paths: int,
) -> tuple[Band | None, ...]:
    """For each hypothesis, P(win) of every bet, the simulated bankrolls of these stakes; pushes as claimed, voids void again.

    Outcomes of a game share a normal factor, of such a share that two even bets correlate by `correlation`: arcsine law,
    latent = sin(pi correlation / 2). All hypotheses are told of the same draws.
    """
    from scipy.special import ndtri  # a third of a second to import

    if stake.size == 0:
        return tuple(None for _ in hypotheses)
    games, game = np.unique(bets.game, return_inverse=True)
    shared = math.sin(0.5 * math.pi * correlation)
    gain = np.where(void, 0.0, stake * (bets.price - 1.0))
    loss = np.where(void, 0.0, stake)
    wins_below = [np.asarray(ndtri(np.clip(win, 0.0, 1.0)), dtype=np.float32) for win in hypotheses]
    loses_above = [np.asarray(ndtri(np.clip(win + bets.push, 0.0, 1.0)), dtype=np.float32) for win in hypotheses]
    heights = [np.empty((paths, starts.size)) for _ in hypotheses]
    draws = np.random.default_rng(seed)
    chunk = max(1, _CELLS // stake.size)
    for start in range(0, paths, chunk):
        rows = min(chunk, paths - start)
        factor = draws.standard_normal((rows, games.size), dtype=np.float32)[:, game.reshape(-1)]
        own = draws.standard_normal((rows, stake.size), dtype=np.float32)
        latent = np.float32(math.sqrt(shared)) * factor + np.float32(math.sqrt(1.0 - shared)) * own
        for height, below, above in zip(heights, wins_below, loses_above, strict=True):
            made = np.where(latent <= below, gain, np.where(latent > above, -loss, 0.0))
            height[start : start + rows] = np.cumprod(1.0 + np.add.reduceat(made, starts, axis=1), axis=1)
    return tuple(_band(height) for height in heights)


def _band(heights: FloatArray) -> Band:
    low, median, high = np.quantile(heights, BAND, axis=0)
    return Band(tuple(low.tolist()), tuple(median.tolist()), tuple(high.tolist()), float(np.mean(heights[:, -1] < 1.0)))
