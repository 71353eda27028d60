"""Commands that ask the sources: `scrape`, `plan`, `worker`, `sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.flow.scraping import Cycle

Day = Annotated[str, typer.Option("--date", help="2025-11-05, TODAY, TOMORROW or YESTERDAY (New York).")]


def scrape(
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this: schedule, events, lines, props, injuries, box, shots, roster.")
    ] = None,
    day: Day = "TODAY",
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Ask the sources for a day, now, and load what they say: schedule, lines, props, injuries, box scores, shots, rosters.

    Each document is kept before it is read. What a source does not answer is told with its cause; the others go on.
    """
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import BadInput, UpstreamUnavailable
    from tipoff.flow.expected import write_expected
    from tipoff.flow.house import open_house
    from tipoff.flow.plan import OPTIONAL, optional_feeds
    from tipoff.flow.scraping import ASK_FEEDS, scrape_now
    from tipoff.flow.worker import working

    unknown = sorted(set(kind or ()) - set(ASK_FEEDS))
    if unknown:
        raise BadInput(f"{', '.join(unknown)}: no such kind.", hint=f"There are {', '.join(ASK_FEEDS)}.")
    settings = settings_of(data_dir)
    if off := [name for name in kind or () if name in OPTIONAL and name not in optional_feeds(settings)]:
        raise BadInput(f"{', '.join(off)}: switched off.", hint="Look at sources, play_by_play and rosters in `tipoff config`.")
    with open_house(settings, clock_of(settings)) as house, working(house, scheduled=False) as engine:
        game_date = resolve_date(day, house.clock)
        with busy(json, f"ask for {game_date}"), house.state.phase(house.run_id, "scrape", game_date) as recorded:
            done = scrape_now(engine, game_date, kind or ASK_FEEDS)
            write_expected(house, game_date)
            recorded.counts = {"asked": len(done.asked), "failed": len(done.failed), "batches": len(done.batches)}
    if json:
        print_json({"game_date": game_date, **done.as_dict()})
    else:
        _print_cycle(f"Asked for {game_date}", done)
    if done.failed and len(done.failed) == len(done.asked):
        raise UpstreamUnavailable("No source answered.", hint="The causes stand above, and in `tipoff status`.")


def _print_cycle(title: str, done: Cycle) -> None:
    rows = [(one.ask.feed, one.ask.game_id or "-", one.state, one.source or "-", one.error or "") for one in done.asked]
    print_table(title, ("kind", "game", "state", "source", "cause"), rows)
    loaded = []
    for batch in done.batches:
        counts = batch.counts
        apart = ", ".join(f"{rule} {number:,}" for rule, number in counts.get("set_apart", {}).items())
        figures = (counts.get("documents", 0), counts.get("rows_offered", 0), counts.get("rows_inserted", 0), counts.get("rows_updated", 0))
        loaded.append((batch.feed, batch.number, batch.state, *figures, apart, batch.error or ""))
    columns = ("kind", "batch", "state", "documents", "rows offered", "new", "changed", "set apart", "cause")
    print_table("Loaded", columns, loaded, numeric=(1, 3, 4, 5, 6))


def plan(
    day: Annotated[str, typer.Argument(help="2025-11-05, TODAY or TOMORROW (New York).", metavar="DATE")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """What will be asked when for a game day, and what it costs; what was asked already, with what came of it."""
    from tipoff.clock import NEW_YORK, resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.flow.plan import capture_plan, cost
    from tipoff.flow.planned import planned_games
    from tipoff.flow.scraping import asks_on_record, teams_without_roster

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        game_date = resolve_date(day, house.clock)
        games = planned_games(house, game_date, game_date).get(game_date, [])
        asks = capture_plan(game_date, games, house.settings, teams_without_roster(house, house.clock.now()))
        record = {(row["feed"], row["game_id"], row["at"]): row for row in asks_on_record(house.state, game_date)}
    rows = [(ask, record.get((ask.feed, ask.game_id, ask.at))) for ask in asks]
    if json:
        entries = [
            {
                "at": ask.at,
                "feed": ask.feed,
                "game_id": ask.game_id or None,
                "credits": ask.credits,
                "state": known["state"] if known else "planned",
                "error": known["error"] if known else None,
            }
            for ask, known in rows
        ]
        print_json({"game_date": game_date, "games": len(games), "credits": cost(asks), "asks": entries})
        return
    if not games:
        print_line(f"No games are known for {game_date}: only the schedule will be asked. `tipoff scrape --kind schedule` asks it now.")
        return
    shown: dict[tuple[str, str], list[str]] = {}
    credits_of: dict[tuple[str, str], int] = {}
    for ask, known in rows:
        key = (ask.feed, ask.game_id)
        mark = {"asked": "+", "failed": "!", "missed": "-"}.get(known["state"], "") if known else ""
        local = ask.at.astimezone(NEW_YORK)
        later = (local.date() - game_date).days
        shown.setdefault(key, []).append(f"{local:%H:%M}{f'(+{later}d)' if later else ''}{mark}")
        credits_of[key] = credits_of.get(key, 0) + ask.credits
    table = [(feed, game or "all", len(moments), " ".join(moments), credits_of[feed, game]) for (feed, game), moments in shown.items()]
    print_table(
        f"Plan of {game_date}: {len(games)} games, {len(asks):,} asks, {cost(asks):,} credits (New York; + asked, ! failed, - missed)",
        ("kind", "game", "asks", "when", "credits"),
        table,
        numeric=(2, 4),
    )


def worker(
    queues: Annotated[
        str | None,
        typer.Option("--queues", help="Take from these alone, with commas: ticks, load, phases, train, backfill, backtests; default: all."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Work until stopped: ask when the plan says so, load what arrives, sweep, take over what a dead worker left. Any number may run."""
    import signal
    import threading

    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.flow.worker import QUEUES, only, working

    chosen = [name.strip() for name in queues.split(",")] if queues is not None else QUEUES
    only(chosen)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, working(house, queues=chosen) as engine:
        print_line(f"Working as {engine.worker_id}{f' on {queues}' if queues else ''} (Ctrl-C ends).")
        stop.wait()


def sweep(
    everything: Annotated[bool, typer.Option("--all", help="All days that have receipts, not only yesterday, today and tomorrow.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Load every document that arrived and has no rows: of yesterday, today and tomorrow, every kind."""
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.flow.lease import wait_for
    from tipoff.flow.loading import sweep as run
    from tipoff.flow.worker import working

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, working(house, scheduled=False) as engine:
        days = tuple(sorted({day for _, day in house.receipts.kept()})) if everything else None
        with busy(json, "sweep"):
            asked = run(engine, days, by_hand=True)
            batches = {(feed, day, number) for (feed, day), number in asked.items()}
            done = wait_for(engine, batches, house.settings.batch_seconds) if batches else []
    if json:
        print_json([batch.as_dict() for batch in done])
        return
    if not done:
        print_line("Everything that arrived has its rows.")
        return
    rows = [(batch.feed, batch.game_date, batch.state, batch.counts.get("documents", 0), batch.error or "") for batch in done]
    print_table("Swept", ("kind", "day", "state", "documents", "cause"), rows, numeric=(3,))
