"""The systems of the fleet, as data. Knows a TOML file; it must never know a library of models."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tipoff.errors import ConfigError


class System(BaseModel):
    """One model of the fleet. `threshold` is the edge in points from which it takes a side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system_id: str
    family: Literal["moving_average", "catboost", "lightgbm"]
    features: Literal["v9", "v12", "v12_noveg", "v18"]
    loss: str = "none"
    threshold: float = Field(default=1.0, ge=0)
    parameters: dict[str, float] = {}


@lru_cache(maxsize=1)
def fleet() -> dict[str, System]:
    """Every system by its id. Raises ConfigError, naming the system and the field, where the file does not fit."""
    text = files("tipoff.predict").joinpath("systems.toml").read_text(encoding="utf-8")
    systems = {}
    for system_id, table in tomllib.loads(text).items():
        try:
            systems[system_id] = System(system_id=system_id, **table)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise ConfigError(f"The system {system_id!r} does not fit: {faults}.", hint="See predict/systems.toml.") from None
    return systems


def systems_named(names: list[str] | None) -> list[System]:
    """These systems, or all. Raises ConfigError for a name that no system has."""
    known = fleet()
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ConfigError(f"No system is called {', '.join(unknown)}.", hint=f"There are {', '.join(known)}.")
    return [known[name] for name in names] if names else list(known.values())
