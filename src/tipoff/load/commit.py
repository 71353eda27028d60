"""Offers into tables, in one transaction: identify the players, merge, set apart what cannot be placed, keep the books.

The end state is a function of the set of documents, whatever their order: every merge goes by the declared precedence, main lines are
worked out from the rows that are there, and names resolve from what all documents said. It must never know where a document came
from, nor which phase runs next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import game_date_of, season_of
from tipoff.load.columns import map_distinct
from tipoff.load.identity import Identity, Mention, Resolution, learnt_aliases, resolve_all
from tipoff.load.offers import Document, Offers, with_columns
from tipoff.market.books import find_book
from tipoff.market.devig import main_line
from tipoff.names import player_lookup
from tipoff.scrape.records import Reject
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work

_MARK = "\x1f"
_SUPPLIES = {
    "raw.player_box": "box",
    "raw.schedule": "schedule",
    "raw.odds_player_points": "odds",
    "raw.odds_game_lines": "game_lines",
    "raw.injuries": "injuries",
}


@dataclass
class Counts:
    """What a load did: merges by table, documents, rows set apart by rule, and the (payload, path) of rows that wait for a name."""

    documents: int = 0
    already: int = 0
    offered: int = 0
    merged: dict[str, Merged] = field(default_factory=dict)
    set_apart: dict[str, int] = field(default_factory=dict)
    games: set[str] = field(default_factory=set)
    waiting: set[tuple[str, str]] = field(default_factory=set)

    def add(self, table: str, merged: Merged) -> None:
        self.merged[table] = self.merged.get(table, Merged()) + merged

    def __add__(self, other: Counts) -> Counts:
        total = Counts(
            self.documents + other.documents,
            self.already + other.already,
            self.offered + other.offered,
            dict(self.merged),
            dict(self.set_apart),
            self.games | other.games,
            self.waiting | other.waiting,
        )
        for table, merged in other.merged.items():
            total.add(table, merged)
        for rule, number in other.set_apart.items():
            total.set_apart[rule] = total.set_apart.get(rule, 0) + number
        return total

    @property
    def inserted(self) -> int:
        return sum(merged.inserted for merged in self.merged.values())

    @property
    def updated(self) -> int:
        return sum(merged.updated for merged in self.merged.values())

    def as_dict(self) -> dict[str, Any]:
        """For people and for `--json`."""
        return {
            "documents": self.documents,
            "already_loaded": self.already,
            "rows_offered": self.offered,
            "rows_inserted": self.inserted,
            "rows_updated": self.updated,
            "tables": {name: {"inserted": merged.inserted, "updated": merged.updated} for name, merged in sorted(self.merged.items())},
            "set_apart": dict(sorted(self.set_apart.items())),
            "games": len(self.games),
        }


def commit(work: Work, offers: Offers, documents: list[Document], seen_at: datetime) -> Counts:
    """Merge everything that the documents offer. `seen_at` (UTC) is when quarantined rows are first seen.

    Raises LeagueMismatch, before anything is written, where a document is of another league than the warehouse.
    """
    for league in sorted({document.league for document in documents if document.league}):
        work.claim_league(league)
    counts = Counts(documents=len(documents), offered=sum(document.offered for document in documents))
    _merge_schedule(work, offers, counts)
    if any(name in offers.tables for name in ("raw.player_box", "raw.injuries", "raw.odds_player_points")):
        _merge_people(work, offers, counts, documents, seen_at)
    _merge_game_lines(work, offers, counts)
    _merge_payloads(work, documents)
    _set_apart(work, counts, [(document.payload_id, reject) for document in documents for reject in document.rejects], documents, seen_at)
    _merge_sources(work, offers, documents)
    return counts


def _merge_table(work: Work, counts: Counts, name: str, rows: pa.Table) -> None:
    kept = [column for column in rows.column_names if column in table_named(name).column_names]
    counts.add(name, work.merge(name, rows.select(kept)))
    counts.games |= set(rows.column("game_id").unique().to_pylist()) if "game_id" in rows.column_names else set()


def _merge_schedule(work: Work, offers: Offers, counts: Counts) -> None:
    rows = offers.whole("raw.schedule")
    if rows is None:
        return
    _merge_table(work, counts, "raw.schedule", rows)
    for kind, column in (("league", "league_game_id"), ("odds", "event_id")):
        if column in rows.column_names:
            _merge_ids(work, kind, rows.select([column, "game_id", "commence_time"]).rename_columns({column: "external_id"}))


def _merge_ids(work: Work, kind: str, rows: pa.Table) -> None:
    named = rows.filter(pc.is_valid(rows.column("external_id")))
    newest = named.sort_by([("game_id", "ascending"), ("commence_time", "ascending")]).group_by(["external_id"], use_threads=False)
    latest = newest.aggregate([("game_id", "last"), ("commence_time", "last")])
    work.merge(
        "ref.game_ids",
        pa.table(
            {
                "id_kind": pa.repeat(pa.scalar(kind), latest.num_rows),
                "external_id": latest.column("external_id"),
                "game_id": latest.column("game_id_last"),
                "commence_time": latest.column("commence_time_last"),
            }
        ),
    )


def _merge_game_lines(work: Work, offers: Offers, counts: Counts) -> None:
    rows = offers.whole("raw.odds_game_lines")
    if rows is not None:
        _merge_table(work, counts, "raw.odds_game_lines", rows)
        _merge_books(work, rows)
        _merge_ids(work, "odds", rows.select(["event_id", "game_id", "commence_time"]).rename_columns({"event_id": "external_id"}))


def _merge_people(work: Work, offers: Offers, counts: Counts, documents: list[Document], seen_at: datetime) -> None:
    """Box scores first, since they are the rosters by which everybody else is known; then injuries and quotes."""
    identity = Identity.of(work)
    box = offers.whole("raw.player_box")
    if box is not None:
        box = _merge_players(work, identity, box)
        _merge_table(work, counts, "raw.player_box", box)
    for name in ("raw.injuries", "raw.odds_player_points"):
        rows = offers.whole(name)
        if rows is None:
            continue
        if name == "raw.injuries":
            rows = _with_next_game(work, rows)
        keys = _mention_keys(rows, ("team",) if name == "raw.injuries" else ("home", "away"))
        resolutions = resolve_all(identity, (_mention(key) for key in keys.unique().to_pylist()))
        work.merge("ref.aliases", learnt_aliases(resolutions))
        found = map_distinct(keys, lambda key: resolutions[_mention(key)].player_lookup, pa.string())  # noqa: B023 - used at once
        rows = with_columns(rows, player_lookup=found)
        unknown = rows.filter(pc.is_null(found))
        rows = rows.filter(pc.is_valid(found))
        _set_apart_names(work, counts, unknown, resolutions, documents, seen_at)
        _merge_table(work, counts, name, rows)
        if name == "raw.odds_player_points":
            _merge_books(work, rows)
            _merge_ids(work, "odds", rows.select(["event_id", "game_id", "commence_time"]).rename_columns({"event_id": "external_id"}))
            _mark_main_lines(work, rows)


def _merge_players(work: Work, identity: Identity, box: pa.Table) -> pa.Table:
    """Box rows with `player_lookup`: the league's id decides, under the name that it bears newest; else the normalised name.

    Everybody in a box score is thereby on record, with the other spellings that he was met under.
    """
    ids = box.column("league_player_id")
    newest = (
        box.select(["league_player_id", "name", "game_date"])
        .filter(pc.is_valid(ids))
        .sort_by([("game_date", "ascending"), ("name", "ascending")])
        .group_by(["league_player_id"], use_threads=False)
        .aggregate([("name", "last")])
    )
    taken = dict(identity.by_league_id)
    for league_id, name in zip(newest.column("league_player_id").to_pylist(), newest.column("name_last").to_pylist(), strict=True):
        taken.setdefault(league_id, player_lookup(name))
    by_id = map_distinct(ids, taken.get, pa.string())
    with_teams = with_columns(box, player_lookup=by_id)
    _remember_rosters(identity, with_teams.filter(pc.is_valid(by_id)))
    keys = _mention_keys(box, ("team",))
    by_name = map_distinct(keys, lambda key: _called(identity, _mention(key)), pa.string())
    box = with_columns(box, player_lookup=pc.coalesce(by_id, by_name))
    _remember_players(work, identity, box)
    return box


def _called(identity: Identity, mention: Mention) -> str:
    """Who stands in a box score without an id: somebody on record, or else somebody new."""
    return identity.resolve(mention).player_lookup or player_lookup(mention.name)


def _remember_rosters(identity: Identity, box: pa.Table) -> None:
    for row in box.group_by(["team", "season", "player_lookup"], use_threads=False).aggregate([]).to_pylist():
        identity.rosters[row["team"], row["season"]].add(row["player_lookup"])


def _remember_players(work: Work, identity: Identity, box: pa.Table) -> None:
    known = {row["player_lookup"]: row for row in work.fetch(work.table("ref.players")).to_pylist()}
    people = (
        box.sort_by([("game_date", "ascending"), ("name", "ascending")])
        .group_by(["player_lookup"], use_threads=False)
        .aggregate([("name", "last"), ("league_player_id", "max"), ("team", "last"), ("game_date", "min"), ("game_date", "max")])
    )
    rows = []
    for row in people.to_pylist():
        before = known.get(row["player_lookup"])
        newer = before is None or before["last_seen"] is None or row["game_date_max"] >= before["last_seen"]
        rows.append(
            {
                "player_lookup": row["player_lookup"],
                "name": row["name_last"] if newer or before is None else before["name"],
                "league_player_id": row["league_player_id_max"] or (before or {}).get("league_player_id"),
                "birth_date": (before or {}).get("birth_date"),
                "team": row["team_last"] if newer or before is None else before["team"],
                "first_seen": min(filter(None, (row["game_date_min"], (before or {}).get("first_seen")))),
                "last_seen": max(filter(None, (row["game_date_max"], (before or {}).get("last_seen")))),
            }
        )
        identity.add_player(row["player_lookup"], rows[-1]["name"], rows[-1]["league_player_id"])
    work.merge("ref.players", pa.Table.from_pylist(rows, schema=_schema("ref.players", rows[0])))
    _remember_rosters(identity, box)
    learnt: dict[Mention, Resolution] = {}
    for row in box.group_by(["team", "season", "player_lookup", "name"], use_threads=False).aggregate([]).to_pylist():
        mention = Mention(row["name"], None, (row["team"],), row["season"])
        learnt[mention] = Resolution(row["player_lookup"], "league-id", row["team"])
    work.merge("ref.aliases", learnt_aliases(learnt))


def _mention_keys(rows: pa.Table, teams: tuple[str, ...]) -> pa.Array:
    """One text a row that says who is mentioned where, so that each distinct mention is resolved once."""
    parts = [rows.column("name"), pc.fill_null(rows.column("league_player_id"), ""), rows.column("season")]
    parts += [pc.fill_null(rows.column(team), "") for team in teams]
    return pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), _MARK).combine_chunks()


def _mention(key: str) -> Mention:
    name, league_id, season, *teams = key.split(_MARK)
    return Mention(name, league_id or None, tuple(team for team in teams if team), season)


def _with_next_game(work: Work, rows: pa.Table) -> pa.Table:
    """Injury rows with the game day that they speak of: as given, else the team's next game day from the report's own New York day on."""
    if rows.column("game_date").null_count:
        games = work.fetch(work.table("raw.schedule").select("game_date", "home", "away").distinct()).to_pylist()
        days: dict[str, list[date]] = {}
        for game in sorted(games, key=lambda game: game["game_date"]):
            for side in ("home", "away"):
                days.setdefault(game[side], []).append(game["game_date"])
        given = rows.column("game_date").to_pylist()
        teams, moments = rows.column("team").to_pylist(), rows.column("known_at").to_pylist()
        filled = [
            day or next((later for later in days.get(team, []) if later >= game_date_of(moment)), None)
            for day, team, moment in zip(given, teams, moments, strict=True)
        ]
        rows = with_columns(rows, game_date=pa.array(filled, pa.date32()))
        rows = rows.filter(pc.is_valid(rows.column("game_date")))
    if "league_player_id" not in rows.column_names:
        rows = with_columns(rows, league_player_id=pa.nulls(rows.num_rows, pa.string()))
    return with_columns(rows, season=map_distinct(rows.column("game_date"), season_of, pa.string()))


def _mark_main_lines(work: Work, rows: pa.Table) -> None:
    """Work out the main line of every (event, book, player, snapshot) touched, from the rows now in the table."""
    table = work.table("raw.odds_player_points")
    touched = ibis.memtable(rows.group_by(["event_id", "snapshot_at"]).aggregate([]))
    columns = ("event_id", "bookmaker", "market", "player_lookup", "point", "snapshot_at", "over_price", "under_price", "is_main")
    there = work.fetch(table.semi_join(touched, ["event_id", "snapshot_at"]).select(*columns))
    if there.num_rows == 0:
        return
    alternate = pc.equal(there.column("market"), "player_points_alternate")
    group = pc.binary_join_element_wise(
        there.column("event_id"),
        there.column("bookmaker"),
        there.column("player_lookup"),
        there.column("snapshot_at").cast(pa.int64()).cast(pa.string()),
        _MARK,
    )
    codes = group.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    over, under, point = (_floats(there, name) for name in ("over_price", "under_price", "point"))
    main = main_line(codes, over, under, point, alternate=alternate.to_numpy(zero_copy_only=False))
    flagged = with_columns(there.drop_columns(["over_price", "under_price"]), is_main=pa.array(main))
    changed = flagged.filter(pc.fill_null(pc.not_equal(flagged.column("is_main"), there.column("is_main")), True))
    work.annotate("raw.odds_player_points", changed)


def _floats(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)


def _merge_books(work: Work, rows: pa.Table) -> None:
    books = [find_book(key) for key in sorted(rows.column("bookmaker").unique().to_pylist())]
    work.merge(
        "ref.bookmakers",
        pa.table(
            {
                "bookmaker": [book.key for book in books],
                "kind": [book.kind for book in books],
                "title": [book.title for book in books],
                "spellings": [", ".join(book.spellings) for book in books],
                "rank": [book.rank for book in books],
                "known": [book.kind != "unknown" for book in books],
            }
        ),
    )


def _merge_payloads(work: Work, documents: list[Document]) -> None:
    rows = {
        document.payload_id: {
            "payload_id": document.payload_id,
            "source": document.source,
            "kind": document.kind,
            "game_date": game_date_of(document.snapshot_at) if document.snapshot_at else None,
            "event_id": document.event_id,
            "fetched_at": document.payload.fetched_at,
            "snapshot_at": document.snapshot_at,
            "url": document.payload.origin,
            "bytes": len(document.payload.body),
            "status": document.payload.status,
            "path": document.path,
        }
        for document in documents
    }
    if rows:
        first = next(iter(rows.values()))
        work.merge("raw.payloads", pa.Table.from_pylist(list(rows.values()), schema=_schema("raw.payloads", first)))


def _set_apart_names(
    work: Work, counts: Counts, unknown: pa.Table, resolutions: dict[Mention, Resolution], documents: list[Document], seen_at: datetime
) -> None:
    """Rows whose name leads to nobody: into quarantine, and the name before the operator."""
    if unknown.num_rows == 0:
        return
    candidates = {mention.name: resolution.candidates for mention, resolution in resolutions.items() if not resolution.player_lookup}
    rows = unknown.select(["payload_id", "path", "name"]).to_pylist()
    counts.waiting |= {(row["payload_id"], row["path"]) for row in rows}
    rejects = [(row["payload_id"], Reject(row["path"], "unresolved_name", row["name"])) for row in rows]
    _set_apart(work, counts, rejects, documents, seen_at)
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
    work.merge("ref.unresolved_names", pa.Table.from_pylist(names, schema=_schema("ref.unresolved_names", names[0])))


def _set_apart(work: Work, counts: Counts, rejects: list[tuple[str, Reject]], documents: list[Document], seen_at: datetime) -> None:
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
    first = next(iter(rows.values()))
    work.merge("raw.quarantine", pa.Table.from_pylist(list(rows.values()), schema=_schema("raw.quarantine", first)))


def _merge_sources(work: Work, offers: Offers, documents: list[Document]) -> None:
    """Which source supplies what for which days: a span for what was imported, open-ended for what we fetch ourselves."""
    live = {document.source for document in documents if document.live}
    before = {(row["source"], row["kind"]): row for row in work.fetch(work.table("ref.sources")).to_pylist()}
    rows = []
    for name, kind in _SUPPLIES.items():
        offer = offers.whole(name)
        if offer is None:
            continue
        spans = offer.group_by(["source"], use_threads=False).aggregate([("game_date", "min"), ("game_date", "max")])
        for span in spans.to_pylist():
            known = before.get((span["source"], kind))
            stays_on = span["source"] in live or (known is not None and known["on_until"] is None)
            rows.append(
                {
                    "source": span["source"],
                    "kind": kind,
                    "on_from": min(filter(None, (span["game_date_min"], known and known["on_from"])), default=None),
                    "on_until": None if stays_on else max(filter(None, (span["game_date_max"], known and known["on_until"])), default=None),
                }
            )
    if rows:
        work.merge("ref.sources", pa.Table.from_pylist(rows, schema=_schema("ref.sources", rows[0])))


def _schema(name: str, row: dict[str, Any]) -> pa.Schema:
    declared = table_named(name).arrow_schema
    return pa.schema([declared.field(column) for column in row])
