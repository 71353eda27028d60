"""The bets that a staking rule meets in one system's graded rows, and the past that it may learn from.

In: the Arrow tables `said` (one system) and `facts` of a backtest. Out: arrays in order of day, game and player, and a
count of what was left out, by reason. It must never know how large a stake is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tipoff.errors import BadInput
from tipoff.grade.settle import RESULTS
from tipoff.market.books import find_book
from tipoff.market.devig import devig
from tipoff.market.prices import FloatArray, implied_probability, valid_price
from tipoff.market.shrinkage import LEAST_PAST, doubt_before, weight_before
from tipoff.market.staking import Bets, Shrink

Days = NDArray[np.datetime64]

REASONS = {
    "no_price": "no price of the recommended side, or no probability",
    "below_edge": "an edge in probability below the least",
    "not_a_book": "the price is a consensus, or of a source that is no sportsbook",
    "one_sided": "the rule asks for the market's probability, and the book's other price is missing",
    "not_graded": "no result yet",
    "too_early": f"the rule learns on the past, and fewer than {LEAST_PAST} earlier rows have a market's probability",
    "not_worth_it": "once shrunk and weighed with its game's other bets nothing is staked",
}
"""Why a recommendation is not bet on; the first that holds counts."""

_SAID = ("system_id", "game_id", "player_lookup", "game_date", "recommendation", "result", "bookmaker")
_SAID_FLOATS = ("p_over", "p_push", "p_under", "over_price", "under_price", "consensus_over")
_FACTS = ("game_id", "player_lookup")
_FACTS_FLOATS = ("line", "market_over", "actual_points")


@dataclass(frozen=True)
class Choice:
    """The bets, their results, and what the rule learned for each of them.

    `market` is the devigged P(win | no push) of the book's own two prices, NaN where one is missing. `learned` is the
    doubt or the weight as of the morning of the bet's day, on `learned_from` rows (NaN and 0 where the rule learns nothing).
    """

    bets: Bets
    days: Days
    result: NDArray[np.object_]
    market: FloatArray
    learned: FloatArray
    learned_from: NDArray[np.int64]
    recommended: int
    left_out: Mapping[str, int]


def choose(said: pa.Table, facts: pa.Table, shrink: Shrink, *, least_edge: float, real_books_only: bool = True) -> Choice:
    """Every OVER and UNDER whose edge in probability, P(side | no push) - 1 / price, is `least_edge` or more, and can be staked.

    Raises BadInput for a missing column, for rows of two systems, for two rows of one player and game, and for a row of
    `said` that `facts` does not know.
    """
    table = _joined(said, facts)
    number = {name: _floats(table, name) for name in (*_SAID_FLOATS, *_FACTS_FLOATS)}
    days = table["game_date"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    side, result, book = (_words(table, name) for name in ("recommendation", "result", "bookmaker"))
    over, under = side == "OVER", side == "UNDER"
    win = np.where(over, number["p_over"], number["p_under"])
    price = valid_price(np.where(over, number["over_price"], number["under_price"]))
    other = valid_price(np.where(over, number["under_price"], number["over_price"]))
    with np.errstate(invalid="ignore", divide="ignore"):
        edge = win / (1.0 - number["p_push"]) - implied_probability(price)
    market = devig(price, other)
    learned, learned_from = _learned(shrink, days, number)

    recommended = over | under
    kinds = {name: find_book(name).kind if isinstance(name, str) else "unknown" for name in set(book[recommended].tolist())}
    bettable = np.array([kinds.get(name) == "sportsbook" for name in book.tolist()], dtype=np.bool_)
    fails = {
        "no_price": np.isnan(edge),
        "below_edge": ~(edge >= least_edge),
        "not_a_book": ~bettable & real_books_only,
        "one_sided": np.isnan(market) & (shrink == "market"),
        "not_graded": ~np.isin(result, RESULTS),
        "too_early": (learned_from < LEAST_PAST) & (shrink != "none"),
    }
    left, out = recommended, {}
    for reason, fail in fails.items():
        out[reason] = int((left & fail).sum())
        left = left & ~fail
    rows = np.flatnonzero(left)
    bets = Bets.of(
        win=win[rows], push=number["p_push"][rows], price=price[rows], game=_words(table, "game_id")[rows].astype(str), day=days[rows]
    )
    return Choice(bets, days[rows], result[rows], market[rows], learned[rows], learned_from[rows], int(recommended.sum()), out)


def _learned(shrink: Shrink, days: Days, number: Mapping[str, FloatArray]) -> tuple[FloatArray, NDArray[np.int64]]:
    """What the rule learned on the days before each row's, at the consensus line, of all rows and not only of bets."""
    claimed, market = number["consensus_over"], number["market_over"]
    if shrink == "uncertainty":
        return doubt_before(days, claimed, market, days)
    if shrink == "market":
        margin = number["actual_points"] - number["line"]
        happened = np.where(np.isnan(margin) | (margin == 0.0), np.nan, (margin > 0.0).astype(np.float64))
        return weight_before(days, claimed, market, happened, days)
    return np.full(days.size, np.nan), np.zeros(days.size, dtype=np.int64)


def _joined(said: pa.Table, facts: pa.Table) -> pa.Table:
    """One row a row of `said`, with its facts, in order of day, game and player."""
    for table, name, needed in ((said, "said", (*_SAID, *_SAID_FLOATS)), (facts, "facts", (*_FACTS, *_FACTS_FLOATS))):
        missing = sorted(set(needed) - set(table.column_names))
        if missing:
            raise BadInput(f"The table {name!r} has no column {', '.join(missing)}.", hint="Give the tables as a backtest writes them.")
        keys = table.select(_FACTS).group_by(list(_FACTS)).aggregate([([], "count_all")])
        if keys.num_rows < table.num_rows:
            raise BadInput(
                f"{table.num_rows - keys.num_rows} rows of {name!r} are of a game and player that have another.",
                hint="Give one system's rows, and each fold once.",
            )
    systems = said["system_id"].unique().to_pylist()
    if len(systems) > 1:
        raise BadInput(f"A bankroll is one system's, and these rows are of {len(systems)}.", hint="Filter `said` by system_id.")
    known = facts.select([*_FACTS, *_FACTS_FLOATS]).append_column("known", pa.array(np.ones(facts.num_rows, dtype=np.bool_)))
    table = said.select([*_SAID, *_SAID_FLOATS]).join(known, keys=list(_FACTS), join_type="left outer", use_threads=False)
    if table["known"].null_count:
        raise BadInput(f"{table['known'].null_count} rows of 'said' are not in 'facts'.", hint="Give both tables of the same folds.")
    return table.sort_by([("game_date", "ascending"), ("game_id", "ascending"), ("player_lookup", "ascending")])


def _floats(table: pa.Table, name: str) -> FloatArray:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _words(table: pa.Table, name: str) -> NDArray[np.object_]:
    return np.asarray(table[name].cast(pa.string()).to_numpy(zero_copy_only=False), dtype=np.object_)
