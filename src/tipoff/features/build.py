"""The one builder: features of every player of a set of games as of a moment, with source and quality of each value.

`build(work, game_ids, as_of)` serves tonight and eleven seasons alike. Knows ingredients, recipes and the scorer; it must never know
which model asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.analyze.ingredients import gather
from tipoff.analyze.past import Bools, Floats, Ints, Names, days, instants
from tipoff.analyze.slate import AT_TIP, Moment
from tipoff.features.labels import Labels
from tipoff.features.quality import Scores, score
from tipoff.features.reasons import reason_named
from tipoff.features.registry import FEATURE_VERSION, NOT_SUPPLIED, QUALITY, Feature, Ingredients, Supply, features
from tipoff.store.tables.features import CATEGORIES, Entry, catalogue
from tipoff.store.warehouse import Work

WARM_UP_DAYS = 14
ENOUGH_AFTER: dict[Supply, int] = {"shots": 30}
"""Days that a source must have been on before what it told fills the windows that reach back: until then it supplies nothing for a date.
Switched on in mid-season, without its past, it would else keep everybody from being predicted."""
_FAR = 1_000_000
"""More days than there are between any two seasons."""
DECIMALS = 6
OUT_OF_RANGE = "out_of_range"
MISSING = "missing: "
"""What stands before the reason, where a value's source would stand."""
_IDENTITY = ("game_id", "player_lookup", "as_of", "game_date", "season", "team", "opponent")


@dataclass(frozen=True)
class Strays:
    """One feature's values out of range, kept apart: their rows, and what was computed there."""

    rows: Ints
    values: Floats


@dataclass(frozen=True)
class Built:
    """Feature rows. `values`, `qualities` and `sources` have one array a feature of the catalogue; `strays` has those with any."""

    ingredients: pa.Table
    values: dict[str, Floats]
    qualities: dict[str, Floats]
    sources: dict[str, pa.Array]
    scores: Scores
    warm_up: Bools
    strays: dict[str, Strays]

    @property
    def out_of_range(self) -> dict[str, int]:
        """How many of each feature's values were out of range, and are missing therefore."""
        return {name: len(self.strays[name].rows) if name in self.strays else 0 for name in self.values}

    def computed(self, name: str) -> Floats:
        """A feature's values as its recipe gave them, those out of range among them; NaN for missing."""
        values = self.values[name]
        if name in self.strays:
            values = values.copy()
            values[self.strays[name].rows] = self.strays[name].values
        return values

    @property
    def size(self) -> int:
        return int(self.ingredients.num_rows)

    def matrix(self, names: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Values of these features, one row a player, NaN for missing."""
        return np.column_stack([self.values[name] for name in names]) if self.size else np.empty((0, len(names)))

    def take(self, rows: Ints) -> Built:
        """Some of the rows (places, in ascending order)."""
        place = np.full(self.size, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        strays = {name: Strays(place[apart.rows], apart.values) for name, apart in self.strays.items()}
        kept = {name: Strays(apart.rows[apart.rows >= 0], apart.values[apart.rows >= 0]) for name, apart in strays.items()}
        return Built(
            self.ingredients.take(pa.array(rows)),
            {name: values[rows] for name, values in self.values.items()},
            {name: values[rows] for name, values in self.qualities.items()},
            {name: words.take(pa.array(rows)) for name, words in self.sources.items()},
            self.scores.take(rows),
            self.warm_up[rows],
            {name: apart for name, apart in kept.items() if len(apart.rows)},
        )

    def to_arrow(self) -> pa.Table:
        """The rows in the shape of `features.store`."""
        columns = {name: self.ingredients.column(name) for name in _IDENTITY}
        for entry in catalogue():
            columns[entry.name] = pa.array(self.values[entry.name], pa.float64(), from_pandas=True)
            columns[f"{entry.name}_quality"] = pa.array(self.qualities[entry.name].astype(np.int64))
            columns[f"{entry.name}_source"] = self.sources[entry.name].cast(pa.string())
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


def build(work: Work, game_ids: Sequence[str], as_of: Moment = None, before: timedelta = AT_TIP, gathered: pa.Table | None = None) -> Built:
    """Features of every player who may play in these games, known at `as_of` (UTC; None: each game's tip, or so long `before` it).

    No input of a row is newer than the row's own `as_of`, the earlier of the two. Rows are ordered by game and player. `gathered` are the
    ingredients of just these, where somebody has them.
    """
    rows = gather(work, game_ids, as_of, before) if gathered is None else gathered
    ingredients = Ingredients(rows, _supplied(work, rows))
    found = {feature.name: _column(feature, ingredients) for feature in features()}
    values = {name: column.values for name, column in found.items()}
    qualities = {name: column.quality for name, column in found.items()}
    scores = score(values, qualities, {name: column.reason for name, column in found.items()}, rows.num_rows)
    sources = {name: column.told for name, column in found.items()}
    strays = {name: column.strays for name, column in found.items() if len(column.strays.rows)}
    return Built(rows, values, qualities, sources, scores, in_warm_up(work, rows), strays)


@dataclass(frozen=True)
class _Column:
    """One feature's values, their quality, the reason where there is none, what to say of each, and what was out of range."""

    values: Floats
    quality: Floats
    reason: Labels
    told: pa.Array
    strays: Strays


def _column(feature: Feature, ingredients: Ingredients) -> _Column:
    """A feature's recipe, carried out; what is out of range becomes missing, and what no source supplies says so."""
    value = feature.recipe(ingredients)
    source, reason = Labels.of(value.source, ingredients.size), Labels.of(value.reason, ingredients.size)
    # An engine adds floats in whatever order its threads finish; what is computed twice must be the same.
    values = np.round(value.values, DECIMALS)
    stray = _out_of_range(feature.entry, values)
    apart = Strays(np.flatnonzero(stray), values[stray])
    if stray.any():
        values, reason = np.where(stray, np.nan, values), reason.where(stray, OUT_OF_RANGE)
    present = np.isfinite(values)
    if feature.needs is not None:
        reason = reason.where(~present & ~stray & (ingredients.supplied[feature.needs] == 0), NOT_SUPPLIED)
    quality = np.where(present, source.graded(QUALITY), 0.0)
    missing = Labels(tuple(_missing(word) for word in reason.words), reason.codes)
    return _Column(values, quality, reason, missing.where(present, source).column(), apart)


def _missing(word: str) -> str:
    """What stands in place of a source. Raises BrokenInvariant for a reason of which nobody knows who would mend it."""
    reason_named(word)
    return f"{MISSING}{word}"


def _out_of_range(entry: Entry, values: Floats) -> Bools:
    """Where a value lies outside the catalogue's range; an infinite one always does."""
    low = -np.inf if entry.low is None else entry.low
    high = np.inf if entry.high is None else entry.high
    return ~np.isnan(values) & ((values < low) | (values > high) | np.isinf(values))


def _spans(work: Work) -> ir.Table:
    return work.table("ref.sources").select("kind", "on_from", "on_until")


def _supplied(work: Work, rows: pa.Table) -> dict[Supply, Floats]:
    """By kind of source, 1 where a source that is on supplies it for the row's day."""
    spans = work.ask(_spans).to_pylist()
    today = days(rows.column("game_date"))
    supplied: dict[Supply, Floats] = {}
    for kind in get_args(Supply):
        on = np.zeros(len(today), dtype=np.bool_)
        for span in spans:
            if span["kind"] == kind:
                first, last = (_day(span[name]) for name in ("on_from", "on_until"))
                on |= (first is None or today >= first + ENOUGH_AFTER.get(kind, 0)) & (last is None or today <= last)
        supplied[kind] = on.astype(np.float64)
    return supplied


def _day(moment: date | None) -> int | None:
    return None if moment is None else (moment - date(1970, 1, 1)).days


def _starts(work: Work) -> ir.Table:
    schedule = work.table("raw.schedule")
    return schedule.group_by(["season", "known_at"]).agg(start=schedule.game_date.min())


def in_warm_up(work: Work, rows: pa.Table) -> Bools:
    """Which rows (columns season, game_date and as_of) are of their season's first fourteen days, by the schedule as known at `as_of`."""
    told = work.ask(_starts)
    seasons = Names(told.column("season"), rows.column("season"))
    season, known, start = seasons.codes(told.column("season")), instants(told.column("known_at")), days(told.column("start"))
    order = np.lexsort((known, season))
    # The earliest day so far; later seasons are put before all earlier ones, so that none takes over another's.
    first = np.minimum.accumulate(start[order] - season[order] * _FAR) + season[order] * _FAR if len(order) else start
    moments = np.unique(known)
    placed = season[order] * (len(moments) + 1) + np.searchsorted(moments, known[order])
    asked = seasons.codes(rows.column("season")) * (len(moments) + 1) + np.searchsorted(moments, instants(rows.column("as_of")), "right")
    place = np.searchsorted(placed, asked) - 1
    young: Bools = days(rows.column("game_date")) - np.append(first, 0)[place] < WARM_UP_DAYS
    return young
