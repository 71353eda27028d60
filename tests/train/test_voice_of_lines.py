"""The voice of the market's system: learnt from all rows with a line, and for the held-out days from what lies before them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tipoff.errors import NotReady
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.predict.families import Columns
from tipoff.predict.speakers import Single
from tipoff.predict.systems import fleet
from tipoff.predict.tilted import Tilted
from tipoff.train.dataset import DataSet
from tipoff.train.fit import cuts, fit_fleet

NAMES = feature_set("v18")
SYSTEM = fleet()["market_anchored"]
UNTIL = date(2024, 7, 1)


def history(lined: float, rows: int = 4000) -> DataSet:
    """Two hundred days; the share of rows with a line and a price, and points around the line."""
    chance = np.random.default_rng(3)
    features = np.full((rows, len(NAMES)), np.nan)
    place = {name: column for column, name in enumerate(NAMES)}
    line = np.floor(chance.gamma(3.0, 5.0, rows)) + 2.5
    has = chance.random(rows) < lined
    features[:, place["vegas_points_line"]] = np.where(has, line, np.nan)
    features[:, place["implied_over_probability"]] = np.where(has, chance.uniform(0.46, 0.54, rows), np.nan)
    for name in ("points_std_last_10", "minutes_volatility_last_10", "minutes_avg_last_10"):
        features[:, place[name]] = chance.uniform(3.0, 9.0, rows)
    points = np.round(np.maximum(line + 5.0 * chance.normal(size=rows), 0.0))
    days = np.datetime64(UNTIL) - 200 + np.sort(chance.integers(0, 200, rows))
    seasons = np.full(rows, "2023-24", dtype=object)
    return DataSet(Columns(NAMES, features), points.astype(np.float64), np.full(rows, 30.0), days, seasons, FEATURE_VERSION)


def test_it_learns_from_all_rows_with_a_line() -> None:
    data = history(0.6)
    fitted = fit_fleet([SYSTEM], data, UNTIL)["market_anchored"]
    assert isinstance(fitted.speaker, Single)
    everything = data.sample(np.arange(data.size), NAMES, None)
    assert fitted.speaker.voice == Tilted.fit(everything.points, everything)


def test_what_it_says_of_held_out_days_hangs_on_nothing_of_them() -> None:
    data = history(0.6)
    _, held_from = cuts(data, np.arange(data.size))
    altered = data.points.copy()
    altered[held_from:] = altered[held_from:][::-1]
    other = DataSet(data.features, altered, data.minutes, data.days, data.seasons, data.feature_version)
    one, two = (fit_fleet([SYSTEM], each, UNTIL)["market_anchored"] for each in (data, other))
    assert np.array_equal(one.spoken.cumulative, two.spoken.cumulative, equal_nan=True)
    assert one.spoken.spoken.any()


def test_with_hardly_a_line_it_is_not_ready() -> None:
    with pytest.raises(NotReady, match="have a line"):
        fit_fleet([SYSTEM], history(0.01), UNTIL)
