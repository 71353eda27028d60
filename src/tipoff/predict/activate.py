"""One active prediction a (game, player, system): the newest supersedes in the same transaction, or the former stays.

Knows predictions alone. Another system's rows are never touched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from tipoff.predict.slate import Spoken
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, day_of

PREDICTIONS = "predictions.player_prop_predictions"
_DEACTIVATES = {"out": "player_injured_out", "doubtful": "player_doubtful"}


@dataclass(frozen=True)
class Word:
    """What a system says of some games: of each player of theirs, or why not."""

    system_id: str
    games: Sequence[str]
    spoken: Spoken


def activate(work: Work, system_id: str, games: Sequence[str], spoken: Spoken, now: datetime) -> Merged:
    """`activate_all` for one system."""
    return activate_all(work, [Word(system_id, games, spoken)], now)


def activate_all(work: Work, words: Sequence[Word], now: datetime) -> Merged:
    """Store what systems said of games, all at once. What each said before of the same players is superseded, or, where it now says
    nothing, taken down with the reason. `now` (UTC) is when a prediction is said first."""
    spoken_of = {(word.system_id, game) for word in words for game in word.games}
    fresh = {row["prediction_id"]: row for word in words for row in word.spoken.predictions.to_pylist()}
    known = _known(work, spoken_of, fresh)
    successor = {_who(row): identifier for identifier, row in fresh.items()}
    absent = {_who(row): row["reason"] for word in words for row in word.spoken.absences.select([*_WHO, "reason"]).to_pylist()}
    changed = []
    for identifier, row in known.items():
        if not row["is_active"] or identifier in fresh:
            continue
        if _who(row) in successor:
            changed.append({**row, "is_active": False, "superseded_by": successor[_who(row)], "invalidation_reason": "superseded"})
        else:
            reason = absent.get(_who(row), "no_longer_scheduled")
            changed.append({**row, "is_active": False, "invalidation_reason": _DEACTIVATES.get(reason, reason)})
    for identifier, row in fresh.items():
        before = known.get(identifier)
        if before is None:
            changed.append({**row, "created_at": now})
        elif not before["is_active"]:
            changed.append({**before, "is_active": True, "superseded_by": None, "invalidation_reason": None})
    merged = work.merge(PREDICTIONS, pa.Table.from_pylist(changed, schema=table_named(PREDICTIONS).arrow_schema)) if changed else Merged()
    if words:
        work.merge("predictions.absences", pa.concat_tables([word.spoken.absences for word in words], promote_options="default"))
    return merged


_WHO = ("system_id", "game_id", "player_lookup")


def _who(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in _WHO)


def _known(work: Work, spoken_of: set[tuple[str, str]], fresh: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What stands of these systems' games, and what was said before word for word; by its id."""
    asked = pa.table({name: pa.array([pair[place] for pair in sorted(spoken_of)], pa.string()) for place, name in enumerate(_WHO[:2])})
    standing = work.ask(_active_of, asked).to_pylist()
    ids = {"prediction_id": pa.array(fresh, pa.string()), "game_id": pa.array([row["game_id"] for row in fresh.values()], pa.string())}
    said_before = work.ask(_taken_back, pa.table(ids)).to_pylist() if fresh else []
    return {row["prediction_id"]: row for row in (*standing, *said_before) if (row["system_id"], row["game_id"]) in spoken_of}


def _active_of(work: Work, spoken_of: ir.Table) -> ir.Table:
    table = work.table(PREDICTIONS)
    return table.filter(table.is_active).semi_join(spoken_of, _WHO[:2])


def _taken_back(work: Work, wanted: ir.Table) -> ir.Table:
    table = work.table(PREDICTIONS)
    return table.filter(~table.is_active).semi_join(wanted, ["prediction_id", "game_id"])


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


def take_down_others(work: Work, games: Collection[str], systems: Collection[str]) -> int:
    """Take down whatever stands of these games from systems other than these: they are not of the fleet any more; how many."""
    table = work.table(PREDICTIONS)
    mine = table.filter(table.is_active, table.game_id.isin(sorted(games)), ~table.system_id.isin(sorted(systems)))
    changed = [{**row, "is_active": False, "invalidation_reason": "system_retired"} for row in work.fetch(mine).to_pylist()]
    if changed:
        work.merge(PREDICTIONS, pa.Table.from_pylist(changed, schema=table_named(PREDICTIONS).arrow_schema))
    return len(changed)
