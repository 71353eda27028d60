"""Offers into tables, in one transaction: identify the players, merge, set apart what cannot be placed, keep the books.

The end state is a function of the set of documents, whatever their order: every merge goes by the declared precedence, main lines are
worked out from the rows that are there, and names resolve from what all documents said. It must never know where a document came
from, nor which phase runs next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import game_date_of
from tipoff.load.columns import map_distinct
from tipoff.load.counts import Counts
from tipoff.load.identity import Identity
from tipoff.load.main_lines import mark_main_lines, not_alone, with_main_lines
from tipoff.load.offers import Document, Offers, offer_of, stamped_boxes, with_columns
from tipoff.load.people import Met, resolve_what_stands, resolved, with_league_game, with_next_game
from tipoff.load.placing import placed_boxes, placed_games
from tipoff.load.plays import keep_newest_plays
from tipoff.load.quarantine import mark_mended, set_apart, set_apart_homeless, set_apart_names, take_back
from tipoff.load.tips import stand_by_the_schedule
from tipoff.load.zones import count_zones
from tipoff.market.books import find_book
from tipoff.scrape.records import RecordKind, Reject
from tipoff.store.tables import table_named, table_of
from tipoff.store.versions import ANYTHING, FACTS, advance
from tipoff.store.warehouse import Merged, Work

_FACTS = ("raw.schedule", "raw.player_box", "raw.shots", "raw.odds_player_points", "raw.odds_game_lines")
_SUPPLIES = {
    "raw.player_box": "box",
    "raw.schedule": "schedule",
    "raw.odds_player_points": "odds",
    "raw.odds_game_lines": "game_lines",
    "raw.injuries": "injuries",
    "raw.shots": "shots",
    "ref.spellings": "births",
}
_PLACES: dict[RecordKind, Callable[[Work, pa.Table], tuple[pa.Table, list[tuple[str, Reject]]]]] = {
    "games": placed_games,  # first: they may say that a game is final
    "box": placed_boxes,
}
_OF_PEOPLE = ("raw.player_box", "ref.spellings", "raw.shots", "raw.injuries", "raw.odds_player_points")


def commit(work: Work, offers: Offers, documents: list[Document], seen_at: datetime) -> Counts:
    """Merge everything that the documents offer. `seen_at` (UTC) is when quarantined rows are first seen.

    Raises LeagueMismatch, before anything is written, where a document is of another league than the warehouse.
    """
    for league in sorted({document.league for document in documents if document.league}):
        work.claim_league(league)
    counts = Counts(documents=len(documents), offered=sum(document.offered for document in documents))
    _merge_schedule(work, offers.whole("raw.schedule"), counts)
    _place_untimed(work, offers, counts, documents, seen_at)
    if any(name in offers.tables for name in _OF_PEOPLE):
        _merge_people(work, offers, counts, documents, seen_at)
    _merge_game_lines(work, offers, counts)
    _merge_submissions(work, offers, counts)
    _merge_payloads(work, documents)
    set_apart(work, counts, [(document.payload_id, reject) for document in documents for reject in document.rejects], documents, seen_at)
    mark_mended(work, counts, documents, seen_at)
    _merge_sources(work, offers, documents)
    count_generations(work, counts)
    return counts


def _merge_table(work: Work, counts: Counts, name: str, rows: pa.Table) -> None:
    kept = [column for column in rows.column_names if column in table_named(name).column_names]
    counts.add(name, work.merge(name, rows.select(kept)))
    counts.games |= set(rows.column("game_id").unique().to_pylist()) if "game_id" in rows.column_names else set()


def _place_untimed(work: Work, offers: Offers, counts: Counts, documents: list[Document], seen_at: datetime) -> None:
    """Games and box scores without a tip, once the schedule of this commit is on record: into the offers, or into quarantine."""
    for kind, place in _PLACES.items():
        records = offers.untimed.get(kind)
        if records is None:
            continue
        rows, apart = place(work, records)
        set_apart(work, counts, apart, documents, seen_at)
        if rows.num_rows:
            name, offer = offer_of(kind, rows)
            offers.add(name, offer)
            if kind == "games":
                _merge_schedule(work, offer, counts)


def _merge_schedule(work: Work, rows: pa.Table | None, counts: Counts) -> None:
    if rows is None:
        return
    _merge_table(work, counts, "raw.schedule", rows)
    for kind, column in (("odds", "event_id"), ("espn", "espn_id")):
        if column in rows.column_names:
            _merge_ids(work, kind, rows.select([column, "game_id", "commence_time"]).rename_columns({column: "external_id"}))
    if "league_game_id" in rows.column_names:
        league_ids = pa.table({"league_game_id": rows.column("league_game_id").drop_null().unique()})
        _put_ids(work, "league", work.ask(_newest_words, league_ids))
        _place_shots_again(work, counts, league_ids)
    if counts.changed("raw.schedule"):
        stand_by_the_schedule(work, counts, rows.column("game_id").unique().to_pylist())


def _newest_words(work: Work, league_ids: ir.Table) -> ir.Table:
    """The game and the tip that the league's newest word on each of its ids names, what is on record before what is assumed: a game that
    was put off, or brought forward, has had several."""
    words = work.table("raw.schedule").semi_join(league_ids, "league_game_id")
    words = words.mutate(assumed=words.known_at_assumed.cast("int64"))
    # Some archives count their games anew each year.
    order = [ibis.desc("season"), "assumed", ibis.desc("known_at"), ibis.desc("fetched_at"), ibis.desc("game_id")]
    ranked = words.mutate(place=ibis.row_number().over(ibis.window(group_by="league_game_id", order_by=order)))
    return ranked.filter(ranked.place == 0).select("game_id", "commence_time", external_id="league_game_id")


def _place_shots_again(work: Work, counts: Counts, league_ids: pa.Table) -> None:
    """Shots of games whose league id leads to another game now, one that was put off having two, or whose tip is told otherwise."""
    rows = work.ask(_shots_of, league_ids)
    if rows.num_rows == 0:
        return
    placed, _ = with_league_game(work, rows)
    moved = pc.or_(*(pc.not_equal(rows.column(name), placed.column(name)) for name in ("game_id", "known_at")))
    stood = rows.filter(moved)
    to = placed.filter(moved)
    work.remove("raw.shots", stood)
    work.merge("raw.shots", to.drop_columns(["season", "written_at", "run_id"]))
    changed = {*stood.column("game_id").to_pylist(), *to.column("game_id").to_pylist()}
    counts.changed_games |= changed
    count_zones(work, sorted(changed))


def _shots_of(work: Work, league_ids: ir.Table) -> ir.Table:
    return work.table("raw.shots").semi_join(league_ids, "league_game_id")


def _merge_ids(work: Work, kind: str, rows: pa.Table) -> None:
    """Each external id with the latest of the games and tips that ever came with it: so the order of arrival does not matter."""
    named = rows.filter(pc.is_valid(rows.column("external_id"))).select(["external_id", "game_id", "commence_time"])
    there = work.ask(_ids_among, named.select(["external_id"]), kind)
    named = pa.concat_tables([named, there.cast(named.schema)])
    newest = named.sort_by([("game_id", "ascending"), ("commence_time", "ascending")]).group_by(["external_id"], use_threads=False)
    latest = newest.aggregate([("game_id", "last"), ("commence_time", "last")])
    _put_ids(work, kind, latest.rename_columns({"game_id_last": "game_id", "commence_time_last": "commence_time"}))


def _put_ids(work: Work, kind: str, rows: pa.Table) -> None:
    """`rows` have external_id, game_id and commence_time."""
    work.merge("ref.game_ids", with_columns(rows.select(["external_id", "game_id", "commence_time"]), id_kind=kind))


def _ids_among(work: Work, named: ir.Table, kind: str) -> ir.Table:
    there = work.table("ref.game_ids").filter(lambda t: t.id_kind == kind).semi_join(named, "external_id")
    return there.select("external_id", "game_id", "commence_time")


def _merge_people(work: Work, offers: Offers, counts: Counts, documents: list[Document], seen_at: datetime) -> None:
    """Box scores, rosters and ids beside quotes first, by which everybody else is known; then shots, injuries and quotes."""
    identity = Identity.of(work)
    box, roster, named = offers.whole("raw.player_box"), offers.whole("ref.spellings"), _with_ids(offers.whole("raw.odds_player_points"))
    if box is not None or roster is not None or named is not None:
        met = Met(work, box, roster, named)
        met.keep(counts)
        if box is not None:
            _merge_box(work, counts, with_columns(box, player_lookup=met.lookups_of(box)))
        if met.news:
            identity, homeless = resolve_what_stands(work, counts, identity)
            for name, rows in homeless.items():
                take_back(work, counts, name, rows, seen_at)
    for name, teams in (("raw.shots", ("team",)), ("raw.injuries", ("team",)), ("raw.odds_player_points", ("home", "away"))):
        offer = offers.whole(name)
        if offer is None:
            continue
        if name != "raw.odds_player_points":
            offer, homeless_rows = (with_league_game if name == "raw.shots" else with_next_game)(work, offer)
            set_apart_homeless(work, counts, homeless_rows, documents, seen_at)
        rows, unknown, resolutions = resolved(identity, offer, teams)
        set_apart_names(work, counts, unknown, resolutions, documents, seen_at)
        if name == "raw.odds_player_points":
            _merge_points(work, counts, rows)
            continue
        _merge_table(work, counts, name, rows)
        if name == "raw.shots":
            keep_newest_plays(work, rows.column("game_id").unique().to_pylist())
            count_zones(work, rows.column("game_id").unique().to_pylist())


def _with_ids(quotes: pa.Table | None) -> pa.Table | None:
    """The quotes that say by the league's id whom they mean, where there are some."""
    if quotes is None:
        return None
    rows = quotes.filter(pc.is_valid(quotes.column("league_player_id")))
    return rows if rows.num_rows else None


def _merge_box(work: Work, counts: Counts, box: pa.Table) -> None:
    """Box scores in versions. What counts as known when depends on all the payloads of a game: those on record are stamped anew (F45)."""
    imported = pc.equal(box.column("origin_rank"), 0)
    offered = box.filter(pc.invert(imported))
    games = offered.column("game_id").unique()
    if len(games):
        table = work.table("raw.player_box")
        there = table.filter(table.origin_rank > 0).semi_join(ibis.memtable(pa.table({"game_id": games})), "game_id")
        stood = work.fetch(there.drop("written_at", "run_id", *table_named("raw.player_box").computed))
        kept = [column for column in stood.column_names if column in offered.column_names]
        stamped = stamped_boxes(pa.concat_tables([stood, offered.select(kept)], promote_options="default"))
        again, new = stamped.slice(0, stood.num_rows), stamped.slice(stood.num_rows)
        moved = pc.or_(
            pc.not_equal(again.column("known_at"), stood.column("known_at")),
            pc.not_equal(again.column("known_at_assumed"), stood.column("known_at_assumed")),
        )
        gone = stood.filter(moved)
        work.remove("raw.player_box", gone)
        counts.changed_games |= set(gone.column("game_id").unique().to_pylist())
        counts.add("raw.player_box", Merged(-gone.num_rows, -gone.num_rows, gone.num_rows))  # they come again below, with another stamp
        box = pa.concat_tables([box.filter(imported), again.filter(moved), new], promote_options="default")
    _merge_table(work, counts, "raw.player_box", box)
    count_zones(work, box.column("game_id").unique().to_pylist())


def _merge_game_lines(work: Work, offers: Offers, counts: Counts) -> None:
    rows = offers.whole("raw.odds_game_lines")
    if rows is not None:
        _merge_table(work, counts, "raw.odds_game_lines", rows)
        _merge_quoted(work, rows)


def _merge_points(work: Work, counts: Counts, rows: pa.Table) -> None:
    """Quotes on players. Their main lines are told before, and again where other documents speak of the same snapshot."""
    if rows.num_rows == 0:
        return
    disputed = not_alone(work, rows)
    _merge_table(work, counts, "raw.odds_player_points", with_main_lines(rows))
    _merge_quoted(work, rows)
    mark_main_lines(work, disputed)


def _merge_quoted(work: Work, rows: pa.Table) -> None:
    """Whose quotes these are, and of which games: every book met, every event id."""
    _merge_ids(work, "odds", rows.select(["event_id", "game_id", "commence_time"]).rename_columns({"event_id": "external_id"}))
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


def _merge_submissions(work: Work, offers: Offers, counts: Counts) -> None:
    rows = offers.whole("raw.injury_submissions")
    if rows is not None:
        _merge_table(work, counts, "raw.injury_submissions", rows)


def _merge_payloads(work: Work, documents: list[Document]) -> None:
    rows = [
        {
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
            "mapping": document.mapping,
        }
        for document in documents
    ]
    arrivals = [
        {
            "payload_id": document.payload_id,
            "arrived": document.arrived,
            "source": document.source,
            "feed": document.payload.feed or None,
            "game_date": document.payload.game_date,
            "url": document.payload.origin,
            "status": document.payload.status,
        }
        for document in documents
    ]
    if documents:
        work.merge("raw.payloads", table_of("raw.payloads", rows))
        work.merge("raw.arrivals", table_of("raw.arrivals", arrivals))


def count_generations(work: Work, counts: Counts) -> None:
    """Each game whose facts this commit changed is a generation further: what depends on them can tell that it is behind."""
    counts.changed_games |= {game for name in _FACTS if counts.changed(name) for game in work.touched(name, "game_id")}
    scopes = counts.changed_games | ({ANYTHING} if counts.changed_games or any(map(counts.changed, counts.merged)) else set())
    advance(work, {(FACTS, scope): "" for scope in scopes})


def _sources(work: Work) -> ir.Table:
    return work.table("ref.sources")


def _merge_sources(work: Work, offers: Offers, documents: list[Document]) -> None:
    """Which source supplies what for which days: a span for what was imported, open-ended for what we fetch ourselves."""
    live = pa.array([document.payload_id for document in documents if document.live], pa.string())
    before = {(row["source"], row["kind"]): row for row in work.ask(_sources).to_pylist()}
    rows = []
    for name, kind in _SUPPLIES.items():
        offer = offers.whole(name)
        if offer is None:
            continue
        days = pc.coalesce(offer.column("game_date"), map_distinct(offer.column("known_at"), game_date_of, pa.date32()))
        fetched = pc.is_in(offer.column("payload_id"), live)
        spans = pa.table({"source": offer.column("source"), "game_date": days, "live": fetched}).group_by(["source"], use_threads=False)
        for span in spans.aggregate([("game_date", "min"), ("game_date", "max"), ("live", "any")]).to_pylist():
            known = before.get((span["source"], kind))
            stays_on = span["live_any"] or (known is not None and known["on_until"] is None)
            rows.append(
                {
                    "source": span["source"],
                    "kind": kind,
                    "on_from": min(filter(None, (span["game_date_min"], known and known["on_from"])), default=None),
                    "on_until": None if stays_on else max(filter(None, (span["game_date_max"], known and known["on_until"])), default=None),
                }
            )
    if rows:
        work.merge("ref.sources", table_of("ref.sources", rows))
