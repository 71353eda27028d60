"""Player-games made up out of a seed, with every feature of the catalogue: quick to learn from, and of a known truth.

Each has a level; his averages lie about it, his line where he has one, and his points. Two seasons, days apart by one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from tipoff.features.registry import feature_set
from tipoff.predict.families import Columns
from tipoff.predict.speakers import LINE
from tipoff.predict.systems import System
from tipoff.train.dataset import DataSet

NAMES = feature_set("v18")
A_DAY, DAYS, OLD_DAYS = 100, 40, 10
UNTIL = date(2025, 12, 1)
"""The day that is trained for: the newest rows are of the day before."""
MARKET = "implied_over_probability"


@lru_cache(maxsize=1)
def invented() -> DataSet:
    """40 days with 100 rows each; the first ten days lie 400 days further back, in the season before."""
    random = np.random.default_rng(20251201)
    size = A_DAY * DAYS
    level = random.gamma(4.0, 3.0, size)
    points = random.negative_binomial(8, 8 / (8 + level)).astype(np.float64)
    features = random.normal(size=(size, len(NAMES)))
    features[random.random(features.shape) < 0.1] = np.nan
    lined = random.random(size) < 0.6
    features[:, NAMES.index("minutes_avg_last_10")] = 12.0 + level
    for name in ("points_avg_last_5", "points_avg_last_10", "points_avg_season"):
        features[:, NAMES.index(name)] = level + random.normal(size=size)
    features[:, NAMES.index(LINE)] = np.where(lined, np.round(level * 2) / 2, np.nan)
    features[:, NAMES.index(MARKET)] = np.where(lined, random.uniform(0.4, 0.6, size), np.nan)
    back = np.repeat(np.arange(DAYS, 0, -1), A_DAY)
    days = np.datetime64(UNTIL) - (back + np.where(back > DAYS - OLD_DAYS, 400, 0)).astype("timedelta64[D]")
    seasons = np.where(back > DAYS - OLD_DAYS, "2024-25", "2025-26").astype(object)
    return DataSet(Columns(NAMES, features), points, 12.0 + points, days, seasons)


def with_points(data: DataSet, rows: np.ndarray[tuple[int], np.dtype[np.bool_ | np.int64]], more: float) -> DataSet:
    """The same data, but so many more points on some rows."""
    points = data.points.copy()
    points[rows] += more
    return replace(data, points=points)


def with_features(data: DataSet, rows: np.ndarray[tuple[int], np.dtype[np.bool_ | np.int64]], more: float) -> DataSet:
    """The same data, but every feature greater on some rows."""
    features = data.features.features.copy()
    features[rows] += more
    return replace(data, features=Columns(data.features.names, features))


def before(days: int) -> date:
    """So many days before the day that is trained for."""
    return UNTIL - timedelta(days=days)


AVERAGE = System(
    system_id="average", family="moving_average", features="v9", parameters={"points_avg_last_5": 0.5, "points_avg_last_10": 0.5}
)
SEASON_AVERAGE = System(system_id="season_average", family="moving_average", features="v9", parameters={"points_avg_season": 1.0})
LEAVES = System(
    system_id="leaves",
    family="lightgbm",
    features="v12",
    loss="regression",
    parameters={"rounds": 60, "learning_rate": 0.2, "num_leaves": 7, "min_data_in_leaf": 30, "bagging_fraction": 0.8, "bagging_freq": 1},
)
OBLIVIOUS = System(
    system_id="oblivious",
    family="catboost",
    features="v9",
    loss="RMSE",
    parameters={"iterations": 40, "learning_rate": 0.2, "depth": 3, "border_count": 32},
)
LEVELS = System(
    system_id="levels",
    family="xgboost",
    features="v12",
    loss="reg:squarederror",
    parameters={"rounds": 40, "learning_rate": 0.2, "max_depth": 3, "subsample": 0.8, "max_bin": 32},
)
ANCHORED = System(system_id="anchored", family="market_anchored", features="v18", half_life_days=180.0)
POOL = System(system_id="pool", family="ensemble", features="v18", members=("average", "leaves"))
SINGLES = (AVERAGE, LEAVES, OBLIVIOUS, LEVELS, ANCHORED)
