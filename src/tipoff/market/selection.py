"""Best bets: which of a day's recommendations are worth a bet, and why each of the others is not. One rule, tonight and in every backtest.

In: what systems said, as Arrow rows, what is known of each player-game, and the system that leads. Out: one row a player-game that the
leader spoke of: a rank, or the one reason why it is passed. The order of the rows changes nothing. It must never know a result, nor a
model. What each number is for stands in docs/best_bets.md; none of them was fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.errors import BadInput
from tipoff.market.grouped import Codes, Mask, encode, floats
from tipoff.market.prices import FloatArray, expected_value, fair_price, implied_probability, valid_price

SIDES = ("OVER", "UNDER")
KEY = ("game_id", "player_lookup")


@dataclass(frozen=True)
class SelectionRule:
    """What makes a recommendation a best bet.

    - `least_edge` (.03), `most_edge` (.15): of P(side | no push) - 1 / price. Above the latter it is more likely a mistake than a gift.
    - `least_quality` (85): of the feature row, 0-100.
    - `least_systems` (3), `least_agreement` (2/3): how many systems must lean to a side at all, and what share of them to this one.
    - `least_books` (3): sportsbooks that quote the player. `tight_books` (6): where so many or more all stand at one point the market is
      tight. `widest` (3 points): where they stand further apart than this, something is known that the features do not have.
    - `per_team` (2), `per_day` (10): the most bets on one team's players, and in all; those of the highest expected value stay.

    Raises BadInput for a value out of its range.
    """

    least_edge: float = 0.03
    most_edge: float = 0.15
    least_quality: float = 85.0
    least_systems: int = 3
    least_agreement: float = 2 / 3
    least_books: int = 3
    tight_books: int = 6
    widest: float = 3.0
    per_team: int = 2
    per_day: int = 10

    def __post_init__(self) -> None:
        if not 0.0 <= self.least_edge < self.most_edge:
            raise BadInput(f"Edges from {self.least_edge} to {self.most_edge} are none.", hint="Give the smaller one first, from 0 on.")
        if not 0.0 < self.least_agreement <= 1.0:
            raise BadInput(f"An agreement of {self.least_agreement} is no share.", hint="Give more than 0 and at most 1.")
        if min(self.least_systems, self.least_books, self.tight_books, self.per_team, self.per_day) < 1:
            raise BadInput("A selection counts systems, books and bets from 1 on.", hint="Give 1 or more.")


PASSES: Mapping[str, str] = {
    "no_line": "no book quotes him",
    "not_at_a_book": "the line is a consensus, at which nobody can bet",
    "no_price": "the side leant to has no price, or no probability",
    "not_recommended": "the leading system recommends neither side",
    "small_edge": "the edge over break-even is too small",
    "large_edge": "the edge is too large to be believed",
    "low_quality": "too little of what the prediction needs was known",
    "few_systems": "too few systems lean to a side",
    "disagreement": "too few of the systems lean to this side",
    "few_books": "too few books quote him",
    "tight_market": "all books stand at one point: whoever disagrees with them is more likely wrong",
    "wide_market": "the books stand too far apart: something is known that the features do not have",
    "team_cap": "better bets on his team come first",
    "day_cap": "better bets of the day come first",
}
"""Why a player-game is passed; the first that holds counts, and exactly one does."""

_SAID = (
    *("system_id", *KEY, "game_date", "side", "recommendation", "p_over", "p_push", "p_under", "line", "line_kind", "bookmaker"),
    *("over_price", "under_price"),
)
_ABOUT = (*KEY, "team", "quality_score", "book_count", "line_range")


def best_bets(said: pa.Table, about: pa.Table, leader: str, rule: SelectionRule | None = None) -> pa.Table:
    """Select among what `leader` said of each player-game.

    `said`: one row a system, game and player, of any number of days: system_id, game_id, player_lookup, game_date, side (leant to),
    recommendation, p_over, p_push, p_under, line, line_kind, bookmaker, over_price, under_price (decimal), as predictions have them.
    `about`: one row a game and player: team, quality_score, book_count, line_range (points between the books' lowest and highest line).
    What is missing there passes: the selection fails closed.

    Gives one row a player-game of the leader's, in order of day, game and player: game_date, game_id, player_lookup, team, side, line,
    bookmaker, price, other_price (of the other side), p (P(side | no push)), push, fair_price, edge, ev (per unit staked), systems_for,
    systems_all, quality_score, book_count, line_range; `rank` from 1 a day for picks, else missing; `why`, one of PASSES, missing for
    picks.

    Raises BadInput for a missing column, and for a row that stands twice.
    """
    rule = rule or SelectionRule()
    rows = _joined(said, about, leader)
    side = np.asarray(rows.column("side").to_pylist(), dtype=object)
    number = {name: floats(rows.column(name)) for name in ("p_over", "p_push", "p_under", "line", "over_price", "under_price")}
    over = side == "OVER"
    sided = over | (side == "UNDER")
    win = np.where(sided, np.where(over, number["p_over"], number["p_under"]), np.nan)
    price = np.where(sided, valid_price(np.where(over, number["over_price"], number["under_price"])), np.nan)
    push = number["p_push"]
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = np.where(push < 1.0, win / (1.0 - push), np.nan)
    edge = chance - implied_probability(price)
    ev = expected_value(win, price, push)
    agree, every = floats(rows.column("systems_for")), floats(rows.column("systems_all"))
    quality, books, width = (floats(rows.column(name)) for name in ("quality_score", "book_count", "line_range"))
    fails = {
        "no_line": np.isnan(number["line"]),
        "not_at_a_book": np.asarray(rows.column("line_kind").to_pylist(), dtype=object) != "sportsbook",
        "no_price": np.isnan(edge) | np.isnan(ev),
        "not_recommended": np.asarray(rows.column("recommendation").to_pylist(), dtype=object) != side,
        "small_edge": ~(edge >= rule.least_edge),
        "large_edge": ~(edge <= rule.most_edge),
        "low_quality": ~(quality >= rule.least_quality),
        "few_systems": ~(every >= rule.least_systems),
        "disagreement": ~(agree >= rule.least_agreement * every),
        "few_books": ~(books >= rule.least_books),
        "tight_market": (books >= rule.tight_books) & ~(width > 0.0),
        "wide_market": ~(width <= rule.widest),
    }
    rank, why = _decided(rows, fails, ev, rule)
    shown = rows.select([*KEY, "game_date", "team", "side", "line", "bookmaker", "systems_for", "systems_all"])
    other = np.where(sided, valid_price(np.where(over, number["under_price"], number["over_price"])), np.nan)
    more: dict[str, FloatArray] = {
        "price": price,
        "other_price": other,
        "p": chance,
        "push": push,
        "fair_price": fair_price(win, push),
        "edge": edge,
        "ev": ev,
    }
    more |= {"quality_score": quality, "book_count": books, "line_range": width}
    for name, values in more.items():
        shown = shown.append_column(name, pa.array(values, from_pandas=True))
    shown = shown.append_column("rank", pa.array(rank, mask=rank == 0))
    return shown.append_column("why", pa.array(why.tolist(), pa.string()))


def _decided(rows: pa.Table, fails: Mapping[str, Mask], ev: FloatArray, rule: SelectionRule) -> tuple[Codes, NDArray[np.object_]]:
    """Each row's rank among its day's picks (0: none), and why it is passed (None: it is picked)."""
    names = (*fails, "team_cap", "day_cap")
    failed = np.full(rows.num_rows, -1, dtype=np.int64)
    for number, fail in enumerate(fails.values()):
        failed[(failed < 0) & fail] = number
    day, team = (_codes(rows, name) for name in ("game_date", "team"))
    left = np.flatnonzero(failed < 0)
    left = left[np.lexsort((left, -ev[left], day[left]))]  # rows lie in order of day, game and player: that settles ties
    full = _place(day[left] * (int(team.max(initial=0)) + 1) + team[left]) >= rule.per_team
    failed[left[full]] = len(fails)
    left = left[~full]
    place = _place(day[left])
    failed[left[place >= rule.per_day]] = len(fails) + 1
    rank = np.zeros(rows.num_rows, dtype=np.int64)
    rank[left] = np.where(place < rule.per_day, place + 1, 0)
    return rank, np.array([*names, None], dtype=np.object_)[failed]


def _place(group: Codes) -> Codes:
    """Of each row its place, from 0 on, among those of its group, in the order of the rows."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    place = np.empty(group.size, dtype=np.int64)
    place[order] = np.arange(group.size) - np.repeat(starts, np.diff(np.append(starts, group.size)))
    return place


def _joined(said: pa.Table, about: pa.Table, leader: str) -> pa.Table:
    """The leader's rows with what is known of each and how many systems lean where, in order of day, game and player."""
    for table, name, needed in ((said, "said", _SAID), (about, "about", _ABOUT)):
        if missing := sorted(set(needed) - set(table.column_names)):
            raise BadInput(f"{name!r} lacks {', '.join(missing)}.", hint="Give the columns of a prediction, and of what is known of it.")
    own = said.filter(pc.equal(said.column("system_id"), leader)).select(_SAID)
    for table, name in ((own, f"what {leader} said"), (about, "about")):
        if table.group_by(list(KEY)).aggregate([]).num_rows < table.num_rows:
            raise BadInput(f"A player-game stands twice in {name}.", hint="Give each system's standing word on it alone.")
    sided = said.select([*KEY, "side"]).filter(pc.is_in(said.column("side"), value_set=pa.array(SIDES)))
    leans = pc.cast(pc.equal(sided.column("side"), "OVER"), pa.int64())
    counted = sided.select(list(KEY)).append_column("over", leans).group_by(list(KEY)).aggregate([("over", "sum"), ("over", "count")])
    rows = own.join(about.select(list(_ABOUT)), list(KEY), join_type="left outer").join(counted, list(KEY), join_type="left outer")
    rows = rows.sort_by([(name, "ascending") for name in ("game_date", *KEY)]).combine_chunks()
    every, overs = (pc.fill_null(rows.column(name), 0) for name in ("over_count", "over_sum"))
    agree = pc.if_else(pc.fill_null(pc.equal(rows.column("side"), "OVER"), False), overs, pc.subtract(every, overs))
    agree = pc.if_else(pc.is_valid(rows.column("side")), agree, 0)
    return rows.append_column("systems_for", agree).append_column("systems_all", every)


def _codes(rows: pa.Table, column: str) -> Codes:
    """Numbers for the values of a column; whatever is missing is one value of its own."""
    words = rows.column(column).cast(pa.string())
    return encode(pc.fill_null(words, ""))[0]
