"""What a system said of a slate, written by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from load.bench import Bench
from predict.slates import AS_OF, DAY, GAME
from tipoff.predict.activate import PREDICTIONS, activate
from tipoff.predict.slate import Spoken
from tipoff.store.tables import table_named, table_of
from tipoff.store.warehouse import Merged

NOW = AS_OF
ABSENCES = "predictions.absences"


def prediction(identifier: str, player: str = "jaysontatum", system: str = "echo", **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "prediction_id": identifier,
        "game_id": GAME,
        "player_lookup": player,
        "system_id": system,
        "model_id": f"{system}-1",
        "game_date": DAY,
        "predicted_points": 22.0,
        "line": 20.5,
        "recommendation": "OVER",
        "is_active": True,
        "as_of": AS_OF,
        "batch_id": "a batch",
    }
    return row | given


def absence(player: str = "jaysontatum", system: str = "echo", reason: str = "out", batch: str = "a batch") -> dict[str, Any]:
    return {
        "game_id": GAME,
        "player_lookup": player,
        "system_id": system,
        "batch_id": batch,
        "game_date": DAY,
        "reason": reason,
        "has_line": True,
        "as_of": AS_OF,
    }


def spoken(*predictions: dict[str, Any], absences: tuple[dict[str, Any], ...] = ()) -> Spoken:
    said = table_of(PREDICTIONS, predictions) if predictions else table_named(PREDICTIONS).empty()
    silent = table_of(ABSENCES, absences) if absences else table_named(ABSENCES).empty()
    return Spoken(said, silent)


def say(bench: Bench, said: Spoken, system: str = "echo", now: datetime = NOW) -> Merged:
    """Store what a system said, in a transaction of its own."""
    with bench.warehouse.writing("a run") as work:
        return activate(work, system, [GAME], said, now)


def active(bench: Bench, **where: Any) -> dict[tuple[str, str], str]:
    """The active prediction of each (player, system); that there is one at most is checked on the way."""
    rows = bench.rows(PREDICTIONS, is_active=True, **where)
    found = {(row["player_lookup"], row["system_id"]): row["prediction_id"] for row in rows}
    assert len(found) == len(rows), "a player has two active predictions of one system"
    return found
