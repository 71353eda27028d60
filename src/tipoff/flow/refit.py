"""A refit as a durable workflow: the fleet, or some of it, trained for a day. One at a time, whatever the day.

The same data gives the same models, so that one that is done again after a kill changes nothing. It must never know how a system learns.
"""

from __future__ import annotations

from dbos import DBOS

from tipoff.flow.holder import Holder
from tipoff.flow.house import House, systems_of
from tipoff.flow.messages import Outcome
from tipoff.flow.slate import Done
from tipoff.flow.slate_batch import sealed, steps
from tipoff.flow.training import train_within


@DBOS.workflow(name="train_batch")
def train_batch(feed: str, day: str, number: int) -> str:
    """Train for a day; how it ended: complete, or as `lease` says. What is asked for: `systems` (names, None for all) and `window`."""
    return steps(feed, day, number, {"train": _train})


def _train(holder: Holder, house: House, _phase: str) -> Done:
    named = holder.asked.get("systems")
    systems = systems_of(house.settings, named)
    trained = train_within(house, systems, holder.batch.game_date, holder.asked.get("window"), holder.beat, holder.guard)
    seal = sealed(holder, house)
    with house.warehouse.writing(house.run_id) as work:
        holder.guard(work)
        seal(work, "train", "models.registry", Outcome.whole(len(trained.manifests)))
    return Done(True, trained.counts, {"models": {item.system_id: {"model_id": item.model_id} for item in trained.manifests}})
