"""A backtest's two tables as arrays: what was known of each player-game, and what each system said of it, row beside row.

In: `facts`, one row a (game_id, player_lookup), and `said`, one row a (system_id, game_id, player_lookup), of all folds together, in any
order. Out: `Facts`, in order of date, game and player, and for each system a `Said` in the same order. Missing numbers are NaN. It must
never know a figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.errors import BadInput
from tipoff.grade.settle import RESULTS, flat_units
from tipoff.market.prices import STANDARD_PRICE, FloatArray, valid_price

Days = NDArray[np.datetime64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

WIN, LOSS, PUSH, VOID = range(len(RESULTS))
NONE = -1
SIDES = ("OVER", "UNDER")
OVER, UNDER = range(len(SIDES))
_UNITS_AT_STANDARD_PRICE = flat_units([*RESULTS, None], STANDARD_PRICE)  # NONE, which is -1, finds the last


@dataclass(frozen=True)
class Facts:
    """Player-games, shape (rows,). `season` is an index into `seasons`; points in points, probabilities given that there is no push."""

    days: Days
    season: Codes
    actual_points: FloatArray
    line: FloatArray
    market_over: FloatArray
    recalibrated_over: FloatArray
    last_10: FloatArray
    reference_crps: FloatArray

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.days.size)

    @property
    def lined(self) -> Mask:
        """Where there is a line, and an outcome."""
        return np.isfinite(self.line) & np.isfinite(self.actual_points)

    @property
    def priced(self) -> Mask:
        """Lined rows whose books had prices on both sides."""
        return self.lined & np.isfinite(self.market_over)

    @property
    def went_over(self) -> FloatArray:
        """1 over the consensus line, 0 under it, NaN for a push or where either is missing."""
        margin = self.actual_points - self.line
        return np.select([margin > 0.0, margin < 0.0], [1.0, 0.0], np.nan)

    def take(self, rows: Mask | Codes) -> Facts:
        """Some of the rows."""
        return Facts(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Bet:
    """What one bet a row would have become, shape (rows,): `side` OVER, UNDER or NONE, `result` WIN, LOSS, PUSH, VOID or NONE.
    A row without a side is no bet, whatever its result.

    `units` at the price that was offered, NaN without one; `price` decimal, of the side; closing line values NaN where not measurable.
    `under_units` is what an UNDER at the same book, line and price had made, NaN without an under price.
    """

    days: Days
    side: Codes
    result: Codes
    units: FloatArray
    price: FloatArray
    line: FloatArray
    edge: FloatArray
    edge_probability: FloatArray
    under_result: Codes
    under_units: FloatArray
    clv_points: FloatArray
    clv_prob: FloatArray

    def take(self, rows: Mask | Codes) -> Bet:
        """Some of the rows."""
        return Bet(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def standard_units(result: Codes) -> FloatArray:
    """Flat units at -110 of results by their codes."""
    return np.asarray(_UNITS_AT_STANDARD_PRICE[result])


@dataclass(frozen=True)
class Said:
    """What one system said, row for row beside `facts`: `picks` are its recommendations, `sides` a bet on every side that it leant to."""

    system_id: str
    models: int
    facts: Facts
    predicted_points: FloatArray
    predicted_mean: FloatArray
    predicted_whole: FloatArray
    consensus_over: FloatArray
    crps: FloatArray
    log_score: FloatArray
    low_80: FloatArray
    high_80: FloatArray
    mass_80: FloatArray
    low_90: FloatArray
    high_90: FloatArray
    mass_90: FloatArray
    picks: Bet
    sides: Bet

    @property
    def size(self) -> int:
        """How many player-games it spoke of."""
        return self.facts.size

    def take(self, rows: Mask) -> Said:
        """Some of the rows; bets are those of the rows kept."""
        kept = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name in _SAID}
        return replace(self, **kept, facts=self.facts.take(rows), picks=self.picks.take(rows), sides=self.sides.take(rows))


_FACTS = ("actual_points", "line", "market_over", "recalibrated_over", "last_10", "reference_crps")
_SAID = (
    *("predicted_points", "predicted_mean", "predicted_whole", "consensus_over", "crps", "log_score"),
    *("low_80", "high_80", "mass_80", "low_90", "high_90", "mass_90"),
)
_BET = ("line", "over_price", "under_price", "edge", "edge_probability", "clv_points", "clv_prob", "units", "side_units")
_WORDS: dict[str, Sequence[str]] = {"recommendation": SIDES, "side": SIDES, "result": RESULTS, "side_result": RESULTS}


@dataclass(frozen=True)
class Tables:
    """A backtest's rows, ready to be counted; `seasons` in order of their names."""

    seasons: tuple[str, ...]
    systems: tuple[str, ...]
    facts: Facts
    _said: pa.Table
    _order: Codes
    _edges: Codes
    _row: Codes

    def said(self) -> Iterator[Said]:
        """Each system's rows, by the name of the system."""
        number = {name: floats_of(self._said, name)[self._order] for name in (*_SAID, *_BET)}
        word = {name: codes_of(self._said, name, known)[self._order] for name, known in _WORDS.items()}
        model = codes_of(self._said, "model_id", _names(self._said, "model_id"))[self._order]
        for system_id, start, end in zip(self.systems, self._edges[:-1], self._edges[1:], strict=True):
            mine = slice(start, end)
            facts = self.facts.take(self._row[mine])
            numbers = {name: column[mine] for name, column in number.items()}
            words = {name: column[mine] for name, column in word.items()}
            yield Said(
                system_id=system_id,
                models=int(np.unique(model[mine]).size),
                facts=facts,
                picks=_bet(facts, numbers, words["recommendation"], words["result"], numbers["units"]),
                sides=_bet(facts, numbers, words["side"], words["side_result"], numbers["side_units"]),
                **{name: numbers[name] for name in _SAID},
            )


def read_tables(facts: pa.Table, said: pa.Table) -> Tables:
    """Join a backtest's tables. Raises BadInput for a missing column, a row twice, or something said of a player-game without facts."""
    _need(facts, "facts", ("game_id", "player_lookup", "game_date", "season", *_FACTS))
    _need(said, "said", ("system_id", "model_id", "game_id", "player_lookup", *_SAID, *_BET, *_WORDS))
    said = _at_books(said)
    games, players = _names(facts, "game_id"), _names(facts, "player_lookup")
    key = codes_of(facts, "game_id", games) * len(players) + codes_of(facts, "player_lookup", players)
    days = _days(facts)
    order = np.lexsort((key, days))
    sought = np.argsort(key)
    _refuse_twice(key[sought], "facts", "player-games")

    game, player = codes_of(said, "game_id", games), codes_of(said, "player_lookup", players)
    wanted = np.where((game < 0) | (player < 0), -1, game * len(players) + player)
    place = np.minimum(np.searchsorted(key[sought], wanted), max(key.size - 1, 0))
    lost = (wanted < 0) | (key[sought][place] != wanted) if key.size else np.ones(wanted.size, dtype=np.bool_)
    if lost.any():
        first = said.slice(int(np.flatnonzero(lost)[0]), 1).select(["system_id", "game_id", "player_lookup"]).to_pylist()[0]
        raise BadInput(
            f"{int(lost.sum())} of {lost.size} rows of `said` have no row in `facts`; the first is {', '.join(map(str, first.values()))}.",
            hint="The two tables of every fold belong together: write both again.",
        )
    systems = _names(said, "system_id")
    system = codes_of(said, "system_id", systems)
    if (system == NONE).any():
        raise BadInput(f"{int((system == NONE).sum())} rows of `said` name no system.", hint="Write the fold again.")
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    row = rank[sought[place]] if wanted.size else np.empty(0, dtype=np.int64)
    together = np.lexsort((row, system))
    _refuse_twice((system * max(key.size, 1) + row)[together], "said", "predictions of one system for one player-game")

    seasons = _names(facts, "season")
    known = Facts(days=days, season=codes_of(facts, "season", seasons), **{name: floats_of(facts, name) for name in _FACTS})
    edges = np.searchsorted(system[together], np.arange(len(systems) + 1))
    return Tables(tuple(seasons), tuple(systems), known.take(order), said, together, edges, row[together])


def _at_books(said: pa.Table) -> pa.Table:
    """The same without the prices of a consensus (`line_kind`, where it is told): nobody can bet at them."""
    if "line_kind" not in said.column_names:
        return said
    nobody = pc.fill_null(pc.equal(said.column("line_kind"), "consensus"), False)
    for name in ("over_price", "under_price"):
        said = said.set_column(said.column_names.index(name), name, pc.if_else(nobody, None, said.column(name)))
    return said


def _bet(facts: Facts, number: dict[str, FloatArray], side: Codes, result: Codes, units: FloatArray) -> Bet:
    staked = side != NONE
    margin = facts.actual_points - number["line"]
    under = np.select([margin < 0.0, margin > 0.0, margin == 0.0], [WIN, LOSS, PUSH], NONE)
    under_result = np.where(staked, np.where(result == VOID, VOID, under), NONE)
    return Bet(
        days=facts.days,
        side=side,
        result=result,
        units=np.where(staked, units, np.nan),
        price=valid_price(np.select([side == OVER, side == UNDER], [number["over_price"], number["under_price"]], np.nan)),
        line=number["line"],
        edge=number["edge"],
        edge_probability=number["edge_probability"],
        under_result=under_result,
        under_units=flat_units(RESULT_WORDS[under_result], number["under_price"]),
        clv_points=number["clv_points"],
        clv_prob=number["clv_prob"],
    )


RESULT_WORDS = np.array([*RESULTS, None], dtype=np.object_)


def _need(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise BadInput(
            f"A backtest's `{name}` lacks {', '.join(missing)}.", hint="Was it written by another version? Run the backtest again."
        )


def _refuse_twice(keys: Codes, name: str, what: str) -> None:
    twice = int(np.count_nonzero(keys[1:] == keys[:-1]))
    if twice:
        raise BadInput(f"{twice} {what} stand twice in `{name}`.", hint="Folds may not overlap: one pick per player-game.")


def _names(table: pa.Table, column: str) -> list[str]:
    """The distinct words of a column, in order."""
    return sorted(word for word in pc.unique(table.column(column).cast(pa.string())).to_pylist() if word is not None)


def codes_of(table: pa.Table, column: str, words: Sequence[str]) -> Codes:
    """The place of each word among `words`; NONE for null and for another word."""
    found = pc.index_in(table.column(column).cast(pa.string()), value_set=pa.array(words, pa.string()))
    return np.asarray(pc.fill_null(found, NONE).to_numpy()).astype(np.int64)


def floats_of(table: pa.Table, column: str) -> FloatArray:
    """A column's numbers, NaN where one is missing."""
    return np.asarray(table.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _days(facts: pa.Table) -> Days:
    column: Any = facts.column("game_date")
    if column.null_count:
        raise BadInput(f"{column.null_count} player-games of a backtest have no game date.", hint="Write the fold again.")
    return np.asarray(column.cast(pa.date32()).to_numpy(zero_copy_only=False)).astype("datetime64[D]")
