"""Commands of the practice league: `practice season`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tipoff.cli.common import AsJson, print_json, print_line, print_table, progress, settings_of

SEASON_DIR = Path("tipoff-season")
practice = typer.Typer(name="practice", help="The practice league: days of it, through the real flow.", no_args_is_help=True)


@practice.command()
def season(
    days: Annotated[int, typer.Option("--days", help="Game days that are lived.")] = 30,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Workers are killed, sources misbehave, messages come twice, the clock jumps.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the chaos; the league's days are always the same.")] = 1,
    workers: Annotated[int, typer.Option("--workers", help="Worker processes under chaos.")] = 2,
    systems: Annotated[list[str] | None, typer.Option("--system", help="Train only this system; may be given again.")] = None,
    against: Annotated[Path | None, typer.Option("--against", help="Another season's data directory, to be compared with.")] = None,
    data_dir: Annotated[Path, typer.Option("--data-dir", help="Where the season is kept.")] = SEASON_DIR,
    json: AsJson = False,
) -> None:
    """Live days of the practice league in minutes, through the real flow, and check that they ended whole.

    Needs no key and no network. The past is scraped and the fleet trained first, where the directory is new.
    """
    from tipoff.errors import BrokenInvariant
    from tipoff.flow.season import Play, finished, play_days, prepare, quiet, world
    from tipoff.flow.season_chaos import Chaos
    from tipoff.flow.season_check import check, differences
    from tipoff.store import open_warehouse

    settings = settings_of(data_dir)
    play = Play(days=days, systems=tuple(systems) if systems else None)
    league = world(play)
    quiet()
    with progress(json) as announce:
        if not open_warehouse(settings).read("models.registry").num_rows:  # also where it was stopped before the past was whole
            prepare(settings, play, announce, league)
        told = play_days(settings, play, announce, Chaos(seed=seed, workers=workers) if chaos else None, league)
    with finished(settings) as house:
        verdict = check(house, league, play.first, play.last)
        differing: list[str] | None = None
        if against is not None:
            with finished(settings_of(against)) as other:
                differing = differences(house, other, play.first, play.last)
    if json:
        print_json({**told.as_dict(), **verdict.as_dict(), "differences": differing})
    else:
        rows = [*verdict.counts.items(), *(item for item in told.as_dict().items() if isinstance(item[1], int | float))]
        print_table(f"{days} days from {play.first}{', under chaos' if chaos else ''}", ("what", "number"), rows, numeric=(1,))
        for line in (*told.failures, *verdict.findings, *(differing or ())):
            print_line(line)
        print_line("The season ended whole." if verdict.is_whole else "The season did not end whole.")
        if differing is not None:
            print_line("Both say and grade the same." if not differing else "They differ.")
    if verdict.findings or differing:
        raise BrokenInvariant("The season did not end as it should.", hint="What is wrong stands above.")
