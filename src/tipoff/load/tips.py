"""Imported rows whose file does not tell a tip or a moment stand by the schedule's tip, whichever of the two came first.

Comes in: games of which the schedule has just been told. Goes out: imported box scores and quotes of theirs at that tip, and the moments
that were assumed counted from it; the end is the same in whatever order they came. It must never know a file.

A tip of exactly 19:00 at the home arena is what is assumed where nobody tells one: in a row without a moment it counts as assumed, whoever
says it; so it does in a file that knows of no tips.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.load.columns import INSTANT
from tipoff.load.counts import Counts
from tipoff.load.main_lines import mark_main_lines
from tipoff.load.offers import BOX_LAG, CLOSE_LEAD, local_tip, minutes_between, shifted, with_columns
from tipoff.load.placing import schedule_of
from tipoff.load.zones import count_zones
from tipoff.names import day_named
from tipoff.store.schema import WRITTEN_NAMES
from tipoff.store.tables import table_named, table_of
from tipoff.store.warehouse import Merged, Work, day_of

_BOX, _POINTS, _LINES = "raw.player_box", "raw.odds_player_points", "raw.odds_game_lines"
_AFTER_TIP = {_BOX: BOX_LAG, _POINTS: -CLOSE_LEAD, _LINES: -CLOSE_LEAD}
"""When a row whose moment nobody told counts as known, from the tip on."""


def stand_by_the_schedule(work: Work, counts: Counts, games: list[str]) -> None:
    """Move the imported rows of these games that stand by another tip than the schedule's."""
    days = [day for name in games if (day := day_named(name))]
    imported = set(work.ask(_imported, min(days), max(days)).column("game_id").to_pylist())
    found = schedule_of(work, imported & set(games))
    told = {name: game.tip for name, game in found.items() if name and not game.tip_assumed}
    if not told:
        return
    columns = {
        "game_id": pa.array(list(told), pa.string()),
        "assumed_tip": pa.array([local_tip(name) for name in told], INSTANT),
        "told_tip": pa.array(list(told.values()), INSTANT),
    }
    for name, lag in _AFTER_TIP.items():
        wanted = pa.table({**columns, "told_known": shifted(columns["told_tip"], lag)})
        rows = work.ask(_otherwise, (name,), wanted, min(days), max(days))
        if rows.num_rows == 0:
            continue
        untimed = work.ask(_untimed, pa.table({"payload_id": rows.column("payload_id").unique()})).column("payload_id").combine_chunks()
        rows = rows.filter(pc.or_(rows.column("known_at_assumed"), pc.is_in(rows.column("payload_id"), untimed)))
        if rows.num_rows:
            _move(work, counts, name, rows)


def _untimed(work: Work, files: ir.Table) -> ir.Table:
    """The imported files of these whose mapping knows of no tips."""
    payloads = work.table("raw.payloads").semi_join(files, "payload_id")
    return payloads.filter(~payloads.mapping.contains('"commence_time"')).select("payload_id")


def _imported(work: Work, first: ir.DateScalar, last: ir.DateScalar) -> ir.Table:
    return ibis.union(*(_rows_of(work, name, first, last).select("game_id") for name in _AFTER_TIP)).distinct()


def _rows_of(work: Work, name: str, first: ir.DateScalar, last: ir.DateScalar) -> ir.Table:
    rows = work.table(name)
    return rows.filter(rows.origin_rank == 0, rows.game_date >= day_of(first), rows.game_date <= day_of(last))


def _otherwise(work: Work, names: tuple[str], wanted: ir.Table, first: ir.DateScalar, last: ir.DateScalar) -> ir.Table:
    rows = _rows_of(work, names[0], first, last).inner_join(wanted, "game_id")
    by_assumed_tip = (rows.commence_time == rows.assumed_tip) & (rows.commence_time != rows.told_tip)
    return rows.filter(by_assumed_tip | (rows.known_at_assumed & (rows.known_at != rows.told_known)))


def _move(work: Work, counts: Counts, name: str, rows: pa.Table) -> None:
    tips, told = rows.column("commence_time"), rows.column("told_tip")
    tips = pc.if_else(pc.equal(tips, rows.column("assumed_tip")), told, tips)
    known = pc.if_else(rows.column("known_at_assumed"), rows.column("told_known"), rows.column("known_at"))
    kept = [column for column in table_named(name).column_names if column not in (*table_named(name).computed, *WRITTEN_NAMES)]
    moved = with_columns(rows.select(kept), commence_time=tips, known_at=known, fetched_at=known)
    if name != _BOX:
        moved = with_columns(moved, snapshot_at=known, minutes_to_tip=minutes_between(known, tips))
    work.remove(name, rows)
    work.merge(name, moved)
    counts.add(name, Merged(0, 0, rows.num_rows))
    games = sorted(set(rows.column("game_id").to_pylist()))
    counts.changed_games |= set(games)
    if name == _BOX:
        count_zones(work, games)
        return
    if name == _POINTS:
        mark_main_lines(work, pa.concat_tables([rows.select(["event_id", "snapshot_at"]), moved.select(["event_id", "snapshot_at"])]))
    told = work.ask(_told_of_events, pa.table({"event_id": moved.column("event_id").unique()}))
    latest = {row["event_id"]: row for row in sorted(told.to_pylist(), key=lambda row: (row["game_id"], row["commence_time"]))}
    ids = [{"id_kind": "odds", "external_id": row.pop("event_id"), **row} for row in latest.values()]
    work.merge("ref.game_ids", table_of("ref.game_ids", ids))


def _told_of_events(work: Work, events: ir.Table) -> ir.Table:
    """The games and tips that stand with these event ids, of which the latest is on record (`load.commit`)."""
    tables = (work.table(name).semi_join(events, "event_id") for name in ("raw.schedule", _POINTS, _LINES))
    return ibis.union(*(table.select("event_id", "game_id", "commence_time") for table in tables), distinct=True)
