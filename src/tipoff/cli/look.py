"""Commands that look: `status`, `serve`, `tables`, `schemas`, `config`, `screenshot`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of
from tipoff.cli.days import print_grid

if TYPE_CHECKING:
    from tipoff.flow.batch_log import Batch
    from tipoff.flow.credits import Spent
    from tipoff.flow.overview import Overview


def status(
    day: Annotated[
        str | None, typer.Option("--date", help="A game day: how its slate stands, and what should exist beside what does.")
    ] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="How this batch stands, such as slate-2025-11-05-1.", metavar="ID")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Whether tonight is all right, what is missing of it, what runs and batches do, who works: from every process the same."""
    from contextlib import closing

    from tipoff.cli.control import print_standing
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.flow.overview import overview
    from tipoff.flow.standing import status as standing
    from tipoff.flow.state import State

    if day and batch:
        raise BadInput("A date and a batch were given.", hint="Give either --date or --batch.")
    settings = settings_of(data_dir)
    clock = clock_of(settings)
    with closing(State(settings, clock)) as state:
        game_date = resolve_date(day, clock) if day else None
        of = batch or game_date
        slate = standing(state, of) if of else None
        found = overview(state, clock, settings, game_date)
    if batch and slate:
        print_json(slate) if json else print_standing(slate)
        return
    if json:
        print_json(found.as_dict() | ({"slate": slate} if slate else {}))
        return
    if not (found.runs or found.batches or found.alerts or found.dead_letters):
        print_line("Nothing has run yet. `tipoff demo` shows a whole night; `tipoff import PATH` begins with your own data.")
        return
    print_line(found.verdict.sentence)
    print_line()
    print_grid(found.game_date, found.expected)
    if slate and slate["batch_id"]:
        print_standing(slate)
    for alert in found.alerts:
        print_line(f"! [{alert.severity}] {alert.text} (since {alert.first_at:%Y-%m-%d %H:%M}Z)")
    _print_messages(found)
    rows = []
    for run in found.runs:
        seconds = f"{(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else "-"
        rows.append((f"{run.started_at:%Y-%m-%d %H:%M:%S}Z", run.phase, run.game_date, run.status, seconds, run.error or ""))
    print_table("Runs, newest first", ("started", "phase", "game date", "status", "time", "cause"), rows, numeric=(4,))
    _print_batches(found.batches)
    _print_credits(found.credits)
    if found.workers:
        working = [(worker.worker_id, f"{worker.started_at:%Y-%m-%d %H:%M}Z", f"{worker.beat_at:%H:%M:%S}Z") for worker in found.workers]
        print_table("At work", ("process", "since", "last heard"), working)


def _print_messages(found: Overview) -> None:
    """What of the messages did not arrive, where something did not."""
    from tipoff.cli.repair import plain

    if found.dead_letters:
        newest = max(found.dead_letters, key=lambda letter: letter.last_at)
        print_line(f"! {len(found.dead_letters):,} dead letters wait, the newest: {plain(newest.reason)}")
        print_line("  `tipoff messages list` shows them, `tipoff messages replay` takes them again once the reason is gone.")
    for waiting in found.undelivered:
        last = f"; the last try: {waiting.error}" if waiting.error else ""
        print_line(f"{waiting.waiting:,} messages wait for {waiting.target}, since {waiting.since:%Y-%m-%d %H:%M}Z{last}")


def _print_credits(spent: Spent) -> None:
    """What The Odds API was paid, where it was."""
    if spent.month:
        day, month = (f" of {limit:,}" if limit is not None else "" for limit in (spent.day_limit, spent.month_limit))
        left = f"; the account has {spent.remaining:,} left" if spent.remaining is not None else ""
        print_line(f"Credits: {spent.day:,}{day} today, {spent.month:,}{month} this month (UTC){left}.")


def _print_batches(batches: Sequence[Batch]) -> None:
    """Those that are open or went wrong, each; the others as a number."""
    told = [batch for batch in batches if batch.state != "complete"]
    rows = [
        (batch.feed, batch.game_date, batch.number, batch.state, batch.owner or "-", batch.attempt, batch.error or batch.cause)
        for batch in told
    ]
    if rows:
        columns = ("kind", "day", "batch", "state", "holder", "attempt", "cause")
        print_table("Batches that are open, or went wrong", columns, rows, numeric=(2, 5))
    if len(batches) > len(told):
        print_line(f"{len(batches) - len(told):,} batches are complete.")


def serve(
    port: Annotated[int | None, typer.Option("--port", help="Port; 0 takes a free one.", show_default=False)] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on (default: loopback).", show_default=False)] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the published pages and the control API until Ctrl-C. It does no work: `tipoff worker` does; `tipoff up` is both."""
    from tipoff.cli.control import announce_url
    from tipoff.web.server import serve as run

    run(settings_of(data_dir, port=port, host=host), announce=announce_url)


def tables(
    name: Annotated[str | None, typer.Argument(help="One table, such as raw.player_box; default: all.")] = None,
    json: AsJson = False,
) -> None:
    """Every table of the warehouse: key, columns, units."""
    from tipoff.errors import BadInput
    from tipoff.store.tables import ALL

    chosen = [table for table in ALL if name in (None, table.name)]
    if not chosen:
        raise BadInput(f"No table is called {name!r}.", hint="`tipoff tables` lists them.")
    if json:
        print_json(
            [
                {"name": table.name, "key": table.key, "description": table.description}
                | {"columns": [vars(column) for column in table.columns]}
                for table in chosen
            ]
        )
        return
    if name is None:
        rows = [(table.name, ", ".join(table.key), len(table.columns), table.description) for table in chosen]
        print_table("Tables", ("table", "key", "columns", "what it holds"), rows, numeric=(2,))
        return
    table = chosen[0]
    columns = [
        (f"{column.name}{' *' if column.name in table.key else ''}", column.kind, column.unit, column.description)
        for column in table.columns
    ]
    print_table(f"{table.name}: {table.description} (* key)", ("column", "type", "unit", "meaning"), columns)


def schemas(folder: Annotated[Path, typer.Argument(help="Where the JSON Schemas go.")]) -> None:
    """Write the JSON Schema of every published document, as they lie beside the documents in `v1/schemas`."""
    from tipoff.publish.schemas import write_schemas

    written = write_schemas(folder)
    print_line(f"Wrote {', '.join(written)}.")


def config(data_dir: DataDir = None, json: AsJson = False) -> None:
    """Every setting with its value in force and where that came from; secrets masked."""
    from tipoff.config import effective

    rows = effective(settings_of(data_dir), {"data_dir": data_dir})
    if json:
        print_json([row.model_dump() for row in rows])
        return
    print_table("Settings", ("setting", "value", "from", "meaning"), [(row.name, row.value, row.origin, row.description) for row in rows])


def screenshot(
    path: Annotated[Path, typer.Argument(help="The PNG to write.")],
    data_dir: DataDir = None,
    page: Annotated[str, typer.Option("--page", help="The page's path.")] = "/",
    width: Annotated[int, typer.Option("--width")] = 1280,
    height: Annotated[int, typer.Option("--height")] = 900,
    dark: Annotated[bool, typer.Option("--dark/--light")] = False,
) -> None:
    """A picture of a published page, by Chromium; the README's picture is made with it."""
    from threading import Thread

    from tipoff.store.payloads import open_bucket
    from tipoff.web.app import create_app
    from tipoff.web.screenshot import screenshot as take
    from tipoff.web.server import Listener, clock_of

    bucket = open_bucket(settings_of(data_dir).bucket_url)
    listener = Listener(create_app(bucket, clock=clock_of(bucket)))
    thread = Thread(target=listener.run, daemon=True)
    thread.start()
    try:
        take(listener.url.rstrip("/") + page, path, width=width, height=height, dark=dark)
    finally:
        listener.stop()
        thread.join()
    print_line(f"Wrote {path}.")
