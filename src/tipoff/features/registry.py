"""The one registry: each feature of the catalogue with the recipe that computes it. Builder, scorer, gate, trainer and reference derive
from it; an index outside the catalogue cannot exist, nor can a recipe for a feature that it does not know.

Knows the catalogue and recipes. It must never know tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from tipoff.analyze.past import Floats
from tipoff.errors import BrokenInvariant
from tipoff.features.labels import Labels
from tipoff.store.tables.features import Entry, catalogue

FEATURE_VERSION = "3"

Texts = np.ndarray[tuple[int], np.dtype[np.object_]]
Supply = Literal["injuries", "shots", "births"]

QUALITY: dict[str, int] = {
    "store": 100,
    "odds": 100,
    "calculated": 100,
    "calculated_partial": 100,
    "minutes": 95,
    "opponent_history": 90,
    "consensus": 87,
    "fallback": 40,
}
FEATURE_SETS = {"v9": 32, "v12": 53, "v12_noveg": 53, "v18": None}
"""The trainer's sets, each by the last index in it (None: all there are); v12_noveg leaves out the category vegas."""
EXCUSED = "warm_up"
NOT_SUPPLIED = "not_supplied"


class Ingredients:
    """The columns that recipes draw on, one value a row; numbers as float64 with NaN for missing."""

    def __init__(self, rows: pa.Table, supplied: dict[Supply, Floats]) -> None:
        self.rows = rows
        self.size = rows.num_rows
        self.supplied = supplied
        self._numbers: dict[str, Floats] = {}
        self._texts: dict[str, Texts] = {}

    def __getitem__(self, name: str) -> Floats:
        if name not in self._numbers:
            column = self.rows.column(name).cast(pa.float64())
            self._numbers[name] = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        return self._numbers[name]

    def text(self, name: str) -> Texts:
        """A column of text, None for missing."""
        if name not in self._texts:
            self._texts[name] = np.asarray(self.rows.column(name).to_numpy(zero_copy_only=False), dtype=object)
        return self._texts[name]


@dataclass(frozen=True)
class Value:
    """What a recipe gives: values (NaN: missing), and by row the source of a value or the reason why there is none."""

    values: Floats
    source: str | Labels
    reason: str | Labels = "no_games"


Recipe = Callable[[Ingredients], Value]


@dataclass(frozen=True)
class Feature:
    """A feature: its entry in the catalogue and its recipe. `inputs` are the tables that it is made of; `needs` is the kind of source
    without which it is waived."""

    entry: Entry
    recipe: Recipe
    inputs: tuple[str, ...]
    needs: Supply | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def how(self) -> str:
        """How it is computed, in a sentence or two beyond the catalogue's definition."""
        return " ".join((self.recipe.__doc__ or "").split())


_recipes: dict[str, tuple[Recipe, tuple[str, ...], Supply | None]] = {}


def recipe(name: str, *inputs: str, needs: Supply | None = None) -> Callable[[Recipe], Recipe]:
    """Register the recipe of a feature, made of these tables; its docstring tells how it is computed.

    Raises BrokenInvariant for a name that is not in the catalogue or is taken, or where inputs or docstring are missing.
    """

    def register(function: Recipe) -> Recipe:
        if name not in {entry.name for entry in catalogue()}:
            raise BrokenInvariant(f"The catalogue has no feature {name!r}.")
        if name in _recipes:
            raise BrokenInvariant(f"The feature {name!r} has two recipes.")
        if not inputs or not function.__doc__:
            raise BrokenInvariant(f"The recipe of {name!r} does not say what it is made of, or how.")
        _recipes[name] = (function, inputs, needs)
        return function

    return register


def features() -> tuple[Feature, ...]:
    """Every feature, in the order of the catalogue. Raises BrokenInvariant where one has no recipe."""
    from tipoff.features import recipes  # noqa: F401 - registers them

    missing = [entry.name for entry in catalogue() if entry.name not in _recipes]
    if missing:
        raise BrokenInvariant(f"Features without a recipe: {', '.join(missing)}.")
    return tuple(Feature(entry, *_recipes[entry.name]) for entry in catalogue())


def feature_set(name: str) -> tuple[str, ...]:
    """The names of a trainer's set: v9 = f0-f32, v12 = f0-f53, v12_noveg = v12 without the vegas category, v18 = all.

    Raises BrokenInvariant for an unknown set.
    """
    if name not in FEATURE_SETS:
        raise BrokenInvariant(f"No feature set is called {name!r}.")
    last = FEATURE_SETS[name]
    kept = [feature.entry for feature in features() if last is None or feature.entry.index <= last]
    return tuple(entry.name for entry in kept if name != "v12_noveg" or entry.category != "vegas")


def feature_hash(names: tuple[str, ...]) -> str:
    """A hash of feature names in their order: what a model was trained on."""
    return hashlib.sha256(",".join(names).encode()).hexdigest()[:16]
