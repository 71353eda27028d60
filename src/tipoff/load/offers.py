"""Records and imported rows on their way into the warehouse: placed in their game, not yet identified.

An offer has the columns of its table but for `player_lookup`; in its stead stand `name`, `league_player_id`, the teams of the game,
and `path`, where in its document it stood. Knows games and time; it must never know who a player is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import game_date_of, local_instant, season_of
from tipoff.load.columns import INSTANT, map_distinct
from tipoff.market.books import find_book
from tipoff.names import TEAMS
from tipoff.scrape.batches import DOCUMENT
from tipoff.scrape.records import Payload, RecordKind, Reject
from tipoff.store.receipts import arrival_stamp

BOX_LAG = timedelta(hours=3)
NEAR_PAST, NEAR_FUTURE = timedelta(days=4), timedelta(days=15)
SCHEDULE_LEAD = timedelta(hours=24)
CLOSE_LEAD = timedelta(minutes=5)
BOX_FETCH_ON_RECORD = timedelta(hours=24)
REPORT_TIME = time(17, 30)
TIP_TIME = time(19, 0)


@dataclass(frozen=True)
class Document:
    """A payload on its way in: who sent it, its id in the vault, what it said and what was set apart of it.

    `mapping` says how the columns of an imported file were read."""

    payload_id: str
    payload: Payload
    source: str
    kind: str
    league: str | None
    event_id: str | None
    snapshot_at: datetime | None
    rejects: list[Reject]
    path: str
    offered: int = 0
    mapping: str | None = None

    @property
    def arrived(self) -> str:
        """The moment of its arrival, as `raw.arrivals` keys it."""
        return arrival_stamp(self.payload.fetched_at)

    @property
    def live(self) -> bool:
        """Whether we fetched it ourselves: then its source is switched on."""
        return self.payload.fetched_at is not None


@dataclass
class Offers:
    """Rows by table name, in one piece each, whatever the number of documents they come from. `untimed` are records, by kind, whose
    document does not tell the tip: their game has to be found on record first."""

    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    untimed: dict[RecordKind, pa.Table] = field(default_factory=dict)

    def add(self, name: str, rows: pa.Table) -> None:
        if rows.num_rows:
            self.tables.setdefault(name, []).append(rows)

    def whole(self, name: str) -> pa.Table | None:
        parts = self.tables.get(name)
        return pa.concat_tables(parts, promote_options="default").combine_chunks() if parts else None


def with_columns(rows: pa.Table, **columns: Any) -> pa.Table:
    """The table with these columns set; a single value is repeated."""
    for name, value in columns.items():
        array = value if isinstance(value, pa.Array | pa.ChunkedArray) else repeated(value, rows.num_rows)
        place = rows.schema.get_field_index(name)
        rows = rows.append_column(name, array) if place < 0 else rows.set_column(place, name, array)
    return rows


def repeated(value: Any, size: int) -> pa.Array:
    """One value as a column of `size` rows."""
    kind = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), datetime: INSTANT}.get(type(value))
    return pa.nulls(size) if value is None else pa.repeat(pa.scalar(value, kind), size)


def placed(rows: pa.Table) -> pa.Table:
    """The rows (with `commence_time`, `home`, `away`) with game_id, game_date (New York) and season."""
    days = map_distinct(rows.column("commence_time"), game_date_of, pa.date32())
    return with_columns(
        rows,
        game_id=game_ids(days, rows.column("away"), rows.column("home")),
        game_date=days,
        season=map_distinct(days, season_of, pa.string()),
    )


def game_ids(days: pa.Array, away: pa.Array, home: pa.Array) -> pa.Array:
    """`YYYYMMDD_AWY_HOM` for columns of dates and tricodes; null where a part is."""
    stamps = map_distinct(days, lambda day: f"{day:%Y%m%d}", pa.string())
    return pc.binary_join_element_wise(stamps, away.cast(pa.string()), home.cast(pa.string()), "_")


def local_tip(identifier: str) -> datetime:
    """The assumed tip of a game whose time nobody recorded: 19:00 at the home arena, in UTC."""
    day = date(int(identifier[:4]), int(identifier[4:6]), int(identifier[6:8]))
    return local_instant(day, TIP_TIME, TEAMS[identifier[-3:]].zone)


def minutes_between(earlier: pa.ChunkedArray, later: pa.ChunkedArray) -> pa.Array:
    """Minutes from one column of instants to another, as float64."""
    return pc.divide(pc.microseconds_between(earlier, later).cast(pa.float64()), 60e6)


def shifted(instants: pa.ChunkedArray, by: timedelta) -> pa.Array:
    """A column of instants, each moved by a span."""
    return pc.add(instants, pa.scalar(by, pa.duration("us")))


def offer_documents(documents: list[Document], tables: dict[RecordKind, pa.Table]) -> Offers:
    """The offers of payloads: the records of all documents, placed, each row with the provenance of its document."""
    provenance = {
        "payload_id": pa.array([document.payload_id for document in documents], pa.string()),
        "source": pa.array([document.source for document in documents], pa.string()),
        "fetched": pa.array([document.payload.fetched_at for document in documents], INSTANT),
    }
    offers = Offers()
    for kind, rows in tables.items():
        place = rows.column(DOCUMENT)
        rows = with_columns(rows.drop_columns([DOCUMENT]), **{column: values.take(place) for column, values in provenance.items()})
        if kind == "box":
            rows = rows.rename_columns({"home_team": "home", "away_team": "away"})
        if kind in ("games", "box") and rows.column("commence_time").null_count:
            told = pc.is_valid(rows.column("commence_time"))
            offers.untimed[kind] = rows.filter(pc.invert(told))
            rows = rows.filter(told)
        if rows.num_rows:
            offers.add(*offer_of(kind, rows))
    return offers


def offer_of(kind: RecordKind, rows: pa.Table) -> tuple[str, pa.Table]:
    """The table of a kind of record, and its offer: records with their tip and their document's provenance, placed."""
    return _OFFER[kind](rows)


def _offer_games(rows: pa.Table) -> tuple[str, pa.Table]:
    """Schedule rows as known when fetched. A league's row that was first fetched after the tip also stands, without its score, as known
    the day before: assumed, and behind any version that is on record. At one and the same moment the league's word beats a book's."""
    rows = placed(rows)
    if "tip_assumed" not in rows.column_names:
        rows = with_columns(rows, tip_assumed=repeated(False, rows.num_rows))
    unsaid = pc.is_null(rows.column("known_at"))
    rows = with_columns(rows, known_at=pc.coalesce(rows.column("known_at"), _assumed_moments(rows)))
    stated = _with_knowledge(rows, rows.column("known_at"), assumed=unsaid)
    stated = with_columns(stated, known_at=_rounded(rows.column("known_at"), rows.column("commence_time")))
    late = pc.and_(pc.greater(rows.column("known_at"), rows.column("commence_time")), pc.is_valid(rows.column("league_game_id")))
    backfilled = rows.filter(late)
    unscored = {name: pa.nulls(backfilled.num_rows, pa.int64()) for name in ("home_score", "away_score")}
    backfilled = with_columns(backfilled, status="scheduled", **unscored)
    before = _with_knowledge(backfilled, shifted(backfilled.column("commence_time"), -SCHEDULE_LEAD), assumed=True)
    both = pa.concat_tables([stated, before])
    own_word = pc.add(pc.is_valid(both.column("league_game_id")).cast(pa.int64()), 1)
    return "raw.schedule", with_columns(both, origin_rank=own_word)


def _rounded(moments: pa.ChunkedArray, tips: pa.ChunkedArray) -> pa.Array:
    """When a version of a game counts as known: at its moment for a game that is near, else at the next New York midnight after it, so
    that a season's schedule, asked for every hour, has at most one version a day of a game that is far; and never before the truth.
    A game that is near by that midnight is near all day, so that what was told in the morning is not known after what was told at noon."""
    midnights = map_distinct(moments, _next_midnight, INSTANT)
    near = pc.and_(
        pc.greater_equal(tips, shifted(moments, -NEAR_PAST)),
        pc.less_equal(tips, shifted(midnights, NEAR_FUTURE)),
    )
    return pc.if_else(near, moments, midnights)


def _next_midnight(moment: datetime) -> datetime:
    """The first New York midnight at or after an instant."""
    day = game_date_of(moment)
    begins = local_instant(day, time())
    return begins if begins == moment else local_instant(day + timedelta(days=1), time())


def _assumed_moments(rows: pa.Table) -> pa.ChunkedArray:
    """When a document that has no moment of its own could first have been known: final with the box score, under way at the tip, else
    as the schedule is."""
    status, tips = rows.column("status"), rows.column("commence_time")
    early = pc.if_else(pc.equal(status, "live"), tips, shifted(tips, -SCHEDULE_LEAD))
    return pc.if_else(pc.equal(status, "final"), shifted(tips, BOX_LAG), early)


def _offer_box(rows: pa.Table) -> tuple[str, pa.Table]:
    rows = placed(rows)
    at_home = pc.equal(rows.column("team"), rows.column("home"))
    opponent = pc.if_else(at_home, rows.column("away"), rows.column("home"))
    known = pc.coalesce(rows.column("fetched"), shifted(rows.column("commence_time"), BOX_LAG))
    unsaid = pc.is_null(rows.column("fetched"))
    rows = with_columns(rows.drop_columns(["home", "away", "league_game_id"]), home=at_home, opponent=opponent)
    return "raw.player_box", _with_knowledge(rows, known, assumed=unsaid)


def stamped_boxes(rows: pa.Table) -> pa.Table:
    """Rows of all the payloads on record of some games' box scores, with the moments at which they count as known.

    Where the earliest was fetched within 24 hours of the tip, or its fetch is not on record, every version is known when it was fetched:
    later ones are corrections. Where even the earliest came later we were not there, and it is taken as what was known three hours after
    the tip: assumed, and flagged. It takes and gives `game_id`, `commence_time`, `fetched_at`, `known_at`, `known_at_assumed`.
    """
    fetched, tips = rows.column("fetched_at"), rows.column("commence_time")
    limit = shifted(tips, BOX_FETCH_ON_RECORD)
    after_all = pc.greater(fetched, limit)
    unrecorded = pc.and_(rows.column("known_at_assumed"), pc.invert(after_all))
    games = rows.column("game_id")
    firsts = pa.table({"game": games, "fetched": fetched}).group_by(["game"], use_threads=False).aggregate([("fetched", "min")])
    first = dict(zip(firsts.column("game").to_pylist(), firsts.column("fetched_min"), strict=True))
    backfilled = pc.and_(after_all, pc.equal(fetched, map_distinct(games, lambda game: first[game].as_py(), INSTANT)))
    return with_columns(
        rows,
        known_at=pc.if_else(backfilled, shifted(tips, BOX_LAG), fetched),
        known_at_assumed=pc.or_(backfilled, unrecorded),
    )


def stamped_shots(rows: pa.Table, tips: pa.Array) -> pa.Table:
    """Shots with the moments at which they count as known, by the tips of their games: when they were fetched, or where we were not there
    within 24 hours of the tip, three hours after it: assumed, as with box scores."""
    fetched = rows.column("fetched_at")
    backfilled = pc.greater(fetched, shifted(tips, BOX_FETCH_ON_RECORD))
    return with_columns(rows, known_at=pc.if_else(backfilled, shifted(tips, BOX_LAG), fetched), known_at_assumed=backfilled)


def _offer_injuries(rows: pa.Table) -> tuple[str, pa.Table]:
    return "raw.injuries", _with_knowledge(rows, rows.column("known_at"), assumed=False)


def _offer_submissions(rows: pa.Table) -> tuple[str, pa.Table]:
    return "raw.injury_submissions", _with_knowledge(rows, rows.column("known_at"), assumed=False)


def _offer_shots(rows: pa.Table) -> tuple[str, pa.Table]:
    rows = with_columns(rows, game_date=pa.nulls(rows.num_rows, pa.date32()))
    return "raw.shots", _with_knowledge(rows, rows.column("known_at"), assumed=False)


def _offer_roster(rows: pa.Table) -> tuple[str, pa.Table]:
    rows = with_columns(rows, game_date=pa.nulls(rows.num_rows, pa.date32()))
    return "ref.spellings", _with_knowledge(rows, rows.column("known_at"), assumed=False)


def _offer_player_quotes(rows: pa.Table) -> tuple[str, pa.Table]:
    return "raw.odds_player_points", with_columns(_offer_quotes(rows), league_player_id=pa.nulls(rows.num_rows, pa.string()))


def _offer_game_quotes(rows: pa.Table) -> tuple[str, pa.Table]:
    return "raw.odds_game_lines", _offer_quotes(rows).drop_columns(["home", "away", "season", "path"])


def _offer_quotes(rows: pa.Table) -> pa.Table:
    rows = placed(rows)
    snapshots = rows.column("snapshot_at")
    rows = with_columns(
        rows,
        bookmaker=map_distinct(rows.column("bookmaker"), lambda key: find_book(key).key, pa.string()),
        minutes_to_tip=minutes_between(snapshots, rows.column("commence_time")),
    )
    return _with_knowledge(rows, snapshots, assumed=False)


def _with_knowledge(rows: pa.Table, known_at: pa.ChunkedArray, *, assumed: bool | pa.ChunkedArray) -> pa.Table:
    """The rows of payloads with `known_at`; where the fetch is not on record, that moment stands in for it."""
    fetched_at = pc.coalesce(rows.column("fetched"), known_at)
    rows = rows.drop_columns(["fetched"])
    return with_columns(rows, known_at=known_at, known_at_assumed=assumed, origin_rank=1, fetched_at=fetched_at)


_OFFER: dict[str, Callable[[pa.Table], tuple[str, pa.Table]]] = {
    "games": _offer_games,
    "box": _offer_box,
    "injuries": _offer_injuries,
    "submissions": _offer_submissions,
    "shots": _offer_shots,
    "roster": _offer_roster,
    "player_quotes": _offer_player_quotes,
    "game_quotes": _offer_game_quotes,
}
