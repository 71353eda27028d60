"""The main line of each book, worked out from the rows that are in the table, so that it does not matter in what order they came."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.load.offers import with_columns
from tipoff.market.devig import main_line
from tipoff.store.warehouse import Work

_SNAPSHOT = ("event_id", "snapshot_at")
_COLUMNS = ("event_id", "bookmaker", "market", "player_lookup", "point", "snapshot_at")


def with_main_lines(rows: pa.Table) -> pa.Table:
    """Rows that are offered, with `is_main` as it is where nothing else is known of their book, player and snapshot."""
    return with_columns(rows, is_main=pa.array(_main(rows)))


def mark_main_lines(work: Work, rows: pa.Table) -> None:
    """Work out the main line of every (event, book, player, snapshot) touched, from the rows now in the table."""
    if rows.num_rows == 0:
        return
    there = work.fetch(_touched(work, rows).select(*_COLUMNS, "over_price", "under_price", "is_main"))
    flagged = with_main_lines(there).drop_columns(["over_price", "under_price"])
    changed = flagged.filter(pc.fill_null(pc.not_equal(flagged.column("is_main"), there.column("is_main")), True))
    work.annotate("raw.odds_player_points", changed)


def not_alone(work: Work, rows: pa.Table) -> pa.Table:
    """Of rows that are offered those of whose event and snapshot other rows speak as well: of another document here, of the table, or
    of the same document where two of its rows have one key (a book, or a player, under two spellings)."""
    documents = rows.group_by(list(_SNAPSHOT), use_threads=False).aggregate([("payload_id", "count_distinct"), ([], "count_all")])
    keys = rows.group_by(list(_COLUMNS), use_threads=False).aggregate([]).group_by(list(_SNAPSHOT), use_threads=False)
    told = documents.join(keys.aggregate([([], "count_all")]), list(_SNAPSHOT), right_suffix="_keys", use_threads=False)
    twice = pc.greater(told.column("count_all"), told.column("count_all_keys"))
    several = told.filter(pc.or_(twice, pc.greater(told.column("payload_id_count_distinct"), 1))).select(list(_SNAPSHOT))
    there = work.ask(_snapshots_touched, rows.group_by(list(_SNAPSHOT)).aggregate([])).cast(several.schema)
    return rows.join(pa.concat_tables([several, there]), list(_SNAPSHOT), join_type="left semi", use_threads=False)


def _snapshots_touched(work: Work, wanted: ir.Table) -> ir.Table:
    return work.table("raw.odds_player_points").semi_join(wanted, list(_SNAPSHOT)).select(*_SNAPSHOT).distinct()


def _touched(work: Work, rows: pa.Table) -> ir.Table:
    wanted = ibis.memtable(rows.group_by(list(_SNAPSHOT)).aggregate([]))
    return work.table("raw.odds_player_points").semi_join(wanted, list(_SNAPSHOT))


def _main(rows: pa.Table) -> NDArray[np.bool_]:
    columns = [rows.column(name) for name in ("event_id", "bookmaker", "player_lookup", "snapshot_at")]
    codes = [column.combine_chunks().dictionary_encode() for column in columns]
    group = np.zeros(rows.num_rows, np.int64)
    for encoded in codes:
        group = group * len(encoded.dictionary) + encoded.indices.to_numpy()
    alternate = pc.equal(rows.column("market"), "player_points_alternate").to_numpy()
    over, under, point = (_floats(rows, name) for name in ("over_price", "under_price", "point"))
    return main_line(group, over, under, point, alternate=alternate)


def _floats(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))
