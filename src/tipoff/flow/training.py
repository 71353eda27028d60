"""Training as a recorded run: one data set, then each system on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from tipoff.flow.house import House
from tipoff.predict.artefacts import Manifest
from tipoff.predict.systems import System
from tipoff.train.dataset import data_set
from tipoff.train.fit import fit_system


def train_fleet(house: House, systems: list[System], until: date, window: timedelta, tick: Callable[[int], None]) -> list[Manifest]:
    """Train these systems for a day on the window before it; `tick` is called after the data set and after each system.

    Raises NotReady where there is too little to learn from.
    """
    trained = []
    with house.state.phase(house.run_id, "train", until) as recorded:
        data = data_set(house.warehouse, until, window)
        tick(1)
        for system in systems:
            trained.append(fit_system(house.warehouse, house.bucket, system, data, created_at=house.clock.now(), run_id=house.run_id))
            tick(1)
        recorded.counts = {"rows": data.size, "systems": len(trained)}
    return trained
