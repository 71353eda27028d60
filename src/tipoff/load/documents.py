"""Payloads into the warehouse: transformed by their source, committed a batch at a time, documents from a folder and fetched ones alike.

Knows sources by name and the vault. A document that nobody recognises is set apart, never fatal to its neighbours.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa

from tipoff.errors import BadInput, LeagueMismatch
from tipoff.load.commit import commit
from tipoff.load.counts import Counts
from tipoff.load.offers import Document, Offers, offer_documents
from tipoff.scrape.batches import Batch
from tipoff.scrape.records import Parsed, Payload, Reject
from tipoff.scrape.sources import SOURCES, read_all
from tipoff.store.payloads import Vault
from tipoff.store.receipts import arrival_stamp
from tipoff.store.warehouse import Warehouse, Work

BATCH = 1200
_BATCH_BYTES = 32 * 1024 * 1024  # of bodies: so that memory stays below a gigabyte, however large the documents are
_KEEPERS = 4  # threads that put payloads into the vault; hashing, packing and writing hold no lock of the interpreter
SUFFIXES = (".json", ".json.gz", ".pdf", ".pdf.gz")
UNKNOWN_SOURCE = "unknown"

Progress = Callable[[int], None]
Kept = dict[tuple[str, str], tuple[Payload, str | None]]
"""Payloads that are in the vault, with whose they are, by (payload id, arrived)."""
Guard = Callable[[Work], None]
Sealed = Callable[[Work, Counts], None]


def folder_payloads(folder: Path) -> list[Path]:
    """The documents below a folder, JSON and PDF, in no order that matters. Raises BadInput where there are none."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", hint="Give --payloads the folder that holds the documents.")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.casefold().endswith(SUFFIXES))
    if not found:
        raise BadInput(f"{folder} holds no .json, .json.gz or .pdf document.", hint="Is it the right folder?")
    return found


def read_payload(path: Path) -> Payload:
    """A document from a file, unpacked where it is gzip; where a file comes from says nothing about what it holds.

    A broken archive keeps its bytes as they are, and is set apart when it is read.
    """
    body = path.read_bytes()
    if body[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, EOFError, zlib.error):
            body = gzip.decompress(body)
    return Payload(body, str(path))


def load_payloads(
    warehouse: Warehouse,
    vault: Vault,
    payloads: Iterable[tuple[Payload, str | None]],
    *,
    seen_at: datetime,
    run_id: str,
    progress: Progress | None = None,
    guard: Guard | None = None,
    sealed: Sealed | None = None,
    at_once: int = BATCH,
) -> Counts:
    """Load (payload, source) pairs; a source of None is told by the document's shape. Loading again changes nothing.

    Every payload is in the vault before it is parsed. At most `at_once` documents commit together. `guard` is called within each
    transaction, before anything is written, and `sealed` at its end, with its counts: where one raises, nothing of it is. A document of
    another league than the warehouse's is set apart. Raises LeagueMismatch where the warehouse is empty and the first documents are of
    two leagues.
    """
    total = Counts()
    stream = iter(payloads)
    before: _Batch | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        while True:
            drawn = _draw(stream, at_once)
            kept = _keep(vault, drawn)
            known = _already(warehouse, list(kept)) | (before.new.keys() if before else set())
            new = {key: value for key, value in kept.items() if key not in known}
            batch = _Batch(new, len(drawn), reader.submit(_read, vault, new))
            if before:  # committed while the one after it is read
                total += _commit(warehouse, before.read.result(), seen_at, run_id, guard, sealed)
                total.already += before.drawn - len(before.new)
                if progress:
                    progress(before.drawn)
            if not drawn:
                return total
            before = batch


@dataclass(frozen=True)
class _Batch:
    """Documents that commit together: those that are new, by (payload id, arrived), how many were drawn, and what they say."""

    new: Kept
    drawn: int
    read: Future[_Read]


@dataclass(frozen=True)
class _Read:
    """Documents as they were read, and what they offer to the tables."""

    batch: Batch
    documents: list[Document]
    offers: Offers


def _read(vault: Vault, kept: Kept) -> _Read:
    batch = read_all(list(kept.values()))
    keys = zip(kept, kept.values(), batch.whole, strict=True)
    documents = [_document(vault, key, payload, found) for (key, _), (payload, _), found in keys]
    return _Read(batch, documents, offer_documents(documents, batch.tables()))


def _draw(stream: Iterator[tuple[Payload, str | None]], at_once: int) -> list[tuple[Payload, str | None]]:
    """The next payloads, less of them where they are large."""
    drawn: list[tuple[Payload, str | None]] = []
    size = 0
    while len(drawn) < at_once and size < _BATCH_BYTES and (one := next(stream, None)) is not None:
        drawn.append(one)
        size += len(one[0].body)
    return drawn


def _keep(vault: Vault, drawn: list[tuple[Payload, str | None]]) -> Kept:
    """Put these into the vault; by (payload id, arrived)."""
    with ThreadPoolExecutor(_KEEPERS, thread_name_prefix="keep") as pool:
        identifiers = list(pool.map(lambda one: vault.put(one[0].body), drawn))
    keys = [(payload_id, arrival_stamp(payload.fetched_at)) for payload_id, (payload, _) in zip(identifiers, drawn, strict=True)]
    return dict(zip(keys, drawn, strict=True))


def load_kept(warehouse: Warehouse, vault: Vault, kept: Kept, *, seen_at: datetime, run_id: str, guard: Guard | None) -> Counts:
    """Load arrivals, by (payload id, arrived), that are in the vault, in one transaction: for the first time or again."""
    return _commit(warehouse, _read(vault, kept), seen_at, run_id, guard)


def _commit(warehouse: Warehouse, read: _Read, seen_at: datetime, run_id: str, guard: Guard | None, sealed: Sealed | None = None) -> Counts:
    with warehouse.writing(run_id) as work:
        if guard:
            guard(work)
        own = _of_one_league(read, work.league() or _one_league(read.batch.whole))
        counts = commit(work, own.offers, own.documents, seen_at)
        if sealed:
            sealed(work, counts)
        return counts


def _one_league(parsed: Sequence[Parsed]) -> str | None:
    """The league of documents for an empty warehouse. Raises LeagueMismatch where they are of two: neither is the intruder."""
    leagues = sorted({found.league for found in parsed if found.league})
    if len(leagues) > 1:
        raise LeagueMismatch(
            f"These documents are of two leagues, {' and '.join(leagues)}; nothing was written.",
            hint="Load each league into a data directory of its own.",
        )
    return leagues[0] if leagues else None


def _of_one_league(read: _Read, league: str | None) -> _Read:
    """The same, less what documents of another league than the warehouse's offer: they are set apart whole, since invented data never
    mixes with real data."""
    strangers = [place for place, found in enumerate(read.batch.whole) if found.league not in (None, league)]
    if not strangers:
        return read
    documents = list(read.documents)
    for place in strangers:
        found = read.batch.whole[place]
        reject = Reject("$", "other_league", f"{found.league}; this warehouse holds {league}", rows=found.offered)
        read.batch.refuse(place, replace(found, rejects=[reject], league=None))
        documents[place] = replace(documents[place], rejects=[reject], league=None)
    return _Read(read.batch, documents, offer_documents(documents, read.batch.tables()))


def _already(warehouse: Warehouse, arrivals: list[tuple[str, str]]) -> set[tuple[str, str]]:
    if not arrivals:
        return set()
    wanted = pa.table({"payload_id": [key[0] for key in arrivals], "arrived": [key[1] for key in arrivals]})
    with warehouse.reading() as work:
        rows = work.ask(arrivals_among, wanted)
    return set(zip(rows.column("payload_id").to_pylist(), rows.column("arrived").to_pylist(), strict=True))


def arrivals_among(work: Work, wanted: ir.Table) -> ir.Table:
    """Of these (payload_id, arrived) those that are on record."""
    known = work.table("raw.arrivals").semi_join(wanted, ["payload_id", "arrived"])
    return known.select("payload_id", "arrived")


def _document(vault: Vault, payload_id: str, payload: Payload, parsed: Parsed) -> Document:
    return Document(
        payload_id=payload_id,
        payload=payload,
        source=parsed.source if parsed.source in SOURCES else UNKNOWN_SOURCE,
        kind=parsed.kind,
        league=parsed.league,
        event_id=parsed.event_id,
        snapshot_at=parsed.snapshot_at,
        rejects=parsed.rejects,
        path=vault.path(payload_id),
        offered=parsed.offered,
    )
