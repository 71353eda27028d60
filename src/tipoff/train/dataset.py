"""What a fleet learns from: features as of each tip, with what was scored, in time order; nothing of the day trained for, or later.

Knows the builder and box scores. It must never know a model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow as pa

from tipoff.analyze.history import newest_schedule
from tipoff.analyze.past import Floats
from tipoff.errors import NotReady
from tipoff.features.build import build
from tipoff.store.tables.features import catalogue
from tipoff.store.warehouse import Warehouse, Work, day_of

GAMES_A_PASS = 1500
MIN_ROWS = 1000


@dataclass(frozen=True)
class DataSet:
    """Rows in time order: feature values by name, points scored, and the game day of each."""

    values: dict[str, Floats]
    points: Floats
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    first: date
    last: date

    @property
    def size(self) -> int:
        return len(self.points)

    def matrix(self, names: tuple[str, ...]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Values of these features, one row a player-game, NaN for missing."""
        return np.column_stack([self.values[name] for name in names])

    def digest(self) -> str:
        """A hash of every value and outcome: which data a model saw."""
        total = hashlib.sha256()
        for name in sorted(self.values):
            total.update(name.encode())
            total.update(np.ascontiguousarray(self.values[name]).tobytes())
        total.update(np.ascontiguousarray(self.points).tobytes())
        return total.hexdigest()[:16]


def training_games(work: Work, until: date, window: timedelta) -> list[str]:
    """Ids of the final games of the days from `until` - window up to the day before `until`, in time order."""
    games = newest_schedule(work.table("raw.schedule"))
    games = games.filter(games.game_date >= day_of(until - window), games.game_date < day_of(until))
    rows = work.fetch(games.select("game_id", "commence_time").order_by(["commence_time", "game_id"]))
    found: list[str] = rows.column("game_id").to_pylist()
    return found


def data_set(warehouse: Warehouse, until: date, window: timedelta) -> DataSet:
    """The rows to train on for the day `until`: quality-ready, out of warm-up, with court time.

    Raises NotReady where there are too few.
    """
    names = [entry.name for entry in catalogue()]
    parts: list[pa.Table] = []
    with warehouse.reading() as work:
        games = training_games(work, until, window)
        for start in range(0, len(games), GAMES_A_PASS):
            batch = games[start : start + GAMES_A_PASS]
            built = build(work, batch)
            fit = built.scores.ready & ~built.warm_up
            columns = {name: pa.array(built.values[name], pa.float64(), from_pandas=True) for name in names}
            rows = built.ingredients.select(["game_id", "player_lookup", "game_date", "tip"])
            for name, column in columns.items():
                rows = rows.append_column(name, column)
            parts.append(_with_points(work, rows.filter(pa.array(fit)), batch))
    rows = pa.concat_tables(parts) if parts else pa.table({})
    if rows.num_rows < MIN_ROWS:
        raise NotReady(
            f"Only {rows.num_rows} rows to train on before {until}; at least {MIN_ROWS} are needed.",
            hint="Import or backfill more history, or lengthen --window.",
        )
    rows = rows.sort_by([("tip", "ascending"), ("game_id", "ascending"), ("player_lookup", "ascending")])
    days = np.asarray(rows.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    values = {name: np.asarray(rows.column(name).to_numpy(zero_copy_only=False), dtype=np.float64) for name in names}
    points = np.asarray(rows.column("scored").to_numpy(zero_copy_only=False), dtype=np.float64)
    return DataSet(values, points, days, days[0].item(), days[-1].item())


def _with_points(work: Work, rows: pa.Table, games: list[str]) -> pa.Table:
    """The rows whose player had court time, with what he scored by the newest box score."""
    box = work.as_of("raw.player_box", game_id=games)
    scored = box.filter(box.minutes > 0).select("game_id", "player_lookup", scored=box.points.cast("float64"))
    return work.fetch(ibis.memtable(rows).inner_join(scored, ["game_id", "player_lookup"]))
