"""Of several quotes on one thing, the newest that was known by then: the as-of view of quotes.

    seen = known_by(quotes.inner_join(probes, keys), "as_of")
    newest_of(seen, by=["probe"], apart=["event_id"], values=["point"])

Knows quotes' instants and the order in which ties are settled. It must never know what is quoted, nor an engine's own as-of join.

Ranking every row of a window with all its columns is where an engine's time goes. Here one plain aggregate leaves a row for each way in
which quotes of one instant may differ, seldom more than one, and only these few are ranked (bench/README.md has the figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


@ibis.udf.agg.builtin(signature=((dt.float64, dt.Timestamp("UTC")), dt.float64))
def max_by(value, by):  # type: ignore[no-untyped-def]
    """The value where `by` is largest. Ibis has it as `argmax`, which DuckDB is then told as a sort: three times as slow."""


def known_by(quotes: ir.Table, at: str) -> ir.Table:
    """The quotes that stood and were known at the moment in their own column `at`, that moment included."""
    return quotes.filter((quotes.snapshot_at <= quotes[at]) & (quotes.known_at <= quotes[at]))


def newest_of(quotes: ir.Table, by: Sequence[str], apart: Sequence[str], values: Sequence[str] = ()) -> ir.Table:
    """By columns the quote with the newest `snapshot_at`: one row a group, with `by`, `apart`, `values` and `snapshot_at`.

    Of several at that instant a payload's counts before an import's, then the first by `apart`, in ascending order. `apart` must tell
    apart the quotes of one group, origin and instant, as the event does of a book's main quotes on a player; no column of `by` and `apart`
    is null. `values` are floats, and may be null.
    """
    told = {name: max_by(quotes[name].fill_null(nan), quotes.snapshot_at) for name in values}
    newest = quotes.group_by([*by, "origin_rank", *apart]).agg(**told, snapshot_at=quotes.snapshot_at.max())
    order = [ibis.desc("snapshot_at"), ibis.desc("origin_rank"), *(ibis.asc(name) for name in apart)]
    place = ibis.row_number().over(ibis.window(group_by=list(by), order_by=order))
    first = newest.mutate(place=place).filter(lambda t: t.place == 0)
    return first.mutate(**{name: _null_for_nan(first[name]) for name in values}).drop("place", "origin_rank")


def _null_for_nan(value: ir.Value) -> ir.Value:
    """Aggregates pass over nulls, and a newest quote without a price would take an older one's: so a null goes through as NaN."""
    return value.isnan().ifelse(ibis.null(), value)
