"""What a load did, for people, for `--json`, and for the next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tipoff.store.warehouse import Merged


@dataclass
class Counts:
    """What a load did: merges by table, documents, rows set apart by rule; how many rows left the quarantine; the games it spoke of, and
    those whose facts it changed; the (payload, path) of what was set apart, and the (name, game, source) of names that lead to nobody."""

    documents: int = 0
    already: int = 0
    offered: int = 0
    merged: dict[str, Merged] = field(default_factory=dict)
    set_apart: dict[str, int] = field(default_factory=dict)
    games: set[str] = field(default_factory=set)
    changed_games: set[str] = field(default_factory=set)
    mended: int = 0
    apart: set[tuple[str, str]] = field(default_factory=set)
    names: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, table: str, merged: Merged) -> None:
        self.merged[table] = self.merged.get(table, Merged()) + merged

    def __add__(self, other: Counts) -> Counts:
        total = Counts(
            self.documents + other.documents,
            self.already + other.already,
            self.offered + other.offered,
            dict(self.merged),
            dict(self.set_apart),
            self.games | other.games,
            self.changed_games | other.changed_games,
            self.mended + other.mended,
            self.apart | other.apart,
            self.names | other.names,
        )
        for table, merged in other.merged.items():
            total.add(table, merged)
        for rule, number in other.set_apart.items():
            total.set_apart[rule] = total.set_apart.get(rule, 0) + number
        return total

    def changed(self, table: str) -> bool:
        """Whether a merge changed anything in this table."""
        merged = self.merged.get(table, Merged())
        return bool(merged.inserted or merged.updated)

    @property
    def inserted(self) -> int:
        return sum(merged.inserted for merged in self.merged.values())

    @property
    def updated(self) -> int:
        return sum(merged.updated for merged in self.merged.values())

    def as_dict(self) -> dict[str, Any]:
        """For people and for `--json`."""
        return {
            "documents": self.documents,
            "already_loaded": self.already,
            "rows_offered": self.offered,
            "rows_inserted": self.inserted,
            "rows_updated": self.updated,
            "tables": {name: {"inserted": merged.inserted, "updated": merged.updated} for name, merged in sorted(self.merged.items())},
            "set_apart": dict(sorted(self.set_apart.items())),
            "mended": self.mended,
            "games": len(self.games),
            "changed_games": len(self.changed_games),
        }
