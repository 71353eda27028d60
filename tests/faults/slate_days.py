"""The small league's night as a worker lives it: documents land, the clock is turned, and what follows is done by batches."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from faults.crash_scenes import AFTERNOON, SYSTEMS
from features.raw_rows import Row, copy_of, fill
from features.small_league import NIGHT, small_league, tip_of
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.engine import Engine
from tipoff.flow.house import House, open_house
from tipoff.flow.lease import trigger
from tipoff.flow.season_crew import settled
from tipoff.flow.slate import ask
from tipoff.flow.worker import working
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.systems import systems_named
from tipoff.publish.documents import Tonight
from tipoff.publish.write import get, tonight_path
from tipoff.store.receipts import Receipt
from tipoff.train.fit import fit_fleet
from tipoff.train.keep import keep_fleet
from train.invented_data import UNTIL, invented

SYSTEM = "moving_average"
_TOO_STEEP = ("dena", "dene")
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Lived:
    """The open house of the night, with an engine that does what is asked for."""

    house: House
    clock: ManualClock
    engine: Engine

    def land(self, feed: str, body: bytes, source: str) -> None:
        """A document arrives now, and everything that follows from it is done."""
        at = self.clock.now()
        payload_id = self.house.vault.put(body)
        self.house.receipts.put(Receipt(payload_id, source, feed, NIGHT, at, f"https://a.test/{feed}", 200))
        self.ask(feed, f"{feed} landed")

    def ask(self, feed: str, cause: str = "a test", run_mode: str | None = None) -> None:
        """A batch is asked for, and everything that follows is done."""
        trigger(self.engine, feed, NIGHT, cause, ask(run_mode) if run_mode else None)
        until = time.monotonic() + _PATIENCE_SECONDS
        while not settled(self.engine):
            assert time.monotonic() < until, "it does not settle"
            time.sleep(0.02)

    def said(self) -> list[dict[str, Any]]:
        """Every word of the system that is trained, newest or not."""
        rows: list[dict[str, Any]] = self.house.warehouse.read(PREDICTIONS, system_id=SYSTEM).to_pylist()
        return rows

    def active(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What stands, by game and player."""
        return {(row["game_id"], row["player_lookup"]): row for row in self.said() if row["is_active"]}

    def grades(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.house.warehouse.read("predictions.prediction_accuracy").to_pylist()
        return rows

    def batches(self, feed: str) -> list[Batch]:
        return batches(self.house.state, NIGHT, feed)

    def document(self) -> Tonight:
        """What readers see of the night."""
        return Tonight.model_validate_json(get(self.house.bucket, tonight_path(NIGHT)) or b"")


def _steady(lines: list[Row]) -> None:
    """The same points in every game for the men whose points rise and fall too steeply, and as many as before in all."""
    for player in _TOO_STEEP:
        mine = [line for line in lines if line["player_lookup"] == player and line["minutes"]]
        for line in mine:
            line["points"] = round(sum(line["points"] for line in mine) / len(mine))


@contextmanager
def prepared(
    folder: Path, at: datetime = AFTERNOON, names: Mapping[str, str] | None = None, *, sound: bool = True
) -> Iterator[tuple[House, ManualClock]]:
    """The house of the night with one cheap system trained, at a moment; `names` gives players of the league other lookups.

    Its teams are given more turnovers, or their pace would stop the slate; and two men whose few points rise and fall too steeply are made
    steady, or they would stop one that has a game less, unless it is not to be `sound`.
    """
    raw = copy_of(small_league())
    for line in raw["raw.player_box"]:
        if line["minutes"] and line["tov"] is not None:
            line["tov"] += 1
    # What the schedule said after the night is not known yet.
    raw["raw.schedule"] = [row for row in raw["raw.schedule"] if row["known_at"] < tip_of(NIGHT)]
    if sound:
        _steady(raw["raw.player_box"])
    for rows in raw.values():
        for row in rows:
            if row.get("player_lookup") in (names or {}):
                row["player_lookup"] = (names or {})[row["player_lookup"]]
    fill(folder / "warehouse.duckdb", raw)
    (folder / "systems.toml").write_text(SYSTEMS)
    settings = load_settings(data_dir=folder, systems_file=folder / "systems.toml", settle_seconds=0.0, retry_seconds=0.0)
    clock = ManualClock(at)
    with open_house(settings, clock) as house:
        fitted = fit_fleet(systems_named([SYSTEM], settings.systems_file), invented(), UNTIL, threads=1)
        keep_fleet(house.warehouse, house.bucket, fitted, invented(), created_at=at, run_id="train")
        yield house, clock


@contextmanager
def lived(folder: Path, at: datetime = AFTERNOON, names: Mapping[str, str] | None = None, *, sound: bool = True) -> Iterator[Lived]:
    """The same, with an engine in this process."""
    with prepared(folder, at, names, sound=sound) as (house, clock), working(house, scheduled=False) as engine:
        yield Lived(house, clock, engine)
