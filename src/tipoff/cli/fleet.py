"""Commands of the fleet: `fleet`, `promote`, `retire`, `rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.flow.fleet import FleetStatus, Served
    from tipoff.train.gates import Gate, Verdict
    from tipoff.train.health import Health

Model = Annotated[str, typer.Argument(help="The model's id, as `tipoff fleet` lists it.", metavar="MODEL")]
By = Annotated[str, typer.Option("--by", help="Who decides: a name, for the record.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
BacktestId = Annotated[str | None, typer.Option("--backtest", help="Judge on this backtest (default: the newest that fits).", metavar="ID")]


def fleet(backtest: BacktestId = None, data_dir: DataDir = None, json: AsJson = False) -> None:
    """Every system: its model and state, days since training, health, and what each gate says, with value, threshold and N."""
    from tipoff.config import clock_of
    from tipoff.flow.fleet import fleet_status
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        found = fleet_status(house, backtest)
    if json:
        print_json(found.as_dict())
    else:
        print_fleet(found)


def promote(
    model: Model,
    to: Annotated[str, typer.Option("--to", help="shadow, or champion after two days in shadow.")],
    by: By,
    reason: Reason,
    backtest: BacktestId = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Raise a model, where the gates let it through: a candidate to shadow, a shadow to champion (the former one steps down to shadow)."""
    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.flow.fleet import promote as run
    from tipoff.flow.house import open_house

    if to not in ("shadow", "champion"):
        raise BadInput(f"{to!r} is no state that a model rises to.", hint="Give --to shadow or --to champion.")
    state: Literal["shadow", "champion"] = "champion" if to == "champion" else "shadow"
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        before, verdicts = run(house, model, state, by=by, reason=reason, backtest_id=backtest)
    if json:
        gates = [verdict.as_dict() for verdict in verdicts]
        print_json({"model_id": model, "from": before["state"], "to": to, "by": by, "reason": reason, "gates": gates})
        return
    print_line(f"{model}: {before['state']} -> {to}.")
    _print_gates([(model, verdict) for verdict in verdicts])


def retire(model: Model, by: By, reason: Reason, data_dir: DataDir = None, json: AsJson = False) -> None:
    """Take a model out of service for good."""
    from tipoff.config import clock_of
    from tipoff.flow.fleet import retire as run
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        before = run(house, model, by=by, reason=reason)
    if json:
        print_json({"model_id": model, "from": before["state"], "to": "retired", "by": by, "reason": reason})
        return
    print_line(f"{model}: {before['state']} -> retired.")


def rollback(by: By, reason: Reason, data_dir: DataDir = None, json: AsJson = False) -> None:
    """The champion before comes back in one step; the present one is retired."""
    from tipoff.config import clock_of
    from tipoff.flow.fleet import roll_back
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        left, back = roll_back(house, by=by, reason=reason)
    if json:
        retired = left["model_id"] if left else None
        print_json({"champion": back["model_id"], "from": back["state"], "retired": retired, "by": by, "reason": reason})
        return
    gone = f"{left['model_id']} is retired, and " if left else ""
    print_line(f"{gone}{back['model_id']} is champion again.")


def print_fleet(found: FleetStatus) -> None:
    """The fleet as tables; a model's id stands whole, since other commands ask for it."""
    rows = [
        (
            one.system_id,
            one.health.word if one.health else "INSUFFICIENT_DATA",
            one.health.judged.rate.n if one.health else 0,
            _rate(one.health),
            one.health.judged.break_even if one.health else None,
            _standing(one),
        )
        for one in found.systems
    ]
    serving_rows = [
        (
            one.system_id + (" *" if one.headline else ""),
            (one.state or "untrained") + (" (unproven)" if one.bootstrap else ""),
            _age(one),
            one.model_id,
        )
        for one in found.systems
    ]
    columns = ("system", "state", "days since training", "model")
    print_table(f"The fleet on {found.day} (* stands for the slate)", columns, serving_rows, numeric=(2,))
    print_table("Health, and gates", ("system", "health", "N", "hit rate, 95 % interval", "break-even", "gates"), rows, numeric=(2, 4))
    _print_gates([(one.system_id, verdict) for one in found.systems for verdict in one.verdicts])
    serving = {one.model_id for one in found.systems}
    others = [
        (row["model_id"], row["state"], f"{row['state_since']:%Y-%m-%d %H:%M}Z", row["days_since_training"])
        for row in found.models
        if row["model_id"] not in serving
    ]
    if others:
        print_table("Models that do not serve", ("model", "state", "since", "days since training"), others, numeric=(3,))
    if found.changes:
        changes = [
            (f"{row['changed_at']:%Y-%m-%d %H:%M}Z", row["model_id"], row["from_state"], row["to_state"], row["changed_by"], row["reason"])
            for row in found.changes
        ]
        print_table("Changes of state, newest first", ("when", "model", "from", "to", "by", "reason"), changes)


def _age(one: Served) -> str:
    alert = f" ({one.training_alert})" if one.training_alert else ""
    return "-" if one.days_since_training is None else f"{one.days_since_training}{alert}"


def _rate(health: Health | None) -> str:
    rate = health.judged.rate if health else None
    if health is None or rate is None or rate.rate is None:
        return "-"
    return f"{rate.rate:.1%} [{rate.low:.1%}, {rate.high:.1%}] in {health.judged.days} d"


def _standing(one: Served) -> str:
    return ", ".join(f"{verdict.word} ({verdict.source})" for verdict in one.verdicts) or "no evidence"


def _print_gates(verdicts: list[tuple[str, Verdict]]) -> None:
    rows = [(who, verdict.source, *_gate(gate)) for who, verdict in verdicts for gate in verdict.gates]
    if rows:
        columns = ("who", "evidence", "gate", "verdict", "value", "threshold", "N", "what was measured")
        print_table("Gates", columns, rows, numeric=(4, 5, 6))


def _gate(gate: Gate) -> tuple[str, str, str, str, int, str]:
    shown = ["-" if number is None else f"{number:+.4f}" for number in (gate.value, gate.threshold)]
    return gate.name, gate.verdict, shown[0], shown[1], gate.n, gate.words
