"""A warehouse and a vault on disk, with what a test does to them: load, import, look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tipoff.load.counts import Counts
from tipoff.load.documents import load_payloads
from tipoff.load.imports import ImportedFile, import_file, plan
from tipoff.load.mapping import Mapping
from tipoff.load.replay import replay_unresolved
from tipoff.scrape.records import Payload
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket
from tipoff.store.tables import ALL

SEEN = datetime(2025, 11, 20, 12, tzinfo=UTC)
LEVEL_POINTS = 5.0
FACTS = ("raw.odds_player_points", "raw.odds_game_lines", "raw.schedule", "raw.player_box", "raw.injuries")
WRITTEN = frozenset({"written_at", "run_id"})
Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Bench:
    folder: Path

    @property
    def warehouse(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.folder / "warehouse.duckdb")

    @property
    def vault(self) -> Vault:
        return Vault(open_bucket(self.folder.as_uri()))

    def load(self, *payloads: Payload) -> Counts:
        """Load documents; whose they are is told by their shape."""
        return self.stream(payloads)

    def stream(self, payloads: Iterable[Payload], **how: Any) -> Counts:
        return load_payloads(self.warehouse, self.vault, ((payload, None) for payload in payloads), seen_at=SEEN, run_id="a run", **how)

    def replay(self) -> Counts:
        return replay_unresolved(self.warehouse, self.vault, seen_at=SEEN, run_id="a replay")

    def imports(self, *files: Path, own: tuple[Mapping, ...] = (), league: str = "nba") -> list[ImportedFile]:
        """Import files as the command does: each by its mapping, in the planned order."""
        return [
            import_file(
                self.warehouse,
                self.vault,
                file,
                mapping,
                league=league,
                level_points=LEVEL_POINTS,
                run_id="an import",
                seen_at=SEEN,
            )
            for file, mapping in plan(list(files), own)
        ]

    def rows(self, name: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of a table, every version of them, in the order of their keys."""
        with self.warehouse.reading() as work:
            found: list[dict[str, Any]] = work.fetch(work.table(name)).to_pylist()
        kept = [row for row in found if all(row[column] == value for column, value in where.items())]
        return sorted(kept, key=lambda row: tuple(map(str, row.values())))

    def row(self, name: str, **where: Any) -> dict[str, Any]:
        """The one row that there is."""
        [found] = self.rows(name, **where)
        return found

    def tables(self, *names: str, without: Iterable[str] = ()) -> Tables:
        """Every row of these tables (default: all), less who wrote it and when, and less the columns named."""
        aside = WRITTEN | set(without)
        with self.warehouse.reading() as work:
            found = {name: work.fetch(work.table(name)) for name in names or [table.name for table in ALL]}
        return {
            name: sorted(
                (tuple(value for column, value in row.items() if column not in aside) for row in table.to_pylist()),
                key=lambda row: tuple(map(str, row)),
            )
            for name, table in found.items()
        }
