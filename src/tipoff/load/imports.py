"""One's own archives: Parquet or CSV files, recognised by their columns, read whole, offered like any other document.

Rows that do not fit are set apart by their number in the file, with the rule that they broke. Knows files and mappings; what a player
is called elsewhere is for `identity`, what wins is for the merge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from tipoff.errors import BadInput, UnknownFormat
from tipoff.load.commit import commit
from tipoff.load.counts import Counts
from tipoff.load.import_kinds import SHAPERS
from tipoff.load.level import check_level
from tipoff.load.mapping import ORDER, Mapping, recognise
from tipoff.load.offers import Document, Offers
from tipoff.load.quarantine import mark_resolved
from tipoff.scrape.decode import shown_bytes
from tipoff.scrape.records import Payload, Reject
from tipoff.store.payloads import Vault
from tipoff.store.warehouse import Warehouse, Work

SUFFIXES = (".parquet", ".csv")
IMPORTED = "import/"
"""How the kind of a document begins that is a file of somebody's own."""


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
            inside = sorted(file for file in path.rglob("*") if file.suffix.casefold() in SUFFIXES)
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
        with file.open("rb") as stream:
            return list(pq.read_schema(stream).names if file.suffix.casefold() == ".parquet" else _header(stream))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(str(file), error) from None


@dataclass(frozen=True)
class Rows:
    """The rows of a file. Of a CSV's rows with more or fewer cells than its header, `ragged` holds the text by their number (the first row
    is 1); in `table` such a row is empty, so that the others keep their numbers."""

    table: pa.Table
    ragged: dict[int, str]


def read_rows(body: bytes, name: str) -> Rows:
    """A file's rows; those of a CSV as text, so that ids keep their zeros and one bad number costs one row.

    Raises BadInput where it cannot be read.
    """
    try:
        return Rows(pq.read_table(pa.BufferReader(body)), {}) if name.casefold().endswith(".parquet") else _csv_rows(body)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> BadInput:
    return BadInput(f"{name} cannot be read: {error}.", hint="Is it really Parquet or CSV?")


def _skip(_: pacsv.InvalidRow) -> str:
    return "skip"


def _header(stream: Any) -> list[str]:
    return list(pacsv.open_csv(stream, parse_options=pacsv.ParseOptions(invalid_row_handler=_skip)).schema.names)


def _csv_rows(body: bytes) -> Rows:
    ragged: dict[int, str] = {}

    def set_aside(row: pacsv.InvalidRow) -> str:
        ragged[row.number - 1] = row.text  # the header is its first row
        return "skip"

    types = dict.fromkeys(_header(pa.BufferReader(body)), pa.string())
    table = pacsv.read_csv(
        pa.BufferReader(body),
        read_options=pacsv.ReadOptions(use_threads=False),  # it counts rows in one thread only
        parse_options=pacsv.ParseOptions(invalid_row_handler=set_aside),
        convert_options=pacsv.ConvertOptions(column_types=types),
    )
    if not ragged:
        return Rows(table, ragged)
    whole = iter(range(table.num_rows))
    places = [None if number in ragged else next(whole) for number in range(1, table.num_rows + len(ragged) + 1)]
    return Rows(table.take(pa.array(places, pa.int64())), ragged)


class HowRead(BaseModel):
    """How a file was read, beside it in the warehouse: so that it can be read again out of the vault."""

    model_config = ConfigDict(frozen=True)

    mapping: Mapping
    level_points: float


def import_file(
    warehouse: Warehouse, vault: Vault, file: Path, mapping: Mapping, *, league: str, level_points: float, run_id: str, seen_at: datetime
) -> ImportedFile:
    """Import one file in one transaction; again is harmless.

    Raises BadInput where it cannot be read, LeagueMismatch where the warehouse is of another league.
    """
    try:
        payload = Payload(file.read_bytes(), str(file))
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error}.", hint="May you read it?") from None
    rows = read_rows(payload.body, str(file))
    if mapping.kind == "unused":
        return ImportedFile(file, mapping.name, mapping.kind, rows.table.num_rows, Counts(), mapping.because)
    payload_id = vault.put(payload.body)
    with warehouse.writing(run_id) as work:
        how = HowRead(mapping=mapping, level_points=level_points)
        counts = _commit(work, rows, payload, payload_id, vault.path(payload_id), how, league, seen_at)
    return ImportedFile(file, mapping.name, mapping.kind, rows.table.num_rows, counts)


def import_again(
    warehouse: Warehouse, vault: Vault, payload_id: str, *, run_id: str, seen_at: datetime, guard: Callable[[Work], None] | None = None
) -> Counts:
    """Import a file that was imported before, out of the vault, as it was read then; `guard` is called within its transaction.

    Raises BadInput where the vault does not hold it, or nothing on record says how it was read.
    """
    body = vault.get(payload_id)
    with warehouse.writing(run_id) as work:
        if guard:
            guard(work)
        [known] = work.fetch(work.as_of("raw.payloads", payload_id=payload_id)).to_pylist()
        league = work.league()
        if not known["mapping"] or not league:
            raise BadInput(f"How {known['url']} was read is not on record.", hint="Import the file again.")
        rows = read_rows(body, known["url"])
        payload = Payload(body, known["url"])
        return _commit(
            work, rows, payload, payload_id, vault.path(payload_id), HowRead.model_validate_json(known["mapping"]), league, seen_at
        )


def _commit(work: Work, rows: Rows, payload: Payload, payload_id: str, path: str, how: HowRead, league: str, seen_at: datetime) -> Counts:
    name = Path(payload.origin).stem
    shaped = SHAPERS[how.mapping.kind](work, rows.table, how.mapping, name, payload_id)
    ragged = {
        f"row {number}": Reject(f"row {number}", "wrong_number_of_cells", shown_bytes(text.encode()))
        for number, text in rows.ragged.items()
    }
    shaped.rejects = [ragged.get(reject.path, reject) for reject in shaped.rejects]
    if how.mapping.kind == "props":
        shaped = check_level(work, shaped, limit=how.level_points)
    document = Document(
        payload_id=payload_id,
        payload=payload,
        source=name,
        kind=f"{IMPORTED}{how.mapping.kind}",
        league=league,
        event_id=None,
        snapshot_at=None,
        rejects=shaped.rejects,
        path=path,
        offered=rows.table.num_rows,
        mapping=how.model_dump_json(),
    )
    offers = Offers()
    for table, offer in shaped.tables.items():
        offers.add(table, offer)
    counts = commit(work, offers, [document], seen_at)
    mark_resolved(work, counts, {payload_id}, seen_at)
    return counts
