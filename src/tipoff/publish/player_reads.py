"""What the documents of a slate's players need beside the slate itself, in one query each for all of them.

In: an open warehouse, a slate, the system that stands for it. Out: rows by player. Knows tables; it must never know how a document looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.publish.reads import HISTORY_DAYS, Row, Slate, played
from tipoff.publish.splits import COLUMNS as PLAYED
from tipoff.store.tables.features import catalogue
from tipoff.store.warehouse import Work, day_of, instant

LAST_GRADES = 20
_ABOUT_FEATURES = ("quality_score", "tier", "missing_required", "feature_version", "newest_known_at", "as_of")
_GRADE = (
    *("player_lookup", "game_id", "game_date", "system_id", "recommendation", "line", "price", "actual_points", "result", "void_reason"),
    *("signed_error", "clv_points", "units"),
)


@dataclass(frozen=True)
class PlayerRows:
    """`features` has one row a player-game, in the columns of `features.store`; `grades` are the leader's, newest first by `place`;
    `past` is every game with court time within the days of history, in the columns of `splits`."""

    features: pa.Table
    past: pa.Table
    grades: list[Row] = field(default_factory=list)


def read_players(work: Work, slate: Slate, leader: str | None, as_of: datetime | None) -> PlayerRows:
    """The feature rows in force of a slate's games, and the last grades of its players up to and with its date."""
    games = pa.table({"game_id": pa.array([game["game_id"] for game in slate.games], pa.string())})
    features = work.ask(_features, games, as_of)
    players = sorted({row["player_lookup"] for rows in (slate.context, slate.lines, slate.predictions, slate.absences) for row in rows})
    asked = pa.table({"player_lookup": pa.array(players, pa.string())})
    past = work.ask(_past, asked, slate.game_date, slate.game_date - timedelta(days=HISTORY_DAYS), as_of)
    if leader is None:
        return PlayerRows(features, past)
    return PlayerRows(features, past, work.ask(_grades, asked, leader, slate.game_date, as_of).to_pylist())


def _features(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    rows = work.table("features.store").semi_join(games, "game_id")
    if as_of is not None:
        rows = rows.filter(rows.as_of <= instant(as_of))
    latest = rows.group_by("game_id").agg(as_of=rows.as_of.max())
    values = [name for entry in catalogue() for name in (entry.name, f"{entry.name}_quality", f"{entry.name}_source")]
    return rows.semi_join(latest, ["game_id", "as_of"]).select("game_id", "player_lookup", *_ABOUT_FEATURES, *values)


def _past(work: Work, players: ir.Table, game_date: date, since: date, as_of: datetime | None) -> ir.Table:
    return played(work, players, game_date, since, as_of).select(*PLAYED)


def _grades(work: Work, players: ir.Table, leader: str, game_date: date, as_of: datetime | None) -> ir.Table:
    graded = work.table("predictions.prediction_accuracy")
    mine = graded.filter(graded.system_id == leader, graded.game_date <= day_of(game_date)).semi_join(players, "player_lookup")
    if as_of is not None:
        mine = mine.filter(mine.graded_at <= instant(as_of))
    order = ibis.window(group_by="player_lookup", order_by=[ibis.desc("game_date"), ibis.desc("game_id")])
    last = mine.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place < LAST_GRADES)
    return last.select(*_GRADE, "place")
