"""The command that fills the feature store: `features build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, progress, settings_of

if TYPE_CHECKING:
    from tipoff.features.refresh import Refreshed

features = typer.Typer(name="features", help="Feature rows: building them.", no_args_is_help=True)


@features.callback()
def _group() -> None:
    """A group, though it has one command."""


@features.command()
def build(
    start: Annotated[str, typer.Option("--start", help="First game day.", metavar="DATE")],
    end: Annotated[str, typer.Option("--end", help="Last game day.", metavar="DATE")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Moment of knowledge, UTC, such as 2025-12-06T20:00Z (default: each game's tip).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Build also what is up to date: after a replay, or names set right.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Bring the stored features of these days up to date: games that nothing new may reach are left as they are."""
    from dataclasses import asdict

    from tipoff.clock import SystemClock, parse_instant, resolve_date
    from tipoff.features.refresh import months, refresh_days
    from tipoff.flow.house import open_house

    clock = SystemClock()
    first, last = resolve_date(start, clock), resolve_date(end, clock)
    moment = parse_instant(as_of) if as_of else None
    with open_house(settings_of(data_dir), clock) as house, progress(json) as announce:
        tick = announce("months", sum(1 for _ in months(first, last)))
        with house.state.phase(house.run_id, "features build", None) as recorded:
            found = refresh_days(house.warehouse, first, last, run_id=house.run_id, as_of=moment, force=force, tick=tick)
            recorded.counts = asdict(found)
    if json:
        print_json({"start": first, "end": last, "as_of": moment, **asdict(found)})
    else:
        print_line(f"{first} to {last}, as of {f'{moment:%Y-%m-%d %H:%M}Z' if moment else 'each tip'}: {_words(found)}")


def _words(found: Refreshed) -> str:
    return f"{found.built:,} games built with {found.rows:,} rows, {found.up_to_date:,} games up to date."
