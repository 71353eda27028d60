"""What a fleet learns from: features as of each tip, with what was scored, in time order; nothing of the day trained for, or later.

The one builder makes the rows, as it makes those of `features.store`: they are of one feature version, the code's own. Knows the builder
and box scores. It must never know a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from tipoff.analyze.history import newest_schedule
from tipoff.analyze.past import Bools, Floats
from tipoff.analyze.slate import AT_TIP
from tipoff.clock import season_of
from tipoff.errors import NotReady
from tipoff.features.build import Built, build
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.predict.families import Columns, Sample
from tipoff.predict.families.sample import Days
from tipoff.predict.systems import THIS_SEASON, window_of
from tipoff.store.warehouse import Warehouse, Work, day_of

MIN_ROWS = 1000
KEY = ("game_id", "player_lookup")


@dataclass(frozen=True)
class DataSet:
    """Player-games to learn from, in time order: features (every one of the catalogue), points scored, minutes played, game day and season
    of each."""

    features: Columns
    points: Floats
    minutes: Floats
    days: Days
    seasons: np.ndarray[tuple[int], np.dtype[np.object_]]
    feature_version: str = FEATURE_VERSION

    @property
    def size(self) -> int:
        return len(self.points)

    @property
    def first(self) -> date:
        found: date = self.days[0].item()
        return found

    @property
    def last(self) -> date:
        found: date = self.days[-1].item()
        return found

    def rows_of(self, window: str, until: date) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The rows of a system's window before a day: so many days, or `season` for the season of that day.

        Raises NotReady where there are too few.
        """
        past = self.days < np.datetime64(until)
        if window == THIS_SEASON:
            rows = np.flatnonzero(past & (self.seasons == season_of(until)))
        else:
            rows = np.flatnonzero(past & (self.days >= np.datetime64(until - window_of(window))))
        if len(rows) < MIN_ROWS:
            raise NotReady(
                f"Only {len(rows)} rows to train on before {until}; at least {MIN_ROWS} are needed.",
                hint="Import or backfill more history, or lengthen --window.",
            )
        return rows

    def sample(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]], names: tuple[str, ...], half_life_days: float | None) -> Sample:
        """Some of the rows as a family wants them; rows weigh half for each half-life that they are older than the newest."""
        days = self.days[rows]
        weights = np.ones(len(rows))
        if half_life_days is not None and len(rows):
            age = (days[-1] - days).astype(np.float64)
            weights = 0.5 ** (age / half_life_days)
            weights /= weights.mean()
        return Sample(names, self.features.matrix(names)[rows], self.points[rows], weights, days, self.minutes[rows])

    def digest(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]] | slice = slice(None)) -> str:
        """A hash of every value and outcome of some rows: which data a model saw."""
        total = hashlib.sha256(",".join(self.features.names).encode())
        total.update(np.ascontiguousarray(self.features.features[rows]).tobytes())
        total.update(np.ascontiguousarray(self.points[rows]).tobytes())
        total.update(np.ascontiguousarray(self.minutes[rows]).tobytes())
        return total.hexdigest()[:16]


def training_games(work: Work, first: date, last: date) -> list[str]:
    """Ids of the games that the newest schedule has on these days, both included, in time order."""
    games = newest_schedule(work.table("raw.schedule"))
    games = games.filter(games.game_date >= day_of(first), games.game_date <= day_of(last))
    rows = work.fetch(games.select("game_id", "commence_time").order_by(["commence_time", "game_id"]))
    found: list[str] = rows.column("game_id").to_pylist()
    return found


@dataclass(frozen=True)
class Scored:
    """What a box score says of feature rows: points and minutes, NaN where no box score lists the player, or he had no court time."""

    points: Floats
    minutes: Floats


def scored(work: Work, games: Sequence[str], rows: pa.Table) -> Scored:
    """Points and minutes by the newest box scores, row for row."""
    box = work.as_of("raw.player_box", game_id=list(games))
    found = work.fetch(box.filter(box.minutes > 0).select(*KEY, "minutes", points=box.points.cast("float64")))
    keys = rows.select(list(KEY)).append_column("place", pa.array(np.arange(rows.num_rows)))
    joined = keys.join(found, list(KEY), join_type="left outer").sort_by("place")
    points, minutes = (np.asarray(joined.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)) for name in ("points", "minutes"))
    return Scored(points, minutes)


def time_order(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places of feature rows in order of tip, game and player."""
    return np.asarray(pa.compute.sort_indices(rows, [("tip", "ascending"), ("game_id", "ascending"), ("player_lookup", "ascending")]))


def learnable(built: Built, outcome: Scored) -> Bools:
    """Which rows may be learnt from: quality-ready, out of warm-up, with court time."""
    return np.asarray(built.scores.ready & ~built.warm_up & ~np.isnan(outcome.points))


def as_data(rows: pa.Table, features: Columns, outcome: Scored, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> DataSet:
    """The data set of some feature rows (columns game_date and season), which are given in time order."""
    kept = rows.select(["game_date", "season"]).take(pa.array(places))
    days = np.asarray(kept.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    seasons = np.asarray(kept.column("season").to_pylist(), dtype=object)
    return DataSet(Columns(features.names, features.features[places]), outcome.points[places], outcome.minutes[places], days, seasons)


def data_set(warehouse: Warehouse, until: date, window: timedelta) -> DataSet:
    """The rows to train on for the day `until`: as of each tip, quality-ready, out of warm-up, with court time.

    Raises NotReady where there are too few.
    """
    names = feature_set("v18")
    with warehouse.reading() as work:
        games = training_games(work, until - window, until - timedelta(days=1))
        built = build(work, games, None, AT_TIP)
        outcome = scored(work, games, built.ingredients)
    order = time_order(built.ingredients)
    order = order[learnable(built, outcome)[order]]
    found = as_data(built.ingredients, Columns(names, built.matrix(names)), outcome, order)
    if found.size < MIN_ROWS:
        raise NotReady(
            f"Only {found.size} rows to train on before {until}; at least {MIN_ROWS} are needed.",
            hint="Import or backfill more history, or lengthen --window.",
        )
    return found
