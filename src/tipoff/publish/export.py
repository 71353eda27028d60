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
from obstore.store import ObjectStore
from pydantic import BaseModel, ValidationError

from tipoff.clock import as_utc
from tipoff.market.staking import StakingRule
from tipoff.predict.guard import halt as halt_of
from tipoff.publish.best_bets import Before, BestBets, best_bets_of, shown_in_best_bets
from tipoff.publish.documents import Halt, League, Results, State, Tonight
from tipoff.publish.ledger import Shown, known_now, picks_before, shown_in_night
from tipoff.publish.line_reads import read_lines
from tipoff.publish.lines import Lines, lines_of
from tipoff.publish.opinions import headline_system as headline_of
from tipoff.publish.opinions import voices
from tipoff.publish.people import PlayerDocument, Players, player_documents, publish_players
from tipoff.publish.player_reads import read_players
from tipoff.publish.reads import past_claims, read_slate
from tipoff.publish.results import results_of
from tipoff.publish.tonight import tonight
from tipoff.publish.write import LATEST, best_bets_path, canonical, get, lines_path, put, put_news, results_path, schema_of, tonight_path
from tipoff.store.warehouse import Warehouse

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
    bets_path, night_path = best_bets_path(game_date), tonight_path(game_date)
    with warehouse.reading() as work:
        slate = read_slate(work, game_date, as_of)
        said = voices(slate)
        leader, _ = headline_of(slate, said, headline_system)
        past = past_claims(work, leader, game_date) if leader is not None and not slate.accuracy else None
        picks = picks_before(work, game_date, bets_path)
        market = read_lines(work, slate, leader, as_of) if "lines" in documents and slate.games else None
        people = read_players(work, slate, leader, as_of) if "players" in documents and slate.games else None
    league: League = "practice" if slate.league == "practice" else "nba"
    earlier, earlier_bets = _read(bucket, night_path, Tonight), _read(bucket, bets_path, BestBets)
    halted = Halt(active=True, reason=halt_reason, since=halt_since) if halt_reason is not None else Halt()
    night = tonight(slate, league, generated_at, headline_system, halted, failure, earlier)
    night_shown = shown_in_night(night, night_path, slate.predictions)
    shown_before = [known_now(shown_in_night(earlier, night_path), night_shown)] if earlier is not None else []
    if earlier_bets is not None:
        cut_off = shown_in_best_bets(earlier_bets, bets_path)  # what an export showed that was killed before its rows
        picks = {place: pick.shown for place, pick in cut_off.picks.items()} | picks
    before = Before(picks, shown=earlier is not None and earlier.state not in _NOTHING_SAID)
    bets = best_bets_of(slate, night, past, before, staking=staking)
    bets_shown = shown_in_best_bets(bets, bets_path, slate.predictions)
    if earlier_bets is not None:
        shown_before.append(known_now(cut_off, bets_shown))
    graded = results_of(slate, night, headline=bets.system_id)
    bodies: dict[str, bytes] = {}
    shown = []
    if "results" in documents:
        bodies["v1/schemas/results.json"] = schema_of(Results, "results")
        if graded is not None:
            bodies[results_path(game_date)] = canonical(graded)
    if "best-bets" in documents:
        bodies |= {"v1/schemas/best-bets.json": schema_of(BestBets, "best-bets"), bets_path: canonical(bets)}
        shown.append(bets_shown)
    if "tonight" in documents:
        bodies |= {"v1/schemas/tonight.json": schema_of(Tonight, "tonight"), night_path: canonical(night)}
        latest = _latest(bucket)
        if latest is None or latest.league != league or latest.game_date <= game_date:
            bodies[LATEST] = bodies[night_path]
        shown.append(night_shown)
    if people is not None:
        bodies |= {"v1/schemas/player.json": schema_of(PlayerDocument, "player"), "v1/schemas/players.json": schema_of(Players, "players")}
    if "lines" in documents:
        bodies["v1/schemas/lines.json"] = schema_of(Lines, "lines")
    size = sum(put(bucket, path, body) for path, body in bodies.items())
    paths, standing = list(bodies), len(bodies)
    if "lines" in documents:
        news = put_news(bucket, lines_path(game_date), lines_of(slate, night, market, leader))
        paths, size, standing = [*paths, *([lines_path(game_date)] if news else [])], size + news, standing + 1
    if people is not None:
        each = list(player_documents(slate, night, people))
        written, more = publish_players(bucket, each, night)
        paths, size, standing = paths + written, size + more, standing + len(each)
    return Published(
        state=night.state,
        halt=night.halt,
        fleet_blocked=halt_of(said.speaking, said.blocked),
        games=night.total_games,
        players=night.total_players,
        with_lines=night.total_with_lines,
        predicted=night.total_predicted,
        recommended=night.total_recommended,
        absent=sum(count.players for count in night.absences),
        graded=len(graded.rows) if graded else 0,
        best_bets=len(bets.picks),
        documents=tuple(paths),
        standing=standing,
        bytes=size,
        data_as_of=night.data_as_of,
        shown=(*shown_before, *shown),
    )


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
