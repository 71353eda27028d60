"""What was set apart, with its place and the rule that it broke; and names that lead to nobody, before the operator.

Nothing is lost: the document is in the vault, and its rows load once the reason is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import season_of
from tipoff.load.columns import map_distinct
from tipoff.load.counts import Counts
from tipoff.load.identity import Identity, Mention, Resolution
from tipoff.load.offers import Document, with_columns
from tipoff.names import player_lookup
from tipoff.scrape.records import Reject
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work

UNRESOLVED = "unresolved_name"
WAITING = (UNRESOLVED, "no_next_game", "no_game_yet", "no_such_game", "unknown_game", "game_not_final")
"""Rules whose rows load by themselves once more is known."""
VALUE_LENGTH = 200
"""So much of what stood there is kept beside the rule; all of it is in the vault."""
_Name = tuple[str, str, str]  # as printed, the game, the source


def set_apart_homeless(work: Work, counts: Counts, rows: pa.Table, documents: list[Document], seen_at: datetime) -> None:
    """Statuses of a team's next game, and shots of a game, of which the schedule does not know yet: into quarantine, until it does."""
    found = rows.select(["payload_id", "path", "name"]).to_pylist()
    rule = "no_game_yet" if "action_id" in rows.column_names else "no_next_game"
    set_apart(work, counts, [(row["payload_id"], Reject(row["path"], rule, row["name"])) for row in found], documents, seen_at)


def take_back(work: Work, counts: Counts, name: str, rows: pa.Table, seen_at: datetime) -> None:
    """Rows of a table whose name leads to nobody any more: their documents wait, and are read again at the next replay."""
    wanted = ibis.memtable(pa.table({"payload_id": rows.column("payload_id").unique()}))
    known = work.fetch(work.table("raw.payloads").semi_join(wanted, "payload_id").select("payload_id", "source", "kind", "url")).to_pylist()
    by_id = {row["payload_id"]: row for row in known}
    waiting: dict[tuple[str, str], dict[str, Any]] = {}
    for payload_id, printed in sorted(set(zip(rows.column("payload_id").to_pylist(), rows.column("name").to_pylist(), strict=True))):
        document = by_id.get(payload_id, {})
        path = f"{name}: {printed}"
        waiting[payload_id, path] = {
            "payload_id": payload_id,
            "path": path,
            "rule": UNRESOLVED,
            "value": printed[:VALUE_LENGTH],
            "source": document.get("source"),
            "kind": document.get("kind") or "",
            "origin": document.get("url"),
            "first_seen": seen_at,
        }
        counts.apart.add((payload_id, path))
    work.merge("raw.quarantine", table_of("raw.quarantine", list(waiting.values())))


def set_apart_names(
    work: Work, counts: Counts, unknown: pa.Table, resolutions: dict[Mention, Resolution], documents: list[Document], seen_at: datetime
) -> None:
    """Rows whose name leads to nobody: into quarantine, and the name before the operator."""
    if unknown.num_rows == 0:
        return
    if "game_id" not in unknown.column_names:
        days = map_distinct(unknown.column("game_date"), lambda day: f"{day:%Y%m%d}", pa.string())
        unknown = with_columns(unknown, game_id=pc.binary_join_element_wise(days, unknown.column("team"), "_"))
    rows = unknown.select(["payload_id", "path", "name", "league_player_id", "game_id", "source"]).to_pylist()
    rejects = [(row["payload_id"], Reject(row["path"], UNRESOLVED, row["name"])) for row in rows]
    set_apart(
        work,
        counts,
        rejects,
        documents,
        seen_at,
        {(row["payload_id"], row["path"]): (row["game_id"], row["league_player_id"]) for row in rows},
    )
    candidates = {mention.name: resolution.candidates for mention, resolution in resolutions.items() if not resolution.player_lookup}
    waiting = _waiting(work, {_name_key(row) for row in rows})
    counts.names |= waiting.keys()
    known = {_name_key(row): row for row in work.fetch(_named(work, list(waiting))).to_pylist()}
    names = [
        {
            "name": name,
            "game_id": game,
            "source": source,
            "player_lookup": player_lookup(name),
            "payload_id": first,
            "candidates": ", ".join(candidates.get(name, ())),
            "rows_waiting": number,
            "first_seen": known[name, game, source]["first_seen"] if (name, game, source) in known else seen_at,
        }
        for (name, game, source), (first, number) in waiting.items()
    ]
    work.merge("ref.unresolved_names", table_of("ref.unresolved_names", names))


def mention_in(name: str, game: str, league_player_id: str | None = None) -> Mention:
    """A name as it was met in a game (`YYYYMMDD_AWY_HOM`), or in a report on a team's day (`YYYYMMDD_TEAM`)."""
    day, *teams = game.split("_")
    return Mention(name, league_player_id, tuple(reversed(teams)), season_of(date(int(day[:4]), int(day[4:6]), int(day[6:]))))


def tell_candidates(work: Work, identity: Identity) -> None:
    """Who each name that waits might be, by what is known now."""
    names = work.table("ref.unresolved_names")
    rows = work.fetch(names.filter(names.resolved_at.isnull())).to_pylist()
    told = [{**row, "candidates": ", ".join(identity.resolve(mention_in(row["name"], row["game_id"])).candidates)} for row in rows]
    changed = [new for old, new in zip(rows, told, strict=True) if new != old]
    if changed:
        work.merge("ref.unresolved_names", table_of("ref.unresolved_names", changed))


def _waiting(work: Work, names: set[_Name]) -> dict[_Name, tuple[str, int]]:
    """For each of these names the first document in which it waits, and how many rows do."""
    rows = work.table("raw.quarantine")
    rows = rows.filter(
        rows.rule == UNRESOLVED, rows.replayed_at.isnull(), rows.value.isin(sorted({name[:VALUE_LENGTH] for name, *_ in names}))
    )
    counted = rows.group_by("value", "game_id", "source").agg(first=rows.payload_id.min(), number=rows.count())
    found = {_cut(row["value"], row["game_id"], row["source"]): (row["first"], row["number"]) for row in work.fetch(counted).to_pylist()}
    return {name: found[_cut(*name)] for name in sorted(names) if _cut(*name) in found}


def _cut(name: str, game: str, source: str) -> _Name:
    return name[:VALUE_LENGTH], game, source


def mark_mended(work: Work, counts: Counts, documents: list[Document], seen_at: datetime) -> None:
    """Mark as replayed what stood apart of these documents and was not set apart again.

    Only of payloads of which this commit held every arrival on record: what another arrival of the same bytes said still waits.
    """
    payload_ids = sorted({document.payload_id for document in documents})
    mended = [row for row in open_rows(work, payload_ids) if (row["payload_id"], row["path"]) not in counts.apart]
    if not mended:
        return
    wanted = pa.table({"payload_id": sorted({row["payload_id"] for row in mended})})
    arrivals = work.ask(_arrivals_of, wanted).to_pylist()
    held = {(document.payload_id, document.arrived) for document in documents}
    others = {row["payload_id"] for row in arrivals if (row["payload_id"], row["arrived"]) not in held}
    rows = [{**row, "replayed_at": seen_at} for row in mended if row["payload_id"] not in others]
    if rows:
        work.merge("raw.quarantine", table_of("raw.quarantine", rows))
        counts.mended += len(rows)


def _arrivals_of(work: Work, payloads: ir.Table) -> ir.Table:
    return work.table("raw.arrivals").semi_join(payloads, "payload_id").select("payload_id", "arrived")


def open_rows(work: Work, payload_ids: list[str] | None = None, rules: Collection[str] | None = None) -> list[dict[str, Any]]:
    """What is set apart and waits, of these payloads and by these rules (None: of all), as rows of `raw.quarantine`."""
    wanted = None if payload_ids is None else pa.table({"payload_id": pa.array(payload_ids, pa.string())})
    found: list[dict[str, Any]] = work.ask(_open, wanted, None if rules is None else tuple(sorted(rules))).to_pylist()
    return found


def _open(work: Work, payloads: ir.Table | None, rules: tuple[str, ...] | None) -> ir.Table:
    rows = work.table("raw.quarantine")
    rows = rows.filter(rows.replayed_at.isnull())
    if rules is not None:
        rows = rows.filter(rows.rule.isin(rules))
    return rows if payloads is None else rows.semi_join(payloads, "payload_id")


def mark_resolved(work: Work, counts: Counts, loaded: set[str], seen_at: datetime) -> None:
    """Mark the names that wait no more, after the `loaded` payloads were loaded with these `counts`.

    A name that also waits in another document, in the same game or in one that is not on record, is left as it is.
    """
    waiting = [row for row in open_rows(work, rules=(UNRESOLVED,)) if row["payload_id"] not in loaded]
    elsewhere = {(row["value"], row["game_id"], row["source"]) for row in waiting}
    names = work.table("ref.unresolved_names")
    rows = work.fetch(names.filter(names.resolved_at.isnull())).to_pylist()
    resolved = [
        {**row, "resolved_at": seen_at}
        for row in rows
        if _name_key(row) not in counts.names
        and elsewhere.isdisjoint({_cut(*_name_key(row)), (row["name"][:VALUE_LENGTH], None, row["source"])})
    ]
    if resolved:
        work.merge("ref.unresolved_names", table_of("ref.unresolved_names", resolved))


def _named(work: Work, waiting: list[_Name]) -> ir.Table:
    names = ("name", "game_id", "source")
    keys = pa.table([pa.array([key[place] for key in waiting], pa.string()) for place in range(3)], names=names)
    return work.table("ref.unresolved_names").semi_join(ibis.memtable(keys), names)


def _name_key(row: dict[str, Any]) -> _Name:
    return row["name"], row["game_id"], row["source"]


def _first_seen(work: Work, payload_ids: set[str], rule: str | None = None) -> dict[tuple[str, str], datetime]:
    """When each row of these documents that is in quarantine, by this rule or by any, was set apart first."""
    known = ibis.memtable(pa.table({"payload_id": sorted(payload_ids)}))
    apart = work.table("raw.quarantine").semi_join(known, "payload_id")
    if rule is not None:
        apart = apart.filter(apart.rule == rule)
    rows = work.fetch(apart.select("payload_id", "path", "first_seen"))
    return {(row["payload_id"], row["path"]): row["first_seen"] for row in rows.to_pylist()}


def set_apart(
    work: Work,
    counts: Counts,
    rejects: list[tuple[str, Reject]],
    documents: list[Document],
    seen_at: datetime,
    met: Mapping[tuple[str, str], tuple[str, str | None]] | None = None,
) -> None:
    """Put (payload id, reject) pairs into quarantine; what had left it, and is bad again, waits again.

    `met` says by (payload id, path) in which game, or day and team, a name was met, and the league's id beside it.
    """
    if not rejects:
        return
    # The same bytes may have come twice, an empty body as a success without content too: the one that was refused is named.
    by_id = {document.payload_id: document for document in sorted(documents, key=lambda document: bool(document.rejects))}
    first_seen = _first_seen(work, {payload_id for payload_id, _ in rejects})
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for payload_id, reject in rejects:
        document = by_id[payload_id]
        game, league_id = met[payload_id, reject.path] if met else (None, None)
        rows[payload_id, reject.path] = {
            "payload_id": payload_id,
            "path": reject.path,
            "rule": reject.rule,
            "value": reject.value[:VALUE_LENGTH],
            "game_id": game,
            "league_player_id": league_id,
            "source": document.source,
            "kind": document.kind,
            "origin": document.payload.origin,
            "first_seen": first_seen.get((payload_id, reject.path), seen_at),
        }
        counts.set_apart[reject.rule] = counts.set_apart.get(reject.rule, 0) + 1
        counts.apart.add((payload_id, reject.path))
    work.merge("raw.quarantine", table_of("raw.quarantine", list(rows.values())))
