"""A snapshot of history for a backtest: what was known of every player-game as of a moment before its tip, what was on offer, how it ended.

It is taken once and kept beside the backtest: so folds can be done by any process, in any order, after a kill, and all see the same. Knows
the builder, quotes and box scores. It must never know a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.slate import games_as_of
from tipoff.analyze.slope import spread_of_points
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import Built, build
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.features.slate_checks import red_alerts
from tipoff.market.closing import closing_lines
from tipoff.market.taking import quotes_to_take
from tipoff.predict.families import Columns
from tipoff.predict.families.sample import Days
from tipoff.predict.slate import SlateOptions, candidates
from tipoff.store.warehouse import Warehouse
from tipoff.train.dataset import KEY, DataSet, Scored, as_data, learnable, scored, time_order, training_games

_VERSION, _SEAL = b"feature_version", b"sha256"


@dataclass(frozen=True)
class Snapshot:
    """Player-games in time order. `rows` has the key, game_date, season, tip, points and minutes (missing without court time), and learns
    (whether it may be learnt from); of the days to predict also the columns of `predict.slate.candidates` and the close (see
    `market.closing`). `features` has every feature of the catalogue, `quotes` what was on offer."""

    rows: pa.Table
    features: Columns
    quotes: pa.Table
    feature_version: str

    @property
    def days(self) -> Days:
        return np.asarray(self.rows.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")

    def data(self, until: date) -> DataSet:
        """What may be learnt from before a day."""
        learns = np.asarray(self.rows.column("learns").to_numpy(zero_copy_only=False), dtype=np.bool_)
        places = np.flatnonzero(learns & (self.days < np.datetime64(until)))
        points, minutes = (
            np.asarray(self.rows.column(name).to_numpy(zero_copy_only=False), dtype=np.float64) for name in ("points", "minutes")
        )
        return replace(as_data(self.rows, self.features, Scored(points, minutes), places), feature_version=self.feature_version)

    def to_bytes(self) -> tuple[bytes, bytes]:
        """The rows with their features, and the quotes, as Arrow files; the quotes' metadata vouch for both, since Arrow itself would read
        most damaged bytes as other numbers."""
        table = self.rows
        for place, name in enumerate(self.features.names):
            table = table.append_column(f"feature:{name}", pa.array(self.features.features[:, place]))
        rows, quotes = _packed(table.replace_schema_metadata({_VERSION: self.feature_version.encode()})), self.quotes.combine_chunks()
        return rows, _packed(quotes.replace_schema_metadata({_SEAL: _seal(rows, quotes)}))

    @classmethod
    def from_bytes(cls, rows: bytes, quotes: bytes) -> Snapshot:
        """Raises BadInput where the bytes are no snapshot, are damaged, or are of two."""
        try:
            table, offered = (pa.ipc.open_file(pa.BufferReader(body)).read_all() for body in (rows, quotes))
            version = table.schema.metadata[_VERSION].decode()
            names = [name for name in table.column_names if name.startswith("feature:")]
            matrix = np.column_stack([table.column(name).to_numpy() for name in names])
            if offered.schema.metadata[_SEAL] != _seal(rows, offered):
                raise ValueError("its bytes are not those that were written")
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise BadInput(f"The snapshot of the backtest is damaged: {error}", hint="Start the backtest again.") from error
        kept = table.drop_columns(names).replace_schema_metadata(None)
        features = Columns(tuple(name.removeprefix("feature:") for name in names), matrix)
        return cls(kept, features, offered.replace_schema_metadata(None), version)


def take_snapshot(
    warehouse: Warehouse,
    learn_from: date,
    first: date,
    last: date,
    *,
    before: timedelta,
    options: SlateOptions,
    tick: Callable[[int], None] = lambda _: None,
) -> Snapshot:
    """The snapshot for predicting the days from `first` to `last`, having learnt from `learn_from` on; as of `before` each tip.

    `tick` is called after each of its four parts. Raises UnknownDate where no game of the days is known.
    """
    names = feature_set("v18")
    with warehouse.reading() as work:
        games = training_games(work, learn_from, last)
        built = build(work, games, None, before)
        tick(1)
        outcome = scored(work, games, built.ingredients)
        days = np.asarray(built.ingredients.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
        asked = days >= np.datetime64(first)
        if not asked.any():
            raise UnknownDate(f"No game from {first} to {last} is known.", hint="`tipoff coverage` shows what is on record.")
        slates = _slates(built.take(np.flatnonzero(asked)), options)
        tick(1)
        playing = pc.unique(built.ingredients.column("game_id").filter(pa.array(asked))).to_pylist()
        tonight = work.keep(games_as_of(work, playing, None, before))
        quotes = quotes_to_take(work, tonight)
        tick(1)
        closes = closing_lines(work, games_as_of(work, playing, None), partial(spread_of_points, work))
        tick(1)
    rows = built.ingredients.select([*KEY, "game_date", "season", "tip"])
    for name, values in (("points", outcome.points), ("minutes", outcome.minutes)):
        rows = rows.append_column(name, pa.array(values, from_pandas=True))
    rows = rows.append_column("learns", pa.array(learnable(built, outcome))).append_column("place", pa.array(np.arange(rows.num_rows)))
    rows = rows.join(slates.drop_columns(["game_date"]), list(KEY), join_type="left outer").join(closes, list(KEY), join_type="left outer")
    order = pa.array(time_order(built.ingredients))
    rows = rows.sort_by("place").drop_columns(["place"]).take(order).combine_chunks()
    return Snapshot(rows, Columns(names, built.matrix(names)[order]), quotes, FEATURE_VERSION)


def _slates(built: Built, options: SlateOptions) -> pa.Table:
    """The candidates of every day; on a day with a red alert nobody is let through, as on its night."""
    days = np.asarray(built.ingredients.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    rows = candidates(built, options, alerts=())
    words = {name: np.asarray(rows.column(name).to_pylist(), dtype=object) for name in ("reason", "detail", "mended_by")}
    for day in np.unique(days):
        alerts = "; ".join(map(str, red_alerts(built, days == day)))
        if alerts:
            stopped = (days == day) & (words["reason"] == "")
            words["reason"][stopped], words["detail"][stopped], words["mended_by"][stopped] = "gate", f"red alert: {alerts}", "features"
    for name, values in words.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(values.tolist(), pa.string()))
    return rows


def _seal(rows: bytes, quotes: pa.Table) -> bytes:
    """What vouches for the bytes of the rows, and for what the quotes say."""
    plain = _packed(quotes.replace_schema_metadata(None), compression=None)
    return hashlib.sha256(hashlib.sha256(rows).digest() + plain).hexdigest().encode()


def _packed(table: pa.Table, compression: str | None = "zstd") -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed
