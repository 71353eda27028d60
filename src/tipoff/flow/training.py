"""Training as a recorded run: one data set, each system on it, and all of them kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from tipoff.flow.house import House
from tipoff.predict.artefacts import Manifest
from tipoff.predict.systems import THIS_SEASON, System, window_of
from tipoff.train.dataset import data_set
from tipoff.train.fit import fit_fleet
from tipoff.train.keep import keep_fleet

A_SEASON = timedelta(days=366)


def train_fleet(house: House, systems: Sequence[System], until: date, window: str | None, tick: Callable[[int], None]) -> list[Manifest]:
    """Train these systems for a day, each on its own window before it, or all on one that is given (`1095d` or `season`); `tick` is called
    after the data set and after each system.

    Raises NotReady where there is too little to learn from.
    """
    chosen = [system if window is None else system.model_copy(update={"window": window}) for system in systems]
    with house.state.phase(house.run_id, "train", until) as recorded:
        data = data_set(house.warehouse, until, max(span_of(system.window) for system in chosen))
        tick(1)
        fitted = fit_fleet(chosen, data, until, tick=tick)
        manifests = keep_fleet(house.warehouse, house.bucket, fitted, data, created_at=house.clock.now(), run_id=house.run_id)
        recorded.counts = {"rows": data.size, "systems": len(manifests)}
    return manifests


def span_of(window: str) -> timedelta:
    """How far back a window reaches at most."""
    return A_SEASON if window == THIS_SEASON else window_of(window)
