"""Rows that stand under one player's name and are another's: moved, all in the transaction that found it out.

Comes in: who is called what now, and what has changed about who may be meant. Goes out: the same facts under the right players. Where a
row stands there already the declared precedence decides, as between any two rows of one key. What was shown stays as it was shown. It
must never know how names are resolved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import season_of
from tipoff.load.counts import Counts
from tipoff.load.identity import Change, Identity, Mention
from tipoff.load.main_lines import mark_main_lines
from tipoff.load.offers import with_columns
from tipoff.load.zones import count_zones
from tipoff.names import player_lookup
from tipoff.store.schema import WRITTEN_NAMES
from tipoff.store.tables import ALL, table_named
from tipoff.store.warehouse import Merged, Work

MENTIONED = ("raw.odds_player_points", "raw.injuries", "raw.shots")
"""Tables of facts whose player is found by his name; the box scores are where names come from."""
_AS_SHOWN = ("predictions.published_picks",)
_DERIVED = tuple(
    table.name
    for table in ALL
    if "player_lookup" in table.column_names and table.dataset not in ("raw", "ref") and table.name not in _AS_SHOWN
)


def move(work: Work, counts: Counts, name: str, rows: pa.Table, lookups: pa.Array) -> None:
    """These rows of a table of facts, as they were read, stand under other players from now on."""
    if rows.num_rows == 0:
        return
    declared = table_named(name)
    work.remove(name, rows)
    aside = [column for column in (*declared.computed, *WRITTEN_NAMES) if column in rows.column_names]
    moved = with_columns(rows.drop_columns(aside), player_lookup=lookups)
    work.merge(name, moved)
    _note(counts, name, rows)
    if name == "raw.odds_player_points":
        mark_main_lines(work, moved)
    if name in ("raw.player_box", "raw.shots"):
        count_zones(work, rows.column("game_id").unique().to_pylist())


def _note(counts: Counts, name: str, rows: pa.Table) -> None:
    counts.add(name, Merged(0, 0, rows.num_rows))
    if "game_id" in rows.column_names:
        counts.changed_games |= set(rows.column("game_id").unique().to_pylist())


def resolve_again(work: Work, counts: Counts, identity: Identity, change: Change) -> dict[str, pa.Table]:
    """Resolve anew what the change concerns. Rows of other players move; those that lead to nobody any more are taken away and given
    back by table, as they stood."""
    homeless: dict[str, pa.Table] = {}
    if not change:
        return homeless
    for name in MENTIONED:
        otherwise = _otherwise(work, name, identity, change)
        if otherwise is None:
            continue
        rows = _rows_of(work, name, otherwise)
        lookups = rows.column("new_lookup").combine_chunks()
        rows = rows.drop_columns(["new_lookup"])
        move(work, counts, name, rows.filter(pc.is_valid(lookups)), lookups.drop_null())
        lost = rows.filter(pc.is_null(lookups))
        if lost.num_rows:
            work.remove(name, lost)
            _note(counts, name, lost)
            homeless[name] = lost
    return homeless


def _otherwise(work: Work, name: str, identity: Identity, change: Change) -> pa.Table | None:
    """The distinct mentions of a table that lead to another player now, with `new_lookup`; None where there are none."""
    where = "game_id" if name == "raw.odds_player_points" else "team"
    table = work.table(name)
    said = work.fetch(table.filter(table.name.notnull()).select("name").distinct()).column("name").to_pylist()
    if not said:
        return None
    concerned = [printed for printed in said if player_lookup(printed) in change.names]
    rows = table.filter(table.name.notnull())
    wanted = rows.name.isin(concerned) | rows.league_player_id.isin(sorted(change.league_ids))
    seasons = {season for _, season in change.rosters}
    if seasons:
        wanted = wanted | (rows.game_date >= ibis.literal(f"{min(seasons)[:4]}-08-01").cast("date"))
    columns = ["name", "league_player_id", where, "game_date", "player_lookup"]
    mentions = work.fetch(rows.filter(wanted).select(*columns).distinct()).to_pylist()
    found = []
    for row in mentions:
        teams = tuple(row[where].split("_")[1:]) if where == "game_id" else (row[where],)
        mention = Mention(row["name"], row["league_player_id"], teams[::-1], season_of(row["game_date"]))
        if change.concerns(mention):
            lookup = identity.find(mention)[0]
            if lookup != row["player_lookup"]:
                found.append({**row, "new_lookup": lookup})
    if not found:
        return None
    kinds = {column: table_named(name).arrow_schema.field(column).type for column in columns} | {"new_lookup": pa.string()}
    return pa.Table.from_pylist(found, schema=pa.schema(list(kinds.items())))


def _rows_of(work: Work, name: str, mentions: pa.Table) -> pa.Table:
    table = work.table(name)
    keys = [column for column in mentions.column_names if column not in ("league_player_id", "new_lookup")]
    wanted = ibis.memtable(mentions)
    wanted = wanted.mutate(his_id=wanted.league_player_id.fill_null("")).drop("league_player_id")
    rows = table.mutate(his_id=table.league_player_id.fill_null(""))
    joined = rows.inner_join(wanted, [*keys, "his_id"])
    return work.fetch(joined.select(*table_named(name).column_names, "new_lookup"))


def rename(work: Work, counts: Counts, renamed: dict[str, str]) -> None:
    """Players who are called otherwise now, the old name being nobody's any more: what was worked out about them, and facts that do not
    say under which printed name they came, follow."""
    if not renamed:
        return
    for name in (*MENTIONED, "raw.player_box"):
        table = work.table(name)
        rows = work.fetch(table.filter(table.player_lookup.isin(sorted(renamed)), table.name.isnull()))
        move(work, counts, name, rows, _renamed(rows, renamed))
    for name in _DERIVED:
        table = work.table(name)
        rows = work.fetch(table.filter(table.player_lookup.isin(sorted(renamed))))
        if rows.num_rows:
            _rename_derived(work, name, rows, renamed)
    _one_active(work, sorted(set(renamed.values())))


def _renamed(rows: pa.Table, renamed: dict[str, str]) -> pa.Array:
    return pa.array([renamed[lookup] for lookup in rows.column("player_lookup").to_pylist()], pa.string())


def _rename_derived(work: Work, name: str, rows: pa.Table, renamed: dict[str, str]) -> None:
    """Of two computations for one key the one under the name that he bears now stands."""
    declared = table_named(name)
    key: Callable[[dict[str, Any]], tuple[Any, ...]] = lambda row: tuple(row[column] for column in declared.key)  # noqa: E731
    moved = with_columns(rows.drop_columns(list(WRITTEN_NAMES)), player_lookup=_renamed(rows, renamed))
    if "player_lookup" in declared.key:
        table = work.table(name)
        there = work.fetch(table.filter(table.player_lookup.isin(sorted(set(renamed.values())))).select(*declared.key)).to_pylist()
        taken = {key(row) for row in there}
        first = []
        for row in moved.select(list(declared.key)).to_pylist():
            first.append(key(row) not in taken)
            taken.add(key(row))
        work.remove(name, rows)
        moved = moved.filter(pa.array(first))
    work.merge(name, moved)


def _one_active(work: Work, lookups: list[str]) -> None:
    """Of each game, player and system the newest prediction is active, though two names had one each."""
    name = "predictions.player_prop_predictions"
    table = work.table(name)
    rows = work.fetch(table.filter(table.player_lookup.isin(lookups), table.is_active)).to_pylist()
    newest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["created_at"], row["prediction_id"])):
        newest[row["game_id"], row["player_lookup"], row["system_id"]] = row
    superseded = []
    for row in rows:
        standing = newest[row["game_id"], row["player_lookup"], row["system_id"]]
        if standing is not row:
            superseded.append(
                {**row, "is_active": False, "superseded_by": standing["prediction_id"], "invalidation_reason": "player_renamed"}
            )
    if superseded:
        work.merge(name, pa.Table.from_pylist(superseded, schema=table_named(name).arrow_schema).drop_columns(list(WRITTEN_NAMES)))
