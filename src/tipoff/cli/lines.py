"""The command that sums up what the market said of past games: `summarise`."""

from __future__ import annotations

from typing import Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, progress, settings_of

AT_ONCE = 14
"""Days that are summed up, and committed, together."""
MOST_BEFORE = 7 * 24 * 60


def summarise(
    start: Annotated[str, typer.Option("--start", help="The first game day (New York).", metavar="DATE")],
    end: Annotated[str, typer.Option("--end", help="The last one.", metavar="DATE")],
    before: Annotated[int, typer.Option("--before", help="As of so many minutes before each tip.", min=0, max=MOST_BEFORE)] = 0,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """What the market said of each player over past days: lines, dispersion, best prices, movement and close, one row a player-game.

    It fills analytics.player_line_summary; again replaces. What is committed stays, where it is stopped.
    """
    from datetime import timedelta

    from tipoff.analyze.summaries import summarise_lines
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.flow.house import open_house
    from tipoff.store.warehouse import Merged

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    first, last = resolve_date(start, clock), resolve_date(end, clock)
    if last < first:
        raise BadInput(f"{first} .. {last} ends before it begins.", hint="Give the earlier day first.")
    spans = [
        (first + timedelta(days=number), min(first + timedelta(days=number + AT_ONCE - 1), last))
        for number in range(0, (last - first).days + 1, AT_ONCE)
    ]
    done = Merged()
    with open_house(settings, clock) as house, house.state.phase(house.run_id, "summarise", None) as recorded, progress(json) as announce:
        tick = announce("spans of days", len(spans))
        for begins, ends in spans:
            with house.warehouse.writing(house.run_id) as work:
                done += summarise_lines(work, begins, ends, timedelta(minutes=before))
            tick(1)
        recorded.counts = counts = {"rows": done.offered, "inserted": done.inserted, "updated": done.updated}
    if json:
        print_json({"start": first, "end": last, "before_minutes": before, **counts})
        return
    when = "the tip" if before == 0 else f"{before} minutes before the tip"
    print_line(
        f"{first} .. {last}, as of {when}: {done.offered:,} player-games with a line, {done.inserted:,} new, {done.updated:,} changed."
    )
