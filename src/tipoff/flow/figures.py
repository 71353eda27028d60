"""Figures for a monitor: how many batches are in which state, how old the oldest that waits is, workers, alerts, credits.

From the state database alone. It must never know the format in which they are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

import sqlalchemy as sa

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.flow.alerts import alerts
from tipoff.flow.batch_log import BATCHES, naive
from tipoff.flow.credits import Credits, Spent
from tipoff.flow.dead_letter_log import DEAD_LETTERS
from tipoff.flow.living import living
from tipoff.flow.state import RUNS, State


@dataclass(frozen=True)
class Figures:
    """`batches` by (feed, state), `runs` by (phase, status); `oldest_waiting_seconds` of the batches that may begin, 0 where none waits;
    `retried` counts the batches that were not the first attempt."""

    batches: dict[tuple[str, str], int]
    runs: dict[tuple[str, str], int]
    retried: int
    oldest_waiting_seconds: float
    workers: int
    alerts_open: int
    dead_letters: int
    credits: Spent


def figures(state: State, clock: Clock, settings: Settings) -> Figures:
    """The figures as they stand now. Raises Busy where the state database is held too long."""
    now = clock.now()
    batches, runs = BATCHES.c, RUNS.c
    with state.reading() as connection:
        by_state = connection.execute(sa.select(batches.feed, batches.state, sa.func.count()).group_by(batches.feed, batches.state)).all()
        by_status = connection.execute(sa.select(runs.phase, runs.status, sa.func.count()).group_by(runs.phase, runs.status)).all()
        retried = connection.execute(sa.select(sa.func.count()).where(batches.attempt > 1)).scalar_one()
        refused = connection.execute(sa.select(sa.func.count()).where(DEAD_LETTERS.c.replayed_at.is_(None))).scalar_one()
        due = (batches.state == "waiting") & (batches.not_before.is_(None) | (batches.not_before <= naive(now)))
        since = sa.func.coalesce(batches.not_before, batches.created_at)
        oldest = connection.execute(sa.select(since).where(due).order_by(since).limit(1)).scalar_one_or_none()
    return Figures(
        batches={(feed, word): number for feed, word, number in sorted(by_state)},
        runs={(phase, word): number for phase, word, number in sorted(by_status)},
        retried=int(retried),
        oldest_waiting_seconds=max((now - oldest.replace(tzinfo=UTC)).total_seconds(), 0.0) if oldest else 0.0,
        workers=len(living(state, clock)),
        alerts_open=len(alerts(state, now_only=True)),
        dead_letters=int(refused),
        credits=Credits(state, clock, settings).spent(),
    )
