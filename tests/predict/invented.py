"""Voices, samples and data sets that are made up, from seeds that are given."""

from __future__ import annotations

from datetime import date
from statistics import NormalDist

import numpy as np

from tipoff.features.registry import feature_set
from tipoff.predict.families import Columns, Sample
from tipoff.predict.voices import LEVELS, Scaled
from tipoff.train.dataset import DataSet

NO_FEATURES = Columns((), np.empty((0, 0)))
"""For voices that look at none."""
FIRST_DAY = np.datetime64("2025-10-21")
A_DAY = 30
"""So many rows has each day."""


def skewed(*, floor: float = 1.5, slope: float = 0.2, skew: float = 0.25) -> Scaled:
    """Misses that are skewed to the right, as points are."""
    bell = np.array([NormalDist().inv_cdf((place + 0.5) / LEVELS) for place in range(LEVELS)])
    return Scaled(floor, slope, tuple((bell + skew * (bell**2 - 1)).tolist()))


def columns(names: tuple[str, ...], count: int, seed: int) -> Columns:
    """Feature rows with holes in them, as they come; some rows have nothing at all."""
    rng = np.random.default_rng(seed)
    values = rng.normal(12, 6, (count, len(names)))
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:: max(count // 5, 1)] = np.nan
    return Columns(names, values)


def sample(names: tuple[str, ...], count: int, seed: int) -> Sample:
    """Rows to learn from: points follow the first feature and the product of the next two."""
    rng = np.random.default_rng(seed + 1)
    features = columns(names, count, seed).features
    signal = np.nan_to_num(features[:, 0], nan=10.0) + np.nan_to_num(features[:, 1] * features[:, 2], nan=140.0) / 40
    points = np.maximum(np.round(signal + rng.normal(0, 3, count)), 0.0)
    weights = rng.uniform(0.5, 1.5, count)
    minutes = np.clip(points * 1.2 + rng.normal(10, 3, count), 1.0, 48.0)
    return Sample(names, features, points, weights / weights.mean(), FIRST_DAY + np.arange(count) // A_DAY, minutes)


def data_set(days: int = 50, seed: int = 7) -> DataSet:
    """A data set of so many days, of which the first are the same however many there are."""
    rows = sample(feature_set("v18"), 60 * A_DAY, seed)
    some = slice(0, days * A_DAY)
    seasons = np.array(["2025-26"] * (days * A_DAY), dtype=object)
    assert rows.minutes is not None
    return DataSet(Columns(rows.names, rows.features[some]), rows.points[some], rows.minutes[some], rows.days[some], seasons)


def day_after(data: DataSet) -> date:
    """The day for which all of a data set is the past."""
    found: date = (data.days[-1] + 1).item()
    return found
