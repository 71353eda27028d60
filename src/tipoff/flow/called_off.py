"""Games that are called off, or moved to another day: what was said of them is taken down, whatever else becomes of the slate (F30).

Comes in: a slate. Goes out: predictions that stand no more, with the reason. It must never know how a prediction is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipoff.analyze.history import newest_schedule
from tipoff.predict.activate import take_down
from tipoff.store.versions import advance
from tipoff.store.warehouse import Work

if TYPE_CHECKING:
    from tipoff.flow.slate import Slate

SAID = "predict:"
"""Before a system's name: the kind of version that tells what it has spoken of."""


def take_down_closed(work: Work, slate: Slate) -> int:
    """What was said of games that are not on this date any more is taken down, with the reason; of how many games something stood."""
    closed = slate.closed_games(work)
    if not closed:
        return 0
    in_force = newest_schedule(work.table("raw.schedule")).filter(lambda t: t.game_id.isin(closed)).select("game_id", "status")
    status = {row["game_id"]: row["status"] for row in work.fetch(in_force).to_pylist()}
    why = {game: f"game_{'cancelled' if status.get(game) == 'cancelled' else 'postponed'}" for game in closed}
    taken = take_down(work, slate.game_date, why)
    spoken = work.table("ops.generations").filter(lambda t: t.scope.isin(taken) & t.kind.startswith(SAID))
    kinds = work.fetch(spoken.select("kind", "scope")).to_pylist()
    advance(work, {(row["kind"], row["scope"]): "taken down" for row in kinds})  # so that it is said again, should it come back
    return len(taken)
