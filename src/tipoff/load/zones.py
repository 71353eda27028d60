"""Field-goal attempts by zone beside the box scores, counted from the shots on record, so that it does not matter which came first.

A box score's own `known_at` says nothing about when its shots were known: whoever reads as of a moment reads `raw.shots`.
"""

from __future__ import annotations

import ibis
import pyarrow as pa

from tipoff.store.warehouse import Work

ZONES = ("paint", "mid", "three")


def count_zones(work: Work, games: list[str]) -> None:
    """Count the attempts of everybody in these games anew. Where a game has no shots on record they are missing, and so are those of
    players without a second of court time."""
    shots = work.table("raw.shots").semi_join(ibis.memtable(pa.table({"game_id": pa.array(sorted(games), pa.string())})), "game_id")
    counted = shots.group_by(["game_id", "player_lookup"]).agg(
        **{f"{zone}_fga": (shots.zone == zone).cast("int64").sum().cast("float64") for zone in ZONES}
    )
    found = work.fetch(counted)
    box = work.table("raw.player_box").filter(lambda t: t.game_id.isin(sorted(games)))
    with_shots = sorted(set(found.column("game_id").to_pylist()))
    box = box.filter(box.game_id.isin(with_shots) | box.paint_fga.notnull()).select("game_id", "player_lookup", "known_at", "did_not_play")
    rows = box.left_join(ibis.memtable(found), ["game_id", "player_lookup"]).drop("game_id_right", "player_lookup_right")
    counts_for = rows.game_id.isin(with_shots) & ~rows.did_not_play.fill_null(False)
    zones = {name: ibis.ifelse(counts_for, rows[name].fill_null(0.0), ibis.null("float64")) for name in (f"{zone}_fga" for zone in ZONES)}
    work.annotate("raw.player_box", work.fetch(rows.select("game_id", "player_lookup", "known_at", **zones)))
