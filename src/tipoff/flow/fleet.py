"""The fleet in service: who serves in which state and how well, whom the gates let through; and a person's decisions, carried out.

Reads and writes the house. The rules are those of `train.gates`, `train.health`, `train.registry` and `predict.guard`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from tipoff.clock import game_date_of
from tipoff.errors import BadInput
from tipoff.flow.alerts import Severity, note
from tipoff.flow.house import House, systems_of
from tipoff.flow.messages import Execution, Outcome, completion, put
from tipoff.flow.telling import tell_in_log
from tipoff.predict.artefacts import Loaded, manifest_path
from tipoff.predict.guard import Staleness, days_since, staleness
from tipoff.predict.systems import System
from tipoff.store.bucket import read
from tipoff.store.warehouse import Work
from tipoff.train import registry
from tipoff.train.backtests import Backtest, finished
from tipoff.train.evidence import Evidence, graded, nothing
from tipoff.train.gates import Verdict, judge
from tipoff.train.health import Health, blocked, healths
from tipoff.train.registry import Row

Fleet = list[tuple[System, Loaded | None, str]]
_ABOUT = ("model_id", "state", "state_since", "trained_until", "days_since_training", "training_alert")
_STALE, _BLOCKED = "stale ", "blocked "


@dataclass(frozen=True)
class Served:
    """One system as it serves on a day; `model_id` is None where it is not trained. `verdicts`: one a source of evidence."""

    system_id: str
    model_id: str | None
    state: str | None
    state_since: datetime | None
    trained_until: date | None
    days_since_training: int | None
    training_alert: Staleness | None
    headline: bool
    bootstrap: bool
    health: Health | None
    verdicts: tuple[Verdict, ...]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        plain = {name: value for name, value in vars(self).items() if name not in {"health", "verdicts"}}
        health = self.health.as_dict() if self.health else {"health": "INSUFFICIENT_DATA", "windows": {}}
        return plain | {"health": health, "gates": [verdict.as_dict() for verdict in self.verdicts]}


@dataclass(frozen=True)
class FleetStatus:
    """Every system on a day, all models that are not retired, and the last changes of a state, newest first."""

    day: date
    systems: list[Served]
    models: list[dict[str, Any]]
    changes: list[Row]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"day": self.day, "systems": [one.as_dict() for one in self.systems], "models": self.models, "changes": self.changes}


def fleet_status(house: House, backtest_id: str | None = None, last_changes: int = 20) -> FleetStatus:
    """The fleet as it stands today (New York). Raises BadInput where the backtest asked for is none that has finished."""
    day = game_date_of(house.clock.now())
    backtests = finished(house.bucket, backtest_id)
    with house.warehouse.reading() as work:
        rows = registry.models(work)
        changes = registry.history(work)
        sick = {health.system_id: health for health in healths(work, [day - timedelta(days=1)])}
        served = registry.serving(rows)
        head, bootstrap = registry.headline(rows, [name for name in served if name not in sick or sick[name].word != "BLOCKED"])
        ids = dict.fromkeys([*(system.system_id for system in systems_of(house.settings)), *served])
        champion = registry.champion_of(rows)
        live = {name: _live(work, row, champion) for name, row in served.items()}
    judged = {name: _verdicts(house, row, champion, backtests, live[name]) for name, row in served.items()}
    systems = [_served(name, served.get(name), day, head, bootstrap, sick.get(name), judged.get(name, ())) for name in ids]
    standing = [_model(row, day) for row in rows if row["state"] != "retired"]
    history = [{name: row[name] for name in row if name not in {"gates", "written_at", "run_id"}} for row in reversed(changes)]
    return FleetStatus(day, systems, standing, history[:last_changes])


def _served(
    name: str, row: Row | None, day: date, head: str | None, bootstrap: bool, health: Health | None, verdicts: tuple[Verdict, ...]
) -> Served:
    about = _model(row, day) if row else dict.fromkeys(_ABOUT)
    own = {key: about[key] for key in _ABOUT}
    return Served(system_id=name, headline=name == head, bootstrap=name == head and bootstrap, health=health, verdicts=verdicts, **own)


def _model(row: Row, day: date) -> dict[str, Any]:
    days = days_since(row["trained_until"], day)
    kept = {name: row[name] for name in ("model_id", "system_id", "state", "state_since", "trained_until")}
    return kept | {"days_since_training": days, "training_alert": staleness(days)}


def promote(
    house: House, model_id: str, state: Literal["shadow", "champion"], *, by: str, reason: str, backtest_id: str | None = None
) -> tuple[Row, list[Verdict]]:
    """Judge a model on all evidence at hand, and raise it where the gates let it through.

    Gives its row as it was, and the verdicts. Raises PromotionRefused, naming each gate that stands in the way; BadInput for an unknown
    model or backtest.
    """
    backtests = finished(house.bucket, backtest_id)
    with house.state.phase(house.run_id, "promote", None) as recorded:
        with house.warehouse.reading() as work:
            rows = registry.models(work)
            champion = registry.champion_of(rows)
            row = next((one for one in rows if one["model_id"] == model_id), None)
            if row is None:
                raise BadInput(f"No model is called {model_id!r}.", hint="`tipoff fleet` lists the models.")
            if backtest_id is not None and not _holding(house, row, backtests):
                raise BadInput(f"The backtest {backtest_id} holds no system made as {model_id} is.", hint="Backtest it as it is trained.")
            live = _live(work, row, champion)
        verdicts = list(_verdicts(house, row, champion, backtests, live))
        compared = champion["model_id"] if champion else None
        with house.warehouse.writing(house.run_id) as work:
            before = registry.raise_to(work, model_id, state, verdicts, compared_with=compared, now=house.clock.now(), by=by, reason=reason)
            say_models_changed(house, work, f"promote:{model_id}:{state}")
        recorded.counts = {"verdicts": len(verdicts)}
    return before, verdicts


def retire(house: House, model_id: str, *, by: str, reason: str) -> Row:
    """Take a model out of service for good; gives its row as it was."""
    with house.state.phase(house.run_id, "retire", None), house.warehouse.writing(house.run_id) as work:
        before = registry.retire(work, model_id, now=house.clock.now(), by=by, reason=reason)
        say_models_changed(house, work, f"retire:{model_id}")
        return before


def roll_back(house: House, *, by: str, reason: str) -> tuple[Row | None, Row]:
    """Bring the champion before back in one step; gives the one who left, if any, and the one who came back, as they were."""
    with house.state.phase(house.run_id, "rollback", None), house.warehouse.writing(house.run_id) as work:
        found = registry.roll_back(work, now=house.clock.now(), by=by, reason=reason)
        say_models_changed(house, work, f"rollback:{found[1]['model_id']}")
        return found


def say_models_changed(house: House, work: Work, what: str) -> None:
    """Leave the message that models changed in their transaction: tonight's slate follows from it, whoever changed them."""
    now = house.clock.now()
    execution = Execution(what[:200], game_date_of(now), now, "by hand", house.run_id, f"{what} {now.isoformat()}"[:200])
    put(work, completion("train", execution, "models.registry", Outcome.whole(1), now))


def watched(house: House, fleet: Fleet, game_date: date) -> Fleet:
    """The fleet without the systems that are BLOCKED by what was graded before `game_date`: they say why, and publish nothing (F51).

    Who is blocked, and whose model is stale today, is put on record as an alert.
    """
    held = note_health(house, game_date)
    tell_in_log(house.state, house.clock)
    return [
        (system, None, held[system.system_id].told) if system.system_id in held else (system, loaded, why) for system, loaded, why in fleet
    ]


def note_health(house: House, game_date: date) -> dict[str, Health]:
    """Put on record which systems are BLOCKED by what was graded before `game_date`, and whose model is stale today; gives the former."""
    now = house.clock.now()
    with house.warehouse.reading() as work:
        held = blocked(work, game_date)
        served = registry.serving(registry.models(work))
    today = game_date_of(now)
    aged = {name: (row, days_since(row["trained_until"], today)) for name, row in served.items()}
    stale = {f"{_STALE}{name}": (word, _stale(row, days)) for name, (row, days) in aged.items() if (word := staleness(days))}
    words = {key: text for key, (_, text) in stale.items()}
    degrees: dict[str, Severity] = {key: word for key, (word, _) in stale.items()}
    note(house.state, _STALE, words, now, degrees)
    note(house.state, _BLOCKED, {f"{_BLOCKED}{name}": f"{name} is {health.told}" for name, health in held.items()}, now)
    return held


def _stale(row: Row, days: int | None) -> str:
    return f"{row['model_id']} was trained {days} days ago, and a refit is due every 7"


def _live(work: Work, row: Row, champion: Row | None) -> tuple[Evidence, Evidence | None]:
    """What a model's graded predictions say, and the champion's."""
    theirs = graded(work, champion["system_id"], [champion["model_id"]]) if champion else None
    return graded(work, row["system_id"], [row["model_id"]]), theirs


def _verdicts(
    house: House, row: Row, champion: Row | None, backtests: Sequence[Backtest], live: tuple[Evidence, Evidence | None]
) -> tuple[Verdict, ...]:
    """The gates on every source of evidence there is: the newest backtest of the model's recipe, and its own graded predictions."""
    pairs = []
    for backtest in _holding(house, row, backtests)[:1]:
        ours = backtest.evidence(row["system_id"])
        pairs.append((ours, _of_champion(champion, [backtest], ours, house)))
    if live[0].size:
        pairs.append(live)
    return tuple(judge(ours, theirs) for ours, theirs in pairs)


def _of_champion(champion: Row | None, backtests: Sequence[Backtest], ours: Evidence, house: House) -> Evidence | None:
    """The champion's evidence of the same backtest; none of its rows where that does not hold him; None where there is no champion."""
    if champion is None:
        return None
    held = _holding(house, champion, backtests)
    return held[0].evidence(champion["system_id"]) if held else nothing(champion["system_id"], ours.source)


def _holding(house: House, row: Row, backtests: Iterable[Backtest]) -> list[Backtest]:
    """The backtests that hold a system made by the recipe of this model, as its manifest has it."""
    recipe = _recipe(house, row["model_id"])
    return [backtest for backtest in backtests if recipe is not None and backtest.recipes.get(row["system_id"]) == recipe]


def _recipe(house: House, model_id: str) -> str | None:
    """The hash of what a model was made by; None where its manifest is not there, or does not say."""
    try:
        document = json.loads(read(house.bucket, manifest_path(model_id)))
    except (FileNotFoundError, ValueError):
        return None
    return str(document["recipe_hash"]) if isinstance(document, dict) and document.get("recipe_hash") else None
