"""A simulated bankroll in words: the rule, what was left out and why, where the path ended beside its bands.

In: bankrolls. Out: plain text, nothing escaped. It must never know a page or a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable

from tipoff.grade.backtest_words import DASH, count, number
from tipoff.grade.bankroll import Band, Bankroll
from tipoff.market.shrinkage import LEAST_PAST
from tipoff.market.staking import StakingRule

LEFT_OUT = {
    "no_price": "without a price",
    "below_edge": "below the least edge",
    "not_a_book": "at a consensus price",
    "one_sided": "with one price only",
    "not_graded": "not graded",
    "too_early": "too early",
    "not_worth_it": "not worth it once shrunk",
}
"""The reasons of `tipoff.grade.bets.REASONS`, short."""
_SHRUNK = {
    "market": "once the claim is drawn to the market's by what such claims were worth before",
    "uncertainty": "cut by how far such claims strayed before",
    "none": "the claim taken for true",
}


def rule(of: StakingRule) -> str:
    """The staking rule in a sentence."""
    return (
        f"Staked is {number(of.fraction, 2)} of Kelly's stake, {_SHRUNK[of.shrink]}; at most {_share(of.max_per_bet)} of the morning's "
        f"bankroll a bet, {_share(of.max_per_game)} a game, {_share(of.max_per_day)} a day; bets of a game count as correlated by "
        f"{number(of.correlation, 2)}."
    )


def _share(value: float) -> str:
    """2 %, or 2.5 %."""
    return f"{100 * value:g}\u202f%"


def bets(of: Iterable[Bankroll]) -> str:
    """Which recommendations are bets, in a sentence or two."""
    every = list(of)
    edges = " or ".join(sorted({number(one.least_edge, 2) for one in every}))
    told = f"A bet is a recommendation with an edge of {edges} or more in probability over break-even at the price taken."
    if all(one.real_books_only for one in every):
        told += " Prices of a consensus are left out, since nobody can bet there."
    if any(one.rule.shrink != "none" for one in every):
        told += f" Nothing is staked before {LEAST_PAST} earlier rows have a market's probability: what comes before is too early."
    return told


def left_out(of: Bankroll) -> str:
    """Why recommendations were no bets, the commonest reason first: 35 too early, 32 not worth it once shrunk."""
    most = sorted(((found, name) for name, found in of.left_out.items() if found), key=lambda one: (-one[0], one[1]))
    return ", ".join(f"{count(found)} {LEFT_OUT[name]}" for found, name in most) or "none"


def without_a_bet(of: Bankroll) -> str:
    """Why there was no bet at all, in one line."""
    if not of.recommended:
        return "nothing was recommended"
    return f"of {count(of.recommended)} recommendations none was bet on: {left_out(of)}"


def ends(of: Band | None) -> str:
    """Where the band ends: 0.97 to 1.08."""
    return DASH if of is None else f"{number(of.low[-1])} to {number(of.high[-1])}"


def verdict(of: Bankroll) -> str:
    """`above` or `below` where the path ends outside what bets that break even would have made by chance, 5 to 95 %; else nothing."""
    fair = of.as_fair
    if fair is None:
        return ""
    return "above" if of.final > fair.high[-1] else "below" if of.final < fair.low[-1] else ""
