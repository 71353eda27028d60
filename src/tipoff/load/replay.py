"""Documents loaded again out of the vault: the one way in which anything leaves the quarantine, whoever asks for it.

Comes in: which payloads, or which rules. They are transformed and committed as at first, each of their arrivals, and imported files as
they were read; what is no longer set apart is marked as replayed, and what still is stays with its reason. It must never know why
somebody expects them to fare better now.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from tipoff.errors import BadInput, BrokenInvariant, TipoffError
from tipoff.load.counts import Counts
from tipoff.load.documents import BATCH, Guard, Kept, Progress, load_kept
from tipoff.load.identity import Identity
from tipoff.load.import_kinds import NO_GAME, WHEN
from tipoff.load.imports import IMPORTED, import_again
from tipoff.load.quarantine import UNRESOLVED, WAITING, mark_resolved, mention_in, open_rows, tell_candidates
from tipoff.scrape.records import Payload
from tipoff.scrape.sources import SOURCES
from tipoff.store.payloads import Vault
from tipoff.store.receipts import FROM_FOLDER, arrival_moment
from tipoff.store.warehouse import Warehouse, Work


def replay_unresolved(
    warehouse: Warehouse, vault: Vault, *, seen_at: datetime, run_id: str, progress: Progress | None = None, guard: Guard | None = None
) -> Counts:
    """Load again the documents with rows that waited for a name or a game, and may load now that more is known."""
    with warehouse.reading() as work:
        waiting = open_rows(work, rules=WAITING)
        identity = Identity.of(work) if waiting else Identity()
        sides = _sides(work) if any(row["rule"] == NO_GAME for row in waiting) else set()
        hopeful = sorted({row["payload_id"] for row in waiting if _may_load(row, identity, sides)})
    if not waiting:
        return Counts()
    total = Counts()
    if hopeful:
        total = replay(warehouse, vault, payload_ids=hopeful, rules=WAITING, seen_at=seen_at, run_id=run_id, progress=progress, guard=guard)
    with warehouse.writing(run_id) as work:
        if guard:
            guard(work)
        tell_candidates(work, Identity.of(work) if hopeful else identity)
    return total


def _may_load(row: dict[str, Any], identity: Identity, sides: set[str]) -> bool:
    """Whether a row in quarantine may fare better now: one that waits for a name or for a team's game on a day if that is known, one that
    waits for a game of its source always."""
    if row["rule"] == NO_GAME:
        return row["value"] in sides
    if row["rule"] != UNRESOLVED or not row["game_id"]:
        return True
    return identity.find(mention_in(row["value"], row["game_id"], row["league_player_id"]))[0] is not None


def _sides(work: Work) -> set[str]:
    """Who plays when, in the words of what waits for it."""
    games = work.fetch(work.table("raw.schedule").select("game_date", "home", "away").distinct()).to_pylist()
    return {f"{game[side]}{WHEN}{game['game_date']}" for game in games for side in ("home", "away")}


def replay(
    warehouse: Warehouse,
    vault: Vault,
    *,
    payload_ids: Collection[str] | None = None,
    rules: Collection[str] | None = None,
    seen_at: datetime,
    run_id: str,
    progress: Progress | None = None,
    guard: Guard | None = None,
) -> Counts:
    """Load again the documents with rows in quarantine: these payloads, or those with rows of these rules, or all (None).

    `seen_at` (UTC) is when it happens; `progress` and `guard` are as in `load_payloads`. Again is harmless. Raises BrokenInvariant where
    the vault does not give a document back, after the others are done.
    """
    with warehouse.reading() as work:
        chosen = open_rows(work, None if payload_ids is None else sorted(payload_ids), rules)
    files = sorted({row["payload_id"] for row in chosen if row["kind"].startswith(IMPORTED)})
    identifiers = sorted({row["payload_id"] for row in chosen} - set(files))
    total = Counts()
    lost: dict[str, str] = {}
    for payload_id in files:
        try:
            total += import_again(warehouse, vault, payload_id, run_id=run_id, seen_at=seen_at, guard=guard)
        except (BadInput, BrokenInvariant) as error:
            lost[payload_id] = error.message
        if progress:
            progress(1)
    for start in range(0, len(identifiers), BATCH):
        batch = identifiers[start : start + BATCH]
        kept, unread = _arrivals(warehouse, vault, batch)
        lost |= unread
        total += load_kept(warehouse, vault, kept, seen_at=seen_at, run_id=run_id, guard=guard)
        if progress:
            progress(len(batch))
    if identifiers:
        with warehouse.writing(run_id) as work:
            if guard:
                guard(work)
            mark_resolved(work, total, {*files, *identifiers} - set(lost), seen_at)
    if lost:
        raise BrokenInvariant(
            f"{len(lost)} documents could not be read again, the others were: {'; '.join(sorted(lost.values()))}",
            hint="Put them back into the bucket, and replay them.",
        )
    return total


def _arrivals(warehouse: Warehouse, vault: Vault, payload_ids: list[str]) -> tuple[Kept, dict[str, str]]:
    """Each arrival on record of these payloads with its bytes, and what is wrong with those that the vault does not give back."""
    kept: Kept = {}
    lost: dict[str, str] = {}
    for row in warehouse.read("raw.arrivals", payload_id=payload_ids).to_pylist():
        try:
            body = vault.get(row["payload_id"])
        except TipoffError as error:
            lost[row["payload_id"]] = error.message
            continue
        # A document out of a folder is recognised anew: a source may have learnt to read it since.
        source = row["source"] if row["source"] in SOURCES and row["arrived"] != FROM_FOLDER else None
        payload = Payload(body, row["url"], arrival_moment(row["arrived"]), row["status"], row["feed"] or "", row["game_date"])
        kept[row["payload_id"], row["arrived"]] = payload, source
    return kept, lost
