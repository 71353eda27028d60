"""The states of models: candidate, shadow, champion, retired. One field, one champion a warehouse, every change on record.

Each function works inside a transaction that its caller opened, and reads what it decides on there. Knows the registry and its history. It
must never know how evidence was made, nor who asks.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from tipoff.errors import BadInput, NotReady, PromotionRefused
from tipoff.store.tables import table_named, table_of
from tipoff.store.warehouse import Work
from tipoff.train.gates import Verdict

State = Literal["candidate", "shadow", "champion", "retired"]
Row = dict[str, Any]

REGISTRY, CHANGES = "models.registry", "models.state_changes"
SHADOW_FOR = timedelta(days=2)
_BEFORE: dict[State, State] = {"shadow": "candidate", "champion": "shadow"}


def models(work: Work) -> list[Row]:
    """Every model on record, in order of system, last day learnt from, and making."""
    return sorted(work.fetch(work.table(REGISTRY)).to_pylist(), key=lambda row: (row["system_id"], *_age(row)))


def history(work: Work) -> list[Row]:
    """Every change of a state, the first one first."""
    changes: list[Row] = work.fetch(work.table(CHANGES).order_by("change")).to_pylist()
    return changes


def enter(work: Work, row: Row, *, now: datetime, by: str = "tipoff train") -> bool:
    """Put a new model on record as a candidate; False where it is there already, and then nothing changes, its state least of all."""
    if any(known["model_id"] == row["model_id"] for known in models(work)):
        return False
    entry = {**row, "state": "candidate", "state_since": now, "created_at": row.get("created_at") or now}
    work.merge(REGISTRY, table_of(REGISTRY, [entry]))
    _record(work, [(entry, None, "candidate")], now, by, f"trained until {row['trained_until']}", None)
    return True


def raise_to(
    work: Work,
    model_id: str,
    state: Literal["shadow", "champion"],
    verdicts: Sequence[Verdict],
    *,
    compared_with: str | None,
    now: datetime,
    by: str,
    reason: str,
) -> Row:
    """Raise a candidate to shadow, or a shadow to champion, by a person's decision; the former champion steps down to shadow.

    `verdicts` are those of the gates, of every source of evidence: one at least must have passed, and none may have failed or rung.
    `compared_with` is the champion (model) that they compared with: another one by now means that they must be judged again. `now` is UTC.
    Gives the model's row as it was. Raises PromotionRefused, naming each gate that stands in the way with value, threshold and N.
    """
    _signed(by, reason)
    rows = models(work)
    row = _named(rows, model_id)
    champion = champion_of(rows)
    present = champion["model_id"] if champion else None
    needed = _BEFORE[state]
    if row["state"] != needed:
        raise PromotionRefused(
            f"{model_id} is {row['state']}: only a {needed} rises to {state}.", hint="`tipoff fleet` shows every model's state."
        )
    if present != compared_with:
        raise PromotionRefused(
            f"{model_id} was compared with the champion {compared_with or '(none)'}, who is {present or '(none)'} now.",
            hint="Somebody decided in the meantime: run the command again.",
        )
    _through_the_gates(model_id, state, verdicts)
    since = row["state_since"]
    if state == "champion" and now - since < SHADOW_FOR:
        raise PromotionRefused(
            f"{model_id} has been in shadow for {(now - since) / timedelta(days=1):.1f} days, since {since:%Y-%m-%d %H:%MZ}; "
            f"{SHADOW_FOR.days} are the least.",
            hint=f"Ask again from {since + SHADOW_FOR:%Y-%m-%d %H:%MZ} on.",
        )
    gates = json.dumps([verdict.as_dict() for verdict in verdicts], sort_keys=True)
    moves: list[tuple[Row, State]] = [(champion, "shadow")] if state == "champion" and champion else []
    _move(work, [*moves, ({**row, "gates": gates}, state)], now, by, reason, gates)
    return row


def retire(work: Work, model_id: str, *, now: datetime, by: str, reason: str) -> Row:
    """Take a model out of service for good; gives its row as it was. Raises PromotionRefused where it is retired already."""
    _signed(by, reason)
    row = _named(models(work), model_id)
    if row["state"] == "retired":
        raise PromotionRefused(
            f"{model_id} is retired already, since {row['state_since']:%Y-%m-%d}.", hint="`tipoff fleet` shows who serves."
        )
    _move(work, [(row, "retired")], now, by, reason, None)
    return row


def roll_back(work: Work, *, now: datetime, by: str, reason: str) -> tuple[Row | None, Row]:
    """The champion before comes back, in one step and without gates, which he passed then; the present one, if any, is retired.

    Gives both rows as they were. Raises NotReady where no former champion is left that is not retired.
    """
    _signed(by, reason)
    rows = models(work)
    champion = champion_of(rows)
    back = _champion_before(rows, history(work))
    if back is None:
        raise NotReady(
            "There is no former champion to come back: none stepped down, or those that did are retired.",
            hint="`tipoff promote MODEL --to champion` raises a shadow.",
        )
    moves: list[tuple[Row, State]] = [(champion, "retired")] if champion else []
    _move(work, [*moves, (back, "champion")], now, by, reason, None)
    return champion, back


def champion_of(rows: Iterable[Row]) -> Row | None:
    """The champion, if there is one."""
    return next((row for row in rows if row["state"] == "champion"), None)


def serving(rows: Iterable[Row], game_date: date | None = None) -> dict[str, Row]:
    """The model that speaks for each system: the champion for its own, else the newest that is not retired. Of a game day (None: of any
    that is to come) nobody speaks who had learnt from it, or from a later one.

    So a refit of the champion's system does not take his place before a person lets it, and a roll-back is felt at once.
    """
    able = [row for row in rows if row["state"] != "retired" and (game_date is None or row["trained_until"] < game_date)]
    found: dict[str, Row] = {}
    for row in sorted(able, key=lambda row: (row["state"] == "champion", *_age(row))):
        found[row["system_id"]] = row
    return found


def headline(rows: Iterable[Row], among: Collection[str] | None = None) -> tuple[str | None, bool]:
    """The system that stands for a slate, and whether it does so unproven (`bootstrap`): the champion's; while none has passed, or he is
    silent, the one whose serving model had the best log loss on its held-out days, or the best CRPS where no model's had a line. `among`:
    the systems that speak; None: any."""
    served = {system: row for system, row in serving(rows).items() if among is None or system in among}
    champion = champion_of(served.values())
    if champion is not None:
        return str(champion["system_id"]), False
    metrics = {system: json.loads(row["metrics"] or "{}") for system, row in served.items()}
    for name in ("lined_log_loss", "crps"):
        known = {system: float(found[name]) for system, found in metrics.items() if found.get(name) is not None}
        if known:
            return min(known, key=lambda system: (known[system], system)), True
    return None, True


def _age(row: Row) -> tuple[date, datetime, str]:
    return row["trained_until"], row["created_at"], row["model_id"]


def _named(rows: Iterable[Row], model_id: str) -> Row:
    found = next((row for row in rows if row["model_id"] == model_id), None)
    if found is None:
        raise BadInput(f"No model is called {model_id!r}.", hint="`tipoff fleet` lists the models.")
    return found


def _signed(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise BadInput("A decision needs a name and a reason.", hint="Give --by NAME and --reason TEXT.")


def _through_the_gates(model_id: str, state: str, verdicts: Sequence[Verdict]) -> None:
    words = {verdict.word for verdict in verdicts}
    if "PASSED" in words and not words & {"FAILED", "LEAK_ALARM"}:
        return
    if not verdicts:
        raise PromotionRefused(
            f"{model_id} may not rise to {state}: there is no evidence on it.",
            hint="Backtest its system (`tipoff backtest`), or let it predict and be graded.",
        )
    # Where one source has passed, those of the others that cannot tell yet do not stand in the way.
    shut = {"FAILED", "LEAK_ALARM"} | (set() if "PASSED" in words else {"INSUFFICIENT_DATA"})
    lines = [f"[{verdict.source}] {gate.told}" for verdict in verdicts for gate in verdict.gates if gate.verdict in shut]
    leak = "LEAK_ALARM: " if "LEAK_ALARM" in words else ""
    raise PromotionRefused(
        f"{leak}{model_id} may not rise to {state}:\n  " + "\n  ".join(lines),
        hint="Run `tipoff leakcheck` before anything else." if leak else "Longer evidence, or a better model: `tipoff backtest`.",
    )


def _champion_before(rows: Sequence[Row], changes: Iterable[Row]) -> Row | None:
    """Who was champion last, is not now, and was not retired since."""
    by_id = {row["model_id"]: row for row in rows}
    left = [change["model_id"] for change in changes if change["from_state"] == "champion"]
    standing = (by_id[model_id] for model_id in reversed(left) if model_id in by_id)
    return next((row for row in standing if row["state"] == "shadow"), None)


def _move(work: Work, moves: Sequence[tuple[Row, State]], now: datetime, by: str, reason: str, gates: str | None) -> None:
    """Change states and write the history, in the order given."""
    declared = [name for name in table_named(REGISTRY).column_names if name not in {"written_at", "run_id"}]
    changed = [{name: row[name] for name in declared} | {"state": state, "state_since": now} for row, state in moves]
    work.merge(REGISTRY, table_of(REGISTRY, changed))
    _record(work, [(row, row["state"], state) for row, state in moves], now, by, reason, gates)


def _record(work: Work, moves: Sequence[tuple[Row, str | None, str]], now: datetime, by: str, reason: str, gates: str | None) -> None:
    table = work.table(CHANGES)
    last = work.fetch(table.aggregate(last=table.change.max())).column("last")[0].as_py() or 0
    rows = [
        {
            "change": last + place,
            "model_id": row["model_id"],
            "system_id": row["system_id"],
            "from_state": before,
            "to_state": after,
            "changed_at": now,
            "changed_by": by,
            "reason": reason,
            "gates": gates if after not in {"retired", "candidate"} and before != "champion" else None,
        }
        for place, (row, before, after) in enumerate(moves, 1)
    ]
    work.merge(CHANGES, table_of(CHANGES, rows))
