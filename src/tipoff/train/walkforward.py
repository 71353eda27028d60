"""One fold of a walk-forward backtest: learn from the days before a date, speak of the days after it as on their nights, grade as live.

In: a snapshot and systems. Out: two tables (`facts`: a row a player-game; `said`: a row a system and player-game), and what it cost. It
knows no queue, and it must never know another fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.past import Bools, Floats, numbers
from tipoff.grade.settle import settle
from tipoff.market.closing import Closed, closing_values
from tipoff.predict.algebra import on_one_thread
from tipoff.predict.families import Columns
from tipoff.predict.families.market_anchored import MAIN
from tipoff.predict.slate import Slate, SlateOptions, Spoken, speak
from tipoff.predict.speakers import LINE
from tipoff.predict.systems import System
from tipoff.train.dataset import KEY, DataSet
from tipoff.train.fit import SEED, Fitted, fit_fleet
from tipoff.train.references import KernelReference, Recalibrated
from tipoff.train.snapshot import Snapshot

REFERENCE_WINDOW = timedelta(days=1095)
MARKET = "implied_over_probability"
_LAST_10 = "points_avg_last_10"
_TAKEN = (
    *("system_id", "model_id", "game_id", "player_lookup", "game_date", "predicted_points", "predicted_mean", "predicted_whole", "sd"),
    *("p_over", "p_push", "p_under", "line", "line_kind", "bookmaker", "over_price", "under_price", "quote_at", "edge", "line_margin"),
    *("edge_probability", "side", "recommendation"),
)


@dataclass
class Fold:
    """What a fold gave. `in_play` counts the player-games that are set apart (see `_in_play`), `held_back` the slates that the batch guard
    took from a system, `absences` who was not predicted by reason; `refused` tells which systems had too little to learn from. Seconds are
    of the clock."""

    refit: date
    facts: pa.Table
    said: pa.Table
    rows_learnt: int
    in_play: int = 0
    held_back: dict[str, int] = field(default_factory=dict)
    absences: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    seconds_to_fit: float = 0.0
    seconds_to_predict: float = 0.0


@on_one_thread()
def run_fold(
    snapshot: Snapshot,
    systems: Sequence[System],
    refit: date,
    until: date,
    options: SlateOptions,
    *,
    threads: int = 1,
    seed: int = SEED,
    tick: Callable[[int], None] = lambda _: None,
) -> Fold:
    """Fit the systems on what was over before `refit`, and let them speak of the days from it up to the day before `until`; `tick` is
    called after each fit, and may stop it by raising.

    The same snapshot, systems and seed give the same fold; where no game was played, or nobody could learn, its tables have no columns.
    """
    began = perf_counter()
    days = snapshot.days
    asked = np.flatnonzero((days >= np.datetime64(refit)) & (days < np.datetime64(until)) & _played(snapshot.rows))
    if not len(asked):
        return Fold(refit, pa.table({}), pa.table({}), 0)
    data = snapshot.data(refit)
    refused: dict[str, str] = {}
    fitted = fit_fleet(systems, data, refit, seed=seed, threads=threads, tick=tick, refused=refused)
    if not fitted:
        return Fold(refit, pa.table({}), pa.table({}), data.size, refused=refused)
    fit_for = perf_counter() - began
    rows, features = snapshot.rows.take(pa.array(asked)), Columns(snapshot.features.names, snapshot.features.features[asked])
    facts = _facts(rows, features, snapshot.quotes, data, refit)
    fold = Fold(refit, facts, pa.table({}), data.size, seconds_to_fit=fit_for, refused=refused)
    past = {system_id: one.margin for system_id, one in fitted.items() if one.margin is not None}
    parts = [
        part
        for day in np.unique(days[asked])
        for part in _night(fold, snapshot.quotes, rows, features, np.flatnonzero(days[asked] == day), fitted, past, options)
    ]
    nobody = np.empty(0, dtype=np.int64)  # where nothing is said the columns are there all the same
    parts = parts or _night(fold, snapshot.quotes, rows, features, nobody, fitted, past, options)
    fold.said = _graded(pa.concat_tables(parts), rows)
    playing = _in_play(fold.facts)
    fold.in_play = playing.num_rows
    if playing.num_rows:
        fold.facts = _without(fold.facts, playing, KEY)
        fold.said = _without(fold.said, playing, ("system_id", *KEY))
    fold.metrics = {system_id: one.metrics for system_id, one in fitted.items()}
    fold.seconds_to_predict = perf_counter() - began - fit_for
    return fold


def _night(
    fold: Fold,
    quotes: pa.Table,
    rows: pa.Table,
    features: Columns,
    tonight: np.ndarray[tuple[int], np.dtype[np.int64]],
    fitted: dict[str, Fitted],
    past: dict[str, float],
    options: SlateOptions,
) -> list[pa.Table]:
    """What every system says of one day's games, by the code that speaks on its night, and what its distributions cost in the end."""
    slate = Slate.of(rows.take(pa.array(tonight)), Columns(features.names, features.features[tonight]), quotes, options, past)
    points = numbers(slate.everybody.column("points"))[slate.rows]
    parts = []
    for system_id, one in fitted.items():
        spoken: Spoken = speak(slate, one.system, system_id, one.speaker)
        for reason in spoken.absences.column("reason").to_pylist():
            fold.absences[reason] = fold.absences.get(reason, 0) + 1
        if spoken.guard:
            fold.held_back[system_id] = fold.held_back.get(system_id, 0) + 1
            continue
        whole = slate.said[one.speaker.key]
        heard = np.flatnonzero(whole.spoken)
        said, scored = whole.take(heard), points[heard]
        extra: dict[str, Floats] = {
            "consensus_over": said.over_decided(slate.features[LINE][heard]),
            "crps": said.crps(scored),
            "log_score": said.log_score(scored),
        }
        for level in (80, 90):
            for end, values in zip(("low", "high", "mass"), said.interval(level / 100), strict=True):
                extra[f"{end}_{level}"] = values
        table = spoken.predictions.select(list(_TAKEN))
        for name, values in extra.items():
            table = table.append_column(name, pa.array(values, from_pandas=True))
        parts.append(table)
    return parts


def _facts(rows: pa.Table, features: Columns, quotes: pa.Table, data: DataSet, refit: date) -> pa.Table:
    """A row a player-game that may be predicted: what happened, and what the references, learnt before the fold, made of it."""
    fit = np.flatnonzero(np.asarray(pc.equal(rows.column("reason"), "").to_numpy(zero_copy_only=False)))
    kept = rows.take(pa.array(fit))
    line, market, last_10 = (features[name][fit] for name in (LINE, MARKET, _LAST_10))
    past = np.flatnonzero(data.days >= np.datetime64(refit - REFERENCE_WINDOW))
    past_line, past_market, past_10 = (data.features[name][past] for name in (LINE, MARKET, _LAST_10))
    past_points = data.points[past]
    happened = np.where(np.isnan(past_line) | (past_points == past_line), np.nan, (past_points > past_line).astype(np.float64))
    points = numbers(kept.column("points"))
    given_line, given_10 = KernelReference.fit(past_line, past_points), KernelReference.fit(past_10, past_points)
    crps = np.where(np.isnan(line), given_10(last_10).crps(points), given_line(line).crps(points))
    closes = [name for name in kept.column_names if name.startswith("close_")]
    table = kept.select([*KEY, "game_date", "season", "tip", "as_of", "team", "opponent", "minutes", "quality_score", *closes])
    columns = {
        "actual_points": points,
        "line": line,
        "market_over": market,
        "recalibrated_over": Recalibrated.fit(past_market, happened)(market),
        "last_10": last_10,
        "reference_crps": crps,
    }
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values, from_pandas=True))
    books = quotes.group_by(list(KEY)).aggregate([("bookmaker", "count"), ("line_kind", "min"), ("point", "min"), ("point", "max")])
    books = books.append_column("line_range", pc.subtract(books.column("point_max"), books.column("point_min")))
    books = books.drop_columns(["point_min", "point_max"])
    books = books.rename_columns({"bookmaker_count": "book_count", "line_kind_min": "line_kind"})
    table = table.append_column("place", pa.array(np.arange(table.num_rows)))
    table = table.join(books, list(KEY), join_type="left outer").sort_by("place").drop_columns(["place"])
    newest = data.last if data.size else refit
    return table.append_column("trained_until", pa.repeat(pa.scalar(newest, pa.date32()), table.num_rows))


def _played(rows: pa.Table) -> Bools:
    """Whether anybody has points on record in a row's game: one that was called off, or is to come, cannot be graded."""
    games = pc.unique(rows.column("game_id").filter(rows.column("points").is_valid()))
    return np.asarray(pc.is_in(rows.column("game_id"), value_set=games).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _in_play(facts: pa.Table) -> pa.Table:
    """The keys of player-games whose line is not one of before the tip: a consensus without a moment of its own, so unevenly priced as no
    main line is. An archive holds some that were taken during the game, half a point above what the player had already scored."""
    over = facts.column("market_over")
    odd = pc.or_(pc.less(over, MAIN[0]), pc.greater(over, MAIN[1]))
    return facts.filter(pc.fill_null(pc.and_(odd, pc.equal(facts.column("line_kind"), "consensus")), False)).select(list(KEY))


def _without(table: pa.Table, keys: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows of other player-games, in this order."""
    return table.join(keys, list(KEY), join_type="left anti").sort_by([(name, "ascending") for name in order]).combine_chunks()


def _moments(said: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """When each quote stood, in microseconds; never where there is none."""
    return np.asarray(said.column("quote_at").cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy(), dtype=np.int64)


def _at_a_book(said: pa.Table) -> Bools:
    """Whether the quote taken is a sportsbook's own."""
    return np.asarray(pc.fill_null(pc.equal(said.column("line_kind"), "sportsbook"), False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _graded(said: pa.Table, rows: pa.Table) -> pa.Table:
    """Settled as live: what became of each recommendation, and of the side leant to, whatever was recommended."""
    closes = [name for name in rows.column_names if name.startswith("close_")]
    actuals = rows.select([*KEY, "points", "minutes", *closes])
    said = said.append_column("place", pa.array(np.arange(said.num_rows)))
    joined = said.select([*KEY, "place"]).join(actuals, list(KEY), join_type="left outer").sort_by("place")
    line = numbers(said.column("line"))
    over_price, under_price = numbers(said.column("over_price")), numbers(said.column("under_price"))
    recommendation = np.asarray(said.column("recommendation").to_pylist(), dtype=object)
    leans = np.where(np.isnan(line), "NO_LINE", np.asarray(said.column("side").to_pylist(), dtype=object)).astype(object)
    price = np.where(leans == "OVER", over_price, np.where(leans == "UNDER", under_price, np.nan))
    price[~_at_a_book(said)] = np.nan  # nobody can bet at a consensus: its prices tell what the market thought, and return nothing
    shared: dict[str, Any] = {
        "predicted": numbers(said.column("predicted_points")),
        "actual_points": numbers(joined.column("points")),
        "did_not_play": 0.0,
        "minutes": numbers(joined.column("minutes")),
        "line": line,
        "price": price,
        "game_completed": 1.0,
    }
    bets, sides = settle(recommendation=recommendation, **shared), settle(recommendation=leans, **shared)
    points, chance = closing_values(Closed.of(joined), leans == "OVER", line, price, _moments(said))
    columns = {
        "price": pa.array(price, from_pandas=True),
        "result": pa.array(bets.result.tolist(), pa.string()),
        "side_result": pa.array(sides.result.tolist(), pa.string()),
        "units": pa.array(bets.units, from_pandas=True),
        "side_units": pa.array(sides.units, from_pandas=True),
        "clv_points": pa.array(points, from_pandas=True),
        "clv_prob": pa.array(chance, from_pandas=True),
    }
    said = said.drop_columns(["place"])
    for name, values in columns.items():
        said = said.append_column(name, values)
    return said
