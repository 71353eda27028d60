"""Commands about what is wrong: `alerts`, `alerts test`, `halt`, `resume`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.flow.halts import Halt
    from tipoff.flow.house import House

alerts = typer.Typer(name="alerts", invoke_without_command=True, help="What alerts now; `alerts test` tries every channel.")
By = Annotated[str | None, typer.Option("--by", help="Who decides, for the record (default: the user of this machine).")]
OfDay = Annotated[str | None, typer.Option("--date", help="This game day alone: 2025-11-05, TODAY or TOMORROW (New York).")]


@alerts.callback()
def show(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """What alerts now, with its cause; with --all also what is over."""
    if context.invoked_subcommand is not None:
        return
    from contextlib import closing
    from dataclasses import asdict

    from tipoff.config import clock_of
    from tipoff.flow.alerts import alerts as found_in
    from tipoff.flow.state import State

    settings = settings_of(data_dir)
    with closing(State(settings, clock_of(settings))) as state:
        found = found_in(state, now_only=not everything)
    if json:
        print_json([asdict(alert) for alert in found])
        return
    if not found:
        print_line("Nothing alerts." if not everything else "Nothing has alerted yet.")
        return
    rows = [
        (
            alert.severity,
            f"{alert.first_at:%Y-%m-%d %H:%M}Z",
            f"{alert.recovered_at:%Y-%m-%d %H:%M}Z" if alert.recovered_at else "-",
            alert.key,
            alert.text,
        )
        for alert in found
    ]
    print_table("Alerts, newest first", ("severity", "since", "over", "key", "what"), rows)


@alerts.command(name="test")
def try_channels(data_dir: DataDir = None, json: AsJson = False) -> None:
    """Send one message to each channel that is set: the log, and a webhook, a chat, e-mail."""
    from tipoff.config import clock_of
    from tipoff.errors import UpstreamUnavailable
    from tipoff.flow.telling import try_out

    settings = settings_of(data_dir)
    found = try_out(settings, clock_of(settings))
    if json:
        print_json(found)
    else:
        print_table(
            "Channels", ("channel", "told", "cause"), [(name, "yes" if why is None else "no", why or "") for name, why in found.items()]
        )
        if len(found) == 1:
            print_line("Only the log is set. `tipoff config` lists alert_webhook_url, alert_chat_url, alert_email_to and smtp_url.")
    if failed := [name for name, why in found.items() if why is not None]:
        raise UpstreamUnavailable(f"Not told: {', '.join(failed)}.", hint="The causes stand above.")


def halt(
    reason: Annotated[str, typer.Option("--reason", help="Why: every document says it.")],
    until: Annotated[
        str | None, typer.Option("--until", help="When it ends by itself: an instant, or the first date (New York) that is not halted.")
    ] = None,
    day: OfDay = None,
    by: By = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Stop the slate: documents withhold picks from now on, and say why. Everything else goes on: asking, loading, predicting, grading."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.halts import halt as put
    from tipoff.flow.halts import until_of
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        end = until_of(until) if until else None
        game_date = resolve_date(day, house.clock) if day else None
        put_now = put(house.state, house.clock.now(), reason, by=by or _user(), until=end, game_date=game_date)
        done = _take_effect(house)
    _print("Halted", [put_now], done, json)


def resume(day: OfDay = None, by: By = None, data_dir: DataDir = None, json: AsJson = False) -> None:
    """Lift what halts, by hand or by a rule, and publish at once. What a rule halted does not halt again before its cause was over."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.halts import lift
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        game_date = resolve_date(day, house.clock) if day else None
        lifted = lift(house.state, house.clock.now(), by=by or _user(), game_date=game_date)
        done = _take_effect(house)
    _print("Lifted", lifted, done, json)


def _take_effect(house: House) -> list[date]:
    from tipoff.errors import Busy
    from tipoff.flow.halting import after_halting

    try:
        return after_halting(house)
    except Busy as error:
        hint = "It holds all the same: a worker publishes it within five minutes, or run the command again."
        raise Busy(f"On record, but not in every document yet: {error.message}", hint=hint) from error


def _print(word: str, found: list[Halt], published: list[date], json: bool) -> None:
    if json:
        print_json({"halts": [one.as_dict() for one in found], "published": published})
        return
    for one in found:
        print_line(f"{word}{f' for {one.game_date}' if one.game_date else ''}: {one.words}")
    if not found:
        print_line("Nothing was halted.")
    days = ", ".join(map(str, published)) or "no day's document had to change"
    print_line(f"Published anew: {days}; the status.")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
