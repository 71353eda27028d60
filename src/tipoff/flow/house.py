"""Everything that a command needs, opened by configuration: settings, clock, warehouse, vault, bucket, state."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from json import loads

from obstore.store import ObjectStore

from tipoff.clock import Clock, game_date_of
from tipoff.config import Settings, mask_url
from tipoff.errors import LeagueMismatch
from tipoff.flow.credits import Credits
from tipoff.flow.halts import active
from tipoff.flow.state import State
from tipoff.predict.systems import System, systems_named
from tipoff.publish.documents import Halt, league_named
from tipoff.publish.status import PhaseRun, publish_status
from tipoff.publish.write import LATEST
from tipoff.store import open_warehouse
from tipoff.store.bucket import read
from tipoff.store.payloads import Vault, open_bucket
from tipoff.store.receipts import Receipts
from tipoff.store.warehouse import Warehouse

_STATUS_WORDS = {"complete": "success"}


def systems_of(settings: Settings, named: Iterable[str] | None = None) -> list[System]:
    """The systems in service, ensembles last: those that are `named`, else the settings' own, else all of the fleet; an ensemble brings
    its members. Raises ConfigError for a name that no system has."""
    return systems_named(list(named or settings.systems) or None, settings.systems_file)


@dataclass(frozen=True)
class House:
    """The open house. `run_id` names this run in every row that it writes."""

    settings: Settings
    clock: Clock
    warehouse: Warehouse
    bucket: ObjectStore
    vault: Vault
    receipts: Receipts
    state: State
    credits: Credits
    run_id: str

    def publish_status(self, ends: tuple[str, date] | None = None) -> None:
        """Write `v1/status.json` from the runs on record, and the halt in force for today. `ends`: the phase, and its day, that ends with
        this; it is told as done, since nobody would write that it was."""
        now = self.clock.now()
        runs = [
            PhaseRun(
                run_id=run.run_id,
                game_date=run.game_date,
                phase=run.phase,
                status=_STATUS_WORDS.get(run.status, run.status),
                counts={name: value for name, value in run.counts.items() if isinstance(value, int)},
                started_at=run.started_at,
                finished_at=run.finished_at,
                error=run.error,
            )
            for run in self.state.runs()
            if run.game_date is not None
        ]
        ending = ("running", *ends) if ends else None
        runs = [
            replace(run, status="success", finished_at=now) if (run.status, run.phase, run.game_date) == ending else run for run in runs
        ]
        publish_status(self.bucket, runs, generated_at=now, league=league_named(self.warehouse.league()), halt=self.halt_shown())

    def claim_league(self) -> None:
        """Mark an empty warehouse as that of the settings' league: for whoever is about to make something of data that would only be set
        apart. Raises LeagueMismatch, before anything is done, where it is another's, or the bucket shows another's documents."""
        league = self.settings.league
        for url, there in ((self.settings.bucket_url, self._league_shown()), (self.settings.warehouse_url, self.warehouse.league())):
            if there not in (None, league):
                raise LeagueMismatch(
                    f"{mask_url(url)} holds the league {there!r}, and not {league!r}; nothing was done there.",
                    hint="Give --data-dir a folder of its own, and unset TIPOFF_WAREHOUSE, TIPOFF_DATABASE and TIPOFF_BUCKET.",
                )
        with self.warehouse.writing(self.run_id) as work:
            work.claim_league(league)

    def _league_shown(self) -> str | None:
        try:
            league: str = loads(read(self.bucket, LATEST))["league"]
        except FileNotFoundError:
            return None
        return league

    def halt_shown(self) -> Halt:
        """The halt in force for today, as documents of no single date have it."""
        now = self.clock.now()
        halt = active(self.state, now, game_date_of(now))
        return Halt(active=True, reason=halt.words, since=halt.since) if halt else Halt()


@contextmanager
def open_house(settings: Settings, clock: Clock, *, wait_seconds: float | None = None) -> Iterator[House]:
    """Open everything that the settings name, for one run; `wait_seconds` is how long it waits for a warehouse that another process holds.

    Raises ConfigError where something cannot be opened.
    """
    warehouse = open_warehouse(settings, wait_seconds)
    bucket = open_bucket(settings.bucket_url)
    state = State(settings, clock)
    run_id = f"{clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    try:
        yield House(
            settings,
            clock,
            warehouse,
            bucket,
            Vault(bucket),
            Receipts(bucket),
            state,
            Credits(state, clock, settings, run_id),
            run_id,
        )
    finally:
        state.close()
