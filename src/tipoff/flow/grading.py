"""Grading a date as a durable workflow: grade, the daily performance it leads to, and the documents with their results.

A date is graded again where its predictions, or what is known of its games, changed since, and only then. It must never know how a bet is
settled.
"""

from __future__ import annotations

import hashlib
from datetime import date

import ibis.expr.types as ir
import pyarrow as pa
from dbos import DBOS

from tipoff.analyze.slate import games_between
from tipoff.errors import NotReady
from tipoff.flow.holder import Holder
from tipoff.flow.house import House
from tipoff.flow.messages import Outcome
from tipoff.flow.publishing import publish
from tipoff.flow.slate import Done
from tipoff.flow.slate_batch import sealed, steps
from tipoff.grade.run import ACCURACY, grade_within
from tipoff.store.versions import GRADE, PUBLISH, Version, advance, versions
from tipoff.store.warehouse import Work
from tipoff.train.health import fill_performance


@DBOS.workflow(name="grade_batch")
def grade_batch(feed: str, day: str, number: int) -> str:
    """Grade a date; how it ended: complete, or as `lease` says."""
    return steps(feed, day, number, {"grade": _grade, "performance": _performance, "publish": _publish})


def _grade(holder: Holder, house: House, _phase: str) -> Done:
    """Grade what can be graded by now. Where there is nothing to grade, or no game is over, there is nothing to do."""
    day = holder.batch.game_date
    seal = sealed(holder, house)
    with house.warehouse.writing(house.run_id) as work:
        holder.guard(work)
        made_from = graded_from(work, day)
        stood = versions(work, [GRADE], [day.isoformat()]).get((GRADE, day.isoformat()), Version(0))
        if stood.made_from == made_from and not holder.asked.get("force"):
            return Done(False)
        try:
            found = grade_within(work, day, house.clock.now())
        except NotReady as why:
            return Done(False, {"waits_for": str(why)})
        rows = sum(record.predictions for record in found)
        advance(work, {(GRADE, day.isoformat()): made_from})
        seal(work, "grade", ACCURACY, Outcome.whole(rows))
    return Done(True, {"graded": rows, "systems": len(found)})


def graded_from(work: Work, game_date: date) -> str:
    """What the grades of a date rest on: the facts of its games, and what was said of them."""
    games = pa.table({"scope": pa.array(games_between(work, game_date, game_date), pa.string())})
    rows = work.ask(_facts_and_words, games).to_pylist()
    return hashlib.sha256("\n".join(f"{row['kind']} {row['scope']} {row['generation']}" for row in rows).encode()).hexdigest()


def _facts_and_words(work: Work, games: ir.Table) -> ir.Table:
    known = work.table("ops.generations").semi_join(games, "scope")
    mine = known.filter((known.kind == "facts") | known.kind.startswith("predict:"))
    return mine.select("kind", "scope", "generation").order_by(["kind", "scope"])


def _performance(holder: Holder, house: House, _phase: str) -> Done:
    day = holder.batch.game_date
    seal = sealed(holder, house)
    with house.warehouse.writing(house.run_id) as work:
        holder.guard(work)
        rated = fill_performance(work, day)
        changed = rated.inserted + rated.updated
        if changed:
            seal(work, "performance", "models.performance_daily", Outcome.whole(changed))
    return Done(bool(changed), {"performance": changed})


def _publish(holder: Holder, house: House, _phase: str) -> Done:
    day = holder.batch.game_date
    with house.warehouse.reading() as work:
        shown = versions(work, [PUBLISH], [day.isoformat()])
    if not shown and not holder.progress.get("ran", {}).get("grade"):
        return Done(False)  # nothing was ever said of this date: its box scores alone are no news to readers
    return publish(house, day, guard=holder.guard, seal=sealed(holder, house), force=bool(holder.asked.get("force")))[0]
