"""Commands that ask for work as the control API does: `start`, `reset`, `process-date`, `publish`; and `up`, which runs it all.

A worker that is alive does what is asked for; where there is none, the command does it itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, run_mode_called, settings_of

if TYPE_CHECKING:
    from tipoff.flow.coordinator import Ticket
    from tipoff.flow.engine import Desk

Date = Annotated[str, typer.Argument(help="2025-11-05, TODAY or TOMORROW (New York).", metavar="DATE")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it is over, also where another worker does it.")]


def start(
    day: Date,
    run_mode: Annotated[str, typer.Option("--run-mode", help="Gate: first, retry, line_check, final_retry, last_call …")] = "first",
    force: Annotated[bool, typer.Option("--force", help="Also where everything is up to date.")] = False,
    systems: Annotated[str | None, typer.Option("--systems", help="Only these, comma-separated.")] = None,
    wait: Wait = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Start a date: analyze, features, predict, publish, as far as they are not up to date. One batch a date, from whatever process."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow import coordinator
    from tipoff.flow.house import open_house
    from tipoff.flow.living import staffed

    mode = run_mode_called(run_mode)
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, staffed(house) as desk, busy(json, "start"):
        begun = coordinator.start(desk, resolve_date(day, house.clock), mode, force, names(systems))
        found = _after(desk, begun, wait)
    if json:
        print_json(found | {"fresh": begun.fresh, "expected": begun.expected})
        return
    expected = begun.expected
    if expected and begun.fresh:
        players = f", {expected['players']:,} players so far" if expected["players"] else ""
        print_line(f"{begun.batch_id}: {expected['games']} games, {expected['systems']} systems{players}.")
    elif not begun.fresh:
        print_line(f"{begun.batch_id} waits or runs already.")
    print_standing(found)


def reset(day: Date, data_dir: DataDir = None, json: AsJson = False) -> None:
    """End whatever waits or runs of a date; its rows stay, and a start begins anew."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow import coordinator
    from tipoff.flow.engine import open_desk
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, open_desk(house) as desk:
        game_date = resolve_date(day, house.clock)
        ended = [ticket.batch_id for ticket in coordinator.reset(desk, game_date)]
    if json:
        print_json({"game_date": game_date, "ended": ended})
        return
    print_line(f"Ended: {', '.join(ended)}. What it committed stays." if ended else f"Nothing of {game_date} waits or runs.")


def process_date(
    day: Date,
    processors: Annotated[
        str | None, typer.Option("--processors", help="Only these, comma-separated: load, analyze, features, or a table's name.")
    ] = None,
    skip_dependency_check: Annotated[
        bool, typer.Option("--skip-dependency-check", help="Do it on what is there, whatever is missing.")
    ] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Do phases 2 to 4 of a date: load what arrived, analyze, features. What is up to date is not done again."""
    from dataclasses import asdict

    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import TipoffError
    from tipoff.flow import coordinator
    from tipoff.flow.house import open_house
    from tipoff.flow.living import staffed

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, staffed(house) as desk, busy(json, "process"):
        game_date = resolve_date(day, house.clock)
        seconds = house.settings.batch_seconds
        done = coordinator.process_date(desk, game_date, names(processors) or (), skip_dependency_check, seconds)
    if json:
        print_json(asdict(done))
    else:
        for title, phases in (("Ran", done.ran), ("Up to date", done.up_to_date), ("Open", done.open)):
            if phases:
                print_line(f"{title}: {', '.join(phases)}.")
    if done.problems:
        raise TipoffError("; ".join(done.problems), hint="`tipoff status` tells more; a batch that failed is tried again by itself.")


Documents = Annotated[
    str | None,
    typer.Option(
        "--documents",
        help="Only these, comma-separated: tonight, best-bets, results, lines, players, systems, record, calendar, intake, status.",
    ),
]


def publish(day: Date, documents: Documents = None, data_dir: DataDir = None, json: AsJson = False) -> None:
    """Publish a date's documents, as they follow from what is known now; picks that were shown stay on record."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow import coordinator
    from tipoff.flow.house import open_house
    from tipoff.flow.living import staffed

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, staffed(house) as desk, busy(json, "publish"):
        found = _after(desk, coordinator.export(desk, resolve_date(day, house.clock), names(documents) or ()), True)
    if json:
        print_json(found)
    else:
        print_standing(found)


def up(
    port: Annotated[int | None, typer.Option("--port", help="Port; 0 takes a free one.", show_default=False)] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on (default: loopback).", show_default=False)] = None,
    data_dir: DataDir = None,
) -> None:
    """Run it all in one process, until Ctrl-C: the worker with the day's plan, the pages, and the control API."""
    from tipoff.web.server import up as run

    run(settings_of(data_dir, port=port, host=host), announce=announce_url)


def announce_url(url: str, token_is_set: bool) -> None:
    """Where a server listens, and whence its token is."""
    print_line(f"Pages: {url}  API: {url}docs  (Ctrl-C ends)")
    print_line(
        "Control calls need the token of TIPOFF_API_TOKEN." if token_is_set else "Control calls are refused: TIPOFF_API_TOKEN is not set."
    )


def names(text: str | None) -> list[str] | None:
    """Names separated by commas; None where none is given."""
    found = [name.strip() for name in (text or "").split(",") if name.strip()]
    return found or None


def _after(desk: Desk, ticket: Ticket, wait: bool) -> dict[str, Any]:
    """How a batch stands: at once where another process does it, and nobody waits; else once it is over."""
    from tipoff.flow import coordinator
    from tipoff.flow.engine import Engine

    if wait or isinstance(desk, Engine):
        coordinator.wait(desk, ticket)
    return coordinator.status(desk.house.state, ticket.batch_id)


def print_standing(found: dict[str, Any]) -> None:
    """How a date or a batch stands, for people."""
    if found["batch_id"] is None:
        print_line(f"{found['game_date']} was never started.")
        return
    lease = found["lease"]
    held = f" by {lease['owner']} until {lease['until']}" if lease else ""
    phase = f", at {found['phase']}" if found["phase"] and found["state"] == "processing" else ""
    print_line(f"{found['batch_id']}: {found['state']}{held}{phase}. Cause: {found['cause']}.")
    if found["error"]:
        print_line(f"  {found['error']}")
    for title, phases in (("Ran", found["ran"]), ("Up to date", found["up_to_date"])):
        if phases:
            print_line(f"  {title}: {', '.join(phases)}.")
    if found["stands_of"] not in (None, found["batch_id"]):
        print_line(f"  What stands is of {found['stands_of']}:")
    if found["games"]:
        shown = ("players", "lined", "predicted")
        rows = [(game, *(counts.get(name) for name in shown)) for game, counts in sorted(found["games"].items())]
        print_table("Games", ("game", "players", "with a line", "predicted"), rows, numeric=(1, 2, 3))
    if found["systems"]:
        systems = [
            (name, counts.get("predicted"), counts.get("recommended"), counts.get("absent"))
            for name, counts in sorted(found["systems"].items())
        ]
        print_table("Systems", ("system", "predicted", "recommended", "absent"), systems, numeric=(1, 2, 3))
    if found["absences"]:
        print_table("Not predicted (players x systems)", ("reason", "number"), sorted(found["absences"].items()), numeric=(1,))
    if found["before"]:
        before = [(batch["batch_id"], batch["state"], batch["finished_at"], batch["error"] or batch["cause"]) for batch in found["before"]]
        print_table("Batches before", ("batch", "state", "ended", "cause"), before)
