"""The one builder: features of every player of a set of games as of a moment, with source and quality of each value.

`build(work, game_ids, as_of)` serves tonight and eleven seasons alike. Knows ingredients, recipes and the scorer; it must never know
which model asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.features.ingredients import gather
from tipoff.features.quality import Scores, score
from tipoff.features.registry import (
    FEATURE_VERSION,
    NOT_SUPPLIED,
    QUALITY,
    Feature,
    Floats,
    Ingredients,
    Supply,
    Texts,
    Value,
    features,
    without_recipe,
)
from tipoff.store.tables.features import CATEGORIES, catalogue
from tipoff.store.warehouse import Work

WARM_UP_DAYS = 14
DECIMALS = 6
OUT_OF_RANGE = "out_of_range"
NOT_COMPUTED = "not_computed"
_IDENTITY = ("game_id", "player_lookup", "as_of", "game_date", "season", "team", "opponent")


@dataclass(frozen=True)
class Built:
    """Feature rows. `values`, `qualities` and `sources` have one array a feature of the catalogue; `out_of_range` counts by name."""

    ingredients: pa.Table
    values: dict[str, Floats]
    qualities: dict[str, Floats]
    sources: dict[str, pa.Array]
    scores: Scores
    warm_up: np.ndarray[tuple[int], np.dtype[np.bool_]]
    out_of_range: dict[str, int]

    @property
    def size(self) -> int:
        return int(self.ingredients.num_rows)

    def matrix(self, names: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Values of these features, one row a player, NaN for missing."""
        return np.column_stack([self.values[name] for name in names]) if self.size else np.empty((0, len(names)))

    def to_arrow(self) -> pa.Table:
        """The rows in the shape of `features.store`."""
        columns = {name: self.ingredients.column(name) for name in _IDENTITY}
        for entry in catalogue():
            columns[entry.name] = pa.array(self.values[entry.name], pa.float64(), from_pandas=True)
            columns[f"{entry.name}_quality"] = pa.array(self.qualities[entry.name].astype(np.int64))
            columns[f"{entry.name}_source"] = self.sources[entry.name]
        columns |= {
            "quality_score": pa.array(self.scores.score),
            "tier": pa.array(self.scores.tier.tolist(), pa.string()),
            "missing_required": pa.array(self.scores.missing_required),
            "missing": pa.array(self.scores.missing.tolist(), pa.string()),
            "waived": pa.array(self.scores.waived.tolist(), pa.string()),
            "quality_ready": pa.array(self.scores.ready),
            "warm_up": pa.array(self.warm_up),
            "feature_version": pa.repeat(pa.scalar(FEATURE_VERSION), self.size),
            "newest_known_at": self.ingredients.column("newest_known_at"),
        }
        for category in CATEGORIES:
            columns[f"{category}_score"] = pa.array(self.scores.by_category[category], pa.float64(), from_pandas=True)
        return pa.table(columns)


def build(work: Work, game_ids: Sequence[str], as_of: datetime | None = None) -> Built:
    """Features of every player who may play in these games, known at `as_of` (UTC; None: each game's tip).

    No input of a row is newer than the row's own `as_of`, the earlier of `as_of` and the tip. Rows are ordered by game and player.
    """
    rows = gather(work, game_ids, as_of)
    days = rows.column("game_date").to_pylist()
    ingredients = Ingredients(rows, _supplied(work, days))
    values: dict[str, Floats] = {}
    qualities: dict[str, Floats] = {}
    sources: dict[str, pa.Array] = {}
    strays: dict[str, int] = {}
    reasons: dict[str, Texts] = {}
    for feature in features():
        value = _settled(_with_supply(feature, feature.recipe(ingredients), ingredients))
        kept, strayed = _within_range(feature, value)
        strays[feature.name] = strayed
        values[feature.name] = kept.values
        reasons[feature.name] = np.broadcast_to(np.asarray(kept.reason, dtype=object), (rows.num_rows,))
        qualities[feature.name] = _quality(kept)
        sources[feature.name] = _source_column(kept)
    for entry in without_recipe():
        values[entry.name] = np.full(rows.num_rows, np.nan)
        qualities[entry.name] = np.zeros(rows.num_rows)
        sources[entry.name] = pa.repeat(pa.scalar(NOT_COMPUTED), rows.num_rows)
    scores = score(values, qualities, reasons, rows.num_rows)
    return Built(rows, values, qualities, sources, scores, _warm_up(work, rows), strays)


def _supplied(work: Work, days: list[date]) -> dict[Supply, Floats]:
    """By kind of source, 1 where a source that is on supplies it for the row's day."""
    spans = work.fetch(work.table("ref.sources").select("kind", "on_from", "on_until")).to_pylist()
    supplied: dict[Supply, Floats] = {}
    kinds: tuple[Supply, ...] = ("injuries", "shots", "births")
    distinct = {day: index for index, day in enumerate(dict.fromkeys(days))}
    codes = np.array([distinct[day] for day in days], dtype=np.int64)
    for kind in kinds:
        mine = [span for span in spans if span["kind"] == kind]
        on = [
            any(
                (span["on_from"] is None or span["on_from"] <= day) and (span["on_until"] is None or day <= span["on_until"])
                for span in mine
            )
            for day in distinct
        ]
        supplied[kind] = np.array(on, dtype=np.float64)[codes] if distinct else np.empty(0)
    return supplied


def _with_supply(feature: Feature, value: Value, ingredients: Ingredients) -> Value:
    """Where no source supplies what the feature needs, the reason says so: that waives it."""
    if feature.needs is None:
        return value
    absent = (ingredients.supplied[feature.needs] == 0) & np.isnan(value.values)
    reason = np.where(absent, NOT_SUPPLIED, np.broadcast_to(np.asarray(value.reason, dtype=object), absent.shape)).astype(object)
    return Value(value.values, value.source, reason)


def _settled(value: Value) -> Value:
    """The value to six decimals. An engine adds floats in whatever order its threads finish; what is computed twice must be the same."""
    return Value(np.round(value.values, DECIMALS), value.source, value.reason)


def _within_range(feature: Feature, value: Value) -> tuple[Value, int]:
    """A value out of the catalogue's range becomes missing; and how many did."""
    low = -np.inf if feature.entry.low is None else feature.entry.low
    high = np.inf if feature.entry.high is None else feature.entry.high
    finite = np.isfinite(value.values)
    stray = (finite & ((value.values < low) | (value.values > high))) | (~finite & ~np.isnan(value.values))
    if not stray.any():
        return value, 0
    reason = np.where(stray, OUT_OF_RANGE, np.broadcast_to(np.asarray(value.reason, dtype=object), stray.shape)).astype(object)
    return Value(np.where(stray, np.nan, value.values), value.source, reason), int(stray.sum())


def _quality(value: Value) -> Floats:
    present = np.isfinite(value.values)
    if isinstance(value.source, str):
        return np.where(present, float(QUALITY[value.source]), 0.0)
    grades = np.array([QUALITY[source] for source in value.source], dtype=np.float64)
    return np.where(present, grades, 0.0)


def _source_column(value: Value) -> pa.Array:
    """By row the source of the value, or `missing: reason`."""
    present = pa.array(np.isfinite(value.values))
    size = len(value.values)
    source = _text_column(value.source, size)
    reason = pc.binary_join_element_wise("missing", _text_column(value.reason, size), ": ")
    return pc.if_else(present, source, reason)


def _text_column(text: str | Texts, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), size) if isinstance(text, str) else pa.array(text.tolist(), pa.string())


def _warm_up(work: Work, rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows of each season's first fourteen days."""
    schedule = work.table("raw.schedule")
    starts = work.fetch(schedule.group_by("season").agg(start=schedule.game_date.min())).to_pylist()
    start_of = {row["season"]: row["start"] for row in starts}
    pairs = zip(rows.column("season").to_pylist(), rows.column("game_date").to_pylist(), strict=True)
    return np.array([(day - start_of[season]).days < WARM_UP_DAYS for season, day in pairs], dtype=np.bool_)
