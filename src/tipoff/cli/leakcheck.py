"""The command that asks whether the future reaches a feature: `leakcheck`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, progress, settings_of

if TYPE_CHECKING:
    from tipoff.features.leakcheck import LeakCheck
    from tipoff.features.trials import Finding

MOST_BEFORE = 7 * 24
LEAK_FOUND = 1
"""The exit code where a feature rests on what was known only later."""


def leakcheck(
    start: Annotated[str, typer.Option("--start", help="First game day.", metavar="DATE")],
    end: Annotated[str, typer.Option("--end", help="Last game day.", metavar="DATE")],
    as_of_offset: Annotated[
        list[float] | None,
        typer.Option("--as-of-offset", help="Hours before a tip at which to look; may be repeated (default: 0 and 6).", metavar="HOURS"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which tips are looked at, and whose turn it is.")] = 0,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Build features again with another future, and compare: what differs is a leak, named by feature and table. Exit 1 where one is."""
    from datetime import timedelta

    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.features.leakcheck import OFFSETS
    from tipoff.features.leakcheck import leakcheck as check
    from tipoff.store import open_warehouse

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    first, last = resolve_date(start, clock), resolve_date(end, clock)
    if not all(0 <= hours <= MOST_BEFORE for hours in as_of_offset or ()):
        raise BadInput("A moment lies at a tip or before it.", hint=f"Give --as-of-offset in hours, from 0 to {MOST_BEFORE}.")
    offsets = [timedelta(hours=hours) for hours in as_of_offset] if as_of_offset else OFFSETS
    with progress(json) as announce:
        tick = announce("game days checked", None)
        found = check(open_warehouse(settings), first, last, offsets=offsets, seed=seed, tick=tick)
    if json:
        print_json(found.as_dict())
    else:
        _print(found)
    if found.findings:
        raise typer.Exit(LEAK_FOUND)


def _print(found: LeakCheck) -> None:
    print_line(
        f"{found.first} to {found.last}, seed {found.seed}: {found.days:,} game days, {found.moments:,} moments, {found.set_rows:,} rows "
        f"at their tips, {found.features} features in {found.columns} columns."
    )
    rows = [(name, compared.builds, compared.rows) for name, compared in sorted(found.compared.items())]
    print_table("Compared", ("trial", "builds", "rows"), rows, numeric=(1, 2))
    print_line(f"Altered: {', '.join(found.altered)}.")
    print_line(f"Asked for, and not altered since it does not say when its rows were known: {', '.join(found.unaltered) or 'nothing'}.")
    if not found.findings:
        print_line("No feature changed.")
        return
    columns = ("feature", "table", "probe", "first as of", "rows", "moments", "such as")
    told = [
        (
            finding.feature,
            finding.table,
            finding.probe,
            f"{finding.as_of:%Y-%m-%d %H:%M}",
            finding.count,
            finding.moments,
            _example(finding),
        )
        for finding in found.findings
    ]
    print_table(f"Leaks: {len({finding.feature for finding in found.findings})} features", columns, told, numeric=(4, 5))


def _example(finding: Finding) -> str:
    return "\n".join(f"{row.game_id} {row.player_lookup}: {row.before}, {row.after}" for row in finding.rows)
