"""A server with its control API, on loopback over a real house; and a client that has its token."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

import duckdb
import httpx
from pydantic import SecretStr

from tipoff.clock import ManualClock, local_instant
from tipoff.config import Settings, load_settings
from tipoff.flow.engine import Desk, open_desk
from tipoff.flow.house import House, open_house
from tipoff.predict.activate import PREDICTIONS
from tipoff.web.app import create_app
from tipoff.web.control import Control
from tipoff.web.server import Listener
from train import practice_house

TOKEN = "a-token-for-tests-0123456789"
NIGHT = practice_house.NIGHT
AFTERNOON = local_instant(NIGHT, time(18))
SAID = (PREDICTIONS, "predictions.absences")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Served:
    """A server; `client` has the token, `stranger` has none."""

    house: House
    desk: Desk
    client: httpx.Client
    stranger: httpx.Client

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return self.client.post(path, json=asked)

    def status(self, **of: str) -> dict[str, Any]:
        found: dict[str, Any] = self.stranger.get("/status", params=of).json()
        return found


def settings_in(folder: Path, **more: Any) -> Settings:
    return load_settings(data_dir=folder, api_token=SecretStr(TOKEN)).model_copy(update={"league": "practice", **more})


def with_history(folder: Path) -> Path:
    """A data directory with history and the night's lines, and no model."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(practice_house.eve().warehouse.path, folder / "warehouse.duckdb")
    return folder


def with_fleet(folder: Path) -> Path:
    """A data directory with history, the night's lines and a trained fleet that has said nothing yet."""
    stage = practice_house.predicted().stage
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(stage.warehouse.path, folder / "warehouse.duckdb")
    shutil.copytree(stage.folder / "bucket" / "models", folder / "models")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for table in SAID:
            connection.execute(f"DELETE FROM {table}")
    return folder


@contextmanager
def controlling(settings: Settings) -> Iterator[Served]:
    """Serve the house of these settings, as it stands on the night's afternoon."""
    with open_house(settings, ManualClock(AFTERNOON), wait_seconds=10) as house, open_desk(house) as desk, serving(desk) as served:
        yield served


@contextmanager
def serving(desk: Desk) -> Iterator[Served]:
    house = desk.house
    listener = Listener(create_app(house.bucket, clock=house.clock, control=Control.of(desk)))
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        with httpx.Client(base_url=listener.url, timeout=60, headers=BEARER) as client, httpx.Client(base_url=listener.url) as stranger:
            yield Served(house, desk, client, stranger)
    finally:
        listener.stop()
        thread.join()
