"""Evidence: what one system said, beside what came of it, one row a player-game: all that gates are judged on.

Made of a backtest's tables, or of graded predictions in the warehouse. Knows these tables. It must never know a gate.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.errors import BadInput, BrokenInvariant
from tipoff.market.devig import devig
from tipoff.predict.activate import PREDICTIONS
from tipoff.store.warehouse import Work, day_of

Vector = NDArray[np.float64]
Days = NDArray[np.datetime64]
ACCURACY = "predictions.prediction_accuracy"
_FACTS = (
    *("game_id", "player_lookup", "game_date", "trained_until", "actual_points"),
    *("line", "market_over", "recalibrated_over"),
)
_SAID = (
    *("system_id", "game_id", "player_lookup", "predicted_points", "predicted_whole", "consensus_over"),
    *("line", "over_price", "under_price", "recommendation", "result"),
)


@dataclass(frozen=True)
class Evidence:
    """Arrays of one value a player-game, in order of day and player; NaN (NaT) is missing. Points are NBA points, prices decimal.

    `source` is `backtest ID` or `graded`. `players` holds "game_id/player_lookup". `trained_until` is the last day that the model which
    spoke had learnt from. `over` and `market_over` are P(over | no push) at `line`. `side_wins` is 1 where the recommended side won, 0
    where it lost, NaN where there was none, or it was a push or void; `price` and `bet_line` are those of that bet. A backtest's `line`
    is the consensus, which can differ from the line of the bet; of graded predictions both are the line taken. `leaks` is what the leak
    check of the backtest named.
    """

    system_id: str
    source: str
    days: Days
    players: NDArray[np.object_]
    trained_until: Days
    points: Vector
    predicted: Vector
    whole: Vector
    line: Vector
    over: Vector
    market_over: Vector
    recalibrated_over: Vector
    side_wins: Vector
    price: Vector
    bet_line: Vector
    leaks: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in self._arrays()}
        if len(set(lengths.values())) > 1:
            raise BrokenInvariant(f"The evidence on {self.system_id} has arrays of different lengths: {lengths}.")
        if len(set(self.players)) != len(self.players):
            raise BrokenInvariant(f"The evidence on {self.system_id} ({self.source}) holds a player-game twice.")

    @property
    def size(self) -> int:
        return len(self.days)

    @property
    def went_over(self) -> Vector:
        """1 where points > line, 0 where below; NaN for a push, without a line, and without court time."""
        decided = np.isfinite(self.points) & np.isfinite(self.line) & (self.points != self.line)
        return np.where(decided, (self.points > self.line).astype(np.float64), np.nan)

    @property
    def under_wins(self) -> Vector:
        """What an UNDER in place of each decided bet would have become: 1, 0, or NaN where there was no decided bet."""
        return np.where(np.isfinite(self.side_wins), (self.points < self.bet_line).astype(np.float64), np.nan)

    @classmethod
    def _arrays(cls) -> list[str]:
        return [one.name for one in fields(cls) if one.name not in {"system_id", "source", "leaks"}]

    def take(self, rows: NDArray[Any]) -> Evidence:
        """These rows alone."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self._arrays()})


def nothing(system_id: str, source: str) -> Evidence:
    """Evidence without a row: of a system that a source does not hold."""
    none, no_days = np.zeros(0), np.zeros(0, dtype="datetime64[D]")
    return Evidence(system_id, source, no_days, np.zeros(0, dtype=object), no_days, *[none] * 10)


def on_the_same_rows(ours: Evidence, theirs: Evidence) -> tuple[Evidence, Evidence]:
    """Both on the player-games that both have, in the same order."""
    first, second = ours.players.astype(np.str_), theirs.players.astype(np.str_)
    _, mine, his = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return ours.take(mine), theirs.take(his)


def from_backtest(facts: pa.Table, said: pa.Table, system_id: str, backtest_id: str) -> Evidence:
    """What a system said in a backtest. `facts` and `said` are its two tables, of all folds.

    Raises BadInput where a column is missing, the system said nothing, or it spoke of somebody of whom there is no fact.
    """
    for name, table, columns in (("facts", facts, _FACTS), ("said", said, _SAID)):
        missing = sorted(set(columns) - set(table.column_names))
        if missing:
            raise BadInput(f"The backtest {backtest_id} has no {', '.join(missing)} in {name}.", hint="Run the backtest again.")
    mine = said.filter(pc.equal(said.column("system_id"), system_id)).select(list(_SAID))
    if mine.num_rows == 0:
        raise BadInput(f"The backtest {backtest_id} has nothing of {system_id}.", hint="Backtest the system: `tipoff backtest --systems`.")
    places = pc.index_in(_player_games(mine), value_set=_player_games(facts))
    twice = facts.num_rows - pc.count_distinct(_player_games(facts)).as_py()
    if places.null_count or twice:
        raise BadInput(
            f"The backtest {backtest_id} is torn: {places.null_count} rows of {system_id} are about player-games without facts, and "
            f"{twice} facts stand there twice.",
            hint="Run the backtest again.",
        )
    known = facts.take(places)
    joined = mine
    for name in _FACTS:
        if name not in mine.column_names:
            joined = joined.append_column(name, known.column(name))
    return _evidence(
        system_id,
        f"backtest {backtest_id}",
        joined,
        line=_floats(known, "line"),
        over=_floats(joined, "consensus_over"),
        market_over=_floats(joined, "market_over"),
        recalibrated_over=_floats(joined, "recalibrated_over"),
    )


def graded(work: Work, system_id: str, model_ids: Collection[str] | None = None, since: date | None = None) -> Evidence:
    """What a system's graded predictions say: all of them, or those of these models, or from a day on. It may be empty.

    The market's P(over) is that of the book whose line was taken; nothing recalibrates it here, so that `recalibrated_over` is missing.
    """
    rows = work.ask(_graded_rows, system_id, None if model_ids is None else tuple(sorted(model_ids)), since)
    line, push = _floats(rows, "line"), _floats(rows, "p_push")
    return _evidence(
        system_id,
        "graded",
        rows,
        line=line,
        over=np.divide(_floats(rows, "p_over"), 1 - push, out=np.full(len(line), np.nan), where=push < 1),
        market_over=devig(_floats(rows, "over_price"), _floats(rows, "under_price")),
        recalibrated_over=np.full(len(line), np.nan),
    )


def _graded_rows(work: Work, system_id: str, model_ids: tuple[str, ...] | None, since: date | None) -> ir.Table:
    outcomes = work.table(ACCURACY)
    outcomes = outcomes.filter(outcomes.system_id == system_id)
    if since is not None:
        outcomes = outcomes.filter(outcomes.game_date >= day_of(since))
    said = work.table(PREDICTIONS)
    said = said.filter(said.system_id == system_id)
    if model_ids is not None:
        said = said.filter(said.model_id.isin(model_ids))
    said = said.select("prediction_id", "game_id", "model_id", "predicted_points", "predicted_whole", "p_push", "over_price", "under_price")
    models = work.table("models.registry").select("model_id", "trained_until")
    kept = ("prediction_id", "game_id", "player_lookup", "game_date", "actual_points", "line", "p_over", "recommendation", "result")
    outcomes = outcomes.select(*kept)
    joined = outcomes.inner_join(said, ["prediction_id", "game_id"]).left_join(models, "model_id")
    return joined.drop("model_id_right")


def _evidence(system_id: str, source: str, rows: pa.Table, **given: Any) -> Evidence:
    """Evidence from joined rows, in order of day and player; `given` are the columns on which sources differ."""
    side, result = _words(rows, "recommendation"), _words(rows, "result")
    price = np.where(side == "OVER", _floats(rows, "over_price"), np.where(side == "UNDER", _floats(rows, "under_price"), np.nan))
    players = np.asarray(_player_games(rows).to_pylist(), dtype=object)
    days = _days(rows, "game_date")
    found = Evidence(
        system_id=system_id,
        source=source,
        days=days,
        players=players,
        trained_until=_days(rows, "trained_until"),
        points=_floats(rows, "actual_points"),
        predicted=_floats(rows, "predicted_points"),
        whole=_floats(rows, "predicted_whole"),
        side_wins=np.where(result == "WIN", 1.0, np.where(result == "LOSS", 0.0, np.nan)),
        price=price,
        bet_line=_floats(rows, "line"),
        **given,
    )
    return found.take(np.lexsort((players.astype(np.str_), days)))


def _player_games(rows: pa.Table) -> pa.ChunkedArray:
    """game_id/player_lookup of each row."""
    return pc.binary_join_element_wise(rows.column("game_id"), rows.column("player_lookup"), "/")


def _floats(rows: pa.Table, name: str) -> Vector:
    return np.asarray(rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _days(rows: pa.Table, name: str) -> Days:
    return np.asarray(rows.column(name).cast(pa.date32()).to_numpy(zero_copy_only=False), dtype="datetime64[D]")


def _words(rows: pa.Table, name: str) -> NDArray[np.object_]:
    return np.asarray(rows.column(name).to_pylist(), dtype=object)
