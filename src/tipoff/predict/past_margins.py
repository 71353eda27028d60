"""How far each system used to stand from the lines: what the batch guard holds a slate against. Knows predictions alone."""

from __future__ import annotations

from datetime import date, timedelta

import ibis.expr.types as ir

from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.guard import GUARD_ROWS
from tipoff.store.warehouse import Work, day_of

PAST = timedelta(days=30)


def past_margins(work: Work, game_date: date) -> dict[str, float]:
    """The mean of predicted - line (points) over each system's standing predictions of the 30 days before a date; systems with fewer than
    30 of them are left out, since they have no past to stray from."""
    rows = work.ask(_margins, game_date - PAST, game_date).to_pylist()
    return {row["system_id"]: row["mean"] for row in rows if row["rows"] >= GUARD_ROWS}


def _margins(work: Work, first: date, until: date) -> ir.Table:
    said = work.table(PREDICTIONS)
    said = said.filter(said.is_active, said.line_margin.notnull(), said.game_date >= day_of(first), said.game_date < day_of(until))
    return said.group_by("system_id").agg(mean=said.line_margin.mean(), rows=said.count())
