"""The systems of the fleet, as data: ours, and those that a file of one's own adds. Knows TOML; it must never know a library of models."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tipoff.errors import BadInput, ConfigError
from tipoff.features.registry import FEATURE_VERSION
from tipoff.predict.families import families
from tipoff.store.tables.features import CATEGORIES, catalogue

ENSEMBLE = "ensemble"
THIS_SEASON = "season"
_WINDOW = re.compile("0*[1-9][0-9]{0,4}d")


class System(BaseModel):
    """One model of the fleet.

    - `family`: the class that fits it (`ensemble`: learns weights of its `members` instead);
    - `features`: the set of the registry that it sees;
    - `loss`: in its library's own words;
    - `window`: how far back it learns, in days (`1095d`), or `season` for this season alone;
    - `half_life_days`: a row so many days older weighs half; without it all rows weigh the same;
    - `feature_weights`: how willingly trees split on a feature, or on a category of features, where the family can (1 unless given);
    - `threshold`: the edge from which it takes a side, in points, or in probability over break-even, as `threshold_in` says;
    - `members_recipe`: a hash of its members' recipes, which is worked out and not written;
    - `parameters`: the family's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system_id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    family: str
    features: Literal["v9", "v12", "v12_noveg", "v18"]
    loss: str = "none"
    window: str = "1095d"
    half_life_days: float | None = Field(default=None, gt=0)
    feature_weights: dict[str, float] = {}
    threshold: float = Field(default=1.0, ge=0)
    threshold_in: Literal["points", "probability"] = "points"
    members: tuple[str, ...] = ()
    members_recipe: str = ""
    parameters: dict[str, float] = {}

    @field_validator("family")
    @classmethod
    def _known_family(cls, name: str) -> str:
        if name != ENSEMBLE and name not in families():
            raise ValueError(f"there is no family {name!r}, but {', '.join([*families(), ENSEMBLE])}")
        return name

    @field_validator("window")
    @classmethod
    def _window(cls, text: str) -> str:
        if text != THIS_SEASON and not _WINDOW.fullmatch(text):
            raise ValueError(f"{text!r} is neither season nor a number of days, such as 1095d")
        return text

    @field_validator("feature_weights", "parameters")
    @classmethod
    def _in_order(cls, values: dict[str, float]) -> dict[str, float]:
        """By name: in whatever order a table was written, it is the same system, to the last bit of what it says."""
        return dict(sorted(values.items()))

    @field_validator("feature_weights")
    @classmethod
    def _known_features(cls, weights: dict[str, float]) -> dict[str, float]:
        known = {*CATEGORIES, *(entry.name for entry in catalogue())}
        unknown = [name for name in weights if name not in known]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: neither a feature nor a category of features")
        return weights

    @model_validator(mode="after")
    def _members_make_an_ensemble(self) -> System:
        if (self.family == ENSEMBLE) != bool(self.members):
            raise ValueError("an ensemble has members, and nobody else has")
        return self

    @property
    def is_ensemble(self) -> bool:
        return self.family == ENSEMBLE

    @property
    def recipe_hash(self) -> str:
        """What it is made by, but for the data: two models of one recipe differ in what they learnt from alone."""
        recipe = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(f"{recipe} {FEATURE_VERSION}".encode()).hexdigest()[:16]

    def weights_of(self, names: tuple[str, ...]) -> list[float]:
        """The weight of each of these features: its own, else its category's, else 1."""
        if not self.feature_weights:
            return [1.0] * len(names)
        category = {entry.name: entry.category for entry in catalogue()}
        return [self.feature_weights.get(name, self.feature_weights.get(category[name], 1.0)) for name in names]


def window_of(text: str) -> timedelta:
    """`1095d` as a span of days. Raises BadInput for anything else."""
    if not _WINDOW.fullmatch(text):
        raise BadInput(f"{text!r} is no window.", hint="Write a number of days, such as 1095d, or season.")
    return timedelta(days=int(text[:-1]))


@lru_cache(maxsize=8)
def fleet(own: Path | None = None) -> Mapping[str, System]:
    """Every system by its id, ensembles last; a table of the file `own` adds a system, or takes the place of ours of its name.

    Raises ConfigError, naming the system and the field, where a table does not fit.
    """
    ours = files("tipoff.predict").joinpath("systems.toml").read_text(encoding="utf-8")
    tables = _tables("predict/systems.toml", ours)
    if own is not None:
        try:
            tables |= _tables(str(own), own.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The file of systems {own} cannot be read: {error}.", hint="Correct `systems_file`.") from None
    systems = {system_id: _system(system_id, _completed(system_id, tables)) for system_id in tables}
    for system in systems.values():
        for member in system.members:
            if member not in systems or systems[member].is_ensemble:
                raise ConfigError(f"{system.system_id}: its member {member!r} is no system, or an ensemble.", hint="Name systems.")
    return {system.system_id: system for system in linked(list(systems.values()))}


def with_window(system: System, window: str) -> System:
    """The same system on another window. Raises BadInput for one that is none."""
    if window != THIS_SEASON:
        window_of(window)
    return system.model_copy(update={"window": window})


def linked(systems: Sequence[System]) -> list[System]:
    """The same systems, ensembles last and bound to the recipes that their members have among them."""
    recipes = {system.system_id: system.recipe_hash for system in systems if not system.is_ensemble}
    found = []
    for system in sorted(systems, key=lambda one: one.is_ensemble):
        told = " ".join(recipes.get(member, "") for member in system.members)
        of_members = hashlib.sha256(told.encode()).hexdigest()[:16] if system.members else ""
        found.append(system.model_copy(update={"members_recipe": of_members}))
    return found


def _tables(where: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}.", hint="Correct the line named.") from None


def _completed(system_id: str, tables: dict[str, object]) -> object:
    """A table with what it takes over from the one that it is `like`: every field that it does not set, and of its tables every entry."""
    table = tables[system_id]
    if not isinstance(table, dict) or "like" not in table:
        return table
    model = tables.get(table["like"]) if isinstance(table["like"], str) else None
    if not isinstance(model, dict) or "like" in model:
        raise ConfigError(f"The system {system_id!r} is like {table['like']!r}, which is no table that stands by itself.", hint="Name one.")
    own = {name: value for name, value in table.items() if name != "like"}
    both = {name: {**model[name], **value} for name, value in own.items() if isinstance(value, dict) and isinstance(model.get(name), dict)}
    return {**model, **own, **both}


def _system(system_id: str, table: object) -> System:
    if not isinstance(table, dict):
        raise ConfigError(f"The system {system_id!r} is no table.", hint=f"Write [{system_id}] and its settings below.")
    try:
        return System(system_id=system_id, **table)
    except (ValidationError, TypeError) as error:
        raise ConfigError(f"The system {system_id!r} does not fit: {_faults(error)}.", hint="docs/models.md tells of each field.") from None


def _faults(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return str(error)


def systems_named(names: list[str] | None, own: Path | None = None) -> list[System]:
    """These systems, or all, ensembles last; an ensemble brings its members. Raises ConfigError for a name that no system has."""
    known = fleet(own)
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ConfigError(f"No system is called {', '.join(unknown)}.", hint=f"There are {', '.join(known)}.")
    if not names:
        return list(known.values())
    wanted = dict.fromkeys(names)
    wanted |= dict.fromkeys(member for name in names for member in known[name].members)
    return sorted((known[name] for name in wanted), key=lambda system: system.is_ensemble)
