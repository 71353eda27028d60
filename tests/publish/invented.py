"""An invented night for the tests of `publish` and `web`: five games, ninety players who do not exist, three systems.

Everything follows from the seed. It fills tables directly, as the phases before publication would have left them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from publish.invented_quotes import quote_rows, report_rows
from publish.invented_rows import (
    Man,
    absence_row,
    box_row,
    context_row,
    features_row,
    grade_row,
    line_row,
    model_row,
    past_rows,
    points_of,
    prediction_row,
    reason_of,
)
from tipoff.names import game_id, player_lookup
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Warehouse

NIGHT = date(2031, 2, 12)
MATCHES = (("BKN", "CLE", 0.0), ("MIA", "TOR", 0.5), ("CHI", "DAL", 1.5), ("DEN", "UTA", 2.0), ("PHX", "SAC", 3.0))
SYSTEMS = ("boosted_quantiles", "moving_average", "ridge_line")
_FIRST = (
    "Corvin",
    "Tavio",
    "Brem",
    "Osric",
    "Jundar",
    "Ilo",
    "Maddox",
    "Ketil",
    "Renzo",
    "Ansel",
    "Wystan",
    "Dario",
    "Yorick",
    "Fenno",
    "Luc",
)
_LAST = (
    "Ashdale",
    "Vellacourt",
    "Ombrese",
    "Quillan",
    "Tharsk",
    "Norvane",
    "Ibarrow",
    "Keldt",
    "Sundqvarr",
    "Petrakoss",
    "Mbelani",
    "Drusk",
)


def filling(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as Arrow, in the table's own types; columns that no row has are left out."""
    declared = table_named(name)
    given = [column for column in declared.columns if any(column.name in row for row in rows)]
    return pa.Table.from_pylist(rows, schema=pa.schema([(column.name, column.arrow) for column in given]))


@dataclass(frozen=True)
class Night:
    """What is to be invented. `graded` plays the games; `threshold` is the edge that earns a recommendation."""

    night: date = NIGHT
    seed: int = 7
    graded: bool = False
    threshold: float = 1.0
    systems: tuple[str, ...] = SYSTEMS
    champion: str | None = None
    league: str = "practice"

    def tips(self) -> list[tuple[str, str, str, datetime]]:
        """(game, away, home, tip)."""
        first = datetime(self.night.year, self.night.month, self.night.day, tzinfo=UTC) + timedelta(days=1)
        return [(game_id(self.night, away, home), away, home, first + timedelta(hours=hours)) for away, home, hours in MATCHES]

    def men(self) -> list[Man]:
        """Nine a side, strongest first."""
        rng = np.random.default_rng(self.seed)
        found: list[Man] = []
        for game, away, home, tip in self.tips():
            for team, opponent in ((away, home), (home, away)):
                for place in range(9):
                    name = f"{_FIRST[len(found) % 15]} {_LAST[(len(found) * 7 + len(found) // 15) % 12]}"
                    if len(found) % 23 == 5:
                        name += " Jr."
                    level = max(3.5, 27.5 * math.exp(-0.24 * place) + float(rng.normal(0, 1.6)))
                    found.append(Man(player_lookup(name), name, team, opponent, team == home, game, tip, level, place))
        return found

    def schedule(self, warehouse: Warehouse) -> None:
        """The schedule, and the league's claim."""
        with warehouse.writing("invented") as work:
            work.claim_league(self.league)
            rng = np.random.default_rng(self.seed + 1)
            rows = []
            for game, away, home, tip in self.tips():
                row: dict[str, Any] = {
                    "game_id": game,
                    "league_game_id": f"L{game}",
                    "game_date": self.night,
                    "season": "2030-31",
                    "commence_time": tip,
                    "tip_assumed": False,
                    "home": home,
                    "away": away,
                    "game_type": "regular",
                    "status": "scheduled",
                    "known_at": tip - timedelta(days=20),
                    "source": "invented",
                    "origin_rank": 1,
                }
                rows.append(row)
                if self.graded:
                    scores = {"home_score": int(rng.integers(98, 128)), "away_score": int(rng.integers(98, 127))}
                    rows.append(row | {"status": "final", "known_at": tip + timedelta(hours=3)} | scores)
            work.merge("raw.schedule", filling("raw.schedule", rows))

    def people(self, warehouse: Warehouse) -> None:
        """Players, their past games, the circumstances and the market of this night."""
        rng = np.random.default_rng(self.seed + 2)
        men = self.men()
        with warehouse.writing("invented") as work:
            names = [{"player_lookup": man.lookup, "name": man.name, "team": man.team} for man in men]
            work.merge("ref.players", filling("ref.players", names))
            past = [row for man in men for row in past_rows(man, self.night, rng)]
            work.merge("analytics.player_game_summary", filling("analytics.player_game_summary", past))
            context = [context_row(man, self.night, rng) for man in men]
            work.merge("analytics.upcoming_player_game_context", filling("analytics.upcoming_player_game_context", context))
            work.merge(
                "analytics.player_line_summary",
                filling("analytics.player_line_summary", [line_row(man, rng) for man in men if man.place < 7]),
            )
            work.merge("features.store", filling("features.store", [features_row(man, self.night, rng) for man in men]))

    def quotes(self, warehouse: Warehouse) -> None:
        """What the books quoted, and what the injury reports said meanwhile."""
        men = self.men()
        rows = quote_rows(men, self.night, np.random.default_rng(self.seed + 5))
        with warehouse.writing("invented") as work:
            work.merge("raw.odds_player_points", filling("raw.odds_player_points", rows))
            work.merge("raw.injuries", filling("raw.injuries", report_rows(men, self.night)))

    def opinions(self, warehouse: Warehouse) -> None:
        """Predictions of every system, and the reasons of those that it left out."""
        rng = np.random.default_rng(self.seed + 3)
        said: list[dict[str, Any]] = []
        silent: list[dict[str, Any]] = []
        for man in self.men():
            for place, system in enumerate(self.systems):
                reason = reason_of(man, system)
                if reason is None:
                    said.append(prediction_row(man, system, place, self.night, self.threshold, rng))
                else:
                    silent.append(absence_row(man, system, reason, self.night))
        models = [model_row(system, self.night, self.champion) for system in self.systems if system != "moving_average"]
        with warehouse.writing("invented") as work:
            work.merge("predictions.player_prop_predictions", filling("predictions.player_prop_predictions", said))
            work.merge("predictions.absences", filling("predictions.absences", silent))
            work.merge("models.registry", filling("models.registry", models))

    def play(self, warehouse: Warehouse) -> None:
        """Box scores and grades."""
        rng = np.random.default_rng(self.seed + 4)
        points = {man.lookup: (None if man.place == 8 or rng.random() < 0.03 else points_of(man.level, rng)) for man in self.men()}
        box = [box_row(man, points[man.lookup], self.night, rng) for man in self.men()]
        with warehouse.writing("invented") as work:
            said = work.fetch(work.table("predictions.player_prop_predictions")).to_pylist()
            grades = [grade_row(row, points[row["player_lookup"]]) for row in said if row["game_date"] == self.night]
            work.merge("raw.player_box", filling("raw.player_box", box))
            work.merge("predictions.prediction_accuracy", filling("predictions.prediction_accuracy", grades))


_FILLED: dict[Night, bytes] = {}  # warehouses that were filled before, as files: filling takes a second


def fill(warehouse: Warehouse, night: Night | None = None) -> Night:
    """Everything: the night as it stands before its first tip, or after its grading."""
    night = night or Night()
    path = warehouse.path if isinstance(warehouse, DuckDBWarehouse) else None
    if path is not None and night in _FILLED and not path.exists():
        path.write_bytes(_FILLED[night])
        return night
    fresh = path is not None and not path.exists()
    night.schedule(warehouse)
    night.people(warehouse)
    night.quotes(warehouse)
    night.opinions(warehouse)
    if night.graded:
        night.play(warehouse)
    if path is not None and fresh:
        _FILLED[night] = path.read_bytes()
    return night
