"""The main line of each book, worked out from the rows that are in the table, so that it does not matter in what order they came."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.load.offers import with_columns
from tipoff.market.devig import main_line
from tipoff.store.warehouse import Work

_MARK = "\x1f"


def mark_main_lines(work: Work, rows: pa.Table) -> None:
    """Work out the main line of every (event, book, player, snapshot) touched, from the rows now in the table."""
    table = work.table("raw.odds_player_points")
    touched = ibis.memtable(rows.group_by(["event_id", "snapshot_at"]).aggregate([]))
    columns = ("event_id", "bookmaker", "market", "player_lookup", "point", "snapshot_at", "over_price", "under_price", "is_main")
    there = work.fetch(table.semi_join(touched, ["event_id", "snapshot_at"]).select(*columns))
    if there.num_rows == 0:
        return
    alternate = pc.equal(there.column("market"), "player_points_alternate")
    group = pc.binary_join_element_wise(
        there.column("event_id"),
        there.column("bookmaker"),
        there.column("player_lookup"),
        there.column("snapshot_at").cast(pa.int64()).cast(pa.string()),
        _MARK,
    )
    codes = group.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    over, under, point = (_floats(there, name) for name in ("over_price", "under_price", "point"))
    main = main_line(codes, over, under, point, alternate=alternate.to_numpy(zero_copy_only=False))
    flagged = with_columns(there.drop_columns(["over_price", "under_price"]), is_main=pa.array(main))
    changed = flagged.filter(pc.fill_null(pc.not_equal(flagged.column("is_main"), there.column("is_main")), True))
    work.annotate("raw.odds_player_points", changed)


def _floats(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))
