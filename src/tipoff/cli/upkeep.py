"""Commands that keep a house sound and small: `rebuild`, `maintain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, progress, settings_of

if TYPE_CHECKING:
    from datetime import timedelta

    from tipoff.flow.rebuilding import Rebuilt

_SHOWN = 20
_MOST_DAYS = 36_500


def rebuild(
    source: Annotated[str | None, typer.Option("--from", help="Out of what: `payloads`.", metavar="payloads")] = None,
    into: Annotated[
        str | None, typer.Option("--into", help="An empty warehouse for it, by its URL, instead of in place of the one that stands.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only compare: nothing is kept.")] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Remove the warehouse that a rebuild before has replaced.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Make the warehouse anew from the payloads, tell how it differs, and put it in place of the one that stands, which is kept."""
    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.flow.house import open_house
    from tipoff.flow.rebuilding import rebuild as again

    if drop_old == (source is not None) or (drop_old and (into or dry_run)):
        raise BadInput("Give either --from payloads or --drop-old.", hint="`tipoff rebuild --from payloads --dry-run` only compares.")
    if source not in (None, "payloads"):
        raise BadInput(f"A warehouse is not rebuilt from {source!r}.", hint="Write --from payloads.")
    if into and dry_run:
        raise BadInput("A dry run keeps nothing, so --into has no say in it.", hint="Leave one of the two out.")
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        if drop_old:
            size = house.warehouse.drop_kept()
            print_json({"dropped_bytes": size}) if json else print_line(_dropped(size))
            return
        done = again(house, into=into, dry_run=dry_run, progress=announce("rebuild", None))
    if json:
        print_json(_as_json(done))
        return
    _tell(done)


def _dropped(size: int) -> str:
    return f"Removed the warehouse that was replaced: {size / 1e6:,.1f} MB." if size else "No replaced warehouse is kept."


def _as_json(done: Rebuilt) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(done), "same": done.same}


def _tell(done: Rebuilt) -> None:
    print_line(f"Loaded anew: {done.again.documents:,} documents and {done.again.imports:,} imported files.")
    if done.again.taken:
        print_line(f"{done.again.taken:,} rows come from no payload that can be read, and stand as they stood.")
    for payload_id, why in sorted(done.again.lost.items())[:_SHOWN]:
        print_line(f"  not loaded: {payload_id[:12]}: {why}")
    if len(done.again.lost) > _SHOWN:
        print_line(f"  … and {len(done.again.lost) - _SHOWN:,} more: `--json` lists all.")
    rows = [(name, one.equal, one.differing, one.only_old, one.only_new) for name, one in done.tables.items()]
    print_table("The facts", ("table", "equal", "differ", "only old", "only new"), rows, numeric=(1, 2, 3, 4))
    for name, one in done.tables.items():
        for example in one.examples:
            said = f": {example['old']} -> {example['new']}" if "old" in example else ""
            print_line(f"  {name} {example['what']} {', '.join(str(value) for value in example['key'].values())}{said}")
    if done.same:
        print_line("Every fact is as it was.")
    elif done.games and done.into is not None:
        first = min(done.games)[:8]
        print_line(
            f"The facts of {len(done.games):,} games are others now: `tipoff features build --start {first[:4]}-{first[4:6]}-{first[6:]} "
            "--end DATE --force` builds on them, and `tipoff grade DATE` grades by them."
        )
    if done.into is None:
        print_line("Nothing was kept.")
        return
    print_line(f"The new warehouse is {done.into}, with {done.carried:,} rows that come from no payload as they stood.")
    if done.kept is not None:
        print_line(f"The old one is kept as {done.kept}: `tipoff rebuild --drop-old` removes it.")
    else:
        print_line("Name it as TIPOFF_WAREHOUSE to go on there.")


def maintain(
    keep: Annotated[str, typer.Option("--keep", help="What was over so long ago is forgotten, such as 90d.", metavar="DAYS")] = "90d",
    sweep: Annotated[bool, typer.Option("--sweep", help="Remove payloads that no arrival and no receipt names.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Keep a house small and quick: forget what nobody reads any more, and have the engines give its room back. Others work on."""
    from dataclasses import asdict

    from tipoff.config import clock_of
    from tipoff.flow.engine import open_desk
    from tipoff.flow.house import open_house
    from tipoff.flow.maintaining import maintain as keep_small

    settings = settings_of(data_dir)
    days = _days(keep)
    with open_house(settings, clock_of(settings)) as house, open_desk(house) as desk, busy(json, "maintain"):
        done = keep_small(desk, keep=days, sweep=sweep, dry_run=dry_run)
    if json:
        print_json({**asdict(done), "dry_run": dry_run})
        return
    for name, one in (("warehouse", done.warehouse), ("state", done.state)):
        print_line(f"{name}: {one.before / 1e6:,.1f} MB{'' if dry_run else f' -> {one.after / 1e6:,.1f} MB'}")
    told = ", ".join(f"{number:,} {name}" for name, number in done.forgotten.items())
    print_line(f"{'To forget' if dry_run else 'Forgotten'}, over for {keep}: {told}.")
    if done.half_written:
        print_line(f"{done.half_written:,} half-written files {'are' if dry_run else 'were'} left by writers that were killed.")
    if done.unnamed.payloads:
        left = "removed" if done.unnamed.removed else "`--sweep` removes them"
        print_line(f"{done.unnamed.payloads:,} payloads ({done.unnamed.bytes / 1e6:,.1f} MB) are named by nothing: {left}.")


def _days(text: str) -> timedelta:
    """So many days. Raises BadInput for what is none, or less than one."""
    from datetime import timedelta

    from tipoff.errors import BadInput

    number = text.removesuffix("d")
    if not number.isdecimal() or not 1 <= int(number) <= _MOST_DAYS:
        raise BadInput(f"{text!r} is no number of days.", hint="Write it like 90d.")
    return timedelta(days=int(number))
