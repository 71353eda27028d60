"""Training as a recorded run: one data set, each system on it, and all of them kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tipoff.errors import NotReady
from tipoff.flow.fleet import say_models_changed
from tipoff.flow.house import House
from tipoff.predict.artefacts import Manifest
from tipoff.predict.systems import THIS_SEASON, System, linked, window_of, with_window
from tipoff.store.warehouse import Work
from tipoff.train.dataset import data_set
from tipoff.train.fit import fit_fleet
from tipoff.train.keep import keep_fleet

A_SEASON = timedelta(days=366)


@dataclass(frozen=True)
class Trained:
    """The manifests of the systems that were trained, and why the others were not."""

    manifests: list[Manifest]
    refused: dict[str, str]

    @property
    def counts(self) -> dict[str, Any]:
        """For the record of the run: how many, and why not the others."""
        counted = {"rows": self.manifests[0].rows, "systems": len(self.manifests), "refused": len(self.refused)}
        return counted | ({"why": "; ".join(f"{name}: {why}" for name, why in self.refused.items())} if self.refused else {})


def train_fleet(house: House, systems: Sequence[System], until: date, window: str | None, tick: Callable[[int], None]) -> Trained:
    """Train these systems for a day, each on its own window before it, or all on one that is given (`1095d` or `season`); `tick` is called
    after the data set and after each system.

    Raises NotReady where there is too little to learn from for any of them.
    """
    with house.state.phase(house.run_id, "train", until) as recorded:
        trained = train_within(house, systems, until, window, tick)
        with house.warehouse.writing(house.run_id) as work:
            say_models_changed(house, work, f"train:{until}:{house.run_id}")
        recorded.counts = trained.counts
    return trained


def train_within(
    house: House,
    systems: Sequence[System],
    until: date,
    window: str | None,
    tick: Callable[[int], None],
    guard: Callable[[Work], None] = lambda _work: None,
) -> Trained:
    """The same, within a run that is on record. `guard` is called within each transaction that enters a model."""
    chosen = list(systems) if window is None else linked([with_window(system, window) for system in systems])
    data = data_set(house.warehouse, until, max(span_of(system.window) for system in chosen))
    tick(1)
    refused: dict[str, str] = {}
    fitted = fit_fleet(chosen, data, until, tick=tick, refused=refused)
    if not fitted:
        raise NotReady("No system could be trained.", hint="; ".join(dict.fromkeys(refused.values())))
    manifests = keep_fleet(house.warehouse, house.bucket, fitted, data, created_at=house.clock.now(), run_id=house.run_id, guard=guard)
    return Trained(manifests, refused)


def span_of(window: str) -> timedelta:
    """How far back a window reaches at most."""
    return A_SEASON if window == THIS_SEASON else window_of(window)
