"""What was set apart, with its place and the rule that it broke; and names that lead to nobody, before the operator.

Nothing is lost: the document is in the vault, and its rows load once the reason is gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.load.columns import map_distinct
from tipoff.load.counts import Counts
from tipoff.load.identity import Mention, Resolution
from tipoff.load.offers import Document, with_columns
from tipoff.names import player_lookup
from tipoff.scrape.records import Reject
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work


def set_apart_names(
    work: Work, counts: Counts, unknown: pa.Table, resolutions: dict[Mention, Resolution], documents: list[Document], seen_at: datetime
) -> None:
    """Rows whose name leads to nobody: into quarantine, and the name before the operator."""
    if unknown.num_rows == 0:
        return
    candidates = {mention.name: resolution.candidates for mention, resolution in resolutions.items() if not resolution.player_lookup}
    rows = unknown.select(["payload_id", "path", "name"]).to_pylist()
    counts.waiting |= {(row["payload_id"], row["path"]) for row in rows}
    rejects = [(row["payload_id"], Reject(row["path"], "unresolved_name", row["name"])) for row in rows]
    set_apart(work, counts, rejects, documents, seen_at)
    if "game_id" not in unknown.column_names:
        days = map_distinct(unknown.column("game_date"), lambda day: f"{day:%Y%m%d}", pa.string())
        unknown = with_columns(unknown, game_id=pc.binary_join_element_wise(days, unknown.column("team"), "_"))
    waiting = unknown.group_by(["name", "game_id", "source"], use_threads=False).aggregate([("payload_id", "min"), ("path", "count")])
    names = [
        {
            "name": row["name"],
            "game_id": row["game_id"],
            "source": row["source"],
            "player_lookup": player_lookup(row["name"]),
            "payload_id": row["payload_id_min"],
            "candidates": ", ".join(candidates.get(row["name"], ())),
            "rows_waiting": row["path_count"],
            "first_seen": seen_at,
        }
        for row in waiting.to_pylist()
    ]
    work.merge("ref.unresolved_names", table_of("ref.unresolved_names", names))


def set_apart(work: Work, counts: Counts, rejects: list[tuple[str, Reject]], documents: list[Document], seen_at: datetime) -> None:
    if not rejects:
        return
    by_id = {document.payload_id: document for document in documents}
    known = ibis.memtable(pa.table({"payload_id": sorted({payload_id for payload_id, _ in rejects})}))
    first_seen = {
        (row["payload_id"], row["path"]): row["first_seen"]
        for row in work.fetch(
            work.table("raw.quarantine").semi_join(known, "payload_id").select("payload_id", "path", "first_seen")
        ).to_pylist()
    }
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for payload_id, reject in rejects:
        document = by_id[payload_id]
        rows[payload_id, reject.path] = {
            "payload_id": payload_id,
            "path": reject.path,
            "rule": reject.rule,
            "value": reject.value[:200],
            "source": document.source,
            "kind": document.kind,
            "origin": document.payload.origin,
            "first_seen": first_seen.get((payload_id, reject.path), seen_at),
        }
        counts.set_apart[reject.rule] = counts.set_apart.get(reject.rule, 0) + 1
    work.merge("raw.quarantine", table_of("raw.quarantine", list(rows.values())))
