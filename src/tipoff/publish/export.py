"""An export: the documents of one date, read, put together and published, each with its schema beside it.

In: a warehouse, a bucket, a date. Out: documents in the bucket, counts, and what was shown, for the ledger. It must never know what runs
before or after it, nor write to the warehouse.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar, get_args

import msgspec
import pyarrow as pa
from obstore.store import ObjectStore
from pydantic import BaseModel, ValidationError

from tipoff.clock import as_utc
from tipoff.market.staking import StakingRule
from tipoff.predict.guard import halt as halt_of
from tipoff.publish.best_bets import Before, BestBets, best_bets_of, shown_in_best_bets
from tipoff.publish.documents import Halt, Results, State, Tonight, league_named
from tipoff.publish.ledger import Place, Shown, known_now, picks_before, shown_in_night
from tipoff.publish.line_reads import LineRows, read_lines
from tipoff.publish.lines import Lines, lines_of
from tipoff.publish.opinions import Voices, voices
from tipoff.publish.opinions import headline_system as headline_of
from tipoff.publish.people import PlayerDocument, Players, player_documents, publish_players
from tipoff.publish.player_reads import PlayerRows, read_players
from tipoff.publish.reads import Slate, past_claims, read_slate
from tipoff.publish.results import results_of
from tipoff.publish.tonight import tonight
from tipoff.publish.write import LATEST, best_bets_path, canonical, get, lines_path, put, put_news, results_path, schema_of, tonight_path
from tipoff.store.warehouse import Warehouse, Work

DocumentName = Literal["tonight", "best-bets", "results", "lines", "players", "systems", "record", "calendar", "intake", "status"]
"""What may be asked for by name; the last five are of no single date, and `flow.publishing` publishes them."""
DOCUMENTS: tuple[DocumentName, ...] = get_args(DocumentName)
_NOTHING_SAID = ("no_games", "broken")
Shaped = TypeVar("Shaped", bound=BaseModel)


@dataclass(frozen=True)
class Published:
    """What one export wrote, and what the night's document holds. `standing` is how many documents of the date, of its players too, lie
    there now, written by this export or as they were. `fleet_blocked` is the halt that follows from the fleet itself, if any,
    also where another is shown. `shown` is for the ledger: what the documents show now, and before each what the one that it replaced
    did."""

    state: State
    halt: Halt
    fleet_blocked: str | None
    games: int
    players: int
    with_lines: int
    predicted: int
    recommended: int
    absent: int
    graded: int
    best_bets: int
    documents: tuple[str, ...]
    standing: int
    bytes: int
    data_as_of: datetime | None
    shown: tuple[Shown, ...]


def publish_date(
    warehouse: Warehouse,
    bucket: ObjectStore,
    game_date: date,
    *,
    generated_at: datetime,
    as_of: datetime | None = None,
    headline_system: str | None = None,
    halt_reason: str | None = None,
    halt_since: datetime | None = None,
    failure: str | None = None,
    staking: StakingRule | None = None,
    documents: Collection[DocumentName] = DOCUMENTS,
) -> Published:
    """Publish a date: `v1/tonight/{date}.json`, `latest.json` unless a later night stands there, best bets, lines, results where
    it is graded.

    `headline_system` stands for the slate while there is no champion; `halt_reason` halts it, since `halt_since` (None: since a document
    says so); `failure` says which phase broke, in words; `documents` are those that are wanted.
    Raises Busy where the warehouse is held by another process, ConfigError where the bucket does not take a document.
    """
    generated_at = as_utc(generated_at)
    with warehouse.reading() as work:
        rows = _rows(work, game_date, as_of, headline_system, documents)
    earlier, earlier_bets = _read(bucket, tonight_path(game_date), Tonight), _read(bucket, best_bets_path(game_date), BestBets)
    league = league_named(rows.slate.league)
    halted = Halt(active=True, reason=halt_reason, since=halt_since) if halt_reason is not None else Halt()
    night = tonight(rows.slate, league, generated_at, headline_system, halted, failure, earlier)
    bets = _bets(rows, night, earlier, earlier_bets, staking)
    graded = results_of(rows.slate, night, headline=bets.system_id)
    written = _write(bucket, rows, night, bets, graded, documents)
    return Published(
        state=night.state,
        halt=night.halt,
        fleet_blocked=halt_of(rows.said.speaking, rows.said.blocked),
        games=night.total_games,
        players=night.total_players,
        with_lines=night.total_with_lines,
        predicted=night.total_predicted,
        recommended=night.total_recommended,
        absent=sum(count.players for count in night.absences),
        graded=len(graded.rows) if graded else 0,
        best_bets=len(bets.picks),
        documents=tuple(written.paths),
        standing=written.standing,
        bytes=written.size,
        data_as_of=night.data_as_of,
        shown=_shown(rows.slate, earlier, earlier_bets, night, bets, documents),
    )


@dataclass(frozen=True)
class _Rows:
    """What the warehouse says of a date. `leader` stands for the slate; `past` are his graded claims, while nothing of the date is graded;
    `picks` are those on record; `market` and `people` are None where nobody wants their documents, or there are no games."""

    slate: Slate
    said: Voices
    leader: str | None
    past: pa.Table | None
    picks: dict[Place, str]
    market: LineRows | None
    people: PlayerRows | None


def _rows(work: Work, game_date: date, as_of: datetime | None, asked: str | None, documents: Collection[DocumentName]) -> _Rows:
    slate = read_slate(work, game_date, as_of)
    said = voices(slate)
    leader, _ = headline_of(slate, said, asked)
    return _Rows(
        slate,
        said,
        leader,
        past=past_claims(work, leader, game_date) if leader is not None and not slate.accuracy else None,
        picks=picks_before(work, game_date, best_bets_path(game_date)),
        market=read_lines(work, slate, leader, as_of) if "lines" in documents and slate.games else None,
        people=read_players(work, slate, leader, as_of) if "players" in documents and slate.games else None,
    )


def _bets(rows: _Rows, night: Tonight, earlier: Tonight | None, earlier_bets: BestBets | None, staking: StakingRule | None) -> BestBets:
    picks = rows.picks
    if earlier_bets is not None and not earlier_bets.halt.active:
        # What readers see: the ledger lags behind it where an export was killed before its rows.
        seen = shown_in_best_bets(earlier_bets, best_bets_path(night.game_date))
        picks = {place: pick.shown for place, pick in seen.picks.items()}
    said = earlier is not None and (earlier.state not in _NOTHING_SAID or earlier.total_predicted > 0)
    before = Before(picks, shown=said)
    return best_bets_of(rows.slate, night, rows.past, before, staking=staking)


def _shown(
    slate: Slate,
    earlier: Tonight | None,
    earlier_bets: BestBets | None,
    night: Tonight,
    bets: BestBets,
    documents: Collection[DocumentName],
) -> tuple[Shown, ...]:
    """What the two documents with picks showed before, and what those of them show that were written now."""
    night_path, bets_path = tonight_path(night.game_date), best_bets_path(night.game_date)
    of_night, of_bets = shown_in_night(night, night_path, slate.predictions), shown_in_best_bets(bets, bets_path, slate.predictions)
    shown = []
    if earlier is not None:
        shown.append(known_now(shown_in_night(earlier, night_path), of_night))
    if earlier_bets is not None:
        shown.append(known_now(shown_in_best_bets(earlier_bets, bets_path), of_bets))
    if "best-bets" in documents:
        shown.append(of_bets)
    if "tonight" in documents:
        shown.append(of_night)
    return tuple(shown)


@dataclass
class _Written:
    """The documents that were written, their bytes, and how many lie there now, also as they were."""

    paths: list[str]
    size: int
    standing: int


def _write(
    bucket: ObjectStore, rows: _Rows, night: Tonight, bets: BestBets, graded: Results | None, documents: Collection[DocumentName]
) -> _Written:
    """Publish the documents that are wanted: the night's own and the results in any case, the lines and players that say something new."""
    bodies = _bodies(bucket, night, bets, graded, documents)
    if rows.people is not None:
        bodies |= {"v1/schemas/player.json": schema_of(PlayerDocument, "player"), "v1/schemas/players.json": schema_of(Players, "players")}
    done = _Written(list(bodies), sum(put(bucket, path, body) for path, body in bodies.items()), len(bodies))
    if "lines" in documents:
        path = lines_path(night.game_date)
        news = put_news(bucket, path, lines_of(rows.slate, night, rows.market, rows.leader))
        done = _Written([*done.paths, *([path] if news else [])], done.size + news, done.standing + 1)
    if rows.people is not None:
        each = list(player_documents(rows.slate, night, rows.people))
        written, size = publish_players(bucket, each, night)
        done = _Written(done.paths + written, done.size + size, done.standing + len(each))
    return done


def _bodies(
    bucket: ObjectStore, night: Tonight, bets: BestBets, graded: Results | None, documents: Collection[DocumentName]
) -> dict[str, bytes]:
    """By path what is written whatever lies there, the schemas among it."""
    bodies: dict[str, bytes] = {}
    if "results" in documents:
        bodies["v1/schemas/results.json"] = schema_of(Results, "results")
        if graded is not None:
            bodies[results_path(night.game_date)] = canonical(graded)
    if "best-bets" in documents:
        bodies |= {"v1/schemas/best-bets.json": schema_of(BestBets, "best-bets"), best_bets_path(night.game_date): canonical(bets)}
    if "tonight" in documents:
        body = canonical(night)
        bodies |= {"v1/schemas/tonight.json": schema_of(Tonight, "tonight"), tonight_path(night.game_date): body}
        latest = _latest(bucket)
        if latest is None or latest.league != night.league or latest.game_date <= night.game_date:
            bodies[LATEST] = body
    if "lines" in documents:
        bodies["v1/schemas/lines.json"] = schema_of(Lines, "lines")
    return bodies


class _Latest(msgspec.Struct):
    """Of the latest night what is needed here: the whole of it is large."""

    league: str
    game_date: date


def _latest(bucket: ObjectStore) -> _Latest | None:
    body = get(bucket, LATEST)
    try:
        return msgspec.json.decode(body, type=_Latest) if body else None
    except msgspec.DecodeError:
        return None


def _read(bucket: ObjectStore, path: str, shape: type[Shaped]) -> Shaped | None:
    """A published document; None where there is none, or where an older version wrote it in another shape."""
    body = get(bucket, path)
    try:
        return shape.model_validate_json(body) if body else None
    except ValidationError:
        return None
