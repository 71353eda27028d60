"""The overseer: batches whose holder makes no progress are taken away, and batches that wait for nothing are replaced.

Comes in: what stands on record, round after round. Goes out: a batch that follows. It must never know what a batch loads.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tipoff.flow.batch_log import BATCHES, Batch, batch_of
from tipoff.flow.engine import Engine, Watch, current
from tipoff.flow.holder import hand_on

_GRACE = 5.0  # seconds that a workflow which has just ended may take to say how


class Overseer:
    """The duty of the watching process: batches whose holder makes no progress, and batches that wait for nothing."""

    def __init__(self, engine: Callable[[], Engine] = current, watch: Watch | None = None) -> None:
        self._engine = engine
        self._watch = watch or Watch()

    def __call__(self) -> None:
        engine = self._engine()
        with engine.house.state.reading() as connection:
            query = sa.select(BATCHES).where(BATCHES.c.state.in_(("waiting", "processing")))
            open_batches = [batch_of(row) for row in connection.execute(query).mappings()]
        limit = engine.house.settings.lease_seconds
        looked_at: set[tuple[str, str]] = set()
        for batch in open_batches:
            looked_at |= {(identity := batch.workflow_id, "still"), (identity, "ended")}
            still = self._watch.still_for((identity, "still"), (batch.generation, batch.beats))
            ended = engine.ended(identity)
            over = self._watch.still_for((identity, "ended"), (ended, batch.beats))
            if batch.state == "processing" and still >= limit:
                self._take_away(engine, batch, f"Taken from {batch.owner}: no progress for {limit:g} s.")
            elif ended and over >= min(_GRACE, limit):
                self._take_away(engine, batch, "Its workflow ended, and did not say how.")
        self._watch.forget_all_but(looked_at)

    def _take_away(self, engine: Engine, batch: Batch, why: str) -> None:
        """First its workflow, so that the queue lets the next one through whatever happens to this process; then the lease."""
        engine.cancel(batch.workflow_id)
        still = (BATCHES.c.state == batch.state) & (BATCHES.c.beats == batch.beats)
        key = (batch.feed, batch.game_date, batch.number)
        hand_on(engine, key, still, batch.attempt + 1, why, f"after batch {batch.number}: {why}")
