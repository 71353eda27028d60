"""The catalogue of features, which is at once the declaration of the feature store's columns."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, cast

from tipoff.store.schema import Column, Table, count, day, derived, flag, instant, number, string

Category = Literal["player_history", "matchup", "team_context", "game_context", "vegas"]
CATEGORIES: tuple[Category, ...] = ("matchup", "player_history", "team_context", "vegas", "game_context")


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue. `low` and `high` are in `unit`; None is unbounded."""

    index: int
    name: str
    category: Category
    unit: str
    required: bool
    low: float | None
    high: float | None
    may_be_constant: bool
    window: str
    definition: str

    @property
    def span(self) -> str:
        """Its range as an interval: `[0, 70]`, open where there is no bound."""
        low = "(-∞" if self.low is None else f"[{self.low:g}"
        high = "∞)" if self.high is None else f"{self.high:g}]"
        return f"{low}, {high}"


@lru_cache(maxsize=1)
def catalogue() -> tuple[Entry, ...]:
    """The 65 features in the order of their indexes."""
    text = files("tipoff.store.tables").joinpath("features.csv").read_text(encoding="utf-8")
    return tuple(
        Entry(
            index=int(row["index"]),
            name=row["name"],
            category=cast(Category, row["category"]),
            unit=row["unit"],
            required=row["required"] == "yes",
            low=float(row["min"]) if row["min"] else None,
            high=float(row["max"]) if row["max"] else None,
            may_be_constant=row["may_be_constant"] == "yes",
            window=row["window"],
            definition=row["definition"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def value_columns(entry: Entry) -> tuple[Column, ...]:
    """A feature's three columns: its value, its quality, and its source or the reason why it is missing."""
    return (
        Column(entry.name, "float", f"f{entry.index}: {entry.definition}", entry.unit),
        count(f"{entry.name}_quality", f"quality of f{entry.index}", "0-100"),
        string(f"{entry.name}_source", f"source of f{entry.index}, or why it is missing"),
    )


STORE: Table = derived(
    "features.store",
    ("game_id", "player_lookup", "as_of"),
    (
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        instant("as_of", "the moment of knowledge: no input is newer"),
        day("game_date", "the game day"),
        string("season", "such as 2025-26"),
        string("team", "tricode"),
        string("opponent", "tricode"),
        *(column for entry in catalogue() for column in value_columns(entry)),
        number("quality_score", "mean quality over the catalogue; missing optional and waived features left out", "0-100"),
        string("tier", "gold, silver, bronze, poor or critical"),
        *(number(f"{category}_score", f"mean quality over the category {category}", "0-100") for category in CATEGORIES),
        count("missing_required", "required features that are missing and neither waived nor excused", "features"),
        string("missing", "their names with reasons: name=reason, comma-separated"),
        string("waived", "required features that no switched-on source supplies for that day, comma-separated"),
        flag("quality_ready", "score >= 70, matchup >= 50, no required feature missing"),
        flag("warm_up", "within the season's first 14 days: not trained on"),
        string("feature_version", "version of the code that computed it"),
        instant("newest_known_at", "newest known_at of its inputs"),
    ),
    "One row a player and game as of a moment: values, qualities, sources, score",
)

TABLES = (STORE,)
