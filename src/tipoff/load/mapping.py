"""Mappings: which columns of somebody's file mean what. One small TOML file each, ours and anybody else's alike.

Knows column names only. It must never know what a row says.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tipoff.errors import BadInput, UnknownFormat

ImportKind = Literal["games", "box", "game-lines", "props", "injuries", "unused"]

ORDER: tuple[ImportKind, ...] = ("games", "box", "injuries", "game-lines", "props", "unused")

FIELDS: dict[str, tuple[str, ...]] = {
    "games": ("game_date", "home", "away"),
    "box": ("game_date", "name", "team"),
    "game-lines": ("game_date", "home", "away", "bookmaker"),
    "props": ("game_date", "home", "away", "name", "bookmaker", "point"),
    "injuries": ("game_date", "team", "name", "status"),
    "unused": (),
}
"""What a mapping of each kind must name."""

_TIMED = ("league_game_id", "event_id", "commence_time", "snapshot_at", "last_update")
OPTIONAL: dict[str, tuple[str, ...]] = {
    "games": ("league_game_id", "event_id", "game_type", "commence_time", "home_score", "away_score"),
    "box": (
        *("league_game_id", "league_player_id", "opponent", "home", "started", "minutes", "did_not_play", "reason"),
        *("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf", "plus_minus"),
        *("commence_time", "known_at"),
    ),
    "game-lines": (
        *_TIMED,
        *("spread_home", "spread_home_price", "spread_away_price", "total", "total_over_price", "total_under_price"),
        *("moneyline_home", "moneyline_away"),
    ),
    "props": (*_TIMED, "league_player_id", "over_price", "under_price"),
    "injuries": ("league_player_id", "reason", "report_date", "known_at"),
    "unused": (),
}
"""What it may name besides; any other name is a slip of the pen, and refused."""


class Mapping(BaseModel):
    """One kind of file: the columns by which it is recognised (`needs`), and ours by theirs.

    `columns` gives one column of theirs, or several of which the first that is not empty counts. `prices` says how prices are
    written; `values` translates words; `constants` fills what the file leaves out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    kind: ImportKind
    description: str = ""
    because: str = ""
    needs: tuple[str, ...] = Field(min_length=1)
    prices: Literal["american", "decimal"] = "decimal"
    columns: dict[str, str | list[str]] = {}
    values: dict[str, dict[str, str]] = {}
    constants: dict[str, Any] = {}

    def theirs(self, field: str) -> list[str]:
        """Their columns for a field of ours, in order of preference; none where it is not mapped."""
        named = self.columns.get(field, [])
        return [named] if isinstance(named, str) else list(named)


def read_mapping(path: Path) -> Mapping:
    """A mapping from a TOML file. Raises BadInput, naming the field, where it does not fit."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The mapping {path} cannot be read: {error}.", hint="Is that its path? docs/import.md has an example.") from None
    return _parse(text, path.stem, str(path))


@lru_cache(maxsize=1)
def built_in() -> tuple[Mapping, ...]:
    """The mappings that come with Tipoff."""
    folder = files("tipoff.load").joinpath("mappings")
    return tuple(
        _parse(entry.read_text(encoding="utf-8"), entry.name.removesuffix(".toml"), entry.name)
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    )


def _parse(text: str, name: str, origin: str) -> Mapping:
    try:
        mapping = Mapping(**{"name": name, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The mapping {origin} is not TOML: {error}.") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise BadInput(f"The mapping {origin} does not fit: {faults}.", hint="docs/import.md has an example.") from None
    fault = _fault(mapping)
    if fault:
        raise BadInput(f"The mapping {origin} {fault}.", hint="docs/import.md has an example.")
    return mapping


def _fault(mapping: Mapping) -> str:
    """What is wrong with the names in a mapping, in words; empty where nothing is."""
    if mapping.kind == "unused":
        return ""
    named = {*(field for field in mapping.columns if mapping.theirs(field)), *mapping.constants}
    unknown = sorted({*mapping.columns, *mapping.constants, *mapping.values} - {*FIELDS[mapping.kind], *OPTIONAL[mapping.kind]})
    if unknown:
        return f"names {', '.join(unknown)}, which no file of kind {mapping.kind} has"
    missing = [field for field in FIELDS[mapping.kind] if field not in named]
    if "opponent" in named and "home" not in named:
        missing.append("home")
    if missing:
        return f"does not say which column is {', '.join(missing)}"
    idle = sorted(set(mapping.values) - named)
    return f"translates {', '.join(idle)}, for which it names no column" if idle else ""


def recognise(columns: list[str], own: tuple[Mapping, ...] = ()) -> Mapping:
    """The mapping for a file with these columns: one's own before ours, then the one that needs the most of them.

    Raises UnknownFormat, with the nearest miss, where none fits.
    """
    there = set(columns)
    for mappings in (own, built_in()):
        fitting = [mapping for mapping in mappings if set(mapping.needs) <= there]
        if fitting:
            return max(fitting, key=lambda mapping: len(mapping.needs))
    nearest = max((*own, *built_in()), key=lambda mapping: len(set(mapping.needs) & there) / len(mapping.needs))
    lacking = ", ".join(sorted(set(nearest.needs) - there))
    raise UnknownFormat(
        f"No known kind of file has these columns: {', '.join(columns)}. The nearest is {nearest.name!r}, which also needs {lacking}.",
        hint="Write a mapping (docs/import.md) and give it with --mapping.",
    )
