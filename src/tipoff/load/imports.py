"""One's own archives: Parquet or CSV files, recognised by their columns, read whole, offered like any other document.

Rows that do not fit are set apart by their number in the file, with the rule that they broke. Knows files and mappings; what a player
is called elsewhere is for `identity`, what wins is for the merge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tipoff.errors import BadInput, UnknownFormat
from tipoff.load.commit import commit
from tipoff.load.counts import Counts
from tipoff.load.import_kinds import SHAPERS
from tipoff.load.level import check_level
from tipoff.load.mapping import ORDER, Mapping, recognise
from tipoff.load.offers import Document, Offers
from tipoff.load.quarantine import mark_resolved
from tipoff.scrape.records import Payload
from tipoff.store.payloads import Vault
from tipoff.store.warehouse import Warehouse

SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class ImportedFile:
    """What became of one file: its kind, its rows, and what was set apart; `unused` says why nothing of it is needed."""

    path: Path
    mapping: str
    kind: str
    rows: int
    counts: Counts
    unused: str = ""


def find_files(paths: list[Path]) -> list[Path]:
    """The Parquet and CSV files named, and those in the folders named. Raises BadInput for a path that is neither."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
            if not inside:
                raise BadInput(f"{path} holds no Parquet or CSV file.", hint="Name the files themselves?")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise BadInput(f"There is no {path}.", hint="Check the spelling.")
    return found


def plan(files: list[Path], own: tuple[Mapping, ...] = ()) -> list[tuple[Path, Mapping]]:
    """Each file with its mapping, in the order in which they are best read: games, box scores (those with the league's ids first, by
    which the others' spellings are known), then what leans on them.

    Raises UnknownFormat, naming the file, where no mapping fits.
    """
    planned = []
    for file in files:
        try:
            planned.append((file, recognise(column_names(file), own)))
        except UnknownFormat as error:
            raise UnknownFormat(f"{file}: {error.message}", hint=error.hint) from None
    return sorted(planned, key=lambda pair: (ORDER.index(pair[1].kind), "league_player_id" not in pair[1].columns, pair[0].name))


def column_names(file: Path) -> list[str]:
    """The names of a file's columns. Raises BadInput where it cannot be read."""
    try:
        if file.suffix == ".parquet":
            return list(pq.read_schema(file).names)
        with file.open("rb") as stream:
            return list(pacsv.open_csv(stream).schema.names)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{file} cannot be read: {error}", hint="Is it really Parquet or CSV?") from None


def read_rows(file: Path) -> pa.Table:
    """A file's rows; those of a CSV as text, so that ids keep their zeros and one bad number costs one row.

    Raises BadInput where it cannot be read.
    """
    try:
        if file.suffix == ".parquet":
            return pq.read_table(file)
        text = pacsv.ConvertOptions(column_types=dict.fromkeys(column_names(file), pa.string()))
        return pacsv.read_csv(file, convert_options=text)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{file} cannot be read: {error}", hint="Is it really Parquet or CSV?") from None


def import_file(
    warehouse: Warehouse, vault: Vault, file: Path, mapping: Mapping, *, league: str, level_points: float, run_id: str, seen_at: datetime
) -> ImportedFile:
    """Import one file in one transaction; again is harmless.

    Raises BadInput where it cannot be read, LeagueMismatch where the warehouse is of another league.
    """
    rows = read_rows(file)
    if mapping.kind == "unused":
        return ImportedFile(file, mapping.name, mapping.kind, rows.num_rows, Counts(), mapping.because)
    body = file.read_bytes()
    payload_id = vault.put(body)
    with warehouse.writing(run_id) as work:
        shaped = SHAPERS[mapping.kind](work, rows, mapping, file.stem, payload_id)
        if mapping.kind == "props":
            shaped = check_level(work, shaped, limit=level_points)
        document = Document(
            payload_id=payload_id,
            payload=Payload(body, str(file)),
            source=file.stem,
            kind=f"import/{mapping.kind}",
            league=league,
            event_id=None,
            snapshot_at=None,
            rejects=shaped.rejects,
            path=vault.path(payload_id),
            offered=rows.num_rows,
        )
        offers = Offers()
        for name, offer in shaped.tables.items():
            offers.add(name, offer)
        counts = commit(work, offers, [document], seen_at)
        mark_resolved(work, counts, {payload_id}, seen_at)
    return ImportedFile(file, mapping.name, mapping.kind, rows.num_rows, counts)
