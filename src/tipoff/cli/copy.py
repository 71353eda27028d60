"""`copy`: a house into another warehouse and bucket."""

from __future__ import annotations

from typing import Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, progress, settings_of


def copy(
    to: Annotated[
        str, typer.Option("--to", help="The other warehouse: postgresql://user@host/database or duckdb://path; passwords in ~/.pgpass.")
    ],
    bucket_to: Annotated[
        str | None, typer.Option("--bucket-to", help="The other bucket: a folder, s3:// or gs://; without it objects stay where they are.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Into a warehouse that is not empty: rows of the same keys give way.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Copy this house's rows, each as it stands, and its objects: from a laptop to a shared warehouse, and back."""
    from tipoff.config import clock_of, mask_url
    from tipoff.flow.copying import copy_house
    from tipoff.flow.house import open_house
    from tipoff.store import warehouse_at
    from tipoff.store.bucket import open_place
    from tipoff.store.tables import ALL

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        done = announce("copy", len(ALL))

        def step(what: str, _number: int) -> None:
            if what != "objects":
                done(1)

        bucket = open_place(bucket_to) if bucket_to else None
        copied = copy_house(house, warehouse_at(to), bucket, replace=replace, progress=step)
    if json:
        print_json({"to": mask_url(to), "rows": copied.rows, "objects": copied.objects})
        return
    print_line(f"Copied {sum(copied.rows.values()):,} rows of {len(copied.rows)} tables and {copied.objects:,} objects to {mask_url(to)}.")
    print_line(f"Name it as TIPOFF_WAREHOUSE{' and the bucket as TIPOFF_BUCKET' if bucket_to else ''} to go on there.")
