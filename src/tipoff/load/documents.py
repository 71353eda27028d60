"""Payloads into the warehouse: transformed by their source, committed a batch at a time, documents from a folder and fetched ones alike.

Knows sources by name and the vault. A document that nobody recognises is set apart, never fatal to its neighbours.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import ibis
import pyarrow as pa

from tipoff.errors import BadInput, LeagueMismatch
from tipoff.load.commit import commit
from tipoff.load.counts import Counts
from tipoff.load.offers import Document, offer_documents
from tipoff.scrape.records import Parsed, Payload, Reject
from tipoff.scrape.sources import SOURCES, recognise, source_named
from tipoff.store.payloads import Vault
from tipoff.store.receipts import arrival_stamp
from tipoff.store.warehouse import Warehouse, Work

BATCH = 500
SUFFIXES = (".json", ".json.gz", ".pdf", ".pdf.gz")
UNKNOWN_SOURCE = "unknown"

Progress = Callable[[int], None]
Guard = Callable[[Work], None]


def folder_payloads(folder: Path) -> list[Path]:
    """The documents below a folder, JSON and PDF, in no order that matters. Raises BadInput where there are none."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", hint="Give --payloads the folder that holds the documents.")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(SUFFIXES))
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


def parse(payload: Payload, source: str | None) -> Parsed:
    """What a payload says, by its source; a document from a folder tells its source by its shape."""
    if source is None:
        known = recognise(payload.body)
        source = known[0] if known else "odds_api"
    return source_named(source).transform(payload)


def load_payloads(
    warehouse: Warehouse,
    vault: Vault,
    payloads: Iterable[tuple[Payload, str | None]],
    *,
    seen_at: datetime,
    run_id: str,
    progress: Progress | None = None,
    guard: Guard | None = None,
    at_once: int = BATCH,
) -> Counts:
    """Load (payload, source) pairs; a source of None is told by the document's shape. Loading again changes nothing.

    Every payload is in the vault before it is parsed. At most `at_once` documents commit together. `guard` is called within each
    transaction, before anything is written: where it raises, nothing of it is. A document of another league than the warehouse's is set
    apart. Raises LeagueMismatch where the warehouse is empty and the first documents are of two leagues.
    """
    total = Counts()
    stream = iter(payloads)
    while batch := list(islice(stream, at_once)):
        total += _load_batch(warehouse, vault, batch, seen_at, run_id, guard)
        if progress:
            progress(len(batch))
    return total


def _load_batch(
    warehouse: Warehouse, vault: Vault, batch: list[tuple[Payload, str | None]], seen_at: datetime, run_id: str, guard: Guard | None
) -> Counts:
    kept = {(vault.put(payload.body), arrival_stamp(payload.fetched_at)): (payload, source) for payload, source in batch}
    already = _already(warehouse, list(kept))
    new = {key: value for key, value in kept.items() if key not in already}
    counts = load_kept(warehouse, vault, new, seen_at=seen_at, run_id=run_id, guard=guard)
    counts.already = len(batch) - len(new)
    return counts


def load_kept(
    warehouse: Warehouse,
    vault: Vault,
    kept: dict[tuple[str, str], tuple[Payload, str | None]],
    *,
    seen_at: datetime,
    run_id: str,
    guard: Guard | None,
) -> Counts:
    """Load arrivals, by (payload id, arrived), that are in the vault, in one transaction: for the first time or again."""
    read = [(key, payload, parse(payload, source)) for (key, _), (payload, source) in kept.items()]
    with warehouse.writing(run_id) as work:
        if guard:
            guard(work)
        league = work.league() or _one_league([found for _, _, found in read])
        parsed = [(_document(vault, key, payload, own := _of_league(found, league)), own.records) for key, payload, found in read]
        return commit(work, offer_documents(parsed), [document for document, _ in parsed], seen_at)


def _one_league(parsed: list[Parsed]) -> str | None:
    """The league of documents for an empty warehouse. Raises LeagueMismatch where they are of two: neither is the intruder."""
    leagues = sorted({found.league for found in parsed if found.league})
    if len(leagues) > 1:
        raise LeagueMismatch(
            f"These documents are of two leagues, {' and '.join(leagues)}; nothing was written.",
            hint="Load each league into a data directory of its own.",
        )
    return leagues[0] if leagues else None


def _of_league(parsed: Parsed, league: str | None) -> Parsed:
    """The same, or, where it is of another league than the warehouse, set apart whole: invented data never mixes with real data."""
    if parsed.league in (None, league):
        return parsed
    reject = Reject("$", "other_league", f"{parsed.league}; this warehouse holds {league}", rows=parsed.offered)
    return replace(parsed, records={}, rejects=[reject], league=None)


def _already(warehouse: Warehouse, arrivals: list[tuple[str, str]]) -> set[tuple[str, str]]:
    wanted = pa.table({"payload_id": [key[0] for key in arrivals], "arrived": [key[1] for key in arrivals]})
    with warehouse.reading() as work:
        known = work.table("raw.arrivals").semi_join(ibis.memtable(wanted), ["payload_id", "arrived"])
        rows = work.fetch(known.select("payload_id", "arrived"))
    return set(zip(rows.column("payload_id").to_pylist(), rows.column("arrived").to_pylist(), strict=True))


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
