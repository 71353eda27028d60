"""Commands that bring data in: `import` one's own archives, `load` documents in a source's wire format."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, progress, settings_of

if TYPE_CHECKING:
    from tipoff.flow.house import House
    from tipoff.load.imports import ImportedFile

SHOWN, SHOWN_EACH = 40, 3


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Parquet or CSV files, or folders of them.", metavar="PATH…")],
    mapping: Annotated[list[Path] | None, typer.Option("--mapping", help="A TOML file that says what your columns mean.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Import your own archives: box scores, games, game lines, player lines, injury reports.

    What a file is, is told by its columns. Rows that do not fit are set apart with their reason; importing again changes nothing.
    """
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.load.imports import find_files, import_file, plan
    from tipoff.load.mapping import read_mapping
    from tipoff.load.replay import replay_unresolved

    settings = settings_of(data_dir)
    planned = plan(find_files(paths), tuple(read_mapping(path) for path in mapping or ()))
    done: list[ImportedFile] = []
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        tick = announce("import", len(planned))
        with house.state.phase(house.run_id, "import", None) as recorded:
            for file, how in planned:
                done.append(
                    import_file(
                        house.warehouse,
                        house.vault,
                        file,
                        how,
                        league=settings.league,
                        level_points=settings.thresholds.level_points,
                        run_id=house.run_id,
                        seen_at=house.clock.now(),
                    )
                )
                tick(1)
            replayed = replay_unresolved(house.warehouse, house.vault, seen_at=house.clock.now(), run_id=house.run_id)
            recorded.counts = {"files": len(done), "rows": sum(item.rows for item in done), "replayed": replayed.documents}
        apart = _set_apart(house)
    if json:
        print_json({"files": [_file_dict(item) for item in done], "replayed_documents": replayed.documents, "quarantine": apart})
        return
    print_table("Imported", ("file", "kind", "rows", "new", "changed", "set apart"), [_file_row(item) for item in done], numeric=(2, 3, 4))
    if replayed.documents:
        print_line(f"{replayed.documents} documents whose names had waited were loaded again.")
    _print_set_apart(apart)


def _file_row(item: ImportedFile) -> tuple[str, str, int, int, int, str]:
    apart = ", ".join(f"{rule} {number:,}" for rule, number in sorted(item.counts.set_apart.items()))
    note = f"not needed: {item.unused}" if item.unused else apart
    return item.path.name, item.kind, item.rows, item.counts.inserted, item.counts.updated, note


def _file_dict(item: ImportedFile) -> dict[str, object]:
    return {"path": str(item.path), "kind": item.kind, "mapping": item.mapping, "rows": item.rows, "unused": item.unused} | {
        "counts": item.counts.as_dict()
    }


def load(
    payloads: Annotated[Path, typer.Option("--payloads", help="A folder of .json, .json.gz or .pdf documents; their paths mean nothing.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Load documents in the wire format of a source, such as The Odds API's event odds.

    A document that does not fit is set apart with its path and reason, and its neighbours load; loading again changes nothing. What waited
    for a name or a game that is known now loads with them.
    """
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.load.documents import folder_payloads, load_payloads, read_payload
    from tipoff.load.replay import replay_unresolved

    files = folder_payloads(payloads)
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        tick = announce("load", len(files))
        with house.state.phase(house.run_id, "load", None) as recorded:
            counts = load_payloads(
                house.warehouse,
                house.vault,
                ((read_payload(path), None) for path in files),
                seen_at=house.clock.now(),
                run_id=house.run_id,
                progress=tick,
            )
            counts += replay_unresolved(house.warehouse, house.vault, seen_at=house.clock.now(), run_id=house.run_id)
            recorded.counts = counts.as_dict()
        apart = _set_apart(house)
    if json:
        print_json({**counts.as_dict(), "quarantine": apart})
        return
    print_table(
        f"Loaded {counts.documents:,} documents ({counts.already:,} were there already), {counts.offered:,} rows offered",
        ("table", "new", "changed"),
        [(name, merged.inserted, merged.updated) for name, merged in sorted(counts.merged.items())],
        numeric=(1, 2),
    )
    _print_set_apart(apart)


def _set_apart(house: House) -> list[dict[str, Any]]:
    """What this run set apart and could not load since, by document and place."""
    rows = house.warehouse.read("raw.quarantine", run_id=house.run_id).to_pylist()
    return sorted((row for row in rows if row["replayed_at"] is None), key=lambda row: (row["origin"], row["rule"], row["path"]))


def _print_set_apart(apart: list[dict[str, Any]]) -> None:
    """A few of each document and rule, with their place; all of them stand in raw.quarantine."""
    if not apart:
        return
    shown: list[tuple[str, str, str, str]] = []
    seen: Counter[tuple[str, str]] = Counter()
    for row in apart:
        seen[row["origin"], row["rule"]] += 1
        if seen[row["origin"], row["rule"]] <= SHOWN_EACH and len(shown) < SHOWN:
            shown.append((Path(row["origin"]).name, row["path"], row["rule"], row["value"]))
    print_table(f"Set apart: {len(apart):,}", ("document", "place", "rule", "value"), shown)
    if len(shown) < len(apart):
        print_line(f"… and {len(apart) - len(shown):,} more: `--json` lists all; they lie in raw.quarantine.")
    print_line("`tipoff quarantine list` says what each rule means; `tipoff names unresolved` who might be meant by a name.")
