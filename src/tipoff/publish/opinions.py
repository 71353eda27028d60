"""Who spoke, who was silent and why, and whose word the slate stands for.

In: a slate's rows. Out: standing predictions and absences by player, and the headline system. It must never know how a prediction
was made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tipoff.predict.guard import days_since, staleness
from tipoff.publish.documents import Absence, Agreement, Headline, LastTen, Opinion, System, SystemAbsence
from tipoff.publish.reads import Row, Slate

Key = tuple[str, str]
_TAKEN_DOWN = {
    "player_injured_out": ("out", "listed out after he was predicted"),
    "game_postponed": ("postponed", "the game was postponed after he was predicted"),
    "game_cancelled": ("cancelled", "the game was cancelled after he was predicted"),
}
UNRECORDED = Absence(reason="not_recorded", detail="no phase has said why", mended_by="predict")


@dataclass(frozen=True)
class Voices:
    """Standing predictions and absences, by (game, player), each in the order of system ids."""

    predictions: dict[Key, list[Row]]
    absences: dict[Key, list[SystemAbsence]]
    speaking: frozenset[str]
    blocked: frozenset[str]


def voices(slate: Slate) -> Voices:
    """What stands: one prediction a player and system, else the newest reason for its absence."""
    standing: dict[Key, dict[str, Row]] = defaultdict(dict)
    silent: dict[Key, dict[str, SystemAbsence]] = defaultdict(dict)
    for row in slate.predictions:
        if row["is_active"]:
            standing[_key(row)][row["system_id"]] = row
        else:
            reason, detail = _TAKEN_DOWN.get(row["invalidation_reason"], (row["invalidation_reason"], "taken down after he was predicted"))
            silent[_key(row)][row["system_id"]] = SystemAbsence(reason=reason, detail=detail, mended_by=None, system_id=row["system_id"])
    for row in slate.absences:
        silent[_key(row)][row["system_id"]] = SystemAbsence(
            reason=row["reason"], detail=row["detail"], mended_by=row["mended_by"], system_id=row["system_id"]
        )
    predictions = {key: [by_system[name] for name in sorted(by_system)] for key, by_system in standing.items()}
    absences = {
        key: [by_system[name] for name in sorted(by_system) if name not in standing.get(key, {})] for key, by_system in silent.items()
    }
    active = {system for by_system in standing.values() for system in by_system}
    reasons: dict[str, set[str]] = defaultdict(set)
    for listed in absences.values():
        for absence in listed:
            reasons[absence.system_id].add(absence.reason)
    blocked = {system for system, found in reasons.items() if "model_blocked" in found} - active
    return Voices(predictions, absences, frozenset(active | set(reasons)), frozenset(blocked))


def _key(row: Row) -> Key:
    return row["game_id"], row["player_lookup"]


def headline_system(slate: Slate, said: Voices, asked: str | None) -> tuple[str | None, bool]:
    """The system that the slate stands for, and whether it does so unproven (`bootstrap`).

    The champion where it has spoken; else the one asked for, else the first by name, of those that have.
    """
    have = {row["system_id"] for rows in said.predictions.values() for row in rows}
    champions = [row for row in slate.models if row["state"] == "champion" and row["system_id"] in have]
    if champions:
        return str(
            max(champions, key=lambda row: (row["state_since"] is not None, row["state_since"], row["model_id"]))["system_id"]
        ), False
    if asked in have:
        return asked, True
    return min(have, default=None), True


def systems(slate: Slate, said: Voices, headline: str | None, bootstrap: bool) -> list[System]:
    """Every system of the slate: what it is, since when it has not been trained, and how much it said."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for listed in said.predictions.values():
        for row in listed:
            rows[row["system_id"]].append(row)
    found = []
    for system_id in sorted(said.speaking):
        model = _model(slate.models, system_id, {row["model_id"] for row in rows[system_id]})
        days = days_since(model["trained_until"], slate.game_date) if model else None
        found.append(
            System(
                system_id=system_id,
                model_state=model["state"] if model else None,
                days_since_training=days,
                training_alert=staleness(days),
                headline=system_id == headline,
                bootstrap=system_id == headline and bootstrap,
                predicted=len(rows[system_id]),
                recommended=sum(row["recommendation"] in {"OVER", "UNDER"} for row in rows[system_id]),
            )
        )
    return found


def _model(models: Iterable[Row], system_id: str, spoke: set[str]) -> Row | None:
    own = [row for row in models if row["system_id"] == system_id]
    return max(own, key=lambda row: (row["model_id"] in spoke, row["created_at"] is not None, row["created_at"]), default=None)


def opinion(row: Row, result: str | None) -> Opinion:
    """One prediction as it is shown."""
    return Opinion.model_validate(_said(row, result))


def headline_opinion(row: Row, result: str | None, every: Sequence[Row], bootstrap: bool, factors: list[str]) -> Headline:
    """The slate's own prediction of a player, with how many of the systems recommend the same."""
    alike = sum(other["recommendation"] == row["recommendation"] for other in every)
    return Headline.model_validate(
        _said(row, result)
        | {
            "bootstrap": bootstrap,
            "quality": row["quality_score"],
            "agreement": Agreement(systems_for=alike, systems_all=len(every)),
            "factors": factors,
        }
    )


def _said(row: Row, result: str | None) -> Row:
    same = ("system_id", "sd", "p_over", "p_push", "p_under", "line", "bookmaker", "over_price", "under_price", "edge", "line_margin")
    price = {"OVER": row["over_price"], "UNDER": row["under_price"]}.get(row["recommendation"])
    return {name: row[name] for name in same} | {
        "predicted": row["predicted_points"],
        "mean": row["predicted_mean"],
        "recommendation": row["recommendation"],
        "price": price,
        "result": result,
    }


def player_absence(listed: Sequence[SystemAbsence], headline: str | None) -> Absence:
    """Why nobody predicted him: the headline system's reason, else the commonest one."""
    if not listed:
        return UNRECORDED
    own = [absence for absence in listed if absence.system_id == headline]
    counted = Counter(absence.reason for absence in listed)
    chosen = own[0] if own else min(listed, key=lambda absence: (-counted[absence.reason], absence.reason, absence.system_id))
    return Absence(reason=chosen.reason, detail=chosen.detail, mended_by=chosen.mended_by)


def factors(context: Row, line: Row, last: LastTen, season_ppg: float | None) -> list[str]:
    """Circumstances on record that a reader would want to know beside a recommendation; none of them is a cause."""
    said = []
    if context.get("star_teammates_out"):
        said.append(f"{context['star_teammates_out']:.0f} star teammates out")
    if context.get("days_rest") == 0:
        said.append("played last night")
    streaks = ((side, context.get(f"streak_{side}") or 0) for side in ("over", "under"))
    said += [f"{side} the closing line {games} games running" for side, games in streaks if games >= 3]
    if abs(line.get("line_movement") or 0.0) >= 0.5:
        said.append(f"line {'up' if line['line_movement'] > 0 else 'down'} {abs(line['line_movement']):.1f} since it opened")
    recent = [points for points in last.points[:5] if points is not None]
    if len(recent) == 5 and season_ppg is not None and abs(sum(recent) / 5 - season_ppg) >= 3:
        said.append(f"last five at {sum(recent) / 5:.1f}, season at {season_ppg:.1f}")
    return said
