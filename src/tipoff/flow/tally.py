"""What stands of a slate: by system and by game the predictions and the reasons for their absence, in numbers, for those who ask meanwhile.

Knows predictions and absences. It must never know how they came about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import ibis

from tipoff.predict.activate import PREDICTIONS
from tipoff.store.warehouse import Work


def tally(work: Work, games: Collection[str]) -> dict[str, dict[str, Any]]:
    """`systems`: by id predicted, lined, recommended, absent, absences by reason, and those of players with a line; `games`: by id players,
    lined and predicted (by any system). Of a system and game the newest absences count."""
    said = work.table(PREDICTIONS)
    said = said.filter(said.game_id.isin(sorted(games)), said.is_active)
    silent = work.table("predictions.absences")
    silent = silent.filter(silent.game_id.isin(sorted(games)))
    newest = silent.group_by(["game_id", "system_id"]).agg(written_at=silent.written_at.max())
    silent = silent.semi_join(newest, ["game_id", "system_id", "written_at"]).anti_join(said, ["game_id", "player_lookup", "system_id"])
    lined = said.line_source == "ACTUAL_PROP"
    by_system = said.group_by("system_id").agg(
        predicted=said.count(),
        lined=lined.sum(),
        recommended=said.recommendation.isin(["OVER", "UNDER"]).sum(),
    )
    systems: dict[str, dict[str, Any]] = {}
    for row in work.fetch(by_system).to_pylist():
        name = row.pop("system_id")
        systems[name] = {**row, "absent": 0, "absences": {}, "absences_lined": {}}
    for row in work.fetch(
        silent.group_by(["system_id", "reason"]).agg(players=silent.count(), lined=silent.has_line.sum()).order_by(["system_id", "reason"])
    ).to_pylist():
        nothing = {"predicted": 0, "lined": 0, "recommended": 0, "absent": 0, "absences": {}, "absences_lined": {}}
        own = systems.setdefault(row["system_id"], nothing)
        own["absences"][row["reason"]] = row["players"]
        if row["lined"]:
            own["absences_lined"][row["reason"]] = row["lined"]
        own["absent"] += row["players"]
    words = said.select("game_id", "player_lookup", lined=lined, predicted=ibis.literal(True))
    reasons = silent.select("game_id", "player_lookup", lined=silent.has_line, predicted=ibis.literal(False))
    both = words.union(reasons)
    players = both.group_by(["game_id", "player_lookup"]).agg(lined=both.lined.any(), predicted=both.predicted.any())
    by_game = players.group_by("game_id").agg(players=players.count(), lined=players.lined.sum(), predicted=players.predicted.sum())
    found = {row.pop("game_id"): row for row in work.fetch(by_game.order_by("game_id")).to_pylist()}
    return {"systems": dict(sorted(systems.items())), "games": found}


def completed_pct(stands: Mapping[str, Any]) -> float:
    """How much of a slate was spoken of, in per cent: the share of its systems that are not silent as a whole, for want of a model or since
    they are blocked. What else is missing beside that, such as a name that nobody has resolved, makes no difference."""
    systems = stands.get("systems", {})
    silent = sum(not own["predicted"] and "model_blocked" in own["absences"] for own in systems.values())
    return 100.0 * (len(systems) - silent) / len(systems) if systems else 0.0
