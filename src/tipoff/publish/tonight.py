"""The document of one night: read, put together, judged as a whole, and published with its schema.

In: a warehouse, a bucket, a date. Out: documents in the bucket, and counts. It must never know what runs before or after it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from obstore.store import ObjectStore
from pydantic import ValidationError

from tipoff.clock import as_utc
from tipoff.market.books import find_book
from tipoff.predict.guard import halt as halt_of
from tipoff.publish.documents import Game, Halt, League, ReasonCount, Results, State, Tonight
from tipoff.publish.ledger import Shown, shown_in_night
from tipoff.publish.opinions import UNRECORDED, headline_system, systems, voices
from tipoff.publish.players import CALLED_OFF, assembly, games_of
from tipoff.publish.reads import Slate, read_slate
from tipoff.publish.results import results_of
from tipoff.publish.write import LATEST, canonical, get, put, results_path, schema_of, tonight_path
from tipoff.store.warehouse import Warehouse


@dataclass(frozen=True)
class Published:
    """What one export wrote, and what the night's document holds. `fleet_blocked` is the halt that follows from the fleet itself, if any,
    also where another is shown. `shown` is for the ledger: what the documents show now, and before each what the one
    that it replaced did."""

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
    documents: tuple[str, ...]
    bytes: int
    shown: tuple[Shown, ...]


def publish_tonight(
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
) -> Published:
    """Publish a date: `v1/tonight/{date}.json`, `latest.json` unless a later night stands there, results where it is graded, schemas.

    `headline_system` stands for the slate while there is no champion; `halt_reason` halts it, since `halt_since` (None: since a document
    says so); `failure` says which phase broke, in words.
    Raises Busy where the warehouse is held by another process, ConfigError where the bucket does not take a document.
    """
    generated_at = as_utc(generated_at)
    with warehouse.reading() as work:
        slate = read_slate(work, game_date, as_of)
    league: League = "practice" if slate.league == "practice" else "nba"
    earlier = _document(get(bucket, tonight_path(game_date)))
    halted = Halt(active=True, reason=halt_reason, since=halt_since) if halt_reason is not None else Halt()
    night = tonight(slate, league, generated_at, headline_system, halted, failure, earlier)
    graded = results_of(slate, night, headline=next((system.system_id for system in night.systems if system.headline), None))
    bodies = {"v1/schemas/tonight.json": schema_of(Tonight, "tonight"), "v1/schemas/results.json": schema_of(Results, "results")}
    if graded is not None:
        bodies[results_path(game_date)] = canonical(graded)
    bodies[tonight_path(game_date)] = canonical(night)
    latest = _document(get(bucket, LATEST))
    if latest is None or latest.league != league or latest.game_date <= game_date:
        bodies[LATEST] = bodies[tonight_path(game_date)]
    size = sum(put(bucket, path, body) for path, body in bodies.items())
    said = voices(slate)
    path = tonight_path(game_date)
    before = [shown_in_night(earlier, path)] if earlier is not None else []
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
        documents=tuple(bodies),
        bytes=size,
        shown=(*before, shown_in_night(night, path, slate.predictions)),
    )


def _document(body: bytes | None) -> Tonight | None:
    """A published night; None where there is none, or where an older version wrote it in another shape."""
    try:
        return Tonight.model_validate_json(body) if body else None
    except ValidationError:
        return None


def tonight(
    slate: Slate,
    league: League,
    generated_at: datetime,
    asked: str | None,
    halted: Halt,
    failure: str | None,
    earlier: Tonight | None,
) -> Tonight:
    """The document of a slate. `halted`: what halts it from outside; else its own fleet may. `earlier` is the document that it replaces: a
    halt that goes on keeps its beginning."""
    said = voices(slate)
    headline, bootstrap = headline_system(slate, said, asked)
    halt = _halt(halted if halted.active else Halt(reason=halt_of(said.speaking, said.blocked)), generated_at, earlier)
    games = games_of(assembly(slate, said, headline, bootstrap, withheld=halt.active))
    players = [player for game in games for player in game.players]
    shown = [player.prediction for player in players if player.prediction is not None]
    edges = [opinion.edge for opinion in shown if opinion.edge is not None and opinion.line is not None]
    recommended = sum(opinion.recommendation in {"OVER", "UNDER"} for opinion in shown)
    absent = Counter(player.absence.reason.partition("(")[0] for player in players if player.absence is not None)
    state, detail = _state(games, halt, failure, recommended, max(edges, default=None))
    return Tonight(
        league=league,
        generated_at=generated_at,
        data_as_of=_data_as_of(slate),
        halt=halt,
        state=state,
        state_detail=detail,
        final=bool(games)
        and all(game.game_status in (*CALLED_OFF, "final") for game in games)
        and bool(slate.accuracy or not said.predictions),
        game_date=slate.game_date,
        best_edge=max(edges, default=None),
        total_games=len(games),
        total_players=len(players),
        total_with_lines=sum(player.has_line for player in players),
        total_predicted=sum(bool(player.predictions) for player in players),
        total_recommended=recommended,
        waived=sorted({name for player in players if player.quality is not None for name in player.quality.waived}),
        absences=[
            ReasonCount(reason=reason, players=count) for reason, count in sorted(absent.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        systems=systems(slate, said, headline, bootstrap),
        bookmakers=_titles(games),
        games=games,
    )


def _halt(found: Halt, now: datetime, earlier: Tonight | None) -> Halt:
    """What halts, with its beginning: as it is known, else since the earlier document said so, else now."""
    if found.reason is None:
        return Halt()
    before = earlier.halt if earlier is not None else Halt()
    since = found.since or (before.since if before.active else None)
    return Halt(active=True, reason=found.reason, since=as_utc(since or now))


def _state(games: list[Game], halt: Halt, failure: str | None, recommended: int, best_edge: float | None) -> tuple[State, str | None]:
    """Which kind of document this is. What broke is said beside an `ok` one too: what was predicted before still stands."""
    played = [game for game in games if game.game_status not in CALLED_OFF]
    if not played:
        return "no_games", f"{len(games)} games were called off" if games else "no games are scheduled for this date"
    if halt.active:
        return "halted", halt.reason
    players = [player for game in played for player in game.players]
    predicted = any(player.predictions for player in players)
    if failure and not predicted:
        return "broken", failure
    if not players:
        return "broken", f"{len(played)} games are scheduled, but phase 3 (analyze) has no players for them"
    if not predicted and any(player.absence == UNRECORDED for player in players):
        return "broken", f"{len(players)} players are scheduled, but phase 5 (predict) has left neither predictions nor reasons"
    if not recommended:
        edge = "no prediction stands beside a line" if best_edge is None else f"the largest edge is {best_edge:.1f} points"
        return "nothing_qualified", failure or f"all systems ran, and {edge}"
    return "ok", failure


def _data_as_of(slate: Slate) -> datetime | None:
    """The newest thing that this document rests on."""
    known = [row["newest_known_at"] for rows in (slate.context, slate.lines, slate.features) for row in rows]
    known += [row["known_at"] for rows in (slate.games, slate.box) for row in rows]
    return max((moment for moment in known if moment is not None), default=None)


def _titles(games: list[Game]) -> dict[str, str]:
    """The name for people of every book in the document."""
    keys = set()
    for game in games:
        for player in game.players:
            keys |= {opinion.bookmaker for opinion in player.predictions}
            keys |= {price.bookmaker for prop in player.props for price in (prop.best_over, prop.best_under) if price is not None}
    return {key: find_book(key).title for key in sorted(key for key in keys if key)}
