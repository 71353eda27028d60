"""A warehouse's facts made anew out of the payloads: imports as they were read, documents as they arrived, each once, in one order.

Comes in: the warehouse as it stands, a fresh one, the vault and the receipts. Goes out: the fresh one with the same facts, and what people
said of names. Rows of documents that the vault does not give back are taken over as they stand, and told. It must never know which of the
two is in force, nor what is made from facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.errors import BadInput, BrokenInvariant, Busy, ConfigError, StorageError, TipoffError
from tipoff.load.documents import BATCH, Kept, load_kept
from tipoff.load.identity import OPERATOR, QUOTES
from tipoff.load.imports import IMPORTED, HowRead, import_again
from tipoff.load.mapping import ORDER
from tipoff.load.replay import replay_unresolved
from tipoff.scrape.records import Payload
from tipoff.scrape.sources import SOURCES
from tipoff.store.parquet import pages_of, shaped, together
from tipoff.store.payloads import Vault
from tipoff.store.receipts import FROM_FOLDER, Receipt, Receipts, arrival_moment
from tipoff.store.tables import ALL, table_named, table_of
from tipoff.store.warehouse import Warehouse, Work

MADE = tuple(table.name for table in ALL if table.dataset == "raw" or (table.dataset == "ref" and table.name != "ref.book_groups"))
"""The tables that payloads fill; all others are made from these, or are a record of what was done."""
_ENDS = {"raw.quarantine": "replayed_at", "ref.unresolved_names": "resolved_at"}
"""Records of what waited, and of when it waited no more."""
_OF_DOCUMENTS = tuple(name for name in MADE if "payload_id" in table_named(name).column_names and name not in _ENDS)
_WHO_IS_WHO = ("ref.players", "ref.aliases", "ref.spellings", "ref.game_ids", "ref.bookmakers", "ref.sources")
_NOT_A_DOCUMENTS_FAULT = (Busy, ConfigError, StorageError)
_READERS = 8  # threads that wait for the bucket
_BATCH_BYTES = 32 * 1024 * 1024

Key = tuple[str, str]
"""(payload id, arrived), as `raw.arrivals` keys a document that arrived."""
Progress = Callable[[int], None]


@dataclass
class Again:
    """What was loaded anew: imports and documents; `lost` says by payload id why one was not, `taken` how many rows stand as they stood
    for want of it."""

    imports: int = 0
    documents: int = 0
    taken: int = 0
    lost: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Came:
    """A document that arrived. `source` is None where its shape is to tell."""

    payload_id: str
    arrived: str
    source: str | None
    url: str
    status: int
    feed: str
    game_date: date | None


def load_all_again(
    old: Warehouse, new: Warehouse, vault: Vault, receipts: Receipts, *, seen_at: datetime, run_id: str, progress: Progress | None = None
) -> Again:
    """Fill an empty warehouse with the facts of all payloads: those on record in `old`, and those that have a receipt alone.

    `seen_at` (UTC) is when it happens; `progress` hears of each document. Raises Busy, ConfigError or StorageError where a warehouse or
    the bucket cannot be used; a document that the vault does not give back, or that breaks the loader, is left out and told.
    """
    done, step = Again(), progress or (lambda _: None)
    imports, came = _on_record(old, receipts)
    kept = vault.kept()
    for payload_id in sorted(({row["payload_id"] for row in imports} | {key[0] for key in came}) - kept):
        done.lost[payload_id] = f"The vault holds no payload {payload_id}."
    imports = [row for row in imports if row["payload_id"] in kept]
    came = {key: one for key, one in came.items() if key[0] in kept}
    there = {row["payload_id"] for row in imports} | {key[0] for key in came}
    _take_over(old, new, done, there, imports, run_id)
    for row in sorted(imports, key=_import_order):
        try:
            import_again(new, vault, row["payload_id"], run_id=run_id, seen_at=seen_at)
            done.imports += 1
        except (BadInput, BrokenInvariant) as error:
            done.lost[row["payload_id"]] = error.message
        step(1)
    for batch in _batches(vault, [came[key] for key in sorted(came, key=_document_order)], done):
        done.documents += _load(new, vault, batch, done, seen_at, run_id)
        step(len(batch))
    replay_unresolved(new, vault, seen_at=seen_at, run_id=run_id)
    damaged = sorted(there & done.lost.keys())
    if damaged:
        done.taken += _bring(old, new, _OF_DOCUMENTS, run_id, lambda rows: rows.semi_join(_ids(damaged), "payload_id"))
    _remember_waiting(old, new, seen_at, run_id)
    return done


def _on_record(old: Warehouse, receipts: Receipts) -> tuple[list[dict[str, Any]], dict[Key, _Came]]:
    """The imported files, as rows of `raw.payloads`; and every document that arrived, by what its receipt says of it, else the record."""
    payloads, arrivals = old.read("raw.payloads").to_pylist(), old.read("raw.arrivals").to_pylist()
    imports = [row for row in payloads if row["kind"].startswith(IMPORTED) and row["mapping"]]
    imported = {row["payload_id"] for row in imports}
    came = {
        (row["payload_id"], row["arrived"]): _Came(
            row["payload_id"],
            row["arrived"],
            # A document out of a folder is recognised anew: a source may have learnt to read it since.
            row["source"] if row["source"] in SOURCES and row["arrived"] != FROM_FOLDER else None,
            row["url"],
            row["status"],
            row["feed"] or "",
            row["game_date"],
        )
        for row in arrivals
        if row["payload_id"] not in imported
    }
    for receipt in _receipts(receipts):
        key = (receipt.payload_id, receipt.arrived)
        said = _Came(*key, receipt.source, receipt.url, receipt.status, receipt.feed, receipt.game_date)
        known = came.get(key)
        # The same bytes of one instant may have come for two feeds: the one for which they were loaded stands.
        if known is None or (known.feed, known.game_date) == (said.feed, said.game_date):
            came[key] = said
    return imports, came


def _receipts(receipts: Receipts) -> list[Receipt]:
    wanted = [(feed, day, key) for feed, day in sorted(receipts.kept()) for key in sorted(receipts.names(feed, day))]
    with ThreadPoolExecutor(_READERS, thread_name_prefix="receipt") as pool:
        return list(pool.map(lambda one: receipts.get(*one), wanted))


def _import_order(row: dict[str, Any]) -> tuple[int, bool, str]:
    """The order in which files are best read, as `imports.plan` has it."""
    mapping = HowRead.model_validate_json(row["mapping"]).mapping
    return ORDER.index(mapping.kind), "league_player_id" not in mapping.columns, row["url"]


def _document_order(key: Key) -> tuple[bool, str, str]:
    return key[1] != FROM_FOLDER, key[1], key[0]


def _take_over(old: Warehouse, new: Warehouse, done: Again, there: set[str], imports: list[dict[str, Any]], run_id: str) -> None:
    """Before anything is loaded: the league, what people said of names, how files were read; and rows of documents that are not there,
    with who is who, which cannot be told from the others."""
    _bring(old, new, ("ref.league",), run_id)
    done.taken = _bring(old, new, _OF_DOCUMENTS, run_id, lambda rows: rows.anti_join(_ids(sorted(there)), "payload_id"))
    if done.taken:
        _bring(old, new, _WHO_IS_WHO, run_id)
    else:
        _bring(old, new, ("ref.aliases",), run_id, lambda rows: rows.filter(rows.origin == OPERATOR))
        with old.reading() as work:
            said = shaped(table_named("ref.players"), work.fetch(_nowhere_printed(work)))
        with new.writing(run_id) as work:
            work.bring("ref.players", said)
    with new.writing(run_id) as work:
        work.bring("raw.payloads", table_of("raw.payloads", imports))


def _nowhere_printed(work: Work) -> ir.Table:
    """The players who stand in no box score and on no roster: somebody has said that they are somebody."""
    spellings = work.table("ref.spellings")
    printed = spellings.filter(spellings.seen_in != QUOTES).select("player_lookup").distinct()
    return work.table("ref.players").anti_join(printed, "player_lookup")


def _bring(
    old: Warehouse, new: Warehouse, names: Iterable[str], run_id: str, which: Callable[[ir.Table], ir.Table] = lambda rows: rows
) -> int:
    """Rows as they stand, of these tables; how many."""
    brought = 0
    for name in names:
        table = table_named(name)
        with old.reading() as work:
            for rows in together(table, pages_of(work, table, which)):
                with new.writing(run_id) as other:
                    brought += other.bring(name, rows)
    return brought


def bring_all(old: Warehouse, new: Warehouse, names: Iterable[str], run_id: str) -> int:
    """Every row of these tables, as it stands, with who wrote it and when; how many."""
    return _bring(old, new, names, run_id)


def _ids(payload_ids: list[str]) -> ir.Table:
    return ibis.memtable(pa.table({"payload_id": pa.array(payload_ids, pa.string())}))


def _batches(vault: Vault, came: list[_Came], done: Again) -> Iterator[Kept]:
    """Documents with their bytes, as many at once as commit together; those that the vault does not give back are told."""

    def fetched(one: _Came) -> bytes | str:
        try:
            return vault.get(one.payload_id)
        except (BadInput, BrokenInvariant) as error:
            return error.message

    kept: Kept = {}
    size = 0
    with ThreadPoolExecutor(_READERS, thread_name_prefix="payload") as pool:
        for start in range(0, len(came), _READERS * 4):
            some = came[start : start + _READERS * 4]
            for one, body in zip(some, pool.map(fetched, some), strict=True):
                if isinstance(body, str):
                    done.lost[one.payload_id] = body
                    continue
                payload = Payload(body, one.url, arrival_moment(one.arrived), one.status, one.feed, one.game_date)
                kept[one.payload_id, one.arrived] = payload, one.source
                size += len(body)
                if len(kept) >= BATCH or size >= _BATCH_BYTES:
                    yield kept
                    kept, size = {}, 0
    if kept:
        yield kept


def _load(new: Warehouse, vault: Vault, kept: Kept, done: Again, seen_at: datetime, run_id: str) -> int:
    """Load these together, and where that fails each alone; how many are in."""
    try:
        return load_kept(new, vault, kept, seen_at=seen_at, run_id=run_id, guard=None).documents
    except _NOT_A_DOCUMENTS_FAULT:
        raise
    except Exception as error:  # noqa: BLE001 - one of them; which, is found out below
        if len(kept) > 1:
            return sum(_load(new, vault, {key: one}, done, seen_at, run_id) for key, one in kept.items())
        [(payload_id, _)] = kept
        done.lost[payload_id] = error.message if isinstance(error, TipoffError) else f"{payload_id}: {type(error).__name__}: {error}"
        return 0


def _remember_waiting(old: Warehouse, new: Warehouse, seen_at: datetime, run_id: str) -> None:
    """What waited is a record too: since when, and until when. What never waited this time, since all was there, no longer does."""
    for name, ended in _ENDS.items():
        table = table_named(name)
        key: Callable[[dict[str, Any]], Key] = lambda row, names=table.key: tuple(row[column] for column in names)  # type: ignore[misc] # noqa: E731
        stood = old.read(name).to_pylist()
        now = {key(row): row for row in new.read(name).to_pylist()}
        rows = []
        for row in stood:
            again = now.get(key(row))
            if again is None or (again[ended] and row[ended]):
                rows.append({**row, ended: row[ended] or seen_at})
            else:
                rows.append({**again, "first_seen": row["first_seen"]})
        with new.writing(run_id) as work:
            work.bring(name, table_of(name, rows))
