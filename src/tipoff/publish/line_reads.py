"""What the document of a date's lines needs beside the slate: its quotes, what injury reports told, what the leader said.

In: an open warehouse, a slate, the system that stands for it. Out: rows of all its games, in one question each. A game is seen as of the
moment of its newest circumstances, never later than its tip. Knows tables; it must never know how a document looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import ibis.expr.types as ir
import pyarrow as pa

from tipoff.clock import as_utc
from tipoff.market.board import COLUMNS, pre_tip_quotes
from tipoff.publish.reads import Row, Slate
from tipoff.store.warehouse import Work, day_of, instant

_INSTANT = pa.timestamp("us", "UTC")
_REPORT = ("player_lookup", "team", "status", "reason", "name", "known_at", "source", "origin_rank")
_SAID = ("game_id", "player_lookup", "prediction_id", "as_of", "created_at", "predicted_points", "p_over", "line", "recommendation")


@dataclass(frozen=True)
class LineRows:
    """`moments` are those of the games; `quotes` in the columns of the board; `reports` are statuses, `told` when fetched reports became
    known, whomever they named; `said` is every word of the leader by each game's moment, superseded or not."""

    moments: dict[str, datetime]
    quotes: pa.Table
    reports: list[Row] = field(default_factory=list)
    told: list[Row] = field(default_factory=list)
    said: list[Row] = field(default_factory=list)


def read_lines(work: Work, slate: Slate, leader: str | None, as_of: datetime | None) -> LineRows:
    """The quotes of a slate's games with their circumstances, as of the same moments as the night's other documents."""
    moments = _moments(slate, as_of)
    tips = {game["game_id"]: game["commence_time"] for game in slate.games}
    games = pa.table(
        {
            "game_id": pa.array(list(moments), pa.string()),
            "as_of": pa.array(list(moments.values()), _INSTANT),
            "tip": pa.array([tips[game] for game in moments], _INSTANT),
        }
    )
    newest = max(moments.values())
    return LineRows(
        moments=moments,
        quotes=work.ask(_quotes, games),
        reports=work.ask(_reports, slate.game_date, newest).to_pylist(),
        told=work.ask(_told, slate.game_date, newest).to_pylist(),
        said=work.ask(_said, games, leader).to_pylist() if leader is not None else [],
    )


def _moments(slate: Slate, as_of: datetime | None) -> dict[str, datetime]:
    """Of each game when its circumstances, or its lines, were worked out last; where neither was, the moment asked for. None later than
    the tip."""
    worked_out: dict[str, datetime] = {}
    for row in (*slate.context, *slate.lines):
        worked_out[row["game_id"]] = max(row["as_of"], worked_out.get(row["game_id"], row["as_of"]))
    found = {}
    for game in slate.games:
        asked = as_utc(as_of) if as_of is not None else game["commence_time"]
        found[game["game_id"]] = min(worked_out.get(game["game_id"], asked), game["commence_time"])
    return found


def _quotes(work: Work, games: ir.Table) -> ir.Table:
    return pre_tip_quotes(work, games, "raw.odds_player_points").select(*COLUMNS)


def _reports(work: Work, game_date: date, newest: datetime) -> ir.Table:
    rows = work.table("raw.injuries")
    return rows.filter(rows.game_date == day_of(game_date), rows.known_at <= instant(newest)).select(*_REPORT)


def _told(work: Work, game_date: date, newest: datetime) -> ir.Table:
    documents = [work.table(name) for name in ("raw.injuries", "raw.injury_submissions")]
    moments = [rows.filter(rows.origin_rank > 0, rows.game_date == day_of(game_date)).select("source", "known_at") for rows in documents]
    both = moments[0].union(moments[1]).distinct()
    return both.filter(both.known_at <= instant(newest))


def _said(work: Work, games: ir.Table, leader: str) -> ir.Table:
    said = work.table("predictions.player_prop_predictions")
    mine = said.filter(said.system_id == leader).select(*_SAID)
    joined = mine.inner_join(games.select("game_id", moment="as_of"), "game_id")
    return joined.filter(joined.as_of <= joined.moment).select(*_SAID)
