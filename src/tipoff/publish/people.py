"""The document of each player of a slate: who he is, his games, the market on him, what is said of him, how that went, his features now.

In: a night's document, and rows of all its players. Out: documents, of which those are published whose content changed, and the list of all
players that have one. It must never know a table's engine, nor how a prediction was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa
from obstore.store import ObjectStore
from pydantic import ValidationError

from tipoff.publish.documents import (
    Absence,
    Document,
    Figure,
    Game,
    GameStatus,
    Headline,
    Opinion,
    Player,
    Prop,
    Recommendation,
    Result,
    Shape,
    Tonight,
)
from tipoff.publish.player_reads import PlayerRows
from tipoff.publish.reads import HISTORY_DAYS, Row, Slate
from tipoff.publish.splits import Split, splits_of
from tipoff.publish.write import canonical, content_digest, get, player_path, put
from tipoff.store.bucket import level
from tipoff.store.tables.features import catalogue

PLAYERS = "v1/players.json"
_MINUTE = timedelta(minutes=1)
_AT_ONCE = 16
"""Documents that are on their way at a time: a bucket far away answers each in tens of milliseconds."""


class Person(Shape):
    """Who he is, as of this slate."""

    player_lookup: str
    name: str
    team: str | None


class PastGame(Shape):
    """One game with court time; `usage_rate` is a share of the team's possessions in percent, `margin` points - closing
    line."""

    game_id: str
    game_date: date
    team: str | None
    opponent: str | None
    is_home: bool | None
    points: Figure | None
    minutes: Figure | None
    usage_rate: Figure | None
    closing_line: Figure | None
    over_under_result: str | None
    margin: Figure | None


class PlayerLine(Shape):
    """The market on him in a game of the slate."""

    game_id: str
    tip_at: datetime
    game_status: GameStatus
    home_team: str
    away_team: str
    injury_status: str | None
    props: list[Prop]


class PlayerPrediction(Shape):
    """What the systems say of him in a game of the slate; `headline` is withheld while the slate is halted."""

    game_id: str
    headline: Headline | None
    systems: list[Opinion]
    absence: Absence | None


class PlayerGrade(Shape):
    """How a prediction of the system that stands for the slate turned out."""

    game_id: str
    game_date: date
    system_id: str
    recommendation: Recommendation | None
    line: Figure | None
    price: Figure | None
    actual_points: Figure | None
    result: Result | None
    void_reason: str | None
    signed_error: Figure | None
    clv_points: Figure | None
    units: Figure | None


class Feature(Shape):
    """One feature: `source` says where its value is from, or why it is missing; quality 0-100."""

    name: str
    value: Figure | None
    source: str | None
    quality: int | None


class FeaturesNow(Shape):
    """His feature row in force. `age_minutes`: how much older than `as_of` the newest thing is that it rests on."""

    game_id: str
    as_of: datetime
    newest_known_at: datetime | None
    age_minutes: Figure | None
    quality_score: Figure | None
    tier: str | None
    missing_required: int | None
    feature_version: str | None
    values: list[Feature]


class PlayerDocument(Document):
    """One player as of his newest slate: his last games and grades newest first; `splits` are of all his games since `splits_since`."""

    game_date: date
    player: Person
    games: list[PastGame]
    splits_since: date
    splits: list[Split]
    lines: list[PlayerLine]
    predictions: list[PlayerPrediction]
    grades: list[PlayerGrade]
    features: list[FeaturesNow]


class Listed(Shape):
    """A player that has a document: of which slate it is, and a digest of what it says, its moment apart."""

    player_lookup: str
    name: str
    team: str | None
    game_date: date
    document: str
    digest: str


class Players(Document):
    """Every player that has a document, by his lookup; halt and state are those of the slate that was published last."""

    players: list[Listed]


def player_documents(slate: Slate, night: Tonight, rows: PlayerRows) -> list[PlayerDocument]:
    """The documents of a slate's players, in the order of their lookups. One who is in two games of a day has one document."""
    on: dict[str, list[tuple[Game, Player]]] = defaultdict(list)
    for game in night.games:
        for player in game.players:
            on[player.player_lookup].append((game, player))
    past, grades = _by_player(slate.last_games), _by_player(rows.grades)
    features = _features_by_player(rows.features)
    newest = _newest_by_player(slate)
    meets = {lookup: [player.opponent for _, player in found if player.opponent] for lookup, found in on.items()}
    splits = splits_of(rows.past, meets)
    envelope = {name: getattr(night, name) for name in Document.model_fields} | {"final": False}
    return [
        PlayerDocument(
            **envelope | {"data_as_of": newest.get(lookup)},
            game_date=night.game_date,
            player=Person(player_lookup=lookup, name=found[0][1].name, team=found[0][1].team),
            games=[_past_game(row) for row in past.get(lookup, [])],
            splits_since=night.game_date - timedelta(days=HISTORY_DAYS),
            splits=splits.get(lookup, []),
            lines=[_line(game, player) for game, player in found],
            predictions=[
                PlayerPrediction(game_id=game.game_id, headline=player.prediction, systems=player.predictions, absence=player.absence)
                for game, player in found
            ],
            grades=[PlayerGrade(**{name: row[name] for name in PlayerGrade.model_fields}) for row in grades.get(lookup, [])],
            features=features.get(lookup, []),
        )
        for lookup, found in sorted(on.items())
    ]


def publish_players(bucket: ObjectStore, documents: Iterable[PlayerDocument], night: Tonight) -> tuple[list[str], int]:
    """Publish those of the documents that say something new, and the list of all players; gives the paths written, and their bytes.

    A document of an older slate than the one that lies there is left out. Raises ConfigError where the bucket does not take one.
    """
    listed = {one.player_lookup: one for one in _listed(bucket)}
    bodies: dict[str, bytes] = {}
    news: dict[str, Listed] = {}
    for document in documents:
        lookup = document.player.player_lookup
        before = listed.get(lookup)
        if before is not None and before.game_date > document.game_date:
            continue
        body = canonical(document)
        digest = content_digest(body)
        if before is None or before.digest != digest or before.game_date != document.game_date:
            bodies[player_path(lookup)] = body
            news[lookup] = _entry(document, digest)
    if not bodies:
        return [], 0
    with ThreadPoolExecutor(_AT_ONCE) as several:
        size = sum(several.map(lambda item: put(bucket, *item), bodies.items()))
    return [*bodies, PLAYERS], size + _publish_list(bucket, night, news)  # last: where this is cut off, the next one lists them


def _publish_list(bucket: ObjectStore, night: Tonight, news: dict[str, Listed]) -> int:
    """Publish the list of all players with these entries; its bytes. Two dates that are published at once lose nobody: whoever wrote it
    looks afterwards whether a document lies there that it lacks."""
    envelope = {name: getattr(night, name) for name in Document.model_fields} | {"final": False}
    size = 0
    while news:
        listed = {one.player_lookup: one for one in _listed(bucket)} | news
        size = put(bucket, PLAYERS, canonical(Players(**envelope, players=[listed[lookup] for lookup in sorted(listed)])))
        news = _lacking(bucket)
    return size


def _lacking(bucket: ObjectStore) -> dict[str, Listed]:
    """Of the documents that lie there those that the list lacks; one of another version is none."""
    listed, found = {one.document for one in _listed(bucket)}, {}
    for path in level(bucket, "v1/player")[1]:
        body = get(bucket, path) if path not in listed else None
        try:
            document = PlayerDocument.model_validate_json(body) if body else None
        except ValidationError:
            continue
        if body and document is not None and player_path(document.player.player_lookup) == path:
            found[document.player.player_lookup] = _entry(document, content_digest(body))
    return found


def _entry(document: PlayerDocument, digest: str) -> Listed:
    who = document.player
    path = player_path(who.player_lookup)
    return Listed(player_lookup=who.player_lookup, name=who.name, team=who.team, game_date=document.game_date, document=path, digest=digest)


def _listed(bucket: ObjectStore) -> list[Listed]:
    body = get(bucket, PLAYERS)
    try:
        return Players.model_validate_json(body).players if body else []
    except ValidationError:
        return []


def _by_player(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["place"])):
        found[row["player_lookup"]].append(row)
    return found


def _newest_by_player(slate: Slate) -> dict[str, datetime]:
    """The newest thing on record that each one's row rests on."""
    newest: dict[str, datetime] = {}
    for row in (*slate.context, *slate.lines, *slate.features):
        known, before = row["newest_known_at"], newest.get(row["player_lookup"])
        if known is not None and (before is None or known > before):
            newest[row["player_lookup"]] = known
    return newest


def _past_game(row: Row) -> PastGame:
    return _past_game_of(*(row[name] for name in _IN_ROW))


_IN_ROW = tuple("home" if name == "is_home" else name for name in PastGame.model_fields)


@lru_cache(maxsize=20_000)
def _past_game_of(*values: Any) -> PastGame:
    """The same figures are published a dozen times a day, and are looked at once."""
    return PastGame(**dict(zip(PastGame.model_fields, values, strict=True)))


@lru_cache(maxsize=50_000)
def _feature(name: str, value: float | None, source: str | None, quality: int | None) -> Feature:
    return Feature(name=name, value=value, source=source, quality=quality)


def _line(game: Game, player: Player) -> PlayerLine:
    return PlayerLine(
        game_id=game.game_id,
        tip_at=game.tip_at,
        game_status=game.game_status,
        home_team=game.home_team,
        away_team=game.away_team,
        injury_status=player.injury_status,
        props=player.props,
    )


_newest: dict[str, tuple[pa.Table, dict[str, list[FeaturesNow]]]] = {}


def _features_by_player(rows: pa.Table) -> dict[str, list[FeaturesNow]]:
    """By player his feature rows; the same, where these are the very rows that were asked of last: once games have tipped, a date is
    published with each box score, and its features stand."""
    before = _newest.get("features")
    if before is not None and before[0].equals(rows):
        return before[1]
    found: dict[str, list[FeaturesNow]] = defaultdict(list)
    for player_lookup, now in _features(rows):
        found[player_lookup].append(now)
    _newest["features"] = rows, found
    return found


def _features(rows: pa.Table) -> Iterable[tuple[str, FeaturesNow]]:
    """Each row of the feature store, as documents have it: read column by column, since there are two hundred."""
    names = [entry.name for entry in catalogue()]
    columns = [[rows.column(f"{name}{part}").to_pylist() for part in ("", "_source", "_quality")] for name in names]
    about = rows.select(["game_id", "as_of", "newest_known_at", "quality_score", "tier", "missing_required", "feature_version"])
    lookups = rows.column("player_lookup").to_pylist()
    for place, (lookup, row) in enumerate(zip(lookups, about.to_pylist(), strict=True)):
        values = [
            _feature(name, value[place], source[place], quality[place])
            for name, (value, source, quality) in zip(names, columns, strict=True)
        ]
        age = (row["as_of"] - row["newest_known_at"]) / _MINUTE if row["newest_known_at"] is not None else None
        yield lookup, FeaturesNow(**row, age_minutes=age, values=values)
