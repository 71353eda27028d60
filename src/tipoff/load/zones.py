"""Field-goal attempts by zone beside the box scores, counted from the shots on record, so that it does not matter which came first.

A box score's own `known_at` says nothing about when its shots were known: whoever reads as of a moment reads `raw.shots`.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.store.warehouse import Work

ZONES = ("paint", "mid", "three")


def count_zones(work: Work, games: list[str]) -> None:
    """Count the attempts of everybody in these games anew. Where a game has no shots on record they are missing, and so are those of
    players without a second of court time."""
    named = pa.table({"game_id": pa.array(sorted(games), pa.string())})
    found = work.ask(_attempts, named)
    work.annotate("raw.player_box", work.ask(_beside_boxes, named, found, found.select(["game_id"])))


def _attempts(work: Work, games: ir.Table) -> ir.Table:
    shots = work.table("raw.shots").semi_join(games, "game_id")
    return shots.group_by(["game_id", "player_lookup"]).agg(
        **{f"{zone}_fga": (shots.zone == zone).cast("int64").sum().cast("float64") for zone in ZONES}
    )


def _beside_boxes(work: Work, games: ir.Table, found: ir.Table, with_shots: ir.Table) -> ir.Table:
    box = work.table("raw.player_box").semi_join(games, "game_id")
    shot_games = with_shots.distinct().mutate(has_shots=ibis.literal(True))
    box = box.left_join(shot_games, "game_id").drop("game_id_right")
    box = box.filter(box.has_shots.notnull() | box.paint_fga.notnull())
    box = box.select("game_id", "player_lookup", "known_at", "did_not_play", "has_shots")
    rows = box.left_join(found, ["game_id", "player_lookup"]).drop("game_id_right", "player_lookup_right")
    counts_for = rows.has_shots.notnull() & ~rows.did_not_play.fill_null(False)
    zones = {name: ibis.ifelse(counts_for, rows[name].fill_null(0.0), ibis.null("float64")) for name in (f"{zone}_fga" for zone in ZONES)}
    return rows.select("game_id", "player_lookup", "known_at", **zones)
