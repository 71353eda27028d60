"""One active prediction a (game, player, system): the newest supersedes in the same transaction, or the former stays.

Knows predictions alone. Another system's rows are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import pyarrow as pa

from tipoff.predict.slate import Spoken
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, day_of

PREDICTIONS = "predictions.player_prop_predictions"
_DEACTIVATES = {"out": "player_injured_out", "doubtful": "player_doubtful"}


def activate(work: Work, system_id: str, games: list[str], spoken: Spoken, now: datetime) -> Merged:
    """Store what a system said of these games. What it said before of the same players is superseded, or, where it now says nothing,
    taken down with the reason. `now` (UTC) is when a prediction is said first."""
    table = work.table(PREDICTIONS)
    mine = work.fetch(table.filter(table.system_id == system_id, table.game_id.isin(games)))
    known = {row["prediction_id"]: row for row in mine.to_pylist()}
    fresh = {row["prediction_id"]: row for row in spoken.predictions.to_pylist()}
    successor = {(row["game_id"], row["player_lookup"]): identifier for identifier, row in fresh.items()}
    absent = {(row["game_id"], row["player_lookup"]): row for row in spoken.absences.to_pylist()}
    changed = []
    for identifier, row in known.items():
        player = (row["game_id"], row["player_lookup"])
        if not row["is_active"] or identifier in fresh:
            continue
        if player in successor:
            changed.append({**row, "is_active": False, "superseded_by": successor[player], "invalidation_reason": "superseded"})
        else:
            reason = absent[player]["reason"] if player in absent else "no_longer_scheduled"
            changed.append({**row, "is_active": False, "invalidation_reason": _DEACTIVATES.get(reason, reason)})
    for identifier, row in fresh.items():
        before = known.get(identifier)
        if before is None:
            changed.append({**row, "created_at": now})
        elif not before["is_active"]:
            changed.append({**before, "is_active": True, "superseded_by": None, "invalidation_reason": None})
    merged = work.merge(PREDICTIONS, pa.Table.from_pylist(changed, schema=table_named(PREDICTIONS).arrow_schema)) if changed else Merged()
    work.merge("predictions.absences", spoken.absences)
    return merged


def take_down(work: Work, game_date: date, why: Mapping[str, str]) -> list[str]:
    """Take down whatever stands of these games on this date, every system's, with the reason by game (`game_postponed`,
    `game_cancelled`); the games of which something stood. What is said of such a game on its new date stays."""
    table = work.table(PREDICTIONS)
    mine = table.filter(table.is_active, table.game_id.isin(sorted(why)), table.game_date == day_of(game_date))
    standing = work.fetch(mine).to_pylist()
    changed = [{**row, "is_active": False, "invalidation_reason": why[row["game_id"]]} for row in standing]
    if changed:
        work.merge(PREDICTIONS, pa.Table.from_pylist(changed, schema=table_named(PREDICTIONS).arrow_schema))
    return sorted({row["game_id"] for row in standing})
