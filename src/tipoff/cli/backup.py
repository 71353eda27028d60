"""Commands that keep a house safe: `backup`, `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, progress, settings_of

if TYPE_CHECKING:
    from tipoff.flow.backup import Manifest


def backup(
    dest: Annotated[str, typer.Argument(metavar="DEST", help="An empty folder, or s3://bucket/prefix or gs://bucket/prefix.")],
    portable: Annotated[bool, typer.Option("--portable", help="As rows, so that another engine can take them.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Copy the whole house, warehouse, state and objects, to a place of its own, with the digest of every file."""
    from tipoff.config import clock_of
    from tipoff.flow.backup import back_up
    from tipoff.flow.house import open_house
    from tipoff.store.bucket import open_place, place

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        to = open_place(dest)
        manifest = back_up(house, to, portable=portable, progress=announce("back up", None))
    _tell(manifest, f"Backed up to {place(to)}", json)


def restore(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Where `tipoff backup` put it.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Bring a back-up into an empty house; every file is checked by its digest."""
    from tipoff.config import clock_of
    from tipoff.flow.backup import restore as bring
    from tipoff.flow.house import open_house
    from tipoff.store.bucket import open_place, place

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        kept = open_place(source)
        manifest = bring(house, kept, progress=announce("restore", None))
    _tell(manifest, f"Restored from {place(kept)}", json)


def _tell(manifest: Manifest, what: str, json: bool) -> None:
    size = sum(one.bytes for one in manifest.files)
    if json:
        about = {name: getattr(manifest, name) for name in ("created_at", "league", "warehouse", "state")}
        print_json({**about, "files": len(manifest.files), "bytes": size})
        return
    print_line(f"{what}: {len(manifest.files):,} files, {size / 1e6:,.1f} MB, as of {manifest.created_at}.")
